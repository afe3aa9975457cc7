"""Evaluation of search systems on judged questions.

The evaluation computes measures and their intervals, and tests the differences between systems.

    with IndexSnapshot.open("news.index") as snapshot:
        systems = {mode: ranker(snapshot, mode=mode) for mode in ("keyword", "hybrid")}
        evaluation = evaluate(systems, read_judged("judged.jsonl"))

The library ir-measures computes the measures. The extra `evaluation` of the package installs the
library.
"""

from nutgraf.search.evaluation.evaluate import System, evaluate
from nutgraf.search.evaluation.judgements import JudgedQuestion, read_judged
from nutgraf.search.evaluation.measures import MEASURES
from nutgraf.search.evaluation.results import (
    Comparison,
    Evaluation,
    Figure,
    QuestionResult,
    SystemResult,
)
from nutgraf.search.evaluation.systems import missing_judged_ids, ranker

__all__ = [
    "MEASURES",
    "Comparison",
    "Evaluation",
    "Figure",
    "JudgedQuestion",
    "QuestionResult",
    "System",
    "SystemResult",
    "evaluate",
    "missing_judged_ids",
    "ranker",
    "read_judged",
]
