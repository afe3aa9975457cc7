"""Declared fields, at creation and later: in questions and in columns."""

from __future__ import annotations

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.analysis.declared_terms import term_of
from nutgraf.index.analysis.value_terms import exact_term
from nutgraf.index.errors import InputError, NotAnIndexError, UserError
from nutgraf.index.maintenance.backup import back_up_index
from nutgraf.index.maintenance.declare import count_fields, declare_fields
from nutgraf.index.maintenance.rebuild import compact_index, repair_index
from nutgraf.index.manifest import Manifest
from nutgraf.index.query import query
from nutgraf.index.ranking import NO_DATE
from nutgraf.search import Searcher

FIELDS = {"topic": "keyword", "place": "keyword[]", "words": "number", "embargo": "date"}


def article(name, *paragraphs, **extra):
    return Article(name, f"On {name}", paragraphs or ("Text.",), extra=extra)


ARTICLES = [
    article("a", "One.", "Two.", topic="Big Economy", words=300, place=["Rome", "Oslo"]),
    article("b", topic="economy", words=-2.5, embargo="2023-01-04"),
    article("c", topic="Sea", words="1e3", place="Rome", embargo="2024-06-30T12:00:00+02:00"),
    article("d", words=0, place=[], topic=" "),
    article("e", other={"topic": "Sea"}),
]
MISFIT = article("old", topic=["Sea"], words=True, place=[1], embargo="soon")


def write(index, *articles, delete=()):
    with IndexWriter(index, trust=True) as writer:
        for one in articles:
            writer.put(one)
        for name in delete:
            writer.delete(name)


@pytest.fixture(scope="module", params=["at creation", "later"])
def made(request, engine, tmp_path_factory, tiny_encoder):
    """An index with declared fields; with `later`, one value of each kind is wrong."""
    index = tmp_path_factory.mktemp("declared") / "news.index"
    early = FIELDS if request.param == "at creation" else {}
    create_index(index, model=str(tiny_encoder), keyword_engine=engine, fields=early)
    write(index, article("gone", topic="Gone", words=300), ARTICLES[0])
    if not early:
        write(index, MISFIT)
        done = declare_fields(index, FIELDS)
        assert done is not None
        assert done.encoded == 0
    write(index, *ARTICLES, delete=["gone"])
    return index


@pytest.fixture
def ids(made):
    with Searcher(made, trust=True) as searcher:

        def found(question):
            hits = searcher.search(question, mode="keyword", limit=50, group="article")
            return {hit.article.id for hit in hits} - {"old"}

        yield found


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("topic:economy", "ab"),
        ('topic:"big economy"', "a"),
        ("topic:econ*", "ab"),
        ("topic:ecomony~2", "ab"),
        ("topic:sea OR topic:big", "ac"),
        ("place:rome", "ac"),
        ("+place:rome +place:oslo", "a"),
        ("topic:* -place:*", "b"),
        ("words:*", "abcd"),
        ("words:300", "a"),
        ("words:[300 TO 500]", "a"),
        ("words:{300 TO 1000}", ""),
        ("words:[300 TO 1000]", "ac"),
        ("words:>300", "c"),
        ("words:>=300", "ac"),
        ("words:<0", "b"),
        ("words:[TO 0]", "bd"),
        ("words:[-3 TO *]", "abcd"),
        ("words:[500 TO 300]", ""),
        ("embargo:2023", "b"),
        ("embargo:[2023 TO 2024]", "bc"),
        ("embargo:>2023-01-04", "c"),
        ("embargo:<=2023", "b"),
        ("embargo:2024-06-30", "c"),
        ("TOPIC:sea", "c"),
        ("on -words:*", "e"),
    ],
)
def test_questions_name_declared_fields(ids, question, expected):
    assert ids(question) == set(expected)


@pytest.mark.both_engines
def test_index_with_declared_fields_is_sound(made):
    found = verify_index(made, trust=True)
    assert found.clean, found.findings


def test_columns_have_declared_values(made):
    with IndexSnapshot.open(made, trust=True) as snapshot:
        assert snapshot.declared == FIELDS
        rows = {one.id: snapshot.article(one.id).rows for one in ARTICLES}
        columns, catalog = snapshot.columns, snapshot.catalog
        first = np.array([rows[name].start for name in "abcde"])
        words = columns.numbers["words"]
        np.testing.assert_array_equal(words[first], [300, -2.5, 1000, 0, np.nan])
        assert words[list(rows["a"])].tolist() == [300, 300]
        embargo = columns.numbers["embargo"][first]
        assert embargo.tolist() == [NO_DATE, 1672790400, 1719741600, NO_DATE, NO_DATE]
        codes = catalog.codes("place", ["Rome", "Oslo"])
        at, found = columns.codes("place").pairs(first)
        assert at.tolist() == [0, 0, 2]
        assert found.tolist() == [codes["Rome"], codes["Oslo"], codes["Rome"]]
        topics = catalog.codes("topic", ["economy"])
        assert columns.codes("topic").mask(topics.values())[first].tolist() == [
            False, True, False, False, False,
        ]  # fmt: skip
        exact = query.Term("declared", term_of("topic", exact_term("economy")))
        assert snapshot.keywords.rows(exact).tolist() == list(rows["b"])


def test_fields_survive_compaction_repair_and_backup(made, tmp_path):
    copy = tmp_path / "copy.index"
    back_up_index(made, copy)
    compact_index(copy)
    repair_index(copy)
    assert Manifest.read(copy).declared == FIELDS
    assert verify_index(copy, trust=True).clean
    with Searcher(copy, trust=True) as searcher:
        assert len(searcher.search("topic:economy", mode="keyword", group="article")) == 2


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            {"topic": 3},
            "'topic' is 3; the index declares it as keyword: give a text of at most 512",
        ),
        ({"topic": ["a"]}, "'topic' is .*; the index declares it as keyword"),
        ({"topic": "x" * 513}, "'topic' is"),
        ({"place": [3]}, "as keyword.*: give a list of at most 100 texts"),
        ({"words": True}, "'words' is True; the index declares it as number: give a finite number"),
        ({"words": "many"}, "'words' is 'many'"),
        ({"words": 10**400}, "'words' is 1000"),
        ({"embargo": "soon"}, "'embargo' is 'soon'; .* give a date such as 2023-01-04"),
        ({"embargo": 2023}, "'embargo' is 2023"),
    ],
)
def test_value_of_another_kind_is_refused(made, extra, message):
    with IndexWriter(made, trust=True) as writer:
        with pytest.raises(InputError, match=message):
            writer.put(article("x", **extra))
        assert not writer.delete("x")


def test_fields_are_counted(made):
    counts = {one.name: one for one in count_fields(made) if one.declared}
    articles = {name: one.articles for name, one in counts.items()}
    assert articles == {"topic": 3, "place": 2, "words": 4, "embargo": 2}
    with IndexSnapshot.open(made, trust=True) as snapshot:
        wrong = int(snapshot.article("old") is not None)
    assert counts["words"].misfits == wrong


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Topic": "keyword"}, "'Topic' needs another name: a small letter"),
        ({"a" * 33: "keyword"}, "needs another name: a small letter"),
        ({"tags": "keyword"}, "Nutgraf has a field 'tags'"),
        ({"text": "keyword"}, "Nutgraf has a field 'text'"),
        ({"topic": "words"}, r"has the kind 'words'; choose one of keyword, keyword\[\], number"),
        ({"topic": "number"}, "'topic' is declared as keyword, not number"),
        ({f"f{at}": "number" for at in range(33)}, "at most 32 declared fields"),
    ],
)
def test_invalid_declarations_are_refused(made, tmp_path, fields, message):
    before = Manifest.read(made)
    with pytest.raises(UserError, match=message):
        declare_fields(made, fields)
    assert Manifest.read(made) == before
    assert declare_fields(made, {"topic": "keyword"}) is None
    with pytest.raises(NotAnIndexError):
        declare_fields(tmp_path / "none", {"topic": "keyword"})


def test_undeclared_name_is_text(tmp_path, tiny_encoder):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    write(index, article("a", "The topic is economy.", topic="sea"))
    with Searcher(index) as searcher:
        assert len(searcher.search("topic:economy", mode="keyword")) == 1
        assert len(searcher.search("topic:sea economy", mode="keyword")) == 1
