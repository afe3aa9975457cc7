"""The builder of a Question: text to encode, terms to rank by, and the constraint.

The constraint is the condition that every hit must meet. Plain words never exclude or require
anything: only operators make a constraint. parser.py decides which signs are operators. All other
signs are searched as words, with a warning. Words and phrases without a field can be in the text,
in the title or in the summary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
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
from nutgraf.search.query.keywords import FoundWord, keyword_query, question_words
from nutgraf.search.query.language_weights import unknown_terms
from nutgraf.search.query.numbers import date_limits, number_range
from nutgraf.search.query.parser import MAX_WORDS, TOO_LONG, Group, Leaf, Node, Warn, parse
from nutgraf.search.query.patterns import (
    Pattern,
    Readings,
    can_be_searched,
    fuzzy_patterns,
    pattern_query,
    prefix_patterns,
    value_pattern,
    wildcard_patterns,
)
from nutgraf.search.query.question import Question
from nutgraf.search.query.scored import ScoredPattern, ScoredWords, needless
from nutgraf.search.query.trees import all_of, any_of, best, confined, negated, side_by_side
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
    return parse_question(request.q, analyzer, now=now, declared=index.declared, index=index)


def parse_question(
    question: str,
    analyzer: MultilingualAnalyzer,
    *,
    now: datetime | None = None,
    declared: Mapping[str, DeclaredKind] = MappingProxyType({}),
    index: IndexReader | None = None,
) -> Question:
    """Parse a question. No text raises an error.

    The languages are those of `analyzer`. If the question requires some of them (`language:de`),
    only these are used. `now` is the time for dates such as `published:yesterday`, by default the
    current time. Days begin and end in UTC. A time without a zone is in UTC. `declared` are the
    names and kinds of the declared fields of the index. Without `index`, each term counts as known,
    and as equally common in all languages.
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
    found = list(reader.terms.values())
    unknown = unknown_terms(index, analyzer, [word.terms for word in found])
    keywords, factors = keyword_query(list(reader.scored.values()), unknown, analyzer, index)
    return Question(
        text=" ".join(reader.words),
        keywords=keywords,
        constraint=constraint,
        words=tuple(question_words(found, factors, analyzer.every)),
        phrases=tuple(reader.phrases),
        patterns=tuple(reader.patterns),
        warnings=tuple(said),
        analyzer=analyzer,
        confined=reader.confined,
        unknown=unknown,
        values=tuple(reader.values),
    )


def _languages(node: Node) -> Iterator[str]:
    """Yield the tags of the languages that a question requires."""
    if isinstance(node, Leaf):
        if node.field == "language" and node.kind in ("word", "phrase"):
            yield node.text.rstrip(",;!?")
    elif node.kind not in ("or", "excluded"):
        for member in node.members:
            yield from _languages(member)


_MAX_LEFT: Final = 1_024
"""Maximum number of characters that are read of a question with only signs."""


def _plain(text: str) -> Group:
    return Group("plain", tuple(Leaf("word", word) for word in re.findall(r"\w\S*", text)))


def _once(said: dict[str, None]) -> Warn:
    def warn(message: str) -> None:
        said.setdefault(message)

    return warn


@dataclass(frozen=True, slots=True)
class _Clause:
    """The meaning of a node of the question's tree.

    `holds` returns the condition if an operator such as + or AND requires the node. It is None if
    the node has no words. `insists` is the condition without such an operator. It is None for plain
    words. `value_of` is the field of a value, such as source in source:bbc. `stops` are the
    languages in which all words of the node are stop words.
    """

    holds: Callable[[], Any] | None = None
    insists: Any = None
    value_of: str | None = None
    stops: frozenset[str] = frozenset()

    @classmethod
    def of(cls, demand: Any, value_of: str | None = None) -> _Clause:
        """Return the clause of a node that an operator or a field requires."""
        return cls(lambda: demand, demand, value_of)


@dataclass(slots=True)
class _QueryBuilder:
    """A walk over a question's tree that collects its terms and conditions."""

    analyzer: MultilingualAnalyzer
    now: datetime
    warn: Warn
    declared: Mapping[str, DeclaredKind]
    words: list[str] = field(default_factory=list)
    scored: dict[Hashable, ScoredWords | ScoredPattern] = field(default_factory=dict)
    terms: dict[Hashable, FoundWord] = field(default_factory=dict)
    confined: dict[Hashable, frozenset[str]] = field(default_factory=dict)
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
            return self.plain(inner)
        holds = [clause.holds() for clause in inner if clause.holds is not None]
        demand = any_of(holds) if node.kind == "or" else all_of(holds)
        return _Clause.of(negated(demand) if node.kind == "excluded" else demand)

    def plain(self, inner: list[_Clause]) -> _Clause:
        """Return the joint meaning of clauses without an operator between them."""
        demands = [c.insists for c in inner if c.insists is not None and c.value_of is None]
        # Most articles have one source, so source:bbc source:cnn means either of them.
        for name in dict.fromkeys(clause.value_of for clause in inner if clause.value_of):
            demands.append(any_of([clause.insists for clause in inner if clause.value_of == name]))
        plain = [clause for clause in inner if clause.insists is None]
        if not demands:
            stops = frozenset.intersection(*(clause.stops for clause in inner))
            return _Clause(partial(self.any_word, plain), stops=stops)
        insists = all_of(demands)
        if plain and all(isinstance(demand, wq.Not) for demand in demands):
            # If an operator requires this group, (missiles -drones) also requires missiles.
            return _Clause(lambda: all_of([self.any_word(plain), *demands]), insists)
        return _Clause.of(insists)

    def any_word(self, plain: Sequence[_Clause]) -> Any:
        """Return the condition that any of some plain words holds."""
        every = self.analyzer.every
        skipped = needless([clause.stops for clause in plain], every)
        return any_of(
            confined(clause.holds(), every - languages, self.analyzer)
            for clause, languages in zip(plain, skipped, strict=True)
            if clause.holds is not None and languages != every
        )

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
        stops = [self.stops(leaf.text[word.start : word.end]) for word in words]
        lone = self.lone(words)
        if scoring:
            self.score(leaf, words, stops, lone)
        holds = partial(self.condition, _fields(leaf), words, lone, max(leaf.distance, 1))
        insisted = leaf.kind == "phrase" or leaf.field is not None
        return _Clause(holds, holds() if insisted else None, stops=frozenset.intersection(*stops))

    def condition(
        self,
        fields: Sequence[str],
        words: Sequence[QuestionToken],
        lone: Sequence[Pattern] = (),
        slop: int = 1,
    ) -> Any:
        """Return the condition that the words are side by side in any of the fields."""
        boosts = dict.fromkeys(fields, 1.0)
        readings = self.analyzer.by_language([word.terms for word in words])
        return any_of(
            confined(any_of(side_by_side(boosts, terms, lone, slop)), languages, self.analyzer)
            for terms, languages in readings.items()
        )

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

    def stops(self, word: str) -> frozenset[str]:
        # WHO in capitals is a name, and no stop word. AND in capitals is a misplaced operator.
        return self.analyzer.stops(word.lower() if word in ("AND", "OR", "NOT") else word)

    def score(
        self,
        leaf: Leaf,
        words: list[QuestionToken],
        stops: list[frozenset[str]],
        lone: list[Pattern],
    ) -> None:
        boosts = {leaf.field: 1.0} if leaf.field else FIELD_BOOSTS
        fields = _fields(leaf)
        self.patterns.update(dict.fromkeys(lone))
        overlap = any(one.end > other.start for one, other in pairwise(words))
        for word, each in zip(words, stops, strict=True):
            known = self.terms.get(word.terms)
            both = each if known is None else each & known.stops
            written = "" if overlap else leaf.text[word.start : word.end]
            if known is not None:
                written = known.written or written
            self.terms[word.terms] = FoundWord(
                word.terms, both, foreign=word.foreign, written=written
            )
        if len(words) == 1 or leaf.kind == "word":
            for word, each in zip(words, stops, strict=True):
                readings = self.analyzer.by_language([word.terms])
                self.add((fields, word.terms), ScoredWords(readings, boosts, lone, 1, each))
        if len(words) > 1:
            readings = self.analyzer.by_language([word.terms for word in words])
            self.phrases.update(dict.fromkeys(readings))
            self.confine(readings)
            slop = max(leaf.distance, 1)
            together = frozenset.intersection(*stops)
            scored = ScoredWords(readings, boosts, lone, slop, together)
            self.add((fields, *readings, slop), scored)

    def add(self, key: Hashable, words: ScoredWords) -> None:
        """Add words to `scored`; of words with the same key, only the last count."""
        known = self.scored.get(key)
        stops = words.stops if known is None else words.stops & known.stops
        self.scored[key] = replace(words, stops=stops)

    def confine(self, parts: Mapping[Any, frozenset[str]]) -> None:
        """Note the languages of phrases or patterns."""
        for part, languages in parts.items():
            self.confined[part] = languages | self.confined.get(part, frozenset())

    def pattern(self, leaf: Leaf, *, scoring: bool) -> _Clause:
        """Read a prefix*, wild?card or fuzzy~ that is searched in paragraphs or titles."""
        heads: Sequence[QuestionToken] = ()
        if leaf.kind == "wildcard":
            found = wildcard_patterns(leaf.text, self.analyzer)
        else:
            words = self.readings(leaf.text)
            if not words:
                return _Clause()
            # In anti-air*, the last word is the pattern.
            *heads, last = words
            if leaf.kind == "prefix":
                found = prefix_patterns(leaf.text[last.start : last.end], self.analyzer)
            else:
                found = fuzzy_patterns(leaf.text, last, leaf.distance, self.analyzer)
        patterns = {each: found[each] for each in found if isinstance(each, Pattern)}
        if not all(map(can_be_searched, patterns)):
            return self.as_no_pattern(leaf, scoring=scoring)
        found_in = [
            all_of(
                [*(self.condition([name], [head]) for head in heads), self.any_reading(name, found)]
            )
            for name in _fields(leaf)
        ]
        if scoring:
            if leaf.kind != "wildcard":  # the encoder cannot read a word with signs
                self.words.append(leaf.text)
            self.patterns.update(dict.fromkeys(patterns))
            self.confine(patterns)
            for head in heads:
                self.terms[head.terms] = FoundWord(head.terms, foreign=head.foreign)
            for stem, languages in found.items():
                if isinstance(stem, str):
                    terms = (stem,) * len(self.analyzer.languages)
                    elsewhere = self.analyzer.every - languages
                    self.terms[terms, elsewhere] = FoundWord(terms, elsewhere=elsewhere)
            key = (_fields(leaf), leaf.kind, leaf.text, leaf.distance)
            self.scored[key] = ScoredPattern(best(found_in))
        return _Clause.of(any_of(found_in))

    def any_reading(self, name: str, readings: Readings) -> Any:
        """Return the condition that a pattern or a stem is in a field."""
        return any_of(
            confined(
                pattern_query(name, each) if isinstance(each, Pattern) else wq.Term(name, each),
                languages,
                self.analyzer,
            )
            for each, languages in readings.items()
        )

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
        return _Clause.of(holds, name)

    def presence(self, leaf: Leaf) -> _Clause:
        """Read a field with a star, topic:*, which finds articles with a value."""
        name = leaf.field or ""
        declared = name in self.declared
        holds = wq.Term(DECLARED, presence_term(name)) if declared else wq.Every(name)
        return _Clause.of(holds, name)

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
        return _Clause.of(holds, name)

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
        return _Clause.of(holds, "published")


def _fields(leaf: Leaf) -> tuple[str, ...]:
    return TEXT_FIELDS if leaf.field is None else (leaf.field,)
