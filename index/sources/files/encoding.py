"""Decode bytes by byte order mark, declaration, UTF-8 or a guess.

The names of encodings, and the names that mean a larger encoding, follow
https://encoding.spec.whatwg.org/#names-and-labels.
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
"""Byte order marks. A longer mark precedes its own prefix."""

STREAMED: Final = {
    "utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "utf-32-le": "utf-32",
    "utf-32-be": "utf-32",
}  # fmt: skip
"""Codecs that skip the byte order mark."""

DECLARATION: Final = re.compile(
    rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']\s*([\w.:-]{1,40})"""
    rb"""|<meta\s[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)

HEAD: Final = 4_096
"""First bytes that are searched for a declaration: browsers search 1,024."""

SUPERSETS: Final = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "euc_kr": "cp949", "big5": "big5hkscs", "utf-16": "utf-16-le", "utf-32": "utf-32-le",
}  # fmt: skip
"""Names of encodings, and the larger encoding that each means on the Web."""

ONE_BYTE: Final = frozenset(
    [f"cp{page}" for page in (437, 850, 852, 866, 874, *range(1250, 1259))]
    + [f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)]
    + ["koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"]
)
"""Encodings in which nearly all bytes are valid."""

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
"""Encodings in `GUESSED` that differ in few bytes."""

WRITTEN_IN_WESTERN: Final = {
    "ca", "da", "de", "en", "es", "eu", "fi", "fr", "ga", "gl", "is", "it", "nb", "nl", "nn", "no",
    "pt", "sv",
}  # fmt: skip

SAMPLE_BYTES: Final = 64 * 1024
"""Bytes to guess an encoding from."""

MIN_COHERENCE: Final = 0.4
"""Lowest similarity of the letters to a language for a guess, 0..1.

In tests, guesses of 0.4 and more were wrong only between encodings that differ
in a few letters.
"""

MAX_CHAOS: Final = 0.05
"""Largest share of characters that are unusual in text, for a guess, 0..1."""

MAX_BAD_SHARE: Final = 1 / 500
"""Share of characters that may be invalid in a declared encoding: a stray byte."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and a problem of its encoding to report; None without one."""

    text: str
    oddity: str | None = None


def declared_encoding(content: bytes) -> str | None:
    """Return the encoding that an HTML or XML file declares, None without one."""
    found = DECLARATION.search(content[:HEAD])
    return None if found is None else (found[1] or found[2]).decode("ascii", "ignore")


def decode_any(content: bytes, declared: str | None = None) -> Decoded:
    """Return the text of a file.

    The first of these decides: a byte order mark; UTF-8 where all bytes are
    valid, unless the `declared` encoding has several bytes a letter; the
    `declared` encoding; a guess, if it is reliable. Raises InputError where the
    encoding is unknown.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strict_or_mended(content[len(mark) :], name)
    encoding = _known(declared)
    if encoding is None or encoding in ONE_BYTE or encoding.startswith(("utf-16", "utf-32")):
        # UTF-8 pages often declare another encoding; other bytes are not valid UTF-8 by chance.
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
    """Return the encoding of a file from its first bytes, to decode it as a stream.

    Raises InputError where the encoding is unknown.
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
    """Return the text and replace a few invalid characters.

    Raises InputError where there are more than `MAX_BAD_SHARE`.
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
    from charset_normalizer import from_bytes  # 0.1 s to import, and for few files

    best = from_bytes(content[:SAMPLE_BYTES], cp_isolation=GUESSED).best()
    if best is None or best.coherence < MIN_COHERENCE or best.chaos > MAX_CHAOS:
        looks = "" if best is None else f" (it may be {best.encoding})"
        raise InputError(f"{_not_utf8(content, failed, declared)}; convert it to UTF-8{looks}")
    western = _western(content[:SAMPLE_BYTES]) if best.encoding in LATIN else None
    return western or best.encoding


def _western(content: bytes) -> str | None:
    """Return cp1252 where the language of the text is usually written in it.

    The language is detected from the plain letters. A guess from the few other
    letters often returns a similar encoding.
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
