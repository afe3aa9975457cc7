"""Systems that rank by an index under some settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.evaluation.evaluate import System
from nutgraf.search.evaluation.judgements import JudgedQuestion, split_id
from nutgraf.search.query.builder import read_question
from nutgraf.search.ranking.rank import rank_candidates
from nutgraf.search.request.search_request import MAX_LIMIT, SearchRequest

__all__ = ["missing_judged_ids", "ranker"]


def ranker(index: IndexReader, **settings: Any) -> System:
    """Return the system that ranks as a Searcher does, to a depth of MAX_LIMIT paragraphs.

    `settings` are fields of SearchRequest. Safe to call from many threads
    once the index is warm. Raises RequestError for what it cannot be.
    """
    SearchRequest("a question", **settings)

    def rank(text: str) -> list[str]:
        request = SearchRequest(text, **settings)
        question = read_question(index, request)
        # What a Searcher shows comes from here, too. Asking one for its hits would make a hundred
        # snippets a question, and they take five times as long as the ranking.
        found = rank_candidates(index, request, question)
        rows = found.rows[found.scores >= (request.min_score or 0.0)][:MAX_LIMIT].tolist()
        return list(dict.fromkeys(index.page((), rows).ids.values()))

    return rank


def missing_judged_ids(index: IndexReader, questions: Iterable[JudgedQuestion]) -> list[str]:
    """Return what is to be found and is not in the index, sorted: nothing can find it."""
    wanted = {name for question in questions for name in question.wanted}
    # At WHOLE, any paragraph will do.
    places = {name: split_id(name) for name in wanted}
    lengths = {article: _length(index, article) for article, _ in places.values()}
    return sorted(
        name for name, (article, position) in places.items() if lengths[article] <= max(position, 0)
    )


def _length(index: IndexReader, article: str) -> int:
    record = index.article(article)
    return 0 if record is None else record.paragraphs
