"""Systems for an evaluation: each ranks one index with fixed settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.evaluation.evaluate import System
from nutgraf.search.evaluation.judgements import JudgedQuestion, split_id
from nutgraf.search.ranking.rank import rank_question
from nutgraf.search.request.search_request import MAX_LIMIT, SearchRequest

__all__ = ["missing_judged_ids", "ranker"]


def ranker(index: IndexReader, **settings: Any) -> System:
    """Return a system that ranks as a Searcher does, up to MAX_LIMIT paragraphs.

    `settings` are fields of SearchRequest. Threads may share the system after `warm` has opened all
    files of the index. Raises RequestError if a setting is not valid.
    """
    SearchRequest("a question", **settings)

    def rank(text: str) -> list[str]:
        request = SearchRequest(text, **settings)
        # A Searcher ranks with the same function. No Searcher is used here, because it would also
        # make 100 snippets per question, and these take 5 times as long as the ranking.
        found = rank_question(index, request)
        rows = found.rows[found.best(MAX_LIMIT)].tolist()
        return list(dict.fromkeys(index.page((), rows).ids.values()))

    return rank


def missing_judged_ids(index: IndexReader, questions: Iterable[JudgedQuestion]) -> list[str]:
    """Return the relevant ids that are not in the index, sorted."""
    wanted = {name for question in questions for name in question.wanted}
    # A judgement of a complete article needs an article with at least one paragraph.
    places = {name: split_id(name) for name in wanted}
    lengths = {article: _length(index, article) for article, _ in places.values()}
    return sorted(
        name for name, (article, position) in places.items() if lengths[article] <= max(position, 0)
    )


def _length(index: IndexReader, article: str) -> int:
    record = index.article(article)
    return 0 if record is None else record.paragraphs
