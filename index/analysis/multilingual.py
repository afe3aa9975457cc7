"""A question, analysed in all languages of an index at once.

Each language makes its own term of a word. Terms do not say which language made
them, so a name is found in all, and most words give one or two different ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer, analysed_as
from nutgraf.index.analysis.folding import fold
from nutgraf.index.analysis.tokenizer import placed_words

__all__ = ["MultilingualAnalyzer", "QuestionToken"]

MAX_STOP_WORD_GAP: Final = 1
"""Stop words by which a language may fall behind the likeliest, and the question be in it all the
same: more are seldom words of another language, too."""

MIN_PARAGRAPH_SHARE: Final = 0.25
"""Share of the likeliest language's paragraphs that one without stop words in a question must have
to be the question's: "price of bread" is not in what few articles are in."""


class QuestionToken(NamedTuple):
    """A word of a question: its term in each language, the likeliest first, and its place.

    `foreign` are pairs of a term and its language: terms that are stop words of the likeliest
    language, though the word is none. A stemmer cuts words of another language too short: the
    French one makes "be" of "bees", which is to find no English "be".
    """

    terms: tuple[str, ...]
    start: int
    end: int
    foreign: frozenset[tuple[str, str]] = frozenset()

    @property
    def common(self) -> tuple[str, ...]:
        """The different terms that are no foreign ones, that of the likeliest language first."""
        foreign = {term for term, _ in self.foreign}
        return tuple(dict.fromkeys(term for term in self.terms if term not in foreign))


class MultilingualAnalyzer:
    """Reads questions in one or more languages. Safe to use from many threads.

    The first of `analyzers` is the likeliest. `paragraphs` says how many there
    are in each language, by default as many in all; `asked` are those in whose
    language the question may be, by default all, as nothing is known of it.
    """

    def __init__(
        self,
        analyzers: Sequence[Analyzer],
        paragraphs: Mapping[str, int] | None = None,
        asked: Sequence[Analyzer] | None = None,
    ) -> None:
        self._analyzers = tuple(analyzers)
        self._paragraphs = dict.fromkeys(self.languages, 1) if paragraphs is None else paragraphs
        self._asked = self._analyzers if asked is None else tuple(asked)

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages, the likeliest first."""
        return tuple(analyzer.language for analyzer in self._analyzers)

    def restricted_to(self, tags: Iterable[str]) -> MultilingualAnalyzer:
        """Return the same without the languages that `tags` do not name, unless these name none."""
        wanted = set(map(analysed_as, tags))
        kept = [each for each in self._analyzers if each.language in wanted]
        return MultilingualAnalyzer(kept, self._paragraphs) if kept else self

    def for_question(self, question: str) -> MultilingualAnalyzer:
        """Return the same with an ear for the language of a question, known by its stop words.

        That has the most of them; others may be it as well that fall at most
        MAX_STOP_WORD_GAP behind.
        "who will die in war" has three of English and four of German, so both
        could be meant, and only "will" and "in" are stop words.
        """
        if len(self._analyzers) == 1:
            return self
        words = {word for word, _, _ in placed_words(question)}
        counts = {each: sum(map(each.is_stop, words)) for each in self._analyzers}
        # Of as many, those that more paragraphs are in stay first.
        first, *others = sorted(self._analyzers, key=lambda each: -counts[each])
        close = [each for each in others if counts[each] >= counts[first] - MAX_STOP_WORD_GAP]
        few = MIN_PARAGRAPH_SHARE * self._paragraphs[first.language]
        asked = [
            each
            for each in close
            if counts[each]
            or (self._paragraphs[each.language] >= few and any(map(each.shares_script, words)))
        ]
        return MultilingualAnalyzer([first, *others], self._paragraphs, [first, *asked])

    def tokens(self, text: str) -> list[QuestionToken]:
        """Return the words of `text` in their order, as every language has them."""
        if len(self._analyzers) == 1:
            alone = self._analyzers[0]
            return [QuestionToken((term,), start, end) for term, start, end in alone.tokens(text)]
        return [
            QuestionToken(terms, start, end, self._foreign(word, terms))
            for word, start, end in placed_words(text)
            if all(terms := tuple(each.term(word) for each in self._analyzers))
        ]

    def _foreign(self, word: str, terms: Sequence[str]) -> frozenset[tuple[str, str]]:
        first, likeliest = terms[0], self._analyzers[0]
        stops = {term for term in terms if term != first and likeliest.is_stop(term)}
        if not stops or likeliest.is_stop(word):
            return frozenset()
        return frozenset(
            (term, each.language)
            for term, each in zip(terms, self._analyzers, strict=True)
            if term in stops
        )

    def stems(self, word: str) -> list[str]:
        """Return the different terms of what is one word; nothing where it is none, or several.

        Terms that are foreign are left out.
        """
        tokens = self.tokens(word)
        return list(tokens[0].common) if len(tokens) == 1 else []

    def is_stop(self, word: str) -> bool:
        """Say whether a question can do without `word`, whichever language it is in."""
        return all(each.is_stop(word) for each in self._asked)

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, for prefixes and patterns; not stemmed."""
        return fold(word)
