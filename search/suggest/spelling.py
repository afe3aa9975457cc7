"""Spelling corrections of a question, from the words of the index.

A word is corrected only if the index does not contain it. Names that the index lacks are unknown
too, and a wrong correction of a name is worse than none. So a correction must explain all unknown
words of the question, its words must stand together in the index, and its likelihood must be high.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Final

from nutgraf.index.analysis.multilingual import QuestionToken
from nutgraf.index.analysis.phrases import is_plain_word
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.schema import PUBLISHED, TEXT_FIELDS, VALUE_FIELDS
from nutgraf.search.query.question import Question
from nutgraf.search.suggest.word_corrections import (
    MIN_LETTERS,
    WordCorrection,
    any_term,
    corrections_of,
)

__all__ = ["correct_spelling"]

TRIED: Final = (4, 3, 2, 1)
"""Number of corrections tried for each word, if 1, 2, 3 or 4 are unknown.

A question with more unknown words is in another language, and is not corrected.
"""

TOGETHER: Final = 0.3
"""Likelihood for each doubling of the rows with all words beyond chance."""

MAX_TOGETHER: Final = 2.0

TESTED: Final = 3
"""Number of known words with which a correction is tested, the rarest ones."""

DOUBT: Final = 0.25
"""Added to the number of rows with all words by chance.

A single row with them proves little.
"""

BESIDE: Final = 1.5
"""Likelihood if two words stand side by side, as in the question."""

HURRY: Final = 0.5
"""Likelihood for each other corrected word: errors seldom come alone."""


@lru_cache(64)
def _value_pattern(declared: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a field and its value, which is not a word of a text."""
    names = "|".join((*VALUE_FIELDS, PUBLISHED, *declared))
    return re.compile(rf"(?<![^\s(+-])(?:{names}):(\S*)", re.IGNORECASE)


def correct_spelling(
    index: IndexReader, q: str, question: Question, unknown: Sequence[str]
) -> str | None:
    """Return the question with its unknown words corrected, None if unsure.

    `unknown` are the words of the question that no text or title contains. Signs, values of
    fields, patterns, words with digits and excluded words are not changed. If the suggestions of
    the index are missing or damaged, the result is None, so that the search is still answered.
    """
    if not unknown:
        return None
    tokens = question.analyzer.tokens(q)
    wrong = _misspelled(index, q, tokens, unknown)
    if not 0 < len(wrong) <= len(TRIED):
        return None
    try:
        chosen = _best(index, q, question, tokens, wrong)
    except BrokenIndexError:
        return None
    corrected = q
    for one in sorted(chosen, key=lambda each: -each.start):
        corrected = corrected[: one.start] + one.text + corrected[one.end :]
    return corrected if corrected != q else None


def _misspelled(
    index: IndexReader, q: str, tokens: Sequence[QuestionToken], unknown: Sequence[str]
) -> list[int]:
    """Return the places, in `tokens`, of the unknown words that can be corrected."""
    values = _value_pattern(tuple(index.declared))
    in_values = {at for value in values.finditer(q) for at in range(*value.span(1))}
    wanted = frozenset(unknown)
    return [
        at
        for at, token in enumerate(tokens)
        if (word := q[token.start : token.end]) in wanted
        and len(word) >= MIN_LETTERS
        and is_plain_word(word)
        and token.start not in in_values
        and q[token.end : token.end + 1] not in ("*", "~")
    ]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A correction of all unknown words of a question, with the queries that test it.

    `words` find rows with each corrected word, and `others` rows with each of the known words that
    it is tested with. `beside` finds rows with two words side by side, as in the question.
    """

    chosen: tuple[WordCorrection, ...]
    words: tuple[query.Query, ...]
    others: tuple[query.Query, ...]
    beside: query.Query | None

    @property
    def groups(self) -> list[tuple[query.Query, ...]]:
        """The words that must stand together: in one of the groups, if there are any."""
        if not self.others:
            return [self.words] if self.words else []
        return [(*self.words, other) for other in self.others]


def _best(
    index: IndexReader,
    q: str,
    question: Question,
    tokens: Sequence[QuestionToken],
    wrong: Sequence[int],
) -> tuple[WordCorrection, ...]:
    """Return the likeliest corrections of all unknown words, () if none is likely."""
    known = {
        at: token.common
        for at, token in enumerate(tokens)
        if at not in wrong and q[token.start : token.end] in question.written
    }
    # Corrections that no evidence can make likely are not counted in the index.
    evidence = MAX_TOGETHER + BESIDE if known or len(wrong) > 1 else 0.0
    evidence += HURRY * (len(wrong) - 1)
    options = [
        [
            one
            for one in corrections_of(index, q, question, tokens, at)[: TRIED[len(wrong) - 1]]
            if one.likelihood + evidence > 0
        ]
        for at in wrong
    ]
    if not all(options):
        return ()
    statistics = index.term_statistics([term for terms in known.values() for term in terms])
    weights = {at: min(statistics[term].weight for term in terms) for at, terms in known.items()}
    rarest = {at: known[at] for at in sorted(known, key=lambda at: -weights[at])}
    attempts = [_attempt(chosen, rarest) for each in product(*options) if (chosen := _joint(each))]
    found = _likelihoods(index, attempts)
    likelihood, chosen = max(found, key=lambda each: each[0], default=(-1.0, ()))
    return chosen if likelihood > 0 else ()


def _joint(chosen: tuple[WordCorrection, ...]) -> tuple[WordCorrection, ...]:
    """Return different corrections of a question, () if two of them overlap."""
    different = tuple(dict.fromkeys(chosen))
    covered = [at for each in different for at in each.covers]
    return different if len(covered) == len(set(covered)) else ()


def _attempt(chosen: tuple[WordCorrection, ...], known: Mapping[int, tuple[str, ...]]) -> _Attempt:
    """Return an attempt; `known` are the other words, the rarest first."""
    covered = {at for each in chosen for at in each.covers}
    others = {at: terms for at, terms in known.items() if at not in covered}
    return _Attempt(
        chosen,
        tuple(each.query for each in chosen if not each.is_stop),
        tuple(any_term(terms) for terms in islice(others.values(), TESTED)),
        _side_by_side(chosen, others),
    )


def _side_by_side(
    chosen: Sequence[WordCorrection], others: Mapping[int, tuple[str, ...]]
) -> query.Query | None:
    """Return the query for rows with a corrected word and its neighbour side by side."""
    ends = {each.covers[-1]: each.terms for each in chosen}
    starts = {each.covers[0]: each.terms for each in chosen}
    pairs = [
        (before[-1], after[0])
        for at, before in {**others, **ends}.items()
        if (after := {**others, **starts}.get(at + 1)) and (at in ends or at + 1 in starts)
    ]
    found = [query.Phrase(field, list(pair)) for pair in pairs for field in TEXT_FIELDS]
    return query.Or(found) if found else None


def _likelihoods(
    index: IndexReader, attempts: Sequence[_Attempt]
) -> Iterator[tuple[float, tuple[WordCorrection, ...]]]:
    """Yield the likelihood of each attempt whose words stand together in the index."""
    queries: dict[str, query.Query] = {}
    for each in attempts:
        for group in each.groups:
            for one in (*group, query.And(list(group))):
                queries.setdefault(repr(one), one)
        if each.beside is not None:
            queries.setdefault(repr(each.beside), each.beside)
    if not queries:
        return
    # The suggestions may be one commit newer than the snapshot, so count in the snapshot.
    counted = dict(zip(queries, index.counts(list(queries.values())), strict=True))
    rows = max(1, index.paragraph_count)
    for each in attempts:
        found = []
        for group in each.groups:
            together = counted[repr(query.And(list(group)))]
            chance = rows * math.prod(counted[repr(one)] / rows for one in group)
            if together:
                found.append(math.log2(together / (chance + DOUBT)) if len(group) > 1 else 0.0)
        if not found:  # The words never stand together, or all of them are stop words.
            continue
        likelihood = max(0.0, min(TOGETHER * max(found), MAX_TOGETHER))
        if each.beside is not None and counted[repr(each.beside)]:
            likelihood += BESIDE
        likelihood += HURRY * (len(each.chosen) - 1)
        yield likelihood + min(one.likelihood for one in each.chosen), each.chosen
