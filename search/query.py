"""A question becomes a Query: words to encode, terms to rank by, and what must hold.

Plain language never excludes, requires or empties anything: only signs that
the asker set (parser.py says which count) make a constraint. Whatever is not
understood is searched as words, and a warning says so.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from nutgraf.index.keywords.analysis import Analyzer, Token
from nutgraf.search.parser import MAX_WORDS, TOO_LONG, Group, Leaf, Node, PatternKind, Warn, parse

with warnings.catch_warnings():
    # whoosh 2.7.4 predates the warning on "\w" in plain strings (Python 3.12).
    warnings.simplefilter("ignore", SyntaxWarning)
    from whoosh import query as wq
    from whoosh.util.times import TimeError

__all__ = ["TITLE_BOOST", "Pattern", "Query", "parse_query"]

TITLE_BOOST: Final = 2.0
"""How much more a word counts in the title than in the paragraph. Not measured yet."""

MAX_PATTERNS: Final = 16
"""Patterns of a question; each is looked up among all terms of an index."""

_VALUE_FIELDS: Final = frozenset({"source", "author", "section", "language", "article"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a prefix*, wild?card or fuzzy~ finds, for highlighting.

    A word matches when its folded form or its term does: starts with `text`,
    equals it with ? for one character and * for any, or differs from it in at
    most `distance` letters.
    """

    kind: PatternKind
    text: str
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A question, understood. The queries are trees of `whoosh.query` over analysed terms."""

    text: str
    """What the encoder is asked: words and phrases as written; "" when there are none."""
    keywords: Any
    """What keyword ranking scores: an Or; Every where only `constraint` speaks; or NullQuery."""
    constraint: Any | None
    """What must hold of every hit, semantic ones too; may be a bare Not. None: nothing must."""
    terms: tuple[str, ...]
    """Terms to highlight, none twice, without stop words unless they are all there is."""
    phrases: tuple[tuple[str, ...], ...]
    """The terms of each phrase, and of each word that is several terms (anti-air)."""
    patterns: tuple[Pattern, ...]
    warnings: tuple[str, ...]
    """What was not understood, and what was done instead, for the asker to read."""


def parse_query(question: str, analyzer: Analyzer, *, now: datetime | None = None) -> Query:
    """Understand a question. Never raises, whatever the question holds.

    `now` is what `published:yesterday` counts from, by default this moment;
    days begin and end in UTC, and a time without a zone is one in UTC.
    """
    said: dict[str, None] = {}
    warn = _once(said)
    moment = _utc(now or datetime.now(UTC))
    reader = _Reader(analyzer, moment, warn)
    constraint = reader.read(parse(question, warn)).insists
    if not reader.scored and constraint is None:
        # Signs swallowed it all: what letters there are still make a question.
        reader = _Reader(analyzer, moment, warn)
        reader.read(_plain(question[:_MAX_LEFT]))
    if not reader.scored and constraint is None:
        warn("the question holds no word that can be searched for")
        return Query("", wq.NullQuery, None, (), (), (), tuple(said))
    return Query(
        text=" ".join(reader.words),
        keywords=wq.Or(_but_stops(reader.scored)) if reader.scored else wq.Every(),
        constraint=constraint,
        terms=tuple(_but_stops({term: (term, stop) for term, stop in reader.terms.items()})),
        phrases=tuple(reader.phrases),
        patterns=tuple(reader.patterns),
        warnings=tuple(said),
    )


_MAX_LEFT: Final = 1_024
"""Characters that are looked through for words where signs have swallowed the question."""


def _plain(text: str) -> Group:
    return Group("plain", tuple(Leaf("word", word) for word in re.findall(r"\w\S*", text)))


def _once(said: dict[str, None]) -> Warn:
    def warn(message: str) -> None:
        said.setdefault(message)

    return warn


def _but_stops(found: dict[Any, tuple[Any, bool]]) -> list[Any]:
    return [each for each, stop in found.values() if not stop] or [
        each for each, _ in found.values()
    ]


@dataclass(frozen=True, slots=True)
class _Clause:
    """What a node means.

    `holds` is what must hold where the node is demanded (+, AND ...), None if
    it says nothing. `insists` is what it demands by merely standing there;
    None for plain words.
    """

    holds: Any = None
    insists: Any = None
    value_of: str | None = None
    stop: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks a question's tree once and collects what it says."""

    analyzer: Analyzer
    now: datetime
    warn: Warn
    words: list[str] = field(default_factory=list)
    scored: dict[Any, tuple[Any, bool]] = field(default_factory=dict)
    terms: dict[str, bool] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], None] = field(default_factory=dict)
    patterns: dict[Pattern, None] = field(default_factory=dict)
    room: int = MAX_WORDS
    patterns_left: int = MAX_PATTERNS

    def read(self, node: Node, *, scoring: bool = True) -> _Clause:
        if isinstance(node, Leaf):
            return self.leaf(node, scoring=scoring)
        scoring = scoring and node.kind != "excluded"
        inner = [self.read(member, scoring=scoring) for member in node.members]
        inner = [clause for clause in inner if clause.holds is not None]
        if not inner:
            return _Clause()
        if node.kind == "plain":
            return _side_by_side(inner)
        holds = [clause.holds for clause in inner]
        demand = _any(holds) if node.kind == "or" else _all(holds)
        if node.kind == "excluded":
            demand = _not(demand)
        return _Clause(demand, demand)

    def leaf(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        if leaf.field == "published":
            return self.published(leaf, scoring=scoring)
        if leaf.kind == "range":
            self.warn(f"'{leaf.field}:{leaf.text[:40]}': only published: takes a range of dates")
            return self.as_words(leaf, scoring=scoring)
        if leaf.field in _VALUE_FIELDS:
            return self.value(leaf, scoring=scoring)
        if leaf.kind in ("prefix", "wildcard", "fuzzy"):
            if self.patterns_left:
                self.patterns_left -= 1
                return self.pattern(leaf, scoring=scoring)
            self.warn(f"only {MAX_PATTERNS} patterns are searched; the others count as words")
            return self.as_words(leaf, scoring=scoring)
        return self.text(leaf, scoring=scoring)

    def as_words(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read what was no date, range or pattern as the plain words in it."""
        return self.read(_plain(leaf.text.rstrip("[]{}")), scoring=scoring)

    def text(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a word or phrase of the paragraph or the title."""
        tokens = self.tokens(leaf.text)
        if scoring and leaf.text != '"':
            self.words.append(leaf.text)
        if not tokens:
            return _Clause()
        stops = [self.is_stop(leaf.text[token.start : token.end]) for token in tokens]
        terms = [token.term for token in tokens]
        if scoring:
            self.score(leaf, terms, stops)
        holds = _sequence(leaf.field or "text", terms, slop=max(leaf.distance, 1))
        insisted = leaf.kind == "phrase" or leaf.field is not None
        return _Clause(holds, holds if insisted else None, stop=all(stops))

    def tokens(self, text: str) -> list[Token]:
        tokens = self.analyzer.tokens(text)
        if len(tokens) > self.room:
            self.warn(TOO_LONG)
            tokens = tokens[: self.room]
        self.room -= len(tokens)
        return tokens

    def is_stop(self, word: str) -> bool:
        # In capitals WHO is a name, but AND is an operator that stood in the wrong place.
        return self.analyzer.is_stop(word.lower() if word in ("AND", "OR", "NOT", "TO") else word)

    def score(self, leaf: Leaf, terms: list[str], stops: list[bool]) -> None:
        fields = (leaf.field,) if leaf.field else ("text", "title")
        for term, stop in zip(terms, stops, strict=True):
            self.terms[term] = stop and self.terms.get(term, True)
        if len(terms) == 1 or leaf.kind == "word":
            for term, stop in zip(terms, stops, strict=True):
                for name in fields:
                    self.add((name, term), wq.Term(name, term, boost=_boost(name)), stop=stop)
        if len(terms) > 1:
            self.phrases[tuple(terms)] = None
            for name in fields:
                slop = max(leaf.distance, 1)
                phrase = wq.Phrase(name, terms, slop=slop, boost=_boost(name))
                self.add((name, *terms, slop), phrase, stop=all(stops))

    def add(self, key: Any, query: Any, *, stop: bool = False) -> None:
        """Score by `query`, unless the same is scored by already."""
        stop = stop and (key not in self.scored or self.scored[key][1])
        self.scored[key] = (query, stop)

    def pattern(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a prefix*, wild?card or fuzzy~ of the paragraph or the title."""
        name = leaf.field or "text"
        heads: Sequence[str] = ()
        if leaf.kind == "wildcard":
            patterns, terms = _wildcards(leaf.text, self.analyzer)
        else:
            tokens = self.tokens(leaf.text)
            if not tokens:
                return _Clause()
            # Of anti-air*, the last word is the pattern.
            heads = [token.term for token in tokens[:-1]]
            if leaf.kind == "prefix":
                last = leaf.text[tokens[-1].start : tokens[-1].end]
                patterns, terms = _prefixes(last, self.analyzer)
            else:
                patterns, terms = [Pattern("fuzzy", tokens[-1].term, leaf.distance)], []
        last_word = _any([_matching(name, each) for each in patterns] + _terms(name, terms))
        holds = _all([*_terms(name, heads), last_word])
        if scoring:
            if leaf.kind != "wildcard":  # a word with holes says nothing to an encoder
                self.words.append(leaf.text)
            self.patterns.update(dict.fromkeys(patterns))
            self.terms.update(dict.fromkeys([*heads, *terms], False))
            self.add((name, leaf.kind, leaf.text, leaf.distance), holds)
        return _Clause(holds, holds)

    def value(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read source:bbc and its like: folded whole, and nothing that an encoder is asked."""
        text = leaf.text.rstrip(",;!?") if leaf.kind == "word" else leaf.text
        folded = " ".join(self.analyzer.fold(text).split())
        if not any(map(str.isalnum, folded)):
            self.warn(f"'{leaf.field}:' needs a word directly after it")
            return self.as_words(leaf, scoring=scoring)
        if leaf.kind == "prefix" or leaf.kind == "wildcard" or leaf.kind == "fuzzy":
            holds = _matching(leaf.field, Pattern(leaf.kind, folded, leaf.distance))
        else:
            holds = wq.Term(leaf.field, folded)
        return _Clause(holds, holds, value_of=leaf.field)

    def published(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a date, a named time or a range of either."""
        seconds = _seconds(leaf.text, self.now)
        if seconds is None:
            self.warn(
                f"'published:{leaf.text[:40]}' is no date, and is searched as text; write "
                "published:2023, published:2023-01-04 or published:[2022 TO 2023-06]"
            )
            return self.as_words(leaf, scoring=scoring)
        holds = wq.NumericRange("published", *seconds)
        return _Clause(holds, holds, value_of="published")


# Queries


def _side_by_side(inner: list[_Clause]) -> _Clause:
    """Return what clauses without an operator between them mean together."""
    plain = [clause for clause in inner if clause.insists is None]
    plain_holds = [clause.holds for clause in plain if not clause.stop] or [c.holds for c in plain]
    demands = [c.insists for c in inner if c.insists is not None and c.value_of is None]
    # A paragraph has one source, so of source:bbc source:cnn either must do.
    for name in dict.fromkeys(clause.value_of for clause in inner if clause.value_of):
        demands.append(_any([clause.insists for clause in inner if clause.value_of == name]))
    if not demands:
        return _Clause(_any(plain_holds), stop=all(clause.stop for clause in plain))
    insists = _all(demands)
    if plain and all(isinstance(demand, wq.Not) for demand in demands):
        # Demanded as a whole, (missiles -drones) says more than 'no drones'.
        return _Clause(_all([_any(plain_holds), *demands]), insists)
    return _Clause(insists, insists)


def _all(queries: Iterable[Any]) -> Any:
    return _joined(wq.And, queries)


def _any(queries: Iterable[Any]) -> Any:
    return _joined(wq.Or, queries)


def _joined(kind: Any, queries: Iterable[Any]) -> Any:
    flat: dict[str, Any] = {}
    for query in queries:
        members = query.subqueries if type(query) is kind else [query]
        flat.update((repr(member), member) for member in members)
    return kind(list(flat.values())) if len(flat) > 1 else next(iter(flat.values()))


def _not(query: Any) -> Any:
    return query.query if isinstance(query, wq.Not) else wq.Not(query)


def _sequence(name: str, terms: list[str], *, slop: int) -> Any:
    return wq.Phrase(name, terms, slop=slop) if len(terms) > 1 else wq.Term(name, terms[0])


def _terms(name: str, terms: Iterable[str]) -> list[Any]:
    return [wq.Term(name, term) for term in terms]


def _boost(name: str) -> float:
    return TITLE_BOOST if name == "title" else 1.0


# Patterns over stemmed terms


_ENDINGS: Final = ("", "e", "s", "y", "n", "c", "al", "ed", "ing", "ion")
_FILLINGS: Final = "aeiosz"


def _matching(name: str | None, pattern: Pattern) -> Any:
    if pattern.kind == "prefix":
        return wq.Prefix(name, pattern.text)
    if pattern.kind == "wildcard":
        return wq.Wildcard(name, pattern.text)
    return wq.FuzzyTerm(name, pattern.text, maxdist=pattern.distance, prefixlength=0)


def _prefixes(word: str, analyzer: Analyzer) -> tuple[list[Pattern], list[str]]:
    """Return the pattern for word*, and terms shorter than it that its words can have.

    The index holds stems: no term starts with radioactiv, as radioactive is
    radioact. So usual endings are put on, and what is then cut to less than
    the prefix is looked for as well.
    """
    prefix = analyzer.fold(word)
    stems = (analyzer.terms(prefix + ending) for ending in _ENDINGS)
    shorter = [stem[0] for stem in stems if len(stem) == 1 and len(stem[0]) < len(prefix)]
    return [Pattern("prefix", prefix)], list(dict.fromkeys(shorter))


def _wildcards(text: str, analyzer: Analyzer) -> tuple[list[Pattern], list[str]]:
    """Return the patterns, and terms without a sign left, that wild?cards can have as stems.

    Letters are put for the signs, the word is stemmed, and where the letter
    is still there the sign comes back: organi?ation finds organis and organ.
    """
    pattern = analyzer.fold(text)
    found = {pattern: None}
    for letter in dict.fromkeys(_FILLINGS + re.sub(r"[^\w]|\d", "", pattern)):
        stem = analyzer.terms(re.sub(r"[?*]", letter, pattern))
        if len(stem) != 1:
            continue
        signs = (sign if sign in "?*" else "" for sign in pattern)
        pairs = zip(stem[0], signs, strict=False)
        restored = "".join(sign if sign and char == letter else char for char, sign in pairs)
        # int*ing must not become int*, which is far more.
        if not restored.endswith("*") or pattern.endswith("*"):
            found[restored] = None
    patterns = [Pattern("wildcard", each) for each in found if "?" in each or "*" in each]
    return patterns, [each for each in found if "?" not in each and "*" not in each]


# Dates


_DAY: Final = re.compile(r"(\d{4})(?:[-/.](\d\d?)(?:[-/.](\d\d?))?)?", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_NAMED: Final = re.compile(r"(last|this) (week|month|year)")
_SPAN: Final = re.compile(
    r"(?P<open>[\[{])\s*(?P<first>.*?)\s*\bTO\b\s*(?P<last>.*?)\s*[\]}]", re.IGNORECASE
)
_MAX_DATE: Final = 64


def _seconds(text: str, now: datetime) -> tuple[int | None, int | None] | None:
    """Return the first and last second, since 1970 UTC, of a date or range; None if it is none."""
    if len(text) > 2 * _MAX_DATE:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        period = _period(text.rstrip(",;!?."), now)
        return period and (_second(period[0]), _second(period[1]) - 1)
    first, last = (_period(match[name].strip("'\""), now) for name in ("first", "last"))
    if (match["first"] and not first) or (match["last"] and not last) or not (first or last):
        return None
    start = first and _second(first[match["open"] == "{"])
    end = last and _second(last[not text.endswith("}")]) - 1
    return None if start is not None and end is not None and start > end else (start, end)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _period(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the first moment of a date or named time, and the first after it."""
    try:
        if match := _DAY.fullmatch(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            first = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
            return first, _next(first, "day" if day else "month" if month else "year")
        if match := _NAMED.fullmatch(text.lower()):
            first = _start(now, match[2])
            if match[1] == "last":
                return _start(first - timedelta(days=1), match[2]), first
            return first, _next(first, match[2])
        if _MOMENT.match(text):
            first = _utc(datetime.fromisoformat(text))
            return first, first + timedelta(seconds=1)
        return _spoken(text, now)
    except (ValueError, OverflowError):
        return None


def _start(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=1 if unit == "year" else day.month) if unit != "day" else day


def _next(first: datetime, unit: str) -> datetime:
    days = {"day": 1, "week": 7, "month": 32, "year": 367}
    return _start(first + timedelta(days=days[unit]), unit)


def _spoken(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Read yesterday, last friday, 5 march 2023: what whoosh understands of English."""
    if not re.search(r"[A-Za-z]", text) or len(text) > _MAX_DATE:
        return None
    try:
        found = _english().date_from(text, now.replace(tzinfo=None))
    except (TimeError, AttributeError, TypeError):  # it stumbles over '10am to -9 years'
        return None
    if isinstance(found, datetime):  # an instant, such as -2 weeks: its day is meant
        first = _start(found.replace(tzinfo=UTC), "day")
        return first, _next(first, "day")
    if found is None:
        return None
    first, last = (moment.replace(tzinfo=UTC) for moment in (found.start, found.end))
    return first, last + timedelta(microseconds=1)


@cache
def _english() -> Any:
    # Only a question with a date in words pays for this.
    from whoosh.qparser.dateparse import English

    return English()
