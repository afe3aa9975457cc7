"""Checksums of the files of a whoosh index, and their sync to disk.

whoosh has no checksums and does not sync files. So each commit writes a list of the
files, with the CRC-32 of each file, into the same folder. A new file that is not in the
list yet is not checked.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.files import replace_file, sync

__all__ = ["CHECKSUMS", "check_files", "record_files"]

CHECKSUMS: Final = "checks.json"

_ENDINGS: Final = (".toc", ".seg")


def record_files(folder: Path) -> None:
    """Sync the files of the last commit to disk, and store their checksums."""
    known = _read(folder)
    checks = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _ENDINGS:
            if path.name not in known:
                sync(path)
            checks[path.name] = known.get(path.name) or zlib.crc32(path.read_bytes())
    replace_file(folder / CHECKSUMS, json.dumps(checks).encode())


def check_files(folder: Path) -> None:
    """Raise BrokenIndexError if the checksum of a file does not match."""
    for name, checksum in _read(folder).items():
        try:
            sound = zlib.crc32((folder / name).read_bytes()) == checksum
        except FileNotFoundError:
            # A commit has merged this file into another one. If not, opening the index fails.
            continue
        if not sound:
            raise _damaged(folder / name)


def _read(folder: Path) -> dict[str, int]:
    try:
        checks = json.loads((folder / CHECKSUMS).read_bytes())
        return {str(name): int(checksum) for name, checksum in checks.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        raise _damaged(folder / CHECKSUMS) from None


def _damaged(path: Path) -> BrokenIndexError:
    return BrokenIndexError(
        f"{path} is damaged: its checksum does not match; "
        "rebuild the keyword index from the catalog with 'nutgraf repair'"
    )
