"""The files of a whoosh index: whether they are what was written, and that they are on disk.

whoosh has no checksums and does not sync. Beside its files stands a list of
them with the CRC-32 of each, written after every commit; a file that a commit
has just made and that is not listed yet is taken as it is.
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
    """Sync the files of the last commit to disk, and write down their checksums."""
    known = _read(folder)
    checks = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _ENDINGS:
            if path.name not in known:
                sync(path)
            checks[path.name] = known.get(path.name) or zlib.crc32(path.read_bytes())
    replace_file(folder / CHECKSUMS, json.dumps(checks).encode())


def check_files(folder: Path) -> None:
    """Raise BrokenIndexError where a file is not what was written."""
    for name, checksum in _read(folder).items():
        try:
            sound = zlib.crc32((folder / name).read_bytes()) == checksum
        except FileNotFoundError:
            continue  # Merged into another since; if not, to open it fails by itself.
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
        f"{path} is damaged: its checksum is another; 'nutgraf repair' makes the keyword index "
        "again from the catalog"
    )
