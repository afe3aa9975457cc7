"""Time pages, sorts and facets; print the ratios as a Markdown table.

    python benchmarks/pages.py

The index has 24,000 paragraphs of the sample articles' sentences in random order, with stand-in
embeddings. The time of a page must not grow with its depth: each row compares two pages of the same
walk, or a question with and without an option, in turns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from run import EmbeddingCache, Row, make_articles, take_turns

from nutgraf.index import create_index
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.writing.parts import PartsWriter
from nutgraf.search import Filters, Response, Searcher, SearchRequest

PARAGRAPHS: Final = 24_000

QUESTION: Final = "flood homes river council"
"""Words that a fifth of the paragraphs contain."""

ROUNDS: Final = 25


def main() -> None:
    """Print the table."""
    print("| benchmark | measured | ratio | target |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "news.index"
        build(index)
        with Searcher(index) as searcher:
            searcher.warm()
            for what, measured, ratio, target in measure(searcher):
                print(f"| {what} | {measured} | {ratio} | {target} |", flush=True)


def build(index: Path) -> None:
    create_index(index)
    manifest = Manifest.read(index)
    dimension = OnnxEncoder.open(index / "encoder").dimension
    known = EmbeddingCache(dimension)
    with PartsWriter(manifest.parts(index), manifest, trust=False, encoder=known) as writer:
        for article in make_articles(PARAGRAPHS):
            writer.put(article)


def measure(searcher: Searcher) -> Iterator[Row]:
    walks: dict[str, dict[str, Any]] = {
        "listing of articles, newest first": {"group": "article"},
        "listing of paragraphs": {},
        "words by relevance": {"q": QUESTION},
        "words by article": {"q": QUESTION, "group": "article"},
        "words, newest first": {"q": QUESTION, "group": "article", "sort": "newest"},
    }
    for name, options in walks.items():
        first = SearchRequest(**options)
        hits, deep = last_page(searcher, first)
        yield compared(
            f"{name}: last of {hits:,} hits : first page",
            lambda: searcher.search(deep),  # noqa: B023
            lambda: searcher.search(first),  # noqa: B023
            "<= 1.3 x",
        )
    asked = SearchRequest(QUESTION, group="article")
    yield compared(
        "two facets : none",
        lambda: searcher.search(asked, facets=("section", "published:month")),
        lambda: searcher.search(asked),
        "<= 1.3 x",
    )
    yield compared(
        "two facets of everything : none",
        lambda: searcher.search(group="article", facets=("section", "published:month")),
        lambda: searcher.search(group="article"),
        "",
    )
    yield compared(
        "without a section : with all sections",
        lambda: searcher.search(asked, filters=Filters(where="-section:weather")),
        lambda: searcher.search(asked),
        "",
    )
    yield compared(
        "by article : by paragraph",
        lambda: searcher.search(asked),
        lambda: searcher.search(QUESTION),
        "<= 1.4 x",
    )


def last_page(searcher: Searcher, first: SearchRequest) -> tuple[int, SearchRequest]:
    """Walk to the last page; return the number of hits and its request."""
    page: Response = searcher.search(first, limit=100)
    cursor = None
    while page.next is not None:
        cursor = page.next
        page = searcher.search(first, limit=100, cursor=cursor)
    fields = {name: getattr(first, name) for name in ("group", "sort")}
    return page.total.value, SearchRequest(first.q, cursor=cursor, **fields)


def compared(what: str, one: Callable[[], object], other: Callable[[], object], target: str) -> Row:
    mine, theirs = take_turns(one, other, rounds=ROUNDS)
    return (
        what,
        f"{mine * 1000:.1f} : {theirs * 1000:.1f} ms",
        f"{mine / theirs:.2f} x",
        target,
    )


if __name__ == "__main__":
    main()
