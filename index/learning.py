"""Learning boilerplate: what a source repeats word for word in many of its articles.

The versions of one story repeat ordinary paragraphs, and an agency its account
of what led up to something. So a text counts as boilerplate only where it
stands in a good share of a source's articles, and these have otherwise little
in common. Articles without a source are one source.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from nutgraf.index.boilerplate import MAX_BOILERPLATE
from nutgraf.index.records import Recurring, text_digest
from nutgraf.index.rows import ArticleRows

__all__ = ["MIN_ARTICLES", "learn"]

MIN_ARTICLES: Final = 10
"""Different stories in which a text has to stand."""

MIN_SHARE: Final = 0.05
"""Share of its source's articles in which it has to stand: background is in far fewer."""

SAME: Final = 0.5
"""Two articles that share more of their characters than this, the text aside, are one story."""

SAMPLE: Final = 40
"""Articles, the newest that hold a text, that are compared with one another."""

TOGETHER: Final = 500
"""Texts that are looked up in one statement."""


def learn(
    connection: sqlite3.Connection, articles: Sequence[ArticleRows]
) -> Iterator[tuple[Recurring, list[int]]]:
    """Yield what of the texts of articles that were just written turns out to be boilerplate.

    With each come the living rows that hold it. Each text is looked up in an
    index, and few are looked at any closer.
    """
    run = connection.execute

    @cache
    def needed(source: str) -> int:
        statement = "SELECT count(*) FROM articles WHERE source IS ? AND removed IS NULL"
        ((many,),) = run(statement, (source or None,))
        return max(MIN_ARTICLES, math.ceil(MIN_SHARE * int(many)))

    for text in _frequent(connection, list(_candidates(articles)), MIN_ARTICLES):
        if _frequent(connection, [text], needed(text.source)):
            found = _living(connection, text)
            newest = dict(sorted(found.items(), reverse=True)[:SAMPLE])
            if len(found) >= needed(text.source) and _differ(connection, text, newest):
                yield text, [row for _, rows in found.values() for row in rows]


def _frequent(
    connection: sqlite3.Connection, texts: Sequence[Recurring], least: int
) -> list[Recurring]:
    """Return those of the texts that `least` rows hold, dead ones among them."""
    found = []
    for start in range(0, len(texts), TOGETHER):
        some = texts[start : start + TOGETHER]
        marks = ",".join(["(?)"] * len(some))
        # Each is looked up in the index, and no further than it takes to tell.
        statement = (
            f"WITH asked(digest) AS (VALUES {marks}) SELECT digest FROM asked WHERE "
            "(SELECT 1 FROM paragraphs WHERE digest = asked.digest LIMIT 1 OFFSET ?)"
        )
        asked = (*(text.digest for text in some), least - 1)
        many = {digest for (digest,) in connection.execute(statement, asked)}
        found += [text for text in some if text.digest in many]
    return found


def _candidates(articles: Sequence[ArticleRows]) -> dict[Recurring, None]:
    return {
        Recurring(put.article.source or "", text_digest(row.text)): None
        for put in articles
        for row in put.rows
        if not row.part and not row.boilerplate and len(row.text) <= MAX_BOILERPLATE
    }


def _living(
    connection: sqlite3.Connection, text: Recurring
) -> dict[int, tuple[tuple[Any, ...], list[int]]]:
    """Return the living articles of the source that hold the text, by number, and its rows."""
    found: dict[int, tuple[tuple[Any, ...], list[int]]] = {}
    rows = connection.execute("SELECT row FROM paragraphs WHERE digest = ?", (text.digest,))
    for (row,) in rows.fetchall():
        number, first, many, title, source, removed = connection.execute(
            "SELECT number, first_row, rows, title, source, removed FROM articles "
            "WHERE first_row <= ? ORDER BY first_row DESC LIMIT 1",
            (row,),
        ).fetchone()
        if removed is None and (source or "") == text.source:
            found.setdefault(number, ((title, first, first + many), []))[1].append(row)
    return found


def _differ(
    connection: sqlite3.Connection,
    text: Recurring,
    articles: dict[int, tuple[tuple[Any, ...], list[int]]],
) -> bool:
    """Tell whether there are MIN_ARTICLES different stories among the articles."""
    stories: list[tuple[str, dict[bytes, int]]] = []
    for (title, first, stop), _ in articles.values():
        others = connection.execute(
            "SELECT digest, length(text) FROM paragraphs "
            "WHERE row >= ? AND row < ? AND digest != ?",
            (first, stop, text.digest),
        )
        mine = dict(others.fetchall())
        if not any(title == one or _is_same(mine, theirs) for one, theirs in stories):
            stories.append((title, mine))
    return len(stories) >= MIN_ARTICLES


def _is_same(mine: dict[bytes, int], theirs: dict[bytes, int]) -> bool:
    shorter = min(sum(mine.values()), sum(theirs.values()))
    shared = sum(length for digest, length in mine.items() if digest in theirs)
    return shared > SAME * shorter or not shorter
