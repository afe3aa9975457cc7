"""nDCG, reciprocal rank and recall, computed by ir-measures and its trec_eval.

In the definitions, g(r) is the grade of the paragraph at rank r.

- nDCG@10 is the DCG divided by the DCG of the best possible order. The DCG is the
  sum of g(r) / log2(r + 1) over r = 1..10, so a grade of 2 counts twice as much as a
  grade of 1. Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
  techniques", ACM TOIS 20(4), 2002, doi:10.1145/582415.582418; the division by
  log2(r + 1) is as in trec_eval.
- MRR@10 is 1/r for the first rank r <= 10 with a grade above 0. It is 0 if there is
  no such rank. Voorhees, "The TREC-8 Question Answering Track Report", 1999.
- recall@k is the number of paragraphs with a grade above 0 at the ranks r <= k,
  divided by the number of all paragraphs with a grade above 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import UserError
from nutgraf.search.evaluation.judgements import WHOLE_ARTICLE, JudgedQuestion, split_id

__all__ = ["MEASURES", "Ranks", "check_library", "measure", "ranks_of"]

MEASURES: Final = {"nDCG@10": "nDCG@10", "MRR@10": "RR@10", "recall@10": "R@10",
                   "recall@100": "R@100"}  # fmt: skip
"""A mapping from our names of the measures to their names in ir-measures."""

Ranks = Mapping[str, int | None]
"""The rank, from 1, of each relevant paragraph or article; None if not found."""


def check_library() -> None:
    """Check that ir-measures is installed; raise UserError if it is not."""
    _library()


def ranks_of(ranking: Sequence[str], question: JudgedQuestion) -> dict[str, int | None]:
    """Return the ranks of the relevant paragraphs and articles in a ranking.

    The id of a complete article (ARTICLE#-1) gets the rank of the first paragraph of the article in
    the ranking. A paragraph with a judgement of its own, also with the grade 0, is not used for
    this. Later paragraphs of the article count as not judged.

    Raises ValueError if the ranking contains a paragraph twice.
    """
    ranks: dict[str, int | None] = dict.fromkeys(question.wanted)
    whole = {split_id(name)[0]: name for name in ranks if split_id(name)[1] == WHOLE_ARTICLE}
    for rank, name in enumerate(ranking, start=1):
        found = name if name in question.relevant else whole.get(name.rpartition("#")[0])
        if found in ranks and ranks[found] is None:
            ranks[found] = rank
    if len(set(ranking)) != len(ranking):
        raise ValueError(f"a ranking for question {question.id!r} contains a paragraph twice")
    return ranks


def measure(questions: Sequence[JudgedQuestion], ranks: Sequence[Ranks]) -> NDArray[np.float64]:
    """Return the measures of each question: float64 of shape (questions, measures).

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
    """Return the grades of the relevant paragraphs and articles.

    The keys are numbers, because the ids come from users and must not reach the C code.
    """
    return {str(at): grade for at, grade in enumerate(question.wanted.values())}


def _scores(ranks: Ranks) -> dict[str, float]:
    """Return a score for each rank down to the last rank of a relevant paragraph.

    trec_eval sorts by score, and sorts equal scores by id. No two of these scores are equal, so the
    order stays that of the ranking.
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
