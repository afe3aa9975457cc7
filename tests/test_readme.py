"""README.md, run as it is written.

Blocks marked `sh` and `python` run in their order, in one folder that holds
`seeds`; `nutgraf serve` stays up until the next block that asks no server. A
`text` or `json` block shows what the block before it prints, shortened:
decimals (scores, times) may differ, a line or a text may end in …, and lines
may be left out. Blocks marked otherwise (`console`) are not run.
"""

from __future__ import annotations

import json
import os
import re
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
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVE = "nutgraf serve"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    line: int
    kind: str
    content: str
    shown: tuple[tuple[str, str], ...]


def blocks() -> list[Block]:
    """Return the blocks that run, each with the blocks that show what it prints."""
    found: list[Block] = []
    for match in FENCE.finditer(README):
        kind, content = match[1], match[2]
        if kind in ("sh", "python"):
            line = README[: match.start()].count("\n") + 1
            found.append(Block(line, kind, content, ()))
        elif kind in ("text", "json") and found:
            found[-1] = found[-1]._replace(shown=(*found[-1].shown, (kind, content)))
    return found


BLOCKS = blocks()


class Shell:
    """A folder with `seeds`, in which blocks run, and the server that one of them started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.port = 0
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        unset = ("NUTGRAF_INDEX", "NUTGRAF_TRUST", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        self.environment = {**kept, "PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}

    def run(self, block: Block) -> str:
        """Run a block; return all that it printed."""
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
            timeout=120,
        )
        assert done.returncode == 0, f"README.md:{block.line}\n{done.stdout}"
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
        """Stop the server, if one is up."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(20)
            finally:
                self.server.kill()
            self.server = None


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "seeds").symlink_to(ROOT / "seeds")
    opened = Shell(folder)
    try:
        yield opened
    finally:
        opened.stop()


def test_it_shows_the_three_faces() -> None:
    kinds = [block.kind for block in BLOCKS]
    assert kinds.count("python") >= 2
    assert any(block.content.strip() == SERVE for block in BLOCKS)
    assert any("curl" in block.content for block in BLOCKS)
    assert sum(len(block.shown) for block in BLOCKS) >= 5


# One test, since each block needs what those before it made.
def test_every_example_does_what_it_says(shell: Shell) -> None:
    for block in BLOCKS:
        printed = shell.run(block)
        for kind, shown in block.shown:
            where = f"README.md:{block.line}"
            if kind == "json":
                assert_like(json.loads(shown), json.loads(printed), where)
            else:
                assert_shown(shown, printed, where)


def assert_shown(shown: str, printed: str, where: str) -> None:
    """Assert that each line shown was printed, in that order."""
    rest = printed.splitlines()
    for line in shown.splitlines():
        pattern = re.compile(_pattern(line))
        at = next((at for at, found in enumerate(rest) if pattern.fullmatch(found.rstrip())), None)
        assert at is not None, f"{where} shows\n{line}\nbut this was printed:\n{printed}"
        rest = rest[at + 1 :]


def _pattern(line: str) -> str:
    cut = line.removesuffix("…")
    if cut != line:
        return _pattern(cut.rstrip()) + ".*"
    # Scores and times depend on the machine; what is counted does not.
    parts = re.split(r"(\d+\.\d+(?: s \([\d,]+/s\))?)", line)
    masked = (r"\d+\.\d+(?: s \([\d,]+/s\))?" if at % 2 else re.escape(part)
              for at, part in enumerate(parts))  # fmt: skip
    return "".join(masked)


def assert_like(shown: Any, found: Any, where: str) -> None:
    """Assert that JSON is what is shown: the same keys and values, but for decimals and cuts."""
    if isinstance(shown, dict):
        assert list(shown) == list(found), where
        for key, value in shown.items():
            assert_like(value, found[key], f"{where} {key}")
    elif isinstance(shown, list):
        assert len(shown) == len(found), where
        for value, other in zip(shown, found, strict=True):
            assert_like(value, other, where)
    elif isinstance(shown, float):
        assert isinstance(found, float), where
    elif isinstance(shown, str) and shown.endswith("…"):
        assert found.startswith(shown.removesuffix("…").rstrip()), where
    else:
        assert shown == found, where
