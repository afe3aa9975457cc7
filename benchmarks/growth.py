"""How costs grow with the number of paragraphs: tables and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from figures import exponent, extrapolate

__all__ = ["COSTS", "Cost", "draw_growth", "estimate_lines", "growth_lines"]

Result = Mapping[str, Any]

LEAST: Final = 10_000
"""The smallest size that counts: below it, fixed costs hide the growth."""

NEXT: Final = 10_000_000
"""The size that is estimated."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost with its unit and the way to find it in a result.

    `show` formats a value of the cost.
    """

    name: str
    of: Callable[[Result], float]
    show: Callable[[float], str]
    is_time: bool


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 1_000 else seconds(value / 1_000)


def seconds(value: float) -> str:
    if value < 10:
        return f"{value:.2f} s"
    if value < 600:
        return f"{value:,.0f} s"
    return f"{value / 60:,.0f} min" if value < 7_200 else f"{value / 3_600:,.1f} h"


def size(value: float) -> str:
    return f"{value / 1e6:,.0f} MB" if value < 10e9 else f"{value / 1e9:,.1f} GB"


def way(name: str) -> Callable[[Result], float]:
    return lambda result: result["own"]["in_process"][name]["p50"]


COSTS: Final = (
    Cost("keyword, p50", way("keyword"), milliseconds, is_time=True),
    Cost("semantic, p50", way("semantic"), milliseconds, is_time=True),
    Cost("hybrid, p50", way("hybrid"), milliseconds, is_time=True),
    Cost("hybrid by article, p50", way("hybrid by article"), milliseconds, is_time=True),
    Cost("hybrid, two facets, p50", way("hybrid, two facets"), milliseconds, is_time=True),
    Cost(
        "`nutgraf search` in a shell",
        lambda result: result["own"]["cold"]["seconds"],
        seconds,
        is_time=True,
    ),
    Cost(
        "build without encoding",
        lambda result: result["systems"]["nutgraf"]["build_s"],
        seconds,
        is_time=True,
    ),
    Cost("verify", lambda result: result["own"]["verify"]["seconds"], seconds, is_time=True),
    Cost("size on disk", lambda result: sum(result["own"]["parts"].values()), size, is_time=False),
    Cost(
        "memory to serve, own",
        lambda result: result["systems"]["nutgraf"]["memory"]["own"],
        size,
        is_time=False,
    ),
    Cost(
        "memory to serve, mapped",
        lambda result: result["systems"]["nutgraf"]["memory"]["mapped"],
        size,
        is_time=False,
    ),
)


def points(cost: Cost, results: Sequence[Result]) -> dict[int, float]:
    """Return the cost at each size that counts."""
    return {result["size"]: cost.of(result) for result in results if result["size"] >= LEAST}


def steepest(found: Mapping[int, float]) -> float:
    """Return the exponent of all sizes or of the two largest, whichever is higher.

    No cost falls with the size, so the exponent is at least 0.
    """
    last = dict(sorted(found.items())[-2:])
    return max(0.0, exponent(found)[1], exponent(last)[1])


def growth_lines(results: Sequence[Result]) -> list[str]:
    """Return a Markdown table of each cost at each size, with the fitted exponent."""
    sizes = sorted(result["size"] for result in results if result["size"] >= LEAST)
    heads = [f"{each:,}" for each in sizes]
    lines = [
        f"| | {' | '.join(heads)} | exponent | of the last step |",
        f"|---|{'---|' * (len(heads) + 2)}",
    ]
    for cost in COSTS:
        found = points(cost, results)
        cells = [cost.show(found[each]) for each in sizes]
        last = dict(sorted(found.items())[-2:])
        cells += [f"{exponent(found)[1]:.2f}", f"{exponent(last)[1]:.2f}"]
        lines.append(f"| {cost.name} | {' | '.join(cells)} |")
    return lines


def estimate_lines(results: Sequence[Result]) -> list[str]:
    """Return a Markdown table of the estimated costs at the next size."""
    largest = max(result["size"] for result in results)
    lines = [
        f"| | measured at {largest:,} | exponent | estimate at {NEXT:,} |",
        "|---|---|---|---|",
    ]
    for cost in COSTS:
        found = points(cost, results)
        power = steepest(found)
        cells = [cost.show(found[largest]), f"{power:.2f}"]
        cells.append(cost.show(extrapolate(found, NEXT, power)))
        lines.append(f"| {cost.name} | {' | '.join(cells)} |")
    lines.append(f"| encoding | {' | '.join(encoding_cells(results))} |")
    return lines


def encoding_cells(results: Sequence[Result]) -> list[str]:
    """Return the time to encode the largest size and the next one, which is linear."""
    largest = max(results, key=lambda result: result["size"])
    per_second = largest["own"]["encoder"]["per_s"]
    return [seconds(largest["size"] / per_second), "1", seconds(NEXT / per_second)]


def draw_growth(results: Sequence[Result], picture: Path) -> bool:
    """Draw each cost as a multiple of that at the smallest size, over the size.

    Needs `pip install matplotlib`; without it, nothing is drawn and the result is False.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(10, 5), layout="constrained")
    for axes, is_time in zip(figure.subplots(1, 2), (True, False), strict=True):
        for cost in (each for each in COSTS if each.is_time is is_time):
            found = dict(sorted(points(cost, results).items()))
            first = next(iter(found.values()))
            label = f"{cost.name.replace('`', '')}: {exponent(found)[1]:.2f}"
            values = [value / first for value in found.values()]
            axes.plot(list(found), values, marker="o", markersize=4, linewidth=1, label=label)
        axes.set(xscale="log", yscale="log", xlabel="paragraphs")
        axes.set_title("times" if is_time else "sizes")
        axes.legend(frameon=False, fontsize=8, title="fitted exponents", title_fontsize=8)
    figure.supylabel("multiple of the value at the smallest size")
    figure.savefig(picture, dpi=110)
    return True
