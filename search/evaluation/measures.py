"""nDCG, reciprocal rank and recall, computed by ir-measures (code of trec_eval).

With g(r) the grade of the paragraph at rank r:

- nDCG@10 is the DCG divided by the DCG of the best possible order, with
  DCG = sum over r = 1..10 of g(r) / log2(r + 1): a grade of 2 counts twice as
  much as a grade of 1. Järvelin and Kekäläinen, "Cumulated gain-based evaluation of
  IR techniques", ACM TOIS 20(4), 2002, doi:10.1145/582415.582418; the discount is
  that of trec_eval.
- MRR@10 is 1/r for the first r <= 10 with a grade above 0, else 0. Voorhees,
  "The TREC-8 Question Answering Track Report", 1999.
- recall@k is the number of paragraphs with a grade above 0 at r <= k, divided by
  the number of all paragraphs with a grade above 0.
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
"""The measures, and their names in ir-measures."""

Ranks = Mapping[str, int | None]
"""The rank (from 1) of each relevant paragraph or article; None if not found."""


def check_library() -> None:
    """Check that ir-measures is installed. Raises UserError."""
    _library()


def ranks_of(ranking: Sequence[str], question: JudgedQuestion) -> dict[str, int | None]:
    """Return the ranks of the relevant paragraphs and articles in a ranking.

    An article with a judgement has the rank of its first paragraph in the ranking, and counts
    once. Its other paragraphs count as not judged. A paragraph with its own judgement, also of 0,
    does not count for its article.

    Raises ValueError if the ranking contains a paragraph twice.
    """
    ranks: dict[str, int | None] = dict.fromkeys(question.wanted)
    whole = {split_id(name)[0]: name for name in ranks if split_id(name)[1] == WHOLE}
    for rank, name in enumerate(ranking, start=1):
        found = name if name in question.relevant else whole.get(name.rpartition("#")[0])
        if found in ranks and ranks[found] is None:
            ranks[found] = rank
    if len(set(ranking)) != len(ranking):
        raise ValueError(f"a ranking for question {question.id!r} contains a paragraph twice")
    return ranks


def measure(questions: Sequence[JudgedQuestion], ranks: Sequence[Ranks]) -> NDArray[np.float64]:
    """Return the measures of each question, float64 of shape (questions, measures).

    Raises UserError if ir-measures is not installed.
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
    """Return the grades of the relevant ids, by number: C code gets no ids of users."""
    return {str(at): grade for at, grade in enumerate(question.wanted.values())}


def _scores(ranks: Ranks) -> dict[str, float]:
    """Return a score for each rank down to that of the last relevant paragraph.

    trec_eval orders by score, and equal scores by id. All scores are different, so only the order
    of the ranking counts.
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
            "an evaluation needs ir-measures, which is not installed; run: "
            "pip install 'nutgraf[evaluation]'"
        ) from None
    return ir_measures
