"""Import rules: layers, cycles, and the modules that may import each dependency."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("nutgraf",)
MOST_MODULES = 15

PLACES = {
    "faiss": ["nutgraf.index.vectors"],
    "tantivy": ["nutgraf.index.keywords"],
    "whoosh": [
        "nutgraf.index.keywords",
        "nutgraf.index.query",
        "nutgraf.index.analysis.stopwords",
        "nutgraf.search",
    ],
    "onnxruntime": ["nutgraf.index.models"],
    "onnx": ["nutgraf.index.models"],
    "tokenizers": ["nutgraf.index.models"],
    "torch": ["nutgraf.index.models"],
    "transformers": ["nutgraf.index.models"],
    "sentence_transformers": ["nutgraf.index.models"],
    "huggingface_hub": ["nutgraf.index.models"],
    "sqlite3": [
        "nutgraf.index.catalog.connection",
        "nutgraf.index.storage.sqlite",
        "nutgraf.index.storage.files",
        "nutgraf.index.catalog.learned_boilerplate",
        "nutgraf.index.suggestions.reader",
        "nutgraf.index.verification.suggestions",
        "nutgraf.index.suggestions.writer",
    ],
    "py3langid": ["nutgraf.index.analysis.language_detection"],
    "rapidfuzz": [
        "nutgraf.index.suggestions",
        "nutgraf.index.reader.known_values",
        "nutgraf.search.suggest.misspelling",
    ],
    "ir_measures": ["nutgraf.search.evaluation"],
    "sentencex": ["nutgraf.index.analysis.sentences"],
    "fastapi": ["nutgraf.api"],
    "starlette": ["nutgraf.api"],
    "uvicorn": ["nutgraf.api"],
    "typer": ["nutgraf.api"],
    "rich": ["nutgraf.api"],
}
"""Dependency -> modules that may import it. Modules below these may import it too."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """The graph of all imports, including those inside functions."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def test_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 5 kept, 0 broken." in done.stdout


def test_import_graph_is_complete(graph: grimp.ImportGraph) -> None:
    files = [
        file for package in ("api", "search", "index") for file in (ROOT / package).rglob("*.py")
    ]
    assert len([name for name in graph.modules if name.startswith("nutgraf.")]) == len(files)
    assert graph.find_shortest_chain("nutgraf.api.cli.main", "nutgraf.index.vectors") is not None


def test_there_are_no_import_cycles() -> None:
    """Imports inside functions count; those under TYPE_CHECKING do not."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    circles = {
        module: sorted(common)
        for module in graph.modules
        if (common := graph.find_upstream_modules(module) & graph.find_downstream_modules(module))
    }
    assert circles == {}


@pytest.mark.parametrize("dependency", PLACES)
def test_dependency_is_imported_only_where_allowed(
    graph: grimp.ImportGraph, dependency: str
) -> None:
    importers = graph.find_modules_that_directly_import(dependency)
    assert importers, f"nothing imports {dependency}: remove it from PLACES"
    strays = [
        module
        for module in importers
        if not any(f"{module}.".startswith(f"{place}.") for place in PLACES[dependency])
    ]
    assert strays == []


def test_no_folder_has_too_many_modules() -> None:
    counts = {
        folder: sum(1 for file in folder.glob("*.py") if file.name != "__init__.py")
        for package in ("api", "search", "index")
        for folder in (ROOT / package, *(ROOT / package).rglob("*/"))
    }
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}
