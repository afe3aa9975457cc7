"""The comparison of the suggestions with the catalog, in a process of its own.

    python -P -m nutgraf.index.verification.suggestions_process PARTS LANGUAGE

The comparison analyses all texts, which takes longer than all other checks together. So it
runs beside them. The process writes lines of JSON: numbers of rows that are done, and at
the end a list: the number of differences and examples of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.storage.layout import CATALOG, SUGGESTIONS
from nutgraf.index.verification.report import OnRows
from nutgraf.index.verification.suggestions import Differences, StoredSuggestions

__all__ = ["SuggestionsProcess", "is_worthwhile", "main"]

LEAST_ROWS: Final = 20_000
"""The number of rows from which the process saves more time than its start takes."""

MODULE: Final = "nutgraf.index.verification.suggestions_process"

STEP: Final = 1_000
"""Rows from one number that is written to the next."""


def is_worthwhile(rows: int) -> bool:
    """Return whether a process saves time for an index with `rows` rows."""
    return rows >= LEAST_ROWS and usable_cpus() > 1


class SuggestionsProcess:
    """A process that compares the suggestions in the folder `parts` with the catalog.

    Raises OSError if no process can be started.
    """

    def __init__(self, parts: Path, language: str) -> None:
        command = [sys.executable, "-P", "-m", MODULE, str(parts), language]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def differences(self, on_rows: OnRows) -> Differences | None:
        """Wait for the process; return the differences, or None if it has failed."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # The process was ended within a line.
                return None
            if isinstance(message, list):
                return Differences(*message)
            on_rows(message)
        return None

    def close(self) -> None:
        """End the process, which only reads."""
        self._process.kill()
        self._process.communicate()


def main(parts: Path, language: str) -> None:
    """Write the differences between the suggestions in `parts` and the catalog."""
    shown = 0

    def on_rows(done: int) -> None:
        nonlocal shown
        if done >= shown + STEP:
            shown = done
            _send(done)

    with (
        closing(Catalog.open(parts / CATALOG)) as catalog,
        closing(StoredSuggestions(parts / SUGGESTIONS)) as check,
    ):
        found = Differences.of(check.differences(catalog, Analyzers(language), on_rows))
    _send([found.count, found.examples])


def _send(message: object) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
