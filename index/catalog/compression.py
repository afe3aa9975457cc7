"""Compression of the texts in the catalog with zstd.

A paragraph is too short to be compressed well alone. So texts are compressed with
a dictionary: pieces of text that are frequent in the index. With a dictionary, a
text needs about 45% of its size, without one about 65%.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["DamagedTextError", "TextCodec", "stored_size", "train_dictionary"]

LEVEL: Final = 5
"""The level of zstd: 7 µs per text. Level 9 takes 3 times as long to save 2% more."""

MAX_DICTIONARY: Final = 384 * 1024
"""Largest size of a dictionary, in bytes."""

SAMPLE_RATIO: Final = 16
"""Bytes of text per byte of a dictionary.

A dictionary that is larger in relation to its texts is little better.
"""

_OPTIONS: Final[Mapping[int, int]] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    zstd.CompressionParameter.content_size_flag: 1,
    # The catalog stores the number of the dictionary, and a digest of each text.
    zstd.CompressionParameter.dict_id_flag: 0,
    zstd.CompressionParameter.checksum_flag: 0,
}

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""The first bytes of all compressed texts. They are not stored."""

_MOST_PER_BYTE: Final = 128 * 1024 // 4
"""Highest ratio of sizes: a block has at least 4 bytes, and at most 128 KiB text."""

_MIN_WINDOW: Final = 10
_MAX_WINDOW: Final = 31
"""Bounds of zstd for the binary logarithm of the memory of a decompressor."""


class DamagedTextError(ValueError):
    """The bytes are no compressed text, or belong to another dictionary."""


class TextCodec:
    """The compression with a dictionary, or without one if it is empty.

    Reading is thread-safe. Raises DamagedTextError if the dictionary is damaged.
    """

    def __init__(self, dictionary: bytes = b"") -> None:
        try:
            self._dictionary = zstd.ZstdDict(dictionary) if dictionary else None
            zstd.ZstdDecompressor(self._dictionary)  # ZstdDict() does not check the dictionary.
        except (zstd.ZstdError, ValueError):
            raise DamagedTextError("the bytes are no dictionary") from None

    def compress(self, text: str) -> bytes:
        """Return the stored form of a text."""
        compressor = self._compressor
        packed = compressor.compress(text.encode(), compressor.FLUSH_FRAME)
        return packed.removeprefix(_MAGIC)

    def decompress(self, stored: Any) -> str:
        """Return the text with a stored form.

        Raises DamagedTextError if the bytes are damaged. A damaged length allocates no
        more memory than an undamaged text of so many bytes can need.
        """
        size = stored_size(stored)
        window = min(max(size.bit_length(), _MIN_WINDOW), _MAX_WINDOW)
        options: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: window}
        try:
            decompressor = zstd.ZstdDecompressor(self._dictionary, options)
            content = decompressor.decompress(_MAGIC + stored, size + 1)
            text = content.decode()
        except (zstd.ZstdError, EOFError, UnicodeDecodeError):
            raise DamagedTextError("the bytes are damaged") from None
        if not decompressor.eof or decompressor.unused_data:
            raise DamagedTextError("the bytes are incomplete, or others follow")
        return text

    @cached_property
    def _compressor(self) -> zstd.ZstdCompressor:
        digested = self._dictionary and self._dictionary.as_digested_dict
        return zstd.ZstdCompressor(options=_OPTIONS, zstd_dict=digested)


def stored_size(stored: Any) -> int:
    """Return the size of a compressed text in UTF-8, without decompressing it.

    Raises DamagedTextError if the bytes do not begin like a compressed text, or name a size
    that no text of so many bytes can have.
    """
    if not isinstance(stored, bytes):
        raise DamagedTextError("the stored value is no bytes")
    try:
        size = zstd.get_frame_info(_MAGIC + stored).decompressed_size
    except zstd.ZstdError:
        raise DamagedTextError("the bytes do not begin like a compressed text") from None
    if size is None or size > _MOST_PER_BYTE * len(stored):
        raise DamagedTextError("the size of the text is damaged")
    return size


def train_dictionary(texts: Sequence[str]) -> bytes:
    """Return a dictionary for texts like these; it is empty if the texts are too few."""
    samples = [text.encode() for text in texts]
    size = min(sum(map(len, samples)) // SAMPLE_RATIO, MAX_DICTIONARY)
    try:
        return zstd.train_dict(samples, size).dict_content
    except (zstd.ZstdError, ValueError):  # Too few texts, or all are the same.
        return b""
