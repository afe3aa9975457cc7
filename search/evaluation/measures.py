"""nDCG, reciprocal rank and recall of rankings, by ir-measures (trec_eval's own code).

With g(r) the grade of what stands at rank r:

- nDCG@10 is DCG over that of the best order there is, with
  DCG = sum over r = 1..10 of g(r) / log2(r + 1): a grade of 2 is worth twice
  one of 1. Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
  techniques", ACM TOIS 20(4), 2002, doi:10.1145/582415.582418; the discount is
  the one that trec_eval took.
- MRR@10 is 1/r for the first r <= 10 with a grade above 0, else 0. Voorhees,
  "The TREC-8 Question Answering Track Report", 1999.
- recall@k is how many of all with a grade above 0 stand at r <= k, over how
  many there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import UserError
from nutgraf.search.evaluation.judgements import WHOLE, JudgedQuestion, split_id

__all__ = ["MEASURES", "Ranks", "check_library", "measure", "ranks_of"]

MEASURES: Final = {"nDCG@10": "nDCG@10", "MRR@10": "RR@10", "recall@10": "R@10",
                   "recall@100": "R@100"}  # fmt: skip
"""What is measured, and how ir-measures writes it."""

Ranks = Mapping[str, int | None]
"""The rank (from 1) of each paragraph or article that is to be found; None where it was not."""


def check_library() -> None:
    """Make sure that there is something to measure with. Raises UserError."""
    _library()


def ranks_of(ranking: Sequence[str], question: JudgedQuestion) -> dict[str, int | None]:
    """Return where in a ranking of paragraph ids stands what is to be found.

    An article that is judged as a whole stands where the first of its
    paragraphs does, and counts once: the others are passed over, as if
    nobody had judged them. A paragraph with a judgement of its own, be it 0,
    stands for itself alone.

    Raises ValueError for a ranking that holds a paragraph twice.
    """
    ranks: dict[str, int | None] = dict.fromkeys(question.wanted)
    whole = {split_id(name)[0]: name for name in ranks if split_id(name)[1] == WHOLE}
    for rank, name in enumerate(ranking, start=1):
        found = name if name in question.relevant else whole.get(name.rpartition("#")[0])
        if found in ranks and ranks[found] is None:
            ranks[found] = rank
    if len(set(ranking)) != len(ranking):
        raise ValueError(f"a ranking for question {question.id!r} holds a paragraph twice")
    return ranks


def measure(questions: Sequence[JudgedQuestion], ranks: Sequence[Ranks]) -> NDArray[np.float64]:
    """Return the measures of each question, of shape (questions, measures).

    Raises UserError where the library is not installed.
    """
    library = _library()
    columns = {library.parse_measure(name): at for at, name in enumerate(MEASURES.values())}
    judgements = {str(at): _grades(question) for at, question in enumerate(questions)}
    rankings = {str(at): _scores(ranks_) for at, ranks_ in enumerate(ranks)}
    values = np.zeros((len(questions), len(columns)), np.float64)
    for one in library.iter_calc(list(columns), judgements, rankings):
        values[int(one.query_id), columns[one.measure]] = one.value
    return values


def _grades(question: JudgedQuestion) -> dict[str, int]:
    """Return the grades of what is to be found, by its number: C code need not see our ids."""
    return {str(at): grade for at, grade in enumerate(question.wanted.values())}


def _scores(ranks: Ranks) -> dict[str, float]:
    """Return a score for each rank down to the last that matters.

    trec_eval orders by score, and equal ones by id; as all are different, the
    order of the ranking counts and nothing else.
    """
    held = {rank: str(at) for at, rank in enumerate(ranks.values()) if rank is not None}
    return {
        held.get(rank, f"other {rank}"): -float(rank) for rank in range(1, max(held, default=0) + 1)
    }


def _library() -> ModuleType:
    try:
        import ir_measures
    except ImportError:
        raise UserError(
            "measuring needs ir-measures, which is not installed: pip install 'nutgraf[evaluation]'"
        ) from None
    return ir_measures
