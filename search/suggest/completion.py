"""Completions of typed text: titles, then names and other phrases, then words.

Words are compared in their folded form, so case, accents and signs between words make no
difference. A phrase or a word replaces only the last typed words. A title replaces the complete
typed text.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final, Literal

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.reader.protocol import IndexReader, TermCount, Title
from nutgraf.search.errors import RequestError
from nutgraf.search.request.search_request import MAX_QUESTION
from nutgraf.search.request.validation import check_kind, check_range, check_text

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
        titles = _titles(index, typed, limit)
        phrases = list(islice(_phrases(index, typed), limit))
        room = max(limit - len(phrases), (limit + 1) // 2)
        found = _distinct([*titles[:room], *phrases], index.analyzer(None))
        if len(found) < limit:
            found = _distinct([*found, *_words(index, typed)], index.analyzer(None))
    return Completions(
        q, tuple(found[:limit]), (time.perf_counter() - started) * 1000, index.sequence
    )


@dataclass(frozen=True, slots=True)
class _Typed:
    """The last words of a typed text, folded, and their start positions.

    `whole` is True if these are all words of the text. `going_on` is True if the last word may be
    incomplete.
    """

    q: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    whole: bool
    going_on: bool

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
        for one in _by_count(index.suggestions.phrases(start, MAX_CANDIDATES)):
            if one.key not in seen and one.key != start:
                seen.add(one.key)
                yield Completion(typed.with_last(many, one.text), "phrase", None, one.count)


def _words(index: IndexReader, typed: _Typed) -> Iterator[Completion]:
    """Yield words that begin with the last typed word, if it may be incomplete."""
    if not typed.going_on:
        return
    for one in _by_count(index.suggestions.words(typed.last(1), MAX_CANDIDATES)):
        if one.key != typed.last(1) and not index.analyzer(None).is_stop(one.key):
            yield Completion(typed.with_last(1, one.text), "word", None, one.count)


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
