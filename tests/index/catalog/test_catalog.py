"""The catalog and the columns: versions, reads as of a commit, values by row."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.article import Article, timestamp
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import article_of, fields_checksum, row_checksum
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.columns import Columns, ColumnWriter
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.ranking import NO_DATE
from tests.codes import codes_by_row


def article(name, *paragraphs, **fields):
    """Return an article with a row per paragraph; a bar splits a paragraph into parts."""
    rows = []
    texts = [text.split("|") for text in paragraphs or ("p",)]
    for position, parts in enumerate(texts):
        for at, part in enumerate(parts, 1):
            start = sum(map(len, parts[: at - 1]))
            rows.append(Row(position, at if len(parts) > 1 else 0, start, part))
    made = Article(id=name, title=name.upper(), paragraphs=tuple(map("".join, texts)), **fields)
    contexts = tuple(f"{made.title}: {row.text}".encode() for row in rows)
    return ArticleRows(made, tuple(rows), contexts, made.digest())


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "catalog.sqlite"
    Catalog.create(path)
    opened = CatalogWriter.open(path, writing=True)
    yield opened
    opened.close()


def test_commit_counts_living_articles_and_paragraphs(catalog):
    assert catalog.last_commit().sequence == 0
    first = catalog.write([article("a", "1", "2"), article("b")], [], 0, 0)
    assert (first.sequence, first.rows, first.articles, first.paragraphs) == (1, 3, 2, 3)
    second = catalog.write([article("a", "1", "2", "3")], ["b"], 3, 0)
    assert (second.sequence, second.rows, second.articles, second.paragraphs) == (2, 6, 1, 3)
    assert catalog.last_commit() == second
    assert catalog.commit_of(1) == first


def test_old_commits_stay_readable(catalog):
    catalog.write([article("a", "old", source="X")], [], 0, 0)
    catalog.write([article("a", "new", "more")], [], 1, 0)
    catalog.write([], ["a"], 3, 0)
    assert catalog.find("a", 0) is None
    assert catalog.find("a", 1).source == "X"
    assert catalog.find("a", 2).rows == range(1, 3)
    assert catalog.find("a", 3) is None
    assert catalog.removed_rows(1) == []
    assert catalog.removed_rows(2) == [range(1)]
    assert catalog.removed_rows(3, after=2) == [range(1, 3)]
    assert catalog.texts([0, 2]) == {0: "old", 2: "more"}


def test_rows_just_written_are_returned_without_reading(catalog):
    catalog.write([article("a", "1", "2")], [], 0, 0)
    written = {2: Row(0, 0, 0, "3"), 3: Row(1, 0, 0, "4")}  # Not in the catalog yet.
    assert catalog.rows([3, 2], written) == written
    catalog.write([article("b", "3", "4")], [], 2, 0)
    assert catalog.rows([0, 3], written) == catalog.rows([0, 3])


@given(st.tuples(*[st.integers(0, 2**40)] * 4, st.binary(), st.binary()))
def test_row_checksum_equals_fields_checksum(fields):
    assert row_checksum(*fields) == fields_checksum(fields)


def test_rows_map_to_their_records(catalog):
    catalog.write([article("a", "1", "2"), article("b", "3")], [], 0, 0)
    found = catalog.records_of([2, 0, 1])
    assert {row: record.id for row, record in found.items()} == {0: "a", 1: "a", 2: "b"}
    with pytest.raises(BrokenIndexError, match="row 3"):
        catalog.records_of([3])
    with pytest.raises(BrokenIndexError, match="row 7"):
        catalog.texts([1, 7])


def test_rows_of_known_contexts_are_found(catalog):
    catalog.write([article("a", "same", "other")], [], 0, 0)
    assert catalog.rows_of_contexts([b"A: same", b"unknown"]) == {b"A: same": 0}


def test_article_is_restored_from_its_parts(catalog, tmp_path):
    put = article("a", "whole", "one, |two, |three", "last")
    commit = catalog.write([put, article("b")], [], 0, 0)
    assert (commit.rows, commit.living, commit.paragraphs) == (6, 6, 4)
    record = catalog.find("a", 1)
    rows = catalog.rows(record.rows)
    assert rows[3] == Row(1, 3, 10, "three")
    assert article_of(record, rows) == put.article
    assert list(catalog.rows_at(record, 1)) == [1, 2, 3]
    assert catalog.positions([5, 4, 2]) == {5: 0, 4: 2, 2: 1}
    ColumnWriter(tmp_path / "columns").catch_up(catalog, 6)
    columns = Columns.open(tmp_path / "columns", 6)
    assert columns.part.tolist() == [0, 1, 2, 3, 0, 0]
    assert columns.paragraphs(np.arange(6)).tolist() == [0, 1, 1, 1, 4, 5]
    second = catalog.write([article("b", "b|b")], ["a"], 6, 0)
    assert (second.rows, second.living, second.articles, second.paragraphs) == (8, 2, 1, 1)
    assert catalog.removed_rows(2) == [range(5), range(5, 6)]


def test_row_with_changed_position_is_reported(catalog, tmp_path):
    catalog.write([article("a", "one|two", "three")], [], 0, 0)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as other:
        other.execute("UPDATE paragraphs SET position = 1 WHERE row = 1")
        other.commit()
    for attempt in (lambda: catalog.rows([1]), lambda: catalog.positions([1])):
        with pytest.raises(BrokenIndexError, match="row 1 is damaged"):
            attempt()


def test_failed_write_changes_nothing(catalog):
    catalog.write([article("a")], [], 0, 0)
    with pytest.raises(BrokenIndexError):
        catalog.write([article("b")], [], 0, 0)  # Row 0 already exists.
    assert catalog.last_commit().sequence == 1
    assert catalog.find("b", 9) is None


def test_missing_and_invalid_files_are_reported(tmp_path):
    with pytest.raises(BrokenIndexError, match=r"catalog\.sqlite is missing"):
        Catalog.open(tmp_path / "catalog.sqlite")
    (tmp_path / "catalog.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(BrokenIndexError, match="not a database"):
        Catalog.open(tmp_path / "catalog.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").close()
    with pytest.raises(BrokenIndexError, match="no such table"):
        Catalog.open(tmp_path / "other.sqlite")


def test_readers_cannot_write(tmp_path):
    Catalog.create(tmp_path / "catalog.sqlite")
    reader = CatalogWriter.open(tmp_path / "catalog.sqlite")
    with pytest.raises(BrokenIndexError, match="readonly"):
        reader.write([article("a")], [], 0, 0)
    reader.close()


def test_columns_have_one_value_per_row(catalog, tmp_path):
    dated = article("a", "1", "2", source="X", section="world", published="2023-01-04")
    catalog.write([dated, article("b", source="Y", language="de")], [], 0, 0)
    ColumnWriter(tmp_path / "columns").catch_up(catalog, 3)
    columns = Columns.open(tmp_path / "columns", 3)
    assert columns.article.tolist() == [1, 1, 2]
    assert columns.published.tolist() == [timestamp("2023-01-04")] * 2 + [NO_DATE]
    x, y = catalog.codes("source", ["X", "Y"]).values()
    assert codes_by_row(columns, "source") == [[x], [x], [y]]
    world = catalog.codes("section", ["world"])["world"]
    assert codes_by_row(columns, "section") == [[world], [world], []]
    assert codes_by_row(columns, "author") == [[], [], []]
    assert catalog.codes("source", ["nowhere"]) == {}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), max_size=5), st.data())
def test_columns_catch_up_after_any_truncation(tmp_path_factory, commits, data):
    folder = tmp_path_factory.mktemp("columns")
    Catalog.create(folder / "c.sqlite")
    with closing(CatalogWriter.open(folder / "c.sqlite", writing=True)) as catalog:
        row = 0
        for number, sizes in enumerate(commits):
            articles = [
                article(f"{number}-{at}", *(str(n) for n in range(size)), source=f"s{size}")
                for at, size in enumerate(sizes)
            ]
            row = catalog.write(articles, [], row, 0).rows
            if data.draw(st.booleans()):
                ColumnWriter(folder / "columns").catch_up(catalog, row)
        for path in sorted((folder / "columns").glob("*")):
            if data.draw(st.booleans()):
                size = path.stat().st_size
                with path.open("r+b") as file:
                    file.truncate(data.draw(st.integers(0, size + 30)))
        ColumnWriter(folder / "columns").catch_up(catalog, row)
        columns = Columns.open(folder / "columns", row)
        records = catalog.records_of(range(row))
        assert columns.article.tolist() == [records[at].number for at in range(row)]
        sources = [records[at].source for at in range(row)]
        codes = catalog.codes("source", sources)
        assert codes_by_row(columns, "source") == [[codes[source]] for source in sources]


@pytest.mark.parametrize("name", ["article", "published", "source", "checks.json"])
def test_short_or_damaged_column_is_reported_and_rebuilt(catalog, tmp_path, name):
    folder = tmp_path / "columns"
    catalog.write([article("a", "1", "2", source="X"), article("b", "3")], [], 0, 0)
    ColumnWriter(folder).catch_up(catalog, 3)
    expected = codes_by_row(Columns.open(folder, 3), "source")
    path = folder / name
    whole = path.read_bytes()
    flipped = bytes([*whole[:9], whole[9] ^ 4, *whole[10:]])
    for content in (flipped, whole[:-1], b""):
        path.write_bytes(content)
        with pytest.raises(BrokenIndexError, match="missing, short or damaged"):
            Columns.open(folder, 3).check()
        ColumnWriter(folder).catch_up(catalog, 3)
        assert path.read_bytes() == whole
    path.unlink()
    with pytest.raises(BrokenIndexError, match="missing, short or damaged"):
        Columns.open(folder, 3).check()
    ColumnWriter(folder).catch_up(catalog, 3)
    assert codes_by_row(Columns.open(folder, 3), "source") == expected


@pytest.mark.parametrize("many", [2, 3, 5, 40])
def test_paragraph_is_read_around_any_of_its_parts(catalog, many):
    long = "|".join(f"part {number} " for number in range(many))
    articles = [article("a", "first", long, "a|b", "last"), article("b", long), article("c", "d|e")]
    commit = catalog.write(articles, [], 0, 0)
    records = catalog.records_of(range(commit.rows))
    rows = catalog.rows(range(commit.rows))
    parts = {number: (records[number], row) for number, row in rows.items() if row.part}
    plain = {
        number: "".join(each.text for each in catalog.rows_at(record, row.position).values())
        for number, (record, row) in parts.items()
    }
    assert len(plain) == 2 * many + 4
    assert catalog.whole_texts(parts) == plain
    for number, pair in parts.items():
        assert catalog.whole_texts({number: pair}) == {number: plain[number]}


def test_statements_for_a_page_do_not_grow_with_it(catalog):
    catalog.write([article(f"a{at}", "one", "two|2", "three") for at in range(60)], [], 0, 0)
    statements = []
    catalog.connection.set_trace_callback(statements.append)
    for rows in ([5], range(0, 240, 3)):
        statements.clear()
        records, found = catalog.records_of(rows), catalog.rows(rows)
        catalog.whole_texts({at: (records[at], row) for at, row in found.items() if row.part})
        assert len(statements) <= 3
        assert [records[at].id for at in rows] == [f"a{at // 4}" for at in rows]


def test_changed_texts_and_records_are_reported(catalog, tmp_path):
    catalog.write([article("a", "one", "two", source="X")], [], 0, 0)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as other:
        other.execute("UPDATE paragraphs SET text = x'00' WHERE row = 1")
        other.execute("UPDATE articles SET source = 'Y'")
        other.commit()
    assert catalog.texts([0]) == {0: "one"}
    with pytest.raises(BrokenIndexError, match="text of row 1 is damaged"):
        catalog.texts([0, 1])
    for attempt in (lambda: catalog.find("a", 1), lambda: catalog.records_of([0])):
        with pytest.raises(BrokenIndexError, match="record of article 'a' is damaged"):
            attempt()


def test_codes_map_to_values(catalog):
    values = ["b", "a", "Ä", "🚢", "c"]
    catalog.write([article(name, author=name) for name in values], [], 0, 0)
    codes = catalog.codes("author", values)
    assert catalog.values("author", list(codes.values()), 9) == {
        codes[name]: name for name in values
    }
    # SQLite sorts the values like Python.
    some = catalog.values("author", list(codes.values()), 4)
    assert list(some.values()) == sorted(values)[:4]
    assert catalog.values("author", [], 9) == {}
    assert catalog.values("author", [codes["a"]], 0) == {}
    with pytest.raises(BrokenIndexError, match="the code of a value of author"):
        catalog.values("author", [codes["a"], 99], 9)
    with pytest.raises(BrokenIndexError, match="the code of a value of source"):
        catalog.values("source", [1], 9)


def test_column_is_checked_when_it_is_used(catalog, tmp_path):
    folder = tmp_path / "columns"
    writer = ColumnWriter(folder)
    catalog.write([article("a", "1", "2", source="X")], [], 0, 0)
    writer.catch_up(catalog, 2)
    flip(folder / "published", 3)
    columns = Columns.open(folder, 2)
    assert columns.article.tolist() == [1, 1]
    with pytest.raises(BrokenIndexError, match="published is missing, short or damaged"):
        _ = columns.published


def test_later_snapshot_checks_only_new_values(catalog, tmp_path):
    folder = tmp_path / "columns"
    writer = ColumnWriter(folder)
    catalog.write([article("a", "1", "2")], [], 0, 0)
    writer.catch_up(catalog, 2)
    older = Columns.open(folder, 2)
    assert older.article.tolist() == [1, 1]
    catalog.write([article("b", "3", "4")], [], 2, 0)
    # A writer that is still open does not read the old values again, either.
    flip(folder / "article", 0)
    writer.catch_up(catalog, 4)
    later = Columns.open(folder, 4, older=older)
    assert later.article[2:].tolist() == [2, 2]
    with pytest.raises(BrokenIndexError, match="article is missing, short or damaged"):
        _ = Columns.open(folder, 4).article
    flip(folder / "article", 9)
    with pytest.raises(BrokenIndexError, match="article is missing, short or damaged"):
        _ = Columns.open(folder, 4, older=older).article


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    with path.open("r+b") as file:  # The file keeps its inode.
        file.write(content)
