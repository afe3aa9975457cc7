"""Stored stories: growth, damage, kills at each step, and their use by readers."""

import subprocess
import sys
from threading import Event

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.catalog.records import Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.reader.live import LiveIndex
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.stories import Stories, Texts, background
from nutgraf.index.stories.file import StoredStories, StoryRecord
from nutgraf.index.verification import verify_index
from nutgraf.search import Searcher
from tests.made_texts import STORIES, edited, fills

TEXTS = [*STORIES.values(), *(text for name in STORIES for _, text in edited(name))]
TEXTS += [*fills("traffic", 6), "Ann Kovac of Dover died."]


def article(number):
    chosen = np.random.default_rng(number % 5).choice(TEXTS, 3, replace=False)
    return Article(f"a{number}", f"Title {number}", tuple(chosen.tolist()))


def put(index, numbers, deleted=()):
    with IndexWriter(index) as writer:
        for number in numbers:
            writer.put(article(number))
        for number in deleted:
            writer.delete(f"a{number}")


def anew(snapshot):
    return Stories.find(Texts.of(snapshot.columns, snapshot.ranked))


def same(some, others):
    return np.array_equal(some.text, others.text) and np.array_equal(some.article, others.article)


@pytest.fixture
def few(monkeypatch):
    """Store the stories of few rows."""
    monkeypatch.setattr(background, "FIRST_ROWS", 20)
    monkeypatch.setattr(background, "NEW_ROWS", 13)


@pytest.fixture
def index(tmp_path, tiny_encoder, few):
    """An index of 10 articles, with stored stories."""
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    put(path, range(10))
    return path


@pytest.fixture
def counted(monkeypatch):
    """The number of times that stories were found anew."""
    calls = []
    find = Stories.find

    def count(texts):
        calls.append(len(texts))
        return find(texts)

    monkeypatch.setattr(Stories, "find", count)
    return calls


def test_reader_maps_stored_stories(index, counted):
    with IndexSnapshot.open(index) as snapshot:
        stories = snapshot.stories
        assert not counted
        assert not stories.text.flags.owndata
        assert same(stories, anew(snapshot))
        assert (stories.text != np.arange(30)).any()
        assert len(np.unique(stories.article)) < 10


def test_reader_grows_stored_stories_to_its_commit(index, counted):
    put(index, [10, 11], deleted=[0, 3])
    assert StoryRecord.read(index / "stories").rows == 30
    with IndexSnapshot.open(index) as snapshot:
        assert same(snapshot.stories, anew(snapshot))
        assert len(counted) == 1
        put(index, [12], deleted=[11, 1])
        with snapshot.successor() as newer:
            assert newer.sequence == snapshot.sequence + 1
            assert same(newer.stories, anew(newer))
    assert len(counted) == 2


def test_snapshot_keeps_its_stories_when_later_ones_are_stored(index):
    with IndexSnapshot.open(index) as snapshot:
        put(index, range(10, 20), deleted=[0])
        assert StoryRecord.read(index / "stories").rows == 60
        assert same(snapshot.stories, anew(snapshot))
        assert len(list((index / "stories").glob("*.i4"))) == 1


def test_stories_are_stored_when_they_are_due(tmp_path, tiny_encoder, few):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    put(path, range(6))
    assert StoryRecord.read(path / "stories") is None
    put(path, [6])
    record = StoryRecord.read(path / "stories")
    assert (record.rows, record.ranked) == (21, 21)
    put(path, [7], deleted=[1])
    assert StoryRecord.read(path / "stories") == record
    put(path, [8, 9, 10])
    assert StoryRecord.read(path / "stories").rows == 33


def test_only_collapsed_questions_open_stories(index):
    with LiveIndex(index) as live, live.snapshot() as snapshot:
        searcher = Searcher(live)
        searcher.search("strike", mode="keyword")
        assert "stories" not in vars(snapshot)
        searcher.search("strike", mode="keyword", group="article")
        assert "stories" in vars(snapshot)


@pytest.mark.parametrize("place", ["text", "article", "record", "short", "missing"])
def test_damage_is_told_and_mended(index, place):
    record = StoryRecord.read(index / "stories")
    path = index / "stories" / ("current.json" if place == "record" else record.file)
    content = bytearray(path.read_bytes())
    content[{"text": 5, "article": 125}.get(place, 20)] ^= 1
    path.unlink()
    if place != "missing":
        path.write_bytes(content[:-1] if place == "short" else content)
    with (
        IndexSnapshot.open(index) as snapshot,
        pytest.raises(BrokenIndexError, match="nutgraf index"),
    ):
        _ = snapshot.stories
    assert [finding.part for finding in verify_index(index).findings] == ["stories"]
    put(index, [])
    with IndexSnapshot.open(index) as snapshot:
        assert same(snapshot.stories, anew(snapshot))
    assert verify_index(index).clean


def test_verification_finds_wrong_stories(index):
    stored = StoredStories.open(index / "stories")
    stories = Stories(stored.values[0].copy(), stored.values[1].copy())
    stories.text[np.flatnonzero(stories.text == np.arange(30))[-1]] = 0
    with IndexSnapshot.open(index) as snapshot:
        background.write_stories(
            index / "stories", stories, snapshot.commit, stored.record.method
        ).write(index / "stories")
    assert [finding.part for finding in verify_index(index).findings] == ["stories"]


def test_stories_of_another_method_are_not_used(index, counted, monkeypatch):
    monkeypatch.setattr("nutgraf.index.stories.file.METHOD", 0)
    with IndexSnapshot.open(index) as snapshot:
        assert same(snapshot.stories, anew(snapshot))
    assert len(counted) == 2


def test_busy_thread_stores_the_newest_stories_afterwards(index, monkeypatch):
    store, entered, go_on = background.store_stories, Event(), Event()

    def wait_and_store(*arguments):
        entered.set()
        go_on.wait()
        store(*arguments)

    monkeypatch.setattr(background, "store_stories", wait_and_store)
    with IndexWriter(index) as writer:
        for number in range(10, 20):
            writer.put(article(number))
        writer.commit()
        entered.wait()
        writer.put(article(20))
        writer.commit()
        go_on.set()
    assert StoryRecord.read(index / "stories").rows == 63


def test_another_process_that_stores_them_is_left_alone(index):
    record = StoryRecord.read(index / "stories")
    lock = WriteLock(index / "stories")
    put(index, range(10, 20))
    lock.release()
    assert StoryRecord.read(index / "stories") == record


def test_failure_is_logged_and_readers_go_on(index, few, caplog):
    (index / "stories" / "2.partial").mkdir()
    put(index, range(10, 20))
    assert "could not be stored" in caplog.text
    with IndexSnapshot.open(index) as snapshot:
        assert same(snapshot.stories, anew(snapshot))


KILLED = """
import os, sys
from pathlib import Path
from nutgraf.index import IndexSnapshot
from nutgraf.index.stories.background import store_stories
def hook(event, arguments):
    if event == "nutgraf.stories" and arguments[0] == sys.argv[2]:
        os._exit(9)
sys.addaudithook(hook)
with IndexSnapshot.open(sys.argv[1]) as snapshot:
    store_stories(Path(sys.argv[1]), snapshot.commit, {})
"""


@pytest.mark.parametrize("step", ["found", "written", "swapped"])
def test_kill_at_any_step_leaves_usable_stories(index, step):
    put(index, [10, 11], deleted=[2])
    command = [sys.executable, "-c", KILLED, index, step]
    assert subprocess.run(command, check=False).returncode == 9
    assert StoryRecord.read(index / "stories").rows == (36 if step == "swapped" else 30)
    with IndexSnapshot.open(index) as snapshot:
        assert same(snapshot.stories, anew(snapshot))
    put(index, range(12, 17))
    assert StoryRecord.read(index / "stories").rows == 51
    assert len(list((index / "stories").glob("*.i4"))) == 1


def test_stories_are_due_later_while_the_index_is_written(index):
    record = StoryRecord.read(index / "stories")
    rows, ranked = record.rows + 13, record.ranked + 13
    commit = Commit(record.sequence + 1, rows, rows, ranked, 0, rows, 0, "")
    assert background.is_due(commit, record)
    assert not background.is_due(commit, record, 14)
