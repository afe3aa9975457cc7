"""IndexWriter and IndexSnapshot: puts, deletions, atomic commits and recovery."""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from whoosh import query

from nutgraf.index import IndexSnapshot, IndexWriter, create_index, keywords
from nutgraf.index.analysis.versions.identity import make_identities
from nutgraf.index.analysis.versions.minhash import make_sketches
from nutgraf.index.article import Article
from nutgraf.index.errors import (
    BrokenIndexError,
    EncoderError,
    IndexLockedError,
    InputError,
    NotAnIndexError,
    UntrustedIndexError,
)
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import TitledEncoder, TitledText
from nutgraf.index.storage.checked_json import checksum_of
from nutgraf.index.storage.layout import CATALOG, COLUMNS, KEYWORDS, SUGGESTIONS, VECTORS
from nutgraf.index.storage.sizes import SHARED
from nutgraf.index.vectors import VectorFile
from nutgraf.index.writing import parts
from nutgraf.index.writing.batch import Batch
from tests.codes import codes_by_row


def article(name, *paragraphs, **fields):
    return Article(id=name, title=f"On {name}", paragraphs=paragraphs, **fields)


FERRY = article("ferry", "The ferry left the harbour at dawn.", "Nobody was hurt.")
BREAD = article("bread", "Bakers raised the price of bread.", published="2023-01-04")


@pytest.fixture
def index(engine, tmp_path, encoder_folder):
    path = tmp_path / "news.index"
    create_index(path, model=str(encoder_folder), keyword_engine=engine)
    return path


@pytest.fixture
def tantivy_index(tmp_path, encoder_folder):
    path = tmp_path / "news.index"
    create_index(path, model=str(encoder_folder))
    return path


def write(index, *articles, delete=()):
    with IndexWriter(index, trust=True) as opened:
        outcomes = [opened.put(one) for one in articles]
        deleted = [opened.delete(one) for one in delete]
    return outcomes + deleted


def texts(index, term, *, trust=True):
    """Return the texts of the paragraphs that contain a term."""
    with IndexSnapshot.open(index, trust=trust) as snapshot:
        (stem,) = snapshot.analyzer(None).terms(term)
        rows = snapshot.keywords.rows(query.Term("text", stem))
        return [paragraph.text for _, paragraph in snapshot.paragraphs(rows.tolist()).values()]


@pytest.mark.both_engines
def test_put_replace_delete(index):
    assert write(index, FERRY, BREAD) == ["created", "created"]
    assert texts(index, "ferry") == [FERRY.paragraphs[0]]
    later = article("ferry", "The ferry sank.", "Nobody was hurt.")
    assert write(index, later, BREAD) == ["updated", "unchanged"]
    assert texts(index, "ferry") == ["The ferry sank."]
    assert texts(index, "harbour") == []
    assert texts(index, "hurt") == ["Nobody was hurt."]
    assert write(index, delete=["ferry", "nothing"]) == [True, False]
    assert texts(index, "ferry") == []
    assert texts(index, "bread") == [BREAD.paragraphs[0]]
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert snapshot.sequence == 3
        counted = snapshot.statistics()
        assert (counted.articles, counted.paragraphs, counted.rows) == (1, 1, 5)
        assert snapshot.alive.tolist() == [False, False, True, False, False]
        assert counted.bytes > 20_000_000
        assert counted.bytes == sum(counted.parts.values())
        assert counted.parts[VECTORS] == (index / VECTORS).stat().st_size
        grown = {name: size for name, size in counted.parts.items() if name not in SHARED}
        assert grown.keys() == {CATALOG, VECTORS, KEYWORDS, COLUMNS, SUGGESTIONS}
        assert counted.bytes_per_paragraph == sum(grown.values()), "there is one paragraph"


def test_put_and_delete_within_one_commit(index):
    with IndexWriter(index, trust=True) as opened:
        assert opened.put(FERRY) == "created"
        assert opened.put(FERRY) == "unchanged"
        assert opened.put(article("ferry", "Third.")) == "updated"
        assert opened.delete("ferry")
        assert not opened.delete("ferry")
        assert opened.put(BREAD) == "created"
        assert opened.delete("bread")
        assert opened.put(BREAD) == "created"
        assert opened.commit() == 1
        assert opened.commit() == 1, "a commit without changes keeps the sequence number"
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert snapshot.article("ferry") is None
        assert snapshot.article("bread").title == "On bread"


@pytest.mark.both_engines
def test_snapshot_does_not_change_with_later_commits(index):
    write(index, FERRY)
    with IndexSnapshot.open(index, trust=True) as before:
        write(index, BREAD, delete=["ferry"])
        assert before.article("ferry").id == "ferry"
        assert before.article("bread") is None
        rows = before.keywords.rows(query.Every())
        assert rows.tolist() == [0, 1]
        assert [p.text for _, p in before.paragraphs([0, 1]).values()] == list(FERRY.paragraphs)
        ranking = before.vectors.rank(before.encoder.encode_question("bread"), 10, before.alive)
        assert sorted(ranking.rows.tolist()) == [0, 1]
    with IndexSnapshot.open(index, trust=True) as after:
        assert after.article("ferry") is None


def test_equal_texts_are_encoded_once_and_combined_with_titles(tantivy_index, monkeypatch):
    encoded = []
    encode = OnnxEncoder.encode_paragraphs

    def counting(self, items, **options):
        encoded.extend(items)
        return encode(self, items, **options)

    monkeypatch.setattr(OnnxEncoder, "encode_paragraphs", counting)
    write(tantivy_index, FERRY)
    assert encoded == [*FERRY.paragraphs, FERRY.title]
    encoded.clear()
    last = "It is news."  # It is so short that the encoder reads it with the previous row.
    copy = Article("copy", FERRY.title, (*FERRY.paragraphs, last))
    write(tantivy_index, copy, Article("other", "Another", (last,)))
    assert encoded == [f"Nobody was hurt. {last}", last, FERRY.title, "Another"]
    with IndexSnapshot.open(tantivy_index) as snapshot:
        rows = snapshot.embeddings(np.arange(6))
        texts = [*FERRY.paragraphs, *FERRY.paragraphs, f"Nobody was hurt. {last}", last]
        titles = [FERRY.title] * 5 + ["Another"]
        expected = (encode(snapshot.encoder, texts) + 0.4 * encode(snapshot.encoder, titles)) / 1.4
    np.testing.assert_allclose(rows, expected, atol=2e-3)


def test_uncommitted_articles_are_dropped(index):
    write(index, FERRY)
    opened = IndexWriter(index, trust=True)
    opened.put(BREAD)
    opened.__exit__(RuntimeError, RuntimeError(), None)
    assert texts(index, "bread") == []
    assert write(index, BREAD) == ["created"]


def test_long_input_is_committed_in_steps(tantivy_index, monkeypatch):
    monkeypatch.setattr(parts, "SAVE_EVERY", 4)
    monkeypatch.setattr(parts, "COMMIT_EVERY", 8)
    monkeypatch.setattr(parts, "ENCODE_EVERY", 2)
    visible = []
    with IndexWriter(tantivy_index) as opened:
        for number in range(11):
            opened.put(article(f"a{number}", "Same opening.", f"Paragraph number {number}."))
            with IndexSnapshot.open(tantivy_index) as snapshot:
                visible.append((opened.sequence, snapshot.commit.articles))
    assert visible == [
        *((0, 0), (1, 0), (1, 0), (2, 4), (2, 4), (3, 4), (3, 4), (4, 8), (4, 8), (5, 8), (5, 8)),
    ]
    with IndexSnapshot.open(tantivy_index) as snapshot:
        assert snapshot.commit.articles == 11


def test_saved_articles_become_visible_when_the_writer_closes(tantivy_index, monkeypatch):
    monkeypatch.setattr(parts, "SAVE_EVERY", 2)
    opened = IndexWriter(tantivy_index)
    opened.put(article("saved", "It was saved.", "It was made durable."))
    opened.put(article("dropped", "It was dropped."))
    assert texts(tantivy_index, "durable") == []
    opened.__exit__(RuntimeError, RuntimeError(), None)
    assert texts(tantivy_index, "durable") == ["It was made durable."]
    assert texts(tantivy_index, "dropped") == []


def test_commits_without_own_changes_show_the_saved_ones(tantivy_index, monkeypatch):
    monkeypatch.setattr(parts, "SAVE_EVERY", 1)
    with IndexWriter(tantivy_index) as opened:
        opened.put(FERRY)
        assert opened.commit() == 1
        assert texts(tantivy_index, "ferry") == [FERRY.paragraphs[0]]
        opened.put(replace(FERRY, title="Another"))
        opened.put(BREAD)
        opened.delete("ferry")
        assert opened.commit() == 4
        assert texts(tantivy_index, "ferry") == []
        assert texts(tantivy_index, "bread") == [BREAD.paragraphs[0]]


@pytest.mark.both_engines
@pytest.mark.parametrize("step", ["columns", "keywords", "torn"])
def test_opening_recovers_after_a_dead_writer(index, fail_at, step):
    write(index, FERRY)
    opened = IndexWriter(index, trust=True)
    opened.put(BREAD)
    opened.delete("ferry")
    # The last steps that succeed before the failure.
    before = {"torn": "embeddings", "columns": "catalog", "keywords": "suggestions"}
    fail_at(before[step], OSError("died"))
    with pytest.raises(OSError, match="died"):
        opened.commit()
    for attempt in (opened.commit, lambda: opened.put(FERRY), lambda: opened.delete("ferry")):
        with pytest.raises(BrokenIndexError, match="failed half-way"):
            attempt()
    opened.close()
    assert texts(index, "ferry") == [FERRY.paragraphs[0]], "readers see the previous commit"
    with IndexWriter(index, trust=True):
        pass
    acknowledged = step != "torn"
    assert bool(texts(index, "bread")) == acknowledged
    assert bool(texts(index, "ferry")) != acknowledged
    assert write(index, BREAD) == ["unchanged" if acknowledged else "created"]
    assert texts(index, "bread") == [BREAD.paragraphs[0]]


def test_partly_written_embeddings_do_not_shift_later_ones(tantivy_index, monkeypatch):
    write(tantivy_index, FERRY)
    opened = IndexWriter(tantivy_index)
    opened.put(BREAD)

    def half(_file, _records, _first, _checksum):
        with (tantivy_index / "rows.i8").open("ab") as file:
            file.write(b"x" * 333)
        raise OSError("disk full")

    monkeypatch.setattr(VectorFile, "append", half)
    with pytest.raises(OSError, match="disk full"):
        opened.commit()
    monkeypatch.undo()
    opened.close()
    monkeypatch.undo()
    write(tantivy_index, BREAD)
    with IndexSnapshot.open(tantivy_index) as snapshot:
        paragraph = TitledText(BREAD.title, BREAD.paragraphs[0])
        (embedding,) = TitledEncoder(snapshot.encoder).encode([paragraph])
        best = snapshot.vectors.rank(embedding, 1, snapshot.alive)
        assert best.rows.tolist() == [2]
        assert best.scores[0] == pytest.approx(embedding @ embedding, abs=2e-3)


def test_recovery_does_not_replace_mapped_columns(tantivy_index, fail_at):
    write(tantivy_index, FERRY, BREAD)
    with IndexSnapshot.open(tantivy_index) as reader:
        before = reader.columns
        opened = IndexWriter(tantivy_index)
        opened.put(article("long", "One.", "Two.", "Three."))
        fail_at("suggestions", OSError("died"))
        with pytest.raises(OSError, match="died"):
            opened.commit()
        opened.close()
        column = tantivy_index / "columns" / "source"
        with column.open("r+b") as file:
            file.truncate(column.stat().st_size - 4)  # Within the rows of the last article.
        with IndexWriter(tantivy_index):
            pass
        assert before.article.tolist() == [1, 1, 2]
    with IndexSnapshot.open(tantivy_index) as after:
        assert after.columns.article.tolist() == [1, 1, 2, 3, 3, 3]
        assert len(codes_by_row(after.columns, "source")) == 6


@pytest.mark.parametrize("old", ["none", "another method"])
def test_missing_or_outdated_sketches_are_rebuilt(tantivy_index, old):
    write(tantivy_index, FERRY, BREAD)
    column, checks = (tantivy_index / "columns" / name for name in ("sketch", "checks.json"))
    made, fields = column.read_bytes(), json.loads(checks.read_bytes())
    if old == "none":
        column.unlink()
        del fields["of"]["sketch"], fields["sketches"]
    else:
        fields["sketches"] = "00"
        column.write_bytes(bytes(len(made)))
        fields["of"]["sketch"] = zlib.crc32(bytes(len(made)))
    checks.write_text(json.dumps(fields))
    with IndexWriter(tantivy_index):
        pass
    assert column.read_bytes() == made
    with IndexSnapshot.open(tantivy_index) as snapshot:
        texts = [*FERRY.paragraphs, *BREAD.paragraphs]
        assert snapshot.columns.sketch.tolist() == make_sketches(texts).tolist()
        assert snapshot.columns.identity.tolist() == make_identities(texts).tolist()


def test_missing_file_without_codes_is_written_again(tantivy_index):
    write(tantivy_index, FERRY, BREAD)
    lost = tantivy_index / "columns" / "tag.codes"
    assert lost.read_bytes() == bytes(4), "only the empty list: no article has a tag"
    lost.unlink()
    with (
        IndexSnapshot.open(tantivy_index) as snapshot,
        pytest.raises(BrokenIndexError, match=r"tag\.codes is missing"),
    ):
        snapshot.warm()
    write(tantivy_index, article("tagged", "The ferry left.", tags=("sea",)))
    with IndexSnapshot.open(tantivy_index) as snapshot:
        assert len(codes_by_row(snapshot.columns, "tag")) == snapshot.commit.rows
        assert lost.stat().st_size == 12


def test_columns_are_rebuilt_despite_a_damaged_text(tantivy_index):
    write(tantivy_index, FERRY, BREAD)
    with closing(sqlite3.connect(tantivy_index / "catalog.sqlite")) as connection, connection:
        connection.execute("UPDATE paragraphs SET text = x'00' WHERE row = 0")
    shutil.rmtree(tantivy_index / "columns")
    with IndexWriter(tantivy_index) as opened:
        opened.delete("ferry")
    with IndexSnapshot.open(tantivy_index) as snapshot:
        wanted = make_sketches(BREAD.paragraphs)
        assert snapshot.columns.sketch[-len(wanted) :].tolist() == wanted.tolist()


def test_after_an_interrupted_put_other_articles_are_committed(tantivy_index, monkeypatch):
    with IndexWriter(tantivy_index) as opened:
        opened.put(FERRY)
        for owner, name in ((Batch, "put"), (OnnxEncoder, "encode_paragraphs")):
            monkeypatch.setattr(parts, "ENCODE_EVERY", 1)
            with monkeypatch.context() as patched:
                patched.setattr(owner, name, _interrupt)
                with pytest.raises(KeyboardInterrupt):
                    opened.put(BREAD)
        assert not opened.failed
    assert texts(tantivy_index, "ferry") == [FERRY.paragraphs[0]]


def _interrupt(*_):
    raise KeyboardInterrupt


def test_memory_is_bounded_when_an_article_is_replaced_often(tantivy_index, monkeypatch):
    monkeypatch.setattr(parts, "SAVE_EVERY", 6)
    monkeypatch.setattr(parts, "ENCODE_EVERY", 2)
    with IndexWriter(tantivy_index) as opened:
        for number in range(20):
            opened.put(article("live", f"Update number {number}."))
        assert opened.sequence >= 3, "the writer saves when it has SAVE_EVERY texts"
    monkeypatch.setattr(parts, "COMMIT_CHARACTERS", 10)
    with IndexWriter(tantivy_index) as opened:
        before = opened.sequence
        opened.put(article("long", "More than ten characters."))
        assert opened.sequence == before + 1


def _hold(path, ready):
    with IndexWriter(path):
        ready.set()
        time.sleep(60)


def test_second_writer_gets_the_process_id_and_dead_writers_lock_is_free(tantivy_index):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tantivy_index, ready))
    holder.start()
    try:
        assert ready.wait(30)
        with pytest.raises(IndexLockedError, match=rf"written by process {holder.pid} on "):
            IndexWriter(tantivy_index)
        with IndexSnapshot.open(tantivy_index) as reader:
            assert reader.sequence == 0
        os.kill(holder.pid, signal.SIGKILL)
        holder.join(10)
        with IndexWriter(tantivy_index) as opened:
            assert opened.put(FERRY) == "created"
    finally:
        holder.kill()
        holder.join(10)


def test_empty_index_opens(index):
    with IndexSnapshot.open(index, trust=True) as snapshot:
        snapshot.warm()
        assert snapshot.commit.articles == 0
        assert snapshot.statistics().committed is None
        assert len(snapshot.keywords.rank(query.Every(), 10)) == 0


def test_whoosh_requires_trust(tmp_path, encoder_folder):
    path = tmp_path / "w.index"
    create_index(path, model=str(encoder_folder), keyword_engine="whoosh")
    for attempt in (IndexSnapshot.open, IndexWriter):
        with pytest.raises(UntrustedIndexError, match="--trust"):
            attempt(path)


def test_folders_without_an_index_are_refused(tmp_path, encoder_folder):
    with pytest.raises(NotAnIndexError, match="there is no index at"):
        IndexSnapshot.open(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(NotAnIndexError, match="is a file"):
        IndexSnapshot.open(tmp_path / "file")
    with pytest.raises(NotAnIndexError, match=r"holds no manifest\.json"):
        IndexWriter(tmp_path)
    with pytest.raises(NotAnIndexError, match="not an empty folder"):
        create_index(tmp_path, model=str(encoder_folder))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_failed_creation_leaves_no_files(tmp_path):
    with pytest.raises(EncoderError):
        create_index(tmp_path / "x.index", model=str(tmp_path / "no-model"))
    assert list(tmp_path.iterdir()) == []


def change_manifest(index, **fields):
    """Change fields of a manifest and make its checksum match."""
    path = index / "manifest.json"
    manifest = {**json.loads(path.read_text()), **fields}
    del manifest["checksum"]
    manifest["checksum"] = checksum_of(manifest)
    path.write_text(json.dumps(manifest))


def test_other_formats_and_damaged_manifests_are_refused(tantivy_index):
    for other in (1, 2, 3, 99):
        change_manifest(tantivy_index, format=other)
        message = f"format {other}, but this version of nutgraf reads"
        with pytest.raises(NotAnIndexError, match=message):
            IndexSnapshot.open(tantivy_index)
    change_manifest(tantivy_index, format=4, keyword_engine="sphinx")
    with pytest.raises(BrokenIndexError, match="keyword_engine is 'sphinx'"):
        IndexSnapshot.open(tantivy_index)
    manifest = tantivy_index / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 4', '"format": 5'))
    with pytest.raises(BrokenIndexError, match="its checksum does not match"):
        IndexSnapshot.open(tantivy_index)
    manifest.write_text("{")
    with pytest.raises(BrokenIndexError, match=r"manifest\.json is damaged"):
        IndexSnapshot.open(tantivy_index)


def test_error_about_another_encoder_names_both(tantivy_index):
    write(tantivy_index, FERRY)
    manifest = Manifest.read(tantivy_index)
    other = replace(manifest.encoder, name="acme/other-model", sha256="0" * 64)
    replace(manifest, encoder=other).write(tantivy_index)
    with (
        IndexSnapshot.open(tantivy_index) as snapshot,
        pytest.raises(EncoderError, match="acme/other-model") as raised,
    ):
        _ = snapshot.encoder
    assert manifest.encoder.name in str(raised.value)


def test_index_is_created_in_an_existing_empty_folder(tmp_path, encoder_folder, monkeypatch):
    (tmp_path / "empty").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path / "empty")
    create_index(".", model=str(encoder_folder))
    assert write(tmp_path / "empty", FERRY) == ["created"]
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700


def test_concurrent_creation_fails_for_one_caller(tmp_path, encoder_folder, monkeypatch):
    make = keywords.create

    def slow(path, engine):
        make(path, engine)
        monkeypatch.setattr(keywords, "create", make)
        create_index(tmp_path / "x.index", model=str(encoder_folder))

    monkeypatch.setattr(keywords, "create", slow)
    with pytest.raises(NotAnIndexError, match="by another process in the meantime"):
        create_index(tmp_path / "x.index", model=str(encoder_folder))
    assert write(tmp_path / "x.index", FERRY) == ["created"]
    assert [path.name for path in tmp_path.iterdir()] == ["x.index"]


def test_files_have_the_read_permissions_of_their_folder(tantivy_index):
    write(tantivy_index, FERRY)
    for path in tantivy_index.rglob("*"):
        if path.is_file() and path.suffix != ".lock":
            assert path.stat().st_mode & 0o044 == tantivy_index.stat().st_mode & 0o044, path
    assert not (tantivy_index / "catalog.sqlite-wal").exists()


def test_mapping_is_put_like_the_article_with_its_fields(tmp_path, tiny_encoder):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    moment = datetime(2023, 1, 4, 9, 30, tzinfo=UTC)
    with IndexWriter(index) as writer:
        row = {"id": 7, "title": "Mast", "text": "It fell.\n\nAt noon.", "published": moment}
        assert writer.put({**row, "words": 3, "seen": moment.date()}) == "created"
        article = Article("7", "Mast", ("It fell.", "At noon."), published=moment.isoformat())
        extra = {"words": 3, "seen": "2023-01-04"}
        assert writer.put(replace(article, extra=extra)) == "unchanged"
        assert writer.put(row) == "updated"
        assert writer.put(article) == "unchanged"
        assert writer.put({**row, "published": moment.date()}) == "updated"
        assert writer.put(replace(article, published="2023-01-04")) == "unchanged"
        with pytest.warns(UserWarning, match="article '7': invalid characters were .* 'title'"):
            assert writer.put({**row, "title": "Ma\x00st", "published": moment}) == "updated"
        assert writer.put(article) == "unchanged"
        with pytest.warns(UserWarning, match="unknown fields were left out: 'price'"):
            assert writer.put({**row, "price": {1, 2}}) == "unchanged"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": "T", "text": "x"}, "'id' is missing"),
        ({"id": "a", "text": "x"}, "'title' is missing"),
        ({"id": "a", "title": "T"}, "'paragraphs' is missing"),
        ({"id": "a", "title": "T", "text": "x", "published": "soon"}, "'published' is 'soon'"),
    ],
)
def test_invalid_mapping_is_refused_with_its_field(tmp_path, tiny_encoder, fields, message):
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with (
        IndexWriter(tmp_path / "news.index") as writer,
        pytest.raises(InputError, match=message),
    ):
        writer.put(fields)
