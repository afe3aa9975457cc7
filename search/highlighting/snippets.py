"""Snippets: the part of a paragraph that shows why it was found.

Sentences are joined into windows of at most SNIPPET_WIDTH characters. The window with the most
different matches is shown. If several windows have equally many, the window is shown whose words
are nearest in meaning to the missing words of the question (semantic_matches.py). A sentence longer
than a window is cut between words.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Final, TypeVar

from nutgraf.index.analysis.sentences import sentence_spans
from nutgraf.search.highlighting.keyword_matches import Match
from nutgraf.search.highlighting.semantic_matches import NearWord
from nutgraf.search.request.options import Highlight
from nutgraf.search.response import Highlighted, HighlightKind, Snippet

__all__ = ["SNIPPET_WIDTH", "best_span", "make_snippet", "mark", "mark_matches"]

SNIPPET_WIDTH: Final = 280
"""Maximum number of characters of a snippet, without ellipses.

A snippet of this width fills 2 or 3 lines of a page or a terminal.
"""

ELLIPSIS: Final = "…"

MAX_SEMANTIC_MARKS: Final = 4
"""Maximum number of semantic highlights in a snippet, so that it stays readable."""

_SIGN: Final = re.compile("[&<>\"']")
"""Match a sign that `html.escape` replaces."""

_SPACE: Final = re.compile(r"\s")

Span = tuple[int, int]
Marked = tuple[int, int, HighlightKind]
T = TypeVar("T", Match, NearWord)


def make_snippet(
    text: str,
    matches: Sequence[Match],
    language: str,
    highlight: Highlight,
    near: Sequence[NearWord] = (),
    *,
    start: int = 0,
    goes_on: bool = False,
) -> Snippet:
    """Cut the best window out of a text and mark the matches in it.

    `matches` and `near` are in text order and do not overlap. Of the near words in the snippet,
    the MAX_SEMANTIC_MARKS nearest are marked. If the text is a part of a paragraph, `start` is the
    position of the part in the paragraph, and `goes_on` is True unless the part is the last one.
    """
    first, last = best_span(text, matches, language, near=near)
    before = ELLIPSIS if start or text[:first].strip() else ""
    after = ELLIPSIS if goes_on or text[last:].strip() else ""
    shown = before + text[first:last] + after
    nearest = sorted(_inside(near, first, last), key=lambda word: (-word.cosine, word.start))[
        :MAX_SEMANTIC_MARKS
    ]
    marked: list[Marked] = [
        *((match.start, match.end, "keyword") for match in _inside(matches, first, last)),
        *((word.start, word.end, "semantic") for word in nearest),
    ]
    shift = len(before) - first
    highlights = tuple(
        Highlighted(begin + shift, end + shift, kind) for begin, end, kind in _apart(sorted(marked))
    )
    html_text = mark(shown, highlights, highlight)
    return Snippet(shown, html_text, highlights, start + first, start + last)


def best_span(
    text: str,
    matches: Sequence[Match],
    language: str,
    width: int = SNIPPET_WIDTH,
    near: Sequence[NearWord] = (),
) -> Span:
    """Return the span of a text with the most different `matches`.

    The span consists of complete sentences if they fit. Its start and end are in code points, and
    at most `width` apart.
    """
    end = len(text.rstrip())
    start = end - len(text[:end].lstrip())
    if end - start <= width:  # All of it is the first window.
        return start, end
    return _best_window(_windows(text, language, width), matches, near)


def mark(text: str, highlights: Sequence[Highlighted], highlight: Highlight) -> str:
    """Return `text` escaped for HTML, with markup around the highlights."""
    around = {
        "keyword": (highlight.pre, highlight.post),
        "semantic": (highlight.semantic_pre, highlight.semantic_post),
    }
    # Most texts have no sign of HTML. A look at the whole text is faster than one at each part.
    escape = html.escape if _SIGN.search(text) else str
    parts: list[str] = []
    at = 0
    for one in highlights:
        pre, post = around[one.kind]
        parts += [escape(text[at : one.start]), pre, escape(text[one.start : one.end]), post]
        at = one.end
    return "".join([*parts, escape(text[at:])])


def mark_matches(text: str, matches: Sequence[Match], highlight: Highlight) -> str:
    """Return `text` escaped for HTML, with the markup of `highlight` on matches."""
    marked = _apart((match.start, match.end, "keyword") for match in matches)
    return mark(text, [Highlighted(*each) for each in marked], highlight)


def _apart(marked: Iterable[Marked]) -> Iterator[Marked]:
    """Yield the marked spans without spans that overlap an earlier one.

    Words that are written as one sign (℀) overlap. Spans of one kind that touch are joined, because
    words touch in scripts without spaces.
    """
    last: Marked | None = None
    for start, end, kind in marked:
        if last is None or start > last[1] or (start == last[1] and kind != last[2]):
            if last is not None:
                yield last
            last = start, end, kind
        elif start == last[1]:
            last = last[0], end, kind
    if last is not None:
        yield last


def _inside(words: Sequence[T], start: int, end: int) -> Sequence[T]:
    """Return the words between two positions; `words` are in order, without overlaps."""
    first = bisect_left(words, start, key=attrgetter("start"))
    return words[first : bisect_right(words, end, lo=first, key=attrgetter("end"))]


def _best_window(
    windows: Sequence[Span], matches: Sequence[Match], near: Sequence[NearWord]
) -> Span:
    """Return the window with the most different matches.

    If windows have equally many different matches, the highest `_nearness` decides, then the number
    of all matches, then the earliest position. Windows and matches are in text order, so one pass
    over both is enough.
    """
    best, worth = windows[0], (0, 0.0, 0)
    inside: Counter[str] = Counter()
    first = last = 0
    for start, end in windows:
        while last < len(matches) and matches[last].end <= end:
            inside[matches[last].term] += 1
            last += 1
        while first < last and matches[first].start < start:
            term = matches[first].term
            inside[term] -= 1
            if not inside[term]:
                del inside[term]
            first += 1
        if len(inside) >= worth[0]:
            nearness = _nearness(_inside(near, start, end))
            found = (len(inside), nearness, last - first)
            if found > worth:
                best, worth = (start, end), found
    return best


def _nearness(near: Sequence[NearWord]) -> float:
    """Return the sum of the cosines of near words; for each term, the highest counts."""
    nearest: dict[str, float] = {}
    for word in near:
        nearest[word.term] = max(word.cosine, nearest.get(word.term, 0.0))
    return sum(nearest.values())


def _windows(text: str, language: str, width: int) -> list[Span]:
    """Return a window for each sentence: the sentence and those after it that fit.

    A window has at most `width` characters. A longer sentence is cut into several windows.
    """
    sentences = list(sentence_spans(text, language))
    windows: list[Span] = []
    last = 0
    for at, (start, end) in enumerate(sentences):
        if end - start > width:
            windows += _cut(text, start, end, width)
            continue
        last = max(last, at)
        while last + 1 < len(sentences) and sentences[last + 1][1] - start <= width:
            last += 1
        windows.append((start, sentences[last][1]))
    return windows


def _cut(text: str, start: int, end: int, width: int) -> Iterator[Span]:
    """Yield windows over a sentence that is too long, cut at white space if possible."""
    edges = [start, *(space.end() for space in _SPACE.finditer(text, start, end - 1)), end]
    edges = [edge for edge, after in pairwise([*edges, end + 1]) if edge < after]
    step = width // 2
    at = start
    while True:
        last = edges[max(bisect_left(edges, at + width + 1) - 1, 0)]
        if last <= at:  # One word longer than a snippet.
            last = min(at + width, end)
        yield at, _trimmed(text, at, last)
        if last >= end:
            return
        following = edges[min(bisect_left(edges, at + step), len(edges) - 1)]
        at = following if at < following < end and following <= last else last


def _trimmed(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())
