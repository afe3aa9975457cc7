"""Samples for fuzzing: valid files for each reader, and words of its format."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import dataclass

TEXT = "The transmitter mast above Upper Corve fell at noon on Tuesday, the council said. "


@dataclass(frozen=True, slots=True)
class Samples:
    """Files to change, and words to insert into them."""

    files: tuple[bytes, ...]
    words: tuple[bytes, ...]


def packed_samples() -> Samples:
    """Return compressed files and a zip, which index/sources/files/open.py reads."""
    lines = json.dumps({"title": "Mast falls", "text": TEXT}).encode() + b"\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/mast.txt", f"Mast falls\n\n{TEXT}")
        file.writestr("day.jsonl.gz", gzip.compress(lines))
    return Samples(
        (
            *(pack(lines * 20) for pack in (gzip.compress, lzma.compress, bz2.compress, bytes)),
            gzip.compress(lines) + gzip.compress(lines),
            archive.getvalue(),
        ),
        (
            b"PK\x01\x02",
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"\x1f\x8b\x08",
            b"\x28\xb5\x2f\xfd",
            b"\x00" * 8,
            b"\xff\xff\xff\xff",
            b"\x5d\x2a\x4d\x18",
        ),
    )


def html_samples() -> Samples:
    """Return pages of several styles."""
    described = json.dumps(
        {
            "@type": "NewsArticle",
            "headline": "Mast",
            "datePublished": "2023-01-04T09:30:00+01:00",
            "author": [{"@id": "#1"}],
            "publisher": {"name": "Ledger"},
            "articleBody": TEXT * 3,
        }
    )
    modern = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
        <title>Mast | Ledger</title>
        <link rel="canonical" href="https://ledger.example/mast"><meta property="og:site_name"
        content="Ledger"><script type="application/ld+json">{described}</script></head><body><nav>
        <a href="/">Home</a></nav><article><h1>Mast</h1><p>{TEXT}</p><h2>Sheep</h2><ul><li>{TEXT}
        <ul><li>One</li></ul></li></ul><table><tr><th>Year<td colspan=2>1961</table><blockquote><p>
        {TEXT}</blockquote></article><footer>© 2023</footer></body></html>"""
    old = f"""<HTML><HEAD><TITLE>Mast</TITLE><META NAME=date CONTENT="4 January 2023"></HEAD><BODY>
        <FONT SIZE=2><B>By A. B.</B><BR>{TEXT}<BR><BR>{TEXT}<P>{TEXT}<HR></FONT></BODY></HTML>"""
    words = (
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<table>",
        "<tr><td>",
        "<li>",
        "<ul>",
        "<br>",
        "<h2>",
        "&#xD800;",
        "&#0;",
        "<script type='application/ld+json'>",
        "</script>",
        "\\ud800",
        '"@graph":[',
        "{",
        "}",
        "<time datetime='",
        "content='99999999999'",
        "<svg>",
        "<![CDATA[",
        "<!--",
        "-->",
        "<a href='//[",
        "<base href='",
        "utf-16",
        "utf-7",
        "2023-13-45T99:99:99+99:99",
        "<template>",
        "<frameset>",
        "<pre>",
    )
    return Samples((modern.encode(), old.encode()), tuple(word.encode() for word in words))


def warc_samples() -> Samples:
    """Return web archives."""
    page = html_samples().files[1]
    gz = gzip.compress(page)
    wrapped = b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
    records = (
        _record(b"warcinfo", b"software: crawler"),
        _record(b"response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page),
        _record(
            b"response",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
            + wrapped
            + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(gz), gz),
        ),
        _record(b"resource", page, b"text/html"),
        _record(b"revisit", b""),
    )
    words = (
        b"WARC/1.0\r\n",
        b"\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: -1\r\n",
        b"WARC-Type: resource\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: br, deflate\r\n",
        b"\xff",
        b"HTTP/1.1 200\r\n",
        b"WARC-Date: 99999\r\n",
        b"WARC-Truncated: x\r\n",
        b"ffffffff\r\n",
        b"charset=utf-16",
        b"WARC-Target-URI: <http://[>\r\n",
        b"\r\n ",
    )
    return Samples((b"".join(records), *records), words)


def _record(
    kind: bytes, content: bytes, media: bytes = b"application/http; msgtype=response"
) -> bytes:
    return (
        b"WARC/1.1\r\nWARC-Type: %b\r\nWARC-Target-URI: https://ledger.example/mast\r\n"
        b"WARC-Date: 2023-01-04T09:30:00Z\r\nContent-Type: %b\r\n"
        b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (kind, media, len(content), content)
    )
