"""What `nutgraf index` does: sources into an index, with progress and a summary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nutgraf.api.options import PATIENCE
from nutgraf.api.progress import IndexProgress
from nutgraf.api.terminal import printable
from nutgraf.index.article import Article
from nutgraf.index.creation import create_index, exported_encoder
from nutgraf.index.encoder import DEFAULT_MODEL, EncoderConfig
from nutgraf.index.errors import UserError
from nutgraf.index.keywords import Engine
from nutgraf.index.layout import MANIFEST
from nutgraf.index.manifest import Manifest
from nutgraf.index.sources import Flagged, ReadOptions, Rejected, Skipped, read_sources, total_bytes
from nutgraf.index.writer import IndexWriter, Outcome

__all__ = ["Summary", "index_sources"]


@dataclass(slots=True)
class Summary:
    """What came of it, counted in articles but for `paragraphs`, which were put."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    paragraphs: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def count(self, outcome: Outcome, article: Article) -> None:
        """Count an article that was put."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome != "unchanged":
            self.paragraphs += len(article.paragraphs)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as `--json` gives them."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}

    def __str__(self) -> str:
        counts = f"{self.created:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged"
        rejected = f", {self.rejected:,} rejected" if self.rejected else ""
        rate = f" ({self.paragraphs / self.seconds:,.0f}/s)" if self.paragraphs else ""
        noun = "paragraph" if self.paragraphs == 1 else "paragraphs"
        text = f"{counts}{rejected}; {self.paragraphs:,} {noun} in {self.seconds:.1f} s{rate}"
        return f"interrupted, and committed until there: {text}" if self.interrupted else text


def index_sources(
    sources: Sequence[str],
    index: Path,
    *,
    model: str | None,
    reranker: str | None,
    keyword_engine: Engine | None,
    trust: bool,
    messages: Console,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
) -> Summary:
    """Put the articles of `sources` into `index`, making it if there is none.

    What cannot be indexed is told on `messages`, and the rest goes on. The
    index is made when the first article is there to be put, so a mistaken
    path leaves nothing behind. `options` say how to read them, `model`,
    `reranker` and `keyword_engine` choose for a new index.

    Raises what IndexWriter and create_index raise, and UserError where an
    existing index was made with another engine or model.
    """
    summary = Summary()
    with IndexProgress(total_bytes(sources), messages) as progress:
        articles = _articles(sources, options, progress, summary, messages)
        first = next(articles, None)
        if first is None:
            return summary
        made = _make_if_none(index, model, reranker, keyword_engine, messages)
        started = time.perf_counter()
        with closing(IndexWriter(index, trust=trust or made, wait=PATIENCE)) as writer:
            try:
                for article in chain([first], articles):
                    summary.count(writer.put(article), article)
                    progress.put(len(article.paragraphs))
            except KeyboardInterrupt:
                # What was read is worth keeping, unless it came in the midst of a commit.
                summary.interrupted = True
            if not writer.failed:
                writer.commit()
        summary.seconds = time.perf_counter() - started
    return summary


def _articles(
    sources: Sequence[str],
    options: ReadOptions,
    progress: IndexProgress,
    summary: Summary,
    messages: Console,
) -> Iterator[Article]:
    for item in read_sources(sources, progress.read, options):
        if isinstance(item, Article):
            yield item
        elif isinstance(item, Skipped):
            messages.print(Text(f"skipped  {printable(str(item))}", "dim"), soft_wrap=True)
        elif isinstance(item, Flagged):
            messages.print(Text(f"flagged  {printable(str(item))}", "yellow"), soft_wrap=True)
        elif isinstance(item, Rejected):
            summary.rejected += 1
            messages.print(Text(f"rejected {printable(str(item))}", "red"), soft_wrap=True)


def _make_if_none(
    index: Path,
    model: str | None,
    reranker: str | None,
    engine: Engine | None,
    messages: Console,
) -> bool:
    """Make the index, or check that an existing one is what was asked for; tell if it was made."""
    if (index / MANIFEST).exists():
        _check_choices(index, model, engine)
        if reranker is not None:
            raise UserError(
                f"{index} is there already: 'nutgraf reranker {reranker} -i {index}' gives it a "
                "reranker"
            )
        return False
    name = model or DEFAULT_MODEL
    wait = "" if exported_encoder(name) else ": some 10 s, once"
    messages.print(Text(f"making {index} with the encoder {name}{wait}", "dim"), soft_wrap=True)
    create_index(index, model=name, reranker=reranker, keyword_engine=engine or "tantivy")
    return True


def _check_choices(index: Path, model: str | None, engine: Engine | None) -> None:
    manifest = Manifest.read(index)
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
