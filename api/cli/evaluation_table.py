"""The table of an evaluation in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from nutgraf.api.cli.output import printable
from nutgraf.search.evaluation import Evaluation, Figure

__all__ = ["print_evaluation"]

HEAD: Final = ("measure", "system", "mean (95% interval)", "difference (95% interval)", "p")

LEAST: Final = 0.001
"""The smallest p-value that is printed.

Smaller ones depend on very few permutations, so they are printed as <0.001.
"""


def print_evaluation(done: Evaluation, console: Console) -> None:
    """Print a line for each measure and system, in columns.

    Lines are not wrapped, even if the name of a system is a long path: a program
    may read the lines.
    """
    rows = [HEAD, *_rows(done)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(Text("  ".join(cells).rstrip()), soft_wrap=True)
    compared = f"differences from {printable(done.baseline)}; p by paired randomisation, after Holm"
    questions = "question" if done.questions == 1 else "questions"
    console.print(Text(f"{done.questions:,} {questions}; {compared}"), soft_wrap=True)


def _rows(done: Evaluation) -> Iterator[tuple[str, ...]]:
    compared = {(one.measure, one.system): one for one in done.comparisons}
    for measure in done.systems[0].measures:
        for system in done.systems:
            one = compared.get((measure, system.name))
            yield (
                measure,
                printable(system.name),
                _interval(system.measures[measure], ""),
                _interval(one.difference, "+") if one else "",
                _p_value(one.corrected) if one else "",
            )


def _interval(figure: Figure, sign: str) -> str:
    mean, low, high = (f"{one:{sign}.3f}" for one in (figure.mean, figure.low, figure.high))
    return f"{mean} ({low} to {high})"


def _p_value(p: float) -> str:
    return f"{p:.3f}" if p >= LEAST else f"<{LEAST}"
