"""Verification: a sound index has no findings; damage is found in the right part."""

import json
import shutil
import sqlite3
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, keywords
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog import dictionaries
from nutgraf.index.catalog.compression import TextCodec
from nutgraf.index.errors import NotAnIndexError, UntrustedIndexError
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.keywords.protocol import KeywordEntry
from nutgraf.index.maintenance.rebuild import repair_index
from nutgraf.index.manifest import Manifest
from nutgraf.index.vectors.records import embeddings_of, record_type, seal
from nutgraf.index.verification import verify as verifying, verify_index
from nutgraf.index.verification.remedies import RENUMBER
from tests.waiting import until

SHARED = "The same notice stands in many articles."


def article(name, version=0, paragraphs=3, **fields):
    texts = [f"Paragraph {place} of {name}, version {version}." for place in range(paragraphs)]
    return Article(name, f"On {name}", (SHARED, *texts), **fields)


@pytest.fixture(scope="module")
def made(engine, tmp_path_factory, tiny_encoder):
    """Build an index of 5 commits with replaced and deleted articles."""
    index = tmp_path_factory.mktemp("made") / "news.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        for number in range(12):
            writer.put(
                article(
                    f"a{number}",
                    published=f"2023-01-{number + 1:02}" if number % 3 else None,
                    source=f"Source {number % 4}" if number % 2 else None,
                    author="Zoë Ångström",
                )
            )
        writer.commit()
        writer.put(article("a3", 1, paragraphs=5, section="Ärger"))
        writer.put(article("a4", 1, paragraphs=1))
        writer.commit()
        writer.delete("a5")
        writer.commit()
        writer.put(article("a3", 2, source="Source 9"))
        writer.put(article("new", url="https://example.org/new"))
        writer.commit()
        writer.delete("a3")
        writer.put(article("a5"))
    return index


@pytest.fixture
def index(made, tmp_path):
    return shutil.copytree(made, tmp_path / "news.index")


def verify(index, **options):
    return verify_index(index, trust=True, **options)


def parts(index):
    return {finding.part for finding in verify(index).findings}


def only(index):
    """Return the only finding."""
    (finding,) = verify(index).findings
    assert finding.remedy
    return finding


def sql(index, statement, *values):
    with closing(sqlite3.connect(index / "catalog.sqlite", isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


@pytest.mark.both_engines
def test_sound_index_is_clean(index):
    found = verify(index)
    assert found.findings == ()
    assert found.clean
    ((articles, paragraphs, rows),) = sql(
        index, "SELECT articles, paragraphs, rows FROM commits ORDER BY sequence DESC LIMIT 1"
    )
    assert (found.sequence, found.articles, found.paragraphs) == (5, articles, paragraphs)
    assert (found.rows, found.encoded) == (rows, 64 if rows > 64 else rows)
    assert found.leftovers == ()
    assert verify(index, sample=0).encoded == 0


def test_empty_index_is_clean(tmp_path, tiny_encoder):
    for engine in ("tantivy", "whoosh"):
        index = tmp_path / engine
        create_index(index, model=str(tiny_encoder), keyword_engine=engine)
        found = verify(index)
        assert (found.findings, found.sequence, found.rows) == ((), 0, 0)


@pytest.mark.both_engines
def test_folder_without_index_and_untrusted_index_are_refused(index, tmp_path):
    with pytest.raises(NotAnIndexError):
        verify(tmp_path)
    if Manifest.read(index).keyword_engine == "whoosh":
        with pytest.raises(UntrustedIndexError):
            verify_index(index)
    else:
        assert verify_index(index).clean


def test_damaged_manifest_is_found(index):
    flip(index / "manifest.json", 80)
    assert only(index).part == "manifest.json"


def test_changed_text_is_found_and_replacing_the_article_removes_it(index):
    sql(index, "UPDATE paragraphs SET text = CAST(text || x'21' AS BLOB) WHERE row IN (1, 2)")
    found = only(index)
    assert found.part == "catalog.sqlite"
    assert "row 1 (a0#1), row 2 (a0#2)" in found.what
    assert found.remedy.startswith("delete these articles and index them again")
    with IndexWriter(index, trust=True) as writer:
        writer.delete("a0")
        writer.put(article("a0", author="Zoë Ångström"))
    after = only(index)
    assert "no living article is affected" in after.remedy


def test_text_of_invalid_utf8_is_found(index):
    invalid = TextCodec().compress("\0\0A").replace(b"\0\0", b"\xff\xff")
    sql(index, f"UPDATE paragraphs SET text = x'{invalid.hex()}' WHERE row = 3")
    assert "row 3 (a0#3)" in only(index).what


def test_damaged_dictionary_is_found(index, monkeypatch):
    monkeypatch.setattr(dictionaries, "FIRST", 20)
    with IndexWriter(index, trust=True) as writer:
        writer.put(article("long", paragraphs=400))
    assert verify(index).clean
    sql(index, "UPDATE dictionaries SET content = zeroblob(9) WHERE copy = 2")
    found = only(index)
    assert found.what == "a copy of a dictionary is damaged or missing: dictionary 1"
    assert "'nutgraf repair' writes a new catalog" in found.remedy
    sql(index, "UPDATE dictionaries SET seal = seal + 1 WHERE copy = 1")
    lost, texts = verify(index).findings
    assert "a dictionary is damaged" in lost.what
    assert "a text is missing or damaged" in texts.what
    sql(index, "UPDATE dictionaries SET seal = seal - 1 WHERE copy = 1")
    repair_index(index)
    assert verify(index).clean


def test_many_changed_texts_make_one_finding(index):
    sql(index, "UPDATE paragraphs SET text = x'00' WHERE row < 10")
    assert "row 2 (a0#2) and 7 more" in " ".join(found.what for found in verify(index).findings)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE articles SET title = 'Another' WHERE id = 'new'", "a record is damaged"),
        ("UPDATE articles SET removed = NULL WHERE id = 'a4' AND added = 1", "catalog"),
        ("UPDATE articles SET removed = 2 WHERE id = 'a6'", "a record is damaged"),
        ("UPDATE articles SET removed = 1 WHERE id = 'a6'", "a record is damaged"),
        ("UPDATE articles SET removed = 99 WHERE id = 'a6'", "belong to unknown commits"),
        ("UPDATE articles SET added = 2 WHERE id = 'a6'", "a record is damaged"),
        ("DELETE FROM articles WHERE id = 'a6'", "rows have no article"),
        ("DELETE FROM paragraphs WHERE row = 1", "a text is missing"),
        ("UPDATE paragraphs SET seal = seal + 1 WHERE row = 1", "row 1 (a0#1)"),
        (
            "INSERT INTO paragraphs VALUES (9999, 0, 0, 0, x'00', x'00', 0, 0, x'00')",
            "texts are beyond the last row",
        ),
        (
            "UPDATE commits SET articles = 40 WHERE sequence = 3",
            "the counts of a commit do not match its records",
        ),
        ("UPDATE commits SET rows = 40 WHERE sequence = 1", "was not added by the commit"),
        ("UPDATE commits SET checksum = 40 WHERE sequence = 1", "the checksum of rows.i8 in a"),
        ("UPDATE commits SET at = 'once' WHERE sequence = 2", "commits are invalid or out of"),
        ("DELETE FROM commits WHERE sequence = 2", "commits"),
        ("UPDATE codes SET code = 77 WHERE value = 'Source 1'", "codes are not numbered from 1"),
        ("UPDATE codes SET value = 'x' WHERE value = 'Source 1'", "a value has no code"),
        ("UPDATE articles SET published = '2020-01-01' WHERE id = 'a7'", "a record is damaged"),
    ],
)
def test_changed_catalog_entry_is_found(index, change, fault):
    try:
        sql(index, change)
    except sqlite3.IntegrityError:
        sql(index, "DROP INDEX articles_alive")
        sql(index, change)
    found = verify(index).findings
    assert {finding.part for finding in found} == {"catalog.sqlite"}, found
    assert fault in " ".join(map(str, found))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM codes WHERE value = 'Source 1'",
        "UPDATE codes SET code = 77 WHERE value = 'Source 1'",
        "UPDATE codes SET seal = 7 WHERE value = 'Source 1'",
    ],
)
def test_damaged_codes_are_rebuilt_by_repair_as_the_remedy_says(index, change):
    sql(index, change)
    remedies = {finding.remedy for finding in verify(index).findings}
    assert remedies == {RENUMBER}
    repair_index(index)
    assert verify(index).clean


def test_catalog_without_its_last_commit_is_found(index):
    (last,) = sql(index, "SELECT max(sequence) FROM commits")[0]
    sql(index, "DELETE FROM commits WHERE sequence = ?", last)
    found = verify(index).findings
    assert {finding.part for finding in found} == {"catalog.sqlite"}
    assert "the keyword index shows commit 5" in found[0].what


@pytest.mark.parametrize("damage", ["gone", "no database", "half"])
def test_unreadable_catalog_does_not_hide_damaged_columns(index, damage):
    catalog = index / "catalog.sqlite"
    flip(index / "columns" / "article", 3)
    if damage == "gone":
        catalog.unlink()
    elif damage == "no database":
        catalog.write_bytes(b"no database at all, just words " * 300)
    else:
        catalog.write_bytes(catalog.read_bytes()[: catalog.stat().st_size // 2])
    assert parts(index) == {"catalog.sqlite", "columns"}


def test_sqlite_index_that_differs_from_its_table_is_found(index):
    page = sql(index, "SELECT rootpage FROM sqlite_schema WHERE name = 'paragraphs_by_context'")
    ((size,),) = sql(index, "PRAGMA page_size")
    flip(index / "catalog.sqlite", page[0][0] * size - 10)
    found = only(index)
    assert found.part == "catalog.sqlite"
    assert "'nutgraf repair' writes a new catalog without the damage" in found.remedy


def test_changed_embeddings_are_found(index):
    flip(index / "rows.i8", 5)
    found = only(index)
    assert found.part == "rows.i8"
    assert found.what.endswith(": row 0")


def test_missing_embeddings_are_found_and_extra_ones_ignored(index):
    rows = index / "rows.i8"
    whole = rows.read_bytes()
    rows.write_bytes(whole + b"x" * 1000)
    assert verify(index).clean
    rows.write_bytes(whole[:-1])
    assert only(index).part == "rows.i8"
    rows.unlink()
    assert only(index).part == "rows.i8"


def test_embeddings_of_other_texts_or_lengths_are_found(index):
    dimension = Manifest.read(index).encoder.dimension
    records = np.fromfile(index / "rows.i8", record_type(dimension))
    rows = embeddings_of(records, dimension)
    # The random encoder makes all embeddings similar: swap the two least similar ones.
    alike = rows[:3] @ rows[:3].T
    one, other = np.unravel_index(alike.argmin(), alike.shape)
    records[[one, other]] = records[[other, one]]
    records["scale"][[3, 6]] = (2 * records["scale"][3], np.nan)
    records = seal(records, 0)
    records.tofile(index / "rows.i8")
    # Store the checksums of the wrong embeddings, as a faulty writer would.
    for sequence, end in sql(index, "SELECT sequence, rows FROM commits"):
        checksum = zlib.crc32(records[:end].tobytes())
        sql(index, "UPDATE commits SET checksum = ? WHERE sequence = ?", checksum, sequence)
    found = verify(index, sample=1000).findings
    assert {finding.part for finding in found} == {"rows.i8"}
    lengths, meaning = (finding.what for finding in found)
    assert lengths == "an embedding has an impossible length: row 3, row 6"
    assert f"row {one} " in meaning
    assert f"row {other} " in meaning


@pytest.mark.parametrize(
    "name",
    [
        *("article", "published", "source", "author", "section", "language", "sketch"),
        *("identity", "section.codes", "checks.json"),
    ],
)
def test_damaged_column_is_found_and_a_writer_rebuilds_it(index, name):
    whole = (index / "columns" / name).read_bytes()
    flip(index / "columns" / name, min(12, len(whole) - 1))
    assert parts(index) == {"columns"}
    (index / "columns" / name).write_bytes(whole[:-3])
    assert parts(index) == {"columns"}
    (index / "columns" / name).unlink()
    assert parts(index) == {"columns"}
    with IndexWriter(index, trust=True):
        pass
    assert verify(index).clean


def test_column_that_differs_from_the_catalog_is_found(index):
    column = index / "columns" / "source"
    flip(column, 0)
    checks = json.loads((index / "columns" / "checks.json").read_bytes())
    checks["of"]["source"] = zlib.crc32(column.read_bytes())
    (index / "columns" / "checks.json").write_text(json.dumps(checks))
    assert only(index).what == "'source' differs from the catalog: row 0"


@pytest.mark.parametrize(("name", "size"), [("sketch", 16), ("identity", 32)])
def test_sketch_or_identity_that_does_not_match_its_text_is_found(index, name, size):
    column = index / "columns" / name
    flip(column, size)
    checks = json.loads((index / "columns" / "checks.json").read_bytes())
    checks["of"][name] = zlib.crc32(column.read_bytes())
    (index / "columns" / "checks.json").write_text(json.dumps(checks))
    assert only(index).what == f"'{name}' does not match the text: row 1"


def keyword_files(index):
    return [path for path in (index / "keywords").iterdir() if path.suffix != ".lock"]


@pytest.mark.both_engines
def test_damaged_and_missing_keyword_files_are_found(index):
    engine = Manifest.read(index).keyword_engine
    ending = ".term" if engine == "tantivy" else ".seg"
    path = next(path for path in keyword_files(index) if path.suffix == ending)
    flip(path, 20)
    assert only(index).part == "keywords"
    path.unlink()
    assert only(index).part == "keywords"
    shutil.rmtree(index / "keywords")
    assert only(index).part == "keywords"


def change_keywords(index, change):
    engine = Manifest.read(index).keyword_engine
    writer = keywords.open_writer(index / "keywords", engine, trust=True)
    change(writer)
    writer.commit(writer.sequence)
    writer.close()


@pytest.mark.both_engines
def test_keyword_entries_of_deleted_and_unknown_rows_are_found(index):
    dead = sql(index, "SELECT first_row FROM articles WHERE removed IS NOT NULL")[0][0]

    def change(writer):
        writer.add(KeywordEntry(row=dead, text="ferry", title="ferry"))
        writer.add(KeywordEntry(row=500, text="ferry", title="ferry"))

    change_keywords(index, change)
    found = only(index)
    assert found.part == "keywords"
    assert (
        found.what
        == f"it contains paragraphs that are deleted, unknown or boilerplate: row {dead}, row 500"
    )


@pytest.mark.both_engines
def test_missing_keyword_entry_is_found(index):
    change_keywords(index, lambda writer: writer.delete([0]))
    assert only(index).what == "it lacks paragraphs: row 0"


def test_part_without_the_terms_of_its_whole_paragraph_is_found(index):
    long = " ".join(f"The ferry called at pier {n} and took on salt." for n in range(40))
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article("long", "Piers", (long,)))
    assert not verify(index).findings
    with IndexSnapshot.open(index, trust=True) as snapshot:
        record = snapshot.article("long")
        rows = snapshot.catalog.rows(record.rows)
    first, *_ = entries_of(record, rows, Analyzers("en"))
    change_keywords(index, lambda writer: writer.delete([first.row]))
    change_keywords(
        index, lambda writer: writer.add(replace(first, whole=" ".join(first.terms("whole")[:99])))
    )
    lacking = f"row {first.row} by whole:"
    assert only(index).what.startswith(f"a paragraph is not found by its own terms: {lacking}")


@pytest.mark.both_engines
def test_keyword_entry_with_other_terms_is_found(index):
    def change(writer):
        writer.delete([0])
        writer.add(KeywordEntry(row=0, text="notice", title="on a0"))

    # whoosh deletes only entries of earlier commits.
    change_keywords(index, lambda writer: writer.delete([0]))
    change_keywords(index, change)
    found = only(index)
    assert found.part == "keywords"
    assert found.what.startswith("a paragraph is not found by its own terms: row 0 by")


@pytest.mark.both_engines
def test_keyword_index_behind_the_catalog_is_found_after_its_writer_closes(index, fail_at):
    opened = IndexWriter(index, trust=True)
    opened.put(article("late"))
    fail_at("suggestions", OSError("died"))
    with pytest.raises(OSError, match="died"):
        opened.commit()
    assert verify(index).clean, "the writer is still open and may continue"
    opened.close()
    found = only(index)
    assert (found.part, found.what) == (
        "keywords",
        "it shows commit 5, but the catalog is at commit 6",
    )
    with IndexWriter(index, trust=True):
        pass
    assert verify(index).sequence == 6
    assert verify(index).clean


def test_damaged_and_missing_encoder_files_are_found(index):
    for path in sorted((index / "encoder").iterdir()):
        whole = path.read_bytes()
        flip(path, len(whole) // 2)
        assert only(index).part == "encoder"
        path.unlink()
        assert only(index).part == "encoder"
        path.write_bytes(whole)
    assert verify(index).clean


def test_each_part_is_checked_although_others_are_damaged(index):
    flip(index / "rows.i8", 5)
    flip(index / "columns" / "author", 5)
    flip(index / "encoder" / "model.onnx", 500)
    sql(index, "UPDATE paragraphs SET text = x'00' WHERE row = 1")
    change_keywords(index, lambda writer: writer.delete([0]))
    assert parts(index) == {"rows.i8", "columns", "encoder", "catalog.sqlite", "keywords"}


def test_leftovers_are_reported_but_are_not_damage(index):
    (index / "generation-7").mkdir()
    (index / "manifest.json.partial").write_text("{")
    found = verify(index)
    assert found.clean
    assert [name.partition(" in ")[0] for name in found.leftovers] == [
        "generation 7",
        "manifest.json.partial",
    ]


def test_read_only_index_is_verified_without_creating_files(index, monkeypatch):
    (index / "write.lock").unlink()
    monkeypatch.setattr("os.access", lambda *_: False)
    assert verify(index).clean
    assert not (index / "write.lock").exists()


def test_commits_during_verification_cause_no_findings(index):
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            with IndexWriter(index, trust=True) as writer:
                for _ in range(4):
                    number += 1
                    writer.put(article(f"b{number % 5}", number, source=f"s{number % 7}"))
                    writer.delete(f"b{number % 3}")
                    writer.commit()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            seen = set()

            def four_commits_were_verified():
                found = verify(index)
                assert found.findings == ()
                seen.add(found.sequence)
                return len(seen) == 4

            until(four_commits_were_verified)
        finally:
            done.set()
        writing.result()
    assert verify(index).clean


def test_new_generation_during_verification_is_verified_instead(index, monkeypatch):
    context = verifying._Verifier.run
    looks = []

    def run(self):
        if not looks:
            looks.append(self)
            manifest = Manifest.read(index)
            other = index / "generation-2"
            other.mkdir()
            for name in (
                "keywords",
                "columns",
                "suggestions.sqlite",
                "rows.i8",
                "catalog.sqlite",
                "encoder",
            ):
                (index / name).rename(other / name)
            json_of = {**manifest_fields(manifest), "generation": 2}
            Manifest(**json_of).write(index)
        return context(self)

    monkeypatch.setattr(verifying._Verifier, "run", run)
    found = verify(index)
    assert (found.findings, found.sequence) == ((), 5)


def manifest_fields(manifest):
    return {name: getattr(manifest, name) for name in Manifest.__slots__}
