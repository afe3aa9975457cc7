"""Copies of one URL: the newest is indexed; copies without a time are rejected."""

from nutgraf.index.article import Article
from nutgraf.index.sources.captures import newest_captures
from nutgraf.index.sources.items import Capture, Flagged, Rejected, Skipped

URL = "https://example.org/mast"


def capture(text: str, place: str, at: float | None, url: str = URL) -> Capture:
    return Capture(Article(url, "Mast falls", (text,), url=url), place, at)


def test_newer_copies_are_yielded_and_older_ones_are_skipped():
    noon = capture("At noon.", "a.warc:1", 12.0)
    one = capture("At one.", "b.warc:1", 13.0)
    eleven = capture("At eleven.", "c.warc:1", 11.0)
    again = capture("At one.", "d.warc:1", 13.0)
    found = list(newest_captures([noon, one, eleven, again]))
    reason = f"b.warc:1 has an equally new or newer copy of {URL}"
    assert found == [
        noon.article,
        one.article,
        Skipped("c.warc:1", reason),
        Skipped("d.warc:1", reason),
    ]


def test_two_files_that_claim_one_url_do_not_replace_one_another():
    first, second = capture("At noon.", "a.html", None), capture("A zebra.", "b.html", None)
    kept, rejected = newest_captures([first, second])
    assert kept == first.article
    assert isinstance(rejected, Rejected)
    assert rejected.place == "b.html"
    assert "as a.html does" in rejected.reason


def test_other_urls_and_other_items_pass():
    other = capture("A zebra.", "b.html", None, "https://example.org/zebra")
    flagged, rejected = Flagged("x", "in 2070"), Rejected("y", "empty")
    items = [capture("At noon.", "a.html", None), flagged, other, rejected]
    assert list(newest_captures(items))[1:] == [flagged, other.article, rejected]
