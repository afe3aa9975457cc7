"""The option `where`: conditions on any field, in one form for all of them.

source:BBC News        the article has this value
topic:economy OR trade the article has one of these values
-section:sport         the article does not have this value
tag:*                  the article has any value; -tag:* it has none
words:[300 TO 500]     a number in a range; also words:>300
published:last week    a date or a range of dates
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nutgraf.search.errors import RequestError

__all__ = ["FORMS", "FieldCondition", "parse_where"]

FORMS: Final = "FIELD:VALUE, -FIELD:VALUE, FIELD:* or FIELD:[A TO B]"

MAX_ALTERNATIVES: Final = 100
"""Maximum number of values in one condition."""

MAX_LENGTH: Final = 4_096
"""Maximum number of characters of one condition."""

_CONDITION: Final = re.compile(
    r"\s*(?P<sign>-?)(?P<field>[^\s:\"']{1,64}):\s*(?P<text>.*\S)\s*", re.DOTALL
)
_VALUE: Final = re.compile(
    r'"(?P<quoted>[^"]+)"(?=\s+OR\s|$)|(?P<plain>.+?)(?=\s+OR\s|$)', re.DOTALL
)
_OR: Final = re.compile(r"\s+OR\s+")


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """One condition on a field, as written.

    `text` is the part after the colon. If `excluded` is True, articles that meet the rest are not
    hits.
    """

    field: str
    text: str
    excluded: bool = False

    @property
    def is_presence(self) -> bool:
        """Whether the condition asks for any value."""
        return self.text == "*"

    @property
    def values(self) -> tuple[str, ...]:
        """The values that are alternatives, without quotes."""
        found, at = [], 0
        while match := _VALUE.match(self.text, at):
            found.append(match["quoted"] or match["plain"])
            separator = _OR.match(self.text, match.end())
            at = separator.end() if separator else len(self.text)
        return tuple(found)


def parse_where(text: str) -> FieldCondition:
    """Return the condition in a text. Raises RequestError if it has another form."""
    match = _CONDITION.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise RequestError("where", f"is {text[:40]!r}; write it as {FORMS}")
    field = match["field"].lower()
    condition = FieldCondition(field, match["text"], excluded=bool(match["sign"]))
    if len(condition.values) > MAX_ALTERNATIVES:
        raise RequestError(
            "where",
            f"has {len(condition.values)} values for {condition.field}; at most "
            f"{MAX_ALTERNATIVES} are allowed",
        )
    return condition
