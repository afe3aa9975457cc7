"""The environments of the peers: one for each, made when it is first needed.

An environment is made again when the file of its requirements changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["InstallError", "python_of"]

HERE: Final = Path(__file__).parent
MARK: Final = "installed.txt"


class InstallError(Exception):
    """The requirements of a peer cannot be installed."""


def python_of(name: str, environments: Path) -> tuple[str, ...]:
    """Return the command that runs Python in the environment of a system.

    Nutgraf has no file of requirements and runs in the environment of the benchmark. Raises
    InstallError if the environment cannot be made.
    """
    wanted = HERE / f"{name}.txt"
    if not wanted.exists():
        return (sys.executable,)
    folder = environments / name
    python = folder / "bin" / "python"
    mark = folder / MARK
    if not mark.exists() or mark.read_text() != wanted.read_text():
        print(f"  installing {name}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted))
        mark.write_text(wanted.read_text())
    return (str(python),)


def _run(*command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise InstallError((lines or done.stderr.splitlines() or ["no message"])[-1])
