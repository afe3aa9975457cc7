"""IndexReader: the interface between search and an index.

`IndexSnapshot` implements the interface for one directory. An implementation
could also read an index on other machines, so the interface keeps the number of
calls and the size of their data small. Methods accept many items at once, and no
argument or result grows with the index. A question needs few calls that read the
index. These calls return the statistics of its terms, its rankings and facets,
the cosines of the ranked rows, and the texts of its page of hits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.article import Paragraph
from nutgraf.index.catalog.records import Record
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.keywords.protocol import TermStatistics
from nutgraf.index.models.reranker.protocol import Reranker
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.reader.conditions import Condition, FieldValues, Members, Unit
from nutgraf.index.reader.queries import (
    FacetCounts,
    FacetQuery,
    FoundParagraph,
    KeywordQuery,
    Listing,
    ListQuery,
    Matching,
    Order,
    Page,
    Period,
    Position,
    Retrieved,
    RowSet,
    Statistics,
    Title,
    VectorQuery,
)
from nutgraf.index.suggestions.reader import TermCount

__all__ = [
    "NO_DATE",
    "Condition",
    "FacetCounts",
    "FacetQuery",
    "FieldValues",
    "FoundParagraph",
    "IndexReader",
    "KeywordQuery",
    "ListQuery",
    "Listing",
    "Matching",
    "Members",
    "Order",
    "Page",
    "Period",
    "Position",
    "ReaderSource",
    "Record",
    "Reranker",
    "Retrieved",
    "RowSet",
    "Statistics",
    "SuggestionReader",
    "TermCount",
    "TermStatistics",
    "Title",
    "Unit",
    "VectorQuery",
]


class SuggestionReader(Protocol):
    """A reader of titles, phrases and words that complete or correct a question.

    The key of a title, phrase or word is its text without case and accents. Every
    method raises BrokenIndexError if the suggestions are missing or damaged.
    """

    def titles(self, start: str, most: int, *, later: bool) -> Iterable[Title]:
        """Return at most `most` titles with a key that begins with `start`.

        If `later` is True, the second or a later word of the key begins with `start`
        instead: "court" finds "supreme court rules". Titles of articles that were
        published later come first.
        """

    def title_counts(self, keys: Sequence[str]) -> list[int]:
        """Return, for each key of a title, the number of articles with this title."""

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return the `most` most frequent phrases with keys that begin with `start`."""

    def words(self, start: str, most: int) -> list[TermCount]:
        """Return the `most` most frequent words with keys that begin with `start`."""

    def words_of(self, keys: Iterable[str]) -> list[TermCount]:
        """Return all words with one of these keys, in any order."""

    def phrases_of(self, keys: Iterable[str]) -> list[TermCount]:
        """Return all phrases in 2 or more articles with one of these keys, in any order."""

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words at most `letters` edits from `word`, with their edit distances."""

    def beginnings_like(self, start: str) -> list[str]:
        """Return beginnings of words that are 1 edit from `start`, frequent words first."""


class IndexReader(Protocol):
    """An immutable view of an index, for search. It is thread-safe.

    Methods raise BrokenIndexError if the index is damaged. Row numbers are int64 and
    unique. They ascend in the order in which the rows were added, with gaps.
    """

    @property
    def sequence(self) -> int:
        """The sequence number of the visible commit; 0 before the first commit."""

    @property
    def identity(self) -> str:
        """A text that names the index; it changes if rows get new numbers."""

    @property
    def row_count(self) -> int:
        """The number of rows so far, with deleted ones. All row numbers are below it."""

    @property
    def key(self) -> Hashable:
        """A key for caches; two readers with equal keys return the same results."""

    @property
    def encoder_key(self) -> Hashable:
        """A key for caches; readers with equal keys give a question the same embedding."""

    @property
    def language(self) -> str:
        """The language of articles without a language, as a tag such as "en"."""

    @property
    def declared(self) -> Mapping[str, DeclaredKind]:
        """The declared fields of the index: the kind of each, by its name."""

    @property
    def lead(self) -> float:
        """The bonus of the first paragraph of an article, 0 to 1, by default."""

    @property
    def paragraph_count(self) -> int:
        """The number of rows that are ranked."""

    @property
    def has_split_paragraphs(self) -> bool:
        """Whether any paragraph is split into parts, which are ranked separately."""

    @property
    def sortable_fields(self) -> Sequence[str]:
        """The fields that an Order can name."""

    @property
    def unrelated_cosine(self) -> float | None:
        """The mean cosine of unrelated texts with this encoder, None if unknown."""

    @property
    def reranker(self) -> Reranker | None:
        """The reranker of the index, None if the index has no reranker."""

    @property
    def suggestions(self) -> SuggestionReader:
        """The suggestions of the index."""

    def analyzer(self, language: str | None) -> Analyzer:
        """Return the analyzer for a language; None means the language of the index."""

    def question_analyzer(self, languages: Iterable[str] = ()) -> MultilingualAnalyzer:
        """Return the analyzer of questions for the given languages.

        Languages that the index does not have are ignored. If no language is left,
        the analyzer is for all languages of the index.
        """

    def encode(self, question: str) -> NDArray[np.float32]:
        """Return the embedding of a question: float32 of shape (dimension,), norm 1."""

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector per word: float32 of shape (len(words), n).

        If the encoder has no word vectors, n is 0.
        """

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        """Return the statistics of each term. The reader caches statistics."""

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery] = (),
        facets: Sequence[FacetQuery] = (),
        listings: Sequence[ListQuery] = (),
    ) -> Retrieved:
        """Return all rankings, facet counts and listings, in one call."""

    def cosines(
        self, embedding: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the cosine of `embedding` to each row, float32 of shape (len(rows),)."""

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of rows, float32 of shape (len(rows), dimension)."""

    def published(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the date of each row, in seconds since 1970 UTC or NO_DATE.

        A reader on another machine can fetch dates, places and units together with the
        rankings, and needs no other call for them.
        """

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each row, the number of rows before it in its article."""

    def units(self, rows: NDArray[np.int64], by: Unit) -> NDArray[np.int64]:
        """Return the number of the unit of each row: int64 of shape (len(rows),)."""

    def paragraphs(self, rows: Sequence[int]) -> Mapping[int, tuple[Record, Paragraph]]:
        """Return the article of each row, and its paragraph or part."""

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        """Return paragraphs with their complete texts, and public ids.

        `rows` are the rows of the paragraphs. `named` are other rows; for each of
        them, only the public id of its paragraph is returned.
        """

    def counts(self, queries: Sequence[Any]) -> list[int]:
        """Return, for each query, the number of rows that match it."""

    def known_values(
        self, values: Mapping[str, Sequence[str]]
    ) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Return the values of articles that equal the given ones, by field.

        `values` has the wanted values of each keyword field. The result maps each of
        them that is known to the values of articles that are meant: only the value
        itself if an article has it, otherwise all values that differ in case only.
        """

    def near_values(self, values: Mapping[str, Sequence[str]]) -> Mapping[tuple[str, str], str]:
        """Return the nearest value of an article for pairs of a field and a value.

        Pairs without a near value are omitted.
        """

    def article(self, article: str) -> Record | None:
        """Return the article with this id without its text, None if it does not exist."""

    def article_texts(self, record: Record) -> Sequence[str]:
        """Return the complete texts of an article's paragraphs, in order."""

    def ranked_rows(self, record: Record, position: int | None = None) -> NDArray[np.int64]:
        """Return the rows of an article, or of one paragraph, that are in rankings.

        `position` is the position of the paragraph in the article; None returns the
        rows of all paragraphs. Boilerplate is not in rankings.
        """

    def statistics(self) -> Statistics:
        """Count the contents of the index."""

    def warm(self) -> None:
        """Open every part of the index now, so that no question waits for it."""


class ReaderSource(Protocol):
    """A source of readers of one index, which always show its newest commit."""

    def snapshot(self, sequence: int | None = None) -> AbstractContextManager[IndexReader]:
        """Return the newest reader, for use in a `with` block.

        If the snapshot with the number `sequence` is still held, it is returned instead.
        The reader does not change within the block.
        """

    def hold(self, reader: IndexReader) -> None:
        """Keep a reader for some minutes, also if there is a newer one."""

    def refresh(self) -> bool:
        """Check for a newer commit now; return whether there was one."""

    def close(self) -> None:
        """Release the files as soon as no `with` block uses them."""
