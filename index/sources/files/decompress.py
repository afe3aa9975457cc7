"""Compressed files, decompressed as they are read: gz, xz, zst and bz2, in bounded memory."""

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
    "LONGEST_SIGN",
    "Budget",
    "DamagedError",
    "Filling",
    "compression_of",
    "unpacked",
]

BLOCK: Final = 64 * 1024
"""Bytes that are read, and decompressed, at a time."""

MAX_RATIO: Final = 200
"""Bytes that a byte of a compressed file may hold: text comes to 20, a bomb to thousands."""

ALWAYS_FITS: Final = 64 * 1024 * 1024
"""Bytes that a file may hold in whatever few bytes."""

MAX_UNPACKED: Final = 256 * 1024**3
"""Bytes that one file may hold. It is read in bounded memory, so this bounds the time only."""

MAX_MEMORY: Final = 128 * 1024 * 1024
"""Bytes that a decompressor may take: `xz -9` and `zstd -19` ask for half of it."""

DICTIONARY: Final = b"\x5d\x2a\x4d\x18"
"""What a zst begins with that brings a dictionary along, as web archives do:
https://iipc.github.io/warc-specifications/specifications/warc-zstd/"""

MAX_DICTIONARY: Final = 16 * 1024 * 1024
"""Bytes in one; a tenth of a megabyte is usual."""

SIGNS: Final = {
    "gz": re.compile(rb"\x1f\x8b\x08"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
"""What files begin with, whatever they are called; a zst maybe with a frame to pass over."""

LONGEST_SIGN: Final = 16
"""Bytes that tell what a file is compressed by, and more."""

MAX_EMPTY: Final = 10_000
"""Streams of a file that hold nothing: each takes its time, and nobody writes many."""

FIRST_PIECE: Final = 1024
"""Bytes that a stream is given first, twice as many each time: what it does not need is copied,
and a block may hold thousands of streams."""

NO_ZERO: Final = re.compile(rb"[^\x00]")

ERRORS: Final = (zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError, ValueError, OSError)


class DamagedError(OSError):
    """What is compressed breaks off, is damaged, or holds more than can be meant."""


@dataclass(slots=True)
class Budget:
    """How much may come out of one file, by what has gone in.

    `packed` tells how many bytes of the file are known to be there.
    """

    packed: Callable[[], int]
    _unpacked: int = field(default=0, init=False)

    def take(self, count: int) -> None:
        """Note `count` bytes that came out. Raises DamagedError where that is too much."""
        self._unpacked += count
        if self._unpacked > MAX_UNPACKED:
            raise DamagedError(f"it holds more than {MAX_UNPACKED:,} bytes; unpack it and split it")
        if self._unpacked > ALWAYS_FITS and self._unpacked > MAX_RATIO * self.packed():
            raise DamagedError(
                f"it holds more than {MAX_RATIO} times its size: that is no text, and may be made "
                "to fill the disk; unpack it yourself if you trust it"
            )


class Filling(io.RawIOBase):
    """A stream that gives full buffers as long as it has enough, by `_read_some`.

    An error is raised once what was read before it has been given.
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
        """Return the next bytes, b"" at the end. Raises OSError."""


class _Decompressor(Protocol):
    """What the standard library's have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """Return "gz", "xz", "bz2" or "zst" by what a file begins with; None for anything else."""
    return next((name for name, sign in SIGNS.items() if sign.match(head)), None)


def unpacked(packed: io.BufferedIOBase, compression: str, budget: Budget) -> io.BufferedReader:
    """Return what a compressed file holds; several streams after one another are read as one.

    Reading raises DamagedError, an OSError, where there is no going on.
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
            raise DamagedError(f"what is compressed ({self._compression}) is damaged") from None
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
                    f"what is compressed ({self._compression}) breaks off before its end"
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
        """Go on with the next stream, over zeros that fill up a block; `unused` bytes were left."""
        self._without_output += self._is_empty
        if self._without_output > MAX_EMPTY:
            raise DamagedError(f"more than {MAX_EMPTY:,} streams in it hold nothing")
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
            raise DamagedError(f"what follows the compressed data ({self._compression}) is not")
        self._decompressor = _decompressor(self._compression, self._dictionary)
        self._piece = FIRST_PIECE
        self._is_empty = True


class _Gzip:
    """zlib's decompressor in the manner of the others'."""

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
    """Return the dictionary of a zst, which may be compressed itself. Raises DamagedError."""
    size = int.from_bytes(head[len(DICTIONARY) :], "little")
    content = packed.read(size) if size <= MAX_DICTIONARY else b""
    try:
        if compression_of(content) == "zst":
            content = _decompressor("zst", None).decompress(content, MAX_DICTIONARY)
        dictionary = zstd.ZstdDict(content)
        _decompressor("zst", dictionary)  # It is looked into only here.
        return dictionary
    except (zstd.ZstdError, EOFError, ValueError):
        raise DamagedError("its dictionary (zst) is damaged") from None
