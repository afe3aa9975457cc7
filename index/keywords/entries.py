"""The entries of an article in the keyword index: its analysed fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, groupby, pairwise
from typing import Final

from nutgraf.index.analysis.analyzer import Analyzer, Analyzers, value_terms
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.schema import KEYWORD_FIELDS

__all__ = ["FILLER", "entries_of"]

FILLER: Final = "\ue000" * 9
"""A term that is no word.

It is in no script, and longer than any pattern of question marks.
"""

_MAX_CACHED: Final = 1 << 12
"""Values whose terms are cached: most articles share a few sources and sections."""

_TEXT_FILL: Final = (FILLER,) * 60
_TITLE_FILL: Final = (FILLER,) * 10
# BM25 lowers the score of a long text by its parameter b. Lucene's value, 0.75, is too high for
# paragraphs, each of which contains one thought, and it is built into both engines. So each text
# gets as many fillers as an average paragraph has words. This makes lengths more similar, as a b of
# 0.4 would: the mean nDCG@10 of hybrid search on 5 judged sets rises from 0.773 to 0.788. Fillers
# cost disk and hardly any CPU: tantivy's positions grow by 87 % and its complete index by 22 %,
# about 51 MB for a million paragraphs; whoosh's index grows by 1.6 %.


def entries_of(
    record: Record, rows: Mapping[int, Row], analyzers: Analyzers
) -> Iterator[KeywordEntry]:
    """Yield an entry for each row of a record.

    `rows` are in order and include all parts of each paragraph that has parts. Title and
    text are analysed in the language of the record.
    """
    analyzer = analyzers.of(record.language)
    title = (*analyzer.terms(record.title), *_TITLE_FILL)
    values = {name: _terms(getattr(record, name)) for name in KEYWORD_FIELDS}
    values["article"] = value_terms(record.id)
    published = None if record.published is None else timestamp(record.published)
    for _, paragraph in groupby(rows.items(), lambda each: each[1].position):
        together = dict(paragraph)
        texts = [row.text for row in together.values()]
        words = list(map(analyzer.terms, texts))
        whole = _whole(texts, words, analyzer) if len(texts) > 1 else ()
        for number, text in zip(together, words, strict=True):
            yield KeywordEntry(
                row=number,
                text=(*text, *_TEXT_FILL),
                title=title,
                values=values,
                published=published,
                whole=whole,
            )


def _whole(
    texts: Sequence[str], words: Sequence[Sequence[str]], analyzer: Analyzer
) -> tuple[str, ...]:
    """Return the words of a paragraph, given the text and words of each part."""
    # The entry of each part contains all words of the paragraph. The longest paragraph, 100,000
    # characters in about 90 parts, costs 3.6 MB and 0.5 s with tantivy, 5.4 MB and 10 s with
    # whoosh; a paragraph in 2 parts costs about 4 kB. If the words were stored once, each search
    # would have to join them with the parts.
    if all(one[-1:].isspace() or other[:1].isspace() for one, other in pairwise(texts)):
        return tuple(chain.from_iterable(words))
    # In scripts without spaces, 2 adjacent characters are a word: one word crosses the boundary of
    # the parts, and neither part has it.
    return tuple(analyzer.terms("".join(texts)))


@lru_cache(_MAX_CACHED)
def _terms(value: str | None) -> tuple[str, ...]:
    return () if value is None else value_terms(value)
