"""Random operations for a writer, and the expected articles after each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from random import Random
from typing import Final

from nutgraf.index import Article

State = Mapping[str, Article]
"""The living articles, by id."""


@dataclass(frozen=True, slots=True)
class Put:
    article: Article


@dataclass(frozen=True, slots=True)
class Delete:
    article: str


@dataclass(frozen=True, slots=True)
class Commit:
    pass


@dataclass(frozen=True, slots=True)
class Reopen:
    """Close the writer, possibly during a merge, and open another one."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait until merges have finished."""


Operation = Put | Delete | Commit | Reopen | Rest

IDS: Final = tuple(f"article-{number}" for number in range(30))
"""Few, so that articles are replaced; enough to give tantivy segments to merge."""

RECENT: Final = 6
"""Number of newest articles that are preferred for deletion.

tantivy 0.27 may lose a deletion during a merge, if it is the first operation of a
writer and deletes an article of the second-last commit: see
index/keywords/tantivy/writer.py.
"""

CONSONANTS: Final = "bcdfghjklmnpqrtvwxz"
"""Letters of words that only one version contains; no stemmer changes such words.

There are no vowels and no s.
"""

_COMMON: Final = (
    "harbour mill night market bridge bread fire island forest keeper morning company price rain "
    "public office fences lamps dogs books minister north island empty grey hundred million owner "
    "engineers dawn register photo gone turned bought asked raised closed taken left"
)
COMMON: Final = tuple(_COMMON.split())
"""Words that have their own tokens, so that texts differ in many tokens."""

SHARED: Final = tuple(
    f"The {' '.join(COMMON[at : at + 6])}, it was said." for at in range(0, 36, 6)
)
"""Paragraphs of many articles: each is encoded once and its embedding copied."""

ABOUT: Final = "The Vale Courier belongs to those who read it, as it has since 1887."
"""A text that one newspaper repeats in most of its articles."""

CREDIT: Final = "Photo: Ines Aquilar"
"""A text that is recognised as boilerplate by its form."""

VALUES: Final = (None, "The Harrow Ledger", "Vale Courier", "La Gazette du Port")
DATES: Final = (None, "2022-03-15", "2022-11-02T09:30:00+01:00")


class Newsroom:
    """A generator of random articles and operations; all versions are different."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = count()

    def plan(
        self, state: State, batches: int, *, asking: bool, reopening: bool
    ) -> tuple[Operation, ...]:
        """Return random operations in batches, for an index with the articles of `state`.

        If `asking`, each batch ends with a commit; otherwise few do. Between some
        batches the writer waits or, if `reopening`, is replaced by a new one.
        """
        breaks = (Reopen(), Reopen(), Rest()) if reopening else (Rest(),)
        operations: list[Operation] = []
        for _ in range(batches):
            # Only after a commit: a new writer loses uncommitted operations.
            if self._rng.random() < 0.3 and operations[-1:] in ([], [Commit()]):
                operations.append(self._rng.choice(breaks))
            for _ in range(self._rng.randint(1, 4)):
                operations.append(self._change(state))
                state = changed(state, operations[-1])
            if asking or self._rng.random() < 0.2:
                operations.append(Commit())
        return tuple(operations)

    def articles(self, number: int) -> State:
        """Return random articles with different ids."""
        return {name: self.article(name) for name in (f"article-{at}" for at in range(number))}

    def article(self, name: str) -> Article:
        """Return a random article, with its unique word in title and first paragraph."""
        word = self._word()
        texts = [f"{word} {self._text()}"]
        if self._rng.random() < 0.2:
            texts.append(
                " ".join(f"{self._word()} {self._text()}" for _ in range(12))
            )  # It is split into parts.
        for _ in range(self._rng.randint(0, 3)):
            own = self._rng.random() < 0.5
            texts.append(f"{self._word()} {self._text()}" if own else self._rng.choice(SHARED))
        source = "Vale Courier" if self._rng.random() < 0.6 else self._rng.choice(VALUES)
        if source == "Vale Courier" and self._rng.random() < 0.8:
            texts += [ABOUT, CREDIT]
        return Article(
            id=name,
            title=f"On {word}",
            paragraphs=tuple(texts),
            source=source,
            author=self._rng.choice(VALUES),
            section=self._rng.choice(VALUES),
            published=self._rng.choice(DATES),
            language=self._rng.choice(("en", "fr")),
        )

    def _change(self, state: State) -> Operation:
        if state and self._rng.random() < 0.35:
            last = RECENT if self._rng.random() < 0.7 else len(state)
            return Delete(self._rng.choice(list(state)[-last:]))
        return Put(self.article(self._rng.choice(IDS)))

    def _word(self) -> str:
        number = next(self._numbers)
        letters = []
        for _ in range(4):
            number, letter = divmod(number, len(CONSONANTS))
            letters.append(CONSONANTS[letter])
        return "".join(letters) + "xq"

    def _text(self) -> str:
        return " ".join(self._rng.choices(COMMON, k=10)) + "."


def word_of(article: Article) -> str:
    """Return the word that only this version of the article contains."""
    return article.title.removeprefix("On ")


def changed(state: State, operation: Operation) -> State:
    """Return the living articles after an operation is committed, newest last."""
    match operation:
        case Put(article):
            return {**_without(article.id, state), article.id: article}
        case Delete(name):
            return _without(name, state)
    return state


def _without(name: str, state: State) -> State:
    return {key: article for key, article in state.items() if key != name}


def states(state: State, operations: Sequence[Operation]) -> list[State]:
    """Return the living articles after the first n operations, for n from 0."""
    return list(accumulate(operations, changed, initial=state))
