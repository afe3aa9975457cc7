"""Run each system in its own processes; collect its figures or its error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from peers.environments import InstallError, python_of
from peers.workload import Workload

__all__ = ["SYSTEMS", "measure_system"]

BENCHMARKS: Final = Path(__file__).parent.parent

SYSTEMS: Final = {
    "nutgraf": "Nutgraf",
    "txtai": "txtai",
    "lancedb": "LanceDB",
    "chroma": "Chroma",
    "milvus": "Milvus Lite",
    "sqlite": "SQLite FTS5 + sqlite-vec",
    "tantivy_faiss": "tantivy + FAISS",
    "bm25s_faiss": "bm25s + FAISS",
}
"""The module of each system in this package, and its name in tables."""

PATH: Final = re.compile(r"(?<![\w.])/\S+")

LEAST_SECONDS: Final = 120
PARAGRAPHS_PER_SECOND: Final = 500
"""A system that builds more slowly is stopped, so that the run has an end."""

ASK_SECONDS: Final = 600


class FailedError(Exception):
    """A system ended with an error or was stopped."""


def measure_system(
    name: str, workload: Workload, environments: Path, indexes: Path
) -> tuple[dict[str, Any], Path]:
    """Build and ask a system; return its figures and the folder of its index.

    A system that fails has only `error` as its figures.
    """
    folder = indexes / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.perf_counter()
    limit = max(LEAST_SECONDS, len(workload.embeddings) // PARAGRAPHS_PER_SECOND)
    try:
        python = python_of(name, environments)
        built = _run(python, name, "build", workload, folder, limit)
        asked = _run(python, name, "ask", workload, folder, ASK_SECONDS, repr(time.time()))
    except (FailedError, InstallError) as error:
        return {"error": str(error)}, folder
    return {
        **asked,
        "build_s": built["build_s"],
        "build_peak_bytes": built["peak_bytes"],
        "bytes": sum(map(_size, _files(folder))),
        "measured_s": time.perf_counter() - began,
    }, folder


def _run(
    python: tuple[str, ...],
    name: str,
    action: str,
    workload: Workload,
    folder: Path,
    seconds: int,
    *more: str,
) -> dict[str, Any]:
    command = [*python, "-m", "peers.measure", action, name, str(workload.folder.resolve())]
    command += [str(folder.resolve()), *more]
    try:
        done = subprocess.run(
            command,
            cwd=BENCHMARKS,
            env=_environment(name),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise FailedError(f"{action}: not ready after {seconds:,} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        # A path would tell about this machine in the table.
        raise FailedError(f"{action}: {PATH.sub('a file', lines[-1])[:200]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _environment(name: str) -> dict[str, str]:
    """Return the environment variables of a system: peers must not find our packages."""
    kept = dict(os.environ) | {"HF_HUB_OFFLINE": "1"}
    if name != "nutgraf":
        kept.pop("PYTHONPATH", None)
    return kept


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _size(path: Path) -> int:
    return path.stat().st_size
