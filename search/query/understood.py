"""Dates and names in plain words of a question, offered as filters.

Plain words never exclude. A question "reuters october 2019" searches its words, and the response
offers the source and the month as filters, which a page can show as buttons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from nutgraf.index.analysis.languages import primary_language
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.builder import read_question
from nutgraf.search.query.dates_in_words import find_dates
from nutgraf.search.query.filter_values import Known, Values, asked_values, resolved, unknown_values
from nutgraf.search.query.names_in_words import NAMED_FIELDS, PossibleName, possible_names
from nutgraf.search.query.question import Question
from nutgraf.search.request.dates import utc
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Understood

__all__ = ["Understanding", "read_understood", "understand"]

_OPERATORS: Final = re.compile(
    r"""
    [+-]?\b\w+:(?:"[^"]*"|'[^']*'|[\[{][^\]}]*[\]}]|[^\s()]+)  # source:bbc
    | [+-]?"[^"]*"
    | (?<![^\s(])[+-](?:\([^()]*\)|\S+)
    | \bNOT\s+(?:\([^()]*\)|\S+)
    | \S*[*~]\S*
    """,
    re.VERBOSE,
)
_QUOTES: Final = str.maketrans("“”„\x00", '""" ')
_BLANK: Final = "\x00"


@dataclass(frozen=True, slots=True)
class Understanding:
    """A request and the offers of filters for the words of its question.

    The filters of `request` have values as articles have them. `unknown` has the field and the
    value of each filter value that no article has.
    """

    request: SearchRequest
    understood: tuple[Understood, ...]
    unknown: Values


def understand(
    index: IndexReader, request: SearchRequest, *, now: datetime | None = None
) -> Understanding:
    """Find the dates and names in the words of a question, and the values of filters.

    Words with an operator, such as "phrases", -not and field:word, are conditions already, and are
    not looked at. A field that has a filter gets no other. `now` is the time for relative dates, by
    default the current time.
    """
    plain = _plain_words(request.q)
    filters = request.filters
    asked = asked_values(index, filters)
    names = possible_names(plain)
    free = [field for field in NAMED_FIELDS if field not in asked]
    words = [name.value for name in names]
    known = index.known_values(asked | dict.fromkeys(free, words))
    found = [*_named(index, plain, names, {field: known.get(field, {}) for field in free})]
    if filters.published_from is None and filters.published_to is None:
        found += _dated(index, plain, utc(now or datetime.now(UTC)))
    meant = resolved(index, filters, known)
    return Understanding(
        request if meant is filters else replace(request, filters=meant),
        tuple(_longest(found)),
        unknown_values(index, filters, known),
    )


def read_understood(
    index: IndexReader, request: SearchRequest, now: datetime
) -> tuple[Understanding, Question]:
    """Understand a request, and parse its question with its dates and names."""
    understanding = understand(index, request, now=now)
    question = read_question(index, understanding.request, now)
    return understanding, replace(question, understood=understanding.understood)


def _plain_words(question: str) -> str:
    """Return the question with a NUL for each character that belongs to an operator."""
    text = question.translate(_QUOTES)
    return _OPERATORS.sub(lambda match: _BLANK * len(match[0]), text)


def _dated(index: IndexReader, plain: str, now: datetime) -> Iterator[Understood]:
    for date in find_dates(plain, now, primary_language(index.language)):
        ends = {"published_from": date.first.isoformat(), "published_to": date.last.isoformat()}
        yield Understood(plain[date.start : date.end], date.start, date.end, ends)


def _named(
    index: IndexReader, plain: str, names: Sequence[PossibleName], known: Known
) -> Iterator[Understood]:
    found = set[str]().union(*known.values())
    for name in names:
        if name.value not in found or not _is_meant(index, plain, name):
            continue
        for field, values in known.items():
            if meant := values.get(name.value):
                text = plain[name.start : name.end]
                yield Understood(text, name.start, name.end, {field: meant[0]})


def _is_meant(index: IndexReader, plain: str, name: PossibleName) -> bool:
    """Tell whether words that equal a value can be its name.

    A question of a single word asks for the word. "us" in lower case is no name of a section US.
    """
    if name.words > 1:
        return True
    alone = not any(map(str.isalnum, plain[: name.start] + plain[name.end :]))
    lower = name.value.islower()
    return not alone and not (lower and index.question_analyzer().is_stop(name.value))


def _longest(found: Sequence[Understood]) -> Iterator[Understood]:
    """Yield the longest of nested offers, each filter once, in text order."""
    offered: list[object] = []
    for one in sorted(found, key=lambda each: (each.start, each.end)):
        inside = any(
            other.start <= one.start
            and one.end <= other.end
            and (one.end - one.start) < (other.end - other.start)
            for other in found
        )
        if not inside and one.filters not in offered:
            offered.append(one.filters)
            yield one
