"""CSV and TSV: each row is an article; bad rows are rejected with their lines."""

import csv
import io
from functools import partial

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.errors import UserError
from nutgraf.index.sources.fields.columns import parse_columns
from nutgraf.index.sources.formats import table
from nutgraf.index.sources.formats.jsonl import read_jsonl
from nutgraf.index.sources.formats.table import read_table
from nutgraf.index.sources.items import (
    FileName,
    Flagged,
    OpenedFile,
    ReadOptions,
    Rejected,
    UnknownFields,
)

DAY = FileName("day")


def opened(content, columns=None, name=DAY):
    content = content.encode() if isinstance(content, str) else content
    return OpenedFile(io.BytesIO(content), "day.csv", name, ReadOptions(columns or {}))


def rows(content, columns=None, **more):
    return list(read_table(opened(content, columns, **more)))


PLAIN = "id,title,text\na,Ferry stops,It stopped.\n"
FERRY = Article("a", "Ferry stops", ("It stopped.",))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", " | "),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.rstrip(),
        "\n\n" + PLAIN + "\n,,\n",
        "ID, Title ,TEXT\na,Ferry stops,It stopped.",
        'id,title,text\n"a","Ferry stops","It stopped."\n',
        "paragraphs,text,title,id\n,It stopped.,Ferry stops,a",
        "id,title,text\na,Ferry stops,It stopped.,,\n",
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-be").join([b"\xfe\xff", b""]),
    ],
)
def test_dialect_is_detected(content):
    assert rows(content) == [FERRY]


def test_lists_and_unknown_columns_are_read():
    unknown, found = rows(
        "id,title,text,tags,byline,sections,extra,Topic,words,\n"
        'a,Ferry stops,It stopped.,"sea, ferry","Lee, Ann; Poe, Bo",News|Sea,'
        '"{""x"": [1]}",economy,,9\n'
    )
    assert unknown == UnknownFields("day.csv:2", ("Topic",))
    assert found.tags == ("sea", "ferry")
    assert (found.byline, found.author) == (("Lee, Ann", "Poe, Bo"), "Lee, Ann, Poe, Bo")
    assert (found.section, found.sections) == ("News", ("News", "Sea"))
    assert found.extra == {"x": [1], "Topic": "economy"}
    (rejected,) = rows("title,text,extra\nA,B,x\n")
    assert "'extra' is not JSON" in rejected.reason


def test_every_field_is_read_and_empty_cells_are_ignored():
    found = rows(
        "id,title,text,url,source,author,section,published,language\n"
        "a,T,P,https://example.org/a,Ledger,A. B.,world,4 Jan 2023 09:30 EST,en\n"
        "b,T,P,,  ,,,,\n"
    )
    assert found == [
        Article(
            "a", "T", ("P",), url="https://example.org/a", source="Ledger", author="A. B.",
            section="world", published="2023-01-04T09:30:00-05:00", language="en",
        ),
        Article("b", "T", ("P",)),
    ]  # fmt: skip


def test_cells_may_contain_lines_quotation_marks_and_long_texts():
    long = "\n\n".join(["word " * 9_999 + "word"] * 4)
    first, second = rows(f'title,text\n"He said ""no""","One.\n\nTwo, three."\nLong,"{long}"\n')
    assert (first.id, first.title) == ("day:2", 'He said "no"')
    assert first.paragraphs == ("One.", "Two, three.")
    assert second.id == "day:5"
    assert "\n\n".join(second.paragraphs) == long


def test_quotation_marks_may_follow_a_backslash():
    (found,) = rows('title,text\n"He said \\"no\\"","One."\n')
    assert found.title == 'He said "no"'


def test_missing_ids_are_file_and_line_or_a_digest_in_a_stream():
    assert [row.id for row in rows("title,text\n\nA,B\nC,D\n")] == ["day:3", "day:4"]
    stream = partial(rows, name=FileName("stdin", stream=True))
    first, second = stream("title,text\nA,B\nC,D\n")
    assert first.id.startswith("stdin:")
    assert first.id != second.id
    assert stream("title,text\nC,D\n") == [second]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("b,T", "the row has 2 cells, but the table has 3 columns"),
        ("b,T,P,more", "the row has 4 cells, but the table has 3 columns"),
        ("b,,P", "'title' is missing"),
        ("b,T,", "'paragraphs' is missing, and so is 'text'"),
        ('"b"x,T,P', "there is text after a closing quotation mark"),
        ('"b,T,P\nand so on', "a quotation mark that opens in this row is never closed"),
    ],
)
def test_bad_row_is_rejected_with_its_line_and_the_rest_is_read(row, reason):
    found = rows(f"{PLAIN}x,Two,lines\n{row}\n")
    assert [item.id for item in found[:2]] == ["a", "x"]
    (rejected,) = found[2:]
    assert rejected.place == "day.csv:4"
    assert reason in rejected.reason


def test_rows_after_a_bad_row_are_read():
    found = rows('title,text\n"A"x,B\nC\nD,E\n')
    assert [item.place for item in found[:2]] == ["day.csv:2", "day.csv:3"]
    assert found[2] == Article("day:4", "D", ("E",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("title,text\n", "names of columns and no rows"),
        ("headline,text\nA,B", "no column is called 'title'; there are 'headline', 'text'"),
        ("headline,text\nA,B", "--map title=COLUMN"),
        ("title,body\nA,B", "no column is called 'text' or 'paragraphs'"),
        ("title,text,title\nA,B,C", "2 columns are called 'title'"),
        (b"\x00\x01\x02,", "binary"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
    ],
)
def test_file_without_a_table_of_articles_is_rejected(content, reason):
    (rejected,) = rows(content)
    assert rejected.place == "day.csv"
    assert reason in rejected.reason


def test_cell_is_not_read_as_a_list():
    (rejected,) = rows("title,paragraphs\nA,\"['B', 'C']\"")
    assert "--map text=paragraphs" in rejected.reason
    assert rows("title,paragraphs\nA,B", {"text": "paragraphs"}) == [Article("day:2", "A", ("B",))]


def test_other_encoding_is_guessed_and_flagged():
    text = "Die Fähre über den Fluß fällt aus, erklärte der Bürgermeister gestern. " * 20
    flagged, found = rows(f'title,text\nFähre fällt aus,"{text}"\n'.encode("cp1252"))
    assert isinstance(flagged, Flagged)
    assert "not UTF-8; it was read as cp125" in flagged.reason
    assert found.paragraphs == (text.strip(),)


def test_row_in_another_encoding_than_the_first_rows_is_flagged():
    german = "Die Fähre über den Fluß fällt aus, erklärte der Bürgermeister gestern. " * 20
    start = "title,text\n" + "A,plain\n" * 10_000
    found = rows(start.encode() + f'Fähre,"{german}"\n'.encode("cp1252"))[10_000:]
    assert isinstance(found[0], Flagged)
    assert found[0].place == "day.csv:10002"
    assert found[1].paragraphs == (german.strip(),)


@pytest.mark.parametrize("cut", [b"\x00", b"\x00\xd8", b"\x00\xd8a\x00"])
def test_truncated_or_broken_utf_16_is_read_as_far_as_possible(cut):
    found = rows(PLAIN.encode("utf-16") + cut)
    assert found[0] == FERRY
    assert all(isinstance(item, Rejected) for item in found[1:])


def test_far_future_is_flagged():
    flagged, found = rows("title,text,published\nA,B,2562-01-01\n")
    assert isinstance(flagged, Flagged)
    assert isinstance(found, Article)


def test_too_long_row_is_rejected_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(table, "MAX_TEXT", 2_000)
    rejected, found = rows(f"title,text\nA,{'x' * 9_000}\nB,C\n")
    assert (rejected.place, found.title) == ("day.csv:2", "B")
    assert "longer than 2,000 characters" in rejected.reason
    rejected, *_ = rows('title,text\n"A' + "\nx" * 2_000)
    assert "never closed" in rejected.reason


def test_columns_are_mapped():
    columns = parse_columns(["title=headline", "text=Body", "published=date"])
    content = "headline,title,body,date\nA,not it,B,4 May 2023\n"
    assert rows(content, columns) == [Article("day:2", "A", ("B",), published="2023-05-04")]
    (rejected,) = rows("title,text\nA,B", columns)
    assert rejected.reason == (
        "there is no column 'headline', to which 'title' is mapped; there are 'title', 'text'"
    )


def test_mapped_text_replaces_paragraphs():
    content = "title,paragraphs,body\nA,not it,B\n"
    assert rows(content, {"text": "body"}) == [Article("day:2", "A", ("B",))]


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (["title"], "is not FIELD=COLUMN"),
        (["title="], "is not FIELD=COLUMN"),
        (["headline=title"], "the fields are id, title"),
        (["title=a", "title=b"], "a column for 'title' twice"),
        (["text=a", "paragraphs=b"], "give one"),
    ],
)
def test_invalid_mapping_is_refused(pairs, reason):
    with pytest.raises(UserError, match=reason):
        parse_columns(pairs)


def test_fields_of_jsonl_are_mapped():
    lines = b'{"headline": "A", "body": "B", "text": 3, "when": 1672823400}\n{"title": "A"}\n'
    columns = {"title": "headline", "text": "body", "published": "when"}
    found, rejected = read_jsonl(opened(lines, columns))
    assert found == Article("day:1", "A", ("B",), published="2023-01-04T09:10:00+00:00")
    assert rejected.reason == (
        "there is no 'headline', to which 'title' is mapped; there are 'title'"
    )


CELLS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_written_table_is_read_back(pairs, separator):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "text"), *pairs])
    articles = [item for item in rows(out.getvalue()) if isinstance(item, Article)]
    good = [(title, text) for title, text in pairs if title.strip() and text.strip()]
    assert [article.title for article in articles] == [title.strip() for title, _ in good]
    assert ["".join("".join(a.paragraphs).split()) for a in articles] == [
        "".join(text.split()) for _, text in good
    ]


@given(
    st.binary(max_size=300)
    | st.text(",;\t\"\n\\'ab", max_size=200).map(lambda t: f"title,text\n{t}")
)
def test_any_content_yields_only_items(content):
    for item in rows(content):
        assert isinstance(item, Article | Rejected | Flagged)
