"""Splitting and joining keep all text, and join headings with their paragraphs."""

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.sources.fields.paragraphs import (
    MAX_GATHERED,
    MAX_HEADING,
    Block,
    paragraphs_of,
    split_paragraphs,
    split_title,
)

TEXT = st.text(st.sampled_from("ab \t\n\r é\u2028\u00a0"), max_size=60)
PROSE = "The ferry was late again on Monday, and those who had waited since six went home by bus."
PARTS = st.sampled_from(
    [
        "Late again",
        "Who pays?",
        "late again",
        "14 boats",
        PROSE,
        f"Over it\n{PROSE}",
        "“Late”",
        "港",
    ]
)
BLOCKS = st.lists(
    st.builds(
        Block,
        st.sampled_from(["text", "heading", "item", "row"]),
        st.text(st.sampled_from("ab: \t\n\r é\u2028\u00a0"), max_size=12),
    ),
    max_size=12,
)


def bare(texts):
    """Return the text without white space, bullets of items and separators of cells."""
    return "".join("".join(text.split()) for text in texts).replace("-", "").replace("|", "")


def test_blank_lines_separate_paragraphs():
    text = "First line\nstill first.\r\n\r\n  Second. \n \t \n\nThird.\n"
    assert split_paragraphs(text) == ("First line\nstill first.", "Second.", "Third.")


def test_first_line_that_is_not_blank_is_the_title():
    assert split_title("\n\n  A title \nText.\n\nMore.") == ("A title", "Text.\n\nMore.")
    assert split_title("Only a title") == ("Only a title", "")
    assert split_title(" \n ") == ("", "")


@pytest.mark.parametrize(
    "crosshead", ["Late again", "14 boats", "‘Nobody told us’", "Élan", "港口", "الميناء", "(Late)"]
)
def test_crosshead_of_plain_text_is_joined_with_the_paragraph_below(crosshead):
    assert split_paragraphs(f"One.\n\n{crosshead}\n\n{PROSE}\n\nTwo.") == (
        "One.",
        f"{crosshead}\n{PROSE}",
        "Two.",
    )


@pytest.mark.parametrize(
    "line",
    [
        "It was late.",
        "Was it late?",
        "“It was late.”",
        "As the winter came,",
        "on the same day",
        "They said:",
        "...",
        "Nobody had told the passengers on the quay anything about it so far",
        "Two lines\nof verse",
    ],
)
def test_possible_sentence_is_not_a_crosshead(line):
    assert split_paragraphs(f"{line}\n\n{PROSE}") == (line, PROSE)


@pytest.mark.parametrize("following", ["Short.", "Long Names of Many Ships " * 6, "Ferry\nLate"])
def test_crosshead_is_joined_with_prose_only(following):
    assert split_paragraphs(f"Late again\n\n{following}") == ("Late again", following.strip())


def test_last_of_several_short_lines_is_the_crosshead():
    assert split_paragraphs(f"By Ann Reed\n\nLate again\n\n{PROSE}\n\nThe end") == (
        "By Ann Reed",
        f"Late again\n{PROSE}",
        "The end",
    )


@given(TEXT)
def test_every_character_that_is_not_white_space_is_kept_in_order(text):
    kept = "".join("".join(part.split()) for part in split_paragraphs(text))
    assert kept == "".join(text.split())


@given(TEXT)
def test_paragraphs_are_trimmed_and_never_empty(text):
    for part in split_paragraphs(text):
        assert part
        assert part == part.strip()
        assert "\n\n" not in part


@given(TEXT | st.lists(PARTS, max_size=8).map("\n\n".join))
def test_splitting_again_changes_nothing(text):
    once = split_paragraphs(text)
    assert split_paragraphs("\n\n".join(once)) == once


def test_headings_items_and_rows_make_readable_paragraphs():
    blocks = [
        Block("text", "  Lead   of\u00a0the story.\n\n By the\tsea. "),
        Block("heading", "What was\n found"),
        Block("text", "Divers brought up:"),
        Block("item", "a bell"),
        Block("item", "• two  anchors"),
        Block("text", "No gold."),
        Block("item", "A list of its own"),
        Block("heading", "Tides"),
        Block("row", "Port\tHigh"),
        Block("row", "Ansty\t 4.1 m "),
        Block("row", " \t\t"),
        Block("row", "Garrow\t\tunknown"),
        Block("heading", "See also"),
    ]
    assert paragraphs_of(blocks) == (
        "Lead of the story.\nBy the sea.",
        "What was found\nDivers brought up:\n- a bell\n• two anchors",
        "No gold.",
        "- A list of its own",
        "Tides\nPort | High\nAnsty | 4.1 m\nGarrow | | unknown",
        "See also",
    )


def test_paragraph_has_at_most_two_headings():
    blocks = [*(Block("heading", name) for name in ("Home", "News", "Ferries")), Block("text", "A")]
    assert paragraphs_of(blocks) == ("Home", "News\nFerries\nA")


def test_long_heading_is_a_paragraph():
    long = "Long " * 60
    assert paragraphs_of([Block("heading", long), Block("text", "A")]) == (long.strip(), "A")


def test_long_list_is_split_into_several_paragraphs():
    made = paragraphs_of(Block("item", f"Name {number:04}") for number in range(1_000))
    assert len(made) > 5
    assert max(map(len, made)) < 1.1 * MAX_GATHERED + MAX_HEADING
    assert sum(text.count("- Name") for text in made) == 1_000


@given(BLOCKS)
def test_joining_blocks_keeps_every_character_in_order(blocks):
    assert bare(paragraphs_of(blocks)) == bare(block.text for block in blocks)


@given(BLOCKS)
def test_joining_paragraphs_again_changes_nothing(blocks):
    once = paragraphs_of(blocks)
    assert all(text and text == text.strip() for text in once)
    assert paragraphs_of(Block("text", text) for text in once) == once
