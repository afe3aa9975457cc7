"""The languages of the articles of an index, in which it analyses questions."""

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
"""The lowest share of paragraphs of a language that is used for questions.

A few articles with a wrong language would make every question match more
words. Articles of a rare language are found by words they share with others.
"""

MOST: Final = 16
"""The highest number of languages for a question; each takes a little more time."""


def make_question_analyzer(
    catalog: Catalog, codes: NDArray[np.uint32], analyzers: Analyzers
) -> MultilingualAnalyzer:
    """Return an analyzer for the languages in use, the most frequent first.

    It has at least one language. `codes`, of shape (rows,), are the codes of
    the column `language` in the living rows. Raises BrokenIndexError if a code
    is missing in the catalog.
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
