"""Properties of a question that the ranking depends on."""

import pytest

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question

ENGLISH = MultilingualAnalyzer([Analyzers("en").of("en")])


def ask(question: str) -> Question:
    return parse_question(question, ENGLISH)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("who owned it from 1811 to 1827?", True),
        ("elections of 2019", True),
        ("the strike (1998)", True),
        ("859 counts", False),
        ("2198 votes", False),
        ("number 12345", False),
        ("model a1998b", False),
        ("otters", False),
    ],
)
def test_years_in_a_question(question: str, *, named: bool) -> None:
    assert ask(question).names_year is named


@pytest.mark.parametrize(
    ("question", "count"),
    [("otters", 1), ("who saw the otters", 2), ('"cooling towers"', 2), ("", 1), ("the", 1)],
)
def test_number_of_words(question: str, count: int) -> None:
    assert ask(question).word_count == count
