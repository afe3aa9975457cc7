"""Clusters: recall against exact search, growth, damage and kills at each step."""

import subprocess
import sys

import numpy as np
import pytest

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.vectors import VectorIndex, clustering, clusters, vector_index
from nutgraf.index.vectors.background import ClusterThread
from nutgraf.index.vectors.clustering import is_due, make_clusters
from nutgraf.index.vectors.clusters import ClusterRecord, Clusters
from tests.index.vectors.embeddings import unit, write

DIMENSION = 64
ROWS = 6_000


def topics(rows, seed):
    """Return embeddings that are spread around 200 topics."""
    random = np.random.default_rng(seed)
    centres = unit(200, 1, DIMENSION)[random.integers(0, 200, rows)]
    made = centres + unit(rows, seed, DIMENSION) * np.float32(0.8)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture
def few(monkeypatch):
    """Make clusters worth while for few rows."""
    monkeypatch.setattr(vector_index, "FEW_ROWS", 100)
    monkeypatch.setattr(clustering, "FIRST_ROWS", 1_000)
    monkeypatch.setattr(clustering, "NEW_ROWS", 500)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "rows.i8", topics(ROWS, 2))
    return tmp_path


def make(folder, rows):
    make_clusters(folder / "clusters", folder / "rows.i8", DIMENSION, rows)
    return Clusters.open(folder / "clusters")


def opened(folder, rows=ROWS, *, clusters=True):
    place = folder / "clusters" if clusters else None
    return VectorIndex.open(folder / "rows.i8", DIMENSION, rows, place)


def recall(index, exact, allowed=None, effort=1.0, depth=100):
    shares = []
    for question in topics(20, 9):
        near = index.rank(question, depth, allowed, effort)
        best = exact.rank(question, depth, allowed)
        assert near.scores.tolist() == exact.scores(question, near.rows).tolist()
        assert len(near) == len(best)
        assert near.complete == best.complete
        shares.append(len(np.intersect1d(near.rows, best.rows)) / len(best))
    return np.mean(shares)


def test_approximate_search_finds_the_exact_best(folder, few):
    make(folder, ROWS)
    index, exact = opened(folder), opened(folder, clusters=False)
    assert index.clusters is not None
    assert recall(index, exact) > 0.95
    assert recall(index, exact, effort=8) > 0.995
    for share in (0.5, 0.1, 0.01, 0.0005):
        allowed = np.random.default_rng(3).random(ROWS) < share
        assert recall(index, exact, allowed) > 0.95
    assert recall(index, exact, depth=ROWS) == 1


def test_more_effort_finds_more(folder, few, monkeypatch):
    monkeypatch.setattr(vector_index, "RESCORED", 200)
    monkeypatch.setattr(clusters, "LEAST_ROWS", 1)
    make(folder, ROWS)
    index, exact = opened(folder), opened(folder, clusters=False)
    found = [recall(index, exact, effort=effort, depth=40) for effort in (0.1, 8)]
    assert found[0] < found[1]


def test_a_general_question_searches_more_clusters(folder, few, monkeypatch):
    made = make(folder, ROWS)
    near = np.linspace(1, -1, 100, dtype=np.float32)
    assert made._probes(near, 1) == 100  # So few rows are all searched.
    monkeypatch.setattr(clusters, "LEAST_ROWS", 1)
    close = np.count_nonzero(near > 1 - clusters.MARGIN * made.record.spread)
    assert 3 < close < 50
    assert made._probes(near, 1) == close
    assert made._probes(near, 2) == 2 * close
    assert made._probes(near, 8) == 100
    assert made._probes(np.full(100, 0.3, np.float32), 1) == 50
    assert made._probes(np.array([1.0] + 99 * [-1.0], np.float32), 1) == 3


def test_new_rows_are_found_at_once_and_added_later(folder, few):
    made = make(folder, 4_000)
    index = opened(folder)
    question = topics(ROWS, 2)[5_555]
    assert made.rows == index.clusters.rows == 4_000
    assert index.rank(question, 1, None).rows.tolist() == [5_555]
    later = make(folder, ROWS)
    assert (later.record.rows, later.record.trained) == (ROWS, 4_000)
    grown = index.grown(folder / "rows.i8", ROWS, folder / "clusters")
    assert grown.clusters.rows == ROWS
    assert grown.rank(question, 1, None).rows.tolist() == [5_555]
    # The files of the older clusters are deleted, and still mapped.
    assert index.rank(question, 1, None).rows.tolist() == [5_555]
    assert len(list((folder / "clusters").glob("*.faiss"))) == 1
    assert recall(grown, opened(folder, clusters=False)) > 0.95


def test_growth_computes_new_centroids(folder, few):
    assert make(folder, 1_200).record.trained == 1_200
    assert make(folder, 2_399).record.trained == 1_200
    assert make(folder, 2_400).record.trained == 2_400


def test_each_row_is_in_one_list_and_zeros_in_none(tmp_path, few):
    embeddings = topics(2_000, 4)
    embeddings[::7] = 0
    write(tmp_path / "rows.i8", embeddings)
    make(tmp_path, 1_500)
    clusters = make(tmp_path, 2_000)
    assert clusters.check() == []
    assert clusters.row_counts(2_000).tolist() == embeddings.any(axis=1).astype(int).tolist()


def test_clusters_of_later_rows_are_not_used(folder, few):
    make(folder, ROWS)
    assert opened(folder, 5_999).clusters is None


def test_clusters_of_other_rows_are_ignored_and_made_again(folder, few):
    make(folder, 4_000)
    foreign = topics(ROWS, 3)
    foreign[:3_990] = topics(ROWS, 2)[:3_990]  # The two histories part late.
    write(folder / "rows.i8", foreign)
    assert opened(folder).clusters is None
    assert recall(opened(folder), opened(folder, clusters=False)) == 1.0
    thread = ClusterThread(folder / "clusters", folder / "rows.i8", DIMENSION)
    thread.follow(ROWS)
    thread.wait()
    assert opened(folder).clusters.rows == ROWS
    assert Clusters.open(folder / "clusters").check() == []
    assert recall(opened(folder), opened(folder, clusters=False)) > 0.9


def test_due_by_size_and_growth(few):
    record = ClusterRecord("name", 2_000, 0, 1_000, 0.1, 0, 0, ())
    assert not is_due(999, None)
    assert is_due(1_000, None)
    assert not is_due(2_499, record)
    assert is_due(2_500, record)


def test_thread_makes_them_when_they_are_due(folder, few):
    thread = ClusterThread(folder / "clusters", folder / "rows.i8", DIMENSION)
    thread.follow(999)
    thread.wait()
    assert Clusters.open(folder / "clusters") is None
    thread.follow(2_000)
    thread.follow(4_000)
    thread.wait()
    assert Clusters.open(folder / "clusters").rows == 4_000
    thread.follow(4_100)
    thread.wait()
    assert Clusters.open(folder / "clusters").rows == 4_000


def test_another_process_that_makes_them_is_left_alone(folder, few):
    (folder / "clusters").mkdir()
    lock = WriteLock(folder / "clusters")
    assert make(folder, ROWS) is None
    lock.release()
    assert make(folder, ROWS).rows == ROWS


def test_failure_is_logged_and_search_goes_on(folder, few, caplog):
    (folder / "rows.i8").write_bytes(b"")
    thread = ClusterThread(folder / "clusters", folder / "rows.i8", DIMENSION)
    thread.follow(ROWS)
    thread.wait()
    assert "could not be made" in caplog.text
    assert str(thread.error) in caplog.text


def test_file_that_cannot_be_created_is_told(folder, few):
    (folder / "clusters").mkdir()
    (folder / "clusters" / f"{ROWS}-{ROWS}.partial").symlink_to(folder / "none" / "file")
    with pytest.raises(OSError, match="No such file"):
        make(folder, ROWS)
    assert opened(folder).clusters is None


@pytest.mark.parametrize("place", ["head", "list", "record", "short", "missing"])
def test_damage_is_told_and_mended(folder, few, place):
    record = make(folder, 5_000).record
    path = folder / "clusters" / ("current.json" if place == "record" else record.file)
    content = bytearray(path.read_bytes())
    at = {"head": record.head - 1, "record": 20}.get(place, len(content) - 40)
    content[at] ^= 1
    path.unlink()
    if place != "missing":
        path.write_bytes(content[:-1_000] if place == "short" else content)
    with pytest.raises(BrokenIndexError, match="repair"):
        opened(folder).rank(topics(1, 9)[0], 100, None, 8.0)
    assert make(folder, ROWS).check() == []
    assert recall(opened(folder), opened(folder, clusters=False)) > 0.95


KILLED = """
import os, sys
from pathlib import Path
from nutgraf.index.vectors.clustering import make_clusters
def hook(event, arguments):
    if event == "nutgraf.cluster" and arguments[0] == sys.argv[3]:
        os._exit(9)
sys.addaudithook(hook)
folder = Path(sys.argv[1])
make_clusters(folder / "clusters", folder / "rows.i8", int(sys.argv[2]), int(sys.argv[4]))
"""


@pytest.mark.parametrize("step", ["trained", "assigned", "written", "swapped"])
def test_kill_at_any_step_leaves_usable_clusters(folder, few, step):
    make(folder, 4_000)
    command = [sys.executable, "-c", KILLED, folder, str(DIMENSION), step, str(ROWS)]
    assert subprocess.run(command, check=False).returncode == 9
    clusters = Clusters.open(folder / "clusters")
    assert clusters.rows == (ROWS if step == "swapped" else 4_000)
    assert clusters.check() == []
    exact = opened(folder, clusters=False)
    assert recall(opened(folder), exact) > 0.95
    assert make(folder, ROWS).rows == ROWS
    write(folder / "rows.i8", topics(600, 3), ROWS)
    make(folder, ROWS + 600)
    assert len(list((folder / "clusters").glob("*.faiss"))) == 1
