"""The page that is shown: the texts of its rows are read, and of no others."""

from __future__ import annotations

from nutgraf.index.snapshot import IndexSnapshot
from nutgraf.search.candidates import Candidates
from nutgraf.search.hits import ArticleFields, Hit
from nutgraf.search.matches import find_matches
from nutgraf.search.meaning import Analysed, find_near_words
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
    shown = [found[int(candidates.rows[at])] for at in page]
    analysed = [_analyse(paragraph.text, question, snapshot) for _, paragraph in shown]
    # Where meaning had no say, no word is there for its meaning, and no encoder was opened.
    meant = candidates.cosines is not None
    near = find_near_words(snapshot, question, analysed) if meant else [()] * len(page)
    hits = []
    for at, (record, paragraph), words, near_words in zip(page, shown, analysed, near, strict=True):
        language = record.language or snapshot.manifest.language
        hits.append(
            Hit(
                rank=at + 1,
                score=float(candidates.scores[at]),
                article=ArticleFields.of(record),
                position=paragraph.position,
                text=paragraph.text,
                snippet=make_snippet(
                    paragraph.text, words.matches, language, request.highlight, near_words
                ),
                explain=candidates.explain(at) if request.explain else None,
            )
        )
    return tuple(hits)


def _analyse(text: str, question: Question, snapshot: IndexSnapshot) -> Analysed:
    tokens = snapshot.analyzer.tokens(text)
    return Analysed(text, tokens, find_matches(text, question, snapshot.analyzer, tokens))
