"""The page that is shown: the texts of its rows are read, and of no others."""

from __future__ import annotations

from nutgraf.index.snapshot import IndexSnapshot
from nutgraf.search.candidates import Candidates
from nutgraf.search.hits import ArticleFields, Hit
from nutgraf.search.matches import find_matches
from nutgraf.search.query import Question
from nutgraf.search.request import SearchRequest
from nutgraf.search.snippets import make_snippet

__all__ = ["hits_of_page"]


def hits_of_page(
    snapshot: IndexSnapshot, request: SearchRequest, question: Question, candidates: Candidates
) -> tuple[Hit, ...]:
    """Return the hits of the page that the request asks for."""
    page = range(request.offset, min(request.offset + request.limit, len(candidates.rows)))
    found = snapshot.paragraphs(int(candidates.rows[at]) for at in page)
    hits = []
    for at in page:
        record, paragraph = found[int(candidates.rows[at])]
        matches = find_matches(paragraph.text, question, snapshot.analyzer)
        language = record.language or snapshot.manifest.language
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
