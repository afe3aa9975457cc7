"""Matches: the fast search for them finds the same as a look at every word."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.highlighting.keyword_matches import Match, find_matches, match_texts
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question
from tests.work import work_of

ENGLISH = Analyzer("en")
GERMAN = Analyzer("de")
BOTH = MultilingualAnalyzer([ENGLISH, GERMAN])

TEXT = """
missile Missile's missiles anti-air anti air houses Häuser häuser’s the of U.S. — ½ ㍿ 猫 小猫が
東京都 “Café co-op's war 3.5 x
"""
WORDS = st.sampled_from([*TEXT.split(), "cafe\u0301"])
SPACES = st.sampled_from([" ", " ", " ", "\n", "\u3000", "  ", "-", "", ","])


@st.composite
def texts(draw: st.DrawFn, most: int = 14) -> str:
    return "".join(draw(WORDS) + draw(SPACES) for _ in range(draw(st.integers(0, most))))


QUESTIONS = st.one_of(
    texts(5), texts(3).map(lambda text: text.replace('"', "").join(('"', '" war'))), st.text()
)


def in_phrases(tokens: Sequence[Token], phrases: Sequence[tuple[str, ...]]) -> set[int]:
    terms = [token.term for token in tokens]
    return {
        at + step
        for phrase in phrases
        for at in range(len(terms))
        if tuple(terms[at : at + len(phrase)]) == phrase
        for step in range(len(phrase))
    }


def plain_matches(text: str, question: Question, analyzer: Analyzer) -> list[Match]:
    """Look at every word; no two matches overlap."""
    tokens = analyzer.tokens(text)
    forms = question.forms(analyzer.language)
    phrases = [one for one in question.phrases if question.of_language(one, analyzer.language)]
    inside = in_phrases(tokens, phrases)
    found = {
        token.start: Match(token.start, token.end, forms.get(token.term, token.term))
        for at, token in enumerate(tokens)
        if token.term in forms or at in inside
    }
    apart: list[Match] = []
    for match in (found[start] for start in sorted(found)):
        last = apart[-1].end if apart else 0
        if match.end > last:
            apart.append(match._replace(start=max(match.start, last)))
    return apart


@given(QUESTIONS, st.lists(texts(), max_size=3))
@example('"anti air"', ["anti — air anti-air anti the air", "air anti"])
@example('"東京都"', ["東京都 東京 京都"])
def test_each_word_and_phrase_is_found(asked: str, some: list[str]) -> None:
    question = parse_question(asked, BOTH)
    if question.patterns:
        return
    pairs = [(text, analyzer) for text in some for analyzer in (ENGLISH, GERMAN)]
    for (text, analyzer), found in zip(pairs, match_texts(question, pairs), strict=True):
        assert found.matches == plain_matches(text, question, analyzer)
        assert find_matches(text, question, analyzer) == found.matches


@given(texts())
def test_pattern_is_found_in_every_word(text: str) -> None:
    question = parse_question("miss* c?fe", BOTH)
    places = {
        token.start
        for token in ENGLISH.tokens(text)
        for word in (ENGLISH.fold(text[token.start : token.end]), token.term)
        if word.startswith("miss") or (len(word) == 4 and (word[0], word[2:]) == ("c", "fe"))
    }
    assert {match.start for match in find_matches(text, question, ENGLISH)} == places


def test_known_words_are_not_analysed_again() -> None:
    text = " ".join(f"harbour{at} ferry" for at in range(500))
    question = parse_question("ferry", MultilingualAnalyzer([ENGLISH]))
    find_matches(text, question, ENGLISH)

    def work(texts: int) -> int:
        return work_of(lambda: match_texts(question, [(text, ENGLISH)] * texts))

    assert work(8) < 9 * work(1)
    no_match = parse_question("trawler", MultilingualAnalyzer([ENGLISH]))
    assert work_of(lambda: find_matches(text, no_match, ENGLISH)) < work_of(
        lambda: ENGLISH.tokens(text)
    )
