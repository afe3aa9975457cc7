"""rows.i8: its records, its writer, and damage."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.catalog.records import Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.records import embeddings_of, is_sound, records_of, seal
from tests.index.vectors.embeddings import DIMENSION, stored, unit, write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.i8"


def made_commit(sequence, rows, checksum):
    return Commit(sequence, rows, rows, rows, 0, rows, checksum, "")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 70), st.integers(0, 9), st.floats(1e-3, 1.0))
def test_embeddings_are_stored_within_half_a_step(rows, dimension, seed, norm):
    embeddings = unit(rows, seed, dimension) * np.float32(norm)
    records = records_of(embeddings)
    found = embeddings_of(records, dimension)
    step = records["scale"][:, None]
    assert (np.abs(found - embeddings) <= step * 0.5001).all()
    assert (np.abs(records["codes"]).max(1) == 127).all()
    # A second conversion changes nothing.
    assert np.array_equal(records_of(found), records)


def test_zeros_stay_zeros():
    assert not embeddings_of(records_of(np.zeros((2, DIMENSION), np.float32)), DIMENSION).any()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.data())
def test_checksum_finds_any_flipped_bit_and_a_wrong_row(dimension, data):
    rows = np.arange(3, 6)
    records = seal(records_of(unit(3, 1, dimension)), 3)
    assert is_sound(records, rows).all()
    assert not is_sound(records, rows + 1).any()
    content = bytearray(records.tobytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    flipped = np.frombuffer(bytes(content), records.dtype)
    wrong = bit // 8 // records.dtype.itemsize
    assert is_sound(flipped, rows).tolist() == [at != wrong for at in range(3)]


def test_writer_truncates_the_rest_and_reads_rows(path):
    write(path, unit(10))
    file = VectorFile(path, DIMENSION)
    size = path.stat().st_size
    with path.open("ab") as torn:
        torn.write(b"half a row")
    file.cut(10)
    assert path.stat().st_size == size
    found = embeddings_of(file.read([3, 9]), DIMENSION)
    np.testing.assert_array_equal(found, stored(unit(10))[[3, 9]])
    assert file.read([]).shape == (0,)
    with pytest.raises(BrokenIndexError, match=r"rows\.i8 is missing or shorter"):
        file.cut(11)


def test_damage_is_located(path):
    file = VectorFile(path, DIMENSION)
    commits, checksum = [], 0
    for number in range(1, 4):
        checksum = write(path, unit(5, number), 5 * (number - 1), checksum)
        commits.append(made_commit(number, number * 5, checksum))
    assert checksum == zlib.crc32(path.read_bytes())
    assert file.damaged(commits).tolist() == []
    assert file.is_whole(commits[-1])
    content = bytearray(path.read_bytes())
    size = len(content) // 15
    content[7 * size + 9] ^= 1
    path.write_bytes(content)
    assert file.damaged(commits).tolist() == [7]
    assert not file.is_whole(commits[-1])
    with pytest.raises(BrokenIndexError, match="row 7 does not match"):
        file.read([6, 7])
    path.write_bytes(content[: 12 * size])
    assert file.damaged(commits).tolist() == [7, 12, 13, 14]


def test_rows_of_another_index_count_as_damaged(path):
    # Their own checksums match.
    checksum = write(path, unit(5, 1))
    commits = [made_commit(1, 5, checksum), made_commit(2, 10, checksum ^ 1)]
    write(path, unit(5, 2), 5, checksum)
    assert VectorFile(path, DIMENSION).damaged(commits).tolist() == [5, 6, 7, 8, 9]
