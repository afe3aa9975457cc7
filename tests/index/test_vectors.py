"""Vectors: FAISS compared with a plain dot product, and damaged files."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.vectors import VectorFile, VectorIndex

DIMENSION = 32


def made_commit(sequence: int, rows: int, checksum: int) -> Commit:
    return Commit(sequence, rows, rows, rows, 0, rows, checksum, "")


def unit(rows, seed=0):
    values = np.random.default_rng(seed).standard_normal((rows, DIMENSION), dtype=np.float32)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.f16"


def write(path, embeddings):
    file = VectorFile(path, DIMENSION)
    file.cut(0)
    file.append(embeddings, 0)
    return file


def commit_of(path, rows):
    """Return a commit of the first `rows` rows that rows.f16 has now."""
    content = path.read_bytes()[: rows * DIMENSION * 2]
    return made_commit(1, rows, zlib.crc32(content))


def opened(path, rows):
    return VectorIndex.open(path, DIMENSION, commit_of(path, rows))


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 500),
    depth=st.integers(1, 60),
    seed=st.integers(0, 5),
    share=st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]),
)
def test_faiss_ranking_equals_the_dot_product(tmp_path_factory, rows, depth, seed, share):
    path = tmp_path_factory.mktemp("vectors") / "rows.f16"
    embeddings = unit(rows, seed)
    write(path, embeddings)
    question = unit(1, seed + 100)[0].astype(np.float32)
    allowed = None if share is None else np.random.default_rng(seed).random(rows) < share
    ranking = opened(path, rows).rank(question, depth, allowed)

    exact = embeddings.astype(np.float32) @ question
    possible = np.arange(rows) if allowed is None else np.flatnonzero(allowed)
    best = possible[np.lexsort((possible, -exact[possible]))][:depth]
    assert ranking.rows.dtype == np.int64
    assert ranking.scores.dtype == np.float32
    assert ranking.complete == (len(possible) <= depth)
    assert len(ranking) == len(best)
    np.testing.assert_allclose(ranking.scores, exact[best], atol=1e-5)
    np.testing.assert_allclose(exact[ranking.rows], exact[best], atol=1e-5)
    assert set(ranking.rows.tolist()) <= set(possible.tolist())


def test_equal_embeddings_are_in_the_order_of_rows(path):
    write(path, np.repeat(unit(1), 50, axis=0))
    index = opened(path, 50)
    assert index.rank(unit(1)[0].astype(np.float32), 50, None).rows.tolist() == list(range(50))


def test_scores_equal_those_of_the_ranking(path):
    write(path, unit(100))
    index = opened(path, 100)
    question = unit(1, 9)[0].astype(np.float32)
    ranking = index.rank(question, 20, None)
    np.testing.assert_allclose(index.scores(question, ranking.rows), ranking.scores, atol=1e-5)
    assert index.scores(question, np.empty(0, np.int64)).shape == (0,)


def test_embeddings_are_read_unchanged(path):
    written = unit(20)
    write(path, written)
    rows = np.array([7, 0, 19, 7])
    found = opened(path, 20).embeddings(rows)
    assert found.dtype == np.float32
    assert np.array_equal(found, written[rows].astype(np.float32))
    assert opened(path, 20).embeddings(np.empty(0, np.int64)).shape == (0, DIMENSION)


def test_no_rows_give_no_hits(path):
    path.touch()
    index = opened(path, 0)
    assert len(index.rank(np.ones(DIMENSION, np.float32), 10, None)) == 0


def test_reader_sees_its_rows_and_writer_truncates_the_rest(path):
    file = write(path, unit(10))
    index = opened(path, 6)
    assert sorted(index.rank(np.ones(DIMENSION, np.float32), 10, None).rows) == list(range(6))
    with path.open("ab") as torn:
        torn.write(b"half a row")
    file.cut(10)
    assert path.stat().st_size == 10 * DIMENSION * 2
    np.testing.assert_array_equal(file.read([3, 9]), unit(10)[[3, 9]])
    assert file.read([]).shape == (0, DIMENSION)


def test_error_names_the_short_file(path):
    file = write(path, unit(4))
    for attempt in (lambda: opened(path, 5), lambda: file.cut(5)):
        with pytest.raises(BrokenIndexError, match=r"rows\.f16 is missing or shorter"):
            attempt()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 60), st.booleans())
def test_grown_index_ranks_like_a_newly_opened_one(tmp_path_factory, steps, depth, masked):
    path = tmp_path_factory.mktemp("vectors") / "rows.f16"
    file = VectorFile(path, DIMENSION)
    file.cut(0)
    rows, checksum = 0, 0
    before, grown = NO_COMMIT, VectorIndex.open(path, DIMENSION, NO_COMMIT)
    for number, more in enumerate(steps, 1):
        checksum = file.append(unit(more, number), checksum) if more else checksum
        rows += more
        commit = made_commit(number, rows, checksum)
        grown = grown.grown(path, DIMENSION, before, commit)
        before = commit
    whole = VectorIndex.open(path, DIMENSION, before)
    allowed = np.random.default_rng(rows).random(rows) < 0.5 if masked else None
    question = unit(1, 77)[0].astype(np.float32)
    one, other = (index.rank(question, depth, allowed) for index in (grown, whole))
    assert one.rows.tolist() == other.rows.tolist()
    assert one.scores.tolist() == other.scores.tolist()
    assert one.complete == other.complete
    assert grown.segments <= max(1, rows).bit_length()


def test_flipped_bit_is_detected_and_located(path):
    file = VectorFile(path, DIMENSION)
    file.cut(0)
    commits = []
    for number in range(1, 4):
        checksum = file.append(unit(5, number), commits[-1].checksum if commits else 0)
        commits.append(made_commit(number, number * 5, checksum))
    assert file.damaged(commits) == []
    content = bytearray(path.read_bytes())
    content[7 * DIMENSION * 2] ^= 1
    path.write_bytes(content)
    VectorIndex.open(path, DIMENSION, commits[0])
    for attempt in (
        lambda: VectorIndex.open(path, DIMENSION, commits[2]),
        lambda: VectorIndex.open(path, DIMENSION, commits[0]).grown(
            path, DIMENSION, commits[0], commits[1]
        ),
        lambda: file.check(commits[1]),
    ):
        with pytest.raises(BrokenIndexError, match="damaged"):
            attempt()
    assert file.damaged(commits) == [range(5, 10)]
    path.write_bytes(content[: 12 * DIMENSION * 2])
    assert file.damaged(commits) == [range(5, 10), range(10, 15)]
