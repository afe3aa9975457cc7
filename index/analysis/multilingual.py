"""Analysis of a question in all languages of an index.

The analyzers of two languages can convert one word to different terms. Most words have
1 or 2 different terms. A term does not contain its language, so a search for the name
of a person or place finds articles in all languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer, analysed_as
from nutgraf.index.analysis.folding import fold
from nutgraf.index.analysis.tokenizer import placed_words

__all__ = ["MultilingualAnalyzer", "QuestionToken"]

MAX_STOP_WORD_GAP: Final = 1
"""Largest difference in stop words between the likeliest and a possible language.

`MultilingualAnalyzer.for_question` compares languages by the number of their stop words in a
question. A word of one language can be a stop word of another, but more than 1 such word in a
question is rare.
"""

MIN_PARAGRAPH_SHARE: Final = 0.25
"""Smallest share of paragraphs for a possible language without stop words.

If the question has no stop word of a language, this language is possible only if it has enough
paragraphs: at least this share of the number of paragraphs in the likeliest language. A question
such as "price of bread" is probably not in a language with few articles.
"""


class QuestionToken(NamedTuple):
    """A word of a question: its position, and its term in each language.

    `terms` are in the order of the languages, the likeliest first. `foreign` contains pairs of a
    term and its language. Each of these terms is a stop word of the likeliest language, although
    the word itself is not. The cause is a stemmer that shortens words of another language too much.
    For example, the French stemmer changes "bees" to "be". This term must not find the English
    "be".
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

    Many threads can use one analyzer. The first of `analyzers` is for the likeliest
    language. `paragraphs` contains the number of paragraphs in each language; by default,
    it is the same for all languages. `asked` contains the analyzers of the possible
    languages of the question, by default all `analyzers`.
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

        The likeliest language is the one with the most stop words in the question. A language
        with at most MAX_STOP_WORD_GAP fewer stop words is also possible. If it has none,
        MIN_PARAGRAPH_SHARE applies.

        A word counts as a stop word only if it is a stop word of all possible languages. For
        example, "who will die in war" has 3 English and 4 German stop words, so both languages
        are possible. Only "will" and "in" are stop words of both.
        """
        if len(self._analyzers) == 1:
            return self
        words = {word for word, _, _ in placed_words(question)}
        counts = {each: sum(map(each.is_stop, words)) for each in self._analyzers}
        # The sort is stable: languages with the same count stay in the order of the analyzers.
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
        """Return `word` without case and accents, not stemmed.

        Prefixes and patterns need this form, because they cannot be stemmed.
        """
        return fold(word)
