"""What the keyword index holds of an article: the analysed fields of its paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from nutgraf.index.article import timestamp
from nutgraf.index.keywords.analysis import Analyzers, value_terms
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.records import Record

__all__ = ["FILLER", "entries_of"]

FILLER: Final = "\ue000" * 9
"""A term that stands for no word: longer than any pattern of single signs, and of no script."""

_MAX_CACHED: Final = 1 << 12
"""Values whose terms are remembered: a few sources and sections are those of most articles."""

_TEXT_FILL: Final = (FILLER,) * 60
_TITLE_FILL: Final = (FILLER,) * 10
# BM25 takes a long text for less to the point, by its b; Lucene's .75 is too much for paragraphs,
# which are cut where a thought ends. Engines have that number built in. With as many fillers as an
# average paragraph has words, all lengths come closer to one another, as with a b of .4: nDCG@10
# of hybrid search, the mean of five judged sets, goes from .773 to .788. They cost disk, hardly any
# CPU: the positions that tantivy keeps grow by 87 %, its whole index by 22 %, some 51 MB for a
# million paragraphs; that of whoosh by 1.6 %.


def entries_of(
    record: Record, texts: Mapping[int, str], analyzers: Analyzers
) -> Iterator[KeywordEntry]:
    """Yield an entry for each paragraph of a record, given the texts of its rows.

    Title and text are analysed in the language of the record.
    """
    analyzer = analyzers.of(record.language)
    title = (*analyzer.terms(record.title), *_TITLE_FILL)
    source, author = _terms(record.source), _terms(record.author)
    section, language = _terms(record.section), _terms(record.language)
    article = value_terms(record.id)
    published = None if record.published is None else timestamp(record.published)
    for row, text in texts.items():
        yield KeywordEntry(
            row=row,
            text=(*analyzer.terms(text), *_TEXT_FILL),
            title=title,
            source=source,
            author=author,
            section=section,
            language=language,
            article=article,
            published=published,
        )


@lru_cache(_MAX_CACHED)
def _terms(value: str | None) -> tuple[str, ...]:
    return () if value is None else value_terms(value)
