"""What the keyword index holds of an article: the analysed fields of its paragraphs."""

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
    record: Record, rows: Mapping[int, Row], analyzers: Analyzers
) -> Iterator[KeywordEntry]:
    """Yield an entry for each of the rows of a record.

    They are in their order; of a paragraph that has parts, all are among them. Title and text
    are analysed in the language of the record.
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
    """Return the words of the paragraph that texts make up, given the words of each."""
    # Each part is given them all: of the longest paragraph, 100,000 characters in some 90 parts,
    # that is 3.6 MB and half a second of tantivy, 5.4 MB and ten seconds of whoosh; of one in two
    # parts some 4 kB. Held once, they would have to be joined with the parts at each question.
    if all(one[-1:].isspace() or other[:1].isspace() for one, other in pairwise(texts)):
        return tuple(chain.from_iterable(words))
    # Where there is no space, two characters side by side are a word: the cut has one of its own.
    return tuple(analyzer.terms("".join(texts)))


@lru_cache(_MAX_CACHED)
def _terms(value: str | None) -> tuple[str, ...]:
    return () if value is None else value_terms(value)
