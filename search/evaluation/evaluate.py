"""The evaluation of systems on judged questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import InputError
from nutgraf.search.evaluation.judgements import JudgedQuestion
from nutgraf.search.evaluation.measures import MEASURES, Ranks, check_library, measure, ranks_of
from nutgraf.search.evaluation.results import (
    Comparison,
    Evaluation,
    Figure,
    QuestionResult,
    SystemResult,
)
from nutgraf.search.evaluation.significance import holm, intervals, p_values

__all__ = ["System", "evaluate"]

System = Callable[[str], Sequence[str]]
"""A function that ranks paragraphs for the text of a question.

The function returns paragraph ids (ARTICLE#POSITION), the best first, each id once.
"""

OnProgress = Callable[[int, int], None]

Values = NDArray[np.float64]


def evaluate(
    systems: Mapping[str, System],
    questions: Sequence[JudgedQuestion],
    *,
    baseline: str | None = None,
    threads: int = 1,
    on_progress: OnProgress = lambda _done, _total: None,
) -> Evaluation:
    """Ask every system every question, compute the measures, and compare the systems.

    Each system is compared with `baseline`, by default the first system. Up to `threads` threads
    call the systems at the same time. `on_progress` is called with the number of finished rankings
    and the number of all rankings.

    Raises UserError if ir-measures is not installed, and InputError if no question has a relevant
    paragraph. Raises ValueError if `baseline` is not the name of a system, or if a ranking contains
    a paragraph twice.
    """
    check_library()
    named = next(iter(systems), "") if baseline is None else baseline
    if named not in systems:
        raise ValueError(f"{named!r} is not among the systems: {', '.join(systems)}")
    judged = [question for question in questions if question.wanted]
    if not judged:
        raise InputError(
            f"none of the {len(questions):,} questions has a relevant paragraph; "
            "check that the judgements belong to these questions"
        )
    ranks = _ask(systems, judged, threads, on_progress)
    values = {name: measure(judged, found) for name, found in ranks.items()}
    return Evaluation(
        baseline=named,
        systems=_results(judged, ranks, values),
        comparisons=_compare(values, named),
        skipped=tuple(question.id for question in questions if not question.wanted),
    )


def _ask(
    systems: Mapping[str, System],
    questions: Sequence[JudgedQuestion],
    threads: int,
    on_progress: OnProgress,
) -> dict[str, list[Ranks]]:
    """Return for each system the ranks of the relevant paragraphs of each question."""

    def rank(pair: tuple[JudgedQuestion, str]) -> Ranks:
        question, name = pair
        return ranks_of(systems[name](question.text), question)

    pairs = list(product(questions, systems))
    found: dict[str, list[Ranks]] = {name: [] for name in systems}
    with ThreadPoolExecutor(threads) as pool:
        for done, (pair, ranks) in enumerate(zip(pairs, pool.map(rank, pairs), strict=True), 1):
            found[pair[1]].append(ranks)
            on_progress(done, len(pairs))
    return found


def _results(
    questions: Sequence[JudgedQuestion],
    ranks: Mapping[str, Sequence[Ranks]],
    values: Mapping[str, Values],
) -> tuple[SystemResult, ...]:
    return tuple(
        SystemResult(
            name,
            dict(zip(MEASURES, _figures(found), strict=True)),
            tuple(
                QuestionResult(question.id, dict(zip(MEASURES, row.tolist(), strict=True)), places)
                for question, row, places in zip(questions, found, ranks[name], strict=True)
            ),
        )
        for name, found in values.items()
    )


def _compare(values: Mapping[str, Values], baseline: str) -> tuple[Comparison, ...]:
    """Compare all other systems with the baseline; correct all p-values together."""
    pairs = list(product((name for name in values if name != baseline), MEASURES))
    if not pairs:
        return ()
    differences = np.hstack(
        [found - values[baseline] for name, found in values.items() if name != baseline]
    )
    p = p_values(differences)
    return tuple(
        Comparison(system, name, figure, chance, corrected)
        for (system, name), figure, chance, corrected in zip(
            pairs, _figures(differences), p.tolist(), holm(p).tolist(), strict=True
        )
    )


def _figures(values: Values) -> list[Figure]:
    columns = zip(values.mean(axis=0).tolist(), *intervals(values).tolist(), strict=True)
    return [Figure(*column) for column in columns]
