"""Read articles for an index, and report everything that could not be indexed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from nutgraf.api.cli.indexing.duplicate_ids import DuplicateIds
from nutgraf.api.cli.indexing.rejects import RejectsFile
from nutgraf.api.cli.output import printable
from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared
from nutgraf.index.sources import (
    Flagged,
    Found,
    OnBytes,
    ReadOptions,
    Rejected,
    Skipped,
    SourceFile,
    UnknownFields,
    newest_captures,
    read_found,
    workers_for,
)

__all__ = ["ArticleReader"]

MAX_SHOWN: Final = 20
"""The most lines that are printed about one file, or the files of one folder.

More lines would not help the user to find the cause.
"""

RECORD_NUMBER: Final = re.compile(r":(?:[a-z]+ )?\d+$")
"""The number of a line or record, at the end of a place such as news.jsonl:12."""


class ArticleReader:
    """A reader of articles that reports skipped, flagged and rejected items.

    Skipped and rejected items did not become articles. A flagged item is a warning about an
    article that is indexed. All these items are printed to `messages`. Flagged and rejected
    items are also written to `rejects`. `rejected` is the number of rejected items.
    `unknown` counts the articles with each unknown field.
    """

    def __init__(
        self,
        messages: Console,
        options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
        rejects: RejectsFile | None = None,
    ) -> None:
        self.messages = messages
        self.rejected = 0
        self.unknown: Counter[str] = Counter()
        self._options = options
        self._refused: Counter[str] = Counter()
        self._rejects = rejects

    def articles(
        self,
        found: Iterable[Found],
        size: int | None,
        on_bytes: OnBytes,
        *,
        prepare: bool = False,
    ) -> Generator[Article | Prepared]:
        """Yield the articles of the files in `found`.

        `size` is the total size of the files in bytes, or None if it is unknown. If there
        is much to read, other processes read the files; these processes stop when the
        iterator ends or is closed. With `prepare`, they also prepare the articles for a
        writer.
        """
        wanted = (item for item in found if not self._is_rejects_file(item))
        duplicates = DuplicateIds()
        reported: Counter[str] = Counter()
        read = read_found(wanted, on_bytes, self._options, workers_for(size), prepare=prepare)
        with closing(read) as items:
            for item in newest_captures(items):
                if isinstance(item, Article | Prepared):
                    duplicates.add(item)
                    yield item
                elif isinstance(item, UnknownFields):
                    self.unknown.update(item.names)
                else:
                    self._report(item, reported)
        self._report_omitted(reported)
        self._report_omitted(self._refused)
        if warning := duplicates.warning():
            self.warn(warning)

    def reject(self, article: str, reason: str) -> None:
        """Report an article that the index refuses."""
        self._report(Rejected(article, reason), self._refused)

    def warn(self, message: str) -> None:
        """Print a warning."""
        self.messages.print(Text(printable(message), "yellow"), soft_wrap=True)

    def _is_rejects_file(self, item: Found) -> bool:
        rejects = self._rejects
        return rejects is not None and isinstance(item, SourceFile) and rejects.is_at(item.path)

    def _report(self, item: Rejected | Skipped | Flagged, reported: Counter[str]) -> None:
        """Report an item. `reported` counts the items of each file and each folder."""
        if self._rejects is not None and not isinstance(item, Skipped):
            self._rejects.add(item)
        self.rejected += isinstance(item, Rejected)
        where = _within(item.place)
        reported[where] += 1
        if reported[where] > MAX_SHOWN:
            return
        if isinstance(item, Skipped):
            self._print("skipped ", item, "dim")
        elif isinstance(item, Flagged):
            self._print("flagged ", item, "yellow")
        else:
            self._print("rejected", item, "red")

    def _report_omitted(self, reported: Counter[str]) -> None:
        if self._rejects is None:
            more = "--rejects FILE writes the rejected and flagged ones to a file"
        else:
            more = f"{self._rejects.path} has the rejected and flagged ones"
        for where, count in reported.items():
            if count > MAX_SHOWN:
                self.warn(
                    f"{where}: {count - MAX_SHOWN:,} more were rejected, flagged or skipped; {more}"
                )

    def _print(self, what: str, item: object, style: str) -> None:
        self.messages.print(Text(f"{what} {printable(str(item))}", style), soft_wrap=True)


def _within(place: str) -> str:
    """Return the file of a line or record, or the folder of a file.

    `place` names a file, or a line or record of a file.
    """
    file = RECORD_NUMBER.sub("", place)
    return file if file != place else str(Path(place).parent)
