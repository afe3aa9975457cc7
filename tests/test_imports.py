"""Modules that each command loads, and the `__all__` of each module."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

NEVER_TO_ASK = {
    "torch",
    "transformers",
    "sentence_transformers",
    "onnx",
    "huggingface_hub",
    "pandas",
    "sklearn",
    "scipy",
    "rensa",
    "py3langid",
    "lxml",
    "trafilatura",
}
"""Packages that only a writer or an export of models may load.

Some are dependencies of these packages.
"""

HTTP = {"fastapi", "uvicorn", "starlette"}

MODULES = sorted(
    "nutgraf." + ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("index", "search", "api")
    for file in (ROOT / package).rglob("*.py")
)


def loaded(script: str, *arguments: object) -> set[str]:
    """Run a script in a new process; return the top-level modules loaded at its end."""
    end = "import json, sys; print(json.dumps([*sys.modules]), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\n{end}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


COMMAND = """
import sys
from nutgraf.api.cli.main import run  # main() would end the process
assert run(sys.argv[1:]) == 0
"""

KEYWORD_SEARCHER = """
import sys
from nutgraf.search import Searcher
with Searcher(sys.argv[1]) as searcher:
    assert searcher.search("ferry", mode="keyword").hits
"""

SERVER = """
import asyncio, sys
import httpx, uvicorn
from nutgraf.api.http.app import create_app
from nutgraf.search import Searcher

async def ask(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get("/v1/search", params={"q": "who pays for the ferry"})

with Searcher(sys.argv[1]) as searcher:
    searcher.warm()
    answer = asyncio.run(ask(create_app(searcher)))
assert answer.status_code == 200 and answer.json()["hits"]
"""


@pytest.mark.parametrize("options", [[], ["--json"], ["--mode", "semantic"]])
def test_search_command_loads_only_needed_packages(seeds_index: Path, options: list[str]) -> None:
    found = loaded(COMMAND, "search", "who pays for the ferry", "-i", seeds_index, *options)
    assert found & (NEVER_TO_ASK | HTTP) == set()
    assert {"onnxruntime", "tantivy", "faiss"} <= found


def test_only_an_unknown_word_loads_rapidfuzz(seeds_index: Path) -> None:
    known, unknown = "who pays for the ferry", "who pays for the ferrry"
    assert "rapidfuzz" not in loaded(COMMAND, "search", known, "-i", seeds_index)
    assert "rapidfuzz" in loaded(COMMAND, "search", unknown, "-i", seeds_index)


def test_suggest_command_loads_no_encoder(seeds_index: Path) -> None:
    found = loaded(COMMAND, "suggest", "who pays the", "-i", seeds_index)
    assert found & (NEVER_TO_ASK | HTTP | {"onnxruntime", "tokenizers", "rapidfuzz"}) == set()


def test_help_loads_no_engine() -> None:
    found = loaded(COMMAND, "--help")
    heavy = {"numpy", "faiss", "onnxruntime", "whoosh", "tantivy", "tokenizers", "rich"}
    assert found & (NEVER_TO_ASK | HTTP | heavy) == set()


def test_keyword_search_loads_no_encoder(seeds_index: Path) -> None:
    found = loaded(KEYWORD_SEARCHER, seeds_index)
    assert found & (NEVER_TO_ASK | HTTP | {"onnxruntime", "tokenizers", "typer", "rich"}) == set()


def test_reading_jsonl_loads_no_readers_of_other_formats(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text('{"title": "Mast falls", "text": "It fell at noon."}')
    script = (
        "import sys\nfrom nutgraf.index.sources import read_sources\n"
        "assert len(list(read_sources(sys.argv[1:]))) == 1"
    )
    heavy = {"trafilatura", "lxml", "feedparser", "pyarrow", "fastwarc", "charset_normalizer"}
    assert loaded(script, tmp_path) & (NEVER_TO_ASK | heavy) == set()


def test_server_answers_without_torch(seeds_index: Path) -> None:
    found = loaded(SERVER, seeds_index)
    assert found & NEVER_TO_ASK == set()
    assert {"fastapi", "onnxruntime"} <= found


@pytest.mark.parametrize("name", MODULES)
def test_all_lists_the_public_names_of_a_module(name: str) -> None:
    module = import_module(name)
    if not defined(module.__file__) and not hasattr(module, "__all__"):
        return  # A package that only groups modules.
    offered = module.__all__
    # The __all__ of a package also contains names that are imported on first use.
    assert [one for one in offered if getattr(module, one, None) is None] == []
    assert len(set(offered)) == len(offered)
    assert defined(module.__file__) - set(offered) == set()


def defined(file: str) -> set[str]:
    """Return the public functions and classes of a file, except commands of typer."""
    return {
        node.name
        for node in ast.parse(Path(file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not any(ast.unparse(one).startswith("app.") for one in node.decorator_list)
    }
