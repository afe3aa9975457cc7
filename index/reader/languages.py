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

MOST: Final = 16
"""The highest number of languages for a question, because each takes some time.

Articles in a rarer language are still found by words that are the same in another language.
"""


def make_question_analyzer(
    catalog: Catalog, codes: NDArray[np.uint32], analyzers: Analyzers
) -> MultilingualAnalyzer:
    """Return an analyzer for the languages of an index, the most frequent first.

    Without articles, the analyzer is for the language of the index. `codes` are the values of the
    column `language` for all rows that are not deleted, of shape (n,). Raises BrokenIndexError if
    a code is missing in the catalog.
    """
    counts = np.bincount(codes)
    there = np.flatnonzero(counts).tolist()
    names = catalog.values("language", [code for code in there if code], len(there))
    paragraphs: Counter[str] = Counter()
    tags: dict[str, list[str | None]] = {}
    for code in there:
        language = analyzers.of(names.get(code)).language
        paragraphs[language] += int(counts[code])
        tags.setdefault(language, []).append(names.get(code))
    found = sorted(paragraphs, key=lambda language: (-paragraphs[language], language))
    if not found:
        return MultilingualAnalyzer([analyzers.default])
    return MultilingualAnalyzer(
        [analyzers.of_language(language) for language in found[:MOST]], paragraphs, tags
    )
