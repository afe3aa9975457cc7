"""VectorIndex without clusters, compared with a plain dot product."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.vectors import VectorIndex
from tests.index.vectors.embeddings import DIMENSION, stored, unit, write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.i8"


def opened(path, rows):
    return VectorIndex.open(path, DIMENSION, rows)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 500),
    depth=st.integers(1, 60),
    seed=st.integers(0, 5),
    share=st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]),
)
def test_ranking_equals_the_dot_product(tmp_path_factory, rows, depth, seed, share):
    path = tmp_path_factory.mktemp("vectors") / "rows.i8"
    embeddings = unit(rows, seed)
    write(path, embeddings)
    question = unit(1, seed + 100)[0]
    allowed = None if share is None else np.random.default_rng(seed).random(rows) < share
    ranking = opened(path, rows).rank(question, depth, allowed)

    exact = stored(embeddings) @ question
    possible = np.arange(rows) if allowed is None else np.flatnonzero(allowed)
    best = possible[np.lexsort((possible, -exact[possible]))][:depth]
    assert ranking.rows.dtype == np.int64
    assert ranking.scores.dtype == np.float32
    assert ranking.complete == (len(possible) <= depth)
    np.testing.assert_allclose(ranking.scores, exact[best], atol=1e-6)
    np.testing.assert_allclose(exact[ranking.rows], exact[best], atol=1e-6)
    assert set(ranking.rows.tolist()) <= set(possible.tolist())


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(1, 30), st.integers(0, 3))
def test_close_scores_are_in_exact_order(tmp_path_factory, rows, depth, seed):
    # The differences are smaller than the error of float16, in which FAISS compares.
    path = tmp_path_factory.mktemp("vectors") / "rows.i8"
    base, noise = unit(1, seed), unit(rows, seed + 1) * np.float32(1e-2)
    write(path, base * np.float32(0.9) + noise)
    index = opened(path, rows)
    ranking = index.rank(base[0], depth, None)
    every = index.scores(base[0], np.arange(rows))
    best = np.lexsort((np.arange(rows), -every))[:depth]
    assert ranking.rows.tolist() == best.tolist()
    assert ranking.scores.tolist() == every[best].tolist()


def test_equal_embeddings_are_in_the_order_of_rows(path):
    write(path, np.repeat(unit(1), 500, axis=0))
    index = opened(path, 500)
    assert index.rank(unit(1)[0], 50, None).rows.tolist() == list(range(50))


def test_scores_equal_those_of_the_ranking(path):
    write(path, unit(100))
    index = opened(path, 100)
    question = unit(1, 9)[0]
    ranking = index.rank(question, 20, None)
    assert index.scores(question, ranking.rows).tolist() == ranking.scores.tolist()
    assert index.scores(question, np.empty(0, np.int64)).shape == (0,)


def test_embeddings_are_those_stored(path):
    written = unit(20)
    write(path, written)
    rows = np.array([7, 0, 19, 7])
    found = opened(path, 20).embeddings(rows)
    assert found.dtype == np.float32
    assert np.array_equal(found, stored(written)[rows])
    assert opened(path, 20).embeddings(np.empty(0, np.int64)).shape == (0, DIMENSION)


def test_no_rows_give_no_hits(path):
    path.touch()
    assert len(opened(path, 0).rank(np.ones(DIMENSION, np.float32), 10, None)) == 0


def test_reader_sees_only_the_rows_of_its_commit(path):
    write(path, unit(10))
    ranking = opened(path, 6).rank(np.ones(DIMENSION, np.float32), 10, None)
    assert sorted(ranking.rows) == list(range(6))
    with pytest.raises(BrokenIndexError, match=r"rows\.i8 is missing or shorter"):
        opened(path, 11)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 60), st.booleans())
def test_grown_index_ranks_like_a_newly_opened_one(tmp_path_factory, steps, depth, masked):
    path = tmp_path_factory.mktemp("vectors") / "rows.i8"
    path.touch()
    rows, checksum = 0, 0
    grown = opened(path, 0)
    for number, more in enumerate(steps, 1):
        checksum = write(path, unit(more, number), rows, checksum) if more else checksum
        rows += more
        grown = grown.grown(path, rows)
    allowed = np.random.default_rng(rows).random(rows) < 0.5 if masked else None
    question = unit(1, 77)[0]
    one, other = (index.rank(question, depth, allowed) for index in (grown, opened(path, rows)))
    assert one.rows.tolist() == other.rows.tolist()
    assert one.scores.tolist() == other.scores.tolist()
    assert one.complete == other.complete
    assert grown.segments <= max(1, rows).bit_length()


@pytest.mark.parametrize("at", [0, 5, 20])
def test_flipped_bit_is_never_shown(path, at):
    write(path, unit(10))
    content = bytearray(path.read_bytes())
    size = len(content) // 10
    content[7 * size + at] ^= 4
    path.write_bytes(content)
    with pytest.raises(BrokenIndexError, match="row 7 does not match its checksum"):
        opened(path, 10).rank(unit(1)[0], 10, None)
    index = opened(path, 7)
    assert len(index.rank(unit(1)[0], 10, None)) == 7
    with pytest.raises(BrokenIndexError, match="row 7"):
        index.grown(path, 10)
