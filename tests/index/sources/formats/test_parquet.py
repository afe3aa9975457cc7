"""Parquet: a row is an article, by its columns; what is none is told by its number."""

import gzip
import io
import sys
from datetime import UTC, date, datetime

import pyarrow
import pytest
from pyarrow import parquet

from nutgraf.index.article import Article
from nutgraf.index.sources import read_sources
from nutgraf.index.sources.formats import parquet as parquet_reader
from nutgraf.index.sources.formats.parquet import read_parquet
from nutgraf.index.sources.items import FileName, OpenedFile, ReadOptions


def written(**columns):
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def rows(content, columns=None):
    file = io.BytesIO(content)
    options = ReadOptions(columns or {})
    return list(read_parquet(OpenedFile(file, "day.parquet", FileName("day"), options)))


def test_parquet_takes_lists_dates_and_numbers_and_leaves_nulls_out():
    moment = datetime(2023, 1, 4, 9, 30, tzinfo=UTC)
    content = written(
        id=[7, 8, None],
        title=pyarrow.array(["A", "B", "A"]).dictionary_encode(),
        paragraphs=[["One.", "Two."], ["Three."], ["Four."]],
        published=[moment, None, moment],
        source=pyarrow.array([b"Ledger", None, b"Ledger"], pyarrow.binary()),
        section=pyarrow.array(["world", None, None], pyarrow.large_string()),
        vector=[[0.5], [0.5], [0.5]],
    )
    when = "2023-01-04T09:30:00+00:00"
    assert rows(content) == [
        Article("7", "A", ("One.", "Two."), source="Ledger", section="world", published=when),
        Article("8", "B", ("Three.",)),
        Article("day:3", "A", ("Four.",), source="Ledger", published=when),
    ]


NS, ZONED = pyarrow.timestamp("ns"), pyarrow.timestamp("s", "+01:00")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pyarrow.array([date(2023, 1, 4)]), "2023-01-04"),
        (
            pyarrow.array([1672823400123456789], pyarrow.timestamp("ns")),
            "2023-01-04T09:10:00.123456",
        ),
        (
            pyarrow.array([1672823400], pyarrow.timestamp("s", "+01:00")),
            "2023-01-04T10:10:00+01:00",
        ),
        (pyarrow.array([1672823400]), "2023-01-04T09:10:00+00:00"),
        (pyarrow.array([float("nan")]), None),
    ],
)
def test_dates_in_parquet_have_types(values, expected):
    (found,) = rows(written(title=["A"], text=["B"], published=values))
    assert found.published == expected


def test_parquet_columns_are_mapped_and_rows_are_rejected_by_number():
    content = written(headline=["A", "C", None], body=["B", " ", "D"])
    found, empty, untitled = rows(content, {"title": "headline", "text": "body"})
    assert found == Article("day:1", "A", ("B",))
    assert (empty.place, untitled.place) == ("day.parquet:2", "day.parquet:3")
    (rejected,) = rows(content)
    assert "no column is called 'title'; there are 'headline', 'body'" in rejected.reason


def test_a_column_of_another_type_is_told():
    (rejected,) = rows(written(title=[b"\xff"], text=["B"]))
    assert "'title' holds what cannot be read as binary" in rejected.reason
    (rejected,) = rows(written(title=[True], text=["B"]))
    assert "'title' is true or false" in rejected.reason


def test_parquet_that_is_damaged_is_rejected():
    content = written(title=["A"] * 500, text=[f"B{n}" for n in range(500)])
    for damaged in (b"", b"PAR1", content[:-30], content[:-8] + b"\xff" * 4 + b"PAR1"):
        (rejected,) = rows(damaged)
        assert "the file is damaged" in rejected.reason
    assert "there are columns, and no row" in str(rows(written(title=[], text=[])))


def test_parquet_that_holds_far_more_than_its_size_is_not_read_on(monkeypatch):
    monkeypatch.setattr(parquet_reader, "ALWAYS_FITS", 100_000)
    content = written(title=["A"] * 90_000, text=["x" * 1_000] * 90_000)
    *found, rejected = rows(content)
    assert "1,000 times its size" in rejected.reason
    assert len(found) < 90_000


def test_what_cannot_be_read_from_its_end_is_copied_first():
    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    stream = Stream(written(title=["A"], text=["B"]))
    (found,) = read_parquet(OpenedFile(stream, "x", FileName("x")))
    assert found.title == "A"


def test_without_pyarrow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (rejected,) = rows(b"PAR1")
    assert "pip install 'nutgraf[parquet]'" in rejected.reason


def test_what_is_packed_is_copied_within_bounds(tmp_path, monkeypatch):
    content = written(id=["a"], title=["A"], text=["One."])
    with gzip.open(tmp_path / "day.parquet.gz", "wb") as file:
        file.write(content)
    monkeypatch.setattr(parquet_reader, "MAX_COPY", len(content))
    (article,) = read_sources([str(tmp_path)])
    assert article == Article("a", "A", ("One.",))
    monkeypatch.setattr(parquet_reader, "MAX_COPY", len(content) - 1)
    (rejected,) = read_sources([str(tmp_path)])
    assert rejected.reason.endswith("bytes of Parquet are packed in it: unpack it")
