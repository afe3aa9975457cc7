"""Streaming decompression of gz, xz, zst and bz2 files, in bounded memory."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import sys
import zlib
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "BLOCK",
    "COPY_AGAIN",
    "LONGEST_SIGN",
    "Budget",
    "DamagedError",
    "Filling",
    "compression_of",
    "unpacked",
]

BLOCK: Final = 64 * 1024
"""Number of bytes that are read or decompressed at a time."""

COPY_AGAIN: Final = "download or copy the file again"

MAX_RATIO: Final = 200
"""Largest ratio of decompressed to compressed size.

The ratio of text is about 20. The ratio of a file that was made to fill memory
or disk is in the thousands.
"""

ALWAYS_FITS: Final = 64 * 1024 * 1024
"""Decompressed bytes that are accepted at any ratio."""

MAX_UNPACKED: Final = 256 * 1024**3
"""Largest number of decompressed bytes in one file.

The purpose is to limit the time, because memory use does not depend on the size.
"""

MAX_MEMORY: Final = 128 * 1024 * 1024
"""Largest memory of a decompressor, in bytes.

Files of `xz -9` and `zstd -19` need about half of this memory.
"""

DICTIONARY: Final = b"\x5d\x2a\x4d\x18"
"""The first bytes of a zst file that contains a dictionary, as in web archives.

See https://iipc.github.io/warc-specifications/specifications/warc-zstd/.
"""

MAX_DICTIONARY: Final = 16 * 1024 * 1024
"""Largest size of a dictionary, in bytes; the usual size is 0.1 MB."""

SIGNS: Final = {
    "gz": re.compile(rb"\x1f\x8b\x08"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
"""The first bytes of compressed files.

A zst file may begin with a frame to skip, which has one of 16 other beginnings.
"""

LONGEST_SIGN: Final = 16
"""Bytes that suffice to recognise the compression of a file."""

MAX_EMPTY: Final = 10_000
"""Largest number of empty compressed streams in a file.

Each empty stream takes time, and no program writes many of them.
"""

FIRST_PIECE: Final = 1024
"""Number of bytes in the first piece of a stream that a decompressor receives.

Each later piece of the stream is twice as large, up to BLOCK bytes. After the end
of a stream, the decompressor copies the rest of the piece. So large first pieces
would be slow in a file with thousands of short streams.
"""

NO_ZERO: Final = re.compile(rb"[^\x00]")

ERRORS: Final = (zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError, ValueError, OSError)


class DamagedError(OSError):
    """Compressed data is truncated, damaged or suspiciously large."""


@dataclass(slots=True)
class Budget:
    """A limit of the decompressed size of a file, relative to its compressed size.

    `packed` returns the compressed size, or the number of compressed bytes that
    were read so far.
    """

    packed: Callable[[], int]
    _unpacked: int = field(default=0, init=False)

    def take(self, count: int) -> None:
        """Add `count` decompressed bytes. Raises DamagedError if they are too many."""
        self._unpacked += count
        if self._unpacked > MAX_UNPACKED:
            raise DamagedError(
                f"the compressed data holds more than {MAX_UNPACKED:,} bytes; unpack it and "
                "split it"
            )
        if self._unpacked > ALWAYS_FITS and self._unpacked > MAX_RATIO * self.packed():
            raise DamagedError(
                f"the compressed data holds more than {MAX_RATIO} times its size, which text "
                "never does; it may be made to fill the disk; unpack it yourself if you trust it"
            )


class Filling(io.RawIOBase):
    """A stream that fills each buffer with as many `_read_some` calls as needed.

    If `_read_some` raises an error, the stream first returns all bytes before the
    error. The next read raises the error.
    """

    def __init__(self) -> None:
        self._rest = memoryview(b"")
        self._error: OSError | None = None

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """See RawIOBase. Raises DamagedError."""
        out = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(out) and self._error is None:
            if not self._rest and not self._refill():
                break
            part = self._rest[: len(out) - filled]
            out[filled : filled + len(part)] = part
            self._rest = self._rest[len(part) :]
            filled += len(part)
        if self._error is not None and not filled:
            raise self._error
        return filled

    def _refill(self) -> bool:
        try:
            self._rest = memoryview(self._read_some())
        except OSError as error:
            self._error = error
        return len(self._rest) > 0

    @abstractmethod
    def _read_some(self) -> bytes:
        """Return the next bytes, or b"" at the end. Raises OSError on failure."""


class _Decompressor(Protocol):
    """The common interface of the standard library's decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """Return the compression that the first bytes of a file prove, or None.

    The compressions are "gz", "xz", "bz2" and "zst".
    """
    return next((name for name, sign in SIGNS.items() if sign.match(head)), None)


def unpacked(packed: io.BufferedIOBase, compression: str, budget: Budget) -> io.BufferedReader:
    """Return a stream of the decompressed bytes of a file.

    Concatenated compressed streams are read as one. Reading raises DamagedError, a
    subclass of OSError, if the data is damaged or exceeds `budget`.
    """
    return io.BufferedReader(_Unpacked(packed, compression, budget), BLOCK)


class _Unpacked(Filling):
    def __init__(self, packed: io.BufferedIOBase, compression: str, budget: Budget) -> None:
        super().__init__()
        self._packed = packed
        self._compression = compression
        self._budget = budget
        self._block = packed.read(len(DICTIONARY) + 4)
        self._at = 0
        self._piece = FIRST_PIECE
        self._is_empty = True
        self._without_output = 0
        self._dictionary: zstd.ZstdDict | None = None
        if compression == "zst" and self._block.startswith(DICTIONARY):
            self._dictionary = _dictionary(packed, self._block)
            self._block = b""
        self._decompressor: _Decompressor | None = _decompressor(compression, self._dictionary)

    def _read_some(self) -> bytes:
        try:
            while (decompressor := self._decompressor) is not None:
                if content := self._decompress_more(decompressor):
                    self._is_empty = False
                    self._budget.take(len(content))
                    return content
        except DamagedError:
            raise
        except ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError(
                f"the compressed data ({self._compression}) is damaged; {COPY_AGAIN}"
            ) from None
        return b""

    def _decompress_more(self, decompressor: _Decompressor) -> bytes:
        data = b""
        if decompressor.eof:
            self._begin_next(len(decompressor.unused_data))
            return b""
        if decompressor.needs_input:
            data = self._next_piece()
            if not data:
                raise DamagedError(
                    f"the compressed data ({self._compression}) ends too early, so the file may be "
                    f"incomplete; {COPY_AGAIN}"
                )
        return decompressor.decompress(data, BLOCK)

    def _next_piece(self) -> bytes:
        if self._at == len(self._block):
            self._block, self._at = self._packed.read(BLOCK), 0
        piece = self._block[self._at : self._at + self._piece]
        self._at += len(piece)
        self._piece = min(2 * self._piece, BLOCK)
        return piece

    def _begin_next(self, unused: int) -> None:
        """Skip the zeros that pad the last stream, and start the next stream.

        `unused` is the number of bytes that the decompressor received and that do
        not belong to the last stream.
        """
        self._without_output += self._is_empty
        if self._without_output > MAX_EMPTY:
            raise DamagedError(
                f"the compressed data has more than {MAX_EMPTY:,} empty streams; unpack it "
                "yourself if you trust it"
            )
        self._at -= unused
        while (found := NO_ZERO.search(self._block, self._at)) is None:
            self._block, self._at = self._packed.read(BLOCK), 0
            if not self._block:
                self._decompressor = None
                return
        self._at = found.start()
        head = self._block[self._at : self._at + LONGEST_SIGN]
        if len(head) < LONGEST_SIGN:
            head += self._packed.read(BLOCK)
            self._block, self._at = head, 0
        if compression_of(head) != self._compression:
            raise DamagedError(
                f"other data follows the compressed data ({self._compression}) in the file; "
                "unpack it yourself"
            )
        self._decompressor = _decompressor(self._compression, self._dictionary)
        self._piece = FIRST_PIECE
        self._is_empty = True


class _Gzip:
    """A gzip decompressor with the interface of `_Decompressor`."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._has_more = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._has_more and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = BLOCK) -> bytes:
        content = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._has_more = len(content) == max_length
        return content


def _decompressor(compression: str, dictionary: zstd.ZstdDict | None) -> _Decompressor:
    if compression == "gz":
        return _Gzip()
    if compression == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_MEMORY)
    if compression == "bz2":
        return bz2.BZ2Decompressor()
    window = zstd.DecompressionParameter.window_log_max
    return zstd.ZstdDecompressor(dictionary, options={window: MAX_MEMORY.bit_length() - 1})


def _dictionary(packed: io.BufferedIOBase, head: bytes) -> zstd.ZstdDict:
    """Return the dictionary of a zst file, which may be compressed.

    `head` contains the first bytes of the file: DICTIONARY and the size of the
    dictionary. Raises DamagedError if the dictionary is damaged or too large.
    """
    size = int.from_bytes(head[len(DICTIONARY) :], "little")
    content = packed.read(size) if size <= MAX_DICTIONARY else b""
    try:
        if compression_of(content) == "zst":
            content = _decompressor("zst", None).decompress(content, MAX_DICTIONARY)
        dictionary = zstd.ZstdDict(content)
        _decompressor("zst", dictionary)  # ZstdDict() does not check the dictionary.
        return dictionary
    except (zstd.ZstdError, EOFError, ValueError):
        raise DamagedError(
            f"the dictionary of the compressed data (zst) is damaged; {COPY_AGAIN}"
        ) from None
