"""Commands that run in forks of one process, which has done their imports.

The start of a command takes 0.4 s of CPU time, nearly all of it imports. A fork
of a process that has done them takes 0.02 s. Like a command in a shell, a fork
has its own folder, environment, standard streams and exit code, and main() ends
it. Only its environment variables for Python itself come too late.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

IMPORTED: Final = (
    "nutgraf.api.cli.main",
    "nutgraf.api.cli.indexing.index",
    "nutgraf.api.cli.output",
    "nutgraf.index.maintenance.rebuild",
    "nutgraf.index.keywords.tantivy.engine",
    "nutgraf.index.keywords.whoosh.engine",
    "nutgraf.index.vectors",
    "nutgraf.index.verification",
    "nutgraf.search.evaluation",
    "onnxruntime",
    "faiss",
    "tokenizers",
)
"""The modules of most commands."""

LIMIT: Final = 120
"""Seconds after which a command is killed."""

STREAMS: Final = ("stdin", "stdout", "stderr")


class WarmCommand:
    """A process that runs `nutgraf` in forks, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A fork does not copy threads.
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def run(
        self, arguments: Sequence[str], folder: Path, stdin: bytes, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `nutgraf` with `arguments` in a folder, like subprocess.run."""
        with tempfile.TemporaryDirectory() as place:
            paths = {name: Path(place) / name for name in STREAMS}
            paths["stdin"].write_bytes(stdin)
            request = {
                "arguments": arguments,
                "folder": str(folder),
                "environment": dict(environment),
                "streams": [str(path) for path in paths.values()],
            }
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            printed, errors = (paths[name].read_bytes() for name in STREAMS[1:])
        return subprocess.CompletedProcess(arguments, code, printed, errors)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def serve() -> None:
    """Run the commands that standard input asks for, and print their exit codes."""
    for name in IMPORTED:
        __import__(name)
    gc.freeze()  # Else a fork copies the memory of the imports when it collects garbage.
    answers = os.dup(1)
    for line in os.fdopen(os.dup(0), "rb"):
        child = os.fork()
        if not child:
            _run(json.loads(line), answers)
        _, status = os.waitpid(child, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))


def _run(request: dict[str, Any], answers: int) -> None:
    try:
        signal.alarm(LIMIT)
        os.close(answers)
        for number, path in enumerate(request["streams"]):
            flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
            opened = os.open(path, flags)
            os.dup2(opened, number)
            os.close(opened)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["nutgraf", *request["arguments"]]
        from nutgraf.api.cli.main import main

        main()
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
    finally:
        os._exit(70)  # main() ends the process itself.


if __name__ == "__main__":
    serve()
