"""Analysis of questions in several languages at once."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer, Analyzers
from nutgraf.index.analysis.languages import LANGUAGES, analysed_as, tags_of
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer

ENGLISH, GERMAN, RUSSIAN = map(Analyzer, ("en", "de", "ru"))
BOTH = MultilingualAnalyzer([ENGLISH, GERMAN])


def stops(reader: MultilingualAnalyzer, question: str) -> list[str]:
    heard = reader.for_question(question)
    return [word for word in question.split() if heard.is_stop(word)]


def test_word_has_a_term_in_each_language() -> None:
    assert [word.terms for word in BOTH.tokens("Houses Häuser")] == [
        ("hous", "hous"),
        ("hauser", "haus"),
    ]
    assert BOTH.tokens("the war")[1][1:3] == (4, 7)
    assert [word.terms for word in MultilingualAnalyzer([RUSSIAN]).tokens("войны")] == [("воин",)]


def test_stems_are_returned_for_one_word_only() -> None:
    assert BOTH.stems("Häuser") == {"hauser": {"en"}, "haus": {"de"}}
    assert BOTH.stems("missiles") == {"missil": {"en", "de"}}
    assert BOTH.stems("two words") == BOTH.stems("") == {}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        # 3 of English, 4 of German: only stop words of both languages count.
        ("who will die in war", "will in"),
        ("houses in war", "in"),
        # The language is clear.
        ("who supplied the missiles", "who the"),
        ("how did the princess die in the crash", "how did the in the"),
        ("was ist mit dem Krieg", "was ist mit dem"),
        # No stop word in either language.
        ("missiles Raketen", ""),
    ],
)
def test_stop_words_are_those_of_all_possible_languages(question: str, wanted: str) -> None:
    assert stops(BOTH, question) == wanted.split()
    assert stops(MultilingualAnalyzer([GERMAN, ENGLISH]), question) == wanted.split()


def test_stop_word_of_one_possible_language_is_left_out_only_there() -> None:
    heard = BOTH.for_question("price of bread")
    assert [heard.stops(word) for word in ("price", "of", "bread")] == [set(), {"en"}, set()]
    # Die is a word of the question for English articles only, and who for German ones.
    heard = BOTH.for_question("who will die in war")
    assert [sorted(heard.stops(word)) for word in ("who", "will", "die")] == [
        ["en"],
        ["de", "en"],
        ["de"],
    ]


def test_names_do_not_make_a_language_likely() -> None:
    every = MultilingualAnalyzer([Analyzer(tag) for tag in ("en", "de", "es", "it")])
    heard = every.for_question("De La Soul meets Anders Breivik and Sara Gideon")
    assert heard.languages[0] == "en"
    assert heard.stops("Sara") == {"it"}
    assert heard.stops("Anders") == {"de"}
    # The first word of a question has a capital although it is no name.
    assert every.for_question("Wer hat das gesagt").stops("hat") == every.every


def test_names_are_not_stop_words() -> None:
    assert stops(BOTH, "what does the WHO say") == ["what", "does", "the"]


def test_likeliest_language_is_first() -> None:
    assert BOTH.languages == ("en", "de")
    assert BOTH.for_question("wer hat das gesagt").languages == ("de", "en")
    assert BOTH.for_question("Raketen").languages == ("en", "de")


def test_requested_language_is_the_only_one() -> None:
    assert BOTH.restricted_to(["de-AT"]).languages == ("de",)
    assert BOTH.restricted_to(["fr"]).languages == BOTH.restricted_to([]).languages == ("en", "de")


def test_one_language_has_the_tokens_of_its_analyzer() -> None:
    alone = MultilingualAnalyzer([ENGLISH])
    question = "Who’s in the U.S. — ½ cafés?"
    assert [(word.terms[0], *word[1:3]) for word in alone.tokens(question)] == [
        tuple(token) for token in ENGLISH.tokens(question)
    ]
    assert alone.for_question(question) is alone


@given(st.text(max_size=40))
def test_terms_of_a_language_do_not_depend_on_the_others(text: str) -> None:
    every = MultilingualAnalyzer([Analyzer(language) for language in ("en", "ar", "tr", "fr")])
    for at, language in enumerate(every.languages):
        terms = [token.term for token in Analyzer(language).tokens(text)]
        assert [word.terms[at] for word in every.tokens(text)] == terms


def test_tags() -> None:
    assert [analysed_as(tag) for tag in ("en-GB", "nb", "vi", "zh-Hant", "English")] == [
        "en", "no", "vi", "", "",
    ]  # fmt: skip
    assert [analysed_as(tag) for tag in (None, "", "und", "mul")] == [None] * 4


def test_analyzers_of_an_index() -> None:
    analyzers = Analyzers("de")
    assert analyzers.of(None) is analyzers.of("und") is analyzers.of("de-CH") is analyzers.default
    assert analyzers.of("ja") is analyzers.of("xx")
    assert analyzers.of("sv").terms("nyheterna") == ["nyhet"]
    for language in LANGUAGES:
        assert analyzers.of(language).language == language


def test_term_that_is_a_stop_word_of_another_language_is_foreign() -> None:
    both = MultilingualAnalyzer([ENGLISH, Analyzer("fr")])
    (bees,) = both.tokens("bees")
    assert (bees.terms, bees.foreign, bees.common) == (("bee", "be"), {("be", "fr")}, ("bee",))
    assert both.with_stop_term("be") == {"en"}
    # A word that is a stop word has no foreign terms.
    assert [word.foreign for word in both.tokens("being am")] == [frozenset()] * 2


def test_tags_of_a_language() -> None:
    assert tags_of("de") == ("de",)
    assert sorted(tags_of("no")) == ["nb", "nn", "no"]
