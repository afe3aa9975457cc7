"""Write the tables and the picture of all results.

These are scale.md and scale.png beside this file. In docs/scale.md, only the part between its marks
is written.

    python benchmarks/report.py

The results are the files results/SIZE.json of `scale.py`. The picture needs `pip install
matplotlib`; without it, the old picture stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from growth import (
    LEAST,
    draw_growth,
    estimate_lines,
    growth_lines,
    milliseconds,
    seconds,
    size,
)
from peers.compare import SYSTEMS

__all__ = ["RESULTS", "write_report"]

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results"
PAGE: Final = HERE / "scale.md"
PICTURE: Final = HERE / "scale.png"
GUIDE: Final = HERE.parent / "docs" / "scale.md"

BLOCK: Final = re.compile(r"(?s)(<!-- Written by benchmarks/report.py: -->\n).*(<!-- End. -->\n)")
"""The part of docs/scale.md that is written here."""

MODES: Final = ("keyword", "meaning", "both")

BETTER: Final = 1.05
"""The factor by which a better peer is smaller or faster. Less can be chance."""

HIGHER: Final = 0.005
"""The difference by which recall and nDCG@10 of a better peer are higher."""

Result = Mapping[str, Any]


class Column(NamedTuple):
    """A column of the table of all systems: the way to find its value, and its format."""

    name: str
    value: Callable[[Result], float]
    show: Callable[[float], str]


COLUMNS: Final = (
    Column("build", lambda figures: figures["build_s"], seconds),
    Column("size", lambda figures: figures["bytes"], size),
    Column("memory", lambda figures: sum(figures["memory"].values()), size),
    Column("cold start", lambda figures: figures["cold_s"], seconds),
)


def write_report() -> None:
    """Write all pages from the results that are there."""
    found = [json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")]
    results = sorted(found, key=lambda result: -result["size"])
    grown = [result for result in results if result["size"] >= LEAST]
    has_growth = len(grown) > 1
    lines = [
        "# Scale and peers",
        "",
        "`report.py` writes this page from the results of `make bench`. [README.md](README.md) "
        "explains the columns.",
    ]
    if has_growth:
        if draw_growth(grown, PICTURE):
            print(PICTURE)
        lines += ["", "## Growth", "", "![Costs over the number of paragraphs](scale.png)", ""]
        lines += growth_lines(grown)
    for result in results:
        lines += ["", f"## {result['size']:,} paragraphs", "", *section(result)]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE)
    if has_growth:
        block = "\n".join(["", *estimate_lines(grown), "", ""])
        old = GUIDE.read_text("utf-8")
        GUIDE.write_text(BLOCK.sub(lambda marks: marks[1] + block + marks[2], old), "utf-8")
        print(GUIDE)


def section(result: Result) -> Iterator[str]:
    """Yield the lines of one size."""
    yield setting(result)
    yield ""
    yield from comparison(result)
    yield ""
    yield from better_peers(result)
    own = result["own"]
    if own:
        yield from details(own, result)


def setting(result: Result) -> str:
    machine, corpus, judged = result["machine"], result["corpus"], result["judged"]
    kind = (
        f"drawn from the {corpus['sentences']:,} sentences of {corpus['real_articles']:,} real "
        f"articles ({corpus['articles']})"
        if corpus["drawn"]
        else f"real articles ({corpus['articles']}) with real embeddings"
    )
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    return (
        f"Paragraphs: {kind}. Questions: {corpus['questions']}, of which "
        f"{corpus['judged_questions']} are from the judged set. nDCG@10: {judged['questions']} "
        f"questions on {judged['paragraphs']:,} real paragraphs ({judged['set']}). Machine: "
        f"{machine['cores']} cores of {machine['cpu']}, {machine['system']}, Python "
        f"{machine['python']}, {libraries}; load at the end {machine['load']:.1f}. The run took "
        f"{result['seconds'] / 60:.0f} minutes."
    )


def comparison(result: Result) -> Iterator[str]:
    """Yield the table of all systems: multiples of Nutgraf's values, then values."""
    systems, quality = result["systems"], result["quality"]
    own = systems["nutgraf"]
    yield (
        f"| system | {' | '.join(column.name for column in COLUMNS)} | "
        + " | ".join(f"{mode}: p50 / p95 / p99" for mode in MODES)
        + " | recall@100 | nDCG@10: "
        + " / ".join(MODES)
        + " |"
    )
    yield "|---|" + "---|" * (len(COLUMNS) + len(MODES) + 2)
    for name, figures in systems.items():
        if "error" in figures:
            empty = " |" * (len(COLUMNS) + len(MODES) + 1)
            yield f"| {SYSTEMS[name]} | failed: {figures['error'].replace('|', '/')} |{empty}"
            continue
        cells = [SYSTEMS[name]]
        for _, value, show in COLUMNS:
            cells.append(ratio(value(figures), value(own), show, is_own=figures is own))
        for mode in MODES:
            cells.append(times(figures, own, mode))
        cells.append(f"{figures['recall']:.3f}")
        cells.append(judged_cell(quality[name]))
        yield f"| {' | '.join(cells)} |"


def ratio(value: float, own: float, show: Callable[[float], str], *, is_own: bool) -> str:
    return show(value) if is_own else f"{multiple(value / own)}: {show(value)}"


def multiple(value: float) -> str:
    return f"{value:.2g} x" if value < 10 else f"{value:,.0f} x"


def times(figures: Result, own: Result, mode: str) -> str:
    found = figures["ms"].get(mode)
    if found is None:
        return "-"
    shown = " / ".join(f"{found[name]:.3g}" for name in ("p50", "p95", "p99")) + " ms"
    if figures is own:
        return shown
    return f"{multiple(found['p50'] / own['ms'][mode]['p50'])}: {shown}"


def judged_cell(quality: Result) -> str:
    if "error" in quality:
        return f"failed: {quality['error']}"
    return " / ".join(f"{quality[mode]['mean']:.3f}" if mode in quality else "-" for mode in MODES)


def better_peers(result: Result) -> Iterator[str]:
    """Yield for each column the peers that are better than Nutgraf."""
    systems = {name: each for name, each in result["systems"].items() if "error" not in each}
    lower: dict[str, dict[str, float]] = {
        column.name: {name: column.value(each) for name, each in systems.items()}
        for column in COLUMNS
    }
    for mode in MODES:
        lower[f"time by {mode}"] = {
            name: each["ms"][mode]["p50"] for name, each in systems.items() if mode in each["ms"]
        }
    higher = {"recall@100": {name: each["recall"] for name, each in systems.items()}}
    quality = {name: each for name, each in result["quality"].items() if "error" not in each}
    for mode in MODES:
        higher[f"nDCG@10 by {mode}"] = {
            name: each[mode]["mean"] for name, each in quality.items() if mode in each
        }
    if len(systems) == 1:
        yield "No other system was measured at this size."
        return
    yield "Better than Nutgraf, best first:"
    yield ""
    for what, values in lower.items():
        own = values.pop("nutgraf")
        better = [name for name in values if values[name] * BETTER < own]
        yield f"- {what}: {named(sorted(better, key=values.__getitem__))}"
    for what, values in higher.items():
        own = values.pop("nutgraf", 0.0)
        better = [name for name in values if values[name] > own + HIGHER]
        yield f"- {what}: {named(sorted(better, key=values.__getitem__, reverse=True))}"


def named(systems: list[str]) -> str:
    return ", ".join(SYSTEMS[name] for name in systems) or "none"


def details(own: Result, result: Result) -> Iterator[str]:
    """Yield the tables of Nutgraf alone."""
    figures = result["systems"]["nutgraf"]
    rate = result["size"] / figures["build_s"]
    encoder = own["encoder"]
    whole = figures["build_s"] + result["size"] / encoder["per_s"]
    yield ""
    yield "Nutgraf, complete answers in process, with encoding and snippets:"
    yield ""
    yield "| question | p50 : encoding alone | p50 / p95 / p99 | CPU |"
    yield "|---|---|---|---|"
    alone = own["in_process"]["encoding alone"]["p50"]
    for way, found in own["in_process"].items():
        shown = " / ".join(f"{found[name]:.1f}" for name in ("p50", "p95", "p99"))
        yield f"| {way} | {found['p50'] / alone:.1f} x | {shown} ms | {found['cpu_ms']:.1f} ms |"
    yield ""
    yield "| Nutgraf | ratio | measured |"
    yield "|---|---|---|"
    yield (
        f"| build with encoding : encoding alone | {whole * encoder['per_s'] / result['size']:.2f} "
        f"x | {rate:,.0f}/s without encoding, encoder {encoder['per_s']:,.0f}/s at "
        f"{encoder['characters']:.0f} characters; {figures['encoded']:,} parts were encoded "
        "during the build |"
    )
    cold, verify = own["cold"], own["verify"]
    yield (
        f"| `nutgraf search` in a shell : a warm hybrid question | "
        f"{cold['seconds'] * 1e3 / own['in_process']['hybrid']['p50']:,.0f} x | "
        f"{seconds(cold['seconds'])}, {seconds(cold['cpu_seconds'])} of CPU, "
        f"{size(cold['peak_bytes'])} at most |"
    )
    yield (
        f"| `nutgraf verify` : build | {verify['seconds'] / figures['build_s']:.2f} x | "
        f"{seconds(verify['seconds'])}, {size(verify['peak_bytes'])} at most |"
    )
    memory = figures["memory"]
    yield (
        f"| memory to serve, own : mapped files | {memory['own'] / max(1, memory['mapped']):.1f} x "
        f"| {size(memory['own'])} : {size(memory['mapped'])} |"
    )
    yield ""
    yield "| part | share | bytes a paragraph |"
    yield "|---|---|---|"
    total = sum(own["parts"].values())
    for part, each in own["parts"].items():
        yield f"| `{part}` | {each / total:.0%} | {each / result['size']:,.1f} |"
    yield f"| all | 100% | {total / result['size']:,.0f} |"
    if own["filters"]:
        yield ""
        yield "| vector ranking under a filter by date that leaves | recall@100 | p50 / p99 |"
        yield "|---|---|---|"
        for each in own["filters"]:
            shown = f"{milliseconds(each['p50'])} / {milliseconds(each['p99'])}"
            yield f"| {each['share']:.2%} | {each['recall']:.3f} | {shown} |"
    yield ""
    yield "| plain way : fast way to the same answers | ratio | measured |"
    yield "|---|---|---|"
    for each in own["optimisations"]:
        shown = f"{milliseconds(1e3 * each['plain_s'])} : {milliseconds(1e3 * each['fast_s'])}"
        yield f"| {each['name']} | {each['plain_s'] / each['fast_s']:,.1f} x | {shown} |"
    yield from http_lines(own["http"] or [])


def http_lines(rows: list[Mapping[str, str]]) -> Iterator[str]:
    head: list[str] = []
    for row in rows:
        columns = [name for name in row if name not in ("what", "at")]
        if head != [row["what"], *columns]:
            head = [row["what"], *columns]
            yield ""
            yield f"| {' | '.join(head)} |"
            yield f"|{'---|' * len(head)}"
        yield f"| {row['at']} | {' | '.join(row[name] for name in columns)} |"


if __name__ == "__main__":
    write_report()
