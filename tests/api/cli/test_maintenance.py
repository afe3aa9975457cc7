"""The maintenance commands, run as processes."""

import json
import shutil

import pytest

from nutgraf.index import Article, IndexWriter
from tests.api.cli.outputs import output_of
from tests.api.conftest import make_tiny_index

SECRET = "The magistrate withdrew the accusation."


@pytest.fixture
def index(tmp_path):
    made = make_tiny_index(tmp_path)
    with IndexWriter(made) as writer:
        writer.put(Article("ferry", "On ferries", ("The ferry left.", "Nobody was hurt.")))
        writer.put(Article("case", "On a case", (SECRET,)))
    with IndexWriter(made) as writer:
        writer.delete("case")
    return made


def test_verify_reports_sound_index(run, index):
    assert "sound; 1 article, 2 paragraphs as of commit 2" in output_of(run("verify", "-i", index))
    found = json.loads(output_of(run("verify", "-i", index, "--json")))
    assert found["clean"] is True
    assert found["findings"] == []


def test_damage_is_listed_and_repaired(run, index):
    column = index / "columns" / "source"
    column.write_bytes(b"\x07" + column.read_bytes()[1:])
    printed = output_of(run("verify", "-i", index), 1)
    assert printed.startswith("columns: ")
    assert "faults found: 1" in printed
    found = json.loads(output_of(run("verify", "-i", index, "--json"), 1))
    assert [finding["part"] for finding in found["findings"]] == ["columns"]
    assert "repaired; 1 article, 2 paragraphs" in output_of(run("repair", "-i", index))
    output_of(run("verify", "-i", index))


def test_compact_removes_deleted_text(run, index):
    assert any(SECRET.encode() in file.read_bytes() for file in index.rglob("*.sqlite*"))
    printed = output_of(run("compact", "-i", index))
    assert "compacted; 1 article, 2 paragraphs, 1 dead row dropped" in printed
    files = [file for file in index.rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in file.read_bytes() for file in files)
    output_of(run("verify", "-i", index))
    assert "ferry#0" in output_of(run("search", "ferry", "--mode", "keyword", "-i", index))


def test_backup_is_an_index_and_overwrites_nothing(run, index, tmp_path):
    copy = tmp_path / "copy.index"
    printed = output_of(run("backup", copy, "-i", index))
    assert f"backup of {index}; 1 article, 2 paragraphs" in printed
    assert "ferry#0" in output_of(run("search", "ferry", "--mode", "keyword", "-i", copy))
    again = run("backup", copy, "-i", index)
    output_of(again, 2)
    assert b"already exists: name another path" in again.stderr


def test_reindex_and_undo(run, index, encoder_folder, tmp_path):
    model = shutil.copytree(encoder_folder, tmp_path / "model")
    printed = output_of(run("reindex", "--model", model, "-i", index))
    assert "re-encoded; 1 article, 2 paragraphs, 1 dead row dropped, 2 encoded" in printed
    assert "all-MiniLM-L6-v2" in output_of(run("stats", "-i", index))
    output_of(run("reindex", "--model", model, "-i", index), 2)
    assert "previous encoder restored" in output_of(run("reindex", "--undo", "-i", index))
    stats = output_of(run("stats", "-i", index))
    assert "golden-tiny" in stats
    hint = f"nutgraf reranker cross-encoder/ms-marco-MiniLM-L6-v2 -i {index}\n"
    assert stats.endswith(f"\n\nA reranker would put better hits first: {hint}")
    output_of(run("compact", "-i", index))
    refused = run("reindex", "--undo", "-i", index)
    output_of(refused, 2)
    assert b"keeps no other encoder" in refused.stderr
    for options in ([], ["--undo", "--model", model]):
        assert b"give either --model NAME" in run("reindex", *options, "-i", index).stderr


@pytest.mark.parametrize("command", ["verify", "repair", "compact", "backup", "reindex"])
def test_missing_index_is_reported_and_not_created(run, tmp_path, command):
    arguments = {"backup": ["copy.index"], "reindex": ["--undo"]}.get(command, [])
    done = run(command, *arguments, "-i", "none.index")
    output_of(done, 2)
    assert b"there is no index at none.index" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_whoosh_needs_trust_only_if_its_files_are_read(run, tmp_path):
    made = make_tiny_index(tmp_path, keyword_engine="whoosh")
    output_of(run("verify", "-i", made), 2)
    output_of(run("verify", "-i", made, "--trust"))
    for command in ("repair", "compact"):
        output_of(run(command, "-i", made))
