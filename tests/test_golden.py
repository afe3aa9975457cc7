"""Indexes of every released format still open, answer and accept writes.

golden/make.py builds them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nutgraf.index import Article, IndexWriter
from nutgraf.index.storage.checked_json import checksum_of
from nutgraf.search import Searcher

GOLDEN = Path(__file__).parent / "golden"
RECORDED = json.loads((GOLDEN / "answers.json").read_text("utf-8"))
NOBODY = 65_534

spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
assert spec is not None
assert spec.loader is not None
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


@pytest.fixture(params=sorted(RECORDED))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def golden(name: str, tmp_path: Path) -> Path:
    """A copy of a golden index."""
    return Path(shutil.copytree(GOLDEN / name, tmp_path / name))


def assert_answers_as_recorded(index: Path, name: str) -> None:
    with Searcher(index, trust=True) as searcher:
        assert make.statistics_of(searcher) == RECORDED[name]["statistics"]
        for expected in RECORDED[name]["answers"]:
            found = make.ask(searcher, make.request_of(expected["request"]))
            assert without_scores(found) == without_scores(expected)
            assert scores(found) == pytest.approx(scores(expected), abs=1e-3)


def without_scores(answer: dict[str, Any]) -> dict[str, Any]:
    hits = [{**hit, "score": None} for hit in answer["hits"]]
    return {"total": answer["total"], "hits": hits, "warnings": answer["warnings"]}


def scores(answer: dict[str, Any]) -> list[float]:
    return [hit["score"] for hit in answer["hits"]]


def test_every_golden_index_has_recorded_answers() -> None:
    assert sorted(path.name for path in GOLDEN.glob("*.index")) == sorted(RECORDED)
    assert all(len(recorded["answers"]) >= 8 for recorded in RECORDED.values())
    assert all(hit for recorded in RECORDED.values() for hit in recorded["answers"])


def test_golden_index_answers_as_recorded(golden: Path, name: str) -> None:
    assert_answers_as_recorded(golden, name)


def test_replaced_and_deleted_articles_are_not_found(golden: Path) -> None:
    with Searcher(golden, trust=True) as searcher:
        assert searcher.article(make.DELETED) is None
        replaced = searcher.article("mill-fire")
        assert replaced is not None
        assert replaced.title == "Fire guts the old mill; arson is ruled out"
        shown = {article.id for article in (*make.FIRST, *make.SECOND)} - {make.DELETED}
        for mode in ("keyword", "semantic"):
            hits = searcher.search("firefighters harbour bridge closed", mode=mode, limit=50).hits
            assert {hit.article.id for hit in hits} <= shown
            assert ("mill-fire", 2) not in {
                (hit.article.id, hit.paragraph.position) for hit in hits
            }


def test_opening_for_writing_changes_nothing(golden: Path, name: str) -> None:
    before = contents(golden)
    with IndexWriter(golden, trust=True) as writer:
        assert writer.sequence == RECORDED[name]["statistics"]["snapshot"]
    assert contents(golden) == before
    assert_answers_as_recorded(golden, name)


def test_new_article_can_be_added(golden: Path, name: str) -> None:
    new = Article("owls", "Owls nest in the belfry", ("A pair of barn owls nests in the belfry.",))
    recorded = RECORDED[name]["statistics"]
    with IndexWriter(golden, trust=True) as writer:
        assert writer.put(make.SECOND[1]) == "unchanged"
        assert writer.put(new) == "created"
    with Searcher(golden, trust=True) as searcher:
        (hit,) = searcher.search("belfry", mode="keyword").hits
        assert (hit.article.id, hit.paragraph.position) == ("owls", 0)
        # The text itself is the nearest one even for a random encoder.
        nearest = searcher.search(new.paragraphs[0].removesuffix("."), mode="semantic", limit=1)
        assert nearest.hits[0].article.id == "owls"
        hits = searcher.search('"price of bread"').hits  # The title has these words.
        assert {hit.article.id for hit in hits} == {"bread-price"}
        statistics = searcher.statistics()
        assert statistics.articles == recorded["articles"] + 1
        assert statistics.paragraphs == recorded["paragraphs"] + 1
        assert statistics.rows == recorded["rows"] + 1
        assert statistics.snapshot == recorded["snapshot"] + 1


def test_read_only_index_answers(name: str) -> None:
    # Not in tmp_path: other users must not enter it.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        index = shutil.copytree(GOLDEN / name, Path(folder) / name)
        for path in (*index.rglob("*"), index):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = contents(index)
        with unprivileged():
            with pytest.raises(PermissionError):
                (index / "new").touch()
            assert_answers_as_recorded(index, name)
        assert contents(index) == before
        for path in (index, *index.rglob("*")):
            path.chmod(0o755)


def test_unknown_fields_of_the_manifest_are_ignored(golden: Path, name: str) -> None:
    path = golden / "manifest.json"
    fields = json.loads(path.read_text("utf-8"))
    fields["colour"] = {"of": "the cover"}
    fields["encoder"]["colour"] = "blue"
    del fields["checksum"]
    fields["checksum"] = checksum_of(fields)
    path.write_text(json.dumps(fields), "utf-8")
    assert_answers_as_recorded(golden, name)
    with IndexWriter(golden, trust=True) as writer:
        assert writer.delete("wolves")


def test_golden_index_contains_no_paths_or_host_names(name: str) -> None:
    host = os.uname().nodename.encode()
    for path in (GOLDEN / name).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [word for word in (b"/home/", b"/tmp/", b"/work/") if word in content]
            assert b"on " + host not in content
    assert not (GOLDEN / name / "write.lock").exists()


def contents(index: Path) -> dict[str, str]:
    """Return a digest of each file, except locks and temporary files of SQLite."""
    return {
        str(path.relative_to(index)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in index.rglob("*")
        if path.is_file()
        and not path.name.lower().endswith("lock")
        and not path.name.endswith(("-shm", "-wal"))
    }


@contextmanager
def unprivileged() -> Iterator[None]:
    """Become the user nobody for a while if we are root: root can write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
