"""The entries of an article in the keyword index: its analysed fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, groupby, pairwise
from types import MappingProxyType
from typing import Final

from nutgraf.index.analysis.analyzer import Analyzer, Analyzers
from nutgraf.index.analysis.declared_terms import declared_terms
from nutgraf.index.analysis.value_terms import value_terms
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.fields.declared import DeclaredKind, value_of
from nutgraf.index.keywords.fields import DECLARED, FILLER
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.schema import KEYWORD_FIELDS, values_of

__all__ = ["entries_of"]

_MAX_CACHED: Final = 1 << 12
"""Most values whose terms are cached.

Most articles share a few sources and sections.
"""

_TEXT_FILL: Final = f"{FILLER} " * 60
_TITLE_FILL: Final = f"{FILLER} " * 10
_SUMMARY_FILL: Final = f"{FILLER} " * 30
# BM25 lowers the score of a long text. Its parameter b controls how much. Lucene's value, 0.75, is
# built into both engines. It is too high for paragraphs, because a paragraph contains one thought.
# So each text gets as many fillers as an average paragraph has words. The lengths of texts are then
# more similar, which has the same effect as a b of 0.4. The mean nDCG@10 of hybrid search on 5
# judged sets rises from 0.773 to 0.788. Fillers need disk space and hardly any CPU time.
# They come first, at the same positions in each text, so tantivy stores a position in one bit.
# After the words, they would need 40 bytes more a paragraph, a sixth of the index.
# A summary is filled up too, also an empty one. Else, where few articles have a summary, each would
# count as far longer than the average, and its words would hardly count.


def entries_of(
    record: Record,
    rows: Mapping[int, Row],
    analyzers: Analyzers,
    fields: Mapping[str, DeclaredKind] = MappingProxyType({}),
    known: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[KeywordEntry]:
    """Yield one entry per row of a record.

    `rows` are in order. If they include a part of a long paragraph, they include all its
    parts. Title, summary and text are analysed in the language of the record.
    `fields` are the declared fields. `known` maps some of the texts to their terms, joined
    with spaces. All entries of the record share the objects `title`, `summary` and `values`.
    """
    analyzer = analyzers.of(record.language)

    def terms(text: str) -> str:
        joined = known.get(text)
        return analyzer.joined_terms(text) if joined is None else joined

    title = (_TITLE_FILL + terms(record.title)).rstrip()
    summary = (_SUMMARY_FILL + terms(record.summary or "")).rstrip()
    values = {
        name: tuple(dict.fromkeys(chain.from_iterable(map(_terms, values_of(record, name)))))
        for name in KEYWORD_FIELDS
    }
    values[DECLARED] = tuple(
        term
        for name, kind in fields.items()
        if (value := value_of(record.extra, name, kind)) is not None
        for term in declared_terms(name, value)
    )
    values["article"] = value_terms(record.id)
    published = None if record.published is None else timestamp(record.published)
    for _, paragraph in groupby(rows.items(), lambda each: each[1].position):
        together = dict(paragraph)
        texts = [row.text for row in together.values()]
        words = list(map(terms, texts))
        whole = _whole(texts, words, analyzer) if len(texts) > 1 else ""
        for number, text in zip(together, words, strict=True):
            yield KeywordEntry(
                row=number,
                text=(_TEXT_FILL + text).rstrip(),
                title=title,
                values=values,
                published=published,
                whole=whole,
                summary=summary,
            )


def _whole(texts: Sequence[str], words: Sequence[str], analyzer: Analyzer) -> str:
    """Return the words of a paragraph, given the text and words of each part."""
    # The entry of each part contains all words of the paragraph. The longest paragraph has 100,000
    # characters in about 90 parts. It costs 3.6 MB and 0.5 s with tantivy, and 5.4 MB and 10 s with
    # whoosh. A paragraph in 2 parts costs about 4 kB. If the words were stored only once, each
    # search would have to join them with the parts.
    if all(one[-1:].isspace() or other[:1].isspace() for one, other in pairwise(texts)):
        return " ".join(filter(None, words))
    # In scripts without spaces, 2 adjacent characters are a word. So one word crosses the boundary
    # between 2 parts, and neither part contains this word.
    return analyzer.joined_terms("".join(texts))


@lru_cache(_MAX_CACHED)
def _terms(value: str) -> tuple[str, ...]:
    return value_terms(value)
