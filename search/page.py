"""The page that is shown: the texts of its rows are read, and of no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nutgraf.index.analysis.analyzer import primary_language
from nutgraf.index.article import Paragraph, paragraph_id
from nutgraf.index.catalog.records import Record
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search.grouping.collapse import Group
from nutgraf.search.highlighting.keyword_matches import find_matches
from nutgraf.search.highlighting.semantic_matches import AnalyzedParagraph, find_near_words
from nutgraf.search.highlighting.snippets import make_snippet
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import ArticleFields, FoundParagraph, Hit, More

__all__ = ["hits_of_page"]


def hits_of_page(
    snapshot: IndexSnapshot,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    groups: Sequence[Group],
) -> tuple[Hit, ...]:
    """Return the hits of the page that the request asks for, one for each group of candidates."""
    page = groups[request.offset : request.offset + request.limit]
    places = [at for group in page for at in group.shown[: request.per_article]]
    shown = _shown(snapshot, request, question, candidates, places)
    names = _version_ids(snapshot, request, candidates, page)
    hits = []
    for rank, group in enumerate(page, start=request.offset + 1):
        at, *others = group.shown[: request.per_article]
        record, best = shown[at]
        hits.append(
            Hit(
                rank=rank,
                score=float(candidates.scores[group.best]),
                id=record.id if request.group == "article" else best.paragraph.id,
                article=ArticleFields.of(record),
                paragraph=best.paragraph,
                snippet=best.snippet,
                more=tuple(shown[other][1] for other in others),
                versions=len(group.versions),
                version_ids=tuple(names[version] for version in group.versions),
                explain=candidates.explain(group.best) if request.explain else None,
            )
        )
    return tuple(hits)


def _shown(
    snapshot: IndexSnapshot,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    places: Sequence[int],
) -> Mapping[int, tuple[Record, More]]:
    """Return the paragraph that stands at each place among the candidates, and its article."""
    rows = candidates.rows[places].tolist()
    found = snapshot.paragraphs(rows)
    analysed = [_analyse(snapshot, question, *found[row]) for row in rows]
    # Where meaning had no say, no word is there for its meaning, and no encoder was opened.
    meant = candidates.cosines is not None
    near = find_near_words(snapshot, question, analysed) if meant else [()] * len(rows)
    shown = {}
    for at, row, words, near_words in zip(places, rows, analysed, near, strict=True):
        record, paragraph = found[row]
        language = primary_language(record.language or snapshot.manifest.language)
        text = snapshot.whole_text(record, paragraph)
        snippet = make_snippet(
            words.text,
            words.matches,
            language,
            request.highlight,
            near_words,
            start=paragraph.start,
            goes_on=paragraph.start + len(paragraph.text) < len(text),
        )
        score = float(candidates.scores[at])
        name = paragraph_id(record.id, paragraph.position)
        shown_paragraph = FoundParagraph(name, paragraph.position, paragraph.part or None, text)
        shown[at] = record, More(shown_paragraph, score, snippet)
    return shown


def _version_ids(
    snapshot: IndexSnapshot,
    request: SearchRequest,
    candidates: Candidates,
    page: Sequence[Group],
) -> Mapping[int, str]:
    """Return what each version on the page is called, by its place among the candidates."""
    places = [at for group in page for at in group.versions]
    rows = candidates.rows[places].tolist()
    if request.group == "article":
        records = snapshot.catalog.records_of(rows)
        names = {row: record.id for row, record in records.items()}
    else:
        names = snapshot.names(rows)
    return dict(zip(places, (names[row] for row in rows), strict=True))


def _analyse(
    snapshot: IndexSnapshot, question: Question, record: Record, paragraph: Paragraph
) -> AnalyzedParagraph:
    analyzer = snapshot.analyzers.of(record.language)
    tokens = analyzer.tokens(paragraph.text)
    matches = find_matches(paragraph.text, question, analyzer, tokens)
    return AnalyzedParagraph(paragraph.text, tokens, matches)
