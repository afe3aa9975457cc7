"""The languages of the articles of an index.

Questions are analysed in these languages.
"""

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
"""Languages with a smaller share of all paragraphs are not used for questions.

Without this limit, a few articles with a wrong language would make every question
match more words. Articles in a rarer language are still found by words that are
the same in another language.
"""

MOST: Final = 16
"""The highest number of languages for a question, because each takes some time."""


def make_question_analyzer(
    catalog: Catalog, codes: NDArray[np.uint32], analyzers: Analyzers
) -> MultilingualAnalyzer:
    """Return an analyzer for the languages in use, the most frequent first.

    If no language is frequent enough, the analyzer is for the language of the index.
    `codes` are the values of the column `language` for all rows that are not deleted,
    of shape (n,). Raises BrokenIndexError if a code is missing in the catalog.
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
