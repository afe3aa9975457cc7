"""The files, modules, classes and functions named in pages and comments exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import nutgraf
from nutgraf.index.storage import layout
from nutgraf.search import SearchRequest
from nutgraf.search.request.declaration import flat_options
from tools.prose import prose_of_code, prose_of_page

ROOT = Path(__file__).parent.parent
WINGS = ("index", "search", "api")
CODE_FOLDERS = (*WINGS, "tests", "benchmarks", "tools")

ALL_PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(one for name in (*CODE_FOLDERS, "docs", "seeds") for one in (ROOT / name).rglob("*.md")),
    ]
)
SOURCES = sorted(one for name in CODE_FOLDERS for one in (ROOT / name).rglob("*.py"))

PATH = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/)*[\w-][\w.-]*\.(?:py|md|toml)(?![\w/-])"
    r"|(?<![\w./:-])[a-z_]+/(?:[\w.-]+/)*[\w.-]*"
)
"""A file with a usual ending, or a folder: `index/writer.py`, `index/sources/`."""

NAME = re.compile(
    r"(?<![\w./-])(?:nutgraf(?:\.\w+)+"  # A module or a name of one.
    r"|_?[A-Z]+[a-z0-9]+(?:[A-Z]+[a-z0-9]*)+(?:\.\w+)*"  # CamelCase, alone or with a member.
    r"|_?[A-Z][a-z]+\.[a-z_]\w*"  # A class of one word with a member.
    r"|_?[a-z0-9]+(?:_[a-z0-9]+)+"  # snake_case.
    r"|_?[A-Z]{2,}(?:_[A-Z0-9]+)+"  # A constant.
    r"|\w+(?=\(\)))(?![\w/*-])"  # A function: `name()`.
)

PLACEHOLDER = re.compile(r"NAME|TOPIC")

PARTS = {value for value in vars(layout).values() if isinstance(value, str)}

FOREIGN_NAMES = {
    "CrossEncoder",
    "MiniLM",
    "SQLite",
    "TCP_NODELAY",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "WATCHFILES_FORCE_POLLING",
    "config_sentence_transformers",
}
"""Names of libraries, and of files and environment variables that they read."""

FOREIGN_FILES = {"langid.py"}


def spans(text: str) -> list[str]:
    """Return the texts between backticks."""
    return re.findall(r"`([^`]+)`", text)


class Names:
    """All names that the code defines, and the members of its classes."""

    def __init__(self) -> None:
        self.all = {option.flat for option in flat_options(SearchRequest)}
        self.members: dict[str, set[str]] = {}
        self.bases: dict[str, set[str]] = {}
        for path in set(SOURCES) - {Path(__file__)}:
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                self.all |= set(named(node))
                if isinstance(node, ast.ClassDef):
                    inside = {name for one in ast.walk(node) for name in named(one)}
                    self.members.setdefault(node.name, set()).update(inside)
                    self.bases.setdefault(node.name, set()).update(
                        ast.unparse(base).partition("[")[0] for base in node.bases
                    )

    def has(self, name: str) -> bool:
        """Tell whether a module, a class, a member or another thing has a name."""
        if name == "nutgraf.__version__":  # Made when it is asked for.
            return hasattr(nutgraf, "__version__")
        if name in self.all:
            return True
        if name.startswith("nutgraf."):
            return self._has_module(name.split(".")[1:])
        first, *rest = name.split(".")
        return bool(rest) and self._has_member(first, rest[0])

    def _has_member(self, kind: str, name: str) -> bool:
        bases = self.bases.get(kind, set())
        return name in self.members.get(kind, ()) or any(self._has_member(b, name) for b in bases)

    def _has_module(self, parts: list[str]) -> bool:
        for count in range(len(parts), 0, -1):
            path = ROOT.joinpath(*parts[:count])
            if path.is_dir() or path.with_suffix(".py").is_file():
                # A package may import its names lazily.
                file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
                return all(part in file.read_text("utf-8") for part in parts[count:])
        return False


def named(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node defines or uses."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Name():
            yield node.id
        case ast.Attribute():
            yield node.attr
        case ast.arg():
            yield node.arg
        case ast.keyword(arg=str(name)) | ast.alias(name=name):
            yield name
        case ast.Constant(value=str(text)) if text.replace(".", "_").isidentifier():
            yield text


@cache
def names() -> Names:
    """Return the names, which only the worker of this file has to collect."""
    return Names()


def missing_paths(text: str, *bases: Path) -> set[str]:
    """Return the paths in a text that exist below none of the folders.

    A path without a usual ending counts only if it begins with a folder of ours.
    """
    found = {match[0].rstrip(".") for match in PATH.finditer(text)}
    return {
        path
        for path in found - PARTS
        if not PLACEHOLDER.search(path)
        and path.rstrip("/") not in PARTS
        and (
            path.endswith((".py", ".md", ".toml"))
            or any((base / path.partition("/")[0]).is_dir() for base in bases)
        )
        and not any((base / path).exists() for base in bases)
    }


def missing_names(text: str) -> set[str]:
    """Return the names in a text that look like ours and do not exist in the code."""
    found = {match[0] for match in NAME.finditer(text)}
    return {name for name in found - FOREIGN_NAMES if not names().has(name)}


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_in_pages_exist(path: Path) -> None:
    quoted = spans(prose_of_page(path.read_text("utf-8")).text)
    assert {p for one in quoted for p in missing_paths(one, ROOT, path.parent)} == set()
    assert {name for one in quoted for name in missing_names(one)} == set()


@pytest.mark.parametrize("folder", CODE_FOLDERS)
def test_names_in_comments_exist(folder: str) -> None:
    missing = {}
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] == folder:
            texts = [prose.text for prose in prose_of_code(path.read_text("utf-8"))]
            bases = (ROOT, ROOT / folder, path.parent)
            files = {file for one in texts for file in re.findall(r"[\w/]+\.py\b", one)}
            lost = {file for file in files if not any((base / file).exists() for base in bases)}
            lost -= FOREIGN_FILES
            lost |= {
                name for one in texts for quoted in spans(one) for name in missing_names(quoted)
            }
            if lost:
                missing[str(path.relative_to(ROOT))] = lost
    assert missing == {}


def test_map_has_every_folder_of_the_code() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    block = re.search(r"(?ms)^## The folders$.*?^```text\n(.*?)^```$", text)
    assert block is not None
    at: list[str] = []
    found = set()
    for line in block[1].splitlines():
        if match := re.match(r"( *)([\w/]+)/ ", line):
            at[len(match[1]) // 2 :] = [match[2]]
            found.add("/".join(at))
    packages = {
        one.parent.relative_to(ROOT).as_posix()
        for name in WINGS
        for one in (ROOT / name).rglob("__init__.py")
    }
    assert packages - found == set()
    assert {name for name in found if not (ROOT / name).is_dir()} == set()


def test_missing_names_are_found() -> None:
    assert missing_paths("index/nowhere.py and index/writer.py", ROOT) == {"index/nowhere.py"}
    assert missing_paths("`index/nowhere/`, not and/or", ROOT) == {"index/nowhere/"}
    assert missing_names("IndexWriter.vanish IndexWriter.commit Article.digest") == {
        "IndexWriter.vanish"
    }
    assert missing_names("no_such_name() NoSuchClass nutgraf.index.nothing answer()") == {
        "no_such_name",
        "NoSuchClass",
        "nutgraf.index.nothing",
    }
