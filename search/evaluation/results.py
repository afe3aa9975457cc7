"""The results of an evaluation, and their form as JSON."""

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
    """The result of a system for one question.

    `ranks` are the ranks (from 1) of the relevant paragraphs, None if one is not in the ranking.
    """

    id: str
    measures: Mapping[str, float]
    ranks: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class SystemResult:
    """The results of a system for all questions, with a figure for each measure."""

    name: str
    measures: Mapping[str, Figure]
    questions: tuple[QuestionResult, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between a system and the baseline in one measure.

    A difference above 0 means that the system is better. `p` is the p-value of the paired
    randomisation test. `corrected` is `p` corrected by Holm's method for all comparisons of the
    evaluation.
    """

    system: str
    measure: str
    difference: Figure
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all systems in their order, and comparisons with the baseline.

    `skipped` are the ids of questions without a relevant paragraph. No ranking of them is right or
    wrong, so the figures do not include them.
    """

    baseline: str
    systems: tuple[SystemResult, ...]
    comparisons: tuple[Comparison, ...]
    skipped: tuple[str, ...]

    @property
    def questions(self) -> int:
        """The number of questions in the figures."""
        return len(self.systems[0].questions)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures and the details of every question, as in `--json`."""
        return {"count": self.questions, **asdict(self)}
