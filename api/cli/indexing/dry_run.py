"""`nutgraf index --dry-run`: read articles and count outcomes, but write nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from nutgraf.api.cli.indexing.article_reader import ArticleReader
from nutgraf.api.cli.indexing.index import Summary
from nutgraf.api.cli.indexing.progress import IndexProgress
from nutgraf.api.cli.output import printable
from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.article import Article
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.errors import InputError
from nutgraf.index.fields.declared import DeclaredKind, check_values
from nutgraf.index.manifest import Manifest
from nutgraf.index.prepared import article_in
from nutgraf.index.sources import find_files, total_bytes
from nutgraf.index.storage.layout import CATALOG, MANIFEST
from nutgraf.index.writer import Outcome

__all__ = ["dry_run_sources", "print_outcome"]


def print_outcome(outcome: Outcome, article: Article) -> None:
    """Print a line about a new or updated article, and nothing about an unchanged one."""
    if outcome != "unchanged":
        kind = "new" if outcome == "created" else outcome
        print(printable(f"{kind:7} {article.id}  {article.title}"))


def dry_run_sources(
    sources: Sequence[str],
    index: Path,
    reader: ArticleReader,
    on_outcome: Callable[[Outcome, Article], None] | None = None,
) -> Summary:
    """Return the counts that indexing `sources` would have, without writing.

    `on_outcome` is called for each article. If there is no index, every article is new.

    Raises NotAnIndexError if this version cannot read the format of the index. Raises
    BrokenIndexError if the index is damaged.
    """
    summary = Summary(dry_run=True)
    size = total_bytes(sources)
    with ExitStack() as opened:
        known = _KnownArticles(index, opened)
        progress = opened.enter_context(IndexProgress(size, reader.messages))
        articles = reader.articles(find_files(sources), size, progress.read)
        for article in map(article_in, opened.enter_context(closing(articles))):
            try:
                outcome = known.outcome(article)
            except InputError as error:
                reader.reject(article.id, str(error))
                continue
            summary.count(outcome, article)
            if on_outcome is not None:
                on_outcome(outcome, article)
            progress.put(len(article.paragraphs))
    summary.rejected = reader.rejected
    summary.unknown_fields = {
        name: count for name, count in reader.unknown.items() if name not in known.declared
    }
    return summary


class _KnownArticles:
    """The digests of the articles in an index, and of the articles read in this run.

    Each article of this run takes memory for its id and for a digest of 16 bytes.
    """

    def __init__(self, index: Path, opened: ExitStack) -> None:
        self.declared: Mapping[str, DeclaredKind] = {}
        self._language: str | None = None
        self._catalog: Catalog | None = None
        self._sequence = 0
        self._read: dict[str, bytes] = {}
        if (index / MANIFEST).exists():
            manifest = Manifest.read(index)
            self._language = manifest.language
            self.declared = manifest.declared
            self._catalog = Catalog.open(manifest.parts(index) / CATALOG)
            opened.callback(self._catalog.close)
            self._sequence = self._catalog.last_commit().sequence

    def outcome(self, article: Article) -> Outcome:
        """Return the outcome that a writer would return, and record the article as put.

        Raises InputError if a declared field has a value of another kind.
        """
        check_values(article.extra, self.declared)
        digest = with_language(article, self._language).digest()
        before = self._read.get(article.id) or self._digest_of(article.id)
        self._read[article.id] = digest
        if before is None:
            return "created"
        return "unchanged" if before == digest else "updated"

    def _digest_of(self, article: str) -> bytes | None:
        record = self._catalog and self._catalog.find(article, self._sequence)
        return record.digest if record else None
