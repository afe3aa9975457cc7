"""The public names of each package, as dir(), completion and help() show them."""

from __future__ import annotations

import ast
import pydoc
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

PACKAGES = ("nutgraf", "nutgraf.index", "nutgraf.search", "nutgraf.api")


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_shows_only_the_public_names(package: str) -> None:
    module = import_module(package)
    assert dir(module) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", PACKAGES)
def test_help_describes_the_public_names(package: str) -> None:
    text = pydoc.plain(pydoc.render_doc(import_module(package)))
    for name in import_module(package).__all__:
        assert name in text or name == "__version__"  # help() shows it in its section VERSION.
    assert "lazy_exports" not in text


def test_main_names_can_be_imported_from_the_package() -> None:
    from nutgraf import Article, IndexWriter, Searcher, __version__
    from nutgraf.api import create_app

    assert __version__ == version("nutgraf")
    assert [each.__name__ for each in (Article, IndexWriter, Searcher, create_app)] == [
        "Article",
        "IndexWriter",
        "Searcher",
        "create_app",
    ]


def test_importing_packages_loads_no_submodules() -> None:
    script = "import nutgraf, nutgraf.api, nutgraf.search, nutgraf.index, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    ours = {name for name in done.stdout.split() if name.startswith("nutgraf.")}
    assert ours == {"nutgraf.api", "nutgraf.index", "nutgraf.index.lazy", "nutgraf.search"}
    assert not {"numpy", "fastapi", "pydantic"} & {*done.stdout.split()}


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checking_imports_match_the_exports(package: str) -> None:
    module = import_module(package)
    imports = {
        name.name: statement.module
        for block in ast.parse(Path(module.__file__).read_text("utf-8")).body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for name in statement.names
    }
    assert imports.keys() == {*module.__all__} - {"__version__"}
    for name, place in imports.items():
        assert getattr(module, name) is getattr(import_module(place), name)
