"""PDF: lines on pages become paragraphs; files without text are rejected."""

import io
import sys
import zlib

import pytest
from hypothesis import given, settings, strategies as st
from pypdf import PdfWriter

from nutgraf.index.article import Article
from nutgraf.index.sources.fields.paragraphs import Block
from nutgraf.index.sources.formats import pdf_file
from nutgraf.index.sources.formats.pdf import read_pdf
from nutgraf.index.sources.formats.pdf_lines import Line, blocks_of
from nutgraf.index.sources.items import FileName, Flagged, OpenedFile, Rejected


def read(content):
    return list(read_pdf(OpenedFile(io.BytesIO(content), "ferry.pdf", FileName("ferry"))))


def drawn(lines):
    """Return the drawing of a page with the lines (x, y, size, text)."""
    steps = [b"BT"]
    for x, y, size, text in lines:
        letters = text.encode("cp1252").replace(b"\\", b"\\\\")
        letters = letters.replace(b"(", b"\\(").replace(b")", b"\\)")
        steps.append(b"/F1 %d Tf 1 0 0 1 %d %d Tm (%s) Tj" % (size, x, y, letters))
    return b"\n".join([*steps, b"ET"])


def pdf(*pages, more=b"", **metadata):
    """Return a minimal PDF; each page is its drawing or its lines."""
    parts = [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    tree = 2 * len(pages) + 2
    for number, page in enumerate(pages, 1):
        stream = page if isinstance(page, bytes) else drawn(page)
        parts.append(b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), more, stream))
        parts.append(
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 1 0 R >> /XObject << /X %d 0 R >> >> >>"
            % (tree, 2 * number, 2 * number)
        )
    kids = b" ".join(b"%d 0 R" % (2 * number + 1) for number in range(1, len(pages) + 1))
    parts.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)))
    parts.append(b"<< /Type /Catalog /Pages %d 0 R /Lang (en-GB) >>" % tree)
    said = b" ".join(b"/%s (%s)" % (k.encode(), v.encode("cp1252")) for k, v in metadata.items())
    parts.append(b"<< %s >>" % said)
    out, starts = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    where = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table)
    out += b"trailer << /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1, tree + 1, tree + 2, where,
    )  # fmt: skip
    return bytes(out)


def page(*texts, y=720, x=72, size=11, leading=14):
    return [(x, y - leading * number, size, text) for number, text in enumerate(texts)]


FIRST = page("The ferry between the islands stopped at noon, and no-", "body could say when.")


def test_pages_become_paragraphs_and_metadata_becomes_fields():
    lines = [*FIRST, *page("A second paragraph begins (here) below a gap.", y=680)]
    content = pdf(
        lines, Title="Ferry stops", Author="Ann Lee", CreationDate="D:20230104093000+01'00'"
    )
    assert read(content) == [
        Article(
            "ferry",
            "Ferry stops",
            (
                "The ferry between the islands stopped at noon, and nobody could say when.",
                "A second paragraph begins (here) below a gap.",
            ),
            author="Ann Lee",
            published="2023-01-04T09:30:00+01:00",
            language="en-GB",
        )
    ]


@pytest.mark.parametrize("title", ["", "untitled", "Microsoft Word - ferry.doc", "ferry.indd"])
def test_largest_text_is_the_title_if_the_metadata_has_none(title):
    lines = [(300, 760, 9, "4 January"), (72, 740, 20, "Ferry stops"), *FIRST]
    (found,) = read(pdf(lines, Title=title))
    assert found.title == "Ferry stops"
    assert all("Ferry stops" not in text for text in found.paragraphs)
    (found,) = read(pdf(FIRST, Title=title))
    assert found.title == FIRST[0][3]


def test_running_heads_and_page_numbers_are_omitted():
    days = ("noon", "dawn", "dusk", "night")
    pages = [
        [(72, 770, 9, f"The Harbour Ledger {n}"), *page(f"The ferry stopped at {day} that day.",
         f"It was about {day}, nobody knew."), (300, 30, 9, f"Page {n} of 4")]
        for n, day in enumerate(days, 1)
    ]  # fmt: skip
    (found,) = read(pdf(*pages, Title="T"))
    assert found.paragraphs == tuple(
        f"The ferry stopped at {day} that day. It was about {day}, nobody knew." for day in days
    )


def lines(*rows):
    return [Line(*row) for row in rows]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # A paragraph that continues on the next page.
        ([(0, 72, 60, 10, "It went on and"), (1, 72, 700, 10, "on.")], ["It went on and on."]),
        ([(0, 72, 60, 10, "It ended."), (1, 72, 700, 10, "Next.")], ["It ended.", "Next."]),
        # A paragraph that continues in the next column.
        ([(0, 72, 60, 10, "a column ends"), (0, 300, 700, 10, "here")], ["a column ends here"]),
        # An indented first line.
        ([(0, 72, 90, 10, "One two three."), (0, 90, 78, 10, "Four")], ["One two three.", "Four"]),
        # A list.
        (
            [(0, 72, 90, 10, "• one"), (0, 84, 78, 10, "more"), (0, 72, 66, 10, "• two")],
            ["• one more", "• two"],
        ),
        # Hyphens.
        ([(0, 72, 90, 10, "a well-known"), (0, 72, 78, 10, "well-"), (0, 72, 66, 10, "known x")],
         ["a well-known well-known x"]),
        ([(0, 72, 90, 10, "in 2022-"), (0, 72, 78, 10, "23 the Anglo-"), (0, 72, 66, 10, "Saxon -"),
          (0, 72, 54, 10, "so")], ["in 2022-23 the Anglo-Saxon - so"]),
        ([(0, 72, 90, 10, "sail\u00ad"), (0, 72, 78, 10, "ing")], ["sailing"]),
    ],
)  # fmt: skip
def test_lines_become_paragraphs(rows, expected):
    blocks, _ = blocks_of(lines(*rows))
    assert [block.text for block in blocks] == expected


def test_larger_letters_are_a_heading():
    blocks, title = blocks_of(
        lines((0, 72, 90, 16, "Why it"), (0, 72, 72, 16, "stopped"), (0, 72, 50, 10, "x" * 90))
    )
    assert blocks == [Block("heading", "Why it stopped"), Block("text", "x" * 90)]
    assert title == "Why it stopped"


def encrypted(user, algorithm="RC4-128"):
    writer, file = PdfWriter(), io.BytesIO()
    writer.append(io.BytesIO(pdf(FIRST)))
    writer.encrypt(user, "owner", algorithm=algorithm)
    writer.write(file)
    return file.getvalue()


def test_encrypted_file_is_read_only_without_a_password():
    (found,) = read(encrypted(""))
    assert isinstance(found, Article)
    (rejected,) = read(encrypted("secret"))
    assert rejected == Rejected(
        "ferry.pdf", "the file is encrypted and requires a password; save it without encryption"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is not a PDF, or is damaged"),
        (b"%PDF-1.4\n", "the file is not a PDF, or is damaged"),
        (b"text", "the file is not a PDF, or is damaged"),
        (pdf(b"q 100 0 0 100 0 0 cm Q"), "it may be a scan"),
        (pdf(), "there is no text in the file"),
        (pdf(FIRST)[:300], "the file is not a PDF, or is damaged"),
    ],
)
def test_file_without_text_is_rejected(content, reason):
    (rejected,) = read(content)
    assert rejected.place == "ferry.pdf"
    assert reason in rejected.reason


def test_unreadable_page_is_flagged(monkeypatch):
    monkeypatch.setattr(pdf_file, "MAX_DRAWN", 1_000)
    flagged, found = read(pdf(FIRST, b"0 0 m " * 500, Title="T"))
    assert flagged == Flagged("ferry.pdf", "the text on page 2 cannot be read")
    assert found.paragraphs[0].startswith("The ferry")


@pytest.mark.timeout(30)
def test_bombs_are_refused(monkeypatch):
    bomb = zlib.compress(bytes(90_000_000), 9)
    (rejected,) = read(pdf(bomb, more=b"/Filter /FlateDecode", Title="T"))
    told = "there is a title in the file, but no text that can be read; it may be a scan, "
    assert rejected.reason.startswith(told)
    monkeypatch.setattr(pdf_file, "MAX_STEPS", 1_000)
    (rejected,) = read(pdf(b"q Q " * 2_000, FIRST))
    assert "more than 1,000 drawing instructions" in rejected.reason
    # A page that draws itself recursively.
    (itself,) = read(pdf(b"/X Do " * 20, more=b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"))
    assert isinstance(itself, Rejected)


def test_huge_letters_are_read_and_shared_drawings_are_limited(monkeypatch):
    large = b"2 0 0 2 0 0 cm " * 5_000 + drawn(FIRST)
    (found,) = read(pdf(large, FIRST, Title="T"))
    assert "The ferry between the islands" in found.paragraphs[0]
    monkeypatch.setattr(pdf_file, "MAX_ALL_DRAWN", 2 * len(drawn(FIRST)))
    flagged, _ = read(pdf(FIRST, FIRST, FIRST, FIRST, Title="T"))
    assert flagged.reason == "the text on pages 3, 4 cannot be read"


def test_too_many_pages_and_bytes_are_rejected(monkeypatch):
    monkeypatch.setattr(pdf_file, "MAX_PAGES", 1)
    (rejected,) = read(pdf(FIRST, FIRST))
    assert rejected.reason == "the file has 2 pages; the limit is 1; split it"
    monkeypatch.setattr("nutgraf.index.sources.formats.pdf.MAX_PDF", 10)
    (rejected,) = read(pdf(FIRST))
    assert "larger than 10 bytes" in rejected.reason


def test_missing_pypdf_is_reported_with_the_command_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nutgraf.index.sources.formats.pdf_file", None)
    (rejected,) = read(b"%PDF-1.4")
    assert "pip install 'nutgraf[pdf]'" in rejected.reason


SAMPLE = pdf(FIRST, FIRST, Title="T", CreationDate="D:20230104")


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.binary(max_size=6)), max_size=6),
    st.integers(0, 8),
)
def test_any_content_yields_only_items(changes, cut):
    content = bytearray(SAMPLE)
    for at, new in changes:
        content[at : at + cut] = new
    for item in read(bytes(content)):
        assert isinstance(item, Article | Rejected | Flagged)
