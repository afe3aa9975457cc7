"""The examples of README.md and docs/ run as written and print the output shown.

Each page runs in a folder of its own that contains `seeds`, and, but for
docs/quickstart.md, the index `nutgraf.index` of the sample articles. There the
encoder is copied, because its export takes 10 s and other tests check it. Blocks
marked `sh` and `python` run in order. A `nutgraf serve` runs until the next block
that sends it no request. A `text` or `json` block shows the output of the block
before it, shortened: times may differ, scores may differ by .02, a line or a text
may end in …, and lines may be missing. Other blocks (`console`) do not run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
FROM_SCRATCH = "docs/quickstart.md"
"""The page whose examples make the index that they search."""

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
SERVE = "nutgraf serve"
DECIMAL = r"(\d+\.\d+(?: s \([\d,]+/s\)| m?s\b)?)"
"""A score, or a time with its unit."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


COPY_ENCODER = """
import shutil
from nutgraf.index.maintenance import create

def copy(model, name, destination):
    shutil.copytree({folder!r}, destination)

create.export_encoder = copy
"""
"""A module that Python runs when it starts."""


class Block(NamedTuple):
    place: str
    kind: str
    content: str
    shown: tuple[tuple[str, str], ...]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page that run, each with the blocks that show its output."""
    found: list[Block] = []
    text = PAGES[page]
    for match in FENCE.finditer(text):
        kind, content = match[1], match[2]
        if kind in ("sh", "python"):
            line = text[: match.start()].count("\n") + 1
            found.append(Block(f"{page}:{line}", kind, content, ()))
        elif kind in ("text", "json") and found:
            found[-1] = found[-1]._replace(shown=(*found[-1].shown, (kind, content)))
    return found


RUNNING = [page for page in PAGES if blocks(page)]


class Shell:
    """The folder in which the blocks of a page run, and the server of one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.port = 0
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        unset = ("NUTGRAF_INDEX", "NUTGRAF_TRUST", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        self.environment = {**kept, "PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}

    def run(self, block: Block) -> str:
        """Run a block and return its output."""
        if block.content.strip() == SERVE:
            self.serve()
            return ""
        asks_server = "127.0.0.1:8000" in block.content
        if not asks_server:
            self.stop()
        script = block.content.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        command = (
            ["bash", "-eo", "pipefail", "-c"] if block.kind == "sh" else [sys.executable, "-c"]
        )
        done = subprocess.run(
            [*command, script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
        )
        assert done.returncode == 0, f"{block.place}\n{done.stdout}"
        assert "Traceback" not in done.stdout
        return done.stdout

    def serve(self) -> None:
        """Start a server on a free port and wait until it answers."""
        with socket.socket() as opened:
            opened.bind(("127.0.0.1", 0))
            self.port = opened.getsockname()[1]
        log = (self.folder / "server.log").open("wb")
        with log:
            self.server = subprocess.Popen(
                [*SERVE.split(), "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self.server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "server.log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """Stop the server, if one is running."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(20)
            finally:
                self.server.kill()
            self.server = None


@pytest.fixture
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "seeds").symlink_to(ROOT / "seeds")
    opened = Shell(folder)
    if request.node.callspec.params["page"] == FROM_SCRATCH:
        encoder = request.getfixturevalue("encoder_folder")
        (tmp_path / "sitecustomize.py").write_text(COPY_ENCODER.format(folder=str(encoder)))
        opened.environment["PYTHONPATH"] = str(tmp_path)
    else:
        shutil.copytree(request.getfixturevalue("seeds_index"), folder / "nutgraf.index")
    try:
        yield opened
    finally:
        opened.stop()


def test_readme_shows_the_three_faces() -> None:
    shown = blocks("README.md")
    assert any(block.kind == "python" for block in shown)
    assert any(block.content.strip() == SERVE for block in shown)
    assert any("curl" in block.content for block in shown)


def test_most_pages_have_examples_with_output() -> None:
    assert len(RUNNING) >= 10
    assert sum(len(block.shown) for page in RUNNING for block in blocks(page)) >= 20


# One test a page, since a block needs the results of the blocks before it.
@pytest.mark.parametrize("page", RUNNING)
def test_examples_print_the_output_shown(page: str, shell: Shell) -> None:
    for block in blocks(page):
        printed = shell.run(block)
        for kind, shown in block.shown:
            if kind == "json":
                assert_like(json.loads(shown), json.loads(printed), block.place)
            else:
                assert_shown(shown, printed, block.place)


def assert_shown(shown: str, printed: str, where: str) -> None:
    """Assert that each line shown was printed, in that order."""
    rest = printed.splitlines()
    for line in shown.splitlines():
        at = next((at for at, found in enumerate(rest) if is_shown(line, found.rstrip())), None)
        assert at is not None, f"{where} shows\n{line}\nbut this was printed:\n{printed}"
        rest = rest[at + 1 :]


def is_shown(line: str, printed: str) -> bool:
    """Tell whether a line was printed: any time may differ, and a score a little."""
    if line.endswith("…"):
        line, cut = line.removesuffix("…").rstrip(), ".*"
    else:
        cut = ""
    parts = re.split(DECIMAL, line)
    pattern = "".join(DECIMAL if at % 2 else re.escape(part) for at, part in enumerate(parts))
    found = re.fullmatch(pattern + cut, printed)
    return found is not None and all(
        "s" in one or "s" in other or is_near(float(one), float(other))
        for one, other in zip(parts[1::2], found.groups(), strict=True)
    )


def is_near(shown: float, found: float) -> bool:
    """Tell whether another processor explains the difference of two decimals."""
    return abs(shown - found) <= max(0.02, 0.02 * abs(shown))


def assert_like(shown: Any, found: Any, where: str) -> None:
    """Assert that JSON has the keys and values shown, times and cut texts aside."""
    if isinstance(shown, dict):
        assert list(shown) == list(found), where
        for key, value in shown.items():
            if key != "took_ms":
                assert_like(value, found[key], f"{where} {key}")
    elif isinstance(shown, list):
        assert len(shown) == len(found), where
        for value, other in zip(shown, found, strict=True):
            assert_like(value, other, where)
    elif isinstance(shown, float):
        assert is_near(shown, found), where
    elif isinstance(shown, str) and shown.endswith("…"):
        assert found.startswith(shown.removesuffix("…").rstrip()), where
    else:
        assert shown == found, where


@pytest.mark.parametrize(
    ("line", "printed", "same"),
    [
        ("2 new in 3.1 s (188/s)", "2 new in 9.9 s (9/s)", True),
        ("1 article in 150.6 ms", "1 article in 4.2 ms", True),
        ("1. Mast falls  0.12", "1. Mast falls  0.13", True),
        ("1. Mast falls  0.12", "1. Mast falls  0.16", False),
        ("1. Mast falls  0.12", "1. Mast fell  0.12", False),
        ("1. Mast …", "1. Mast falls  0.12", True),
        ("2 articles", "3 articles", False),
    ],
)
def test_lines_are_compared(line: str, printed: str, same: bool) -> None:  # noqa: FBT001
    assert is_shown(line, printed) is same
