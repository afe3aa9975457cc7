"""Decode the body of an archived HTTP response: RFC 9112, 7.1, and RFC 9110, 8.4.

Some archives store responses unchanged. Others store decoded bodies with the
original headers. So a body that does not match its headers is returned unchanged.
"""

from __future__ import annotations

import io
import re
import zlib
from typing import Final

from nutgraf.index.errors import InputError
from nutgraf.index.sources.files.decompress import Budget, DamagedError, compression_of, unpacked

__all__ = ["OMIT_PAGE", "body_of"]

OMIT_PAGE: Final = "omit the page, or write the article as JSONL"

SIZE: Final = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,500})?\r?\n")
"""The line before each piece of a chunked body.

The line contains the length of the piece, and extensions, which are ignored.
"""

COMPRESSIONS: Final = {"gzip": "gz", "x-gzip": "gz", "zstd": "zst"}

MAX_ENCODINGS: Final = 3
"""Largest number of content encodings of one body; servers use one."""


def body_of(payload: bytes, transfer: str | None, encodings: str | None, limit: int) -> bytes:
    """Return the body of a response.

    `transfer` and `encodings` are the values of the headers Transfer-Encoding and
    Content-Encoding. Raises InputError if the body is damaged, is larger than
    `limit` bytes, or has an unknown encoding.
    """
    body = _joined(payload) if "chunked" in (transfer or "").lower() else payload
    names = [name.strip().lower() for name in (encodings or "").split(",")]
    for name in names[::-1][:MAX_ENCODINGS]:
        body = _decoded(body, name, limit)
    if len(body) > limit:
        raise InputError(f"the page is larger than {limit:,} bytes; {OMIT_PAGE}")
    return body


def _joined(payload: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while size := SIZE.match(payload, at):
        length = int(size[1], 16)
        if not length:
            return b"".join(pieces)
        pieces.append(payload[size.end() : size.end() + length])
        at = size.end() + length
        at += 2 if payload.startswith(b"\r\n", at) else 1
    return b"".join(pieces) if pieces else payload


def _decoded(body: bytes, name: str, limit: int) -> bytes:
    try:
        if name in COMPRESSIONS:
            if compression_of(body) != COMPRESSIONS[name]:
                return body
            budget = Budget(lambda: len(body))
            return unpacked(io.BytesIO(body), COMPRESSIONS[name], budget).read(limit + 1)
        if name == "deflate":
            return _inflated(body, limit)
        if name == "br":
            return _from_brotli(body, limit)
    except DamagedError as error:
        if _is_text(body):
            return body
        damage = str(error).partition("; ")[0]  # The rest is advice about files.
        raise InputError(
            f"the body of the page cannot be read: {damage}; archive the page again, or omit it"
        ) from None
    if name in ("", "identity", "none") or _is_text(body):
        return body
    raise InputError(
        f"the content encoding {name[:40]!r} of the page is not supported; archive the page again "
        "with Accept-Encoding: gzip"
    )


def _inflated(body: bytes, limit: int) -> bytes:
    """Decompress a zlib stream, or raw deflate, which some servers send instead.

    Raises DamagedError if the body is neither.
    """
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return zlib.decompressobj(bits).decompress(body, limit + 1)
        except zlib.error:
            continue
    raise DamagedError("the compressed data (deflate) is damaged")


def _from_brotli(body: bytes, limit: int) -> bytes:
    import brotli

    decompressor = brotli.Decompressor()
    parts = []
    left = limit + 1
    try:
        while left > 0 and not decompressor.is_finished():
            part = decompressor.process(body, output_buffer_limit=left)
            body = b""
            if not part and decompressor.can_accept_more_data():
                break
            parts.append(part)
            left -= len(part)
    except brotli.error:
        raise DamagedError("the compressed data (br) is damaged") from None
    return b"".join(parts)


def _is_text(body: bytes) -> bool:
    return body.lstrip().startswith(b"<")
