"""Read HTML files and saved pages: one article per file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.dates import warnings_of
from nutgraf.index.sources.items import Capture, Item, OpenedFile, Rejected

__all__ = ["begins_as_html", "read_html"]

BEGINNING: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?.*?\?>)*+(?:<!doctype\s+html|<html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
"""The first bytes of a page. No other format that contains HTML begins with them."""


def begins_as_html(head: bytes) -> bool:
    """Tell whether the first bytes of a file prove that it is an HTML page."""
    return BEGINNING.match(head) is not None


def read_html(opened: OpenedFile) -> Iterator[Item]:
    """Yield the article of a page, or a report.

    The id is the URL that the page declares, or else the name of the file.
    """
    from nutgraf.index.sources.html.page import MAX_PAGE, read_page  # 0.3 s to import

    content = opened.file.read(MAX_PAGE + 1)
    try:
        page = read_page(content)
        url = page.fields.url
        article, oddity = page.article(url or opened.name.article_id(content=content), url)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    yield from warnings_of(article, opened.place, page.oddity, oddity)
    yield article if url is None else Capture(article, opened.place, None)
