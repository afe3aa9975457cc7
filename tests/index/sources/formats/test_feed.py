"""Feeds: each entry is an article, with the full text if the feed contains it."""

import io
import socket

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.sources import read_sources
from nutgraf.index.sources.formats import feed as reader
from nutgraf.index.sources.formats.feed import begins_as_feed, read_feed
from nutgraf.index.sources.items import Capture, FileName, Flagged, OpenedFile, Rejected, Skipped


def entries(content):
    content = content.encode() if isinstance(content, str) else content
    return list(read_feed(OpenedFile(io.BytesIO(content), "feed.xml", FileName("feed"))))


def rss(*items, head="<title>Harbour Ledger</title><language>en-gb</language>"):
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel>{head}{inner}</channel></rss>'
    )


FULL = """
<title>Ferry &amp;amp; crew stop</title><link>https://example.org/ferry</link>
<guid isPermaLink="false">https://example.org/?p=7</guid>
<pubDate>Wed, 04 Jan 2023 09:30:00 +0100</pubDate>
<dc:creator>Ann Lee</dc:creator><dc:creator>Bo Poe</dc:creator>
<category>Transport</category><category>sea</category>
<description>Short.</description>
<enclosure url="https://example.org/f.mp3" type="audio/mpeg" length="9"/>
<enclosure url="https://example.org/f.jpg" type="image/jpeg" length="9"/>
<content:encoded><![CDATA[
<p>It <b>stopped</b> at <a href="/noon">noon</a>.<script>alert(1)</script></p>
<h3>Why</h3><p>Nobody knows.</p>
<ul><li>One</li><li>Two</li></ul>
<table><tr><th>Boat</th><td>9</td></tr></table>
<p>First<br>second<br><br>third</p>]]></content:encoded>
"""


def test_rss_entry_has_its_full_text_and_all_fields():
    (found,) = entries(rss(FULL))
    assert found == Capture(
        Article(
            id="https://example.org/?p=7",
            title="Ferry & crew stop",
            paragraphs=(
                "It stopped at noon.",
                "Why\nNobody knows.",
                "- One\n- Two",
                "Boat | 9",
                "First\nsecond",
                "third",
            ),
            url="https://example.org/ferry",
            source="Harbour Ledger",
            author="Ann Lee, Bo Poe",
            byline=("Ann Lee", "Bo Poe"),
            section="Transport",
            tags=("Transport", "sea"),
            summary="Short.",
            image="https://example.org/f.jpg",
            published="2023-01-04T09:30:00+01:00",
            language="en-gb",
        ),
        "feed.xml:entry 1",
        1672821000,
    )


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title type="html">Caf&amp;#233; &lt;b&gt;Nord&lt;/b&gt;</title>
<entry><id>tag:example.org,2023:1</id><title>Eins</title>
<link rel="alternate" href="https://example.org/1"/><link rel="edit" href="/edit"/>
<published>2023-01-04T09:30:00+01:00</published><updated>2023-02-01T00:00:00Z</updated>
<author><name>Uwe Ott</name></author><category term="w" label="Wirtschaft"/>
<summary>kurz</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hallo <em>Welt</em>.</p></div>
</content></entry></feed>"""


def test_atom_entry_has_its_content_and_the_time_of_its_update():
    (found,) = entries(ATOM)
    assert found.at == 1675209600
    article = found.article
    assert (article.id, article.url) == ("tag:example.org,2023:1", "https://example.org/1")
    assert (article.title, article.paragraphs) == ("Eins", ("Hallo Welt.",))
    assert (article.source, article.author) == ("Café Nord", "Uwe Ott")
    assert (article.section, article.language) == ("Wirtschaft", "de")
    assert article.published == "2023-01-04T09:30:00+01:00"


def test_rdf_is_read():
    (found,) = entries(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><title>Old News</title></channel>"
        '<item rdf:about="https://example.org/1"><title>One</title>'
        "<link>https://example.org/1</link><description>It was.</description>"
        "<dc:date>2003-01-04T09:30:00+02:00</dc:date></item></rdf:RDF>"
    )
    assert found.article.published == "2003-01-04T09:30:00+02:00"
    assert found.article.source == "Old News"


def test_article_id_is_the_id_link_or_digest_of_the_entry():
    text = "<title>A</title><description>B</description>"
    by_guid, by_link, by_text, same = entries(
        rss(
            f"{text}<guid>g-1</guid><link>https://example.org/1</link>",
            f"{text}<link>https://example.org/2</link>",
            text,
            text,
        )
    )
    # Another feed may also have an entry g-1.
    assert by_guid.article.id == f"{by_guid.article.source}:g-1"
    assert by_link.article.id == "https://example.org/2"
    assert isinstance(by_text, Article)
    assert by_text == same


def test_summary_is_used_without_content_and_blank_lines_separate_plain_text():
    (found,) = entries(
        rss("<title>A</title><description>One.\n\nTwo &amp;gt; three.</description>")
    )
    assert found.paragraphs == ("One.", "Two > three.")


def test_entry_of_an_aggregate_has_its_own_source():
    source = '<source url="https://example.org/rss">Coast Mail</source>'
    (found,) = entries(rss(f"<title>A</title><description>B</description>{source}"))
    assert found.source == "Coast Mail"


def test_incomplete_entry_is_rejected_with_its_number():
    _, untitled, empty = entries(rss(FULL, "<description>B</description>", "<title>A</title>"))
    assert untitled == Rejected(
        "feed.xml:entry 2", "'title' is missing; add it to the entry, or omit the entry"
    )
    reason = "there is no text: neither content nor a summary; add one, or omit the entry"
    assert empty == Rejected("feed.xml:entry 3", reason)


def test_invalid_date_is_flagged_and_omitted():
    text = "<title>A</title><description>B</description>"
    flagged, found = entries(rss(f"{text}<pubDate>yesterday</pubDate>"))
    assert isinstance(flagged, Flagged)
    assert "'published' is 'yesterday'" in flagged.reason
    assert found.published is None
    flagged, found = entries(rss(f"{text}<pubDate>2562-01-01</pubDate>"))
    assert "far future" in flagged.reason


def test_broken_feed_is_flagged_and_read_as_far_as_possible():
    flagged, found, rejected = entries(rss(FULL, "<title>Cut of")[:-23])
    assert isinstance(flagged, Flagged)
    assert "not well-formed XML" in flagged.reason
    assert found.article.title == "Ferry & crew stop"
    assert rejected.place == "feed.xml:entry 2"
    (unbroken,) = entries(rss(FULL.replace("Short", "Short\x0b")))
    assert unbroken.article == found.article


@pytest.mark.parametrize("content", ["", "<rss></rss>", "no feed", "<html><p>x</p></html>", "\x01"])
def test_file_without_entries_is_rejected(content):
    (rejected,) = entries(content)
    assert rejected.place == "feed.xml"
    assert "there is no entry in the feed" in rejected.reason


def test_declared_encoding_is_used():
    content = rss("<title>Fähre</title><description>Über</description>")
    declared = content.replace('"1.0"?', '"1.0" encoding="iso-8859-1"?').encode("latin-1")
    (found,) = entries(declared)
    assert (found.title, found.paragraphs) == ("Fähre", ("Über",))


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 13))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "entity",
    [
        f'<!ENTITY a0 "ha">{LAUGHS}',
        '<!ENTITY a12 SYSTEM "file:///etc/hostname">',
        '<!ENTITY a12 SYSTEM "http://127.0.0.1:1/x">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;',
    ],
)
def test_entities_are_neither_expanded_nor_fetched(entity, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    monkeypatch.setattr(socket.socket, "connect", None)
    content = rss("<title>A</title><description>One &a12; two</description>")
    declared = f"?><!-- <rss> --><!DOCTYPE rss [{entity}]>"
    *_, found = entries(content.replace("?>", declared, 1))
    assert found.paragraphs in (("One &a12; two",), ("One two",), ("One  two",))


def test_text_that_is_an_address_is_not_fetched(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", None)
    for address in ("http://127.0.0.1:1/feed", "file:///etc/hostname", "/etc/hostname"):
        (rejected,) = entries(address)
        assert "no entry" in rejected.reason


def test_feed_over_the_size_limit_is_rejected(monkeypatch):
    monkeypatch.setattr(reader, "MAX_FEED", 100)
    (rejected,) = entries(rss(FULL))
    assert "larger than 100 bytes" in rejected.reason


def test_too_deep_nesting_rejects_one_entry_only():
    deep = f"<title>A</title><description>{'&lt;p&gt;' + '&lt;b&gt;' * 3_000}x</description>"
    rejected, found = entries(rss(deep, FULL))
    assert "nested too deeply" in rejected.reason
    assert found.place == "feed.xml:entry 2"


@pytest.mark.parametrize(
    "head",
    [
        b"<rss version='2.0'>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made today -->\n<feed xmlns='x'>",
        b"<?xml version='1.0'?><?xml-stylesheet href='x'?><rdf:RDF\n>",
        b"<!DOCTYPE rss><rss>",
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]>\n<rss>",
    ],
)
def test_feeds_are_recognised_by_their_first_bytes(head):
    assert begins_as_feed(head)


def test_other_xml_is_not_a_feed():
    assert not begins_as_feed(b"<?xml version='1.0'?><urlset>")
    assert not begins_as_feed(b"<feeder>")
    assert not begins_as_feed(b"<html><rss>")


def test_xml_in_a_folder_is_read_only_if_it_is_a_feed(tmp_path):
    (tmp_path / "news.xml").write_text(rss(FULL))
    (tmp_path / "sitemap.xml").write_text("<urlset></urlset>")
    found, skipped = read_sources([str(tmp_path)])
    assert found.title == "Ferry & crew stop"
    assert isinstance(skipped, Skipped)
    assert "1 of .xml" in skipped.reason


def test_newest_copy_of_an_entry_in_two_feeds_is_used(tmp_path):
    (tmp_path / "monday.xml").write_text(ATOM)
    (tmp_path / "tuesday.xml").write_text(ATOM.replace("2023-02-01", "2023-02-02"))
    first, second = read_sources([str(tmp_path)])
    assert first.id == second.id
    newest = [str(tmp_path / "tuesday.xml"), str(tmp_path / "monday.xml")]
    _, skipped = read_sources(newest)
    assert isinstance(skipped, Skipped)


PIECES = st.sampled_from(
    ["<item>", "</item>", "<title>", "</title>", "<description>", "</description>", "<![CDATA[",
     "]]>", "&lt;p&gt;", "&amp;", "&x;", "<content:encoded>", "text", "<!--", "<!DOCTYPE x [", "<",
     ">", "<pubDate>", "4 May 2023", "<link>", "https://example.org", "<guid>", "\n\n", "&lt;table"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=80))
def test_any_content_yields_only_items(inner):
    for item in entries(f"<rss version='2.0'><channel>{inner}"):
        assert isinstance(item, Article | Capture | Rejected | Flagged)
