"""Analysis of a question in all languages of an index.

Each language can convert a word to another term. Most words have 1 or 2 different terms. A
term is searched only in articles of its languages. So an article is found by the same questions
as if all articles of the index had its language, and names are found in all languages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.folding import fold
from nutgraf.index.analysis.languages import analysed_as, tags_of
from nutgraf.index.analysis.tokenizer import placed_words

__all__ = ["MultilingualAnalyzer", "QuestionToken"]

MAX_STOP_WORD_GAP: Final = 1
"""Largest difference in stop words between the likeliest and a possible language.

`MultilingualAnalyzer.for_question` compares languages by the number of their stop words in a
question. A word of one language can be a stop word of another, but more than 1 such word in a
question is rare.
"""


class QuestionToken(NamedTuple):
    """A word of a question: its position, and its term in each language.

    `terms` are in the order of the languages, the likeliest first. `foreign` contains pairs of a
    term and its language. Each of these terms is a stop word of another language, in which the
    word has another term. The cause is a stemmer that shortens words of another language too much.
    For example, the French stemmer changes "bees" to "be". So the number of paragraphs with a
    foreign term says nothing about the word.
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
    it is the same for all languages. `tags` contains the tags of the articles in each
    language, and None if articles without a tag belong to it. `possible` contains the
    possible languages of the question, by default all. `stops` contains words and the
    languages of which they are stop words; other words are looked up.
    """

    def __init__(
        self,
        analyzers: Sequence[Analyzer],
        paragraphs: Mapping[str, int] | None = None,
        tags: Mapping[str, Sequence[str | None]] | None = None,
        possible: Set[str] | None = None,
        stops: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self._analyzers = tuple(analyzers)
        self._languages = tuple(analyzer.language for analyzer in analyzers)
        self._every = frozenset(self._languages)
        self._paragraphs = dict.fromkeys(self._languages, 1) if paragraphs is None else paragraphs
        self._tags = {each: tags_of(each) for each in self._languages} if tags is None else tags
        self._possible = self._every if possible is None else possible
        self._stops = stops

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages, the likeliest first."""
        return self._languages

    @property
    def every(self) -> frozenset[str]:
        """The tags of the languages as a set."""
        return self._every

    def paragraphs(self, languages: Iterable[str]) -> int:
        """Return the number of paragraphs in some languages."""
        return sum(self._paragraphs[each] for each in languages)

    def tags(self, languages: Iterable[str]) -> list[str | None]:
        """Return the tags of the articles in some languages; None means no tag."""
        return [tag for each in languages for tag in self._tags[each]]

    def restricted_to(self, tags: Iterable[str]) -> MultilingualAnalyzer:
        """Return an analyzer with only the languages in `tags`.

        Return `self` if `tags` name no language of this analyzer.
        """
        wanted = set(map(analysed_as, tags))
        kept = [each for each in self._analyzers if each.language in wanted]
        return MultilingualAnalyzer(kept, self._paragraphs, self._tags) if kept else self

    def for_question(self, question: str) -> MultilingualAnalyzer:
        """Return an analyzer for this question.

        The likeliest language is the one with the most stop words in the question. A language
        with at most MAX_STOP_WORD_GAP fewer stop words is also possible. Names can be stop words
        of a language, such as Anders and Sara. So a word with a capital does not count. Only the
        first word of a question counts for the possible languages, because a sentence begins
        with a capital.

        A stop word of all possible languages is a stop word of every language. For example, "who
        will die in war" has 3 English and 4 German stop words, so both languages are possible.
        "will" and "in" are stop words of both.
        """
        if len(self._analyzers) == 1:
            return self
        words = list(dict.fromkeys(word for word, _, _ in placed_words(question)))
        stops = {word: self._stopped(word) for word in words}
        small = Counter(chain.from_iterable(stops[word] for word in words if not _is_name(word)))
        counts = small + Counter(
            chain.from_iterable(stops[word] for word in filter(_is_name, words[:1]))
        )
        least = max(counts.values(), default=0) - MAX_STOP_WORD_GAP
        return MultilingualAnalyzer(
            # The sort is stable: languages with the same count stay in the order of the analyzers.
            sorted(self._analyzers, key=lambda each: -small[each.language]),
            self._paragraphs,
            self._tags,
            {language for language in self._languages if counts[language] >= least},
            stops,
        )

    def tokens(self, text: str) -> list[QuestionToken]:
        """Return the words of `text` in order, with the term of each language."""
        if len(self._analyzers) == 1:
            alone = self._analyzers[0]
            return [QuestionToken((term,), start, end) for term, start, end in alone.tokens(text)]
        return [
            QuestionToken(terms, start, end, self._foreign(terms))
            for word, start, end in placed_words(text)
            if all(terms := tuple(each.term(word) for each in self._analyzers))
        ]

    def _foreign(self, terms: Sequence[str]) -> frozenset[tuple[str, str]]:
        others = set(terms[1:]).difference(terms[:1])
        if not others:
            return frozenset()
        pairs = [*zip(terms, self._analyzers, strict=True)]
        return frozenset(
            (term, each.language)
            for term, each in pairs
            if term in others
            if any(term in other.stop_terms for same, other in pairs if same != term)
        )

    def by_language(self, words: Sequence[Sequence[str]]) -> dict[tuple[str, ...], frozenset[str]]:
        """Return the terms of words in each language, the likeliest first.

        `words` contains the terms of each word, in the order of the languages. The values are the
        languages in which the words have these terms.
        """
        found: dict[tuple[str, ...], list[str]] = {}
        for language, *terms in zip(self._languages, *words, strict=True):
            found.setdefault(tuple(terms), []).append(language)
        return {terms: frozenset(languages) for terms, languages in found.items()}

    def stems(self, word: str) -> dict[str, frozenset[str]]:
        """Return the distinct terms of a word, and the languages of each.

        The result is empty if `word` is not exactly 1 word.
        """
        tokens = self.tokens(word)
        if len(tokens) != 1:
            return {}
        return {term: each for (term,), each in self.by_language([tokens[0].terms]).items()}

    def stops(self, word: str) -> frozenset[str]:
        """Return the languages of which `word` is a stop word.

        Articles of these languages need not contain the word.
        """
        found = self._stops.get(word)
        if found is None:
            found = self._stopped(word)
        return self._every if self._possible <= found else found

    def _stopped(self, word: str) -> frozenset[str]:
        return frozenset([each.language for each in self._analyzers if each.is_stop(word)])

    def is_stop(self, word: str) -> bool:
        """Return whether `word` is a stop word in all possible languages of the question."""
        return self.stops(word) == self._every

    def with_stop_term(self, term: str) -> frozenset[str]:
        """Return the languages in which a stop word has this term."""
        return frozenset([each.language for each in self._analyzers if term in each.stop_terms])

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, not stemmed.

        Prefixes and patterns need this form, because they cannot be stemmed.
        """
        return fold(word)


def _is_name(word: str) -> bool:
    return word[:1].isupper()
