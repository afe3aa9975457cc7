"""How many writers are killed, and what the tests of it share.

    NUTGRAF_KILLS=1000 NUTGRAF_SEED=7 python -m pytest tests/crash

The modules beside this one are imported by name, as the processes that are
killed have to import them, too.
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
    """How many writers are killed by all tests together, about."""
    return KILLS


@pytest.fixture
def count_kill(request: pytest.FixtureRequest):
    """Call it for each writer that was killed."""
    return lambda: tests_of_kills.append(request.node.name)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance, of a seed that is shown where a test fails."""
    print(f"NUTGRAF_SEED={SEED}")  # noqa: T201
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="session")
def tiny_encoder() -> Path:
    """An encoder of random weights: a text finds itself, and that is all that is asked."""
    return HERE.parent / "golden" / "format-1.index" / "encoder"


@pytest.fixture(scope="session")
def embeddings(tiny_encoder: Path) -> Embeddings:
    return Embeddings(OnnxEncoder.open(tiny_encoder))


@pytest.fixture(scope="session", autouse=True)
def ready_to_fork() -> None:
    """Keep a process that has imported all and done nothing: a fork of it writes at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")  # Threads would not be there after the fork.
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
