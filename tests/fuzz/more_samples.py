"""Samples for fuzzing the readers of feed, table, Markdown, PDF, JSONL and text."""

from __future__ import annotations

import io

import pyarrow
from pyarrow import parquet
from pypdf import PdfWriter
from samples import TEXT, Samples

__all__ = [
    "feed_samples",
    "jsonl_samples",
    "markdown_samples",
    "parquet_samples",
    "pdf_samples",
    "table_samples",
    "text_samples",
]


def _words(text: str) -> tuple[bytes, ...]:
    """Return the words of `text`; "_" is a space in a word."""
    return tuple(
        word.replace("_", " ").replace("\\n", "\n").replace("\\0", "\0").encode()
        for word in text.split()
    )


def feed_samples() -> Samples:
    """Return an RSS feed, a truncated one, and an Atom feed in two encodings."""
    item = f"""<item><title>Mast &amp;amp; sheep</title><link>https://ledger.example/mast</link>
        <guid>mast</guid><pubDate>Wed, 04 Jan 2023 09:30:00 +0100</pubDate><dc:creator>A. B.
        </dc:creator><category>news</category><description>Short</description><content:encoded>
        <![CDATA[<p>{TEXT}<ul><li>One</ul><table><tr><td>1</table>]]></content:encoded></item>"""
    rss = f"""<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
        xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Ledger</title>
        <language>en-gb</language>{item}{item.replace("mast", "sheep")}</channel></rss>"""
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title type="html">&amp;#233;
        </title><entry><id>tag:1</id><title>Eins</title><link rel="alternate" href="/1"/><updated>
        2023-02-01T00:00:00Z</updated><author><name>U. O.</name></author><category label="x"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{TEXT}</p></div></content>
        </entry></feed>"""
    return Samples(
        (rss.encode(), rss[:-40].encode(), atom.encode(), atom.encode("utf-16")),
        _words(
            "<![CDATA[ ]]> <item> </item> <entry> &lt; &#x0; &#xD800; &#99999999; <!ENTITY "
            "<!DOCTYPE xmlns:a='' <link> <a:b> xml:base='x://[' type='xhtml' href='http://[::1' "
            "<pubDate>Wed <georss:point>1_x <media:content_url='http://[x'> <!-- <?xml"
        ),
    )  # fmt: skip


def table_samples() -> Samples:
    """Return tables with all separators, in several encodings."""
    german = "Die Fähre über den Fluß fällt aus, erklärte der Bürgermeister gestern."
    return Samples(
        (
            b'id,title,text,published\na,Mast,"It ""fell"", he\nsaid",4 Jan 2023\nb,T,P,\n',
            b'title;text\nA;B\nC;"D\\"e"\n',
            f"title\ttext\nFähre\t{german}\n".encode("utf-16"),
            f'title,text\nFähre,"{german}"\n'.encode("cp1252"),
            b"title|text\r\nA|B\r\n",
        ),
        (*_words('" "" \\n , ; | \\ \\0 _ title text paragraphs'), b"\xff", b"\x1f", b"\t", b"\r"),
    )


def parquet_samples() -> Samples:
    """Return a small table in each compression."""
    table = pyarrow.table(
        {
            "id": [1, 2, None],
            "title": pyarrow.array(["Mast", "Sheep", "Mast"]).dictionary_encode(),
            "paragraphs": [[TEXT, "Two."], [], [None]],
            "published": pyarrow.array([1672823400, None, 0], pyarrow.timestamp("ns", "UTC")),
        }
    )
    files = []
    for compression in ("none", "snappy", "zstd", "gzip", "lz4", "brotli"):
        file = io.BytesIO()
        parquet.write_table(table, file, compression=compression)
        files.append(file.getvalue())
    return Samples(tuple(files), (b"PAR1", b"\xff" * 8, b"\x00" * 8, b"\x15\x00"))


def markdown_samples() -> Samples:
    """Return a text with each kind of front matter."""
    body = f"""\n# Mast *falls*\n\n{TEXT} [x](y) `c` <b>z</b>\n\n- a\n  - b\n\n| a | b |\n|---|---|
| 1 | 2 |\n\n<div>\n<p>x</p></div>\n\n> q\n\n```\ncode\n```\n[x]: y\n"""
    matters = (
        "",
        "---\ntitle: T\ndate: 2023-01-04 09:30:00 +0100\nauthors: [A, {name: B}]\n---",
        '+++\ntitle = "T"\ndate = 2023-01-04T09:30:00+01:00\n[menu]\nx = 1\n+++',
        '{"title": "T", "date": "4 Jan 2023", "author": ["A"]}',
    )
    return Samples(
        tuple(f"{matter}{body}".encode() for matter in matters),
        _words(
            "---\\n +++\\n [ ]( ![ ` ```\\n >_ -_ | <div> <!-- &#0; ** *a &a_ !!python/object:os "
            "?_ :_ { [[ ~~ \\ date:_ \\n\\n 1._ # {{<_ {%_"
        ),
    )


def pdf_samples() -> Samples:
    """Return a plain, a compressed and an encrypted small PDF."""
    page = f"BT /F1 11 Tf 1 0 0 1 72 720 Tm ({TEXT}) Tj 0 -14 Td (and no-) Tj 0 -14 Td (body) Tj ET"
    parts = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font "
        "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
    )
    objects = "".join(f"{number} 0 obj\n{part}\nendobj\n" for number, part in enumerate(parts, 1))
    end = "trailer << /Root 1 0 R /Size 5 >>\nstartxref\n0\n%%EOF\n"
    plain = f"%PDF-1.4\n{objects}{end}".encode()
    files = [plain]
    for password in (None, ""):
        writer, file = PdfWriter(), io.BytesIO()
        writer.append(io.BytesIO(plain))
        if password is None:
            writer.pages[0].compress_content_streams()
        else:
            writer.encrypt(password, "owner", algorithm="RC4-128")
        writer.write(file)
        files.append(file.getvalue())
    return Samples(
        tuple(files),
        _words(
            "obj endobj stream endstream << >> [ ] ( ) /FlateDecode /LZWDecode /RunLengthDecode "
            "/JBIG2Decode /Length 1_0_R 2_0_R /Kids /Parent -1 99999999999 Tj Tf_ q_ BT_ ET_ Do_ "
            "/Encrypt xref trailer /Prev_0 /XObject /ToUnicode /Filter"
        ),
    )


def jsonl_samples() -> Samples:
    """Return lines with all fields, and invalid lines."""
    return Samples(
        (
            b'{"id":"a","title":"T","paragraphs":["a","b"],"published":"4 Jan 2023 9:30 EST"}\n'
            b'{"title":"T","text":"a\\n\\nb \\ud83d\\ude00","published":1672823400,"url":null}\n',
            b'\n[1]\n{"title": 3}\n{"id": 12, "title": "x", "text": "y", "published": 1.5e9}\n',
        ),
        _words('" \\u0000 \\ud800 1e999 [ { null \\n NaN - "published": 99999999999999 true \\0'),
    )


def text_samples() -> Samples:
    """Return plain text in several encodings."""
    text = f"Fähre fällt aus\n\n{TEXT}\n\nÜber den Fluß\n\n{TEXT}"
    files = tuple(text.encode(encoding) for encoding in ("utf-8", "cp1252", "utf-16"))
    return Samples(files, (b"\n\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\r"))
