"""LiveIndex and Searcher: new commits appear, and snapshots in use stay open."""

import gc
import shutil
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from nutgraf.index import IndexSnapshot, IndexWriter, compact_index, create_index
from nutgraf.index.article import Article
from nutgraf.index.errors import BrokenIndexError, NotAnIndexError, UntrustedIndexError
from nutgraf.index.reader import live
from nutgraf.index.reader.live import LiveIndex
from nutgraf.search import SearchCache, Searcher
from tests.waiting import until


@pytest.fixture
def index(engine, tmp_path, tiny_encoder):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=engine)
    put(path, "a", "The ferry left the harbour.")
    return path


def put(index, name, *paragraphs):
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article(name, f"On {name}", paragraphs))


def ids(searcher, question):
    return {hit.article.id for hit in searcher.search(question, mode="keyword").hits}


def test_new_commit_is_visible_soon(index):
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        assert ids(searcher, "ferry bridge") == {"a"}
        for number in range(3):
            put(index, f"b{number}", "The bridge is closed.", f"Number {number}.")
            until(lambda: f"b{number}" in ids(searcher, "bridge"))  # noqa: B023
        best = searcher.search("The bridge is closed.", mode="semantic", explain=True).hits[0]
        assert best.paragraph.text == "The bridge is closed."
        assert best.explain.semantic.score > 0.9


@pytest.mark.both_engines
def test_refresh_returns_whether_there_was_a_newer_commit(index):
    with Searcher(index, trust=True) as searcher:
        assert not searcher.refresh()
        put(index, "b", "The bridge is closed.")
        assert searcher.refresh()
        assert not searcher.refresh()
        assert ids(searcher, "bridge") == {"b"}


def test_newer_snapshot_shares_unchanged_parts(index):
    with LiveIndex(index, trust=True) as live, live.snapshot() as before:
        before.warm()
        put(index, "a", "The ferry sank.")
        assert live.refresh()
        with live.snapshot() as after:
            assert after is not before
            assert after.encoder is before.encoder
            assert {"columns", "vectors", "alive"} <= vars(after).keys()
            assert (before.commit.rows, after.commit.rows) == (1, 2)
            assert before.alive is None
            assert after.alive.tolist() == [False, True]
        assert before.paragraphs([0])[0][1].text == "The ferry left the harbour."


def test_snapshot_in_use_stays_open_until_its_last_user_ends(index, monkeypatch):
    closed = []
    close = IndexSnapshot.close
    monkeypatch.setattr(IndexSnapshot, "close", lambda self: (closed.append(self), close(self)))
    live = LiveIndex(index, trust=True)
    with live.snapshot() as first, live.snapshot() as again:
        assert again is first
        put(index, "b", "The bridge.")
        assert live.refresh()
        assert first not in closed
        assert first.article("a").id == "a"
    assert closed.count(first) == 1
    with live.snapshot() as second:
        live.close()
        assert second not in closed
        assert second.article("b").id == "b"
    assert closed.count(second) == 1
    with pytest.raises(ValueError, match="is closed: open it again"), live.snapshot():
        pass


@pytest.mark.both_engines
def test_searches_in_threads_succeed_during_commits(index):
    done = threading.Event()

    def ask(searcher):
        asked = 0
        while not done.is_set():
            response = searcher.search("version", limit=50)
            found = {hit.article.title for hit in response.hits if hit.article.id == "marker"}
            assert len(found) <= 1, found
            asked += 1
        return asked

    with Searcher(index, trust=True) as searcher, ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask, searcher) for _ in range(3)]
        for number in range(8):
            with IndexWriter(index, trust=True) as writer:
                title = f"Version {number}"
                writer.put(Article("marker", title, (f"One version {number}.", "Two version.")))
            searcher.refresh()
        done.set()
        assert all(each.result(30) for each in asking)


def test_refresh_reports_a_missing_index_and_open_snapshot_answers(index, tiny_encoder):
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        index.rename(index.with_name("gone"))
        with pytest.raises(NotAnIndexError, match="there is no index"):
            searcher.refresh()
        assert ids(searcher, "ferry") == {"a"}
        create_index(index, model=str(tiny_encoder))
        put(index, "c", "Another ferry.")
        assert searcher.refresh()
        assert ids(searcher, "ferry") == {"c"}
        shutil.rmtree(index / "columns")
        (index / "columns").mkdir()
    with Searcher(index) as searcher, pytest.raises(BrokenIndexError, match="columns"):
        searcher.warm()


def test_file_that_cannot_be_read_leaves_the_open_snapshot_in_use(index, monkeypatch):
    monkeypatch.setattr(live, "_LOOK_EVERY", 0)
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        put(index, "b", "The bridge is closed.")
        (index / "clusters" / "current.json").mkdir(parents=True)
        assert ids(searcher, "ferry") == {"a"}
        with pytest.raises(IsADirectoryError):
            searcher.refresh()
        shutil.rmtree(index / "clusters")
        assert ids(searcher, "bridge") == {"b"}


def test_closed_snapshot_releases_its_columns_without_the_garbage_collector(index):
    gc.disable()
    try:
        snapshot = IndexSnapshot.open(index)
        snapshot.warm()
        columns = weakref.ref(snapshot.columns)
        snapshot.columns.check()
        snapshot.close()
        del snapshot
        assert columns() is None
    finally:
        gc.enable()


@pytest.mark.both_engines
def test_restored_copy_with_other_commits_is_another_index(index):
    copy = index.with_name("copy.index")
    shutil.copytree(index, copy)
    put(index, "b", "The bridge is closed.")
    put(copy, "c", "The tunnel is closed.")
    options = {"mode": "semantic", "explain": True}
    with Searcher(index, trust=True, cache=SearchCache()) as searcher:
        before = searcher.search("The tunnel is closed.", **options).hits[0]
        assert before.article.id == "b"
        searcher.warm()
        index.rename(index.with_name("gone"))
        copy.rename(index)
        assert searcher.refresh()
        assert not searcher.refresh()
        after = searcher.search("The tunnel is closed.", **options).hits[0]
        assert after.article.id == "c"
        assert after.explain.semantic.score > 0.9


def test_search_is_repeated_on_the_new_generation(index):
    lent = []

    class Overtaken(LiveIndex):
        """A LiveIndex whose first snapshot loses its parts before any of them is open."""

        @contextmanager
        def snapshot(self, sequence=None):
            with super().snapshot(sequence) as snapshot:
                lent.append(snapshot)
                if len(lent) == 1:
                    compact_index(index)
                    assert self.refresh()
                yield snapshot

    with Searcher(Overtaken(index, trust=True)) as searcher:
        assert [hit.id for hit in searcher.search("ferry", group="article")] == ["a"]
        assert len(lent) == 2


def test_closed_searcher_is_not_opened_again(index):
    searcher = Searcher(index, trust=True)
    searcher.close()
    put(index, "b", "The bridge.")
    assert not searcher.refresh()
    with pytest.raises(ValueError, match="is closed: open it again"):
        searcher.search("bridge")


def test_trust_is_required_for_an_index_that_replaces_another(tmp_path, tiny_encoder):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    with Searcher(path) as searcher:
        shutil.rmtree(path)
        create_index(path, model=str(tiny_encoder), keyword_engine="whoosh")
        with pytest.raises(UntrustedIndexError):
            searcher.refresh()
