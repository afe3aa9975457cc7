"""Fixtures for tests that kill writers, and the number of kills.

    NUTGRAF_KILLS=1000 NUTGRAF_SEED=7 python -m pytest tests/crash

The other modules of this folder are imported by name, because the killed
processes must import them too.
"""

from __future__ import annotations

import os
import random
import sys
from multiprocessing import forkserver, get_context
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE))

from crash_checks import Embeddings  # noqa: E402

from nutgraf.index.models.encoder import OnnxEncoder  # noqa: E402

KILLS = int(os.environ.get("NUTGRAF_KILLS", "60"))
SEED = int(os.environ["NUTGRAF_SEED"])  # tests/conftest.py has a default.

tests_of_kills: list[str] = []


@pytest.fixture(scope="session")
def kills() -> int:
    """Return the approximate number of writers that all tests together kill."""
    return KILLS


@pytest.fixture
def count_kill(request: pytest.FixtureRequest):
    """Return a function to call once for each killed writer."""
    return lambda: tests_of_kills.append(request.node.name)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Return a random generator; its seed is shown if the test fails."""
    print(f"NUTGRAF_SEED={SEED}")  # noqa: T201
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="session")
def tiny_encoder() -> Path:
    """Return an encoder with random weights: enough for a text to find itself."""
    return HERE.parent / "golden" / "format-4.index" / "encoder"


@pytest.fixture(scope="session")
def embeddings(tiny_encoder: Path) -> Embeddings:
    return Embeddings(OnnxEncoder.open(tiny_encoder))


@pytest.fixture(scope="session", autouse=True)
def ready_to_fork() -> None:
    """Start a fork server with all imports done, so that writers start fast."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")  # A fork does not copy threads.
        get_context("forkserver").set_forkserver_preload(
            [
                "nutgraf.index.maintenance.rebuild",
                "nutgraf.index.keywords.tantivy.engine",
                "nutgraf.index.keywords.whoosh.engine",
                "onnxruntime",
                "tokenizers",
            ]
        )
        forkserver.ensure_running()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tests_of_kills:
        terminalreporter.write_line(f"{len(tests_of_kills):,} writers were killed")
