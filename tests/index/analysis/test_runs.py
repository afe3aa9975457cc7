"""Runs: their places in a text, and the words in them."""

from hypothesis import example, given, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.folding import plain_form
from nutgraf.index.analysis.runs import RunCache, SplitText, single_spaced
from nutgraf.index.analysis.stopwords import has_meaning

ENGLISH = Analyzer("en")

TEXTS = st.text("aZé\u0301’s'.,-+ \n\t\u3000\x1c\u2028日本ｶﾞ½㍿¨ͺ", max_size=40)


@given(TEXTS)
@example(" a")
@example("a ")
@example("a  b")
@example("")
def test_tokens_of_runs_are_tokens_of_text(text: str) -> None:
    split = SplitText(text)
    placed = split.places(set(split.runs))
    assert [at for at, _ in placed] == list(range(len(split.runs)))
    assert all(text.startswith(split.runs[at], start) for at, start in placed)
    tokens = [
        Token(term, start + first, start + last)
        for at, start in placed
        for term, first, last in ENGLISH.run_tokens(split.runs[at])
    ]
    assert tokens == ENGLISH.tokens(text)
    assert split.places(set()) == []


@given(TEXTS)
def test_content_words_are_words_with_meaning(text: str) -> None:
    words = [text[start:end] for _, start, end in ENGLISH.tokens(text)]
    found = [one for words in ENGLISH.content_words(text.split()) for one in words]
    assert found == [plain_form(one) for one in words if has_meaning(one, ENGLISH.is_stop)]


def test_content_words() -> None:
    runs = ["The", "co-op’s", "“WHO”", "3rd", "x", "Missiles,", "dogs'", "who’s"]
    assert list(ENGLISH.content_words(runs)) == [
        (), ("co", "op"), ("WHO",), (), (), ("Missiles",), ("dogs",), ()
    ]  # fmt: skip


def test_cache_makes_each_word_once_and_is_bounded() -> None:
    made: list[str] = []

    def upper(word: str) -> str:
        made.append(word)
        return word.upper()

    cache = RunCache(upper, 3)
    long = "x" * 65
    assert [cache[word] for word in ("a", "a", long, long)] == [
        "A",
        "A",
        long.upper(),
        long.upper(),
    ]
    assert made == ["a", long, long]
    assert [cache[word] for word in "bcd"] == ["B", "C", "D"]
    assert len(cache) <= 3


@given(st.text() | st.text("a \u00a0\u2003\t\n\x1f.é"))
def test_single_spaced_text_has_the_same_runs(text):
    assert single_spaced(text) == " ".join(text.split())
