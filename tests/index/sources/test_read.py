"""Readers: articles from files, and reports on all other content."""

import gzip
import io
import json
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from nutgraf.index.article import MAX_PARAGRAPH, Article
from nutgraf.index.sources import ReadOptions, Rejected, Skipped, read_sources, total_bytes
from nutgraf.index.sources.formats import text

GOOD = {"id": "g", "title": "Good", "paragraphs": ["One.", "Two."]}


def read(*sources):
    return list(read_sources([str(source) for source in sources]))


def write_lines(path: Path, *lines) -> Path:
    encoded = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return path


def test_text_has_its_first_line_as_title_and_its_name_as_id(tmp_path):
    file = tmp_path / "strike.txt"
    file.write_bytes("\ufeffFerries stop\n\nCrews walked out.\nAt noon.\n\nTalks go on.".encode())
    expected = Article("strike", "Ferries stop", ("Crews walked out.\nAt noon.", "Talks go on."))
    assert read(file) == [expected]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n \n", "the file is empty"),
        (b"A title\n\n", "there is a title and nothing after it"),
        (b"PK\x03\x04\x00\x00", "binary, not text: byte 4 is NUL"),
        (b"Caf\xe9\n\nText", "not UTF-8 text: byte 3 is 0xe9"),
        (b"T\n\n" + b"x" * (MAX_PARAGRAPH + 1), "'paragraphs[0]' is 100,001 characters long"),
    ],
)
def test_text_without_an_article_is_rejected(tmp_path, content, words):
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    (rejected,) = read(file)
    assert isinstance(rejected, Rejected)
    assert rejected.place == str(file)
    assert words in rejected.reason


def test_text_file_over_the_size_limit_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_TEXT", 100)
    file = tmp_path / "huge.txt"
    file.write_bytes(b"T\n\n" + b"x" * 1_000)
    (rejected,) = read(file)
    assert "larger than 100 bytes" in rejected.reason


def test_jsonl_reads_every_field(tmp_path):
    fields = {
        **GOOD,
        "url": "https://example.org/g",
        "source": "Ledger",
        "author": "A. B.",
        "section": "world",
        "published": "2023-05-06T08:30:00+01:00",
        "language": "en",
        "summary": "Short.",
        "image": "/g.jpg",
        "sections": ["news"],
        "tags": "one",
        "byline": ["A. B."],
    }
    file = write_lines(tmp_path / "a.jsonl", {**fields, "unknown": 1})
    expected = {**fields, "paragraphs": ("One.", "Two."), "extra": {"unknown": 1}}
    assert read(file) == [Article(**expected)]


def test_jsonl_reads_text_and_forms_missing_ids_from_line_numbers(tmp_path):
    file = write_lines(
        tmp_path / "day.jsonl",
        {"title": "A", "text": "One.\n\nTwo."},
        b"",
        {"id": 12, "title": "B", "paragraphs": [" Three. ", "", "Four."]},
        {"id": None, "title": "C", "text": "Five.", "source": None},
    )
    assert read(file) == [
        Article("day:1", "A", ("One.", "Two.")),
        Article("12", "B", ("Three.", "Four.")),
        Article("day:4", "C", ("Five.",)),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id": "x", ', "this is not JSON: Expecting property name"),
        (b"[1]", "the line is a list; it must be an object"),
        (b'{"id":"a7","title":', "Expecting value at column 20"),
        (b'{"a": "\x01"}', "Invalid control character at column 8"),
        (b"null", "the line is null"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"id": ' + b"1" * 5_000 + b"}", "this is not JSON"),
        (b'{"title": "\xff"}', "not UTF-8"),
        (b'{"title": "a\x00"}', "NUL"),
        ({"id": "x", "paragraphs": ["p"]}, "'title' is missing; add it"),
        (
            {"id": "x", "title": "t"},
            "'paragraphs' is missing, and so is 'text'; give one of the two",
        ),
        ({"id": "x", "title": "t", "text": "a", "paragraphs": ["a"]}, "give one of the two"),
        ({"id": "x", "title": 3, "text": "a"}, "'title' must be text, got a number"),
        (
            {"id": "x", "title": "t", "paragraphs": "a"},
            "'paragraphs' must be a list of texts, got text",
        ),
        (
            {"id": "x", "title": "t", "paragraphs": ["a", 1]},
            "'paragraphs[1]' must be text, got a number",
        ),
        ({"id": "x", "title": "t", "text": " "}, "'paragraphs' is empty"),
        ({"id": "x", "title": "t", "text": "a", "published": "yesterday"}, "'published' is"),
        ({"id": "x\x00", "title": "t", "text": "a"}, "'id' contains a NUL"),
        ({"id": True, "title": "t", "text": "a"}, "'id' must be text, got true or false"),
    ],
)
def test_bad_line_is_rejected_with_its_number_and_the_rest_is_read(tmp_path, line, words):
    others = [{**GOOD, "id": f"g{number}"} for number in range(8)]
    file = write_lines(tmp_path / "a.jsonl", *others[:6], line, *others[6:])
    items = read(file)
    assert [item.id for item in items if isinstance(item, Article)] == [o["id"] for o in others]
    (rejected,) = [item for item in items if isinstance(item, Rejected)]
    assert rejected.place == f"{file}:7"
    assert words in rejected.reason


def test_too_long_line_is_rejected_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("nutgraf.index.sources.formats.jsonl.MAX_TEXT", 100)
    file = write_lines(tmp_path / "a.jsonl", GOOD, b"x" * 1_000, {**GOOD, "id": "h"})
    first, rejected, last = read(file)
    assert (first.id, rejected.place, last.id) == ("g", f"{file}:2", "h")
    assert "longer than 100 bytes" in rejected.reason


def test_empty_jsonl_is_rejected(tmp_path):
    file = tmp_path / "a.jsonl"
    file.touch()
    assert read(file) == [Rejected(str(file), "the file is empty")]


def test_folder_is_read_in_order_and_other_files_are_reported(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.txt").write_text("T\n\nP")
    (tmp_path / "b" / "c" / "two.TXT").write_text("Two\n\nP")
    (tmp_path / "a.txt").write_text("One\n\nP")
    (tmp_path / "b" / "photo.jpg").write_bytes(b"\xff")
    write_lines(tmp_path / "judged.jsonl", {"question": "who?", "relevant": {}})
    first, judged, second, left_out = read(tmp_path)
    assert (first.id, second.id) == ("a", "b/c/two")
    assert isinstance(judged, Skipped)
    assert judged.place == str(tmp_path / "judged.jsonl")
    assert "its first line has no 'title' and no 'paragraphs'" in judged.reason
    assert isinstance(left_out, Skipped)
    assert "1 of .jpg" in left_out.reason


def test_named_files_are_rejected_instead_of_skipped(tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff")
    (rejected,) = read(photo)
    assert "no reader accepts .jpg; supported are " in rejected.reason
    (missing,) = read(tmp_path / "gone.txt")
    assert missing.reason == "there is no such file or folder; check the path"
    (missing,) = read(tmp_path / "gone")
    assert missing.reason == "there is no such file or folder; check the path"


def test_ids_contain_paths_below_the_folder(tmp_path):
    for year in ("2022", "2023"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "flood.txt").write_text(f"{year}\n\nText")
        write_lines(tmp_path / year / "day.jsonl", {**GOOD, "id": None})
    ids = [item.id for item in read(tmp_path)]
    assert ids == ["2022/day:1", "2022/flood", "2023/day:1", "2023/flood"]


def test_two_files_with_one_name_are_not_versions_of_one_article(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "story.txt").write_text(f"{folder}\n\nText")
        write_lines(tmp_path / folder / "day.jsonl", {**GOOD, "id": folder}, {**GOOD, "id": None})
    items = read(tmp_path / "a", tmp_path / "b")
    assert [item.id for item in items if isinstance(item, Article)] == [
        "a", "day:2", "story", "b",
    ]  # fmt: skip
    rejected = [item for item in items if isinstance(item, Rejected)]
    assert [Path(item.place).name for item in rejected] == ["day.jsonl:2", "story.txt"]
    assert all("uses the name" in item.reason for item in rejected)


def test_standard_input_is_jsonl(monkeypatch):
    line = json.dumps({"title": "T", "text": "P"}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line)))
    (first,) = read("-")
    assert (first.title, first.paragraphs) == ("T", ("P",))
    other = json.dumps({"title": "U", "text": "P"}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line + b"\n" + other)))
    again, second = read("-")
    assert again == first
    assert first.id != second.id
    assert first.id.startswith("stdin:")


def test_read_bytes_are_reported(tmp_path):
    (tmp_path / "a.txt").write_text("T\n\nP")
    write_lines(tmp_path / "b.jsonl", GOOD, {**GOOD, "id": "h"})
    (tmp_path / "photo.jpg").write_bytes(b"\xff" * 500)
    counts: list[int] = []
    list(read_sources([str(tmp_path)], counts.append))
    assert (
        sum(counts)
        == total_bytes([str(tmp_path)])
        == sum((tmp_path / name).stat().st_size for name in ("a.txt", "b.jsonl"))
    )
    assert total_bytes([str(tmp_path), "-"]) is None


def test_every_kind_is_read_from_a_folder_compressed_or_not(tmp_path):
    table, item = io.BytesIO(), "<item><title>A</title><description>B</description></item>"
    parquet.write_table(pyarrow.table({"title": ["A"], "text": ["B"]}), table)
    holds = {
        "line.jsonl": b'{"title": "A", "text": "B"}',
        "page.md": b"# A\n\nB",
        "rows.csv": b"title,text\nA,B\n",
        "tabs.tsv": b"title\ttext\nA\tB\n",
        "columns.parquet": table.getvalue(),
        "feed.xml": f"<rss><channel>{item}</channel></rss>".encode(),
        "plain.txt": b"A\n\nB",
    }
    for name, content in holds.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"packed-{name}.gz").write_bytes(gzip.compress(content))
    items = read(tmp_path)
    assert [str(item) for item in items if not isinstance(item, Article)] == []
    assert [(item.title, item.paragraphs) for item in items] == [("A", ("B",))] * 2 * len(holds)


def test_index_file_gets_the_name_of_its_folder(tmp_path):
    for name in ("mast", "zebra"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.txt").write_text(f"{name}\n\nText")
    assert [item.id for item in read(tmp_path)] == ["mast", "zebra"]


def test_tables_and_jsonl_without_articles_in_a_folder_are_skipped(tmp_path):
    write_lines(tmp_path / "asked.jsonl", {"id": "q1", "text": "who fell?"}, b"{")
    (tmp_path / "judged.tsv").write_text("q1\tmast\t0\t1\n")
    items = read(tmp_path)
    assert [type(item) for item in items] == [Skipped, Skipped]
    assert "--map" in items[0].reason
    assert "--map title=COLUMN" in items[1].reason
    named = read(tmp_path / "asked.jsonl", tmp_path / "judged.tsv")
    assert [type(item) for item in named] == [Rejected] * 3


def test_jsonl_with_mapped_fields_is_recognised_in_a_folder(tmp_path):
    write_lines(tmp_path / "a.jsonl", {"headline": "Mast falls", "text": "At noon."})
    options = ReadOptions({"title": "headline"})
    (article,) = read_sources([str(tmp_path)], options=options)
    assert article.title == "Mast falls"
