"""The builder of a Question: text to encode, terms to rank by, and the constraint.

The constraint is the condition that every hit must meet. Plain words never exclude or require
anything: only operators make a constraint. parser.py decides which signs are operators. All other
signs are searched as words, with a warning. Words and phrases without a field can be in the text,
in the title or in the summary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from nutgraf.index.analysis.declared_terms import presence_term, range_terms, term_of
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.analysis.tokenizer import is_lone
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.query import query as wq
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.schema import DECLARED, FIELD_BOOSTS, TEXT_FIELDS, VALUE_FIELDS
from nutgraf.search.query.numbers import date_limits, number_range
from nutgraf.search.query.parser import MAX_WORDS, TOO_LONG, Group, Leaf, Node, Warn, parse
from nutgraf.search.query.patterns import (
    Pattern,
    can_be_searched,
    fuzzy_patterns,
    pattern_query,
    prefix_patterns,
    value_pattern,
    wildcard_patterns,
)
from nutgraf.search.query.question import Question
from nutgraf.search.query.trees import (
    all_of,
    any_of,
    best,
    best_of,
    by_language,
    negated,
    side_by_side,
    term_queries,
)
from nutgraf.search.request.dates import date_range, utc
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["parse_question", "read_question"]

MAX_PATTERNS: Final = 16
"""Maximum number of patterns; each is compared with all terms of an index."""


def read_question(
    index: IndexReader, request: SearchRequest, now: datetime | None = None
) -> Question:
    """Parse the question of a request; `now` is the time for dates such as yesterday.

    An empty question has no words and no conditions.

    The languages are those of the language filter of the request. Without this filter, they are
    all languages of the index.

    Raises BrokenIndexError if the languages of the index cannot be read.
    """
    analyzer = index.question_analyzer(request.filters.language)
    if request.is_empty:
        return Question("", wq.Every(), None, (), (), (), (), analyzer)
    return parse_question(request.q, analyzer, now=now, declared=index.declared)


def parse_question(
    question: str,
    analyzer: MultilingualAnalyzer,
    *,
    now: datetime | None = None,
    declared: Mapping[str, DeclaredKind] = MappingProxyType({}),
) -> Question:
    """Parse a question. No text raises an error.

    The languages are those of `analyzer`. If the question requires some of them (`language:de`),
    only these are used. `now` is the time for dates such as `published:yesterday`, by default the
    current time. Days begin and end in UTC. A time without a zone is in UTC. `declared` are the
    names and kinds of the declared fields of the index.
    """
    said: dict[str, None] = {}
    warn = _once(said)
    moment = utc(now or datetime.now(UTC))
    tree = parse(question, warn, declared)
    analyzer = analyzer.restricted_to(_languages(tree)).for_question(question)
    reader = _QueryBuilder(analyzer, moment, warn, declared)
    constraint = reader.read(tree).insists
    if not reader.scored and constraint is None:
        # The question has no word beside its signs: read all its letters as plain words.
        reader = _QueryBuilder(analyzer, moment, warn, declared)
        reader.read(_plain(question[:_MAX_LEFT]))
    if not reader.scored and constraint is None:
        warn("the question contains no searchable word")
        return Question("", wq.NullQuery, None, (), (), (), tuple(said), analyzer)
    words = _but_stops({words: (words, stop) for words, stop in reader.terms.items()})
    terms, *others = by_language(words)
    return Question(
        text=" ".join(reader.words),
        keywords=wq.Or(_but_stops(reader.scored)) if reader.scored else wq.Every(),
        constraint=constraint,
        terms=terms,
        phrases=tuple(reader.phrases),
        patterns=tuple(reader.patterns),
        warnings=tuple(said),
        analyzer=analyzer,
        others=tuple(others),
        values=tuple(reader.values),
        foreign=_foreign({word: reader.foreign.get(word, frozenset()) for word in words}),
        written=tuple(reader.written.get(word, "") for word in words),
    )


def _languages(node: Node) -> Iterator[str]:
    """Yield the tags of the languages that a question requires."""
    if isinstance(node, Leaf):
        if node.field == "language" and node.kind in ("word", "phrase"):
            yield node.text.rstrip(",;!?")
    elif node.kind not in ("or", "excluded"):
        for member in node.members:
            yield from _languages(member)


def _foreign(words: Mapping[tuple[str, ...], Set[tuple[str, str]]]) -> frozenset[tuple[str, str]]:
    """Return the foreign terms (see QuestionToken) of words, with their languages.

    A term is omitted if it is also a term of a word for which it is not foreign.
    """
    found = frozenset[tuple[str, str]]().union(*words.values())
    common = {
        term
        for terms, foreign in words.items()
        for term in set(terms).difference(term for term, _ in foreign)
    }
    return frozenset(pair for pair in found if pair[0] not in common)


_MAX_LEFT: Final = 1_024
"""Maximum number of characters that are read of a question with only signs."""


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
    """The meaning of a node of the question's tree.

    `holds` is the condition if an operator such as + or AND requires the node. It is None if the
    node has no words. `insists` is the condition without such an operator. It is None for plain
    words. `value_of` is the field of a value, such as source in source:bbc. `stop` is True if all
    words of the node are stop words.
    """

    holds: Any = None
    insists: Any = None
    value_of: str | None = None
    stop: bool = False


@dataclass(slots=True)
class _QueryBuilder:
    """A walk over a question's tree that collects its terms and conditions."""

    analyzer: MultilingualAnalyzer
    now: datetime
    warn: Warn
    declared: Mapping[str, DeclaredKind]
    words: list[str] = field(default_factory=list)
    scored: dict[Any, tuple[Any, bool]] = field(default_factory=dict)
    terms: dict[tuple[str, ...], bool] = field(default_factory=dict)
    foreign: dict[tuple[str, ...], frozenset[tuple[str, str]]] = field(default_factory=dict)
    written: dict[tuple[str, ...], str] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], None] = field(default_factory=dict)
    patterns: dict[Pattern, None] = field(default_factory=dict)
    values: dict[tuple[str, str], None] = field(default_factory=dict)
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
            return _plain_clauses(inner)
        holds = [clause.holds for clause in inner]
        demand = any_of(holds) if node.kind == "or" else all_of(holds)
        if node.kind == "excluded":
            demand = negated(demand)
        return _Clause(demand, demand)

    def leaf(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        if leaf.field == "published":
            return self.published(leaf, scoring=scoring)
        kind = self.declared.get(leaf.field or "")
        if leaf.text == "*" and (kind is not None or leaf.field in VALUE_FIELDS):
            return self.presence(leaf)
        if kind in ("number", "date"):
            return self.number(leaf, kind, scoring=scoring)
        if leaf.kind == "range":
            self.warn(
                f"'{leaf.field}:{leaf.text[:40]}': only published: and declared numbers and dates "
                "accept a range; its words are searched"
            )
            return self.as_words(leaf, scoring=scoring)
        if leaf.field in VALUE_FIELDS or kind is not None:
            return self.value(leaf, scoring=scoring)
        if leaf.kind in ("prefix", "wildcard", "fuzzy"):
            if self.patterns_left:
                self.patterns_left -= 1
                return self.pattern(leaf, scoring=scoring)
            self.warn(f"only {MAX_PATTERNS} patterns are used; the others are searched as words")
            return self.as_words(leaf, scoring=scoring)
        return self.text(leaf, scoring=scoring)

    def as_words(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read an invalid date, range or pattern as the plain words in it."""
        return self.read(_plain(leaf.text.rstrip("[]{}")), scoring=scoring)

    def as_no_pattern(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        self.warn(
            f"'{leaf.text[:40]}' has too many letters or signs for a pattern; it is searched as "
            "words"
        )
        return self.as_words(leaf, scoring=scoring)

    def text(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a word or phrase that is searched in paragraphs or titles."""
        words = self.readings(leaf.text)
        if scoring and leaf.text != '"':
            self.words.append(leaf.text)
        if not words:
            return _Clause()
        stops = [self.is_stop(leaf.text[word.start : word.end]) for word in words]
        lone = self.lone(words)
        if scoring:
            self.score(leaf, words, stops, lone)
        slop = max(leaf.distance, 1)
        holds = any_of(
            query for name in _fields(leaf) for query in side_by_side(name, words, lone, slop)
        )
        insisted = leaf.kind == "phrase" or leaf.field is not None
        return _Clause(holds, holds if insisted else None, stop=all(stops))

    def readings(self, text: str) -> list[QuestionToken]:
        words = self.analyzer.tokens(text)
        if len(words) > self.room:
            self.warn(TOO_LONG)
            words = words[: self.room]
        self.room -= len(words)
        return words

    def lone(self, words: Sequence[QuestionToken]) -> list[Pattern]:
        """Return the patterns for 1 character of a script without spaces, such as 猫.

        Terms of these scripts in the index are pairs of characters. The list is empty for other
        words.
        """
        if len(words) > 1 or not is_lone(words[0].terms[0]) or not self.patterns_left:
            return []
        self.patterns_left -= 1
        char = words[0].terms[0]
        return [Pattern("prefix", char), Pattern("wildcard", f"?{char}")]

    def is_stop(self, word: str) -> bool:
        # WHO in capitals is a name, and no stop word. AND in capitals is a misplaced operator.
        return self.analyzer.is_stop(word.lower() if word in ("AND", "OR", "NOT") else word)

    def score(
        self, leaf: Leaf, words: list[QuestionToken], stops: list[bool], lone: list[Pattern]
    ) -> None:
        boosts = {leaf.field: 1.0} if leaf.field else FIELD_BOOSTS
        fields = _fields(leaf)
        self.patterns.update(dict.fromkeys(lone))
        overlap = any(one.end > other.start for one, other in pairwise(words))
        for word, stop in zip(words, stops, strict=True):
            self.terms[word.terms] = stop and self.terms.get(word.terms, True)
            self.foreign[word.terms] = word.foreign
            if not overlap:
                self.written.setdefault(word.terms, leaf.text[word.start : word.end])
        if len(words) == 1 or leaf.kind == "word":
            for word, stop in zip(words, stops, strict=True):
                self.add((fields, word.terms), best_of([word], lone, 1, boosts), stop=stop)
        if len(words) > 1:
            phrases = by_language([word.terms for word in words])
            self.phrases.update(dict.fromkeys(phrases))
            slop = max(leaf.distance, 1)
            query = best_of(words, lone, slop, boosts)
            self.add((fields, *phrases, slop), query, stop=all(stops))

    def add(self, key: Any, query: Any, *, stop: bool = False) -> None:
        """Add a query to `scored`; of queries with the same key, only the last counts."""
        stop = stop and (key not in self.scored or self.scored[key][1])
        self.scored[key] = (query, stop)

    def pattern(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a prefix*, wild?card or fuzzy~ that is searched in paragraphs or titles."""
        heads: Sequence[QuestionToken] = ()
        if leaf.kind == "wildcard":
            patterns, terms = wildcard_patterns(leaf.text, self.analyzer)
        else:
            words = self.readings(leaf.text)
            if not words:
                return _Clause()
            # In anti-air*, the last word is the pattern.
            *heads, last = words
            if leaf.kind == "prefix":
                prefix = leaf.text[last.start : last.end]
                patterns, terms = prefix_patterns(prefix, self.analyzer)
            else:
                patterns = fuzzy_patterns(leaf.text, last, leaf.distance, self.analyzer)
                terms = []
        if not all(map(can_be_searched, patterns)):
            return self.as_no_pattern(leaf, scoring=scoring)
        found_in = [
            all_of(
                [
                    *(any_of(side_by_side(name, [head], [], 1)) for head in heads),
                    any_of(
                        [pattern_query(name, each) for each in patterns] + term_queries(name, terms)
                    ),
                ]
            )
            for name in _fields(leaf)
        ]
        if scoring:
            if leaf.kind != "wildcard":  # the encoder cannot read a word with signs
                self.words.append(leaf.text)
            self.patterns.update(dict.fromkeys(patterns))
            self.foreign.update((head.terms, head.foreign) for head in heads)
            found = [*(head.terms for head in heads), *((term,) for term in terms)]
            self.terms.update(dict.fromkeys(found, False))
            self.add((_fields(leaf), leaf.kind, leaf.text, leaf.distance), best(found_in))
        holds = any_of(found_in)
        return _Clause(holds, holds)

    def value(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a field with a value: source:bbc. The encoder does not get the value."""
        name = leaf.field or ""
        text = leaf.text.rstrip(",;!?") if leaf.kind == "word" else leaf.text
        folded = " ".join(self.analyzer.fold(text).split())
        if not any(map(str.isalnum, folded)):
            self.warn(f"'{name}:' needs a value directly after the colon; it is ignored")
            return self.as_words(leaf, scoring=scoring)
        if leaf.kind == "prefix" or leaf.kind == "wildcard" or leaf.kind == "fuzzy":
            pattern = Pattern(leaf.kind, folded, leaf.distance)
            if not can_be_searched(pattern):
                return self.as_no_pattern(leaf, scoring=scoring)
            holds = value_pattern(name, pattern, declared=name in self.declared)
        elif name in self.declared:
            holds = wq.Term(DECLARED, term_of(name, folded))
        else:
            holds = wq.Term(name, folded)
            if scoring:
                self.values[name, text] = None
        return _Clause(holds, holds, value_of=name)

    def presence(self, leaf: Leaf) -> _Clause:
        """Read a field with a star, topic:*, which finds articles with a value."""
        name = leaf.field or ""
        declared = name in self.declared
        holds = wq.Term(DECLARED, presence_term(name)) if declared else wq.Every(name)
        return _Clause(holds, holds, value_of=name)

    def number(self, leaf: Leaf, kind: DeclaredKind, *, scoring: bool) -> _Clause:
        """Read a number or a date of a declared field, a limit or a range of them."""
        name = leaf.field or ""
        limits = number_range(leaf.text) if kind == "number" else date_limits(leaf.text, self.now)
        if limits is None:
            example = "300, >300 or [300 TO 500]" if kind == "number" else "2023 or [2022 TO 2023]"
            self.warn(
                f"'{name}:{leaf.text[:40]}' is not a {kind} and is searched as text; write "
                f"{name}:{example}"
            )
            return self.as_words(leaf, scoring=scoring)
        terms = [wq.Term(DECLARED, term) for term in range_terms(name, kind, *limits)]
        holds = any_of(terms) if terms else wq.NullQuery
        return _Clause(holds, holds, value_of=name)

    def published(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a date, a named time or a range of either."""
        seconds = date_range(leaf.text, self.now)
        if seconds is None:
            self.warn(
                f"'published:{leaf.text[:40]}' is not a date and is searched as text; write "
                "published:2023, published:2023-01-04 or published:[2022 TO 2023-06]"
            )
            return self.as_words(leaf, scoring=scoring)
        holds = wq.NumericRange("published", *seconds)
        return _Clause(holds, holds, value_of="published")


def _fields(leaf: Leaf) -> tuple[str, ...]:
    return TEXT_FIELDS if leaf.field is None else (leaf.field,)


def _plain_clauses(inner: list[_Clause]) -> _Clause:
    """Return the joint meaning of clauses without an operator between them."""
    plain = [clause for clause in inner if clause.insists is None]
    plain_holds = [clause.holds for clause in plain if not clause.stop] or [c.holds for c in plain]
    demands = [c.insists for c in inner if c.insists is not None and c.value_of is None]
    # Most articles have one source, so source:bbc source:cnn means either of them.
    for name in dict.fromkeys(clause.value_of for clause in inner if clause.value_of):
        demands.append(any_of([clause.insists for clause in inner if clause.value_of == name]))
    if not demands:
        return _Clause(any_of(plain_holds), stop=all(clause.stop for clause in plain))
    insists = all_of(demands)
    if plain and all(isinstance(demand, wq.Not) for demand in demands):
        # If an operator requires this group, (missiles -drones) also requires missiles.
        return _Clause(all_of([any_of(plain_holds), *demands]), insists)
    return _Clause(insists, insists)
