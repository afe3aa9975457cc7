"""Build or ask one system in a process of its own; print the figures as JSON.

    python -m peers.measure build MODULE WORKLOAD INDEX
    python -m peers.measure ask MODULE WORKLOAD INDEX STARTED

The parent (`compare.py`) runs this in the environment of the system. STARTED is the time at which
the parent started the process, so the cold start contains the start of Python and all imports.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from peers.protocol import Found, System
from peers.workload import Workload

HITS: Final = 10
"""The number of hits of a timed question."""

NEAREST: Final = 100
"""The number of nearest paragraphs for the recall."""

RECALL_QUESTIONS: Final = 100
WARM_UP: Final = 10

SECONDS: Final = 15.0
"""Seconds for the questions of a mode. A slow system answers fewer in it."""

LEAST: Final = 20
"""The number of questions that are asked in any case."""


def main(action: str, module: str, workload: str, index: str, *rest: str) -> None:
    """Run one action; print its figures as the last line."""
    system = import_module(f"peers.{module}").Index
    given, folder = Workload(Path(workload)), Path(index)
    if action == "build":
        started = time.perf_counter()
        not_counted = system.build(given, folder) or 0.0
        figures: dict[str, Any] = {"build_s": time.perf_counter() - started - not_counted}
    else:
        figures = ask(system, given, folder, float(rest[0]))
    print(json.dumps(figures | {"peak_bytes": peak()}))


def ask(system: type[System], given: Workload, folder: Path, started: float) -> dict[str, Any]:
    """Open the index and ask all questions in each mode that the system has."""
    texts, embeddings = given.questions, given.question_embeddings
    opened = system(folder)
    modes: dict[str, Callable[[int], Found]] = {
        "meaning": lambda at: opened.meaning(texts[at], embeddings[at], HITS)
    }
    if opened.both is not None:
        modes["keyword"] = lambda at: opened.keyword(texts[at], HITS)
        modes["both"] = lambda at: opened.both(texts[at], embeddings[at], HITS)
    first = modes["both" if "both" in modes else "meaning"]
    first(0)
    figures: dict[str, Any] = {"cold_s": time.time() - started, "ms": {}, "cpu_ms": {}, "hits": {}}
    for mode, answer in modes.items():
        for at in range(min(WARM_UP, len(texts))):
            answer(-1 - at)
        times, cpu, hits = timed(answer, len(texts))
        figures["ms"][mode], figures["cpu_ms"][mode], figures["hits"][mode] = times, cpu, hits
    figures["memory"] = memory()
    figures["nearest"] = [
        list(opened.meaning(texts[at], embeddings[at], NEAREST))
        for at in range(min(RECALL_QUESTIONS, len(texts), len(figures["ms"]["meaning"])))
    ]
    return figures


def timed(
    answer: Callable[[int], Found], questions: int
) -> tuple[list[float], float, list[list[int | str]]]:
    """Return the milliseconds of each question, the mean CPU time, and the hits."""
    times: list[float] = []
    hits: list[list[int | str]] = []
    began, cpu = time.perf_counter(), time.process_time()
    for at in range(questions):
        if at >= LEAST and time.perf_counter() - began > SECONDS:
            break
        started = time.perf_counter()
        found = answer(at)
        times.append((time.perf_counter() - started) * 1e3)
        hits.append([one if isinstance(one, str) else int(one) for one in found])
    return times, (time.process_time() - cpu) * 1e3 / len(times), hits


def memory() -> dict[str, int]:
    """Return the resident bytes of this process: its own, and those of mapped files."""
    own = status("RssAnon")
    return {"own": peak() if own is None else own, "mapped": status("RssFile") or 0}


def peak() -> int:
    """Return the highest number of resident bytes of this process so far.

    On Linux, getrusage also counts the parent at the time of the fork.
    """
    most = status("VmHWM")
    if most is not None:
        return most
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def status(field: str) -> int | None:
    """Return the bytes of a field of the status of this process; None without a /proc."""
    path = Path("/proc/self/status")
    if not path.exists():
        return None
    fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return int(fields[field].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
