"""What the keyword index holds of an article: the analysed fields of its paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nutgraf.index.article import timestamp
from nutgraf.index.keywords.analysis import Analyzer, value_terms
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.records import Record

__all__ = ["entries_of"]


def entries_of(
    record: Record, texts: Mapping[int, str], analyzer: Analyzer
) -> Iterator[KeywordEntry]:
    """Yield an entry for each paragraph of a record, given the texts of its rows."""
    title = analyzer.terms(record.title)
    published = None if record.published is None else timestamp(record.published)
    for row, text in texts.items():
        yield KeywordEntry(
            row=row,
            text=analyzer.terms(text),
            title=title,
            source=_terms(record.source),
            author=_terms(record.author),
            section=_terms(record.section),
            language=_terms(record.language),
            article=value_terms(record.id),
            published=published,
        )


def _terms(value: str | None) -> tuple[str, ...]:
    return () if value is None else value_terms(value)
