"""The files in the folder of a model: their names, content and fingerprint."""

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
    """The fields of a JSON config, with checked types.

    In error messages, `where` names the source of the JSON, and `repair_hint` is the
    advice. The methods raise BrokenIndexError if a field is missing or has the
    wrong type. The message names `where` and the field.
    """

    def __init__(self, values: object, where: str, repair_hint: str) -> None:
        if not isinstance(values, Mapping):
            raise BrokenIndexError(
                f"{where} is damaged: the config of the model is not a JSON object; {repair_hint}"
            )
        self._values = values
        self._where = where
        self._mend = repair_hint

    @classmethod
    def read(cls, path: Path, repair_hint: str) -> ConfigFields:
        """Read the fields from a JSON file.

        Raises BrokenIndexError if the file is missing, unreadable or not a JSON object.
        """
        content = read_part(path, repair_hint)
        try:
            values = json.loads(content)
        except ValueError as error:
            raise BrokenIndexError(
                f"{path} is damaged: it is not valid JSON ({error}); {repair_hint}"
            ) from None
        return cls(values, str(path), repair_hint)

    def text(self, field: str) -> str:
        """Return the value of a text field."""
        value = self._values.get(field)
        if not isinstance(value, str):
            raise self._wrong(field, "not text")
        return value

    def optional_text(self, field: str) -> str | None:
        """Return the value of a text field, None if the field is null or missing."""
        return None if self._values.get(field) is None else self.text(field)

    def count(self, field: str) -> int:
        """Return the value of a field that is a positive integer."""
        value = self._values.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._wrong(field, "not a positive integer")
        return value

    def optional_cosine(self, field: str) -> float | None:
        """Return a number from -1 to below 1, None if the field is null or missing."""
        if self._values.get(field) is None:
            return None
        value = self.number(field)
        if not -1 <= value < 1:
            raise self._wrong(field, "not a cosine")
        return value

    def number(self, field: str) -> float:
        """Return the value of a field that is a finite number."""
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
    """Return 64 hex digits that change if any file of a model changes.

    `files` are the contents of model.onnx and tokenizer.json. If an encoder has
    word vectors, the content of words.npy follows.
    """
    return hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files)).hexdigest()


def read_part(path: Path, repair_hint: str) -> bytes:
    """Return the bytes of one file of a model.

    Raises BrokenIndexError if the file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BrokenIndexError(f"the model file {path} is missing; {repair_hint}") from None
    except OSError as error:
        raise BrokenIndexError(
            f"the model file {path} cannot be read: {error.strerror}; check its permissions, "
            f"or {repair_hint}"
        ) from None
