"""The rules by which a typed question becomes a Question."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from whoosh import query as wq

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.query import builder as module
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.query.question import Question

ENGLISH = MultilingualAnalyzer([Analyzer("en")])
NOW = datetime(2024, 5, 15, 12, 30, tzinfo=UTC)  # a Wednesday
NO_WORD = "the question contains no searchable word"


def ask(question: str) -> Question:
    return parse_question(question, ENGLISH, now=NOW)


def shown(query: object) -> str:
    """Return a query tree in whoosh's notation: text:war, AND, OR, NOT."""
    return str(query)


def in_any_field(query: object) -> str:
    """Return a query tree; `any:war` is the word in any field of text."""
    term = r'(?:"[^"]*"|[^\s()"]+)'
    same = rf"text:({term}) OR title:\1 OR summary:\1(?=[)\s])"
    folded = re.sub(same, r"any:\1", shown(query))
    return re.sub(rf"\((any:{term})\)", r"\1", folded)


def scored(query: Question) -> set[str]:
    """Return the scored queries; the alternatives of a best field are separate."""
    parts = (
        each.subqueries if isinstance(each, wq.DisjunctionMax) else [each]
        for each in query.keywords.subqueries
    )
    return {shown(part) for some in parts for part in some}


PLAIN = {
    "anti-air missiles": ("anti", "air", "missil"),
    "in 2022-23": ("2022", "23"),
    "in 2022 -23": ("2022", "23"),
    "50+ dead": ("50", "dead"),
    "T-Mobile?": ("t", "mobil"),
    "to be or not to be": ("to", "be", "or", "not"),
    "C++": ("c++",),
    "3>2": ("3", "2"),
    "dead - dash": ("dead", "dash"),
    "--bakhmut": ("bakhmut",),
    "+50 dead": ("50", "dead"),
    "missiles -": ("missil",),
    "+ missiles": ("missil",),
    "~50 dead": ("50", "dead"),
    "what?!": ("what",),
    "3*4": ("3", "4"),
    'a 12" pipe and a 7" disc': ("12", "pipe", "7", "disc"),
    "NATO AND EU": ("nato", "eu"),  # all in capitals: a headline
    "Strike (Kyiv)": ("strike", "kyiv"),
    "foo:bar": ("foo", "bar"),
    "https://example.com/watch?v=abc": ("https", "exampl", "com", "watch", "v", "abc"),
    "missiles missile": ("missil",),
    "^boost": ("boost",),
    "war ANDNOT peace": ("war", "andnot", "peac"),
}


@pytest.mark.parametrize(("question", "terms"), PLAIN.items())
def test_plain_words_make_no_constraint(question: str, terms: tuple[str, ...]) -> None:
    query = ask(question)
    assert query.constraint is None
    assert query.terms == terms
    assert query.warnings == ()
    assert {f"text:{term}" for term in terms} <= scored(query)


def test_encoder_gets_words_as_written() -> None:
    assert ask("Who said  'no' (in 2022-23)?").text == "Who said 'no' in 2022-23 ?"
    assert ask('"anti-air missiles" -bakhmut Kyiv').text == "anti-air missiles Kyiv"
    assert ask("title:Putin +visit source:bbc AND war").text == "Putin visit war"
    assert ask("missil* bakmut~ wom?n").text == "missil bakmut"


def test_word_counts_once_in_its_best_field() -> None:
    fields = [wq.Term("text", "missil"), wq.Term("title", "missil", boost=1.4)]
    fields.append(wq.Term("summary", "missil"))
    assert ask("missiles").keywords == wq.Or([wq.DisjunctionMax(fields)])
    # In a named field, a word has no boost.
    assert ask("title:missiles").keywords == wq.Or([wq.Term("title", "missil")])


def test_word_of_several_terms_is_also_scored_as_phrase() -> None:
    query = ask("anti-air")
    assert {"text:anti", "text:air", 'text:"anti air"'} <= scored(query)
    assert query.phrases == (("anti", "air"),)
    assert query.constraint is None


def test_stop_words_are_dropped_unless_there_are_no_others() -> None:
    assert ask("who is the president").terms == ("presid",)
    assert scored(ask("how-to")) >= {"text:how", "text:to"}


def test_name_in_capitals_is_not_a_stop_word() -> None:
    assert ask("did the WHO say").terms == ("who", "say")


CONSTRAINTS = {
    # + and -
    "+missiles Kyiv": "any:missil",
    "-bakhmut": "NOT any:bakhmut",
    "war -bakhmut": "NOT any:bakhmut",
    "(-bakhmut war)": "NOT any:bakhmut",
    "-anti-air": 'NOT any:"anti air"',
    "+anti-air": 'any:"anti air"',
    '-"air raid" war': 'NOT any:"air raid"',
    "-(drones missiles)": "NOT (any:drone OR any:missil)",
    "-(drones -missiles)": "NOT (any:drone AND NOT any:missil)",
    "+(drones missiles)": "(any:drone OR any:missil)",
    "+the war": "any:the",
    "-ракета": "NOT any:ракета",
    # AND OR NOT
    "war AND peace": "(any:war AND any:peac)",
    "war OR peace in Kyiv": "(any:war OR any:peac)",
    "war NOT peace": "NOT any:peac",
    "(war)AND(peace)": "(any:war AND any:peac)",
    "war AND NOT peace": "(any:war AND NOT any:peac)",
    "(war OR peace) AND talks": "((any:war OR any:peac) AND any:talk)",
    "war AND peace OR talks": "((any:war AND any:peac) OR any:talk)",
    "(the war) AND talks": "(any:war AND any:talk)",
    "北京 AND 上海": "(any:北京 AND any:上海)",
    # phrases
    '"anti-air missiles" -bakhmut': '(any:"anti air missil" AND NOT any:bakhmut)',
    "“air raid”": 'any:"air raid"',
    '"missiles"': "any:missil",
    'text:"air raid"': 'text:"air raid"',
    # fields
    "title:missiles": "title:missil",
    "TITLE:missiles": "title:missil",
    'title:"air raid"': 'title:"air raid"',
    "title:(air raid)": "(title:air AND title:raid)",
    "-title:missiles war": "NOT title:missil",
    "text:missiles": "text:missil",
    "source:BBC": "source:bbc",
    "source:bbc, war": "source:bbc",
    'author:"John  Smith"': "author:john smith",
    "author:'José Smith' war": "author:jose smith",
    "article:bbc-2023-1": "article:bbc-2023-1",
    "-source:bbc": "NOT source:bbc",
    "-published:2023": "NOT published:[1672531200 TO 1704067199]",
    "source:bb*": "source:bb*",
    "source:b?c": "source:b?c",
    "source:bbc source:cnn": "(source:bbc OR source:cnn)",
    "source:(bbc cnn) language:en": "((source:bbc OR source:cnn) AND language:en)",
    # patterns
    "missiles*": "(text:missiles* OR text:missil OR title:missiles* OR title:missil OR "
    "summary:missiles* OR summary:missil)",
    "missil*": "any:missil*",
    # The stem is shorter.
    "radioactiv*": "(text:radioactiv* OR text:radioact OR title:radioactiv* OR title:radioact OR "
    "summary:radioactiv* OR summary:radioact)",
    "anti-air*": "((text:anti AND text:air*) OR (title:anti AND title:air*) OR "
    "(summary:anti AND summary:air*))",
    "wom?n": "any:wom?n",
    "col*r": "any:col*r",
    "miss?les": "(text:miss?les OR text:miss?l OR title:miss?les OR title:miss?l OR "
    "summary:miss?les OR summary:miss?l)",
    "title:missil*": "title:missil*",
    "bakmut~": "any:bakmut~",
    "bakmut~2,": "any:bakmut~2",
}


@pytest.mark.parametrize(("question", "constraint"), CONSTRAINTS.items())
def test_operators_make_constraints(question: str, constraint: str) -> None:
    query = ask(question)
    assert in_any_field(query.constraint) == constraint
    assert query.warnings == ()


def test_number_after_phrase_sets_its_slop() -> None:
    for written, slop in (('"air raid"', 1), ('"air raid"~3', 3), ('"air raid"~99999999', 50)):
        assert {each.slop for each in ask(written).constraint.subqueries} == {slop}


def test_fuzzy_word_may_have_another_first_letter() -> None:
    fuzzy, *_ = ask("zakhmut~2").constraint.subqueries
    assert (fuzzy.maxdist, fuzzy.prefixlength) == (2, 0)


def test_required_words_are_scored() -> None:
    query = ask('"air raid" +Kyiv missil* title:war -drones')
    assert {'text:"air raid"', "text:kyiv", "text:missil*"} <= scored(query)
    assert not any("drone" in each for each in scored(query))
    assert query.terms == ("air", "raid", "kyiv", "war")
    assert query.phrases == (("air", "raid"),)


@pytest.mark.parametrize("question", ["-bakhmut", "source:bbc", "published:2023", "-a -b"])
def test_conditions_without_words_match_all_rows_that_meet_them(question: str) -> None:
    query = ask(question)
    assert query.keywords == wq.Every()
    assert query.text == ""
    assert query.constraint is not None


def test_patterns_are_passed_to_highlighting() -> None:
    assert ask("missiles* wom?n bakmut~2").patterns == (
        Pattern("prefix", "missiles"),
        Pattern("wildcard", "wom?n"),
        Pattern("fuzzy", "bakmut", 2),
    )
    assert ask("missiles*").terms == ("missil",)


# Dates


def day(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def last(text: str) -> int:
    return day(f"{text}T23:59:59")


DATES = {
    "2023": (day("2023-01-01"), last("2023-12-31")),
    "2023-01": (day("2023-01-01"), last("2023-01-31")),
    "2024-02": (day("2024-02-01"), last("2024-02-29")),
    "2023-01-04": (day("2023-01-04"), last("2023-01-04")),
    "2023-12-31,": (day("2023-12-31"), last("2023-12-31")),
    "2023/1/4": (day("2023-01-04"), last("2023-01-04")),
    "1969": (day("1969-01-01"), last("1969-12-31")),
    "2023-01-04T09:30:00Z": (day("2023-01-04T09:30:00"), day("2023-01-04T09:30:00")),
    "[2022-01-01 TO 2023]": (day("2022-01-01"), last("2023-12-31")),
    "[2022 to 2023-06]": (day("2022-01-01"), last("2023-06-30")),
    "[2022 TO]": (day("2022-01-01"), None),
    "[TO 2022]": (None, last("2022-12-31")),
    "{2022-01-01 TO 2022-01-05}": (day("2022-01-02"), last("2022-01-04")),
    "{2021 TO 2022]": (day("2022-01-01"), last("2022-12-31")),
    "['5 may 2022' TO yesterday]": (day("2022-05-05"), last("2024-05-14")),
    "yesterday": (day("2024-05-14"), last("2024-05-14")),
    "'last month'": (day("2024-04-01"), last("2024-04-30")),
    '"last week"': (day("2024-05-06"), last("2024-05-12")),
    "'this week'": (day("2024-05-13"), last("2024-05-19")),
    "'Last Year'": (day("2023-01-01"), last("2023-12-31")),
    "'last friday'": (day("2024-05-10"), last("2024-05-10")),
    "'last Tuesday'": (day("2024-05-14"), last("2024-05-14")),
    "2023-01-04T09:30:00+01:00": (day("2023-01-04T08:30:00"), day("2023-01-04T08:30:00")),
    "'5 january 2023'": (day("2023-01-05"), last("2023-01-05")),
    "'-2 weeks'": (day("2024-05-01"), last("2024-05-01")),
}


@pytest.mark.parametrize(("written", "seconds"), DATES.items())
def test_dates_become_ranges_of_seconds(
    written: str, seconds: tuple[int | None, int | None]
) -> None:
    query = ask(f"published:{written} war")
    assert query.constraint == wq.NumericRange("published", *seconds)
    assert query.text == "war"
    assert query.warnings == ()


NOT_DATES = {
    "banana": "banana war",
    "2023-13": "2023-13 war",
    "2023-02-30": "2023-02-30 war",
    "0000": "0000 war",
    "[2023 TO 2022]": "2023 TO 2022 war",
    "{2022 TO 2022}": "2022 TO 2022 war",
    "[TO]": "TO war",
    "[a TO": "a TO war",
    "[banana TO 2022]": "banana TO 2022 war",
    "'-9999 years'": "9999 years war",
    "'+99999999999999999999 days'": "99999999999999999999 days war",
    "'10am to -9 years'": "10am to 9 years war",
    "٢٠٢٣": "٢٠٢٣ war",
}


@pytest.mark.parametrize(("written", "text"), NOT_DATES.items())
def test_invalid_date_is_searched_as_text(written: str, text: str) -> None:
    query = ask(f"published:{written} war")
    assert query.constraint is None
    assert query.text == text
    assert "is not a date" in query.warnings[0]


def test_years_side_by_side_are_alternatives() -> None:
    assert shown(ask("published:2021 published:2023").constraint).count(" OR ") == 1


def test_now_in_another_zone_is_converted_to_utc() -> None:
    before_midnight = datetime.fromisoformat("2024-05-15T23:30:00-05:00")
    query = parse_question("published:today", ENGLISH, now=before_midnight)
    assert query.constraint.start == day("2024-05-16")


# Malformed


WARNINGS = {
    "": NO_WORD,
    "   \n": NO_WORD,
    "\x00\x1b": NO_WORD,
    "\ud800": NO_WORD,
    "🚀": NO_WORD,
    "*": NO_WORD,
    "~": NO_WORD,
    "+": NO_WORD,
    "-": NO_WORD,
    "?!": NO_WORD,
    '""': NO_WORD,
    "((((": NO_WORD,
    "((((war": "a bracket is unmatched and is ignored",
    "war)": "a bracket is unmatched and is ignored",
    "-(war": "a bracket is unmatched and is ignored",
    "source:(war": "a bracket is unmatched and is ignored",
    "(" * 1000 + "war" + ")" * 1000: "brackets are nested more than 12 deep: the innermost are "
    "ignored",
    '"unclosed': 'a " is not closed: the words after it are searched as single words',
    '+"unclosed': 'a " is not closed: the words after it are searched as single words',
    "title:": "'title:' needs a value directly after the colon; it is searched as a word",
    "source: war": "'source:' needs a value directly after the colon; it is searched as a word",
    "source:, war": "'source:' needs a value directly after the colon; it is ignored",
    "title:[a TO b]": "'title:[a TO b]': only published: and declared numbers and dates "
    "accept a range; its words are searched",
    "war AND": "AND needs a word on both sides; it is searched as a word",
    "OR war": "OR needs a word on both sides; it is searched as a word",
    "NOT a drill": "NOT needs a word on both sides; it is searched as a word; "
    "to exclude a word, write -word",
    "a AND OR war": "AND needs a word on both sides; it is searched as a word",
    "a* war": "'a*' is searched as a plain word: * needs at least 2 letters before it (missile*), "
    "~ at least 3 (bakmut~)",
    "ab~ war": "'ab~' is searched as a plain word: * needs at least 2 letters before it "
    "(missile*), ~ at least 3 (bakmut~)",
    "war " * 300: "the question is too long: only its start is searched, at most 256 words",
    "北" * 300: "the question is too long: only its start is searched, at most 256 words",
}


@pytest.mark.parametrize(("question", "warning"), WARNINGS.items())
def test_malformed_question_is_searched_as_words_with_warning(question: str, warning: str) -> None:
    query = ask(question)
    assert warning in query.warnings
    if warning == NO_WORD:
        assert (query.keywords, query.text, query.constraint) == (wq.NullQuery, "", None)
    else:
        assert scored(query)
    if "AND OR" not in question:
        assert query.constraint is None


def test_a_fuzzy_distance_is_capped() -> None:
    query = ask("bakmut~5")
    assert {each.maxdist for each in query.constraint.subqueries} == {2}
    assert query.warnings == ("'bakmut~5': at most 2 letters may differ; ~2 is used",)


def test_number_of_patterns_is_limited() -> None:
    query = ask("".join(f"ab{letter}* " for letter in "abcdefghijklmnopqrstuvwxyz"))
    assert len(query.patterns) == 16
    assert "only 16 patterns are used" in query.warnings[0]


def test_each_warning_is_given_once() -> None:
    assert len(ask("((( war a* a*").warnings) == 2


def test_a_question_is_safe_to_parse_in_many_threads() -> None:
    questions = [*PLAIN, *CONSTRAINTS]
    alone = [ask(question) for question in questions]
    together: list[list[Question]] = []
    threads = [
        threading.Thread(target=lambda: together.append([ask(each) for each in questions]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 4


def test_dates_in_words_are_imported_when_needed() -> None:
    code = (
        "import sys; from nutgraf.search.query.builder import parse_question as p;"
        "from nutgraf.index.analysis.analyzer import Analyzer as A;"
        "from nutgraf.index.analysis.multilingual import MultilingualAnalyzer as P;"
        "p('war published:2023', P([A('en')]));"
        "assert 'whoosh.qparser.dateparse' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_exports_are_the_two_functions() -> None:
    assert set(module.__all__) == {"parse_question", "read_question"}


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("sorce:bbc flood", "source:bbc"),
        ("-Autor:smith flood", "author:smith"),
        ('(sectoin:"world news" flood)', 'section:"world news"'),
        ("titel:storm", "title:storm"),
    ],
)
def test_nearly_a_field_is_told(question: str, meant: str) -> None:
    said = ask(question).warnings
    assert any(f"is not a field; did you mean {meant}?" in one for one in said), said


@pytest.mark.parametrize(
    "question",
    ["http://title.org", "9:30", "note: this", "source:bbc", "Covid:19", '"titel:x" y', "titel: x",
     "std::move", "re:invent", "nation:wide"],
)  # fmt: skip
def test_other_colons_are_not_told(question: str) -> None:
    assert ask(question).warnings == ()
