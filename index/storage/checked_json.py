"""A small JSON object with a checksum of its own, written atomically."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nutgraf.index.storage.files import replace_file

__all__ = ["checksum_of", "parse_checked", "write_checked"]


def checksum_of(fields: Mapping[str, Any]) -> int:
    """Return the CRC-32 of the fields of an object.

    White space in the file has no effect.
    """
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode())


def parse_checked(content: bytes) -> dict[str, Any]:
    """Return the fields of an object without its checksum.

    Raises ValueError or KeyError if the content is damaged.
    """
    fields: Any = json.loads(content)
    if not isinstance(fields, dict):
        raise ValueError("it is not an object")
    if fields.pop("checksum") != checksum_of(fields):
        raise ValueError("its checksum does not match")
    return fields


def write_checked(path: Path, fields: Mapping[str, Any], indent: int | None = None) -> None:
    """Write an object with its checksum, atomically and durably."""
    checked = {**fields, "checksum": checksum_of(fields)}
    text = json.dumps(checked, indent=indent, ensure_ascii=False)
    replace_file(path, f"{text}\n".encode())
