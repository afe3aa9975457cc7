"""A file to what it holds: itself, what is compressed in it, the members of a zip.

What a file is compressed by is told by its first bytes, not by its name; but a
zip is opened only where it is called one, as many formats are zips of their own.
A member may be compressed once more; a zip in a zip is not opened.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from nutgraf.index.sources.files.decompress import (
    BLOCK,
    LONGEST_SIGN,
    Budget,
    DamagedError,
    Filling,
    compression_of,
    unpacked,
)
from nutgraf.index.sources.items import OnBytes, Rejected

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["COMPRESSED", "ZIP", "Content", "CountingFile", "contents", "ending_of", "split_name"]

COMPRESSED: Final = (".gz", ".xz", ".zst", ".bz2")

ZIP: Final = ".zip"

ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""What a zip begins with, and one without members."""

ENCRYPTED: Final = 0x1
"""The bit of a member's flags that says so."""

METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How a member may be compressed: what every zip of text is, and what comes out in pieces."""

LONGEST_ENDING: Final = 10
"""Letters in what is taken for an ending; `page.php?id=3` has none."""

MAX_LIST: Final = 32 * 1024 * 1024
"""Bytes in the list of a zip's members, which is held in memory some ten times over."""

ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError,
    RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""What zipfile raises for what is damaged."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file, or a member of it, holds: decompressed, read from its beginning.

    `stem` and `ending` are those of its name, without that of its compression;
    for a member of a zip, the stem begins with the zip's. `member` tells
    whether it is one.
    """

    file: io.BufferedReader[Any]
    place: str
    stem: str
    ending: str
    member: bool = False

    def head(self) -> bytes:
        """Return the first bytes, at most 64 KiB; they are read again. Raises OSError."""
        return self.file.peek(BLOCK)


class CountingFile(io.RawIOBase):
    """A file that tells how much of it was read, and never more than `size` if that is known."""

    def __init__(self, file: io.BufferedIOBase, on_bytes: OnBytes, size: int | None = None) -> None:
        self._file = file
        self._on_bytes = on_bytes
        self.size = size
        self.count = 0

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def seekable(self) -> bool:
        """See RawIOBase."""
        return self.size is not None and self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See RawIOBase."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """See RawIOBase."""
        return self._file.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """See RawIOBase; the first time it waits for as much as tells what the file is."""
        out = memoryview(buffer).cast("B")
        count = self._file.readinto1(out)
        while not self.count and 0 < count < min(LONGEST_SIGN, len(out)):
            if not (more := self._file.readinto1(out[count:])):
                break
            count += more
        self._tell(count)
        return count

    def finish(self) -> None:
        """Tell of what was not read, too: the file is done."""
        if self.size is not None:
            self._tell(self.size)

    def _tell(self, count: int) -> None:
        if self.size is not None:
            count = min(count, self.size - self.count)
        self.count += count
        self._on_bytes(count)


def contents(file: CountingFile, name: str, place: str) -> Iterator[Content | Rejected]:
    """Yield what a file holds: one Content, or one for each member of a zip.

    Each is to be read before the next is asked for. Raises OSError where the
    file cannot be read, by itself and in what is read of a Content;
    DamagedError, which is one, where what is compressed is damaged.
    """
    buffered = io.BufferedReader(file, BLOCK)
    stem, ending = split_name(name)
    if not buffered.peek(BLOCK).startswith(ZIPS) or ending not in ("", ZIP):
        yield _unpacked_once(buffered, place, stem, ending, Budget(lambda: file.count))
    elif (size := file.size) is None:
        yield Rejected(place, "a zip cannot be read from a stream: give the name of a file")
    else:
        buffered.detach()
        yield from _members(file, place, stem, Budget(lambda: size))


def split_name(name: str) -> tuple[str, str]:
    """Return the name without endings, and its ending in small letters, "" for none.

    The ending of a compression is left out: "day.jsonl.gz" is "day", ".jsonl".
    """
    if (outer := ending_of(name)) in COMPRESSED:
        name = name[: -len(outer)]
    ending = ending_of(name)
    return name[: len(name) - len(ending)], ending


def ending_of(name: str) -> str:
    """Return the ending of a name in small letters, with its dot; "" where there is none."""
    letters = PurePosixPath(name).suffix[1:]
    is_ending = letters.isalnum() and letters.isascii() and not letters.isdigit()
    return f".{letters.lower()}" if is_ending and len(letters) <= LONGEST_ENDING else ""


def _unpacked_once(
    packed: io.BufferedReader[Any],
    place: str,
    stem: str,
    ending: str,
    budget: Budget,
    *,
    member: bool = False,
) -> Content | Rejected:
    compression = compression_of(packed.peek(BLOCK))
    file = packed if compression is None else unpacked(packed, compression, budget)
    if compression is not None or member:
        head = file.peek(BLOCK)
        if compression_of(head) or (head.startswith(ZIPS) and ending in ("", ZIP)):
            return Rejected(place, "it is packed in what is packed: unpack it")
    return Content(file, place, stem, ending, member)


class _Archive(io.BufferedReader):
    """A file of which zipfile reads no list of members that is too long."""

    def read(self, size: int | None = -1, /) -> bytes:
        """See BufferedReader."""
        if size is not None and size > MAX_LIST:
            raise DamagedError(f"the list of its members is longer than {MAX_LIST:,} bytes")
        return super().read(size)


def _members(
    file: CountingFile, place: str, stem: str, budget: Budget
) -> Iterator[Content | Rejected]:
    try:
        archive = zipfile.ZipFile(_Archive(file, BLOCK))
    except DamagedError:
        raise
    except ERRORS as error:
        raise DamagedError(f"it is a damaged zip: {error}") from None
    with archive:
        for info in archive.infolist():
            if not info.filename:
                yield Rejected(place, "a member of it has no name: unpack it")
                continue
            path = PurePosixPath(info.filename)
            hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "..")
            if info.is_dir() or hidden:
                continue
            member = f"{place}:{info.filename}"
            if path.is_absolute() or ".." in path.parts:
                yield Rejected(member, "its name leads out of the zip: unpack it")
                continue
            if reason := _refusal(info):
                yield Rejected(member, reason)
                continue
            name, ending = split_name(info.filename)
            name = name.removesuffix("/index")  # As sites have it, with a folder for each article.
            opened = io.BufferedReader(_Member(archive, info, budget), BLOCK)
            try:
                found = _unpacked_once(
                    opened, member, f"{stem}/{name}", ending, budget, member=True
                )
            except DamagedError as error:
                yield Rejected(member, str(error))
            else:
                yield found


def _refusal(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted: unpack it with its password"
    if info.compress_type not in METHODS:
        return (
            f"it is compressed in a way (method {info.compress_type}) that is not read: unpack it"
        )
    return None


class _Member(Filling):
    """A member of a zip, opened when it is read."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> None:
        super().__init__()
        self._archive = archive
        self._info = info
        self._budget = budget
        self._file: IO[bytes] | None = None

    def _read_some(self) -> bytes:
        try:
            if self._file is None:
                self._file = self._archive.open(self._info)
            content = self._file.read(BLOCK)
        except ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError(f"it is damaged: {error}") from None
        self._budget.take(len(content))
        return content
