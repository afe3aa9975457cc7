"""Snippets: the best window, safe HTML, and correct offsets."""

import html
import re
from itertools import pairwise

from hypothesis import given, strategies as st

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.analysis.sentences import sentence_spans
from nutgraf.search.highlighting.keyword_matches import Match, find_matches
from nutgraf.search.highlighting.semantic_matches import NearWord
from nutgraf.search.highlighting.snippets import (
    ELLIPSIS,
    SNIPPET_WIDTH,
    best_span,
    make_snippet,
    mark,
    mark_matches,
)
from nutgraf.search.query.builder import parse_question
from nutgraf.search.request.options import Highlight
from nutgraf.search.response import Highlighted
from tests.work import work_of

ANALYZER = Analyzer("en")
READER = MultilingualAnalyzer([ANALYZER])
MARK = Highlight()
FILLER = "The council met in the town hall and spoke of other matters at some length. "


def snippet(text, question, highlight=MARK):
    return make_snippet(
        text, find_matches(text, parse_question(question, READER), ANALYZER), "en", highlight
    )


def marked(found):
    return [found.text[one.start : one.end] for one in found.highlights]


def test_words_match_by_the_analysis_of_the_index():
    found = snippet("Two missiles hit; a third Missile's debris fell.", "missile")
    assert marked(found) == ["missiles", "Missile's"]
    assert found.html == (
        "Two <mark>missiles</mark> hit; a third <mark>Missile&#x27;s</mark> debris fell."
    )


def test_short_paragraph_is_shown_completely():
    text = "One sentence. And another."
    assert snippet(text, "nothing").text == text


def test_the_window_with_most_different_words_is_shown():
    text = FILLER * 5 + "The ferry was late. The ferry to the island sank." + " " + FILLER * 5
    found = snippet(text, "ferry island sank")
    assert "The ferry to the island sank." in found.text
    assert found.text.startswith(ELLIPSIS)
    assert found.text.endswith(ELLIPSIS)
    assert set(marked(found)) >= {"ferry", "island", "sank"}


def test_a_sentence_that_is_too_long_is_cut_between_words():
    text = " ".join(f"word{number}" for number in range(400)) + " harbour " + "tail " * 300
    found = snippet(text, "harbour")
    assert marked(found) == ["harbour"]
    assert re.fullmatch(rf"{ELLIPSIS}(\w+ ?)+{ELLIPSIS}", found.text)


def test_word_longer_than_snippet_is_cut():
    found = snippet("x" * 5_000, "nothing")
    assert len(found.text) <= SNIPPET_WIDTH + 2


def test_a_phrase_marks_its_stop_words_only_inside_the_phrase():
    found = snippet("The man of the match met the man.", '"man of the match"')
    assert marked(found) == ["man", "of", "the", "match", "man"]


def test_patterns_are_marked():
    assert marked(snippet("Ministers and ministries", "minist*")) == ["Ministers", "ministries"]
    assert marked(snippet("Zelensky, Zelenskyy", "zelensky~")) == ["Zelensky", "Zelenskyy"]
    assert marked(snippet("organise organize", "organi?e")) == ["organise", "organize"]


def test_excluded_words_are_not_marked():
    assert marked(snippet("air and sea", "air -sea")) == ["air"]


def test_markup_is_that_of_request_and_text_is_escaped():
    found = snippet("<script>alert(1)</script> & fire", "fire alert", Highlight("[", "]"))
    assert found.html == "&lt;script&gt;[alert](1)&lt;/script&gt; &amp; [fire]"


def test_other_scripts_and_emoji_keep_their_offsets():
    for text, question, word in (
        ("🚀🚀 ракета взлетела", "ракета", "ракета"),
        ("הספינה עזבה את הנמל", "הספינה", "הספינה"),
        ("ﬁre in the Straße", "strasse", "Straße"),
        ("é́ fire", "fire", "fire"),
    ):
        assert marked(snippet(text, question)) == [word]


def near(text, *words):
    """Return near words, each of a different term, the first with the highest cosine."""
    return sorted(
        NearWord(text.index(word), text.index(word) + len(word), word, 0.9 - number / 100)
        for number, word in enumerate(words)
    )


def test_keyword_and_semantic_highlights_are_distinguished():
    text = "Babies & their mothers came by car."
    matches = find_matches(text, parse_question("mothers", READER), ANALYZER)
    found = make_snippet(text, matches, "en", MARK, near(text, "Babies", "car"))
    assert [(one.start, one.end, one.kind) for one in found.highlights] == [
        (0, 6, "semantic"),
        (15, 22, "keyword"),
        (31, 34, "semantic"),
    ]
    assert found.html == (
        '<mark class="semantic">Babies</mark> &amp; their <mark>mothers</mark> came by '
        '<mark class="semantic">car</mark>.'
    )
    own = make_snippet(text, matches, "en", Highlight("[", "]", "{", "}"), near(text, "car"))
    assert own.html == "Babies &amp; their [mothers] came by {car}."


def test_near_words_decide_between_windows_with_equal_matches():
    text = FILLER * 6 + "A ferry sank. " + FILLER * 6 + "A ferry with babies sank. " + FILLER * 6
    matches = find_matches(text, parse_question("ferry", READER), ANALYZER)
    assert "babies" not in make_snippet(text, matches, "en", MARK).text
    assert "babies" in make_snippet(text, matches, "en", MARK, near(text, "babies")).text


def test_more_different_matches_count_more_than_near_words():
    text = "Babies, mothers, cars. " + FILLER * 6 + "A ferry sank."
    matches = find_matches(text, parse_question("ferry", READER), ANALYZER)
    found = make_snippet(text, matches, "en", MARK, near(text, "Babies", "mothers", "cars"))
    assert marked(found) == ["ferry"]


def test_only_nearest_words_are_marked():
    text = "One car, two babies, three mothers, four ferries, five bakers, six lorries."
    words = ("lorries", "babies", "ferries", "mothers", "bakers", "car")
    found = make_snippet(text, [], "en", MARK, near(text, *words))
    assert marked(found) == ["babies", "mothers", "ferries", "lorries"]


TEXT = st.text(st.sampled_from("ab. <>&\"'\n!?é🚀ש"), max_size=900)


PLACES = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 9), st.booleans()), max_size=12)


@given(TEXT, PLACES)
def test_any_snippet_is_safe_and_bounded_with_correct_offsets(text, places):
    matches, near_words, end = [], [], 0
    for start, length, matched in sorted(places):
        if end <= start and text[start : start + length].isalnum():
            end = min(start + length, len(text))
            if matched:
                matches.append(Match(start, end, text[start:end]))
            else:
                near_words.append(NearWord(start, end, text[start:end], length / 10))
    found = make_snippet(text, matches, "en", MARK, near_words)
    bare = found.text.removeprefix(ELLIPSIS).removesuffix(ELLIPSIS)
    assert bare in text
    assert len(found.text) <= SNIPPET_WIDTH + 2
    for kind, those in (("keyword", matches), ("semantic", near_words)):
        # Touching words of one kind are one highlight.
        covered = {at for one in those for at in range(one.start, one.end)}
        shift = found.start - found.text.index(bare)
        for one in found.highlights:
            if one.kind == kind:
                assert set(range(one.start + shift, one.end + shift)) <= covered
    assert all(one.end <= two.start for one, two in pairwise(found.highlights))
    without_marks = re.sub(r'<mark( class="semantic")?>|</mark>', "", found.html)
    assert "<" not in without_marks
    assert html.unescape(without_marks) == found.text
    if matches and all(match.end - match.start < SNIPPET_WIDTH // 2 for match in matches):
        assert any(one.kind == "keyword" for one in found.highlights)
    if near_words and not matches:
        assert found.highlights


@given(TEXT)
def test_text_without_highlights_is_only_escaped(text):
    assert html.unescape(mark(text, (), MARK)) == text


def test_work_for_paragraph_full_of_matches_grows_with_its_length():
    for text in ("War. ", "war "):
        half, whole = (work_of(lambda: snippet(text * many, "war")) for many in (1_000, 2_000))  # noqa: B023
        assert whole < 2.5 * half


def test_pattern_with_stars_is_fast_on_long_word():
    # With backtracking over each star, this would take years.
    found = snippet("war " + "a" * 50_000 + " " + ("a" * 64 + " ") * 500, "war a*a*a*b")
    assert marked(found) == ["war"]


def test_title_is_escaped_and_its_matches_are_marked():
    title = "Ferries <stop> at the harbour & pier"
    matches = find_matches(title, parse_question("ferry harbour", READER), ANALYZER)
    assert mark_matches(title, matches, MARK) == (
        "<mark>Ferries</mark> &lt;stop&gt; at the <mark>harbour</mark> &amp; pier"
    )
    assert mark_matches(title, [], MARK) == html.escape(title)


@given(TEXT, PLACES)
def test_short_text_is_one_window_of_all_sentences(text, places):
    ends = [0, *(start + length for start, length, _ in sorted(places))]
    matches = [
        Match(start, start + length, str(length))
        for (start, length, _), end in zip(sorted(places), ends, strict=False)
        if end <= start and start + length <= len(text)
    ]
    spans = list(sentence_spans(text, "en")) or [(0, 0)]
    if spans[-1][1] - spans[0][0] <= SNIPPET_WIDTH:
        assert best_span(text, matches, "en") == (spans[0][0], spans[-1][1])


@given(st.text("ab &<>\"'é", max_size=30), st.lists(st.integers(0, 30), max_size=6))
def test_marked_parts_are_escaped(text, cuts):
    cuts = sorted(min(cut, len(text)) for cut in cuts)
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    found = mark(text, [Highlighted(*pair, "keyword") for pair in pairs], Highlight("[", "]"))
    parts = [text[start:end] for start, end in pairwise([0, *cuts[: 2 * len(pairs)], len(text)])]
    signs = ["[", "]"] * len(pairs)
    wanted = "".join(
        html.escape(part) + sign for part, sign in zip(parts, [*signs, ""], strict=True)
    )
    assert found == wanted
