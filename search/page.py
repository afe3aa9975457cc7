"""Hits of a page. Only the texts of the rows on the page are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nutgraf.index.analysis.languages import primary_language
from nutgraf.index.article import paragraph_id
from nutgraf.index.reader.protocol import FoundParagraph, IndexReader, Page, Record
from nutgraf.index.schema import FIELD_NAMES
from nutgraf.search.grouping.collapse import Group
from nutgraf.search.highlighting.keyword_matches import MatchedText, match_texts
from nutgraf.search.highlighting.semantic_matches import find_near_words
from nutgraf.search.highlighting.snippets import make_snippet, mark_matches
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Hit, HitArticle, HitParagraph, More

__all__ = ["hits_of_page"]


def hits_of_page(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    groups: Sequence[Group],
    first_rank: int = 1,
) -> tuple[Hit, ...]:
    """Return the hits of a page, one for each group of candidates."""
    shown = [group.shown[: request.per_article] for group in groups]
    places = [at for places in shown for at in places]
    rows = dict(zip(places, candidates.rows[places].tolist(), strict=True))
    named = [at for group in groups for at in group.versions if at not in rows]
    named_rows = dict(zip(named, candidates.rows[named].tolist(), strict=True))
    page = index.page(list(rows.values()), list(named_rows.values()))
    found = [page.paragraphs[row] for row in rows.values()]
    titles, matched = _matched(index, question, found)
    paragraphs = _paragraphs(index, request, question, candidates, rows, found, matched)
    names = _version_ids(request, rows | named_rows, page)
    explained = request.explain and not question.is_listing
    hits = []
    for rank, (group, (at, *others)) in enumerate(zip(groups, shown, strict=True), first_rank):
        best, record = paragraphs[at], page.paragraphs[rows[at]].record
        hits.append(
            Hit(
                rank=rank,
                score=None if question.is_listing else float(candidates.scores[group.best]),
                id=record.id if request.group == "article" else best.paragraph.id,
                article=_article(request, record, titles[record.number]),
                paragraph=best.paragraph,
                snippet=best.snippet,
                more=tuple(paragraphs[other] for other in others),
                versions=len(group.versions),
                version_ids=tuple(names[version] for version in group.versions),
                explain=candidates.explain(group.best) if explained else None,
            )
        )
    return tuple(hits)


def _matched(
    index: IndexReader, question: Question, found: Sequence[FoundParagraph]
) -> tuple[Mapping[int, MatchedText], Sequence[MatchedText]]:
    """Return the matches in titles, by number of the record, and in paragraphs."""
    records = {each.record.number: each.record for each in found}
    texts = [(each.title, index.analyzer(each.language)) for each in records.values()]
    texts += [(each.paragraph.text, index.analyzer(each.record.language)) for each in found]
    matched = match_texts(question, texts)
    return dict(zip(records, matched, strict=False)), matched[len(records) :]


def _article(request: SearchRequest, record: Record, title: MatchedText) -> HitArticle:
    """Return the fields of an article, with its highlighted title."""
    return HitArticle(
        **{name: getattr(record, name) for name in FIELD_NAMES},
        title_html=mark_matches(record.title, title.matches, request.highlight),
    )


def _paragraphs(
    index: IndexReader,
    request: SearchRequest,
    question: Question,
    candidates: Candidates,
    places: Iterable[int],
    found: Sequence[FoundParagraph],
    matched: Sequence[MatchedText],
) -> Mapping[int, More]:
    """Return a mapping from positions of candidates to their paragraphs with snippets."""
    # Without a ranking by meaning, no word was found by its meaning, and no encoder is open.
    by_meaning = candidates.cosines is not None
    near = find_near_words(index, question, matched) if by_meaning else [()] * len(found)
    paragraphs = {}
    for at, each, words, near_words in zip(places, found, matched, near, strict=True):
        paragraph = each.paragraph
        snippet = make_snippet(
            paragraph.text,
            words.matches,
            primary_language(each.record.language or index.language),
            request.highlight,
            near_words,
            start=paragraph.start,
            goes_on=paragraph.start + len(paragraph.text) < len(each.whole_text),
        )
        score = None if question.is_listing else float(candidates.scores[at])
        name = paragraph_id(each.record.id, paragraph.position)
        shown = HitParagraph(name, paragraph.position, paragraph.part or None, each.whole_text)
        paragraphs[at] = More(shown, score, snippet)
    return paragraphs


def _version_ids(request: SearchRequest, rows: Mapping[int, int], page: Page) -> Mapping[int, str]:
    """Return a mapping from positions of candidates to the public ids of versions."""
    ids = dict(page.ids)
    for row, found in page.paragraphs.items():
        ids[row] = paragraph_id(found.record.id, found.paragraph.position)
    if request.group == "article":
        ids = {row: name.rpartition("#")[0] for row, name in ids.items()}
    return {at: ids[row] for at, row in rows.items()}
