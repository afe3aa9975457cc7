"""`nutgraf index`: put sources into an index, with progress and a summary."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from nutgraf.api.cli.indexing.article_reader import ArticleReader
from nutgraf.api.cli.indexing.interrupts import Interrupts
from nutgraf.api.cli.indexing.progress import IndexProgress
from nutgraf.api.cli.options import MAX_LOCK_WAIT_SECONDS
from nutgraf.api.cli.output import printable
from nutgraf.index.article import Article
from nutgraf.index.errors import InputError, UserError
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.keywords import Engine
from nutgraf.index.maintenance.create import create_index, exported_encoder
from nutgraf.index.maintenance.declare import declare_fields
from nutgraf.index.manifest import LEAD, Manifest
from nutgraf.index.models.encoder import DEFAULT_MODEL, EncoderConfig
from nutgraf.index.models.encoder.device import check_device
from nutgraf.index.prepared import Prepared, article_in
from nutgraf.index.sources import Found, find_files, total_bytes
from nutgraf.index.storage.layout import MANIFEST
from nutgraf.index.writer import IndexWriter, Outcome

__all__ = ["IndexOptions", "Summary", "index_found", "index_sources"]

MAX_UNKNOWN: Final = 5
"""The most unknown fields that the summary names."""


@dataclass(slots=True)
class Summary:
    """The counts of one run.

    `created`, `updated`, `unchanged` and `rejected` are numbers of articles. `paragraphs`
    is the number of paragraphs in new and updated articles. `encoded` is the number of
    texts (paragraphs, and parts of long ones) that were encoded. The other texts already
    had an embedding. `unknown_fields` counts the articles with each field that Nutgraf
    does not know, which is stored in `extra`.
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
    unknown_fields: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: Outcome, article: Article) -> None:
        """Count an article that was put."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome != "unchanged":
            self.paragraphs += len(article.paragraphs)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as `--json` prints them."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}

    @property
    def articles(self) -> int:
        """The number of articles that were read, including rejected ones."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def outcomes(self) -> str:
        """The counts of all outcomes, as text."""
        put = f"{self.created:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged"
        return f"{put}, {self.rejected:,} rejected" if self.rejected else put

    @property
    def unknown(self) -> str:
        """The unknown fields and the numbers of their articles, as text."""
        if not self.unknown_fields:
            return ""
        fields = sorted(self.unknown_fields.items(), key=lambda one: (-one[1], one[0]))
        parts = [
            f"{printable(name):.40} in {count:,} article{'s' if count > 1 else ''}"
            for name, count in fields[:MAX_UNKNOWN]
        ]
        more = ", ..." if len(fields) > MAX_UNKNOWN else ""
        many = "1 unknown field is" if len(fields) == 1 else f"{len(fields):,} unknown fields are"
        return f"; {many} stored in extra: {', '.join(parts)}{more}"

    def __str__(self) -> str:
        noun = "paragraph" if self.paragraphs == 1 else "paragraphs"
        if self.dry_run:
            put = f"{self.outcomes}; {self.paragraphs:,} {noun} to put{self.unknown}"
            return f"nothing was written: {put}"
        known = ", all encoded before," if self.paragraphs and not self.encoded else ""
        rate = f" ({self.paragraphs / self.seconds:,.0f}/s)" if self.paragraphs else ""
        time_ = f"{self.paragraphs:,} {noun}{known} in {self.seconds:.1f} s{rate}"
        text = f"{self.outcomes}; {time_}{self.unknown}"
        return f"interrupted, and committed up to there: {text}" if self.interrupted else text


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Settings of a new index. None means the default.

    `fields` are declared in an existing index too. `device` is the GPU that encodes, and
    is not stored.
    """

    model: str | None = None
    reranker: str | None = None
    keyword_engine: Engine | None = None
    keep_boilerplate: bool = False
    lead: float | None = None
    fields: Mapping[str, DeclaredKind] = field(default_factory=dict)
    device: str | None = None


def index_sources(
    sources: Sequence[str],
    index: Path,
    index_options: IndexOptions,
    reader: ArticleReader,
    *,
    trust: bool,
) -> Summary:
    """Put the articles of `sources` into `index`, and create it if there is none.

    Returns when the clusters and stories of the index are in use, because a process that ends
    stops making them. See `index_found`.
    """
    found, size = find_files(sources), total_bytes(sources)
    return index_found(found, size, index, index_options, reader, trust=trust, wait=True)


def index_found(
    found: Iterable[Found],
    size: int | None,
    index: Path,
    index_options: IndexOptions,
    reader: ArticleReader,
    *,
    trust: bool,
    wait: bool = False,
) -> Summary:
    """Put the articles of files into `index`, and create it if there is none.

    `size` is the total size of the files in bytes, or None if it is unknown. Articles that
    cannot be indexed are reported, and the others are put. A new index is created when the
    first article is ready, so that a wrong path leaves nothing behind. After control-C, and
    after any error except a failed commit, the articles put so far are committed. Clusters and
    stories are made in the background; with `wait`, they are in use afterwards.

    Raises the errors of IndexWriter and create_index. Raises UserError if an existing index
    has another engine or model, or if there is no such device. Raises WorkerError if
    reading failed.
    """
    if index_options.device is not None:
        check_device(index_options.device)
    summary = Summary()
    declared: Mapping[str, DeclaredKind] = {}
    with (
        IndexProgress(size, reader.messages) as progress,
        closing(reader.articles(found, size, progress.read, prepare=True)) as articles,
    ):
        first = next(articles, None)
        if first is not None:
            made = _create_if_missing(index, index_options, reader.messages)
            started = time.perf_counter()
            with closing(
                IndexWriter(
                    index,
                    trust=trust or made,
                    wait=MAX_LOCK_WAIT_SECONDS,
                    device=index_options.device,
                )
            ) as writer:
                _put(writer, chain([first], articles), summary, progress, reader)
                declared = writer.declared
                summary.encoded = writer.encoded
            summary.seconds = time.perf_counter() - started
            if wait and not summary.interrupted:
                _wait(writer, summary)
    summary.rejected = reader.rejected
    summary.unknown_fields = {
        name: count for name, count in reader.unknown.items() if name not in declared
    }
    return summary


def _put(
    writer: IndexWriter,
    articles: Iterable[Article | Prepared],
    summary: Summary,
    progress: IndexProgress,
    reader: ArticleReader,
) -> None:
    """Put articles and commit them. After an error, commit those put so far."""
    try:
        with Interrupts() as interrupts:
            for item in articles:
                article = article_in(item)
                with interrupts.deferred():  # Count each article that was put.
                    try:
                        summary.count(writer.put(item), article)
                    except InputError as error:
                        reader.reject(article.id, str(error))
                    progress.put(len(article.paragraphs))
    except KeyboardInterrupt:
        summary.interrupted = True
        reader.warn("interrupted: committing the articles read so far, which takes some seconds")
    finally:
        if not writer.failed:  # An earlier commit can have failed.
            writer.commit()


def _wait(writer: IndexWriter, summary: Summary) -> None:
    """Wait until clusters and stories are in use. Control-C ends the wait."""
    try:
        writer.wait_for_threads()
    except KeyboardInterrupt:
        summary.interrupted = True


def _create_if_missing(index: Path, index_options: IndexOptions, messages: Console) -> bool:
    """Create the index if there is none. Return whether it was created.

    Raises UserError if an existing index does not match `index_options`.
    """
    if (index / MANIFEST).exists():
        _check_options(index, index_options)
        if index_options.reranker is not None:
            raise UserError(
                f"{index} already exists: run 'nutgraf reranker {index_options.reranker} "
                f"-i {index}' to set its reranker"
            )
        declare_fields(index, index_options.fields)
        return False
    name = index_options.model or DEFAULT_MODEL
    wait = "" if exported_encoder(name) else ": this takes some 10 s, once"
    messages.print(Text(f"creating {index} with the encoder {name}{wait}", "dim"), soft_wrap=True)
    engine = index_options.keyword_engine or "tantivy"
    create_index(
        index,
        model=name,
        reranker=index_options.reranker,
        keyword_engine=engine,
        keep_boilerplate=index_options.keep_boilerplate,
        fields=index_options.fields,
        lead=LEAD if index_options.lead is None else index_options.lead,
    )
    return True


def _check_options(index: Path, index_options: IndexOptions) -> None:
    manifest = Manifest.read(index)
    model, engine = index_options.model, index_options.keyword_engine
    if index_options.keep_boilerplate and not manifest.keep_boilerplate:
        raise UserError(
            f"{index} was created without --keep-boilerplate: omit the option, or name a new "
            "index with -i"
        )
    exported = None if model is None else exported_encoder(model)
    if exported is not None:
        model = EncoderConfig.read(exported).name
    for option, wanted, has in (
        ("--model", model, manifest.encoder.name),
        ("--keyword-engine", engine, manifest.keyword_engine),
        ("--lead", index_options.lead, manifest.lead),
    ):
        if wanted not in (None, has):
            raise UserError(
                f"{index} was created with {option} {has}, not {wanted}: omit the option, or "
                "name a new index with -i"
            )
