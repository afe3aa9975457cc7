"""TreeReader: the terms to rank by, and the condition that every hit must meet."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.analysis.tokenizer import is_lone
from nutgraf.index.query import query as wq
from nutgraf.index.schema import FIELD_BOOSTS, TEXT_FIELDS
from nutgraf.search.query.clauses.clause import Clause
from nutgraf.search.query.clauses.values import ValueReader, warn_of_no_pattern
from nutgraf.search.query.keywords import FoundWord
from nutgraf.search.query.patterns import (
    Pattern,
    Readings,
    can_be_searched,
    fuzzy_patterns,
    pattern_query,
    prefix_patterns,
    wildcard_patterns,
)
from nutgraf.search.query.scored import ScoredPattern, ScoredWords, needless
from nutgraf.search.query.syntax.nodes import Group, Leaf, Node, Warn
from nutgraf.search.query.syntax.parser import MAX_WORDS, TOO_LONG
from nutgraf.search.query.trees import all_of, any_of, best, confined, negated, side_by_side

__all__ = ["TreeReader", "plain_words"]

MAX_PATTERNS: Final = 16
"""Maximum number of patterns; each is compared with all terms of an index."""


@dataclass(slots=True)
class TreeReader:
    """A walk over a question's tree that collects its terms and conditions.

    `words` are those of the text to encode, `scored` and `terms` those to rank by. `phrases` and
    `patterns` are marked in the hits; `confined` are the languages of each.
    """

    analyzer: MultilingualAnalyzer
    warn: Warn
    values: ValueReader
    words: list[str] = field(default_factory=list)
    scored: dict[Hashable, ScoredWords | ScoredPattern] = field(default_factory=dict)
    terms: dict[Hashable, FoundWord] = field(default_factory=dict)
    confined: dict[Hashable, frozenset[str]] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], None] = field(default_factory=dict)
    patterns: dict[Pattern, None] = field(default_factory=dict)
    room: int = MAX_WORDS
    patterns_left: int = MAX_PATTERNS

    def read(self, node: Node, *, scoring: bool = True) -> Clause:
        """Return the meaning of a node; only with `scoring`, its words rank the hits."""
        if isinstance(node, Leaf):
            return self._leaf(node, scoring=scoring)
        scoring = scoring and node.kind != "excluded"
        inner = [self.read(member, scoring=scoring) for member in node.members]
        inner = [clause for clause in inner if clause.holds is not None]
        if not inner:
            return Clause()
        if node.kind == "plain":
            return self._plain(inner)
        holds = [clause.holds() for clause in inner if clause.holds is not None]
        demand = any_of(holds) if node.kind == "or" else all_of(holds)
        return Clause.of(negated(demand) if node.kind == "excluded" else demand)

    def _plain(self, inner: list[Clause]) -> Clause:
        """Return the joint meaning of clauses without an operator between them."""
        demands = [c.insists for c in inner if c.insists is not None and c.value_of is None]
        # Most articles have one source, so source:bbc source:cnn means either of them.
        for name in dict.fromkeys(clause.value_of for clause in inner if clause.value_of):
            demands.append(any_of([clause.insists for clause in inner if clause.value_of == name]))
        plain = [clause for clause in inner if clause.insists is None]
        if not demands:
            stops = frozenset.intersection(*(clause.stops for clause in inner))
            return Clause(partial(self._any_word, plain), stops=stops)
        insists = all_of(demands)
        if plain and all(isinstance(demand, wq.Not) for demand in demands):
            # If an operator requires this group, (missiles -drones) also requires missiles.
            return Clause(lambda: all_of([self._any_word(plain), *demands]), insists)
        return Clause.of(insists)

    def _any_word(self, plain: Sequence[Clause]) -> Any:
        """Return the condition that any of some plain words holds."""
        every = self.analyzer.every
        skipped = needless([clause.stops for clause in plain], every)
        return any_of(
            confined(clause.holds(), every - languages, self.analyzer)
            for clause, languages in zip(plain, skipped, strict=True)
            if clause.holds is not None and languages != every
        )

    def _leaf(self, leaf: Leaf, *, scoring: bool) -> Clause:
        if self.values.accepts(leaf):
            clause = self.values.read(leaf, scoring=scoring)
            return self._as_words(leaf, scoring=scoring) if clause is None else clause
        if leaf.kind in ("prefix", "wildcard", "fuzzy"):
            if self.patterns_left:
                self.patterns_left -= 1
                return self._pattern(leaf, scoring=scoring)
            self.warn(f"only {MAX_PATTERNS} patterns are used; the others are searched as words")
            return self._as_words(leaf, scoring=scoring)
        return self._text(leaf, scoring=scoring)

    def _as_words(self, leaf: Leaf, *, scoring: bool) -> Clause:
        """Read an invalid date, range or pattern as the plain words in it."""
        return self.read(plain_words(leaf.text.rstrip("[]{}")), scoring=scoring)

    def _text(self, leaf: Leaf, *, scoring: bool) -> Clause:
        """Read a word or phrase that is searched in paragraphs or titles."""
        words = self._readings(leaf.text)
        if scoring and leaf.text != '"':
            self.words.append(leaf.text)
        if not words:
            return Clause()
        stops = [self._stops(leaf.text[word.start : word.end]) for word in words]
        lone = self._lone(words)
        if scoring:
            self._score(leaf, words, stops, lone)
        holds = partial(self._condition, _fields(leaf), words, lone, max(leaf.distance, 1))
        insisted = leaf.kind == "phrase" or leaf.field is not None
        return Clause(holds, holds() if insisted else None, stops=frozenset.intersection(*stops))

    def _condition(
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

    def _readings(self, text: str) -> list[QuestionToken]:
        words = self.analyzer.tokens(text)
        if len(words) > self.room:
            self.warn(TOO_LONG)
            words = words[: self.room]
        self.room -= len(words)
        return words

    def _lone(self, words: Sequence[QuestionToken]) -> list[Pattern]:
        """Return the patterns for 1 character of a script without spaces, such as 猫.

        Terms of these scripts in the index are pairs of characters. The list is empty for other
        words.
        """
        if len(words) > 1 or not is_lone(words[0].terms[0]) or not self.patterns_left:
            return []
        self.patterns_left -= 1
        char = words[0].terms[0]
        return [Pattern("prefix", char), Pattern("wildcard", f"?{char}")]

    def _stops(self, word: str) -> frozenset[str]:
        # WHO in capitals is a name, and no stop word. AND in capitals is a misplaced operator.
        return self.analyzer.stops(word.lower() if word in ("AND", "OR", "NOT") else word)

    def _score(
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
                self._add((fields, word.terms), ScoredWords(readings, boosts, lone, 1, each))
        if len(words) > 1:
            readings = self.analyzer.by_language([word.terms for word in words])
            self.phrases.update(dict.fromkeys(readings))
            self._confine(readings)
            slop = max(leaf.distance, 1)
            together = frozenset.intersection(*stops)
            scored = ScoredWords(readings, boosts, lone, slop, together)
            self._add((fields, *readings, slop), scored)

    def _add(self, key: Hashable, words: ScoredWords) -> None:
        """Add words to `scored`; of words with the same key, only the last count."""
        known = self.scored.get(key)
        stops = words.stops if known is None else words.stops & known.stops
        self.scored[key] = replace(words, stops=stops)

    def _confine(self, parts: Mapping[Any, frozenset[str]]) -> None:
        """Note the languages of phrases or patterns."""
        for part, languages in parts.items():
            self.confined[part] = languages | self.confined.get(part, frozenset())

    def _pattern(self, leaf: Leaf, *, scoring: bool) -> Clause:
        """Read a prefix*, wild?card or fuzzy~ that is searched in paragraphs or titles."""
        heads: Sequence[QuestionToken] = ()
        if leaf.kind == "wildcard":
            found = wildcard_patterns(leaf.text, self.analyzer)
        else:
            words = self._readings(leaf.text)
            if not words:
                return Clause()
            # In anti-air*, the last word is the pattern.
            *heads, last = words
            if leaf.kind == "prefix":
                found = prefix_patterns(leaf.text[last.start : last.end], self.analyzer)
            else:
                found = fuzzy_patterns(leaf.text, last, leaf.distance, self.analyzer)
        patterns = {each: found[each] for each in found if isinstance(each, Pattern)}
        if not all(map(can_be_searched, patterns)):
            warn_of_no_pattern(leaf, self.warn)
            return self._as_words(leaf, scoring=scoring)
        found_in = [
            all_of(
                [*(self._condition([name], [head]) for head in heads), self._either(name, found)]
            )
            for name in _fields(leaf)
        ]
        if scoring:
            if leaf.kind != "wildcard":  # the encoder cannot read a word with signs
                self.words.append(leaf.text)
            self.patterns.update(dict.fromkeys(patterns))
            self._confine(patterns)
            for head in heads:
                self.terms[head.terms] = FoundWord(head.terms, foreign=head.foreign)
            for stem, languages in found.items():
                if isinstance(stem, str):
                    terms = (stem,) * len(self.analyzer.languages)
                    elsewhere = self.analyzer.every - languages
                    self.terms[terms, elsewhere] = FoundWord(terms, elsewhere=elsewhere)
            key = (_fields(leaf), leaf.kind, leaf.text, leaf.distance)
            self.scored[key] = ScoredPattern(best(found_in))
        return Clause.of(any_of(found_in))

    def _either(self, name: str, readings: Readings) -> Any:
        """Return the condition that a pattern or a stem is in a field."""
        return any_of(
            confined(
                pattern_query(name, each) if isinstance(each, Pattern) else wq.Term(name, each),
                languages,
                self.analyzer,
            )
            for each, languages in readings.items()
        )


def plain_words(text: str) -> Group:
    """Return the words of a text without their signs."""
    return Group("plain", tuple(Leaf("word", word) for word in re.findall(r"\w\S*", text)))


def _fields(leaf: Leaf) -> tuple[str, ...]:
    return TEXT_FIELDS if leaf.field is None else (leaf.field,)
