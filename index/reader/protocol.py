"""IndexReader: all that search asks of an index, in terms of queries, conditions, rows and counts.

`IndexSnapshot` answers it from one directory; a reader on other machines can do the same. So
methods take many things at once, nothing as long as the index crosses, and a question needs few
of the calls that reach the index: the statistics of its terms, its rankings with their facets,
the cosines of their rows, and the texts of its page.
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
    """Rank rows by BM25, to a depth: `query` is a tree of `whoosh.query` over analysed terms."""

    query: Any
    depth: int
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class VectorQuery:
    """Rank rows by cosine to an embedding, float32 of shape (dimension,), to a depth."""

    embedding: NDArray[np.float32]
    depth: int
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class FacetQuery:
    """Count the values of a field, or its periods of a `unit` where it is a date.

    Counted are the paragraphs, or the articles, of every row that any query of `matching`
    matches: of a KeywordQuery at any depth, of a VectorQuery to its depth. At most `most` values
    come back: the most frequent, and among equals the first by themselves; of periods the newest.
    """

    field: str
    unit: Unit | None
    matching: tuple[KeywordQuery | VectorQuery, ...]
    by: CountedBy
    most: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """Values with their counts, in the order of a facet, of `total` different values."""

    counts: tuple[tuple[str, int], ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The answers to the queries of one `retrieve`, in their order."""

    rankings: tuple[Ranking, ...]
    facets: tuple[FacetCounts, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RowValues:
    """Values of some rows, in their order.

    `article` is a number that the rows of one article share, `paragraph` the first row of the
    paragraph, both int64 of shape (n,); `published` int64 seconds since 1970 UTC, or NO_DATE;
    `sketch`, uint64 of shape (n, 2), the MinHash sketch of the text.
    """

    article: NDArray[np.int64]
    published: NDArray[np.int64]
    paragraph: NDArray[np.int64]
    sketch: NDArray[np.uint64]

    def take(self, places: NDArray[np.int64]) -> RowValues:
        """Return the values at these places."""
        return RowValues(
            self.article[places],
            self.published[places],
            self.paragraph[places],
            self.sketch[places],
        )


@dataclass(frozen=True, slots=True)
class FoundParagraph:
    """The paragraph, or part of one, of a row; its whole text; and its article."""

    record: Record
    paragraph: Paragraph
    whole_text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The paragraphs of the rows shown, and the public ids of the paragraphs of the rows named."""

    paragraphs: Mapping[int, FoundParagraph]
    ids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Title:
    """The title of an article, and the article's id."""

    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of an index. `bytes` is its size on disk.

    `boilerplate` are the paragraphs that are left out of the rankings.
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
    """Titles, phrases and words that a question can be completed or corrected to.

    Every method raises BrokenIndexError where the index has no sound suggestions.
    """

    def titles(self, start: str, most: int, *, later: bool) -> Iterable[Title]:
        """Return titles whose key begins with `start`, or with `later` a later word of it.

        The newest article comes first.
        """

    def title_counts(self, keys: Sequence[str]) -> list[int]:
        """Return how many articles have each title, by its key."""

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return frequent phrases whose keys begin with `start`."""

    def words(self, start: str, most: int) -> list[TermCount]:
        """Return frequent words whose keys begin with `start`."""

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words within so many letters of `word`, each with its edit distance."""


class IndexReader(Protocol):
    """One immutable view of an index, for search. Safe to use from many threads.

    Methods raise BrokenIndexError where the index is damaged. Rows are int64, unique and ordered,
    and have gaps.
    """

    @property
    def sequence(self) -> int:
        """The number of the commit that is seen; 0 before the first."""

    @property
    def key(self) -> Hashable:
        """Differs wherever any answer may differ: a key for caches."""

    @property
    def language(self) -> str:
        """The language of articles that name none, a tag such as "en"."""

    @property
    def paragraph_count(self) -> int:
        """The number of rows that are ranked."""

    @property
    def has_split_paragraphs(self) -> bool:
        """Whether any paragraph is ranked by its parts."""

    @property
    def newest(self) -> int:
        """When the newest article was published, in seconds since 1970; of the commit if none."""

    @property
    def unrelated_cosine(self) -> float | None:
        """The cosine of unrelated texts by the encoder; None where it is not known."""

    @property
    def reranker(self) -> Reranker | None:
        """The reranker of the index, None where it has none."""

    @property
    def suggestions(self) -> SuggestionReader:
        """The suggestions of the index."""

    def analyzer(self, language: str | None) -> Analyzer:
        """Return the analyzer of texts in a language; None names that of the index."""

    def question_analyzer(self, languages: Iterable[str] = ()) -> MultilingualAnalyzer:
        """Return the analyzer of questions: in the index's languages, or these of them."""

    def encode(self, question: str) -> NDArray[np.float32]:
        """Return the embedding of a question, of length 1 and shape (dimension,)."""

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the encoder's vectors of single words, of shape (words, n)."""

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        """Return the statistics of each term. They are cached."""

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery],
        facets: Sequence[FacetQuery] = (),
    ) -> Retrieved:
        """Rank and count, all in one call."""

    def cosines(
        self, embedding: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the cosine of each row to an embedding, float32 of shape (rows,)."""

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of rows, float32 of shape (rows, dimension)."""

    def values(self, rows: NDArray[np.int64]) -> RowValues:
        """Return the values of rows of a ranking; a remote reader has them from `retrieve`."""

    def article_sketches(self, articles: Sequence[int]) -> list[NDArray[np.uint64]]:
        """Return the sketches of all rows of articles, by the numbers of `RowValues`."""

    def paragraphs(self, rows: Sequence[int]) -> Mapping[int, tuple[Record, Paragraph]]:
        """Return the paragraph, or part of one, of each row, and its article."""

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        """Return the paragraphs of `rows` with whole texts, and the ids of those of `named`."""

    def counts(self, queries: Sequence[Any]) -> list[int]:
        """Return the number of rows that satisfy each query."""

    def unknown_values(self, values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return the pairs of keyword field and value that no article has, sorted per field."""

    def article(self, article: str) -> Record | None:
        """Return the article with this id, without its text; None where there is none."""

    def article_texts(self, record: Record) -> Sequence[str]:
        """Return the texts of an article's paragraphs."""

    def ranked_rows(self, record: Record, position: int | None = None) -> NDArray[np.int64]:
        """Return the ranked rows of an article, or of its paragraph at a position."""

    def statistics(self) -> Statistics:
        """Count the contents of the index."""

    def warm(self) -> None:
        """Open every part now, so that no question waits for one."""


class ReaderSource(Protocol):
    """Lends the newest reader of an index."""

    def snapshot(self) -> AbstractContextManager[IndexReader]:
        """Lend the newest reader; it stays as it is to the end of the block."""

    def refresh(self) -> bool:
        """Look for a newer commit now; tell whether there was one."""

    def close(self) -> None:
        """Release files, once nobody uses them."""
