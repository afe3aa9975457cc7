"""Extract the text and the metadata of a PDF with pypdf."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass
from typing import Any, Final

from pypdf import PdfReader

from nutgraf.index.article import MAX_VALUE
from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.paragraphs import paragraphs_of
from nutgraf.index.sources.files.decompress import COPY_AGAIN
from nutgraf.index.sources.formats.pdf_lines import Line, blocks_of

__all__ = ["PdfText", "read_file"]

MAX_PAGES: Final = 2_000
"""Largest number of pages in a file: a longer file is a book, not an article."""

MAX_DRAWN: Final = 4 * 1024 * 1024
"""Largest size of the drawing instructions of a page, in bytes.

A page of text needs a few thousand bytes, and a map more than this limit.
"""

MAX_ALL_DRAWN: Final = 64 * 1024 * 1024
"""Largest size of the drawing instructions of a file, in bytes.

Pages can share instructions, which are then counted once per page.
"""

MAX_STEPS: Final = 2_000_000
"""Largest number of drawing instructions in a file.

A form is a drawing that other drawings can contain. So a few bytes of nested forms
can result in millions of instructions.
"""

LETTERS_A_STEP: Final = 20
"""Number of letters that count as one more instruction."""

SCAN: Final = "it may be a scan, which needs text recognition first"

FARTHEST: Final = 100_000.0
"""Largest accepted coordinate, in points; the largest possible page has 14,400."""

CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")

LIGATURES: Final = str.maketrans({
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\ufb05": "st", "\ufb06": "st", "\u00a0": " ",
})  # fmt: skip

NO_TITLE: Final = re.compile(
    r"(?:microsoft (?:word|powerpoint) - .*|untitled.*|.*\.(?:docx?|indd|qxd|pdf|tex|dvi|rtf|odt))",
    re.IGNORECASE,
)
"""Titles that programs write when the author sets none."""

# Without a handler, Python prints the log records of pypdf. The records are not needed,
# because our errors report the faults of files.
logging.getLogger("pypdf").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text and the metadata of a PDF.

    `unread` contains the numbers of unreadable pages, from 1.
    """

    title: str
    paragraphs: tuple[str, ...]
    author: str | None
    published: str | None
    language: str | None
    unread: tuple[int, ...]


def read_file(content: bytes) -> PdfText:
    """Return the text and the metadata of a PDF.

    Raises InputError if the file contains no text, requires a password, is damaged,
    or exceeds a limit.
    """
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(
                "the file is encrypted and requires a password; save it without encryption"
            )
        count = len(reader.pages)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - pypdf may raise any error on arbitrary files
        raise InputError(_refusal(error)) from None
    if count > MAX_PAGES:
        raise InputError(f"the file has {count:,} pages; the limit is {MAX_PAGES:,}; split it")
    lines, unread = _lines(reader, count)
    blocks, largest = blocks_of(lines)
    metadata = _metadata(reader)
    title = _given_title(metadata) or largest[:MAX_VALUE].strip()
    more = " that can be read" if unread else ""
    if not title:
        raise InputError(f"there is no text in the file{more}; {SCAN}")
    same = (at for at, block in enumerate(blocks[:5]) if block.text.casefold() == title.casefold())
    if (at := next(same, None)) is not None:
        del blocks[at]
    if not (paragraphs := paragraphs_of(blocks)):
        raise InputError(f"there is a title in the file, but no text{more}; {SCAN}")
    return PdfText(
        title,
        paragraphs,
        _text(metadata, "/Author"),
        _published(metadata),
        _language(reader),
        tuple(unread),
    )


def _refusal(error: Exception) -> str:
    name = type(error).__name__
    if name == "DependencyError":
        return "the file is encrypted with AES, which is not supported; save it without encryption"
    return f"the file is not a PDF, or is damaged: {str(error)[:100] or name}; {COPY_AGAIN}"


class _Steps:
    """A counter of drawing instructions. Raises InputError over MAX_STEPS."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def __call__(self, _operator: Any, operands: Any, *_: Any) -> None:
        letters = sum(len(one) for one in operands if isinstance(one, str | bytes | list))
        self.left -= 1 + letters // LETTERS_A_STEP
        if self.left < 0:
            raise InputError(
                f"the pages are too complex to read (more than {MAX_STEPS:,} drawing "
                "instructions); save the text in another format, such as HTML or plain text"
            )


def _lines(reader: PdfReader, count: int) -> tuple[list[Line], list[int]]:
    lines: list[Line] = []
    unread: list[int] = []
    steps = _Steps()
    left = MAX_ALL_DRAWN
    for number in range(count):
        drawn = _Drawn(number)
        try:
            page = reader.pages[number]
            contents = page.get_contents()
            size = 0 if contents is None else len(contents.get_data())
            left -= size
            if size > MAX_DRAWN or left < 0:
                unread.append(number + 1)
                continue
            page.extract_text(visitor_operand_before=steps, visitor_text=drawn.write)
        except Exception as error:  # noqa: BLE001 - as above
            if steps.left < 0:
                raise InputError(str(error)) from None
            unread.append(number + 1)
        lines.extend(drawn.finished())
    return lines, unread


class _Drawn:
    """A builder of the lines of a page. pypdf calls `write` for each piece of text."""

    def __init__(self, page: int) -> None:
        self._page = page
        self._lines: list[Line] = []
        self._parts: list[str] = []
        self._at = (0.0, 0.0)
        self._size = 0.0
        self._longest = 0

    def write(self, text: str, outer: Any, inner: Any, _font: Any, size: float) -> None:
        for number, part in enumerate(text.split("\n")):
            if number:
                self._end()
            if not part.strip():
                self._parts.append(part)
                continue
            x, y, height = _place(outer, inner, size)
            if not any(self._parts):
                self._at = x, y
            if len(part) > self._longest:
                # The longest part has the size of the line. A bullet or a superscript differs.
                self._longest, self._size = len(part), height
            self._parts.append(part)

    def finished(self) -> list[Line]:
        self._end()
        return self._lines

    def _end(self) -> None:
        text = CONTROLS.sub("", "".join(self._parts)).translate(LIGATURES)
        text = " ".join(text.encode(errors="replace").decode().split())
        if text:
            self._lines.append(Line(self._page, *self._at, self._size, text))
        self._parts = []
        self._longest = 0


def _place(outer: Any, inner: Any, size: float) -> tuple[float, float, float]:
    """Return the position x, y of a text and the size of its letters, in points.

    `outer` and `inner` are the matrices of the page and of the text. x and y are
    distances from the bottom left corner of the page. Values over FARTHEST are
    impossible, and become 0.
    """
    x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
    y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
    height = abs(size * inner[3] * outer[3])
    x, y, height = (float(one) if abs(one) < FARTHEST else 0.0 for one in (x, y, height))
    return x, y, height


def _metadata(reader: PdfReader) -> dict[str, Any]:
    try:
        return dict(reader.metadata or {})
    except Exception:  # noqa: BLE001 - as above
        return {}


def _text(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    if not isinstance(value, str):
        return None
    text = CONTROLS.sub("", value).encode(errors="replace").decode()
    return " ".join(text.split())[:MAX_VALUE].strip() or None


def _given_title(metadata: dict[str, Any]) -> str | None:
    title = _text(metadata, "/Title")
    return None if title is None or NO_TITLE.fullmatch(title) else title


DATE: Final = re.compile(
    r"D:(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?", re.ASCII
)


def _published(metadata: dict[str, Any]) -> str | None:
    """Return the creation date in ISO 8601, or None if it is missing or invalid.

    The metadata contains the date in a form such as D:20230104093000+01'00'.
    """
    from nutgraf.index.sources.fields.dates import iso_date

    found = DATE.match(_text(metadata, "/CreationDate") or "")
    if found is None:
        return None
    year, month, day, hour, minute, second, utc, hours, minutes = found.groups()
    text = f"{year}-{month}-{day}"
    if hour:
        zone = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
        text += f"T{hour}:{minute}:{second or '00'}{zone}"
    try:
        return iso_date(text)
    except InputError:
        return None


def _language(reader: PdfReader) -> str | None:
    try:
        return _text({"/Lang": reader.root_object.get("/Lang")}, "/Lang")
    except Exception:  # noqa: BLE001 - as above
        return None
