"""Which languages the articles of an index are in: those that its questions are read in."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.catalog.reader import Catalog

__all__ = ["make_question_analyzer"]

RARE: Final = 0.001
"""Share of paragraphs. A language in fewer of them is not listened for: a few articles whose own is
mistaken would make all questions wider, and they are found by what they share with others."""

MOST: Final = 16
"""Languages that a question is read in: each adds a little to the time that it takes."""


def make_question_analyzer(
    catalog: Catalog, codes: NDArray[np.uint32], analyzers: Analyzers
) -> MultilingualAnalyzer:
    """Return what reads questions in the languages in use, the most frequent first; at least one.

    `codes`, of shape (rows,), are those of `language` in the rows that are
    alive. Raises BrokenIndexError where the catalog has lost one.
    """
    counts = np.bincount(codes)
    there = np.flatnonzero(counts).tolist()
    tags = catalog.values("language", [code for code in there if code], len(there))
    paragraphs: Counter[str] = Counter()
    for code in there:
        paragraphs[analyzers.of(tags.get(code)).language] += int(counts[code])
    found = [language for language, count in paragraphs.items() if count >= RARE * len(codes)]
    found.sort(key=lambda language: (-paragraphs[language], language))
    if not found:
        return MultilingualAnalyzer([analyzers.default])
    return MultilingualAnalyzer(
        [analyzers.of_language(language) for language in found[:MOST]], paragraphs
    )
