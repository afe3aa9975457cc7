"""Parquet: each row is an article; bad rows are rejected with their numbers."""

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


def test_parquet_reads_lists_dates_and_numbers_and_ignores_nulls():
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
    flagged, *found = rows(content)
    assert flagged.reason == "unknown columns of numbers or objects are not read: vector"
    assert found == [
        Article("7", "A", ("One.", "Two."), source="Ledger", section="world", published=when),
        Article("8", "B", ("Three.",)),
        Article("day:3", "A", ("Four.",), source="Ledger", published=when),
    ]


def test_unknown_columns_of_single_values_and_texts_are_read():
    unknown, found = rows(written(title=["A"], text=["B"], words=[3], tags=[["x", "y"]], p=[["q"]]))
    assert unknown.names == ("words", "p")
    assert found.tags == ("x", "y")
    assert found.extra == {"words": 3, "p": ["q"]}


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
def test_typed_dates_in_parquet_are_read(values, expected):
    (found,) = rows(written(title=["A"], text=["B"], published=values))
    assert found.published == expected


def test_parquet_columns_are_mapped_and_rows_are_rejected_with_numbers():
    content = written(headline=["A", "C", None], body=["B", " ", "D"])
    found, empty, untitled = rows(content, {"title": "headline", "text": "body"})
    assert found == Article("day:1", "A", ("B",))
    assert (empty.place, untitled.place) == ("day.parquet:2", "day.parquet:3")
    (rejected,) = rows(content)
    assert "no column is called 'title'; there are 'headline', 'body'" in rejected.reason


def test_column_of_another_type_is_rejected():
    (rejected,) = rows(written(title=[b"\xff"], text=["B"]))
    reason = "'title' has a value of the type binary that cannot be converted to text"
    assert rejected.reason == reason
    (rejected,) = rows(written(title=[True], text=["B"]))
    assert "'title' must be text, got true or false" in rejected.reason


def test_damaged_parquet_is_rejected():
    content = written(title=["A"] * 500, text=[f"B{n}" for n in range(500)])
    for damaged in (b"", b"PAR1", content[:-30], content[:-8] + b"\xff" * 4 + b"PAR1"):
        (rejected,) = rows(damaged)
        assert "the file is damaged" in rejected.reason
    assert "the table has columns and no rows" in str(rows(written(title=[], text=[])))


def test_parquet_over_the_ratio_limit_is_not_read_further(monkeypatch):
    monkeypatch.setattr(parquet_reader, "ALWAYS_FITS", 100_000)
    content = written(title=["A"] * 90_000, text=["x" * 1_000] * 90_000)
    *found, rejected = rows(content)
    assert "1,000 times its size" in rejected.reason
    assert len(found) < 90_000


def test_file_that_cannot_seek_is_copied_first():
    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    stream = Stream(written(title=["A"], text=["B"]))
    (found,) = read_parquet(OpenedFile(stream, "x", FileName("x")))
    assert found.title == "A"


def test_missing_pyarrow_is_reported_with_the_command_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (rejected,) = rows(b"PAR1")
    assert "pip install 'nutgraf[parquet]'" in rejected.reason


def test_compressed_parquet_is_copied_up_to_the_limit(tmp_path, monkeypatch):
    content = written(id=["a"], title=["A"], text=["One."])
    with gzip.open(tmp_path / "day.parquet.gz", "wb") as file:
        file.write(content)
    monkeypatch.setattr(parquet_reader, "MAX_COPY", len(content))
    (article,) = read_sources([str(tmp_path)])
    assert article == Article("a", "A", ("One.",))
    monkeypatch.setattr(parquet_reader, "MAX_COPY", len(content) - 1)
    (rejected,) = read_sources([str(tmp_path)])
    limit = f"{len(content) - 1:,} bytes"
    assert rejected.reason == f"the decompressed Parquet is larger than {limit}; unpack the file"
