"""The rules for the terms of a text."""

from __future__ import annotations

import threading
import unicodedata

import pytest
from hypothesis import example, given, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.languages import LANGUAGES
from nutgraf.index.analysis.stopwords import stop_words
from nutgraf.index.analysis.value_terms import exact_term, value_terms

ENGLISH = Analyzer("en")
PLAIN = Analyzer("xx")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ""),
        ("  \n\t ... !?", ""),
        ("Missiles were supplied", "missil were suppli"),
        # Hyphens, slashes and ampersands separate.
        ("anti-air and/or AT&T 2022-23", "anti air and or at t 2022 23"),
        ("snake_case @user #tag", "snake case user tag"),
        # Apostrophes belong to the word; 's does not.
        ("Obama's Obama’s OBAMA'S Obama", "obama obama obama obama"),
        ("don't don’t O’Brien", "don't don't o'brien"),
        ("'quoted' the dogs' 'n'", "quot the dog n"),
        # Numbers.
        ("1,000 1,000,000.50 1000", "1000 1000000.50 1000"),
        ("3.5 3.5m 2,5 $1,000 10% £3.5bn", "3.5 3.5m 2,5 1000 10 3.5bn"),
        ("in 2019. Then 5, 6", "in 2019 then 5 6"),
        # Signs of C++ and C#.
        ("C++ c# C++11 C+ C", "c++ c# c++ 11 c c"),
        # Abbreviations.
        ("U.S. US U.S us", "us us us us"),
        ("U.K. UK e.g. a.m. J.R.R. Tolkien", "uk uk eg am jrr tolkien"),
        ("the U.S.'s U.S.-led U.S.A.", "the us us led usa"),
        ("Plan B. Next", "plan b next"),
        # Accents are folded; all encodings of a character have one term.
        ("café cafe\u0301 CAFÉ cafe", "cafe cafe cafe cafe"),
        ("résumé resume naïve naive", "resum resum naiv naiv"),
        ("Søren Wałęsa Đoković straße STRASSE Æther", "soren walesa dokov strass strass aether"),
        ("ﬁre ｆｉｒｅ ①", "fire fire 1"),
        ("news\u00adpaper news\u200dpaper", "newspap newspap"),
        # Scripts without spaces: a term for each 2 adjacent characters, or for a single one.
        ("日本語 テスト、猫", "日本 本語 テス スト 猫"),
        ("東京2020年 iPhone手机", "東京 2020 年 iphon 手机"),
        ("เรือข้าม", "เรื รือ อข้ ข้า าม"),
        ("한국어 뉴스", "한국어 뉴스"),
        ("हिन्दी में", "हिन्दी में"),
        ("Путин", "путин"),
        # Emoji and punctuation have no terms.
        ("🎉 ❤️ 👩‍👩‍👧 — … “”", ""),
        ("I ❤️you", "i you"),
        ("1️⃣", "1"),
    ],
)
def test_terms(text: str, terms: str) -> None:
    assert ENGLISH.terms(text) == terms.split()
    assert [token.term for token in ENGLISH.tokens(text)] == terms.split()


def test_positions() -> None:
    text = "Él — the U.S.’s ½-cafe\u0301"
    assert [(token.term, text[token.start : token.end]) for token in ENGLISH.tokens(text)] == [
        ("el", "Él"),
        ("the", "the"),
        ("us", "U.S.’s"),
        ("1", "½"),
        ("2", "½"),
        ("cafe", "cafe\u0301"),
    ]
    assert ENGLISH.tokens("a b") == [Token("a", 0, 1), Token("b", 2, 3)]


def test_terms_are_cut() -> None:
    assert PLAIN.terms("x" * 100_000) == ["x" * 64]
    assert PLAIN.tokens("é" * 1000) == [Token("e" * 64, 0, 1000)]


def test_languages() -> None:
    assert Analyzer("en-GB").terms("running") == ["run"]
    assert Analyzer("EN_us").terms("running") == ["run"]
    assert Analyzer("xx").terms("running Cafés") == ["running", "cafes"]
    assert Analyzer("").terms("running") == ["running"]
    assert Analyzer("de").terms("Häuser Haus") == ["haus", "haus"]
    assert Analyzer("fr").terms("l'homme qu’il aujourd'hui") == ["homm", "il", "aujourd'hui"]
    assert Analyzer("it").terms("l'acqua dell’acqua") == ["acqua", "acqua"]
    for language in LANGUAGES:
        assert Analyzer(language).terms("a b")


def test_stop_words() -> None:
    for word in ("the", "The", "who", "What's", "don’t", "because", "becaus", "does"):
        assert ENGLISH.is_stop(word), word
    for word in ("missile", "US", "us", "WHO", "IT", "doe", ""):
        assert not ENGLISH.is_stop(word), word
    assert not PLAIN.is_stop("the")
    for language in (*LANGUAGES, "vi"):
        assert all(ENGLISH.fold(word) == word for word in stop_words(language))


def test_value_terms() -> None:
    assert value_terms("BBC  News Élan") == (
        " BBC  News Élan",
        "bbc news elan",
        "bbc",
        "news",
        "elan",
    )
    assert value_terms("en") == (exact_term("en"), "en")
    assert value_terms("O’Brien") == (" O’Brien", "o'brien")
    assert value_terms("AT&T 1,000") == (" AT&T 1,000", "at&t 1,000", "at", "t", "1,000")
    assert value_terms("🎉") == (" 🎉", "🎉")


def test_cache_is_bounded() -> None:
    analyzer = Analyzer("en", cache_size=50)
    words = [f"running{n}" for n in range(500)]
    assert analyzer.terms(" ".join(words)) == words
    assert analyzer.cached <= 50


def test_threads_get_the_same_terms() -> None:
    text = " ".join(
        f"{stem}{end}" for stem in "abcdefghij" for end in ("running", "ies", "ational")
    )
    wanted = Analyzer("en").terms(text)
    analyzer = Analyzer("en", cache_size=5)  # So small that it is cleared all the time.
    faults: list[list[str]] = []

    def ask() -> None:
        for _ in range(200):
            got = analyzer.terms(text)
            if got != wanted:
                faults.append(got)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


texts = st.one_of(
    st.text(max_size=40),
    st.text("aZsS.'’“”—+#, 3", max_size=20),
    st.text("aZé\u0301’'.,-+# 1½日がｶﾞ한ᄒ\u00ad\u200d\ufe0f\ud800ﬁßİıΣ☃️̈क्षि", max_size=30),
)


@given(texts)
@example("각")
@example("ꞌaꞌ")
def test_tokens_have_positions_in_text_in_order(text: str) -> None:
    tokens = ENGLISH.tokens(text)
    assert [token.term for token in tokens] == ENGLISH.terms(text)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert token.term in ENGLISH.terms(text[token.start : token.end])
        assert 0 < len(token.term) <= 64
        assert not any(map(str.isspace, token.term))
    starts = [token.start for token in tokens]
    assert starts == sorted(starts)


@given(texts)
@example("\ufdfa U.S. ' ½")
def test_joined_terms_are_the_terms(text: str) -> None:
    assert ENGLISH.joined_terms(text) == " ".join(ENGLISH.terms(text))


@given(st.text("aZsS.'’“”—+#, 3", max_size=20))
@example("U.S.'s")
@example("c#'s 3.a")
def test_words_are_the_same_with_and_without_accents_in_text(text: str) -> None:
    assert ENGLISH.words(f"{text} é") == [*ENGLISH.words(text), "é"]
    assert [token.term for token in ENGLISH.tokens(f"{text} é")] == [*ENGLISH.terms(text), "e"]


@given(texts)
def test_equivalent_spellings_give_the_same_terms(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert ENGLISH.terms(unicodedata.normalize(form, text)) == ENGLISH.terms(text)


@given(texts)
def test_folding_is_idempotent(text: str) -> None:
    assert ENGLISH.fold(ENGLISH.fold(text)) == ENGLISH.fold(text)


@given(texts)
@example("0'S'S")
def test_analysing_a_term_without_stemming_returns_it(text: str) -> None:
    for term in PLAIN.terms(text):
        if "," not in term and len(term) < 64:
            assert PLAIN.terms(term) == [term]
