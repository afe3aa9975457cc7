"""What an evaluation finds, and how it is written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Comparison", "Evaluation", "Figure", "QuestionResult", "SystemResult"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions, and its 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What a system made of one question.

    `ranks` holds the rank (from 1) of each paragraph that was to be found,
    None where it is not in the ranking.
    """

    id: str
    measures: Mapping[str, float]
    ranks: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class SystemResult:
    """What a system made of all questions: a figure for each measure, and every question."""

    name: str
    measures: Mapping[str, Figure]
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better a system is than the baseline by one measure; below 0, worse.

    `p` is of the paired randomisation test, `corrected` the same by Holm's
    method for all comparisons of the evaluation.
    """

    system: str
    measure: str
    difference: Figure
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of all systems, the first as named, and each compared with the baseline.

    `skipped` are the ids of questions for which nothing is judged relevant:
    no ranking could be right or wrong, and they are in no figure.
    """

    baseline: str
    systems: tuple[SystemResult, ...]
    comparisons: tuple[Comparison, ...]
    skipped: tuple[str, ...]

    @property
    def questions(self) -> int:
        """How many questions the figures are over."""
        return len(self.systems[0].questions)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures and the details of every question as `--json` gives them."""
        return {"count": self.questions, **asdict(self)}
