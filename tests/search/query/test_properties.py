"""Properties of all questions, and the rows that query trees find."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from whoosh import fields, query as wq
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.filedb.filestore import RamStorage

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.query.builder import parse_question
from tests.work import work_of

ENGLISH = Analyzer("en")
READER = MultilingualAnalyzer([ENGLISH])
MOST_LINES = 2_000_000
"""Maximum number of executed lines of Python for a question.

Lines are counted, as times vary. The questions here need at most 844,294.
"""

# Plain words of any script, with the usual signs in and after them.

_letters = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)
_digits = st.text("0123456789", min_size=1, max_size=4)
_common = st.sampled_from(["the", "who", "is", "Kyiv", "NATO", "C++", "2022"])
_simple = st.one_of(_letters, _digits, _common)
_inner = st.sampled_from(["-", "'", "’", ".", ",", "&", "/"])
_joined = st.builds(lambda a, sign, b: a + sign + b, _simple, _inner, _simple)
_quantity = _digits.map(lambda digits: digits + "+")
_word = st.builds(
    lambda word, end: word + end,
    st.one_of(_simple, _joined, _quantity),
    st.sampled_from(["", "", "", ",", ".", "..."]),
).filter(lambda word: word.strip(",.") not in ("AND", "OR", "NOT"))
plain = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(_word, min_size=1, max_size=12),
    st.sampled_from(["", "?", "!", "?!"]),
)

_signs = [
    *"\"+-:*?~[]{}()' .,",
    " AND ",
    " OR ",
    " NOT ",
    " TO ",
    "title:",
    "source:",
    "published:",
]
_odd = ["war", "[2022 TO 2023]", "'last week'", "~2", "x*", "🚀", "北京", "שלום", "\u200f", "\x00"]
_pieces = st.sampled_from([*_signs, *_odd])
anything = st.one_of(st.text(max_size=60), st.lists(_pieces, max_size=30).map("".join))


def leaves(query: Any) -> list[Any]:
    return [query] if query.is_leaf() else [x for each in query.children() for x in leaves(each)]


@given(plain)
@settings(max_examples=500, deadline=None)
def test_plain_words_exclude_and_require_nothing(question: str) -> None:
    query = parse_question(question, READER)
    assert query.constraint is None
    assert query.text == question or not ENGLISH.terms(question)
    if ENGLISH.terms(question):
        assert query.warnings == ()
        assert isinstance(query.keywords, wq.Or)
        assert query.keywords.subqueries


@given(plain)
@settings(max_examples=500, deadline=None)
def test_every_plain_word_is_scored_or_is_a_stop_word(question: str) -> None:
    query = parse_question(question, READER)
    ranked = {leaf.text for leaf in leaves(query.keywords) if isinstance(leaf, wq.Term)}
    for token in ENGLISH.tokens(question):
        word = question[token.start : token.end]
        # An operator as a part of a word is not an operator, but not a name either.
        plain_word = word.lower() if word in ("AND", "OR", "NOT") else word
        assert token.term in ranked or ENGLISH.is_stop(plain_word)


@given(anything)
@settings(max_examples=1_000, deadline=None)
def test_any_question_is_parsed_with_bounded_work(question: str) -> None:
    assert work_of(lambda: parse_question(question, READER)) < MOST_LINES
    query = parse_question(question, READER)
    assert query.keywords == wq.NullQuery or query.constraint is not None or query.terms
    query.text.encode()
    if re.search(r"[A-Za-z0-9]", question):
        assert query.keywords != wq.NullQuery
    for leaf in [*leaves(query.keywords), *leaves(query.constraint or wq.NullQuery)]:
        assert isinstance(
            leaf,
            wq.Term | wq.Phrase | wq.Prefix | wq.Wildcard | wq.FuzzyTerm | wq.NumericRange
            | wq.Every | type(wq.NullQuery),
        )  # fmt: skip


HOSTILE = {
    "nested": "(" * 1000 + "a" + ")" * 1000,
    "nested exclusions": "-(" * 1000 + "a" + ")" * 1000,
    "fields and brackets": "title:(" * 1000,
    "pairs": "()" * 5000,
    "prefixes": "a* " * 10_000,
    "longer prefixes": "ab* " * 10_000,
    "quotes": '"' * 10_000,
    "spaced quotes": '" ' * 10_000,
    "one word": "a" * 1_000_000,
    "hyphens": "a-" * 10_000,
    "stars": "a*" * 10_000,
    "question marks": "a?" * 10_000 + "a",
    "ranges": "published:[2022 to " * 1000,
    "operators": "a AND b OR " * 1000 + "NOT " * 1000,
    "Han": "北京" * 10_000,
    "emoji": "🚀" * 10_000,
    "marks": "a" + "\u0301" * 10_000,
    "lines": "\n" * 1_000_000,
}


@pytest.mark.parametrize("question", HOSTILE.values(), ids=HOSTILE)
def test_hostile_questions_are_parsed_with_bounded_work(question: str) -> None:
    assert work_of(lambda: parse_question(question, READER)) < MOST_LINES
    query = parse_question(question, READER)
    assert len(query.terms) <= 256
    assert len(query.patterns) <= 16 * 4


# The rows that whoosh finds by the trees.

PARAGRAPHS = [
    "Anti-air missiles reached Kyiv",
    "The missiles were late, the air was cold",
    "Organisations of women asked for peace in Bakhmut",
    "Radioactive dust and peace talks",
]


@pytest.fixture(scope="module")
def index() -> Any:
    words = fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=True)
    schema = fields.Schema(row=fields.STORED, text=words, title=words, summary=words)
    index = RamStorage().create_index(schema)
    writer = index.writer()
    for row, paragraph in enumerate(PARAGRAPHS):
        writer.add_document(
            row=row, text=" ".join(ENGLISH.terms(paragraph)), title="report" if row else "news"
        )
    writer.commit()
    return index


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("anti-air", {0, 1}),
        ('"anti-air"', {0}),
        ("missiles -anti-air", {1}),
        ("missiles -kyiv -bakhmut", {1}),
        ("peace NOT talks", {2}),
        ("peace AND NOT (women OR kyiv)", {3}),
        ("missiles OR talks", {0, 1, 3}),
        ('"missiles late"', set()),
        ('"missiles late"~2', {1}),
        ("organi?ation", {2}),
        ("wom?n", {2}),
        ("radioactiv*", {3}),
        ("missile*", {0, 1}),
        ("bakmut~", {2}),
        ("title:news kyiv", {0}),
        ("-missiles", {2, 3}),
        ("zebra", set()),
    ],
)
def test_query_trees_find_expected_rows(index: Any, question: str, rows: set[int]) -> None:
    query = parse_question(question, READER)
    with index.searcher() as searcher:
        hits = searcher.search(query.keywords, filter=query.constraint, limit=None)
        assert {hit["row"] for hit in hits} == rows
