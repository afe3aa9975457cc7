"""`nutgraf evaluate`: measures of search quality on judged questions."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nutgraf.api.cli.options import DEFAULT_INDEX, AsJson, Index, Trust, print_answer
from nutgraf.api.cli.progress_bar import progress_bar
from nutgraf.index.errors import UserError

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot
    from nutgraf.search import Rerank
    from nutgraf.search.evaluation import Evaluation, JudgedQuestion, System

__all__ = ["add_evaluate", "evaluate"]

BASELINE: Final = "hybrid"

SYSTEMS: Final[dict[str, dict[str, Any]]] = {
    "keyword": {"mode": "keyword"},
    "semantic": {"mode": "semantic"},
    BASELINE: {"mode": "hybrid"},
}
"""The systems that are measured by default, as fields of a SearchRequest."""

RERANK_BUDGET_MS: Final = 10_000
"""Milliseconds for reranking, enough to finish even on a busy machine."""

NOT_SETTINGS: Final = {
    "q",
    "limit",
    "offset",
    "cursor",
    "sort",
    "filters",
    "explain",
    "highlight",
}
"""Fields of a SearchRequest that --compare does not accept.

They are the question, a choice among the hits, or a choice of their display.
"""

MAX_NAMED: Final = 3
"""The most ids that a warning names."""


def add_evaluate(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluate)


def evaluate(
    judged: Annotated[
        Path,
        typer.Argument(
            metavar="JUDGED", help="A JSONL file: one question a line, with its judgements."
        ),
    ],
    qrels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Read the judgements from FILE: question, article, paragraph and relevance, "
            "separated by tabs.",
        ),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Compare B with A. Each is an index, or settings such as fusion=rrf,weight=0.5.",
        ),
    ] = None,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Measure how well an index answers judged questions.

    Without --compare, the modes keyword, semantic and hybrid are measured, and reranking if
    the index has a reranker.
    """
    from nutgraf.api.cli.output import printable
    from nutgraf.search.evaluation import evaluate as measure, read_judged

    questions = read_judged(judged, qrels)
    with ExitStack() as opened:
        indexes = _Indexes(opened, questions, trust=trust)
        systems = _modes(indexes, index) if compare is None else _compared(indexes, index, compare)
        with progress_bar("rankings") as on_progress:
            done = measure(
                systems,
                questions,
                baseline=BASELINE if compare is None else compare[0],
                threads=os.cpu_count() or 1,
                on_progress=on_progress,
            )
    warnings = [*_skipped(done), *indexes.warnings]

    def pretty() -> None:
        from nutgraf.api.cli.evaluation_table import print_evaluation
        from nutgraf.api.cli.output import standard_output

        print_evaluation(done, standard_output())

    print_answer({**done.to_dict(), "warnings": warnings}, as_json, pretty)
    for warning in warnings:
        print(f"nutgraf: {printable(warning)}", file=sys.stderr)


class _Indexes:
    """The opened indexes. Each index is opened once.

    `warnings` report the judged paragraphs that an index does not contain.
    """

    def __init__(self, opened: ExitStack, questions: list[JudgedQuestion], *, trust: bool) -> None:
        self._opened = opened
        self._questions = questions
        self._trust = trust
        self._snapshots: dict[Path, IndexSnapshot] = {}
        self.warnings: list[str] = []

    def open(self, index: Path) -> IndexSnapshot:
        """Return a snapshot of an index. Several threads can use the snapshot."""
        from nutgraf.index.reader.snapshot import IndexSnapshot
        from nutgraf.search.evaluation import missing_judged_ids

        if index not in self._snapshots:
            snapshot = self._opened.enter_context(IndexSnapshot.open(index, trust=self._trust))
            snapshot.warm()
            self._snapshots[index] = snapshot
            if missing := missing_judged_ids(snapshot, self._questions):
                are, count = ("is", "it counts") if len(missing) == 1 else ("are", "they count")
                self.warnings.append(
                    f"{len(missing):,} of the relevant paragraphs {are} not in {index} "
                    f"({_examples(missing)}); {count} as not found, so the figures are too low"
                )
        return self._snapshots[index]


def _modes(indexes: _Indexes, index: Path) -> dict[str, System]:
    from nutgraf.search.evaluation import ranker

    snapshot = indexes.open(index)
    found = {name: ranker(snapshot, **settings) for name, settings in SYSTEMS.items()}
    if snapshot.reranker is not None:
        found["reranked"] = ranker(snapshot, rerank=_rerank_within_budget())
    return found


def _compared(indexes: _Indexes, index: Path, sides: tuple[str, str]) -> dict[str, System]:
    from nutgraf.index.storage.layout import MANIFEST
    from nutgraf.search.evaluation import ranker

    if sides[0] == sides[1]:
        raise UserError(
            f"--compare: {sides[0]!r} is given twice; give two different indexes or settings"
        )
    systems: dict[str, System] = {}
    for side in sides:
        if (Path(side) / MANIFEST).is_file():
            systems[side] = ranker(indexes.open(Path(side)))
        else:
            settings = _settings(side)
            systems[side] = ranker(indexes.open(index), **settings)
    return systems


def _settings(side: str) -> dict[str, Any]:
    """Return the settings in a text such as fusion=rrf,weight=0.5.

    This function checks the names. SearchRequest checks the values.
    """
    from nutgraf.search import SearchRequest

    known = [field.name for field in fields(SearchRequest) if field.name not in NOT_SETTINGS]
    settings = {}
    for part in side.split(","):
        name, sign, value = part.partition("=")
        if not sign or name not in known:
            raise UserError(
                f"--compare: {side!r} is not an index, and {part!r} is not a setting; "
                f"write {' or '.join(f'{each}=VALUE' for each in known)}"
            )
        settings[name] = _value(value)
    if settings.get("rerank") is True:
        settings["rerank"] = _rerank_within_budget()
    return settings


def _rerank_within_budget() -> Rerank:
    from nutgraf.search import Rerank

    return Rerank(budget_ms=RERANK_BUDGET_MS)


def _value(text: str) -> Any:
    """Return the JSON value of a text, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _skipped(done: Evaluation) -> Iterator[str]:
    if done.skipped:
        one = len(done.skipped) == 1
        are, them = ("question is", "it") if one else ("questions are", "them")
        yield (
            f"{len(done.skipped):,} {are} skipped, because nothing is judged relevant to {them} "
            f"({_examples(done.skipped)})"
        )


def _examples(names: list[str] | tuple[str, ...]) -> str:
    more = ", ..." if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
