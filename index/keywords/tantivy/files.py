"""The files of a tantivy index: whether they are what was written.

Each file of a segment ends in a footer: JSON with the CRC-32 of what is before
it, the length of that JSON and a magic number, both uint32. Files are written
once. The format is that of src/directory/footer.rs in tantivy 0.27.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Set
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError

__all__ = ["check_files", "stems_of"]

_MAGIC: Final = 1337
_TAIL: Final = struct.Struct("<II")


def stems_of(folder: Path) -> frozenset[str]:
    """Return the names, without their endings, of the files of the last commit.

    They are SEGMENT, and SEGMENT.OPSTAMP for what is deleted of one: a killed
    writer may have left half of another such file. Raises OSError, ValueError,
    KeyError and TypeError where meta.json cannot be read.
    """
    stems = set()
    for segment in json.loads((folder / "meta.json").read_bytes())["segments"]:
        name = segment["segment_id"].replace("-", "")
        stems.add(name)
        if segment["deletes"] is not None:
            stems.add(f"{name}.{segment['deletes']['opstamp']}")
    return frozenset(stems)


def check_files(folder: Path, stems: Set[str], known: Set[str] = frozenset()) -> frozenset[str]:
    """Return the names of the files with these stems; those in `known` are not read again.

    A file that is gone was merged into another by a later commit: whoever has
    it open goes on, and to open it anew fails by itself. Raises
    BrokenIndexError for one that is not what was written.
    """
    files = {path.name for path in folder.iterdir() if path.stem in stems}
    for name in sorted(files - known):
        if not _is_sound(folder / name):
            raise BrokenIndexError(
                f"{folder / name} is damaged: its checksum is another; 'nutgraf repair' makes the "
                "keyword index again from the catalog"
            )
    return frozenset(files)


def _is_sound(path: Path) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
            length, magic = _TAIL.unpack(content[-_TAIL.size :])
            end = len(content) - _TAIL.size - length
            if magic != _MAGIC or end < 0:
                return False
            footer = json.loads(content[end : -_TAIL.size])
            with memoryview(content) as whole, whole[:end] as body:
                return bool(zlib.crc32(body) == footer["crc"])
    except FileNotFoundError:
        return True
    except (ValueError, KeyError, TypeError, struct.error):
        return False
