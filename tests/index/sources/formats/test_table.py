"""CSV and TSV: a row is an article, by its columns; what is none is told by its line."""

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
from nutgraf.index.sources.items import FileName, Flagged, OpenedFile, ReadOptions, Rejected

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
        "unknown,text,title,id\n1;2;3,It stopped.,Ferry stops,a",
        "id,title,text\na,Ferry stops,It stopped.,,\n",
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-be").join([b"\xfe\xff", b""]),
    ],
)
def test_the_way_of_writing_is_found(content):
    assert rows(content) == [FERRY]


def test_every_field_is_taken_and_empty_cells_are_left_out():
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


def test_a_cell_may_hold_lines_quotation_marks_and_long_texts():
    long = "\n\n".join(["word " * 9_999 + "word"] * 4)
    first, second = rows(f'title,text\n"He said ""no""","One.\n\nTwo, three."\nLong,"{long}"\n')
    assert (first.id, first.title) == ("day:2", 'He said "no"')
    assert first.paragraphs == ("One.", "Two, three.")
    assert second.id == "day:5"
    assert "\n\n".join(second.paragraphs) == long


def test_marks_may_come_after_a_backslash():
    (found,) = rows('title,text\n"He said \\"no\\"","One."\n')
    assert found.title == 'He said "no"'


def test_ids_are_those_of_the_file_and_line_or_of_what_a_stream_says():
    assert [row.id for row in rows("title,text\n\nA,B\nC,D\n")] == ["day:3", "day:4"]
    stream = partial(rows, name=FileName("stdin", stream=True))
    first, second = stream("title,text\nA,B\nC,D\n")
    assert first.id.startswith("stdin:")
    assert first.id != second.id
    assert stream("title,text\nC,D\n") == [second]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("b,T", "the row has 2 cells, and there are 3 columns"),
        ("b,T,P,more", "the row has 4 cells, and there are 3 columns"),
        ("b,,P", "there is no 'title'"),
        ("b,T,", "there is no 'paragraphs' and no 'text'"),
        ('"b"x,T,P', "there is text after a closing quotation mark"),
        ('"b,T,P\nand so on', "a quotation mark that opens in this row is never closed"),
    ],
)
def test_a_bad_row_is_rejected_by_its_line_and_the_rest_is_read(row, reason):
    found = rows(f"{PLAIN}x,Two,lines\n{row}\n")
    assert [item.id for item in found[:2]] == ["a", "x"]
    (rejected,) = found[2:]
    assert rejected.place == "day.csv:4"
    assert reason in rejected.reason


def test_what_follows_a_bad_row_is_read():
    found = rows('title,text\n"A"x,B\nC\nD,E\n')
    assert [item.place for item in found[:2]] == ["day.csv:2", "day.csv:3"]
    assert found[2] == Article("day:4", "D", ("E",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("title,text\n", "no row after them"),
        ("headline,text\nA,B", "no column is called 'title'; there are 'headline', 'text'"),
        ("headline,text\nA,B", "--map title=COLUMN"),
        ("title,body\nA,B", "no column is called 'text' or 'paragraphs'"),
        ("title,text,title\nA,B,C", "2 columns are called 'title'"),
        (b"\x00\x01\x02,", "binary"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_articles_is_rejected(content, reason):
    (rejected,) = rows(content)
    assert rejected.place == "day.csv"
    assert reason in rejected.reason


def test_a_list_is_not_taken_from_a_cell():
    (rejected,) = rows("title,paragraphs\nA,\"['B', 'C']\"")
    assert "--map text=paragraphs" in rejected.reason
    assert rows("title,paragraphs\nA,B", {"text": "paragraphs"}) == [Article("day:2", "A", ("B",))]


def test_another_encoding_is_found_by_its_looks_and_flagged():
    text = "Die Fähre über den Fluß fällt aus, erklärte der Bürgermeister gestern. " * 20
    flagged, found = rows(f'title,text\nFähre fällt aus,"{text}"\n'.encode("cp1252"))
    assert isinstance(flagged, Flagged)
    assert "not UTF-8; by its looks it is cp125" in flagged.reason
    assert found.paragraphs == (text.strip(),)


def test_a_row_in_another_encoding_than_the_beginning_is_flagged():
    german = "Die Fähre über den Fluß fällt aus, erklärte der Bürgermeister gestern. " * 20
    start = "title,text\n" + "A,plain\n" * 10_000
    found = rows(start.encode() + f'Fähre,"{german}"\n'.encode("cp1252"))[10_000:]
    assert isinstance(found[0], Flagged)
    assert found[0].place == "day.csv:10002"
    assert found[1].paragraphs == (german.strip(),)


@pytest.mark.parametrize("cut", [b"\x00", b"\x00\xd8", b"\x00\xd8a\x00"])
def test_utf_16_that_breaks_off_or_is_broken_is_read_as_far_as_it_goes(cut):
    found = rows(PLAIN.encode("utf-16") + cut)
    assert found[0] == FERRY
    assert all(isinstance(item, Rejected) for item in found[1:])


def test_the_far_future_is_flagged():
    flagged, found = rows("title,text,published\nA,B,2562-01-01\n")
    assert isinstance(flagged, Flagged)
    assert isinstance(found, Article)


def test_a_row_without_end_is_rejected_in_bounded_memory(monkeypatch):
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


def test_a_mapped_text_counts_for_more_than_paragraphs():
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
def test_a_mapping_that_cannot_be_meant_is_told(pairs, reason):
    with pytest.raises(UserError, match=reason):
        parse_columns(pairs)


def test_fields_of_lines_are_mapped():
    lines = b'{"headline": "A", "body": "B", "text": 3, "when": 1672823400}\n{"title": "A"}\n'
    columns = {"title": "headline", "text": "body", "published": "when"}
    found, rejected = read_jsonl(opened(lines, columns))
    assert found == Article("day:1", "A", ("B",), published="2023-01-04T09:10:00+00:00")
    assert rejected.reason == (
        "there is no 'headline', to which 'title' is mapped; there are 'title'"
    )


CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_is_written_as_a_table_comes_back(pairs, separator):
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
def test_whatever_comes_in_only_items_come_out(content):
    for item in rows(content):
        assert isinstance(item, Article | Rejected | Flagged)
