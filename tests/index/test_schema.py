"""The schema: a new field works in every interface."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nutgraf.index.schema import FIELDS, KEYWORD_FIELDS, QUERY_FIELDS, KeywordFilters
from nutgraf.search import Filters

ROOT = Path(__file__).parents[2]

FIELD = '    desk: Annotated[str | None, Field("keyword", "The desk that wrote it.")] = None\n'
FILTER = "    desk: str | Sequence[str] = ()\n"


def test_every_field_has_a_name_and_a_help_text() -> None:
    assert all(field.help and field.name for field in FIELDS)
    boosts = {field.name: field.boost for field in FIELDS if field.kind == "text"}
    assert boosts == {"title": 1.4, "summary": 1.0}
    assert KEYWORD_FIELDS == ("source", "author", "section", "language", "tag")
    assert {*KEYWORD_FIELDS, "title", "published"} < {*QUERY_FIELDS}


def test_every_keyword_field_can_be_filtered() -> None:
    assert tuple(KeywordFilters.__annotations__) == KEYWORD_FIELDS
    for name in KEYWORD_FIELDS:
        assert Filters(**{name: "x"}).values() == {name: ("x",)}  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def with_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with one more field, added only to the schema."""
    folder = tmp_path_factory.mktemp("code")
    for name in ("index", "search", "api"):
        shutil.copytree(
            ROOT / name, folder / "nutgraf" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "nutgraf" / "__init__.py", folder / "nutgraf")
    path = folder / "nutgraf" / "index" / "schema.py"
    text = path.read_text("utf-8")
    for start, line in (("    language: Annotated", FIELD), ("    language: str |", FILTER)):
        text, count = re.subn(rf"^{re.escape(start)}", rf"{line}{start}", text, flags=re.MULTILINE)
        assert count == 1, start
    path.write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, code: str, *arguments: str | Path) -> str:
    """Run code on that copy, in a subprocess; return its output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.returncode, done.stderr[-3_000:] + done.stdout[-1_000:]
    return done.stdout


@pytest.fixture(scope="module")
def index(
    engine: str, tmp_path_factory: pytest.TempPathFactory, with_desk: Path, tiny_encoder: Path
) -> Path:
    """An index with the field `desk`, from JSONL, CSV, front matter and Python."""
    folder = tmp_path_factory.mktemp("desk")
    files = folder / "files"
    files.mkdir()
    (files / "a.jsonl").write_text(
        '{"id": "a", "title": "On ferries", "text": "A ferry sank.", "desk": "harbour desk"}\n'
    )
    (files / "b.csv").write_text("id,title,text,desk\nb,On mills,A mill burned.,fire desk\n")
    (files / "c.md").write_text("---\ntitle: On bread\nslug: c\ndesk: fire desk\n---\n\nIt rose.\n")
    run(
        with_desk,
        """
        import sys
        from nutgraf.index import Article, IndexWriter, create_index, verify_index
        from nutgraf.index.sources import read_sources
        path, files, encoder, engine = sys.argv[1:]
        create_index(path, model=encoder, keyword_engine=engine)
        with IndexWriter(path, trust=True) as writer:
            for article in read_sources([files]):
                assert isinstance(article, Article), article
                writer.put(article)
            writer.put(Article("d", "On rain", ("It rained.",), desk="weather"))
            assert writer.put(Article("d", "On rain", ("It rained.",), desk="sky")) == "updated"
        found = verify_index(path, trust=True)
        assert found.clean, found.findings
        """,
        folder / "x.index",
        files,
        tiny_encoder,
        engine,
    )
    return folder / "x.index"


@pytest.mark.both_engines
def test_a_new_field_is_searched_filtered_counted_and_shown(with_desk: Path, index: Path) -> None:
    run(
        with_desk,
        """
        import json, sys
        from nutgraf.search import Filters, Searcher
        with Searcher(sys.argv[1], trust=True) as searcher:
            def ids(*asked, **options):
                return {hit.article.id for hit in searcher.search(*asked, **options).hits}
            assert ids("desk:fire", mode="keyword") == {"b", "c"}
            assert ids("desk:sky", mode="keyword") == {"d"}
            for mode in ("keyword", "semantic"):
                assert ids("desk:harbour ferry", mode=mode) == {"a"}
            chosen = Filters(desk="harbour desk")
            assert ids("ferry", mode="semantic", filters=chosen) == {"a"}
            found = searcher.search("desk:fire", mode="keyword", facets=("desk",))
            assert [(one.value, one.count) for one in found.facets["desk"]] == [("fire desk", 2)]
            assert {hit.article.desk for hit in found.hits} == {"fire desk"}
            shown = json.loads(json.dumps(found.to_dict()))
            assert {hit["article"]["desk"] for hit in shown["hits"]} == {"fire desk"}
            assert searcher.article("a").desk == "harbour desk"
            nowhere = searcher.search("ferry", filters=Filters(desk="nowhere"))
            assert "desk 'nowhere'" in nowhere.warnings[0]
        """,
        index,
    )


def test_a_new_field_is_read_and_written_over_http(
    with_desk: Path, index: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(index, tmp_path / "copy.index")
    run(
        with_desk,
        """
        import sys
        from starlette.testclient import TestClient
        from nutgraf.api.http.app import create_app
        from nutgraf.api.write_queue.queue import WriteQueue
        from nutgraf.search import Searcher
        path = sys.argv[1]
        with Searcher(path, trust=True) as searcher, WriteQueue(path, trust=True) as queue:
            with TestClient(create_app(searcher, writing=queue)) as client:
                asked = {"q": "ferry", "mode": "semantic", "desk": "harbour desk", "facets": "desk"}
                answer = client.get("/v1/search", params=asked)
                assert answer.status_code == 200, answer.text
                (hit,) = answer.json()["hits"]
                assert hit["article"]["desk"] == "harbour desk", hit
                body = {"q": "ferry", "mode": "semantic", "filters": {"desk": "harbour desk"}}
                answer = client.post("/v1/search", json={**body, "facets": ["desk"]})
                assert answer.status_code == 200, answer.text
                assert [hit["article"]["id"] for hit in answer.json()["hits"]] == ["a"]
                assert client.get("/v1/articles/a").json()["desk"] == "harbour desk"

                body = {"title": "On eels", "paragraphs": ["Eels swim."], "desk": "river"}
                answer = client.put("/v1/articles/e", json=body)
                assert answer.status_code == 201, answer.text
                assert client.get("/v1/articles/e").json()["desk"] == "river"
                put = client.get("/openapi.json").json()["paths"]["/v1/articles/{article}"]["put"]
                (content,) = put["requestBody"]["content"].values()
                assert "desk" in content["schema"]["properties"]
        """,
        copy,
    )


def test_a_new_field_is_a_command_line_option(with_desk: Path, index: Path) -> None:
    printed = run(
        with_desk,
        "from nutgraf.api.cli.main import main; main()",
        *("search", "ferry", "--index", index, "--trust", "--mode", "semantic"),
        *("--desk", "harbour desk", "--facets", "desk", "--json"),
    )
    assert '"desk":"harbour desk"' in printed.replace(": ", ":")
    assert "b" not in re.findall(r'"id": ?"(\w)"', printed)
