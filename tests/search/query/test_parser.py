"""The parser: questions without operators need no grouping."""

from hypothesis import example, given, settings, strategies as st

from nutgraf.search.query.syntax.nodes import Group, Leaf
from nutgraf.search.query.syntax.parser import parse, parse_operators

PIECES = st.sampled_from(
    [*"\"+-:*?~[]{}()' .,“”", " AND ", " OR ", "NOT ", " TO ", "source:", "war", "x*", "b?d", "~2"]
)
QUESTIONS = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=12).map("".join),
    st.lists(PIECES, max_size=12).map(" ".join),
)


@given(QUESTIONS)
@settings(max_examples=500)
@example("")
@example("war")
@example("Who won?")
@example("AND")
@example("anti-air missile* [2022")
def test_question_without_operators_is_read_as_with_them(question: str) -> None:
    said: list[str] = []
    grouped: list[str] = []
    tree = parse(question, said.append)
    text = " ".join(question.translate({ord("“"): '"', ord("”"): '"', ord("„"): '"'}).split())
    if text.isprintable():
        assert parse_operators(text, grouped.append) == tree
        assert said == grouped


def test_plain_words_are_leaves_of_one_group() -> None:
    assert parse("the war", print) == Group("plain", (Leaf("word", "the"), Leaf("word", "war")))
    joined = Group("and", (Leaf("word", "NATO"), Leaf("prefix", "missil")))
    assert parse("NATO AND missil*", print) == Group("plain", (joined,))
