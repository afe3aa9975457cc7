"""Compressed files and zips are read; damaged ones and bombs are rejected."""

import bz2
import gzip
import io
import json
import lzma
import random
import sys
import zipfile
import zlib

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.sources import Rejected, Skipped, read_sources
from nutgraf.index.sources.files import decompress as unpacking, open as opening
from nutgraf.index.sources.files.decompress import (
    COPY_AGAIN,
    Budget,
    DamagedError,
    compression_of,
    unpacked,
)
from nutgraf.index.sources.files.open import CountingFile, contents, split_name
from tests.work import work_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress, "zst": zstd.compress}
ARTICLE = b"Mast falls\n\nIt fell at noon."


def read(*sources):
    return list(read_sources([str(source) for source in sources]))


def lines(count: int) -> bytes:
    words = random.Random(7)
    return b"".join(
        json.dumps({"title": f"T{at}", "text": f"{words.random()} " * 40}).encode() + b"\n"
        for at in range(count)
    )


def unpack(content: bytes, compression: str, packed=lambda: 10**9) -> bytes:
    return unpacked(io.BytesIO(content), compression, Budget(packed)).read()


def make_zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("compression", PACK)
def test_compressed_file_is_read_under_any_name(tmp_path, compression):
    plain, packed = tmp_path / "day.jsonl", tmp_path / f"day.jsonl.{compression}"
    plain.write_bytes(lines(300))
    packed.write_bytes(PACK[compression](plain.read_bytes()))
    expected = read(plain)
    assert len(expected) == 300
    assert read(packed) == expected
    assert read(packed.rename(plain)) == expected


@pytest.mark.parametrize("compression", PACK)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
@settings(max_examples=25)
def test_concatenated_streams_are_read_as_one(compression, parts):
    content = b"".join(PACK[compression](part) for part in parts)
    assert compression_of(content) == compression
    assert unpack(content, compression) == b"".join(parts)


@pytest.mark.parametrize("pack", [bytes, zstd.compress])
def test_zst_may_contain_its_dictionary(pack):
    samples = [lines(at + 1)[-900:] for at in range(60)]
    dictionary = zstd.train_dict(samples, 4_000)
    packed = pack(dictionary.dict_content)
    head = b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed
    frames = [zstd.compress(sample, zstd_dict=dictionary) for sample in samples]
    content = head + b"".join(frames)
    assert compression_of(content) == "zst"
    assert unpack(content, "zst") == b"".join(samples)
    for broken in (head[:100], head[:4] + b"\xff" * 90, content.replace(packed, packed[::-1])):
        with pytest.raises(DamagedError):
            unpack(broken, "zst")


@pytest.mark.parametrize("compression", PACK)
def test_streams_of_any_length_are_read_from_blocks(compression):
    parts = [b"x" * (at * 37 % 5_000) for at in range(400)]
    content = b"".join(PACK[compression](part) + bytes(at % 3) for at, part in enumerate(parts))
    assert len(content) > unpacking.FIRST_PIECE
    assert unpack(content, compression) == b"".join(parts)


def test_many_empty_streams_are_refused_in_constant_work():
    empty = zstd.compress(b"")
    many = unpacking.MAX_EMPTY
    assert unpack(empty * many + zstd.compress(b"a"), "zst") == b"a"

    def refuse(streams):
        with pytest.raises(DamagedError, match="has more than 10,000 empty streams"):
            unpack(empty * streams, "zst")

    assert work_of(lambda: refuse(8 * many)) < 1.1 * work_of(lambda: refuse(2 * many))


def test_zeros_after_a_stream_are_padding_and_other_bytes_are_damage():
    assert unpack(gzip.compress(b"a") + bytes(70_000) + gzip.compress(b"b"), "gz") == b"ab"
    assert unpack(gzip.compress(b"a") + bytes(9), "gz") == b"a"
    with pytest.raises(DamagedError, match="other data follows"):
        unpack(gzip.compress(b"a") + b"more", "gz")


@pytest.mark.parametrize("compression", PACK)
def test_articles_before_a_truncation_are_read(tmp_path, compression):
    content = PACK[compression](lines(600))
    file = tmp_path / f"day.jsonl.{compression}"
    file.write_bytes(content[: len(content) * 3 // 4])
    *articles, rejected = read(file)
    assert rejected == Rejected(
        str(file),
        f"the compressed data ({compression}) ends too early, so the file may be incomplete; "
        f"{COPY_AGAIN}",
    )
    if compression != "bz2":  # It has blocks of 900,000 bytes: this file is 1 block.
        assert len(articles) > 200
    assert all(isinstance(article, Article) for article in articles)


@pytest.mark.parametrize("compression", PACK)
def test_damaged_data_is_rejected(tmp_path, compression):
    content = bytearray(PACK[compression](lines(600)))
    content[len(content) // 2] ^= 0xFF
    content[-3] ^= 0xFF
    file = tmp_path / "day.jsonl"
    file.write_bytes(content)
    reason = f"the compressed data ({compression}) is damaged; {COPY_AGAIN}"
    assert read(file)[-1] == Rejected(str(file), reason)


@pytest.mark.parametrize("compression", PACK)
def test_bomb_is_rejected_in_bounded_memory(monkeypatch, compression):
    monkeypatch.setattr(unpacking, "ALWAYS_FITS", 1_000_000)
    bomb = PACK[compression](bytes(8_000_000))
    stream = unpacked(io.BytesIO(bomb), compression, Budget(lambda: len(bomb)))
    came: list[int] = []
    with pytest.raises(DamagedError, match="more than 200 times its size"):
        came.extend(map(len, iter(lambda: stream.read(65_536), b"")))
    assert 900_000 < sum(came) < max(1_100_000, 201 * len(bomb))


def test_file_larger_than_the_limit_is_rejected(monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 100_000)
    with pytest.raises(DamagedError, match="more than 100,000 bytes"):
        unpack(gzip.compress(random.Random(1).randbytes(200_000)), "gz")


def test_decompressors_use_bounded_memory():
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 1 << 28}]
    with pytest.raises(DamagedError):
        unpack(lzma.compress(b"text", filters=filters), "xz")
    options = {
        zstd.CompressionParameter.window_log: 28,
        zstd.CompressionParameter.content_size_flag: 0,
    }
    compressor = zstd.ZstdCompressor(options=options)
    with pytest.raises(DamagedError):
        unpack(compressor.compress(b"text") + compressor.flush(), "zst")


def test_members_of_a_zip_are_read_as_files(tmp_path):
    file = make_zip(
        tmp_path / "week.zip",
        **{
            "mon/mast.txt": ARTICLE,
            "tue/mast.txt.gz": gzip.compress(ARTICLE),
            "wed/day.jsonl": lines(2),
            "wed/judged.jsonl": b'{"question": "who?"}\n',
            "wed/photo.jpg": b"\xff\xd8",
            "__MACOSX/mon/._mast.txt": b"\x00",
            "mon/.hidden.txt": b"\x00",
            "bad.txt": b"\x00",
        },
    )
    found = read(file)
    assert [item.id for item in found if isinstance(item, Article)] == [
        "week/mon/mast", "week/tue/mast", "week/wed/day:1", "week/wed/day:2",
    ]  # fmt: skip
    assert [item.place for item in found if isinstance(item, Rejected)] == [f"{file}:bad.txt"]
    judged, others = (item for item in found if isinstance(item, Skipped))
    assert judged.place == f"{file}:wed/judged.jsonl"
    assert (others.place, "1 of .jpg" in others.reason) == (str(file), True)


def test_unreadable_member_does_not_stop_the_others(tmp_path):
    nested = io.BytesIO()
    make_zip(nested, **{"a.txt": ARTICLE})
    file = make_zip(
        tmp_path / "a.zip",
        **{
            "1.txt": ARTICLE,
            "2.txt": ARTICLE * 500,
            "3.txt.gz": gzip.compress(gzip.compress(ARTICLE)),
            "4.zip": nested.getvalue(),
            "5.txt": ARTICLE,
            "6.txt": ARTICLE,
        },
    )
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        content[archive.getinfo("2.txt").header_offset + 40] ^= 0xFF
    at = content.rindex(b"5.txt") - 46  # The entry of the member in the list at the end.
    content[at + 8] |= 1
    file.write_bytes(content)
    found = read(file)
    assert [item.id for item in found if isinstance(item, Article)] == ["a/1", "a/6"]
    reasons = {item.place.rpartition(":")[2]: item.reason for item in found[1:-1]}
    assert "this file in the archive is damaged" in reasons["2.txt"]
    assert "inside another one" in reasons["3.txt.gz"]
    assert "inside another one" in reasons["4.zip"]
    assert "encrypted" in reasons["5.txt"]


def test_list_of_members_that_would_fill_memory_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MAX_LIST", 1_000)
    file = make_zip(tmp_path / "a.zip", **{f"{at}.txt": ARTICLE for at in range(30)})
    (rejected,) = read(file)
    assert rejected == Rejected(
        str(file), "the list of members in the zip is longer than 1,000 bytes; unpack it"
    )


def test_member_without_a_name_does_not_stop_the_others(tmp_path):
    file = make_zip(tmp_path / "a.zip", **{"1.txt": ARTICLE, "2.txt": ARTICLE})
    # zipfile cuts names at a NUL.
    file.write_bytes(file.read_bytes().replace(b"1.txt", b"\x00.txt"))
    rejected, article = read(file)
    assert "has no name" in rejected.reason
    assert article.id == "a/2"


def test_all_members_of_a_zip_count_towards_the_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_FITS", 1_000_000)
    bomb = b"T\n\n" + b"a " * 300_000
    file = make_zip(tmp_path / "a.zip", **{f"{at}.txt": bomb for at in range(4)})
    found = read(file)
    assert all(isinstance(item, Rejected) for item in found)
    assert "paragraphs[0]" in found[0].reason
    assert "more than 200 times its size" in found[-1].reason


def test_damaged_zip_and_other_zip_formats_are_rejected(tmp_path):
    file = tmp_path / "a.zip"
    file.write_bytes(b"PK\x03\x04" + b"x" * 100)
    (rejected,) = read(file)
    assert "the zip is damaged" in rejected.reason
    make_zip(tmp_path / "a.docx", **{"word.xml": b"<w/>"})
    (rejected,) = read(tmp_path / "a.docx")
    assert "no reader accepts .docx" in rejected.reason


def test_standard_input_may_be_compressed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(lines(2)))))
    assert len(read("-")) == 2
    packed = io.BytesIO()
    make_zip(packed, **{"a.txt": ARTICLE})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed.getvalue())))
    (rejected,) = read("-")
    assert rejected.place == "standard input"
    assert "a zip cannot be read from a stream" in rejected.reason


def test_reported_bytes_are_those_on_disk(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(500)))
    make_zip(tmp_path / "b.zip", **{f"{at}.txt": ARTICLE for at in range(50)})
    (tmp_path / "c.jsonl").write_bytes(b'{"question": "who?"}\n' * 9)
    counts: list[int] = []
    list(read_sources([str(tmp_path)], counts.append))
    assert sum(counts) == sum(file.stat().st_size for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("day.jsonl.gz", "day", ".jsonl"),
        ("Page.HTML", "Page", ".html"),
        ("data.gz", "data", ""),
        ("page.php?id=3", "page.php?id=3", ""),
        ("2023.01.05", "2023.01.05", ""),
        ("index", "index", ""),
        ("a.b.txt", "a.b", ".txt"),
    ],
)
def test_name_is_split_into_stem_and_ending(name, stem, ending):
    assert split_name(name) == (stem, ending)


def packed_things() -> st.SearchStrategy[bytes]:
    whole = [pack(ARTICLE * 50) for pack in PACK.values()]
    archive = io.BytesIO()
    make_zip(archive, **{"a.txt": ARTICLE * 9, "b/c.txt.gz": gzip.compress(ARTICLE)})
    whole.append(archive.getvalue())
    changes = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=4)
    return st.builds(_changed, st.sampled_from(whole), changes, st.integers(0, 600))


def _changed(content: bytes, changes: list[tuple[int, int]], end: int) -> bytes:
    changed = bytearray(content)
    for at, value in changes:
        changed[at % len(changed)] = value
    return bytes(changed[: end or None])


@given(packed_things() | st.binary(max_size=100))
@settings(max_examples=300)
def test_any_bytes_are_opened_or_raise_damaged_error(content):
    counted = CountingFile(io.BytesIO(content), lambda _: None, len(content))
    try:
        for found in contents(counted, "a.zip", "a.zip"):
            if isinstance(found, opening.Content):
                found.file.read()
    except DamagedError:
        pass


def test_gz_that_ends_with_a_full_block_is_read():
    content = random.Random(3).randbytes(unpacking.BLOCK)
    packed = zlib.compressobj(wbits=31)
    assert unpack(packed.compress(content) + packed.flush(), "gz") == content


def test_member_ids_contain_folders_and_outside_paths_are_rejected(tmp_path):
    file = tmp_path / "week.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mon/mast/index.txt", "Mast falls\n\nAt noon.")
        archive.writestr("../up.txt", "Up\n\nAt noon.")
        archive.writestr("/root.txt", "Root\n\nAt noon.")
    article, up, root = read(file)
    assert article.id == "week/mon/mast"
    for rejected in (up, root):
        assert isinstance(rejected, Rejected)
        assert "leads out of the zip" in rejected.reason
