"""Learning boilerplate: texts that a source repeats verbatim in many articles.

Repetition alone does not make a text boilerplate: versions of one story repeat
ordinary paragraphs, and a news agency repeats its background paragraphs. A text
is boilerplate if a large share of the source's articles contain it and these
articles are different stories. Two articles are the same story if they have the
same title, or if most of their other text is the same. Nothing is learned from
a source with few articles. All articles without a source count as one source.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence, Set
from typing import Final

from nutgraf.index.analysis.boilerplate import MAX_BOILERPLATE
from nutgraf.index.catalog.compression import DamagedTextError, stored_size
from nutgraf.index.catalog.records import RecurringText, text_digest
from nutgraf.index.catalog.rows import ArticleRows

__all__ = ["MIN_ARTICLES", "MIN_SOURCE", "learn_boilerplate"]

MIN_SOURCE: Final = 100
"""Number of living articles that a source needs for boilerplate to be learned.

The first 10 articles of a source may all be from one week and repeat the same
background paragraphs.
"""

MIN_ARTICLES: Final = 10
"""Number of articles, and of different stories, that must contain a text."""

MIN_SHARE: Final = 0.05
"""Share of the source's articles that must contain a text.

Background paragraphs are in a far smaller share.
"""

SAME_STORY_SHARE: Final = 0.5
"""Share of equal text above which two articles are the same story.

The share is the size of the paragraphs that both articles have, divided by the
size of the shorter article, in bytes of UTF-8. The text that may be
boilerplate is not counted.
"""

STORY_SAMPLE: Final = 40
"""Number of the newest articles with a text that are compared with each other."""

_FROM_ROWS_HOLDING: Final = (
    "FROM paragraphs CROSS JOIN articles ON first_row = "
    "(SELECT max(first_row) FROM articles WHERE first_row <= row) "
    "WHERE paragraphs.digest = ?1 AND substr(paragraphs.digest, 1, 6) = substr(?1, 1, 6) "
    "AND +removed IS NULL"  # Plus: use the first_row index.
)
"""SQL clause: the living rows with the digest ?1, and their articles."""

_HoldingArticle = tuple[str, int, int]
"""An article that contains a text: its title, first row, and last row + 1."""


def learn_boilerplate(
    connection: sqlite3.Connection, articles: Sequence[ArticleRows], learned: Set[RecurringText]
) -> Iterator[tuple[RecurringText, list[int]]]:
    """Yield the texts that newly written articles have made boilerplate.

    Each text is yielded with the living rows that contain it. The texts in `learned` are
    skipped: new rows with such a text are marked as boilerplate before they are written,
    except in an article that has no other text.

    The cost is low. Sources with too few articles are skipped before any text is
    queried. A text is queried once for all its sources, and few texts need more than
    this query.
    """
    min_articles = _min_articles(connection, {put.article.source or "" for put in articles})
    for digest, sources in _candidates(articles, min_articles, learned).items():
        least = min(min_articles[source] for source in sources)
        if not _is_frequent(connection, digest, least):
            continue
        statement = (
            f"SELECT coalesce(source, ''), count(DISTINCT number) {_FROM_ROWS_HOLDING} "
            "GROUP BY coalesce(source, '')"
        )
        for source, held in connection.execute(statement, (digest,)).fetchall():
            text = RecurringText(source, digest)
            if (
                source in sources
                and held >= min_articles[source]
                and _in_different_stories(connection, text)
            ):
                yield text, _rows_of(connection, text)


def _min_articles(connection: sqlite3.Connection, sources: set[str]) -> dict[str, int]:
    """Return how many articles must contain a text, by source; omit small sources."""
    statement = "SELECT count(*) FROM articles WHERE source IS ? AND removed IS NULL"
    counted = (
        (source, int(connection.execute(statement, (source or None,)).fetchone()[0]))
        for source in sorted(sources)
    )
    return {
        source: max(MIN_ARTICLES, math.ceil(MIN_SHARE * articles))
        for source, articles in counted
        if articles >= MIN_SOURCE
    }


def _candidates(
    articles: Sequence[ArticleRows], min_articles: dict[str, int], learned: Set[RecurringText]
) -> dict[bytes, dict[str, None]]:
    """Return the digests of texts that may be boilerplate, each with its sources.

    These are the sources of the new articles that contain the text.
    """
    found: dict[bytes, dict[str, None]] = {}
    for put in articles:
        source = put.article.source or ""
        if source in min_articles:
            for row in put.rows:
                if row.part or row.boilerplate or len(row.text) > MAX_BOILERPLATE:
                    continue
                digest = text_digest(row.text)
                if RecurringText(source, digest) not in learned:
                    found.setdefault(digest, {})[source] = None
    return found


def _is_frequent(connection: sqlite3.Connection, digest: bytes, least: int) -> bool:
    # The beginning of the digest suffices to exclude almost all texts, and needs no row.
    statement = (
        "SELECT count(*) FROM (SELECT 1 FROM paragraphs "
        "WHERE substr(digest, 1, 6) = substr(?, 1, 6) LIMIT ?)"
    )
    return bool(connection.execute(statement, (digest, least)).fetchone()[0] == least)


def _rows_of(connection: sqlite3.Connection, text: RecurringText) -> list[int]:
    statement = f"SELECT row {_FROM_ROWS_HOLDING} AND +source IS ?2 ORDER BY row"
    found = connection.execute(statement, (text.digest, text.source or None))
    return [row for (row,) in found.fetchall()]


def _newest(connection: sqlite3.Connection, text: RecurringText) -> list[_HoldingArticle]:
    statement = (
        f"SELECT DISTINCT title, first_row, first_row + rows {_FROM_ROWS_HOLDING} "
        "AND +source IS ?2 ORDER BY first_row DESC LIMIT ?3"
    )
    return connection.execute(
        statement, (text.digest, text.source or None, STORY_SAMPLE)
    ).fetchall()


def _in_different_stories(connection: sqlite3.Connection, text: RecurringText) -> bool:
    """Tell whether the newest articles with a text are at least MIN_ARTICLES stories."""
    stories: list[tuple[str, dict[bytes, int]]] = []
    for title, first, stop in _newest(connection, text):
        others = connection.execute(
            "SELECT digest, text FROM paragraphs WHERE row >= ? AND row < ? AND digest != ?",
            (first, stop, text.digest),
        )
        mine = {digest: _size(stored) for digest, stored in others.fetchall()}
        if not any(title == one or _is_same_story(mine, theirs) for one, theirs in stories):
            stories.append((title, mine))
    return len(stories) >= MIN_ARTICLES


def _size(stored: bytes) -> int:
    try:
        return stored_size(stored)
    except DamagedTextError:
        return 0


def _is_same_story(mine: dict[bytes, int], theirs: dict[bytes, int]) -> bool:
    shorter = min(sum(mine.values()), sum(theirs.values()))
    shared = sum(length for digest, length in mine.items() if digest in theirs)
    return shared > SAME_STORY_SHARE * shorter or not shorter
