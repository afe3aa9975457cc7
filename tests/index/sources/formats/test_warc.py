"""Web archives: the newest page of each URL, and counts of other records."""

import gzip
import io
import zlib

import brotli
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.sources import Rejected, Skipped, read_sources
from nutgraf.index.sources.files.http_body import body_of
from nutgraf.index.sources.formats.warc import read_warc
from nutgraf.index.sources.items import Capture, FileName, Flagged, Item, OpenedFile

URL = "https://ledger.example/mast"
TEXT = (
    "The transmitter mast above Upper Corve fell at noon on Tuesday, cutting off radio and "
    "telephones in nine villages for most of the day, the county council said. Nobody was hurt."
)
DATE = "2023-01-04T09:30:00Z"


def html(title: str = "Mast falls", head: str = "") -> bytes:
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><article>"
        f"<h1>{title}</h1><p>{TEXT}</p></article></body></html>"
    ).encode()


def record(kind: str, content: bytes, url: str = URL, date: str = DATE, **headers: str) -> bytes:
    lines = [
        "WARC/1.1", f"WARC-Type: {kind}", f"WARC-Target-URI: {url}", f"WARC-Date: {date}",
        "WARC-Record-ID: <urn:uuid:4d1b7a9e-0000-4000-8000-000000000001>",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(content)}",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n\r\n"


def response(
    body: bytes, url: str = URL, date: str = DATE, status: str = "200 OK", **http
) -> bytes:
    headers = {"Content_Type": "text/html; charset=utf-8", **http}
    lines = (f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value)
    content = f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body
    kind = "application/http; msgtype=response"
    return record("response", content, url, date, Content_Type=kind)


def read(content: bytes) -> list[Item | Skipped]:
    file = io.BufferedReader(io.BytesIO(content))
    return list(read_warc(OpenedFile(file, "a.warc", FileName("a"))))


def in_pieces(body: bytes) -> bytes:
    parts = [body[:100], body[100:]]
    sized = b"".join(f"{len(part):x};note=1\r\n".encode() + part + b"\r\n" for part in parts)
    return sized + b"0\r\n\r\n"


def test_page_has_its_url_as_id_and_the_time_of_its_capture():
    (found,) = read(response(html()))
    assert found == Capture(
        Article(URL, "Mast falls", (TEXT,), url=URL, language="en"), "a.warc:record 1", 1672824600.0
    )


def test_resources_are_pages_and_other_records_are_counted():
    archive = [
        record("warcinfo", b"software: crawler"),
        record("request", b"GET / HTTP/1.1\r\n\r\n", Content_Type="application/http"),
        record("resource", html(), Content_Type="text/html"),
        record("resource", b"\xff\xd8", Content_Type="image/jpeg"),
        record("revisit", b"HTTP/1.1 200 OK\r\n\r\n", Content_Type="application/http"),
        response(b"gone", status="404 Not Found"),
        response(b"body {}", Content_Type="text/css"),
        response(b"\x00\x01", Content_Type=""),
        response(b"<html><a href=/>Home</a></html>"),
        response(html("Second"), url="https://ledger.example/2", Content_Type=""),
    ]
    first, second, counts = read(b"".join(archive))
    assert (first.article.title, first.place) == ("Mast falls", "a.warc:record 3")
    assert (second.article.title, second.place) == ("Second", "a.warc:record 10")
    assert counts == Skipped(
        "a.warc",
        "of 10 records: 3 not HTML, 1 page without an article, 2 requests and other records, "
        "1 response without status 200, 1 revisit, which contains no page",
    )


@pytest.mark.parametrize("pack", [lambda archive: archive, gzip.compress])
def test_newest_page_of_a_url_is_used_from_compressed_and_plain_files(tmp_path, pack):
    older, newer = response(html("Older")), response(html("Newer"), date="2023-06-01T00:00:00Z")
    for name, parts in (("a", [newer, older]), ("b", [older])):
        suffix = ".gz" if pack is gzip.compress else ""
        (tmp_path / f"{name}.warc{suffix}").write_bytes(b"".join(map(pack, parts)))
    found = list(read_sources([str(tmp_path)]))
    assert [item.title for item in found if isinstance(item, Article)] == ["Newer"]
    assert [item.place.rsplit("/")[-1].split(":")[1] for item in found[1:]] == [
        "record 2", "record 1",
    ]  # fmt: skip
    assert all(isinstance(item, Skipped) for item in found[1:])


@pytest.mark.parametrize(
    ("canonical", "url"),
    [
        ("https://www.ledger.example/2023/mast#top", "https://www.ledger.example/2023/mast"),
        ("/2023/mast", "https://ledger.example/2023/mast"),
        ("https://elsewhere.example/mast", URL),
        ("https://ledger.example/", URL),
    ],
)
def test_page_may_declare_another_url_of_its_host(canonical, url):
    head = f'<link rel="canonical" href="{canonical}">'
    (found,) = read(response(html(head=head), url=f"<{URL}#part>"))
    assert (found.article.id, found.article.url) == (url, url)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("br", brotli.compress),
        ("br, gzip", lambda body: gzip.compress(brotli.compress(body))),
        ("identity", bytes),
        ("gzip", bytes),  # Archived decoded, with the original headers.
        ("br", bytes),
    ],
)
def test_bodies_are_decoded(encoding, pack):
    body = in_pieces(pack(html()))
    (found,) = read(response(body, Content_Encoding=encoding, Transfer_Encoding="chunked"))
    assert found.article.paragraphs == (TEXT,)
    (found,) = read(response(pack(html()), Content_Encoding=encoding, Transfer_Encoding="chunked"))
    assert found.article.paragraphs == (TEXT,)


def test_charset_of_http_overrides_that_of_the_page():
    russian = "Мачта над деревней упала в полдень, и никто не пострадал, сообщил совет графства."
    page = html(head="<meta charset=koi8-r>").decode().replace(TEXT, russian).encode("cp1251")
    (found,) = read(response(page, Content_Type="text/html; charset=windows-1251"))
    assert found.article.paragraphs == (russian,)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_bomb_in_a_body_is_rejected_in_bounded_memory(encoding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[encoding]
    with pytest.raises(InputError, match="larger than 100,000 bytes"):
        body_of(pack(bytes(1_000_000)), None, encoding, 100_000)


@pytest.mark.parametrize(
    ("archived", "words"),
    [
        (response(b"\x1f\x8b\x08damaged", Content_Encoding="gzip"), "the body of the page cannot"),
        (response(b"\xff\xff", Content_Encoding="br"), "the body of the page cannot"),
        (response(b"xyz", Content_Encoding="lzma"), "the content encoding 'lzma'"),
        (response(html(), url="https://ledger.example/" + "x" * 600), "too long for an id"),
        (response(html(), url="urn:isbn:1"), "not a web address"),
        (response(b"<html><p>Caf\xe9", Content_Type="text/html"), "not UTF-8"),
    ],
)
def test_unreadable_page_does_not_stop_the_others(archived, words):
    rejected, found = read(archived + response(html()))
    assert isinstance(rejected, Rejected)
    assert rejected.place == "a.warc:record 1"
    assert words in rejected.reason
    assert found.article.id == URL


def test_page_that_the_crawler_truncated_is_flagged():
    content = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html()
    kind = "application/http; msgtype=response"
    flagged, found = read(record("response", content, Content_Type=kind, WARC_Truncated="length"))
    assert isinstance(flagged, Flagged)
    assert "truncated when it was archived (length)" in flagged.reason
    assert found.article.id == URL


def test_pages_before_damage_are_read():
    good = response(html())
    for at in (len(good) + 30, len(good) + 300, 2 * len(good) - 60):
        found, rejected = read((good + good)[:at])
        assert found.article.id == URL
        assert rejected.place == "a.warc:record 2"
        assert "the rest of the archive cannot be read" in rejected.reason
    found, rejected = read(good + b"something else\r\n\r\n" + good)
    assert found.article.id == URL
    assert "Invalid WARC header" in rejected.reason


def test_pages_before_the_end_of_a_truncated_gz_are_read(tmp_path):
    parts = [gzip.compress(response(html(), url=f"{URL}/{at}")) for at in range(30)]
    file = tmp_path / "a.warc.gz"
    file.write_bytes(b"".join(parts)[:-40])
    *articles, rejected = read_sources([str(file)])
    assert len(articles) == 29
    assert rejected.place == f"{file}:record 30"
    assert "ends too early" in rejected.reason


def test_archive_without_records_is_rejected():
    assert read(b"") == [Rejected("a.warc", "there is no record in the archive")]


WRAPPED = {"Content_Encoding": "gzip", "Transfer_Encoding": "chunked"}
ARCHIVE = b"".join(
    [
        response(in_pieces(gzip.compress(html())), **WRAPPED),
        response(html()),
        record("revisit", b""),
    ]
)


@given(
    st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.binary(max_size=6)), max_size=5),
    st.integers(0, len(ARCHIVE)),
)
@settings(max_examples=100, deadline=None)
def test_any_content_yields_only_items(changes, end):
    content = bytearray(ARCHIVE)
    for at, new in changes:
        content[at : at + len(new)] = new
    for item in read(bytes(content[: end or None])):
        assert isinstance(item, Capture | Rejected | Flagged | Skipped)
