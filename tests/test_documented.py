"""The pages describe each command, option, route and field in the project's words.

The words are in ARCHITECTURE.md. Other projects call an article or a paragraph
a document, a chunk, a passage; here each thing has one name.
"""

from __future__ import annotations

import html
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
from tools.reference import reference

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path for path in (ROOT / "docs").glob("*.md") if path.name not in ("reference.md", "README.md")
)
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *PAGES])
"""README.md and the pages of docs/ that people write."""

CODE = sorted(path for name in ("index", "search", "api") for path in (ROOT / name).rglob("*.py"))
DOCS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / name / "README.md" for name in ("index", "search", "api", "seeds")),
    ]
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
SPANS = frozenset(re.findall(r"`+([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", TEXT + REFERENCE)))
"""The code spans of all pages, code blocks aside."""

VARIABLE = re.compile(r"\b(?:NUTGRAF|HF)_[A-Z_]+[A-Z]\b")

FORBIDDEN = re.compile(r"(?i)(?<![a-z])(documents?|chunks?|passages?|doc_?ids?)(?![a-z])")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

THEIRS = {
    # Names in the interfaces of the engines.
    "index/keywords/tantivy/writer.py": {"document", "Document", "add_document"}
    | {"delete_documents_by_query", "delete_documents_by_term"},
    "index/keywords/whoosh/engine.py": {"add_document", "_document"},
    "index/keywords/fields.py": {"document"},
    # Terms of art, and the prompts of models.
    "index/keywords/protocol.py": {"document"},  # inverse document frequency
    "index/models/prefixes.py": {"document", "passage", "passages"},
}

MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|home|root|opt|mnt)/|\bpypi\b", re.IGNORECASE)


def mentions(name: str) -> bool:
    """Tell whether a page mentions a name in a code span, as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(whole.search(span) for span in SPANS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_pages_show_every_command(name: str) -> None:
    assert re.search(rf"nutgraf {name}(?![\w-])", TEXT)


FLAGS = [
    pytest.param(flag, id=f"{name} {flag}")
    for name, command in COMMANDS.items()
    for parameter in command.params
    for flag in parameter.opts
    if flag.startswith("-")
]


@pytest.mark.parametrize("flag", FLAGS)
def test_pages_describe_every_flag(flag: str) -> None:
    assert mentions(flag)


@pytest.mark.parametrize("command", list(COMMANDS.values()), ids=list(COMMANDS))
def test_every_command_has_a_help_text(command: Any) -> None:
    assert command.help


def test_pages_describe_every_variable() -> None:
    read = {name for path in CODE for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    # A message names it: the cache of the library that reads it.
    read -= {"HF_HUB_CACHE"}
    assert {"NUTGRAF_INDEX", "NUTGRAF_TRUST", "NUTGRAF_TRACEBACK"} <= read
    assert {name for name in read if name not in TEXT} == set()


def test_pages_describe_every_route(seeds_index: Path) -> None:
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
def test_pages_describe_every_field_of_a_request(name: str) -> None:
    assert mentions(name)


def test_reference_is_up_to_date() -> None:
    assert reference() == REFERENCE, "run `make docs`"


def test_picture_shows_the_output_of_a_search(seeds_index: Path) -> None:
    drawn = (ROOT / "docs" / "search.svg").read_text(encoding="utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "", drawn)).replace("\xa0", " ")
    with Searcher(seeds_index) as searcher:
        found = searcher.search("why did the creamery go under", group="article", limit=2)
    assert "why did the creamery go under" in shown
    assert found.hits[0].article.title in shown


@pytest.mark.parametrize(("path", "kilobytes"), [("README.md", 8), ("ARCHITECTURE.md", 18)])
def test_entry_pages_are_short(path: str, kilobytes: int) -> None:
    assert (ROOT / path).stat().st_size <= kilobytes * 1024


def test_links_lead_somewhere() -> None:
    for path in DOCS:
        text = path.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
            if target.startswith("https://"):
                continue
            led_to = path.parent / target if target else path
            assert led_to.exists(), f"{path.name}: {target}"
            if anchor:
                assert anchor in anchors(led_to), f"{path.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
    """Yield the identifiers, strings and comments with a forbidden word."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            if FORBIDDEN.search(CAMEL.sub("_", token.string)):
                yield token.string
        elif token.type in (tokenize.STRING, tokenize.COMMENT) or "STRING" in token_name(token):
            for match in FORBIDDEN.finditer(token.string):
                yield whole_word(token.string, match.start(), match.end())


def token_name(token: tokenize.TokenInfo) -> str:
    """Return the kind of a token. Python 3.12 splits f-strings into several tokens."""
    return tokenize.tok_name[token.type]


def whole_word(text: str, start: int, end: int) -> str:
    """Return the identifier that contains a match."""
    before = re.search(r"\w*$", text[:start])
    after = re.match(r"\w*", text[end:])
    assert before is not None
    assert after is not None
    return before[0] + text[start:end] + after[0]
