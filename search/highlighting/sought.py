"""A question as it is looked for in texts of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from operator import not_

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.runs import MAX_LENGTH, SplitText
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.query.question import Question

__all__ = ["Sought"]


class Sought:
    """The terms, phrases and patterns of a question in some texts of one language.

    `analyzer` is the analyzer of the texts. Words that occur in several texts are analysed once.
    """

    def __init__(self, question: Question, analyzer: Analyzer, texts: Iterable[SplitText]) -> None:
        language = analyzer.language
        self.analyzer = analyzer
        self.forms: Mapping[str, str] = question.forms(language)
        """The terms of words, with the term of each in `question.terms`."""
        self.patterns: Sequence[Pattern] = [
            each for each in question.patterns if question.of_language(each, language)
        ]
        self.phrases: dict[str, list[tuple[str, ...]]] = {}
        """The phrases, by their first term."""
        for phrase in question.phrases:
            if question.of_language(phrase, language):
                self.phrases.setdefault(phrase[0], []).append(phrase)
        runs = set(chain.from_iterable([text.runs for text in texts]))
        self._matching = runs if self.patterns else self._with_terms(runs)

    def _with_terms(self, runs: set[str]) -> set[str]:
        """Return the runs that have a term of the question, and all long runs.

        The terms of long runs are in no cache. Most are sentences in a script without spaces.
        """
        phrases = chain.from_iterable(self.phrases.values())
        is_apart = {*self.forms, *chain.from_iterable(phrases)}.isdisjoint
        long: set[str] = set()
        if max(map(len, runs), default=0) > MAX_LENGTH:
            long = {run for run in runs if len(run) > MAX_LENGTH}
        short = runs - long
        apart = map(is_apart, self.analyzer.terms_of_runs(short))
        return long.union(compress(short, map(not_, apart)))

    def tokens(self, text: SplitText) -> dict[int, Token]:
        """Return the tokens of all runs of a text that can match, by number.

        The tokens are in the order of the text. The numbers of two tokens differ by 1 only if they
        are neighbours in the text.
        """
        numbered: dict[int, Token] = {}
        number = after = 0
        for at, start in text.places(self._matching):
            if at > after and any(self.analyzer.terms_of_runs(text.runs[after:at])):
                number += 1
            for token in self.placed(text.runs[at], start):
                numbered[number] = token
                number += 1
            after = at + 1
        return numbered

    def placed(self, run: str, start: int) -> list[Token]:
        """Return the tokens of a run that begins at `start` in its text."""
        tokens = self.analyzer.run_tokens(run)
        return [Token(term, start + first, start + last) for term, first, last in tokens]
