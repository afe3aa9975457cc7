"""Checksums of the files of a tantivy index.

Each file of a segment is written once and ends in a footer. The footer begins with JSON
that contains the CRC-32 of the bytes before the footer. The length of the JSON and a magic
number follow, both as little-endian uint32. Source of the format:
src/directory/footer.rs in tantivy 0.27.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Set
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError

__all__ = ["check_files", "stems_of"]

_MAGIC: Final = 1337
_TAIL: Final = struct.Struct("<II")

_BLOCK: Final = 1 << 20
"""The number of bytes to read at a time."""


def stems_of(folder: Path) -> frozenset[str]:
    """Return the names, without suffixes, of the files of the last commit.

    A name is SEGMENT, or SEGMENT.OPSTAMP for the file of deletions in a segment. OPSTAMP
    is included because a killed writer may have left an incomplete file with another
    OPSTAMP. Raises OSError, ValueError, KeyError or TypeError if meta.json cannot be read.
    """
    stems = set()
    for segment in json.loads((folder / "meta.json").read_bytes())["segments"]:
        name = segment["segment_id"].replace("-", "")
        stems.add(name)
        if segment["deletes"] is not None:
            stems.add(f"{name}.{segment['deletes']['opstamp']}")
    return frozenset(stems)


def check_files(folder: Path, stems: Set[str], known: Set[str] = frozenset()) -> frozenset[str]:
    """Check the checksums of the files with these stems, and return their names.

    Files in `known` are not checked again. Raises BrokenIndexError if a checksum does not
    match. A missing file is no error here: a later commit may have merged it into another
    file, and open readers can still use the deleted file. If tantivy needs a missing file,
    opening the index fails.
    """
    files = {path.name for path in folder.iterdir() if path.stem in stems}
    for name in sorted(files - known):
        if not _is_sound(folder / name):
            raise BrokenIndexError(
                f"{folder / name} is damaged: its checksum does not match; "
                "rebuild the keyword index from the catalog with 'nutgraf repair'"
            )
    return frozenset(files)


def _is_sound(path: Path) -> bool:
    try:
        with path.open("rb", buffering=0) as file:
            size = file.seek(-_TAIL.size, os.SEEK_END)
            length, magic = _TAIL.unpack(file.read())
            end = size - length
            if magic != _MAGIC or end < 0:
                return False
            file.seek(end)
            footer = json.loads(file.read(length))
            file.seek(0)
            return bool(_crc(file, end) == footer["crc"])
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False


def _crc(file: io.FileIO, size: int) -> int:
    """Return the CRC-32 of the next `size` bytes.

    They are read, not mapped, because mapped bytes would stay in the memory of the process.
    """
    checksum, buffer = 0, bytearray(_BLOCK)
    with memoryview(buffer) as view:
        while size > 0:
            count = file.readinto(view[: min(size, _BLOCK)])
            if not count:
                break
            checksum = zlib.crc32(view[:count], checksum)
            size -= count
    return checksum
