"""The codes of values of keyword fields: the numbers that the columns store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nutgraf.index.catalog.connection import CHANGED, LOST, CatalogConnection, batches
from nutgraf.index.catalog.records import fields_checksum
from nutgraf.index.errors import BrokenIndexError

__all__ = ["CodeTable"]


class CodeTable(CatalogConnection):
    """The values of keyword fields and their codes."""

    def codes(self, field: str, values: Sequence[str]) -> dict[str, int]:
        """Return the codes of `values` of a field; omit values that have no code.

        A code is the number that the columns store instead of a value.
        """
        found: dict[str, int] = {}
        for some in batches(values):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT value, code, seal FROM codes WHERE field = ? AND value IN ({marks})"
            )
            for value, code, seal in self.fetch(statement, (field, *some)):
                self._check_code(field, value, code, seal)
                found[value] = code
        return found

    def values(self, field: str, codes: Sequence[int], limit: int) -> dict[int, str]:
        """Return the value of each of the given codes of a field.

        Return at most `limit` values, the first in the order of values.
        Raises BrokenIndexError if the entry of a code is missing or damaged.
        """
        found: dict[int, str] = {}
        # `codes` can be far longer than `limit`: facets pass all codes that have the same count.
        statement = (
            "SELECT value, code, seal FROM codes "
            "WHERE field = ? AND code IN (SELECT value FROM json_each(?)) ORDER BY value LIMIT ?"
        )
        for value, code, seal in self.fetch(statement, (field, json.dumps(codes), limit)):
            self._check_code(field, value, code, seal)
            found[code] = value
        if len(found) < min(limit, len(codes)):
            raise BrokenIndexError(f"{self._path}: the code of a value of {field} {LOST}")
        return found

    def all_values(self, field: str) -> dict[str, int]:
        """Return the codes of all values of a field, also of values of removed articles."""
        found: dict[str, int] = {}
        statement = "SELECT value, code, seal FROM codes WHERE field = ?"
        for value, code, seal in self.fetch(statement, (field,)):
            self._check_code(field, value, code, seal)
            found[value] = code
        return found

    def coded_values(self) -> list[tuple[str, str]]:
        """Return the field and the value of each code, also of deleted articles.

        Checksums are not checked: check that an article has the value before using it.
        """
        return self.fetch("SELECT field, value FROM codes", ())

    def codes_of_each(self, field: str, values: Sequence[tuple[str, ...]]) -> list[tuple[int, ...]]:
        """Return the codes of the values of a field that each record has."""
        codes = self.codes(field, list({value for some in values for value in some}))
        try:
            return [tuple(codes[value] for value in some) for some in values]
        except KeyError as lost:
            raise BrokenIndexError(f"{self._path}: the code of {field} {lost} {LOST}") from None

    def _check_code(self, field: str, value: Any, code: Any, seal: Any) -> None:
        if fields_checksum((field, value, code)) != seal:
            raise BrokenIndexError(f"{self._path}: the code of {field} {value!r} {CHANGED}")
