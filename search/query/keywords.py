"""The keyword query of a question, and its words for rankings and highlights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.query import query as wq
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.language_weights import language_factors
from nutgraf.search.query.question import QuestionWord
from nutgraf.search.query.scored import Factors, ScoredPattern, ScoredWords, needless

__all__ = ["FoundWord", "keyword_query", "question_words"]


@dataclass(frozen=True, slots=True)
class FoundWord:
    """A word of a question.

    `terms` and `foreign` are those of QuestionToken. `stops` are the languages of which it is a
    stop word, `elsewhere` those that do not have its terms. `written` is that of QuestionWord.
    """

    terms: tuple[str, ...]
    stops: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    foreign: frozenset[tuple[str, str]] = frozenset()
    written: str = ""


def keyword_query(
    scored: Sequence[ScoredWords | ScoredPattern],
    unknown: Set[str],
    analyzer: MultilingualAnalyzer,
    index: IndexReader | None,
) -> tuple[Any, Factors]:
    """Return the query of the keyword ranking, and the factors of its pieces.

    Without `index`, all factors are 1. No paragraph contains the terms in `unknown`.
    """
    if not scored:
        return wq.Every(), {}
    skipped = needless([each.stops for each in scored], analyzer.every)
    parts = list(zip(scored, skipped, strict=True))
    pieces = [piece for each, left_out in parts for piece in each.pieces(left_out)]
    factors = {} if index is None else language_factors(index, analyzer, pieces)
    queries = [each.query(left_out, factors, unknown, analyzer) for each, left_out in parts]
    return wq.Or([query for query in queries if query is not None]), factors


def question_words(
    found: Sequence[FoundWord], factors: Factors, every: frozenset[str]
) -> Iterator[QuestionWord]:
    """Yield the words that are searched in any language; `every` are all languages."""
    highest: dict[str, float] = {}
    for (terms, _), factor in factors.items():
        highest[terms[0]] = max(factor, highest.get(terms[0], 0.0))
    skipped = needless([word.stops | word.elsewhere for word in found], every)
    there: dict[tuple[str, ...], frozenset[str]] = {}
    for word, left_out in zip(found, skipped, strict=True):
        known = there.get(word.terms, frozenset())
        missing = left_out | word.elsewhere | known
        if missing != every:
            there[word.terms] = known | (every - missing)
            mine = {term: highest[term] for term in word.terms if term in highest}
            yield QuestionWord(word.terms, missing, word.foreign, mine, word.written)
