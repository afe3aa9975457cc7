"""Learning boilerplate: what a source repeats word for word in many of its articles.

The versions of one story repeat ordinary paragraphs, and an agency its account
of what led up to something. So a text counts as boilerplate only where it
stands in a good share of a source's articles, and these have otherwise little
in common. A source of which there are few articles teaches nothing. Articles
without a source are one source.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence, Set
from typing import Final

from nutgraf.index.analysis.boilerplate import MAX_BOILERPLATE
from nutgraf.index.catalog.records import RecurringText, text_digest
from nutgraf.index.catalog.rows import ArticleRows

__all__ = ["MIN_ARTICLES", "MIN_SOURCE", "learn_boilerplate"]

MIN_SOURCE: Final = 100
"""Living articles of a source from which it is learned: of the first ten, all may be of one week,
and repeat its background."""

MIN_ARTICLES: Final = 10
"""Different stories in which a text has to stand."""

MIN_SHARE: Final = 0.05
"""Share of its source's articles in which it has to stand: background is in far fewer."""

SAME_STORY_SHARE: Final = 0.5
"""Two articles that share more of their characters than this, the text aside, are one story."""

STORY_SAMPLE: Final = 40
"""Articles, the newest that hold a text, that are compared with one another."""

_FROM_ROWS_HOLDING: Final = (
    "FROM paragraphs CROSS JOIN articles ON first_row = "
    "(SELECT max(first_row) FROM articles WHERE first_row <= row) "
    "WHERE paragraphs.digest = ? AND +removed IS NULL"  # Plus: SQLite keeps to first_row.
)
"""The rows that hold a text, with their living articles."""

_HoldingArticle = tuple[str, int, int]
"""An article that holds a text: its title, and its rows from the first to before the last."""


def learn_boilerplate(
    connection: sqlite3.Connection, articles: Sequence[ArticleRows], learned: Set[RecurringText]
) -> Iterator[tuple[RecurringText, list[int]]]:
    """Yield what of the texts of articles that were just written turns out to be boilerplate.

    What is `learned` already is passed over, as an article of nothing else has it.
    With each come the living rows that hold it. Sources with too few articles
    are passed over before any text is looked up; a text is looked up once,
    however many sources have it, and hardly any is looked at any closer.
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
    """Return in how many articles a text has to stand, of the sources that are learned from."""
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
    """Return the digests of what may be boilerplate, each with the sources that just had it."""
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
    statement = "SELECT count(*) FROM (SELECT 1 FROM paragraphs WHERE digest = ? LIMIT ?)"
    return bool(connection.execute(statement, (digest, least)).fetchone()[0] == least)


def _rows_of(connection: sqlite3.Connection, text: RecurringText) -> list[int]:
    statement = f"SELECT row {_FROM_ROWS_HOLDING} AND +source IS ? ORDER BY row"
    found = connection.execute(statement, (text.digest, text.source or None))
    return [row for (row,) in found.fetchall()]


def _newest(connection: sqlite3.Connection, text: RecurringText) -> list[_HoldingArticle]:
    statement = (
        f"SELECT DISTINCT title, first_row, first_row + rows {_FROM_ROWS_HOLDING} AND +source IS ? "
        "ORDER BY first_row DESC LIMIT ?"
    )
    return connection.execute(
        statement, (text.digest, text.source or None, STORY_SAMPLE)
    ).fetchall()


def _in_different_stories(connection: sqlite3.Connection, text: RecurringText) -> bool:
    """Tell whether there are MIN_ARTICLES different stories among the newest that hold a text."""
    stories: list[tuple[str, dict[bytes, int]]] = []
    for title, first, stop in _newest(connection, text):
        others = connection.execute(
            "SELECT digest, length(text) FROM paragraphs "
            "WHERE row >= ? AND row < ? AND digest != ?",
            (first, stop, text.digest),
        )
        mine = dict(others.fetchall())
        if not any(title == one or _is_same_story(mine, theirs) for one, theirs in stories):
            stories.append((title, mine))
    return len(stories) >= MIN_ARTICLES


def _is_same_story(mine: dict[bytes, int], theirs: dict[bytes, int]) -> bool:
    shorter = min(sum(mine.values()), sum(theirs.values()))
    shared = sum(length for digest, length in mine.items() if digest in theirs)
    return shared > SAME_STORY_SHARE * shorter or not shorter
