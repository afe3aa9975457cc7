"""MemoryReader: a second IndexReader, in dicts and numpy.

It shows that search needs only the IndexReader protocol. It runs each query in the
simplest way, row by row, on a copy of the articles of another reader.
"""

from __future__ import annotations

import fnmatch
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from nutgraf.index.analysis.versions.identity import agree, articles_agree, make_identities
from nutgraf.index.analysis.versions.minhash import are_long, make_sketches, near_duplicates
from nutgraf.index.article import Paragraph, timestamp
from nutgraf.index.catalog.rows import Row
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.keywords.protocol import KeywordEntry, TermStatistics
from nutgraf.index.query import query as q
from nutgraf.index.ranking import NO_DATE, Ranking
from nutgraf.index.reader.protocol import (
    Condition,
    FacetCounts,
    FacetQuery,
    FoundParagraph,
    KeywordQuery,
    Listing,
    ListQuery,
    Matching,
    Page,
    Position,
    Record,
    Retrieved,
    RowSet,
    Unit,
    VectorQuery,
)
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.index.schema import TEXT_FIELDS, values_of

K1, B = 1.2, 0.75
FORMATS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


class Stored(NamedTuple):
    """A ranked row."""

    record: Record
    paragraph: Paragraph
    entry: KeywordEntry


class MemoryReader:
    """An IndexReader of complete paragraphs, without parts."""

    has_split_paragraphs = False

    def __init__(self, other: IndexSnapshot) -> None:
        self._other = other
        self._records = {record.id: record for record in other.catalog.alive(other.sequence)}
        self._rows: dict[int, Stored] = {}
        for record in self._records.values():
            texts = enumerate(other.article_texts(record))
            rows = {
                row: Row(at, 0, 0, text) for row, (at, text) in zip(record.rows, texts, strict=True)
            }
            ranked = set(other.ranked_rows(record).tolist())
            for entry in entries_of(record, rows, other.analyzers, other.declared):
                if entry.row in ranked:
                    row = rows[entry.row]
                    paragraph = Paragraph(entry.row, record.id, row.position, row.text)
                    self._rows[entry.row] = Stored(record, paragraph, entry)
        self._embeddings = other.embeddings(np.arange(max(self._rows, default=-1) + 1))
        self._lengths = {
            field: np.mean([len(one.entry.terms(field)) for one in self._rows.values()] or [1]) or 1
            for field in TEXT_FIELDS
        }
        self._frequencies = {
            field: Counter(t for one in self._rows.values() for t in {*one.entry.terms(field)})
            for field in TEXT_FIELDS
        }
        self._known: dict[str, TermStatistics] = {}
        self._words: dict[tuple[int, str], frozenset[str]] = {}
        self.key, self.paragraph_count, self.lead = id(self), len(self._rows), other.lead
        self._stories = _stories(self._rows)

    def __getattr__(self, name: str) -> Any:
        """Return models, analyzers and facts about the complete index of the other reader."""
        return getattr(self._other, name)

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        new = [term for term in terms if term not in self._known]
        for term in new:
            counts = [self._frequencies[field][term] for field in TEXT_FIELDS]
            self._known[term] = TermStatistics(self._idf("text", term), counts[0], any(counts))
        return {term: self._known[term] for term in terms}

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery] = (),
        facets: Sequence[FacetQuery] = (),
        listings: Sequence[ListQuery] = (),
    ) -> Retrieved:
        return Retrieved(
            tuple(map(self._rank, rankings)),
            tuple(map(self._facet, facets)),
            tuple(map(self._list, listings)),
        )

    def cosines(self, embedding: Any, rows: Any) -> Any:
        return self._embeddings[rows] @ embedding

    def embeddings(self, rows: Any) -> Any:
        return self._embeddings[rows]

    def published(self, rows: Any) -> Any:
        return np.array([_seconds(self._rows[row]) for row in rows.tolist()], np.int64)

    def places(self, rows: Any) -> Any:
        firsts = [self._rows[row].record.first_row for row in rows.tolist()]
        return rows - np.array(firsts, np.int64)

    def units(self, rows: Any, by: Unit) -> Any:
        return np.array([self._unit(row, by) for row in rows.tolist()], np.int64)

    def _unit(self, row: int, by: Unit) -> int:
        unit = self._rows[row].record.number if by.startswith("article") else row
        return self._stories[by].get(unit, unit) if by.endswith("story") else unit

    def paragraphs(self, rows: Sequence[int]) -> Mapping[int, tuple[Record, Paragraph]]:
        return {row: self._rows[row][:2] for row in rows}

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        found = {row: FoundParagraph(*self._rows[row][:2], self._rows[row][1].text) for row in rows}
        ids = {row: self._rows[row].paragraph.id for row in named}
        return Page(found, ids)

    def counts(self, queries: Sequence[Any]) -> list[int]:
        return [len(list(self._matching(query))) for query in queries]

    def known_values(self, values: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
        found: dict[str, dict[str, list[str]]] = {}
        for name, wanted in values.items():
            known = self._values(name)
            for value in wanted:
                alike = [each for each in known if each.lower() == value.lower()]
                if alike:
                    meant = [value] if value in alike else alike
                    found.setdefault(name, {})[value] = meant
        return found

    def near_values(self, values: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for name, wanted in values.items():
            for value in wanted:
                distances = [
                    (OSA.distance(each.lower(), value.lower()), each) for each in self._values(name)
                ]
                most = 1 if len(value) <= 4 else 2
                if near := [pair for pair in distances if pair[0] <= most]:
                    found[name, value] = min(near)[1]
                elif len(value) > 2:
                    longer = [each for each in self._values(name) if value.lower() in each.lower()]
                    if longer:
                        found[name, value] = min(longer, key=len)
        return found

    def _values(self, name: str) -> list[str]:
        records = [one.record for one in self._rows.values()]
        return sorted({value for record in records for value in self._texts_of(record, name)})

    def article(self, article: str) -> Record | None:
        return self._records.get(article)

    def ranked_rows(self, record: Record, position: int | None = None) -> Any:
        rows = [
            row
            for row, one in self._rows.items()
            if one.record == record and position in (None, one.paragraph.position)
        ]
        return np.array(rows, np.int64)

    def _rank(self, asked: KeywordQuery | VectorQuery) -> Ranking:
        members = asked.condition.members
        if isinstance(asked, VectorQuery):
            rows = np.array(list(self._allowed(asked.condition)), np.int64)
            # Products of equal embeddings differ in their last bits, by their place in an array.
            scores = np.round(self._embeddings[rows] @ asked.embedding, 5).astype(np.float32)
        else:
            found = [
                (row, score)
                for row in self._allowed(asked.condition)
                if members is None or self._unit(row, members.unit) in members.numbers
                if (score := self._score(asked.query, self._rows[row].entry)) is not None
            ]
            rows = np.array([row for row, _ in found], np.int64)
            scores = np.array([score for _, score in found], np.float32)
            return Ranking(rows, scores)
        best = np.lexsort((rows, -scores))[: asked.depth]
        return Ranking(rows[best], scores[best], complete=len(rows) <= len(best))

    def _set(self, matching: Iterable[Matching]) -> set[int]:
        rows: set[int] = set()
        for each in matching:
            if isinstance(each, RowSet):
                rows.update(each.rows.tolist())
            elif isinstance(each, VectorQuery):
                rows.update(self._rank(each).rows.tolist())
            else:
                rows.update(set(self._matching(each.query)) & set(self._allowed(each.condition)))
        return rows

    def _facet(self, asked: FacetQuery) -> FacetCounts:
        pairs = {
            (self._unit(row, asked.by), value)
            for row in self._set(asked.matching)
            for value in self._facet_values(asked, self._rows[row])
        }
        counts: Counter[Any] = Counter(value for _, value in pairs)
        if asked.period is None and asked.width is None:
            ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            return FacetCounts(tuple(ordered[: asked.most]), len(counts))
        if asked.empty and counts:
            counts.update(dict.fromkeys(_between(asked, min(counts), max(counts)), 0))
        shown = sorted(counts.items())[-asked.most :]
        name = str if asked.width is None else "{:.15g}".format
        return FacetCounts(tuple((name(value), count) for value, count in shown), len(counts))

    def _texts_of(self, record: Record, name: str) -> tuple[str, ...]:
        if name not in self._other.declared:
            return values_of(record, name)
        value = (record.extra or {}).get(name)
        if isinstance(value, list):
            return tuple(value)
        return () if value is None else (value,)

    def _number(self, one: Stored, name: str) -> float | None:
        if name == "published":
            return one.entry.published
        value = (one.record.extra or {}).get(name)
        return timestamp(value) if isinstance(value, str) else value

    def _facet_values(self, asked: FacetQuery, one: Stored) -> tuple[Any, ...]:
        if asked.period is None and asked.width is None:
            return self._texts_of(one.record, asked.field)
        number = self._number(one, asked.field)
        if number is None:
            return ()
        if asked.width is not None:
            return (math.floor(number / asked.width) * asked.width,)
        return (datetime.fromtimestamp(number, UTC).strftime(FORMATS[asked.period or "day"]),)

    def _sort_value(self, asked: ListQuery, one: Stored) -> str | float | None:
        if asked.order is None:
            return None
        kind = self._other.declared.get(asked.order.field)
        if asked.order.field == "published" or kind in ("number", "date"):
            return self._number(one, asked.order.field)
        return next(iter(self._texts_of(one.record, asked.order.field)), None)

    def _list(self, asked: ListQuery) -> Listing:
        units: dict[int, list[int]] = {}
        for row in sorted(self._set(asked.matching)):
            units.setdefault(self._unit(row, asked.by), []).append(row)
        listed = []
        for rows in units.values():
            shown = _shown(rows, self._rows, asked) if asked.by.endswith("story") else rows[0]
            if asked.added_before is None or shown < asked.added_before:
                listed.append(Position(self._sort_value(asked, self._rows[shown]), shown))
        key = _sort_key(asked)
        listed.sort(key=key)
        if asked.after is not None:
            listed = [each for each in listed if key(each) > key(asked.after)]
        page = listed[asked.start : asked.start + asked.limit]
        return Listing(len(units), np.array([each.row for each in page], np.int64), tuple(page))

    def _allowed(self, condition: Condition) -> Iterator[int]:
        """Yield the rows that meet a condition."""
        wanted = condition.article_constraint
        articles = {article for article in self._records if self._meets(article, wanted)}
        for row in self._matching(condition.tree()):
            if self._rows[row].record.id in articles:
                yield row

    def _meets(self, article: str, tree: Any) -> bool:
        """Return whether an article meets a tree with its title and all paragraphs."""
        if isinstance(tree, q.And):
            return all(self._meets(article, part) for part in tree.subqueries)
        if isinstance(tree, q.Or):
            return any(self._meets(article, part) for part in tree.subqueries)
        if isinstance(tree, q.Not):
            return not self._meets(article, tree.query)
        entries = [one.entry for one in self._rows.values() if one.record.id == article]
        return tree is None or any(self._score(tree, each) is not None for each in entries)

    def _matching(self, tree: Any) -> Iterator[int]:
        for row, one in sorted(self._rows.items()):
            if tree is None or self._score(tree, one.entry) is not None:
                yield row

    def _idf(self, field: str, term: str) -> float:
        holding = self._frequencies[field][term]
        return math.log1p((len(self._rows) - holding + 0.5) / (holding + 0.5))

    def _distinct(self, field: str, entry: KeywordEntry) -> frozenset[str]:
        key = (entry.row, field)
        if key not in self._words:
            self._words[key] = frozenset(entry.terms(field))
        return self._words[key]

    def _bm25(self, field: str, terms: Sequence[str], times: int, entry: KeywordEntry) -> float:
        length = len(entry.terms(field)) / self._lengths[field]
        weight = sum(self._idf(field, term) for term in terms)
        return weight * times * (K1 + 1) / (times + K1 * (1 - B + B * length))

    def _score(self, tree: Any, entry: KeywordEntry) -> float | None:
        """Return the score of an entry for a query tree, or None if it does not match."""
        if isinstance(tree, q.And):
            parts = [self._score(part, entry) for part in tree.subqueries]
            return None if None in parts or not parts else sum(parts) * tree.boost
        if isinstance(tree, q.Or | q.DisjunctionMax):
            found = [s for part in tree.subqueries if (s := self._score(part, entry)) is not None]
            if not found:
                return None
            return (max if isinstance(tree, q.DisjunctionMax) else sum)(found) * tree.boost
        if isinstance(tree, q.Not):
            return 0.0 if self._score(tree.query, entry) is None else None
        if isinstance(tree, q.ConstantScoreQuery):
            return None if self._score(tree.child, entry) is None else tree.score
        if isinstance(tree, q.Every):
            if tree.fieldname in (None, "published"):
                there = tree.fieldname is None or entry.published is not None
            else:
                there = bool(entry.terms(tree.fieldname))
            return 1.0 if there else None
        if isinstance(tree, q.NumericRange):
            return tree.boost if _within(entry.published, tree.start, tree.end) else None
        if not hasattr(tree, "fieldname") or tree is q.NullQuery:
            return None
        terms = entry.terms(tree.fieldname)
        scored = tree.fieldname in self._lengths
        if type(tree) in (q.Phrase, q.Term):
            words = tree.words if isinstance(tree, q.Phrase) else [tree.text]
            if not self._distinct(tree.fieldname, entry).issuperset(words):
                return None
        if type(tree) in (q.Phrase, q.Term) and scored:
            slop = tree.slop if isinstance(tree, q.Phrase) else 1
            times = sum(_follow(terms, at, words, slop) for at in range(len(terms)))
            score = tree.boost * self._bm25(tree.fieldname, words, times, entry)
            return score if times else None
        return tree.boost if any(_fits(tree, term) for term in terms) else None


def _follow(terms: Sequence[str], at: int, words: Sequence[str], slop: int) -> bool:
    after = range(at + 1, min(at + slop + 1, len(terms)))
    rest = words[1:]
    return terms[at] == words[0] and (
        not rest or any(_follow(terms, each, rest, slop) for each in after)
    )


def _fits(tree: Any, term: str) -> bool:
    if isinstance(tree, q.FuzzyTerm):
        return OSA.distance(tree.text, term) <= tree.maxdist
    if isinstance(tree, q.Prefix):
        return term.startswith(tree.text)
    if isinstance(tree, q.Wildcard):
        return fnmatch.fnmatchcase(term, tree.text)
    return bool(term == tree.text)


def _within(published: int | None, start: int | None, end: int | None) -> bool:
    return published is not None and (start or NO_DATE) <= published <= (end or 2**62)


def _between(asked: FacetQuery, first: Any, last: Any) -> list[Any]:
    """Return all ranges or periods from the first to the last."""
    if asked.width is not None:
        many = round((last - first) / asked.width)
        return [first + asked.width * number for number in range(many + 1)]
    form = FORMATS[asked.period or "day"]
    day, found = datetime.strptime(first, form).replace(tzinfo=UTC), []
    while day.strftime(form) <= last:
        found.append(day.strftime(form))
        day += timedelta(days=1)
    return found


def _seconds(one: Stored) -> int:
    return NO_DATE if one.entry.published is None else one.entry.published


def _shown(rows: Sequence[int], stored: Mapping[int, Stored], asked: ListQuery) -> int:
    """Return the first row of the newest version, or of the oldest one."""
    firsts: dict[tuple[str, int], int] = {}
    for row in rows:
        record, paragraph, _ = stored[row]
        part = paragraph.position if asked.by == "paragraph_story" else 0
        firsts.setdefault((record.id, part), row)
    dated = [row for row in firsts.values() if stored[row].entry.published is not None]
    choice = dated or list(firsts.values())
    return (max if asked.newest else min)(choice, key=lambda row: (_seconds(stored[row]), row))


def _sort_key(asked: ListQuery) -> Any:
    """Return a key function for positions in the order of a query."""

    def key(each: Position) -> tuple[Any, ...]:
        if each.value is None:
            return (1, (), each.row)
        numbers: tuple[float, ...] = (each.value,) if not isinstance(each.value, str) else ()
        if isinstance(each.value, str):
            numbers = (*map(ord, each.value.casefold()), 0, *map(ord, each.value))
        if asked.order is not None and asked.order.descending:
            # The end of a shorter text comes after its continuation in descending order.
            return (0, (*(-number for number in numbers), 1), each.row)
        return (0, numbers, each.row)

    return key


def _stories(rows: Mapping[int, Stored]) -> dict[str, dict[int, int]]:
    """Return the first version of each paragraph and article that is a version."""
    numbers = list(rows)
    contents = [one.paragraph.text for one in rows.values()]
    sketches, identities = make_sketches(contents), make_identities(contents)
    alike, long = near_duplicates(sketches, sketches), are_long(sketches)
    near = alike & (agree(identities[:, None], identities[None, :]) | ~long)
    sums: dict[int, Any] = {}
    for one, identity in zip(rows.values(), identities.astype(np.int64), strict=True):
        sums[one.record.number] = sums.get(one.record.number, 0) + identity
    paragraphs: dict[int, int] = {}
    for at, row in enumerate(numbers):
        same = [other for k, other in enumerate(numbers[:at]) if near[k, at]]
        same = [other for other in same if other not in paragraphs]
        if same:
            paragraphs[row] = same[0]
    texts: dict[int, set[int]] = {}
    places: dict[int, list[int]] = {}
    for at, row in enumerate(numbers):
        if long[at]:
            texts.setdefault(rows[row].record.number, set()).add(paragraphs.get(row, row))
            places.setdefault(rows[row].record.number, []).append(at)
    articles: dict[int, int] = {}
    for article, own in texts.items():
        for other, theirs in texts.items():
            if other >= article:
                break
            filled = sum(
                paragraphs.get(numbers[at], numbers[at]) not in theirs
                and any(alike[at, one] and not near[at, one] for one in places[other])
                for at in places[article]
            )
            same = 2 * (len(own & theirs) - filled) > min(len(own), len(theirs))
            if other not in articles and same and articles_agree(sums[article], sums[other]):
                articles[article] = other
                break
    return {"paragraph_story": paragraphs, "article_story": articles}
