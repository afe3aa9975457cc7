"""Find the encoding of bytes, and decode them.

On the Web, the name of an encoding can mean a larger encoding: ascii means cp1252.
The names follow https://encoding.spec.whatwg.org/#names-and-labels.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from nutgraf.index.analysis.language_detection import detect_language
from nutgraf.index.errors import InputError

__all__ = ["Decoded", "declared_encoding", "decode_any", "encoding_of"]

BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and their encodings.

The mark of UTF-32-LE begins with the mark of UTF-16-LE, so it is checked first.
"""

STREAMED: Final = {
    "utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "utf-32-le": "utf-32",
    "utf-32-be": "utf-32",
}  # fmt: skip
"""Encoding -> its codec for streams, which skips a byte order mark."""

DECLARATION: Final = re.compile(
    rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']\s*([\w.:-]{1,40})"""
    rb"""|<meta\s[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)

HEAD: Final = 4_096
"""Number of first bytes that are searched for a declaration.

Browsers search the first 1,024 bytes.
"""

SUPERSETS: Final = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "euc_kr": "cp949", "big5": "big5hkscs", "utf-16": "utf-16-le", "utf-32": "utf-32-le",
}  # fmt: skip
"""Name of an encoding -> the larger encoding that the name means on the Web."""

ONE_BYTE: Final = frozenset(
    [f"cp{page}" for page in (437, 850, 852, 866, 874, *range(1250, 1259))]
    + [f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)]
    + ["koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"]
)
"""Encodings with 1 byte per letter. In them, nearly all bytes are valid."""

KNOWN: Final = ONE_BYTE | {
    "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030", "big5hkscs", "cp932",
    "cp949", "euc_jp", "iso2022_jp", "johab",
}  # fmt: skip
"""Encodings that a file can declare.

Python knows others, such as punycode, that are not for text on the Web.
"""

GUESSED: Final = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2",
    "iso8859_5", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
"""Candidates for a guess: a longer list makes guesses less reliable."""

WESTERN: Final = "cp1252"

LATIN: Final = {"cp1250", "cp1252", "cp1254", "iso8859_2"}
"""Encodings of Latin letters in `GUESSED`. Few bytes differ between them."""

WRITTEN_IN_WESTERN: Final = {
    "ca", "da", "de", "en", "es", "eu", "fi", "fr", "ga", "gl", "is", "it", "nb", "nl", "nn", "no",
    "pt", "sv",
}  # fmt: skip
"""Languages that are usually written in cp1252, if the text is not in UTF-8."""

SAMPLE_BYTES: Final = 64 * 1024
"""Number of first bytes from which an encoding is guessed."""

MIN_COHERENCE: Final = 0.4
"""Smallest coherence of an accepted guess, 0..1.

Coherence is the similarity of the letters to those of a language. In our tests,
wrong guesses with 0.4 and more named an encoding that differs in only a few
letters.
"""

MAX_CHAOS: Final = 0.05
"""Largest chaos of an accepted guess, 0..1: the share of unusual characters."""

MAX_BAD_SHARE: Final = 1 / 500
"""Largest share of characters that are invalid in a declared encoding.

A few invalid characters can be stray bytes. With more, the declaration is wrong.
"""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded text. `oddity` is a problem of the encoding to report, or None."""

    text: str
    oddity: str | None = None


def declared_encoding(content: bytes) -> str | None:
    """Return the encoding that an HTML or XML file declares, or None."""
    found = DECLARATION.search(content[:HEAD])
    return None if found is None else (found[1] or found[2]).decode("ascii", "ignore")


def decode_any(content: bytes, declared: str | None = None) -> Decoded:
    """Return the text of a file.

    The first of these rules that applies decides the encoding:

    1. The encoding of the byte order mark.
    2. The `declared` encoding, if it has several bytes per letter, as UTF-8 and
       GB18030 have, and is not UTF-16 or UTF-32.
    3. UTF-8, if all bytes are valid UTF-8.
    4. The `declared` encoding.
    5. A guess, if the guess is reliable.

    An unknown `declared` encoding is ignored. Raises InputError if no rule applies,
    or if more than a few bytes are invalid in the encoding.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strict_or_mended(content[len(mark) :], name)
    encoding = _known(declared)
    if encoding is None or encoding in ONE_BYTE or encoding.startswith(("utf-16", "utf-32")):
        # Pages in UTF-8 often declare another encoding. Text in another encoding is not valid
        # UTF-8 by chance.
        try:
            return Decoded(_without_nul(content).decode("utf-8"))
        except UnicodeDecodeError as error:
            failed = error
    else:
        return _strict_or_mended(content, encoding)
    if encoding is not None:
        return _strict_or_mended(content, encoding)
    return _guessed(content, failed, declared)


def encoding_of(start: bytes) -> str:
    """Return the encoding of a stream from its first bytes.

    The codec of this name skips a byte order mark. Raises InputError if the
    encoding is unknown.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return STREAMED.get(name, name)
    _without_nul(start)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError as error:
        return _guess(start, error, None)
    return "utf-8"


def _known(declared: str | None) -> str | None:
    try:
        name = codecs.lookup(declared or "").name
    except (LookupError, ValueError):
        return None
    name = SUPERSETS.get(name, name)
    return name if name in KNOWN else None


def _strict_or_mended(content: bytes, encoding: str) -> Decoded:
    """Decode bytes, and replace invalid characters if they are few.

    One invalid character is always replaced. Raises InputError if there are more,
    and their share is larger than `MAX_BAD_SHARE`.
    """
    if not encoding.startswith(("utf-16", "utf-32")):
        _without_nul(content)
    try:
        return Decoded(content.decode(encoding))
    except UnicodeDecodeError as error:
        first = error
    text = content.decode(encoding, "replace")
    bad = text.count("\ufffd")
    if bad > max(1, len(text) * MAX_BAD_SHARE):
        raise InputError(
            f"the text is not in the declared encoding {encoding}: byte {first.start:,} is "
            f"0x{content[first.start]:02x}; convert it to UTF-8"
        )
    are = "character is" if bad == 1 else "characters are"
    return Decoded(text, f"{bad} {are} invalid in {encoding}, and replaced by \ufffd")


def _guessed(content: bytes, failed: UnicodeDecodeError, declared: str | None) -> Decoded:
    encoding = _guess(content, failed, declared)
    what = _not_utf8(content, failed, declared)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise InputError(f"{what}; convert it to UTF-8 (it may be {encoding})") from None
    return Decoded(text, f"{what}; it was read as {encoding}, which is a guess")


def _guess(content: bytes, failed: UnicodeDecodeError, declared: str | None) -> str:
    from charset_normalizer import from_bytes  # 0.1 s to import; few files need it

    best = from_bytes(content[:SAMPLE_BYTES], cp_isolation=GUESSED).best()
    if best is None or best.coherence < MIN_COHERENCE or best.chaos > MAX_CHAOS:
        looks = "" if best is None else f" (it may be {best.encoding})"
        raise InputError(f"{_not_utf8(content, failed, declared)}; convert it to UTF-8{looks}")
    western = _western(content[:SAMPLE_BYTES]) if best.encoding in LATIN else None
    return western or best.encoding


def _western(content: bytes) -> str | None:
    """Return cp1252 if texts in the language of this text usually use it, or None.

    The letters of ASCII, which are the same in all encodings of `LATIN`, suffice
    to detect the language. A guess of the encoding depends on the few other
    letters, and is often a similar encoding.
    """
    try:
        language = detect_language(content.decode(WESTERN).splitlines())
    except UnicodeDecodeError:
        return None
    return WESTERN if language in WRITTEN_IN_WESTERN else None


def _not_utf8(content: bytes, failed: UnicodeDecodeError, declared: str | None) -> str:
    what = f"this is not UTF-8 text: byte {failed.start:,} is 0x{content[failed.start]:02x}"
    if declared is None:
        return what
    return f"the declared encoding {declared[:40]!r} is unknown, and {what}"


def _without_nul(content: bytes) -> bytes:
    if (at := content.find(b"\x00")) >= 0:
        raise InputError(f"this is binary, not text: byte {at:,} is NUL")
    return content
