"""Draw docs/search.svg: a search of the sample articles in a terminal.

`python tools/picture.py INDEX` searches INDEX and prints a picture of the output.
`make docs` writes the picture to docs/search.svg. A test compares the text in that
file with the output of a search.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

QUESTION: Final = "why did the creamery go under"
WIDTH: Final = 96
"""Columns of the terminal."""

WEB_FONT: Final = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""The CSS rules that load a font from the web.

The picture omits these rules, so that a browser uses a font of its own.
"""


def search(index: Path) -> str:
    """Return the output of a search for QUESTION, with the terminal codes of colours."""
    command = Path(sys.executable).with_name("nutgraf")
    done = subprocess.run(
        [command, "search", QUESTION, "-n", "2", "-i", index],
        env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(WIDTH)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def picture(index: Path) -> str:
    """Return a picture of the command and its output, as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f'$ nutgraf search "{QUESTION}" -n 2', style="bold"))
    console.print(Text.from_ansi(search(index)))
    return console.export_svg(
        title="nutgraf",
        theme=DIMMED_MONOKAI,
        code_format=WEB_FONT.sub("", CONSOLE_SVG_FORMAT),
        unique_id="search",
    )


if __name__ == "__main__":
    sys.stdout.write(picture(Path(sys.argv[1])))
