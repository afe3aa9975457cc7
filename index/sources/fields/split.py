"""Split a text that lists several values, such as tags in a cell of a table."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["split_values"]

SEPARATORS: Final = re.compile("[;|]")


def split_values(text: str, *, commas: bool = False) -> list[str]:
    """Return the values in a text, with semicolons or bars between them.

    With `commas`, commas separate the values of a text without these. Names of authors
    and sections may contain a comma.
    """
    values = SEPARATORS.split(text)
    if len(values) == 1 and commas:
        values = text.split(",")
    return [stripped for value in values if (stripped := value.strip())]
