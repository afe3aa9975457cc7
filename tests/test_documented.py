"""What users can set or call is in README.md; the project's words are used, and no others.

The words are in ARCHITECTURE.md. Other projects call an article or a paragraph
a document, a chunk, a passage; here each thing has one name.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from nutgraf.api.cli.main import app
from nutgraf.api.http.app import create_app
from nutgraf.search import Searcher, SearchRequest
from nutgraf.search.request.declaration import DeclaredGroup, declared, flat_options

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = sorted(path for name in ("index", "search", "api") for path in (ROOT / name).rglob("*.py"))
DOCS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / name / "README.md" for name in ("index", "search", "api", "seeds")),
    ]
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]

SPANS = frozenset(re.findall(r"`+([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", README)))
"""What stands in README.md between backticks, code blocks aside."""

VARIABLE = re.compile(r"\b(?:NUTGRAF|HF)_[A-Z_]+[A-Z]\b")

FORBIDDEN = re.compile(r"(?i)(?<![a-z])(documents?|chunks?|passages?|doc_?ids?)(?![a-z])")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

THEIRS = {
    # What the engines keep is called so by their own interfaces.
    "index/keywords/tantivy/engine.py": {"document", "Document", "add_document"}
    | {"delete_documents_by_query", "delete_documents_by_term"},
    "index/keywords/whoosh/engine.py": {"add_document", "_document"},
    "index/keywords/fields.py": {"document"},
    # Terms of art, and the prompts that models come with.
    "index/keywords/protocol.py": {"document"},  # inverse document frequency
    "index/models/sentence_transformers.py": {"document", "passage"},
}

MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|home|root|opt|mnt)/|\bpypi\b", re.IGNORECASE)


def mentions(name: str) -> bool:
    """Tell whether README.md mentions a name, in its prose or tables, as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(whole.search(span) for span in SPANS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_shown(name: str) -> None:
    assert f"nutgraf {name} " in README or f"nutgraf {name}\n" in README


FLAGS = [
    pytest.param(flag, id=f"{name} {flag}")
    for name, command in COMMANDS.items()
    for parameter in command.params
    for flag in parameter.opts
    if flag.startswith("-")
]


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_told(flag: str) -> None:
    assert mentions(flag)


@pytest.mark.parametrize("command", list(COMMANDS.values()), ids=list(COMMANDS))
def test_every_command_says_what_it_does(command: Any) -> None:
    assert command.help


def test_every_variable_is_told() -> None:
    read = {name for path in CODE for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    # Only named in a message: where the library that reads it keeps its cache.
    read -= {"HF_HUB_CACHE"}
    assert {"NUTGRAF_INDEX", "NUTGRAF_TRUST", "NUTGRAF_TRACEBACK"} <= read
    assert {name for name in read if name not in README} == set()


def test_every_route_is_told(seeds_index: Path) -> None:
    with Searcher(seeds_index) as searcher:
        paths = create_app(searcher).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert len(routes) >= 5
    assert {route for route in routes if not mentions(route)} == set()
    assert mentions("GET /docs")


def fields() -> Iterator[str]:
    """Yield the names of all options: as query parameters, and as fields in JSON."""
    for each in declared(SearchRequest):
        yield each.name
        if isinstance(each, DeclaredGroup):
            yield from (option.name for option in each.options)
    yield from (option.flat for option in flat_options(SearchRequest))


@pytest.mark.parametrize("name", sorted(set(fields())))
def test_every_field_of_a_request_is_told(name: str) -> None:
    assert mentions(name)


def test_links_lead_somewhere() -> None:
    for path in DOCS:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_docs_use_our_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert FORBIDDEN.findall(text) == []
    assert MACHINE.findall(text) == []


def test_code_uses_our_words() -> None:
    found = {}
    for path in CODE:
        name = path.relative_to(ROOT).as_posix()
        words = set(foreign(path.read_text(encoding="utf-8"))) - THEIRS.get(name, set())
        if words:
            found[name] = words
    assert found == {}


def test_foreign_words_are_recognised() -> None:
    assert set(foreign("get_document(DocId, chunk2) # passages\n'a doc_id, documentation'")) == {
        "get_document",
        "DocId",
        "chunk2",
        "passages",
        "doc_id",
    }


def foreign(source: str) -> Iterator[str]:
    """Yield identifiers that hold a forbidden word, and such words in strings and comments."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            if FORBIDDEN.search(CAMEL.sub("_", token.string)):
                yield token.string
        elif token.type in (tokenize.STRING, tokenize.COMMENT) or "STRING" in token_name(token):
            for match in FORBIDDEN.finditer(token.string):
                yield whole_word(token.string, match.start(), match.end())


def token_name(token: tokenize.TokenInfo) -> str:
    """Return the kind of a token; from Python 3.12 on, f-strings come in parts of their own."""
    return tokenize.tok_name[token.type]


def whole_word(text: str, start: int, end: int) -> str:
    """Return the identifier that a match stands in."""
    before = re.search(r"\w*$", text[:start])
    after = re.match(r"\w*", text[end:])
    assert before is not None
    assert after is not None
    return before[0] + text[start:end] + after[0]
