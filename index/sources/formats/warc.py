"""Read web archives (WARC, ISO 28500): one article per page, with its URL as id.

Most records are not articles: they are images, scripts, lists of links or copies.
Such records are counted, and one report at the end contains the counts. Separate
reports would hide the reports of errors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from urllib.parse import urlsplit

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.dates import warnings_of
from nutgraf.index.sources.files.decompress import BLOCK, DamagedError
from nutgraf.index.sources.files.http_body import OMIT_PAGE, body_of
from nutgraf.index.sources.formats.html import begins_as_html
from nutgraf.index.sources.items import Capture, Item, OpenedFile, Rejected, Skipped

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

__all__ = ["begins_as_warc", "read_warc"]

PAGES: Final = ("text/html", "application/xhtml+xml")

OK: Final = 200

BROKEN: Final = "the rest of the archive cannot be read"

DOWNLOAD: Final = "download or copy the archive again"

SINGULAR: Final = {
    "pages without an article": "page without an article",
    "requests and other records": "request or other record",
    "responses without status 200": "response without status 200",
    "revisits, which contain no page": "revisit, which contains no page",
}
"""Categories of records -> the words for one such record."""

MAX_HEADER: Final = 64 * 1024
"""Largest size of the headers of a record, or of the response in it, in bytes."""


class _NoPageError(Exception):
    """The record contains no page.

    The message is the category of the record in the report.
    """


def begins_as_warc(head: bytes) -> bool:
    """Tell whether the first bytes of a file prove that it is a web archive."""
    return head.startswith(b"WARC/")


def read_warc(opened: OpenedFile) -> Iterator[Item | Skipped]:
    """Yield the articles of the HTML pages in an archive, with their capture times.

    Pages are read from resources and from responses with status 200. Records after
    damaged data cannot be found, and a Rejected reports the damage.
    """
    left_out: Counter[str] = Counter()
    number = 0
    try:
        for number, record in enumerate(_records(opened), 1):
            place = f"{opened.place}:record {number}"
            try:
                yield from _captured(record, place)
            except _NoPageError as error:
                left_out[str(error)] += 1
            except InputError as error:
                yield Rejected(place, str(error))
            except DamagedError as error:
                yield Rejected(place, f"{BROKEN}: {error}")
                break
    except DamagedError as error:
        yield Rejected(f"{opened.place}:record {number + 1}", f"{BROKEN}: {error}")
    else:
        if not number:
            yield Rejected(opened.place, "there is no record in the archive")
    if left_out:
        counts = ", ".join(
            f"{count:,} {SINGULAR.get(what, what) if count == 1 else what}"
            for what, count in sorted(left_out.items())
        )
        records = "record" if number == 1 else "records"
        yield Skipped(opened.place, f"of {number:,} {records}: {counts}")


def _records(opened: OpenedFile) -> Iterator[WarcRecord]:
    """Yield all records. Raises DamagedError where reading cannot continue."""
    from fastwarc.warc import ArchiveIterator

    records = iter(
        ArchiveIterator(
            cast("BinaryIO", _Stream(opened.file)), max_header_len=MAX_HEADER, stream_detect=False
        )
    )
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except (OSError, ValueError) as error:
            raise _as_damage(error) from None
        if record.headers.get("Content-Length") is None:
            raise DamagedError(
                f"a record has an incomplete header, or no Content-Length; {DOWNLOAD}"
            )
        yield record


def _as_damage(error: OSError | ValueError) -> OSError:
    """Convert an error of fastwarc to DamagedError; return disk errors unchanged."""
    if isinstance(error, OSError) and (isinstance(error, DamagedError) or error.errno is not None):
        return error
    return DamagedError(f"{error}; {DOWNLOAD}")


class _Stream:
    """A file for fastwarc that returns available bytes at once.

    So fastwarc receives all bytes before damaged data.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0

    def read(self, size: int = BLOCK) -> bytes:
        content: bytes = self._file.read1(size)  # type: ignore[attr-defined]
        self._at += len(content)
        return content

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """Do nothing: the caller that opened the file closes it."""


def _captured(record: WarcRecord, place: str) -> Iterator[Item]:
    """Yield the article of a record. Raises _NoPageError if it contains no page."""
    from nutgraf.index.sources.html.metadata import whole_url
    from nutgraf.index.sources.html.page import MAX_PAGE, NoArticleError, read_page

    content = _content(record, 2 * MAX_PAGE)
    target = (record.headers.get("WARC-Target-URI") or "").strip("<>")
    address = whole_url(target)
    if address is None:
        raise InputError(
            f"the URL of the page, {target[:80]!r}, is not a web address, or is too long for "
            "an id; omit the page, or save it as HTML"
        )
    try:
        page = read_page(content, record.http_charset, address)
    except NoArticleError:
        raise _NoPageError("pages without an article") from None
    url = page.fields.url
    if url is None or _host(url) != _host(address):
        url = address
    article, oddity = page.article(url, url)
    cut = record.headers.get("WARC-Truncated")
    truncated = f"the page was truncated when it was archived ({cut[:40]})" if cut else None
    yield from warnings_of(article, place, page.oddity, oddity, truncated)
    date = record.record_date
    yield Capture(article, place, None if date is None else date.timestamp())


def _content(record: WarcRecord, longest: int) -> bytes:
    """Return the HTML of a record. Raises _NoPageError if the record has no HTML."""
    kind = (record.headers.get("WARC-Type") or "").lower()
    if kind == "revisit":
        raise _NoPageError("revisits, which contain no page")
    if kind not in ("response", "resource"):
        raise _NoPageError("requests and other records")
    headers = record.http_headers if record.is_http_parsed else None
    if kind == "response" and (headers is None or headers.status_code != OK):
        raise _NoPageError(f"responses without status {OK}")
    declared = record.headers.get("Content-Type") if headers is None else record.http_content_type
    media = (declared or "").partition(";")[0].strip().lower()
    if media and media not in PAGES:
        raise _NoPageError("not HTML")
    if record.content_length > longest:
        raise InputError(f"the page is larger than {longest:,} bytes; {OMIT_PAGE}")
    try:
        payload = record.reader.read(longest)
    except (OSError, ValueError) as error:
        raise _as_damage(error) from None
    if len(payload) < record.content_length:
        raise DamagedError(f"the archive ends inside a record; {DOWNLOAD}")
    if headers is not None:
        transfer, encodings = headers.get("Transfer-Encoding"), headers.get("Content-Encoding")
        payload = body_of(payload, transfer, encodings, longest)
    if not media and not begins_as_html(payload):
        raise _NoPageError("not HTML")
    return payload


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
