"""The words and phrases of an article that can be suggested."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer, Analyzers
from nutgraf.index.analysis.phrases import QUICK_WORD, SIMPLE_TEXT, PhraseExtractor, word_forms

ENGLISH = PhraseExtractor(Analyzers("en"))


def words(*texts: str) -> set[str]:
    return {form for form in ENGLISH.of("", texts) if " " not in form}


def phrases(*texts: str, title: str = "") -> set[str]:
    return {form for form in ENGLISH.of(title, texts) if " " in form}


def test_words_have_their_spelling_without_signs_and_digits() -> None:
    assert words("The mayor's ferry, a 12-day strike.") == {
        "The",
        "mayor",
        "ferry",
        "day",
        "strike",
    }
    assert words("Zoë’s café; O’Brien in 2023, C3PO", "CAFÉ") == {"Zoë", "café", "O'Brien", "CAFÉ"}
    assert words("of it") == set()
    assert words("x" * 33) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She met Jane Doe there.", {"Jane Doe"}),
        ("In Port Aldane's harbour", {"Port Aldane"}),
        ("The Bank of England said", {"Bank of England"}),
        ("Ursula von der Leyen met", {"Ursula von der Leyen"}),
        ("then President Jane Doe spoke", {"President Jane Doe", "Jane Doe"}),
        ("Zoë Ångström, Émile Zola", {"Zoë Ångström", "Émile Zola"}),
        ("Владимир Зеленский сказал", {"Владимир Зеленский"}),
        ("Jane\nDoe", {"Jane Doe"}),
        ("But London is. The end", set()),
        ("Jane, Doe and R2 D2", set()),
    ],
)
def test_names_are_phrases(text: str, expected: set[str]) -> None:
    assert phrases(text) == expected


def test_adjacent_words_of_a_title_are_phrases() -> None:
    assert phrases(title="Ferry crews in strike over pay, unions say") == {
        "Ferry crews", "crews in strike", "strike over pay", "unions say",
    }  # fmt: skip


def test_title_has_a_key_that_begins_at_each_word() -> None:
    assert list(ENGLISH.title_keys("Ferry strike: “Café” shut")) == [
        (0, "ferry strike cafe shut"),
        (1, "cafe shut"),
        (1, "shut"),
        (1, "strike cafe shut"),
    ]
    long = "word " * 1_000
    keys = list(ENGLISH.title_keys(long))
    assert len(keys) <= 17
    assert sum(len(key) for later, key in keys if later) < 1_000


OTHER = PhraseExtractor(Analyzers("en"))


@settings(max_examples=50, deadline=None)
@given(st.text(), st.lists(st.text(), max_size=3))
def test_phrases_do_not_depend_on_earlier_texts(title: str, texts: list[str]) -> None:
    forms = ENGLISH.of(title, texts)
    assert forms == OTHER.of(title, texts)
    assert all(form and len(form) <= 80 and form == form.strip() for form in forms)
    assert all(ENGLISH.key(form) for form in forms)


@settings(max_examples=200, deadline=None)
@given(st.text("abZé’'s-., \u00a0\u0301ﬁ東京ท\n", max_size=30))
def test_words_are_the_same_as_without_the_cache(text: str) -> None:
    simple = text.isascii() or SIMPLE_TEXT.fullmatch(text)
    words_ = QUICK_WORD.findall(text) if simple else Analyzer("en").words(text)
    assert words(text) == set(word_forms(words_))
