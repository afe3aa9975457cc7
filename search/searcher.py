"""Searcher: a question in, ranked hits out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import Ranking
from nutgraf.index.snapshot import IndexSnapshot, Statistics
from nutgraf.search.candidates import Candidates, from_keywords, from_meaning, fuse
from nutgraf.search.fusion import FULL
from nutgraf.search.hits import ArticleFields, ArticleView, Hit, ParagraphView, Response, Total
from nutgraf.search.matches import find_matches
from nutgraf.search.query import Question, parse_question
from nutgraf.search.request import DEPTH, SearchRequest
from nutgraf.search.retrieve import keyword_ranking, semantic_ranking
from nutgraf.search.snippets import make_snippet

__all__ = ["Searcher"]


class Searcher:
    """Answers questions from one snapshot of an index.

        with Searcher("news.index") as searcher:
            for hit in searcher.search("who supplied the missiles", limit=5).hits:
                print(hit.score, hit.article.title, hit.snippet.text)

    Safe to use from many threads. `trust` is needed for an index of the
    whoosh engine, whose files hold pickles: give it only for an index that
    you made.

    Raises NotAnIndexError, UntrustedIndexError, BrokenIndexError.
    """

    def __init__(self, index: str | Path, *, trust: bool = False) -> None:
        self._snapshot = IndexSnapshot.open(index, trust=trust)

    def search(self, request: str | SearchRequest, **options: Any) -> Response:
        """Answer a question; `options` are the other fields of SearchRequest.

        Raises RequestError for a request that cannot be answered.
        """
        if isinstance(request, SearchRequest):
            request = replace(request, **options)
        else:
            request = SearchRequest(request, **options)
        started = time.perf_counter()
        question = parse_question(request.q, self._snapshot.analyzer)
        candidates = self._candidates(request, question)
        hits = self._hits(request, question, candidates)
        return Response(
            query=request.q,
            mode=request.mode,
            took_ms=(time.perf_counter() - started) * 1000,
            total=Total(len(candidates.rows), "eq" if candidates.complete else "gte"),
            hits=hits,
            warnings=_warnings(question, candidates),
            snapshot=self._snapshot.sequence,
        )

    def article(self, article: str) -> ArticleView | None:
        """Return the article with this id and all its paragraphs, or None."""
        record = self._snapshot.article(article)
        if record is None:
            return None
        found = self._snapshot.paragraphs(record.rows)
        paragraphs = (found[row][1] for row in record.rows)
        return ArticleView(
            ArticleFields.of(record),
            tuple(ParagraphView(item.id, item.position, item.text) for item in paragraphs),
            self._snapshot.sequence,
        )

    def statistics(self) -> Statistics:
        """Count what the index holds."""
        return self._snapshot.statistics()

    def warm(self) -> None:
        """Open every part of the index now, so that the first question need not wait."""
        self._snapshot.warm()

    def close(self) -> None:
        """Release files."""
        self._snapshot.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _candidates(self, request: SearchRequest, question: Question) -> Candidates:
        """Rank by what the mode asks for, each ranking to DEPTH whatever page is wanted."""
        if request.mode == "semantic" and question.text:
            return from_meaning(self._semantic(request, question, self._embedding(question)))
        keyword = keyword_ranking(self._snapshot, question, request.filters, DEPTH)
        full = FULL * self._snapshot.keywords.weight(question.terms)
        # Conditions and wild?cards alone leave nothing to compare by meaning, whatever the mode.
        if request.mode == "keyword" or not question.text:
            return from_keywords(keyword, full)
        embedding = self._embedding(question)
        semantic = self._semantic(request, question, embedding)
        rows = np.union1d(keyword.rows, semantic.rows)
        cosines = self._snapshot.vectors.scores(embedding, rows)
        return fuse(request.fusion, keyword, semantic, rows, cosines, full)

    def _embedding(self, question: Question) -> NDArray[np.float32]:
        return self._snapshot.encoder.encode_question(question.text)

    def _semantic(
        self, request: SearchRequest, question: Question, embedding: NDArray[np.float32]
    ) -> Ranking:
        return semantic_ranking(self._snapshot, question, embedding, request.filters, DEPTH)

    def _hits(
        self, request: SearchRequest, question: Question, candidates: Candidates
    ) -> tuple[Hit, ...]:
        """Read the texts of the page that is shown, and of no other row."""
        page = range(request.offset, min(request.offset + request.limit, len(candidates.rows)))
        found = self._snapshot.paragraphs(int(candidates.rows[at]) for at in page)
        hits = []
        for at in page:
            record, paragraph = found[int(candidates.rows[at])]
            matches = find_matches(paragraph.text, question, self._snapshot.analyzer)
            language = record.language or self._snapshot.manifest.language
            hits.append(
                Hit(
                    rank=at + 1,
                    score=float(candidates.scores[at]),
                    article=ArticleFields.of(record),
                    position=paragraph.position,
                    text=paragraph.text,
                    snippet=make_snippet(paragraph.text, matches, language, request.highlight),
                    explain=candidates.explain(at) if request.explain else None,
                )
            )
        return tuple(hits)


def _warnings(question: Question, candidates: Candidates) -> tuple[str, ...]:
    """Return what the asker is to read: nothing is found, too, where conditions are why."""
    if question.constraint is None or len(candidates.rows):
        return question.warnings
    return (
        *question.warnings,
        'no paragraph meets all conditions of the question: "phrases", +, -, patterns* and '
        "field: each have to hold; write OR between alternatives",
    )
