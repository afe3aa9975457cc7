"""Check the prose of code and Markdown: `python tools/prose.py PATH...`.

A clause that begins with a question word hides the noun that a reader looks for,
so the number of such clauses is limited. A long docstring summary hides the purpose
of a name, so the length of summaries is limited. proselint checks the text of
Markdown pages, without their code blocks and code spans.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proselint.checks import __register__
from proselint.config import DEFAULT, Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

MAX_PER_THOUSAND = 2.0
"""The most clause words in 1,000 words of prose. The limit applies to each PATH."""

MAX_SUMMARY = 80
"""The most characters in the first line of a docstring."""

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]+`")
HEADING = re.compile(r"^#.*$", re.MULTILINE)
CLAUSE_WORD = re.compile(r"\b(?:what|who|whoever)\b", re.IGNORECASE)


PROSELINT = Config(
    # The typography checks want curly quotes. The pages have straight ones, as the code does.
    checks={**DEFAULT["checks"], "typography": False},
    max_errors=1_000,
)


class Prose(NamedTuple):
    """A comment, a docstring or a page, with the line on which it begins."""

    line: int
    text: str
    is_docstring: bool


def prose_of_page(text: str) -> Prose:
    """Return the text of a Markdown page without its code blocks."""
    return Prose(1, FENCE.sub(lambda code: "\n" * code[0].count("\n"), text), is_docstring=False)


def prose_of_code(source: str) -> Iterator[Prose]:
    """Yield the comments and docstrings of Python code."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Prose(token.start[0], token.string, is_docstring=False)
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(ast.Constant(str(text))):
                    yield Prose(statement.lineno, text, is_docstring=True)


def files_in(path: Path) -> list[Path]:
    """Return the Python and Markdown files in a folder, or the path itself for a file."""
    if path.is_file():
        return [path]
    return sorted(each for each in path.rglob("*") if each.suffix in (".py", ".md"))


def findings(folder: Path) -> Iterator[str]:
    """Yield each fault of a file or folder as `FILE:LINE: REASON`."""
    words = 0
    clauses = []
    for path in files_in(folder):
        text = path.read_text(encoding="utf-8")
        for prose in [prose_of_page(text)] if path.suffix == ".md" else prose_of_code(text):
            words += len(prose.text.split())
            for number, line in enumerate(prose.text.splitlines(), prose.line):
                if path.suffix == ".md" and line.startswith("#"):
                    continue  # A heading may be a question.
                clauses += [
                    f"{path}:{number}: '{word}' in: {line.strip()}"
                    for word in CLAUSE_WORD.findall(line)
                ]
            summary = prose.text.strip().partition("\n")[0]
            if prose.is_docstring and len(summary) > MAX_SUMMARY:
                yield (
                    f"{path}:{prose.line}: the summary has {len(summary)} characters;"
                    f" the limit is {MAX_SUMMARY}"
                )
            if path.suffix == ".md":
                yield from proselint(path, prose.text)
    if len(clauses) > MAX_PER_THOUSAND * words / 1000:
        yield from clauses
        yield (
            f"{folder}: {len(clauses)} clause words in {words:,} words;"
            f" the limit is {MAX_PER_THOUSAND:g} in 1,000"
        )


def proselint(path: Path, text: str) -> Iterator[str]:
    """Yield the findings of proselint in the text of a page."""
    plain = CODE_SPAN.sub(lambda span: "x" * len(span[0]), HEADING.sub("", text))
    for found in LintFile(path, plain).lint(PROSELINT):
        yield f"{path}:{found.pos[0]}: {found.check_result.message}"


def main() -> int:
    """Print the faults of all files and folders; return 1 if there are any."""
    CheckRegistry().register_many(__register__)
    found = [fault for name in sys.argv[1:] for fault in findings(Path(name))]
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
