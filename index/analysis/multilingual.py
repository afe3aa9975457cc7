"""Analysis of a question in all languages of an index.

Each language has its own term for a word. A term does not name its language, so a
name is found in articles of all languages. Most words have 1 or 2 different terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer, analysed_as
from nutgraf.index.analysis.folding import fold
from nutgraf.index.analysis.tokenizer import placed_words

__all__ = ["MultilingualAnalyzer", "QuestionToken"]

MAX_STOP_WORD_GAP: Final = 1
"""Most stop words by which a possible language is behind the likeliest one.

A word of one language can be a stop word of another. More than 1 in a question is rare.
"""

MIN_PARAGRAPH_SHARE: Final = 0.25
"""Fewest paragraphs of a possible language without stop words in the question.

This is a share of the paragraphs in the likeliest language. A question such as "price of bread" is
hardly in a language of few articles.
"""


class QuestionToken(NamedTuple):
    """A word of a question, its position, and its terms, likeliest language first.

    `foreign` contains pairs of a term and its language. These terms are stop words of the likeliest
    language, but the word is not. A stemmer can shorten words of another language too much: the
    French one changes "bees" to "be", which must not find the English "be".
    """

    terms: tuple[str, ...]
    start: int
    end: int
    foreign: frozenset[tuple[str, str]] = frozenset()

    @property
    def common(self) -> tuple[str, ...]:
        """Distinct terms that are not foreign, likeliest language first."""
        foreign = {term for term, _ in self.foreign}
        return tuple(dict.fromkeys(term for term in self.terms if term not in foreign))


class MultilingualAnalyzer:
    """An analyzer of questions in one or more languages.

    It is safe to use from many threads. The first of `analyzers` is for the likeliest
    language. `paragraphs` is the number of paragraphs in each language, by default the
    same for all. `asked` are the analyzers of the possible languages of the question, by
    default all.
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
        """Return an analyzer with only the languages in `tags`.

        Return `self` if `tags` name no language of this analyzer.
        """
        wanted = set(map(analysed_as, tags))
        kept = [each for each in self._analyzers if each.language in wanted]
        return MultilingualAnalyzer(kept, self._paragraphs) if kept else self

    def for_question(self, question: str) -> MultilingualAnalyzer:
        """Return an analyzer for the possible languages of this question.

        The likeliest language is the one with most stop words in the question. A language
        with at most MAX_STOP_WORD_GAP fewer is also possible. A word is a stop word only if
        it is one in all possible languages: "who will die in war" has 3 stop words of
        English and 4 of German, so both are possible, and only "will" and "in" are stop words.
        """
        if len(self._analyzers) == 1:
            return self
        words = {word for word, _, _ in placed_words(question)}
        counts = {each: sum(map(each.is_stop, words)) for each in self._analyzers}
        # The sort is stable: of languages with the same count, the order of the analyzers stays.
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
        """Return the words of `text` in order, with the term of each language."""
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
        """Return the distinct terms of a word, without foreign terms.

        The list is empty if `word` is not exactly 1 word.
        """
        tokens = self.tokens(word)
        return list(tokens[0].common) if len(tokens) == 1 else []

    def is_stop(self, word: str) -> bool:
        """Return whether `word` is a stop word in all possible languages of the question."""
        return all(each.is_stop(word) for each in self._asked)

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, not stemmed: for prefixes and patterns."""
        return fold(word)
