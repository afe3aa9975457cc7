"""`nutgraf watch` on real files."""

import json
import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from queue import Queue

import pytest
from rich.console import Console

from nutgraf.api.cli.indexing import watch as watching_module
from nutgraf.api.cli.indexing.article_reader import ArticleReader
from nutgraf.api.cli.indexing.index import IndexOptions
from nutgraf.api.cli.indexing.rejects import open_rejects
from nutgraf.api.cli.indexing.stable_files import StableFiles
from nutgraf.api.cli.indexing.watch import FolderWatcher
from nutgraf.index import Article, IndexSnapshot, IndexWriter
from nutgraf.index.sources import read as files, workers
from nutgraf.index.storage.lock import WriteLock
from tests.api.conftest import NUTGRAF, TINY_ENCODER

OPTIONS = ("-i", "x.index", "--model", TINY_ENCODER, "--json")


@contextmanager
def watching(folder, *arguments):
    """Run `nutgraf watch`. Its `line()` returns the next line of output within 30 s."""
    process = subprocess.Popen(
        [NUTGRAF, "watch", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    lines = Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
    reader.start()
    process.line = lambda: json.loads(lines.get(timeout=30))
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()


def texts_of(index, article):
    with IndexSnapshot.open(index) as snapshot:
        record = snapshot.catalog.find(article, snapshot.sequence)
        return list(snapshot.catalog.texts(record.rows).values())


def test_new_and_changed_files_are_indexed(tmp_path):
    folder = tmp_path / "in"
    (folder / "later").mkdir(parents=True)
    (folder / "first.txt").write_text("First\n\nIt was there.")
    os.utime(folder / "first.txt", (1, 1))
    with watching(tmp_path, "in", "--rejects", "in/rejects.jsonl", *OPTIONS) as process:
        assert process.line()["created"] == 1

        (folder / "later" / "second.txt").write_text("Second\n\nOne.\n\nTwo.\n\nThree.")
        (folder / "bad.jsonl").write_text('{"title": "T"}\n')
        (folder / ".hidden.txt").write_text("Hidden\n\nNobody looks at it.")
        second = process.line()
        assert (second["created"], second["updated"]) == (1, 0)
        if not second["rejected"]:
            assert process.line()["rejected"] == 1
        assert texts_of(tmp_path / "x.index", "later/second") == ["One.", "Two.", "Three."]

        # Other processes can write between batches. Articles of deleted files stay.
        with IndexWriter(tmp_path / "x.index") as writer:
            writer.put(Article("other", "Other", ("By another.",)))
        (folder / "first.txt").unlink()
        (folder / "later" / "second.txt").write_text("Second\n\nFour.")
        third = process.line()
        assert (third["created"], third["updated"], third["encoded"]) == (0, 1, 1)
        assert texts_of(tmp_path / "x.index", "later/second") == ["Four."]
        assert texts_of(tmp_path / "x.index", "first") == ["It was there."]

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert b"Traceback" not in process.stderr.read()
    (reject,) = (folder / "rejects.jsonl").read_text().splitlines()
    assert json.loads(reject)["place"] == f"{folder}/bad.jsonl:1"


def test_index_in_a_watched_folder_is_not_a_change(tmp_path):
    (tmp_path / "a.txt").write_text("A\n\nJust written.")
    with watching(tmp_path, ".", *OPTIONS) as process:
        assert process.line()["created"] or process.line()["created"]  # Once it is stable.
        # There are lines only for articles, although each of them changes the index.
        for name in "bc":
            (tmp_path / f"{name}.txt").write_text(f"{name}\n\nJust written.")
            assert process.line()["created"] == 1
        process.send_signal(signal.SIGTERM)
        output = process.wait(30)
        # The one line is the message about creating the index.
        assert (output, process.stderr.read().count(b"\n")) == (0, 1)


def test_unknown_device_ends_the_command(run, tmp_path):
    (tmp_path / "in").mkdir()
    done = run("watch", "in", *OPTIONS, "--device", "cuda:99")
    assert done.returncode == 2
    assert b"finds no device 'cuda:99'" in done.stderr
    assert not (tmp_path / "x.index").exists()


def test_only_folders_are_watched(run, tmp_path):
    done = run("watch", "missing")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"nutgraf: missing is not a folder; use 'nutgraf index' to index files\n"


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """Return a function that watches in/ in this process.

    It calls each function of `between` before a check for changes.
    """
    messages = Console(file=StringIO(), width=300)
    (tmp_path / "in").mkdir()

    def summaries(*between):
        def changes():
            for step in between:
                yield step() or set()

        with open_rejects(tmp_path / "rejects.jsonl") as file:
            index_options = IndexOptions(str(TINY_ENCODER))
            reader = partial(ArticleReader, messages, rejects=file)
            seen = FolderWatcher(
                [tmp_path / "in"],
                tmp_path / "x.index",
                index_options,
                reader,
                trust=False,
                stable_files=StableFiles(0.0),
            )
            return list(seen.summaries(changes())), messages.file.getvalue()

    return summaries


def test_reject_is_reported_once_while_another_process_writes(tmp_path, looked, monkeypatch):
    (tmp_path / "in" / "a.txt").write_text("A\n\nIt was there.")
    looked(lambda: None)
    (tmp_path / "in" / "bad.jsonl").write_text('{"title": "T"}\n')
    monkeypatch.setattr(watching_module, "MAX_LOCK_WAIT_SECONDS", 0.0)
    lock = WriteLock(tmp_path / "x.index")
    done, printed = looked(lambda: None, lambda: None, lock.release)
    assert printed.count("retrying") == 2
    assert [(one.unchanged, one.rejected) for one in done] == [(1, 1)]
    assert len((tmp_path / "rejects.jsonl").read_bytes().splitlines()) == 1


def test_file_with_failing_reader_is_skipped_until_it_changes(tmp_path, looked, monkeypatch):
    def read_file(source, *arguments):
        if Path(source.path).name == "b.txt":
            raise RecursionError("too deep")
        return files.read_file(source, *arguments)

    for name in "abc":
        (tmp_path / "in" / f"{name}.txt").write_text(f"{name}\n\nIt was there.")
    monkeypatch.setattr(workers, "read_file", read_file)
    second = str(tmp_path / "in" / "b.txt")
    done, printed = looked(
        lambda: None, lambda: None, lambda: {second}, lambda: monkeypatch.undo(), lambda: None
    )
    assert printed.count("b.txt could not be read: RecursionError: too deep") == 1
    assert [one.created for one in done] == [1, 1]
    assert [texts_of(tmp_path / "x.index", name) for name in "abc"] == [["It was there."]] * 3
