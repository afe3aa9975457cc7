"""What `nutgraf index` does: sources into an index, with progress and a summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nutgraf.api.cli.indexing.article_reader import ArticleReader
from nutgraf.api.cli.indexing.progress import IndexProgress
from nutgraf.api.cli.options import MAX_LOCK_WAIT_SECONDS
from nutgraf.index.article import Article
from nutgraf.index.errors import UserError
from nutgraf.index.keywords import Engine
from nutgraf.index.maintenance.create import create_index, exported_encoder
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import DEFAULT_MODEL, EncoderConfig
from nutgraf.index.prepared import Prepared, article_in
from nutgraf.index.sources import Found, find_files, total_bytes
from nutgraf.index.storage.layout import MANIFEST
from nutgraf.index.writer import IndexWriter, Outcome

__all__ = ["IndexOptions", "Summary", "index_found", "index_sources"]


@dataclass(slots=True)
class Summary:
    """What came of it, counted in articles but for `paragraphs`, which were put.

    `encoded` texts had to be, paragraphs and parts of long ones: others had an embedding before.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    paragraphs: int = 0
    encoded: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    dry_run: bool = False

    def count(self, outcome: Outcome, article: Article) -> None:
        """Count an article that was put."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome != "unchanged":
            self.paragraphs += len(article.paragraphs)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as `--json` gives them."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}

    @property
    def articles(self) -> int:
        """How many there were, rejected ones included."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def outcomes(self) -> str:
        """What became of the articles."""
        put = f"{self.created:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged"
        return f"{put}, {self.rejected:,} rejected" if self.rejected else put

    def __str__(self) -> str:
        noun = "paragraph" if self.paragraphs == 1 else "paragraphs"
        if self.dry_run:
            return f"nothing was written: {self.outcomes}; {self.paragraphs:,} {noun} to put"
        known = ", all known before" if self.paragraphs and not self.encoded else ""
        rate = f" ({self.paragraphs / self.seconds:,.0f}/s)" if self.paragraphs else ""
        time_ = f"{self.paragraphs:,} {noun}{known} in {self.seconds:.1f} s{rate}"
        text = f"{self.outcomes}; {time_}"
        return f"interrupted, and committed until there: {text}" if self.interrupted else text


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What an index is made with where there is none; None for the default."""

    model: str | None = None
    reranker: str | None = None
    keyword_engine: Engine | None = None
    keep_boilerplate: bool = False


def index_sources(
    sources: Sequence[str],
    index: Path,
    index_options: IndexOptions,
    reader: ArticleReader,
    *,
    trust: bool,
) -> Summary:
    """Put the articles of `sources` into `index`, making it if there is none.

    See `index_found`.
    """
    return index_found(
        find_files(sources), total_bytes(sources), index, index_options, reader, trust=trust
    )


def index_found(
    found: Iterable[Found],
    size: int | None,
    index: Path,
    index_options: IndexOptions,
    reader: ArticleReader,
    *,
    trust: bool,
) -> Summary:
    """Put the articles of files, of `size` bytes, into `index`, making it if there is none.

    What cannot be indexed is told, and the rest goes on. The index is made
    when the first article is there to be put, so a mistaken path leaves
    nothing behind. On control-C, and where anything fails but a commit, what
    was put is committed.

    Raises what IndexWriter and create_index raise, UserError where an existing
    index was made with another engine or model, WorkerError where reading failed.
    """
    summary = Summary()
    with (
        IndexProgress(size, reader.messages) as progress,
        closing(reader.articles(found, size, progress.read, prepare=True)) as articles,
    ):
        first = next(articles, None)
        if first is not None:
            made = _create_if_missing(index, index_options, reader.messages)
            started = time.perf_counter()
            with closing(
                IndexWriter(index, trust=trust or made, wait=MAX_LOCK_WAIT_SECONDS)
            ) as writer:
                _put(writer, chain([first], articles), summary, progress, reader.warn)
                summary.encoded = writer.encoded
            summary.seconds = time.perf_counter() - started
    summary.rejected = reader.rejected
    return summary


def _put(
    writer: IndexWriter,
    articles: Iterable[Article | Prepared],
    summary: Summary,
    progress: IndexProgress,
    warn: Callable[[str], None],
) -> None:
    """Put articles and commit them: those that came, where no more do."""
    try:
        for item in articles:
            article = article_in(item)
            summary.count(writer.put(item), article)
            progress.put(len(article.paragraphs))
    except KeyboardInterrupt:
        summary.interrupted = True
        warn("interrupted: committing what was read, which takes some seconds")
    except Exception:
        _commit_unless_failed(writer)
        raise
    _commit_unless_failed(writer)


def _commit_unless_failed(writer: IndexWriter) -> None:
    """Commit what was put, unless a commit was ended half-way: it is worth keeping."""
    if not writer.failed:
        writer.commit()


def _create_if_missing(index: Path, index_options: IndexOptions, messages: Console) -> bool:
    """Make the index, or check that an existing one is what was asked for; tell if it was made."""
    if (index / MANIFEST).exists():
        _check_options(index, index_options)
        if index_options.reranker is not None:
            raise UserError(
                f"{index} is there already: 'nutgraf reranker {index_options.reranker} -i {index}' "
                "gives it a reranker"
            )
        return False
    name = index_options.model or DEFAULT_MODEL
    wait = "" if exported_encoder(name) else ": some 10 s, once"
    messages.print(Text(f"making {index} with the encoder {name}{wait}", "dim"), soft_wrap=True)
    engine = index_options.keyword_engine or "tantivy"
    create_index(
        index,
        model=name,
        reranker=index_options.reranker,
        keyword_engine=engine,
        keep_boilerplate=index_options.keep_boilerplate,
    )
    return True


def _check_options(index: Path, index_options: IndexOptions) -> None:
    manifest = Manifest.read(index)
    model, engine = index_options.model, index_options.keyword_engine
    if index_options.keep_boilerplate and not manifest.keep_boilerplate:
        raise UserError(
            f"{index} was made without --keep-boilerplate: leave the option out, or name a new "
            "index with -i"
        )
    exported = None if model is None else exported_encoder(model)
    if exported is not None:
        model = EncoderConfig.read(exported).name
    for option, wanted, has in (
        ("--model", model, manifest.encoder.name),
        ("--keyword-engine", engine, manifest.keyword_engine),
    ):
        if wanted not in (None, has):
            raise UserError(
                f"{index} was made with {option} {has}, not {wanted}: leave the option out, or "
                "name a new index with -i"
            )
