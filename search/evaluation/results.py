"""The results of an evaluation, and their form as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Comparison", "Evaluation", "Figure", "QuestionResult", "SystemResult"]


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of a measure, or of a difference in a measure, over all questions.

    `low` and `high` are the ends of the 95% confidence interval of the mean.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """The result of a system for one question.

    `ranks` maps the id of each relevant paragraph or article to its rank, from 1. The rank is None
    if the ranking does not contain the paragraph or article.
    """

    id: str
    measures: Mapping[str, float]
    ranks: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class SystemResult:
    """The results of a system for all questions.

    `measures` contains the mean of each measure.
    """

    name: str
    measures: Mapping[str, Figure]
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between a system and the baseline in one measure.

    `difference` is the value of the system minus the value of the baseline, so a system with a
    difference above 0 is better. `p` is the p-value of the paired randomisation test. `corrected`
    is `p`, corrected by Holm's method for the number of comparisons in the evaluation.
    """

    system: str
    measure: str
    difference: Figure
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all systems in their order, and comparisons with the baseline.

    `skipped` are the ids of questions without a relevant paragraph. For such a question, no ranking
    is better than another one, so the question is not included in the means.
    """

    baseline: str
    systems: tuple[SystemResult, ...]
    comparisons: tuple[Comparison, ...]
    skipped: tuple[str, ...]

    @property
    def questions(self) -> int:
        """The number of questions that the means are computed from."""
        return len(self.systems[0].questions)

    def to_dict(self) -> dict[str, Any]:
        """Return all results, with those of every question, in the form of `--json`."""
        return {"count": self.questions, **asdict(self)}
