"""What a folder with a model holds, and how its files are read and told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError

__all__ = [
    "CONFIG_FILE",
    "MODEL_FILE",
    "TOKENIZER_FILE",
    "WORDS_FILE",
    "ConfigFields",
    "fingerprint",
    "read_part",
]

CONFIG_FILE: Final = "config.json"
MODEL_FILE: Final = "model.onnx"
TOKENIZER_FILE: Final = "tokenizer.json"
WORDS_FILE: Final = "words.npy"


class ConfigFields:
    """The fields of a config, JSON that was read from `where`, each as the type it should have.

    `repair_hint` is what to do where it is damaged. Raises BrokenIndexError, naming
    `where` and the field, for one that is missing or of another type.
    """

    def __init__(self, values: object, where: str, repair_hint: str) -> None:
        if not isinstance(values, Mapping):
            raise BrokenIndexError(
                f"{where} is damaged: what should describe a model is no JSON object; {repair_hint}"
            )
        self._values = values
        self._where = where
        self._mend = repair_hint

    @classmethod
    def read(cls, path: Path, repair_hint: str) -> ConfigFields:
        """Read them from a file."""
        content = read_part(path, repair_hint)
        try:
            values = json.loads(content)
        except ValueError as error:
            raise BrokenIndexError(f"{path} is damaged: no JSON ({error}); {repair_hint}") from None
        return cls(values, str(path), repair_hint)

    def text(self, field: str) -> str:
        """Return a text."""
        value = self._values.get(field)
        if not isinstance(value, str):
            raise self._wrong(field, "not text")
        return value

    def optional_text(self, field: str) -> str | None:
        """Return a text, or None where there is none."""
        return None if self._values.get(field) is None else self.text(field)

    def count(self, field: str) -> int:
        """Return a positive integer."""
        value = self._values.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._wrong(field, "not a positive integer")
        return value

    def optional_cosine(self, field: str) -> float | None:
        """Return a number from -1 to below 1, or None where there is none."""
        if self._values.get(field) is None:
            return None
        value = self.number(field)
        if not -1 <= value < 1:
            raise self._wrong(field, "not a cosine")
        return value

    def number(self, field: str) -> float:
        """Return a finite number."""
        value = self._values.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self._wrong(field, "not a number")
        return float(value)

    def _wrong(self, field: str, why: str) -> BrokenIndexError:
        value = self._values.get(field)
        return BrokenIndexError(
            f"{self._where} is damaged: '{field}' is {value!r}, {why}; {self._mend}"
        )


def fingerprint(*files: bytes) -> str:
    """Return 64 hex digits that differ when any of a model's files differs.

    They are the model, the tokenizer and, where an encoder has them, the vectors of words.
    """
    return hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files)).hexdigest()


def read_part(path: Path, repair_hint: str) -> bytes:
    """Return the bytes of one file of a model; raises BrokenIndexError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BrokenIndexError(f"the model's {path} is missing; {repair_hint}") from None
    except OSError as error:
        raise BrokenIndexError(
            f"the model's {path} cannot be read: {error.strerror}; see to its permissions, "
            f"or {repair_hint}"
        ) from None
