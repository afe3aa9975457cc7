"""Splitting loses nothing and invents nothing."""

from hypothesis import given
from hypothesis import strategies as st

from nutgraf.index.paragraphs import split_paragraphs, split_title

TEXT = st.text(st.sampled_from("ab \t\n\r é\u2028\u00a0"), max_size=60)


def test_blank_lines_stand_between_paragraphs():
    text = "First line\nstill first.\r\n\r\n  Second. \n \t \n\nThird.\n"
    assert split_paragraphs(text) == ("First line\nstill first.", "Second.", "Third.")


def test_the_first_line_that_is_not_blank_is_the_title():
    assert split_title("\n\n  A title \nText.\n\nMore.") == ("A title", "Text.\n\nMore.")
    assert split_title("Only a title") == ("Only a title", "")
    assert split_title(" \n ") == ("", "")


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


@given(TEXT)
def test_splitting_again_changes_nothing(text):
    once = split_paragraphs(text)
    assert split_paragraphs("\n\n".join(once)) == once
