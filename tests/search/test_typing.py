"""Type checkers know the options of a search: code checked by mypy --strict."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

HEAD = """
from nutgraf.search import Filters, Recency, Searcher, SearchRequest

def ask(searcher: Searcher) -> None:
"""

RIGHT = (
    'searcher.search("wolf", limit=3)',
    'searcher.search("wolf", mode="keyword", filters=Filters(section="a"), text=True)',
    'searcher.search(SearchRequest("wolf"), facets=["source"], recency=Recency("30d"))',
    'Filters(section="a", source=["b", "c"], language=("en",), published_from="2023")',
    'print([hit.paragraph.text for hit in searcher.search("wolf")])',
    'print(len(searcher.search("wolf")))',
)
WRONG = {
    'searcher.search("wolf", limt=3)': "limt",
    'searcher.search("wolf", limit="3")': "limit",
    'searcher.search("wolf", mode="vector")': "mode",
    'searcher.search("wolf", "keyword")': "positional",
    'Filters(paper="a")': "paper",
    "Filters(section=3)": "section",
    'print(searcher.search("wolf").hits[0].position)': "position",
}


def test_options_are_known_to_type_checkers(tmp_path: Path) -> None:
    statements = [*RIGHT, *WRONG]
    file = tmp_path / "snippets.py"
    file.write_text(HEAD + "".join(f"    {each}\n" for each in statements), "utf-8")
    first = HEAD.count("\n") + 1
    done = subprocess.run(
        [sys.executable, "-m", "mypy", file],  # strict, and with the cache of `make lint`
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert not done.stderr
    found: dict[str, str] = {}
    for line, message in re.findall(r"snippets\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        statement = statements[int(line) - first]
        found[statement] = f"{found.get(statement, '')} {message}"
    assert found.keys() == WRONG.keys(), done.stdout
    for statement, word in WRONG.items():
        assert word in found[statement]
