"""IndexReader: the interface between search and an index.

It consists of queries, conditions, rows and counts. `IndexSnapshot` implements
it for one directory. A reader could also run on other machines, so the
interface has these properties: methods accept many items at once; no argument
or result grows with the index; and a question needs few calls that read the
index, namely the statistics of its terms, its rankings with their facets, the
cosines of their rows and the texts of its page.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.article import Paragraph
from nutgraf.index.catalog.records import Record
from nutgraf.index.keywords.protocol import TermStatistics
from nutgraf.index.models.reranker.protocol import Reranker
from nutgraf.index.ranking import NO_DATE, Ranking
from nutgraf.index.reader.conditions import Condition
from nutgraf.index.suggestions.reader import TermCount

__all__ = [
    "NO_DATE",
    "Condition",
    "FacetCounts",
    "FacetQuery",
    "FoundParagraph",
    "IndexReader",
    "KeywordQuery",
    "Page",
    "ReaderSource",
    "Record",
    "Reranker",
    "Retrieved",
    "RowValues",
    "Statistics",
    "SuggestionReader",
    "TermCount",
    "TermStatistics",
    "Title",
    "VectorQuery",
]

Unit = Literal["day", "month", "year"]
CountedBy = Literal["paragraph", "article"]


@dataclass(frozen=True, slots=True, eq=False)
class KeywordQuery:
    """A ranking by BM25 of at most `depth` rows.

    `query` is a tree of `whoosh.query` over analysed terms.
    """

    query: Any
    depth: int
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class VectorQuery:
    """A ranking by cosine to `embedding` of at most `depth` rows.

    `embedding` is float32 of shape (dimension,).
    """

    embedding: NDArray[np.float32]
    depth: int
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class FacetQuery:
    """A count of the values of a field, or of the periods of a date.

    `unit` is the length of a period, None for values. A row is counted if it
    matches any query of `matching`: a KeywordQuery at any depth, a VectorQuery
    only to its depth. `by` says whether paragraphs or articles of these rows are
    counted. At most `most` values are returned: the most frequent, sorted by
    value if equal. At most `most` periods are returned: the newest.
    """

    field: str
    unit: Unit | None
    matching: tuple[KeywordQuery | VectorQuery, ...]
    by: CountedBy
    most: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """Values with their counts, in the order of the facet.

    `total` is the number of different values, including those not returned.
    """

    counts: tuple[tuple[str, int], ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The results of one `retrieve`, in the order of its queries."""

    rankings: tuple[Ranking, ...]
    facets: tuple[FacetCounts, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RowValues:
    """Values of n rows, in the order of the rows.

    `article` is a number that all rows of an article share, int64 of shape (n,).
    `published` is in seconds since 1970 UTC or NO_DATE, int64 of shape (n,).
    `paragraph` is the first row of the paragraph, int64 of shape (n,).
    `sketch` is the MinHash sketch of the text, uint64 of shape (n, 2).
    """

    article: NDArray[np.int64]
    published: NDArray[np.int64]
    paragraph: NDArray[np.int64]
    sketch: NDArray[np.uint64]

    def take(self, places: NDArray[np.int64]) -> RowValues:
        """Return the values at the given positions."""
        return RowValues(
            self.article[places],
            self.published[places],
            self.paragraph[places],
            self.sketch[places],
        )


@dataclass(frozen=True, slots=True)
class FoundParagraph:
    """The article, the paragraph or part, and the complete paragraph text of a row."""

    record: Record
    paragraph: Paragraph
    whole_text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The paragraphs of some rows and the public ids of the paragraphs of others."""

    paragraphs: Mapping[int, FoundParagraph]
    ids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Title:
    """The title and the id of an article."""

    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts and properties of an index.

    `bytes` is its size on disk. `boilerplate` is the number of paragraphs that
    are excluded from the rankings.
    """

    articles: int
    paragraphs: int
    boilerplate: int
    rows: int
    snapshot: int
    committed: str | None
    language: str
    keyword_engine: str
    encoder: str
    reranker: str | None
    dimension: int
    format: int
    bytes: int


class SuggestionReader(Protocol):
    """A reader of titles, phrases and words that complete or correct a question.

    Every method raises BrokenIndexError if the suggestions are missing or damaged.
    """

    def titles(self, start: str, most: int, *, later: bool) -> Iterable[Title]:
        """Return titles whose key begins with `start`, those of the newest articles first.

        With `later`, a word after the first word of the key begins with `start`.
        """

    def title_counts(self, keys: Sequence[str]) -> list[int]:
        """Return the number of articles with each title, given by its key."""

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return frequent phrases whose keys begin with `start`."""

    def words(self, start: str, most: int) -> list[TermCount]:
        """Return frequent words whose keys begin with `start`."""

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words at most `letters` edits from `word`, each with its edit distance."""


class IndexReader(Protocol):
    """An immutable view of an index, for search. It is thread-safe.

    Methods raise BrokenIndexError if the index is damaged. Rows are int64,
    unique and ordered, and have gaps.
    """

    @property
    def sequence(self) -> int:
        """The sequence number of the visible commit; 0 before the first commit."""

    @property
    def key(self) -> Hashable:
        """A key for caches: it changes if any result can change."""

    @property
    def language(self) -> str:
        """The language of articles without one, a tag such as "en"."""

    @property
    def paragraph_count(self) -> int:
        """The number of rows that are ranked."""

    @property
    def has_split_paragraphs(self) -> bool:
        """Whether any paragraph is ranked by its parts."""

    @property
    def newest(self) -> int:
        """The date of the newest article up to the commit, in seconds since 1970 UTC.

        It is the time of the commit if no article has such a date.
        """

    @property
    def unrelated_cosine(self) -> float | None:
        """The mean cosine of unrelated texts for the encoder, None if unknown."""

    @property
    def reranker(self) -> Reranker | None:
        """The reranker of the index, None if it has none."""

    @property
    def suggestions(self) -> SuggestionReader:
        """The suggestions of the index."""

    def analyzer(self, language: str | None) -> Analyzer:
        """Return the analyzer for a language; None is the language of the index."""

    def question_analyzer(self, languages: Iterable[str] = ()) -> MultilingualAnalyzer:
        """Return the analyzer of questions, for those of `languages` in the index.

        If `languages` is empty, it is for all languages of the index.
        """

    def encode(self, question: str) -> NDArray[np.float32]:
        """Return the embedding of a question, of norm 1 and shape (dimension,)."""

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of single words, of shape (words, n)."""

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        """Return the statistics of each term. They are cached."""

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery],
        facets: Sequence[FacetQuery] = (),
    ) -> Retrieved:
        """Return all rankings and all facet counts, in one call."""

    def cosines(
        self, embedding: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the cosine of each row to an embedding, float32 of shape (rows,)."""

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of rows, float32 of shape (rows, dimension)."""

    def values(self, rows: NDArray[np.int64]) -> RowValues:
        """Return the values of rows of a ranking.

        A remote reader can get them with `retrieve`, without another call.
        """

    def article_sketches(self, articles: Sequence[int]) -> list[NDArray[np.uint64]]:
        """Return the sketches of all rows of each article.

        `articles` are the numbers in `RowValues.article`.
        """

    def paragraphs(self, rows: Sequence[int]) -> Mapping[int, tuple[Record, Paragraph]]:
        """Return the article and the paragraph, or part of one, of each row."""

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        """Return the paragraphs of `rows` with complete texts, and the ids of `named`.

        The ids are the public ids of the paragraphs.
        """

    def counts(self, queries: Sequence[Any]) -> list[int]:
        """Return the number of rows that satisfy each query."""

    def unknown_values(self, values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return the pairs of keyword field and value without an article.

        They are sorted by value within each field.
        """

    def article(self, article: str) -> Record | None:
        """Return the article with this id, without its text; None if there is none."""

    def article_texts(self, record: Record) -> Sequence[str]:
        """Return the texts of an article's paragraphs."""

    def ranked_rows(self, record: Record, position: int | None = None) -> NDArray[np.int64]:
        """Return the ranked rows of an article, or of its paragraph at a position."""

    def statistics(self) -> Statistics:
        """Count the contents of the index."""

    def warm(self) -> None:
        """Open every part now, so no question has to wait for one."""


class ReaderSource(Protocol):
    """A lender of the newest reader of an index."""

    def snapshot(self) -> AbstractContextManager[IndexReader]:
        """Lend the newest reader; it does not change within the block."""

    def refresh(self) -> bool:
        """Check for a newer commit now; return whether there was one."""

    def close(self) -> None:
        """Release the files as soon as they have no users."""
