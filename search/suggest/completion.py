"""Completions of typed text: titles, then names and other phrases, then words.

Words are compared in their folded form, so case, accents and signs between words make no
difference. A phrase or a word replaces only the last typed words. A title replaces the complete
typed text. After another word, a phrase or a word is offered only if it follows that word in a
title or a text, or if it is a name after a stop word. Without such completions, typed words are
corrected.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice, product
from typing import Any, Final, Literal

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader, TermCount, Title
from nutgraf.index.schema import TEXT_FIELDS
from nutgraf.search.errors import RequestError
from nutgraf.search.request.search_request import MAX_QUESTION
from nutgraf.search.request.validation import check_kind, check_range, check_text
from nutgraf.search.suggest.misspelling import typing_cost

__all__ = ["MAX_COMPLETIONS", "Completion", "Completions", "Kind", "check_completion", "complete"]

Kind = Literal["title", "phrase", "word"]

MAX_COMPLETIONS: Final = 20
"""Maximum number of completions in one response."""

MAX_TYPED: Final = 200
"""Maximum number of characters that are read, from the end of the typed text.

The index stores the start of each title, and this start is not longer.
"""

MAX_PHRASE: Final = 4
"""Maximum number of typed words, the last ones, that a phrase can begin with."""

MAX_CANDIDATES: Final = 64
"""Maximum number of candidates of one kind, the most frequent ones."""

RECOGNISED: Final = 3
"""Minimum number of typed letters of a name that is offered after any stop word."""

LONG: Final = 5
"""Minimum number of letters of a typed word that is corrected."""

TRIED: Final = 3
"""Maximum number of corrections of a typed text that are tried."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion of a typed question.

    `article` is the id of the newest article with the title; it is None for phrases and words.
    `count` is the number of articles with the title, the phrase or the word.
    """

    text: str
    kind: Kind
    article: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Completions:
    """The completions of a typed text, best first."""

    q: str
    suggestions: tuple[Completion, ...]
    took_ms: float
    snapshot: int

    def to_dict(self) -> dict[str, Any]:
        """Return the completions in their form as JSON."""
        return {
            "q": self.q,
            "suggestions": [asdict(one) for one in self.suggestions],
            "took_ms": round(self.took_ms, 2),
            "snapshot": self.snapshot,
        }


def check_completion(q: str, limit: int) -> None:
    """Check a request for completions; an empty `q` is valid.

    Raises RequestError if `q` or `limit` is not valid.
    """
    check_kind("q", q, str)
    check_text("q", q)
    if len(q) > MAX_QUESTION:
        raise RequestError(
            "q", f"is {len(q):,} characters long; at most {MAX_QUESTION:,} are allowed"
        )
    check_kind("limit", limit, int)
    check_range("limit", limit, 1, MAX_COMPLETIONS)


def complete(index: IndexReader, q: str, limit: int) -> Completions:
    """Return up to `limit` completions of a typed text, each once.

    Titles come before phrases. If there are enough of both, each kind gets half of `limit`. If
    there are fewer than `limit` of both together, words follow. Raises BrokenIndexError if the
    suggestions of the index are missing or damaged.
    """
    started = time.perf_counter()
    typed = _Typed.read(q, index.analyzer(None))
    found: list[Completion] = []
    if typed is not None and index.sequence:
        found = _found(index, typed, limit)
        if not found:
            tried = (_found(index, again, limit) for again in _retyped(index, typed))
            found = next(filter(None, tried), [])
    return Completions(
        q, tuple(found[:limit]), (time.perf_counter() - started) * 1000, index.sequence
    )


def _found(index: IndexReader, typed: _Typed, limit: int) -> list[Completion]:
    titles = _titles(index, typed, limit)
    phrases = list(islice(_phrases(index, typed), limit))
    room = max(limit - len(phrases), (limit + 1) // 2)
    found = _distinct([*titles[:room], *phrases], index.analyzer(None))
    if len(found) < limit:
        found = _distinct([*found, *_words(index, typed)], index.analyzer(None))
    return found


@dataclass(frozen=True, slots=True)
class _Typed:
    """The last words of a typed text, folded, and their positions.

    `whole` is True if these are all words of the text. `going_on` is True if the last word may be
    incomplete. `corrected` is True if `q` is not the typed text, but its correction.
    """

    q: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    whole: bool
    going_on: bool
    corrected: bool = False

    @classmethod
    def read(cls, q: str, analyzer: Analyzer) -> _Typed | None:
        """Read the typed text; return None if it has no word."""
        cut = max(0, len(q) - MAX_TYPED)
        tokens = analyzer.tokens(q[cut:])
        if cut:
            tokens = tokens[1:]  # The first word may have lost its beginning.
        if not tokens:
            return None
        places = [(cut + token.start, cut + token.end) for token in tokens]
        return cls(
            q,
            tuple(analyzer.fold(q[start:end]) for start, end in places),
            tuple(start for start, _ in places),
            tuple(end for _, end in places),
            not cut,
            places[-1][1] == len(q),
        )

    def last(self, many: int) -> str:
        """Return the prefix of all keys that continue the last `many` words."""
        return " ".join(self.words[-many:]) + ("" if self.going_on else " ")

    def with_last(self, many: int, text: str) -> str:
        """Return the typed text with `text` in place of its last `many` words."""
        return self.q[: self.starts[-many]] + text


def _titles(index: IndexReader, typed: _Typed, limit: int) -> list[Completion]:
    """Return titles that begin with the typed text, then titles that contain it later."""
    if not typed.whole:
        return []
    suggestions, analyzer = index.suggestions, index.analyzer(None)
    start = typed.last(len(typed.words))
    typed_key = " ".join(typed.words)
    found: dict[str, Title] = {}
    for later in (False, True):
        for title in suggestions.titles(start, MAX_CANDIDATES, later=later):
            key = analyzer.key(title.text)
            if key not in found and key != typed_key and f" {start}" in f" {key}":
                found[key] = title
            if len(found) == limit:
                break
        if len(found) == limit:
            break
    counts = suggestions.title_counts(list(found))
    return [
        Completion(title.text, "title", title.article, count)
        for title, count in zip(found.values(), counts, strict=True)
    ]


def _phrases(index: IndexReader, typed: _Typed) -> Iterator[Completion]:
    """Yield phrases that continue the last words of the typed text.

    All phrases continue the same number of last words: the highest number for which there are any.
    """
    seen: set[str] = set()
    for many in range(min(MAX_PHRASE, len(typed.words)), 0, -1):
        if seen:
            return
        start = typed.last(many)
        found = _by_count(index.suggestions.phrases(start, MAX_CANDIDATES))
        for one in found if many > 1 else _phrases_after(index, typed, found):
            if one.key not in seen and (typed.corrected or one.key != start):
                seen.add(one.key)
                yield Completion(typed.with_last(many, one.text), "phrase", None, one.count)


def _words(index: IndexReader, typed: _Typed) -> Iterator[Completion]:
    """Yield words that begin with the last typed word, if it may be incomplete."""
    if not typed.going_on:
        return
    found = _by_count(index.suggestions.words(typed.last(1), MAX_CANDIDATES))
    wanted = [
        one
        for one in found
        if (typed.corrected or one.key != typed.last(1))
        and not index.analyzer(None).is_stop(one.key)
    ]
    for one in _after(index, typed, wanted):
        yield Completion(typed.with_last(1, one.text), "word", None, one.count)


def _phrases_after(
    index: IndexReader, typed: _Typed, found: Sequence[TermCount]
) -> Sequence[TermCount]:
    """Return the phrases that can follow the typed words before the last one.

    After a stop word, all phrases can whose beginning is recognised: "who is jan". But if this
    beginning is a word, it is probably complete: "who won" does not begin "who Wonder Woman".
    """
    stands = _after(index, typed, found)
    word = typed.words[-1]
    if len(typed.words) == 1 or not index.analyzer(None).is_stop(typed.words[-2]):
        return stands
    if len(word) < RECOGNISED or _is_known(index, word, going_on=False):
        return stands
    return [*stands, *(one for one in found if one not in stands)]


def _after(index: IndexReader, typed: _Typed, found: Sequence[TermCount]) -> Sequence[TermCount]:
    """Return the words or phrases that stand after the last but one typed word.

    Some paragraph or title of the index has them side by side. A single typed word has none before.
    """
    if len(typed.words) == 1 or not found:
        return found
    analyzer = index.question_analyzer()
    before = analyzer.stems(typed.words[-2])
    queries = [
        query.Or(
            [
                query.Phrase(field, [one, other])
                for field in TEXT_FIELDS
                for one in before
                for other in analyzer.stems(each.text.split()[0])
            ]
        )
        for each in found
    ]
    counts = index.counts(queries)
    return [each for each, count in zip(found, counts, strict=True) if count]


def _retyped(index: IndexReader, typed: _Typed) -> Iterator[_Typed]:
    """Yield the typed text with its unknown words corrected, likeliest errors first.

    A word of LONG letters or more is corrected by 1 letter.
    """
    nearest: dict[int, list[str]] = {}
    for at, word in enumerate(typed.words):
        going_on = typed.going_on and at == len(typed.words) - 1
        if len(word) < LONG or _is_known(index, word, going_on=going_on):
            continue
        if going_on:
            near = index.suggestions.beginnings_like(word)
        else:
            near = [one.key for _, one in index.suggestions.words_like(word, 1)]
        if near:
            nearest[at] = sorted(near, key=partial(typing_cost, word))[:TRIED]
    for chosen in islice(product(*nearest.values()), TRIED if nearest else 0):
        changed = typed.q
        for at, word in sorted(zip(nearest, chosen, strict=True), reverse=True):
            changed = changed[: typed.starts[at]] + word + changed[typed.ends[at] :]
        again = _Typed.read(changed, index.analyzer(None))
        if again is not None:
            yield replace(again, corrected=True)


def _is_known(index: IndexReader, word: str, *, going_on: bool) -> bool:
    """Return whether `word` is a word of the index, or the beginning of one."""
    found = index.suggestions.words(word, MAX_CANDIDATES)
    return any(going_on or one.key == word for one in found)


def _by_count(found: Iterable[TermCount]) -> list[TermCount]:
    return sorted(found, key=lambda one: (-one.count, one.key, one.text))


def _distinct(found: Iterable[Completion], analyzer: Analyzer) -> list[Completion]:
    """Return the completions without repetitions.

    A completion is a repetition if it differs from an earlier one only in case, accents or signs.
    """
    first: dict[str, Completion] = {}
    for one in found:
        first.setdefault(analyzer.key(one.text), one)
    return list(first.values())
