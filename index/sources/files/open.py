"""Open a file: plain, compressed, or a zip. The files in a zip are its members.

The first bytes of a file decide its compression, and the name is ignored. But a
zip is opened only if its name ends in .zip or has no ending, because files of
many other formats are zips too. A member of a zip may be compressed. A zip in a
zip is rejected.
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
    COPY_AGAIN,
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
"""The first bytes of a zip with members, and of a zip without members."""

ENCRYPTED: Final = 0x1
"""The bit in a member's flags for encryption."""

METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Accepted compression methods of members.

Other methods are rare. zipfile decompresses these two in small pieces.
"""

LONGEST_ENDING: Final = 10
"""Largest number of letters in an ending."""

MAX_LIST: Final = 32 * 1024 * 1024
"""Largest size of the list of members in a zip, in bytes.

In memory, the list needs about 10 times as many bytes.
"""

ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError,
    RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""Errors that zipfile raises for damaged files."""


@dataclass(frozen=True, slots=True)
class Content:
    """The decompressed stream of a file, or of a member of a zip.

    `stem` and `ending` are "day" and ".jsonl" if the name is "day.jsonl.gz". The
    stem of a member begins with the stem of its zip. `member` is True for a member
    of a zip.
    """

    file: io.BufferedReader[Any]
    place: str
    stem: str
    ending: str
    member: bool = False

    def head(self) -> bytes:
        """Return the first bytes, at most 64 KiB; the next read returns them again.

        Raises OSError if the file cannot be read.
        """
        return self.file.peek(BLOCK)


class CountingFile(io.RawIOBase):
    """A file that reports the number of bytes read from it.

    If `size` is known, the sum of the reported numbers is at most `size`.
    """

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
        """See RawIOBase.

        The first call waits for enough bytes to recognise a compression.
        """
        out = memoryview(buffer).cast("B")
        count = self._file.readinto1(out)
        while not self.count and 0 < count < min(LONGEST_SIGN, len(out)):
            if not (more := self._file.readinto1(out[count:])):
                break
            count += more
        self._tell(count)
        return count

    def finish(self) -> None:
        """Report the bytes that were not read, so that the reports add up to `size`."""
        if self.size is not None:
            self._tell(self.size)

    def _tell(self, count: int) -> None:
        if self.size is not None:
            count = min(count, self.size - self.count)
        self.count += count
        self._on_bytes(count)


def contents(file: CountingFile, name: str, place: str) -> Iterator[Content | Rejected]:
    """Yield one Content for a file, or one for each member of a zip.

    Read each Content before you request the next one. A member that cannot be
    opened is Rejected. Both this function and reads of a Content raise OSError if
    the file cannot be read. They raise DamagedError, a subclass of OSError, if
    compressed data is damaged.
    """
    buffered = io.BufferedReader(file, BLOCK)
    stem, ending = split_name(name)
    if not buffered.peek(BLOCK).startswith(ZIPS) or ending not in ("", ZIP):
        yield _unpacked_once(buffered, place, stem, ending, Budget(lambda: file.count))
    elif (size := file.size) is None:
        yield Rejected(place, "a zip cannot be read from a stream; name the file instead")
    else:
        buffered.detach()
        yield from _members(file, place, stem, Budget(lambda: size))


def split_name(name: str) -> tuple[str, str]:
    """Return the stem and the ending of a name: ("day", ".jsonl") for "day.jsonl.gz".

    The ending of a compression is omitted. The ending is in lower case, and "" if
    there is none.
    """
    if (outer := ending_of(name)) in COMPRESSED:
        name = name[: -len(outer)]
    ending = ending_of(name)
    return name[: len(name) - len(ending)], ending


def ending_of(name: str) -> str:
    """Return the ending of a name in lower case and with its dot, such as ".html".

    The result is "" if the name has no ending, as in `page.php?id=3`.
    """
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
            return Rejected(
                place, "a compressed file or zip is inside another one; unpack the outer one"
            )
    return Content(file, place, stem, ending, member)


class _Archive(io.BufferedReader):
    """A file for zipfile; a zip with too long a list of members raises an error.

    zipfile reads the list in one call of `read`.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """See BufferedReader."""
        if size is not None and size > MAX_LIST:
            raise DamagedError(
                f"the list of members in the zip is longer than {MAX_LIST:,} bytes; unpack it"
            )
        return super().read(size)


def _members(
    file: CountingFile, place: str, stem: str, budget: Budget
) -> Iterator[Content | Rejected]:
    try:
        archive = zipfile.ZipFile(_Archive(file, BLOCK))
    except DamagedError:
        raise
    except ERRORS as error:
        raise DamagedError(f"the zip is damaged: {error}; {COPY_AGAIN}") from None
    with archive:
        for info in archive.infolist():
            if not info.filename:
                yield Rejected(place, "a member of the zip has no name; unpack the zip")
                continue
            path = PurePosixPath(info.filename)
            hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "..")
            if info.is_dir() or hidden:
                continue
            member = f"{place}:{info.filename}"
            if path.is_absolute() or ".." in path.parts:
                yield Rejected(member, "the name leads out of the zip; unpack the zip")
                continue
            if reason := _refusal(info):
                yield Rejected(member, reason)
                continue
            name, ending = split_name(info.filename)
            name = name.removesuffix("/index")  # Sites often have a folder for each article.
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
        return "the member is encrypted; unpack the zip with its password"
    if info.compress_type not in METHODS:
        return f"the compression method {info.compress_type} is not supported; unpack the zip"
    return None


class _Member(Filling):
    """A member of a zip, opened by the first read."""

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
            raise DamagedError(
                f"this file in the archive is damaged: {error}; {COPY_AGAIN}"
            ) from None
        self._budget.take(len(content))
        return content
