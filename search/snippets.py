"""Snippets: the part of a paragraph that shows why it was found.

Sentences are joined into windows of at most WIDTH characters; the window that
holds the most different highlighted words is shown. A sentence that is too
long by itself is cut between words.
"""

from __future__ import annotations

import html
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import sentencex

from nutgraf.search.hits import Snippet
from nutgraf.search.matches import Match
from nutgraf.search.request import Highlight

__all__ = ["WIDTH", "make_snippet", "mark"]

WIDTH: Final = 280
"""Characters of a snippet, ellipses aside: two or three lines of a page or a terminal."""

ELLIPSIS: Final = "…"

Span = tuple[int, int]


def make_snippet(
    text: str, matches: Sequence[Match], language: str, highlight: Highlight
) -> Snippet:
    """Cut the best window out of a paragraph's text and mark what matched in it.

    `matches` come in their order and apart from one another. Highlights of the
    snippet are offsets into its own text.
    """
    start, end = _best_window(_windows(text, language), matches)
    before = ELLIPSIS if text[:start].strip() else ""
    after = ELLIPSIS if text[end:].strip() else ""
    shown = before + text[start:end] + after
    shift = len(before) - start
    spans = tuple(
        (first + shift, last + shift)
        for first, last, _ in matches
        if start <= first and last <= end
    )
    return Snippet(shown, mark(shown, spans, highlight), spans)


def mark(text: str, spans: Sequence[Span], highlight: Highlight) -> str:
    """Return `text` escaped for HTML, with `highlight` around each of the spans."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += [
            html.escape(text[at:start]),
            highlight.pre,
            html.escape(text[start:end]),
            highlight.post,
        ]
        at = end
    return "".join([*parts, html.escape(text[at:])])


def _best_window(windows: Sequence[Span], matches: Sequence[Match]) -> Span:
    """Return the window with the most different matches; then the most; then the first.

    Windows and matches both come in their order, so one pass over both does.
    """
    best, worth = windows[0], (0, 0)
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
        found = (len(inside), last - first)
        if found > worth:
            best, worth = (start, end), found
    return best


def _windows(text: str, language: str) -> list[Span]:
    """Return spans of whole sentences of at most WIDTH characters, one from each sentence on."""
    sentences = list(_sentences(text, language))
    windows: list[Span] = []
    last = 0
    for at, (start, end) in enumerate(sentences):
        if end - start > WIDTH:
            windows += _cut(text, start, end)
            continue
        last = max(last, at)
        while last + 1 < len(sentences) and sentences[last + 1][1] - start <= WIDTH:
            last += 1
        windows.append((start, sentences[last][1]))
    return windows or [(0, 0)]


def _sentences(text: str, language: str) -> Iterator[Span]:
    """Yield the spans of sentences without the white space around them."""
    at = 0
    for sentence in sentencex.segment(language, text):
        start = text.find(sentence, at)
        if start < 0:
            break
        at = start + len(sentence)
        inner = sentence.strip()
        if inner:
            first = start + sentence.index(inner[0])
            yield first, first + len(inner)
    if text[at:].strip():
        rest = text[at:]
        first = at + len(rest) - len(rest.lstrip())
        yield first, first + len(rest.strip())


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield windows over a sentence that is too long, bounded by white space where there is any."""
    edges = [start, *(at + 1 for at in range(start, end - 1) if text[at].isspace()), end]
    edges = [edge for edge, after in pairwise([*edges, end + 1]) if edge < after]
    step = WIDTH // 2
    at = start
    while True:
        last = edges[max(bisect_left(edges, at + WIDTH + 1) - 1, 0)]
        if last <= at:  # One word longer than a snippet.
            last = min(at + WIDTH, end)
        yield at, _trimmed(text, at, last)
        if last >= end:
            return
        following = edges[min(bisect_left(edges, at + step), len(edges) - 1)]
        at = following if at < following < end and following <= last else last


def _trimmed(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())
