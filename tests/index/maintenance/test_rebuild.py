"""Compaction, repair, change of encoder, and backups: same articles in new parts."""

import inspect
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from whoosh import query

from nutgraf.index import IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.article import Article
from nutgraf.index.catalog.compression import TextCodec
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import (
    BrokenIndexError,
    DiskFullError,
    EncoderError,
    IndexLockedError,
    NotAnIndexError,
    UntrustedIndexError,
)
from nutgraf.index.maintenance import create, new_generation, switch
from nutgraf.index.maintenance.backup import back_up_index
from nutgraf.index.maintenance.rebuild import (
    compact_index,
    put_back_index,
    reindex,
    repair_index,
)
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig, OnnxEncoder
from nutgraf.index.models.encoder.titled import TitledEncoder
from nutgraf.index.models.files import fingerprint
from nutgraf.index.split import contexts_of
from nutgraf.index.vectors.records import record_type
from nutgraf.search import Filters, Searcher

SECRET = "The magistrate withdrew the accusation against Ottoline Verhaeghe."


def article(name, *paragraphs, **fields):
    return Article(name, f"On {name}", paragraphs, **fields)


FIRST = [
    article("ferry", "The ferry left the harbour.", "Nobody was hurt.", source="X"),
    article("case", SECRET, "The case is closed.", published="2023-01-04"),
    article("bread", "Bread costs more.", "Nobody was hurt.", author="Ines Aquilar"),
]


@pytest.fixture
def index(engine, tmp_path, tiny_encoder):
    """Create an index with tombstones: one article was replaced and one deleted."""
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=engine)
    write(path, *FIRST)
    write(path, article("ferry", "The ferry sank.", "Nobody was hurt.", source="Y"))
    write(path, delete=["case"])
    return path


@pytest.fixture
def other_encoder(tmp_path, encoder_folder):
    return str(encoder_folder)


def write(path, *articles, delete=()):
    with IndexWriter(path, trust=True) as writer:
        for one in articles:
            writer.put(one)
        for name in delete:
            assert writer.delete(name)


def contents(path):
    """Return all visible paragraphs by id; check rows and embeddings."""
    with IndexSnapshot.open(path, trust=True) as snapshot:
        rows = snapshot.keywords.rows(query.Every())
        texts = snapshot.paragraphs(rows.tolist())
        alive = np.ones(snapshot.commit.rows, bool) if snapshot.alive is None else snapshot.alive
        assert np.flatnonzero(alive).tolist() == rows.tolist()
        encoder = TitledEncoder(snapshot.encoder)
        for record in {record for record, _ in texts.values()}:
            read = contexts_of(record.title, list(snapshot.catalog.rows(record.rows).values()))
            for row, embedding in zip(record.rows, encoder.encode(read), strict=True):
                (score,) = snapshot.vectors.scores(embedding, np.array([row]))
                assert score == pytest.approx(float(embedding @ embedding), rel=0.01)
        return {
            paragraph.id: (paragraph.text, record.title, record.source, record.published)
            for record, paragraph in texts.values()
        }


def bytes_of(path):
    """Return the bytes of all files, and the texts that a catalog stores compressed."""
    files = b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())
    return files + b"".join(map(texts_of, sorted(path.rglob("catalog.sqlite"))))


def texts_of(path):
    with closing(UncheckedCatalog.open(path)) as catalog:
        stored = catalog.stored_rows(range(1 << 20)).values()
        return b"".join(row.text.encode() for row in stored)


@pytest.mark.both_engines
def test_compaction_drops_dead_rows_and_keeps_all_articles(index):
    before = contents(index)
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert (snapshot.commit.rows, snapshot.commit.paragraphs) == (8, 4)
        last = snapshot.sequence
    done = compact_index(index)
    assert (done.articles, done.paragraphs, done.dropped_rows, done.encoded) == (2, 4, 4, 0)
    assert contents(index) == before
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert (snapshot.commit.rows, snapshot.commit.paragraphs) == (4, 4)
        assert snapshot.sequence == done.snapshot > last
    assert {path.name for path in index.iterdir()} == {
        "manifest.json", "generation-2", "write.lock", "rebuild.lock",
    }  # fmt: skip
    assert compact_index(index).dropped_rows == 0
    assert (index / "generation-3").exists()
    assert not (index / "generation-2").exists()
    assert contents(index) == before


@pytest.mark.both_engines
def test_compaction_removes_all_text_of_deleted_articles(index):
    assert SECRET.encode() in bytes_of(index)
    compact_index(index)
    found = bytes_of(index)
    for words in (SECRET, "Verhaeghe", "verhaegh", "magistr", "The ferry left"):
        assert words.encode() not in found, words
    assert b"The ferry sank." in found


def test_compaction_removes_previous_and_unfinished_generations(index, other_encoder, fail_at):
    write(index, FIRST[1])
    reindex(index, other_encoder)
    (index.parent / "third").mkdir()
    third = shutil.copytree(other_encoder, index.parent / "third" / "encoder")
    change(third)
    fail_at("copied", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        reindex(index, str(third))
    write(index, delete=["case"])
    assert bytes_of(index).count(SECRET.encode()) >= 3
    compact_index(index)
    assert SECRET.encode() not in bytes_of(index)


def test_index_can_be_written_and_read_during_compaction(index):
    write(index, *(article(f"a{n}", f"Paragraph number {n}.") for n in range(50)))
    with Searcher(index, trust=True) as searcher:
        seen = []

        def in_the_midst(done, total):
            if not seen:
                write(index, article("late", "It came late."), delete=["bread"])
                assert searcher.refresh()
                seen.append(searcher.search("late", mode="keyword").hits[0].article.id)

        compact_index(index, on_progress=in_the_midst)
        assert seen == ["late"]
        assert searcher.refresh()
        assert searcher.search("late", mode="keyword").hits[0].article.id == "late"
        assert searcher.article("bread") is None
        write(index, article("later", "It came later."))
        searcher.refresh()
        assert searcher.article("later") is not None
    assert len(contents(index)) == 2 + 50 + 1 + 1


def test_reader_without_open_parts_switches_to_new_generation(index):
    with Searcher(index, trust=True) as searcher:
        compact_index(index)
        # Neither columns nor embeddings were open when their files were deleted.
        response = searcher.search("nobody was hurt", filters=Filters(source=("Y",)))
        assert {hit.article.id for hit in response.hits} == {"ferry"}


def test_rebuild_waits_for_a_writer_and_excludes_other_rebuilds(index, monkeypatch):
    monkeypatch.setattr(switch, "REBUILD_LOCK_WAIT", 0.3)
    with (
        IndexWriter(index, trust=True),
        pytest.raises(IndexLockedError, match="is being written by process"),
    ):
        compact_index(index)
    monkeypatch.setattr(switch, "REBUILD_LOCK_WAIT", 20)
    writer = IndexWriter(index, trust=True)
    writer.put(article("late", "It came late."))
    threading.Timer(0.5, lambda: writer.__exit__(None, None, None)).start()
    compact_index(index)
    assert "late#0" in contents(index)

    def again(done, total):
        with pytest.raises(IndexLockedError, match="is being rebuilt by process"):
            compact_index(index)

    compact_index(index, on_progress=again)


@pytest.mark.both_engines
@pytest.mark.parametrize("part", ["keywords", "columns", "rows.i8", "encoder"])
def test_repair_rebuilds_a_damaged_part(index, part, monkeypatch):
    before = contents(index)
    path = index / part
    if part == "rows.i8":
        content = bytearray(path.read_bytes())
        size = record_type(Manifest.read(index).encoder.dimension).itemsize
        content[-1 - size] ^= 8  # the last row but one, of the second commit, which is alive
        path.write_bytes(content)
        with pytest.raises(BrokenIndexError, match="nutgraf repair"):
            compact_index(index)
        with pytest.raises(BrokenIndexError, match="nutgraf repair"):
            back_up_index(index, index.parent / "copy")
    elif part == "encoder":
        kept = shutil.copytree(path, index.parent / "kept")
        (path / "model.onnx").write_bytes(b"")
        monkeypatch.setattr(
            new_generation,
            "make_encoder",
            _finds({"golden-tiny": str(kept)}, create.make_encoder),
        )
    else:
        shutil.rmtree(path)
    done = repair_index(index)
    # No other row has the text of the damaged row.
    assert done.encoded == (1 if part == "rows.i8" else 0)
    assert contents(index) == before
    write(index, *FIRST)
    assert len(contents(index)) == 6


def _finds(models, make):
    return lambda model, folder: make(models.get(model, model), folder)


def test_repair_rebuilds_damaged_indexes_of_sqlite(index):
    before = contents(index)
    with closing(sqlite3.connect(index / "catalog.sqlite")) as catalog:
        page = "SELECT rootpage FROM sqlite_schema WHERE name = 'paragraphs_by_context'"
        ((page,),) = catalog.execute(page).fetchall()
        ((size,),) = catalog.execute("PRAGMA page_size").fetchall()
        catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (index / "catalog.sqlite").open("r+b") as file:
        file.seek(page * size - 40)  # The first entries of a page are at its end.
        file.write(bytes(20))
    found = verify_index(index, trust=True).findings
    assert {finding.part for finding in found} == {"catalog.sqlite"}
    assert "nutgraf repair" in found[0].remedy
    repair_index(index)
    assert verify_index(index, trust=True).clean
    assert contents(index) == before


def test_repair_refuses_damaged_texts(index):
    with closing(sqlite3.connect(index / "catalog.sqlite")) as catalog:
        changed = TextCodec().compress("Bread costs mare.")
        newest = "(SELECT max(first_row) FROM articles WHERE removed IS NULL)"
        catalog.execute(f"UPDATE paragraphs SET text = ? WHERE row = {newest}", (changed,))
        catalog.commit()
    for attempt in (repair_index, compact_index, lambda i: back_up_index(i, i.parent / "copy")):
        with pytest.raises(BrokenIndexError, match="is damaged"):
            attempt(index)
    assert not (index.parent / "copy").exists()


@pytest.mark.both_engines
def test_reindex_encodes_all_paragraphs_and_can_be_reversed(index, other_encoder):
    before = contents(index)
    first = Manifest.read(index).encoder
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        done = reindex(index, other_encoder)
        assert done.encoded == 4, "the same text under two titles is encoded twice"
        assert searcher.refresh()
        assert searcher.search("bakery prices", mode="semantic").hits[0].article.id == "bread"
    assert Manifest.read(index).encoder == EncoderConfig.read(Path(other_encoder))
    assert contents(index) == before
    with pytest.raises(EncoderError, match="already"):
        reindex(index, other_encoder)
    write(index, article("late", "It came late."), delete=["ferry"])
    with_late = contents(index)
    put_back_index(index, trust=True)
    assert Manifest.read(index).encoder == first
    assert contents(index) == with_late
    put_back_index(index, trust=True)
    assert Manifest.read(index).encoder != first
    assert contents(index) == with_late
    compact_index(index)
    with pytest.raises(EncoderError, match="keeps no other encoder"):
        put_back_index(index)


def _interrupt(*_):
    raise KeyboardInterrupt


def test_reindex_continues_after_an_interruption(index, other_encoder, monkeypatch):
    encoded = []
    encode = OnnxEncoder.encode_paragraphs

    def counting(self, texts):
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(OnnxEncoder, "encode_paragraphs", counting)

    def stop(done, total):
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    before = contents(index)
    with pytest.raises(KeyboardInterrupt):
        reindex(index, other_encoder, on_progress=stop)
    assert contents(index) == before
    assert Manifest.read(index).generation == 1
    write(index, article("late", "It came late."), delete=["ferry"])
    encoded.clear()
    reindex(index, other_encoder, trust=True)
    title = article("late", "It came late.").title
    assert encoded == ["It came late.", title]
    assert {name.partition("#")[0] for name in contents(index)} == {"bread", "late"}


def change(encoder):
    """Change the fingerprint and name of an encoder, but not its embeddings."""
    tokenizer = encoder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + "\n")
    config = json.loads((encoder / "config.json").read_text())
    names = ("model.onnx", "tokenizer.json", "words.npy")
    files = [encoder / name for name in names if (encoder / name).exists()]
    config["sha256"] = fingerprint(*(file.read_bytes() for file in files))
    (encoder / "config.json").write_text(json.dumps({**config, "name": "third"}))


def test_another_index_can_be_the_model(index, encoder_folder, tmp_path):
    compact_index(index)
    create_index(tmp_path / "alike.index", model=str(index))
    assert Manifest.read(tmp_path / "alike.index").encoder == Manifest.read(index).encoder
    create_index(tmp_path / "other.index", model=str(encoder_folder))
    with pytest.raises(EncoderError, match="already"):
        reindex(index, str(tmp_path / "alike.index"))
    assert reindex(index, str(tmp_path / "other.index")).encoded == 4


def test_damaged_unfinished_generation_is_replaced(index, other_encoder):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(index, other_encoder, trust=True, on_progress=stop)
    (index / "generation-2" / "encoder" / "model.onnx").write_bytes(b"")
    assert reindex(index, other_encoder, trust=True).encoded == 4
    assert len(contents(index)) == 4


@pytest.mark.both_engines
def test_put_back_requires_trust_for_whoosh(index, other_encoder):
    reindex(index, other_encoder)
    if Manifest.read(index).keyword_engine == "whoosh":
        with pytest.raises(UntrustedIndexError):
            put_back_index(index)
    put_back_index(index, trust=True)


def test_failed_compaction_leaves_no_generation(index, monkeypatch):
    def full(done, total):
        raise DiskFullError("no room")

    for error in (full, _interrupt):
        with pytest.raises((DiskFullError, KeyboardInterrupt)):
            compact_index(index, on_progress=error)
        assert not (index / "generation-2").exists()
    monkeypatch.setattr(switch, "REBUILD_LOCK_WAIT", 0.1)
    with IndexWriter(index, trust=True), pytest.raises(IndexLockedError):
        compact_index(index)
    assert not (index / "generation-2").exists()


def test_next_writer_removes_files_of_a_killed_compaction(index):
    killed = subprocess.run([sys.executable, "-c", KILLED, "copied", index, "compact_index"])
    assert killed.returncode == -9
    assert (index / "generation-2").exists()
    write(index, article("late", "It came late."))
    assert not (index / "generation-2").exists()


def test_compaction_reports_files_that_it_cannot_remove(index, monkeypatch):
    remove = shutil.rmtree

    def refuses(path, *arguments, **options):
        if Path(path).name == "keywords":
            raise PermissionError(13, "Permission denied", str(path))
        remove(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", refuses)
        with pytest.raises(BrokenIndexError, match="keywords of an old generation could not"):
            compact_index(index)
    assert len(contents(index)) == 4
    write(index, article("late", "It came late."))
    assert not (index / "keywords").exists(), "the next writer tries again"


def test_compaction_refuses_parts_that_are_links(index, tmp_path):
    (index / "keywords").rename(tmp_path / "elsewhere")
    (index / "keywords").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BrokenIndexError, match="keywords is a link"):
        compact_index(index)
    assert len(contents(index)) == 4


def test_new_generation_has_the_permissions_of_the_index(index):
    index.chmod(0o750)
    compact_index(index)
    assert (index / "generation-2").stat().st_mode & 0o777 == 0o750


def test_commits_during_a_backup_are_not_reported_as_damage(index, monkeypatch):
    commits = Catalog.commits

    def slowly(catalog):
        yield from list(commits(catalog))
        write(index, article("late", "It came late."))
        yield from list(commits(catalog))[-1:]

    monkeypatch.setattr(Catalog, "commits", slowly)
    back_up_index(index, index.parent / "copy")


def test_backup_can_replace_an_index_in_use(index):
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        back_up_index(index, index.parent / "copy")
        shutil.rmtree(index)
        (index.parent / "copy").rename(index)
        assert searcher.refresh()
        assert searcher.statistics().rows == 4
        write(index, *(article(f"a{n}", f"Paragraph number {n}.") for n in range(9)))
        assert searcher.refresh()
        assert searcher.search("paragraph number", limit=20).snapshot == 4


def test_next_backup_removes_files_of_a_killed_one(index, tmp_path):
    partial = tmp_path / "copy.partial"
    (partial / "encoder").mkdir(parents=True)
    (partial / "catalog.sqlite").write_text(SECRET)
    with pytest.raises(NotAnIndexError, match="is inside the index"):
        back_up_index(index, index / "copy")
    back_up_index(index, tmp_path / "copy")
    assert not partial.exists()
    assert SECRET.encode() not in bytes_of(tmp_path / "copy")


@pytest.mark.both_engines
def test_backup_is_an_index(index, tmp_path):
    before = contents(index)
    copy = tmp_path / "copies" / "monday.index"

    def in_the_midst(done, total):
        write(index, article(f"late{done}", "It came late."))

    done = back_up_index(index, copy, on_progress=in_the_midst)
    assert done.encoded == 0
    assert contents(copy) == before
    assert len(contents(index)) > len(before)
    assert SECRET.encode() not in bytes_of(copy)
    write(copy, article("new", "New."))
    assert "new#0" in contents(copy)
    with pytest.raises(NotAnIndexError, match="already exists: name another path"):
        back_up_index(index, copy)
    assert [path.name for path in copy.parent.iterdir()] == ["monday.index"]
    compact_index(index)
    back_up_index(index, tmp_path / "tuesday.index")
    assert contents(tmp_path / "tuesday.index") == contents(index)


STEPS = re.findall(r'failpoint\("rebuild", "(\w+)"\)', inspect.getsource(switch))

KILLED = """
import os, signal, sys
from nutgraf.index.maintenance import rebuild
step, path = sys.argv[1:3]
def die(event, arguments):
    if event == "nutgraf.rebuild" and arguments == (step,):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
getattr(rebuild, sys.argv[3])(*sys.argv[2::2])
"""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["compact_index", "reindex"])
def test_kill_at_any_step_leaves_a_complete_index(index, other_encoder, step, how):
    before = contents(index)
    model = [other_encoder] if how == "reindex" else []
    killed = subprocess.run([sys.executable, "-c", KILLED, step, index, how, *model])
    assert killed.returncode == -9
    assert contents(index) == before
    switched = step in ("switched", "removed")
    assert (Manifest.read(index).generation == 2) == switched
    write(index, article("late", "It came late."))
    if how == "compact_index" and switched:
        assert not (index / "catalog.sqlite").exists(), "a writer removes the old generation"
        assert SECRET.encode() not in bytes_of(index)
    after = {**before, "late#0": ("It came late.", "On late", None, None)}
    assert contents(index) == after
    if how == "compact_index":
        compact_index(index)
    elif not switched:
        reindex(index, *model, trust=True)
    assert contents(index) == after
