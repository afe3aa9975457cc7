"""HTML pages: the main text as paragraphs, and the metadata."""

import io
import json
import socket

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.sources.formats.html import begins_as_html, read_html
from nutgraf.index.sources.formats.registry import kind_of
from nutgraf.index.sources.html import page
from nutgraf.index.sources.items import Capture, FileName, Flagged, OpenedFile, Rejected

LEDE = (
    "The transmitter mast above Upper Corve fell at noon on Tuesday, cutting off radio and "
    "telephones in nine villages for most of the day, the county council said."
)
REST = (
    "Nobody was hurt, although two sheep were found under the cables, and engineers from the "
    "operator said that a guy rope had been cut by a mower the week before."
)
NAVIGATION = '<nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li></ul></nav>'
FOOTER = "<footer><p>© 2023 Corve Valley Ledger. All rights reserved.</p></footer>"


def html(body: str, head: str = "", lang: str = ' lang="en-GB"') -> str:
    return (
        f"<!doctype html><html{lang}><head><title>Mast falls | Corve Valley Ledger</title>{head}"
        f"</head><body>{NAVIGATION}<main><article><h1>Mast falls</h1>{body}</article></main>"
        f"{FOOTER}</body></html>"
    )


STORY = f"<p>{LEDE}</p><p>{REST}</p>"


def ld(*values) -> str:
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
    return "".join(f'<script type="application/ld+json">{text}</script>' for text in texts)


def read(content: str | bytes, name: str = "mast") -> list:
    data = content.encode() if isinstance(content, str) else content
    return list(read_html(OpenedFile(io.BytesIO(data), f"{name}.html", FileName(name))))


def article(content: str | bytes) -> Article:
    (item,) = read(content)
    return item.article if isinstance(item, Capture) else item


def test_main_text_is_read_without_navigation():
    assert article(html(STORY)) == Article(
        "mast", "Mast falls", (LEDE, REST), language="en", source=None
    )


def test_headings_lists_tables_and_quotes_become_readable_paragraphs():
    body = f"""
        <p>{LEDE}</p>
        <h2>What fell</h2><p>{REST}<br>It was <em>old</em>, and
           <a href="/owner">its owner</a> knew.</p>
        <p>Three things are known:</p>
        <ul><li>It was built in 1961</li><li>It was painted<ul><li>twice</li></ul></li></ul>
        <table><tr><th>Year</th><th>Masts</th></tr><tr><td>1961</td><td>3</td></tr></table>
        <blockquote><p>We heard it before we saw it.</p></blockquote>"""
    assert article(html(body)).paragraphs == (
        LEDE,
        f"What fell\n{REST}\nIt was old, and its owner knew.",
        "Three things are known:\n- It was built in 1961\n- It was painted\n- twice",
        "Year | Masts\n1961 | 3",
        "We heard it before we saw it.",
    )


def test_old_page_of_line_breaks_and_tables_has_paragraphs():
    page = f"""<HTML><HEAD><TITLE>Mast falls</TITLE></HEAD><BODY><TABLE><TR><TD><A HREF=/>Home</A>
        </TD><TD><B>Mast falls</B><P>{LEDE}<BR><BR>
        {REST}<br>It was old.<BR> <BR><BR>{LEDE} {REST}</TD></TR></TABLE></BODY></HTML>"""
    assert article(page).paragraphs == (LEDE, f"{REST}\nIt was old.", f"{LEDE} {REST}")


def test_json_ld_is_used_first():
    head = ld(
        "{broken",
        {"@type": "WebSite", "name": "Elsewhere"},
        {
            "@context": "https://schema.org",
            "@graph": [
                {"@type": "Person", "@id": "#1", "name": "Ellis Pargeter"},
                {"@type": ["ReportageNewsArticle"], "headline": "Mast &amp; sheep",
                 "author": [{"@id": "#1"}, {"name": "Gwen Orrick"}],
                 "datePublished": "2023-01-04T09:30:00+01:00", "dateModified": "2023-02-01",
                 "publisher": {"@type": "Organization", "name": "Ledger"},
                 "articleSection": ["Valley", "Radio"], "inLanguage": "de",
                 "keywords": "mast, sheep", "description": "A mast fell.",
                 "image": {"@type": "ImageObject", "url": "https://ledger.example/m.jpg"},
                 "mainEntityOfPage": {"@id": "https://ledger.example/2023/mast"}},
            ],
        },
    ) + '<meta name="author" content="Nobody"><meta name="title" content="Other">'  # fmt: skip
    assert article(html(STORY, head, lang="")) == Article(
        id="https://ledger.example/2023/mast",
        title="Mast & sheep",
        paragraphs=("Mast falls\n" + LEDE, REST),
        url="https://ledger.example/2023/mast",
        source="Ledger",
        author="Ellis Pargeter, Gwen Orrick",
        byline=("Ellis Pargeter", "Gwen Orrick"),
        sections=("Valley", "Radio"),
        tags=("mast", "sheep"),
        summary="A mast fell.",
        image="https://ledger.example/m.jpg",
        published="2023-01-04T09:30:00+01:00",
        language="de",
    )


def test_meta_tags_are_used_second():
    head = """<meta property="og:site_name" content="Corve Valley Ledger">
        <meta property="og:title" content="Mast falls - Corve Valley Ledger">
        <meta property="article:published_time" content="2023-01-04T09:30:00Z">
        <meta property="article:section" content="Valley">
        <meta property="article:author" content="https://social.example/ellis">
        <meta name="author" content="By Ellis Pargeter"><meta property="og:locale" content="en_GB">
        <meta property="og:url" content="https://ledger.example/mast?id=3#top">"""
    found = article(html(STORY, head, lang=""))
    assert (found.title, found.source, found.section, found.author, found.language) == (
        "Mast falls", "Corve Valley Ledger", "Valley", "Ellis Pargeter", "en",
    )  # fmt: skip
    assert found.published == "2023-01-04T09:30:00Z"
    assert found.id == found.url == "https://ledger.example/mast?id=3"


def test_byline_and_date_in_the_text_are_used_last():
    body = f"""<div class="byline">By <span class="author">Ellis Pargeter</span>
        <time datetime="2023-01-04">4 January 2023</time></div>{STORY}"""
    found = article(html(body))
    assert (found.title, found.author, found.published) == (
        "Mast falls", "Ellis Pargeter", "2023-01-04",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://ledger.example/mast", "https://ledger.example/mast"),
        ("https://ledger.example/", None),
        ("https://ledger.example/index.html", None),
        ("https://ledger.example/?p=3", "https://ledger.example/?p=3"),
        ("/mast", None),
        ("javascript:alert(1)", None),
        ("https://[broken/mast", None),
        ("https://ledger.example/ma st\n", "https://ledger.example/ma%20st"),
        ("https://ledger.example/ü", "https://ledger.example/%C3%BC"),
        ("https://ledger.example/" + "x" * 600, None),
    ],
)
def test_id_is_the_url_that_a_page_declares(href, url):
    (item,) = read(html(STORY, f'<link rel="canonical" href="{href}">'))
    if url is None:
        assert (item.id, item.url) == ("mast", None)
    else:
        assert item == Capture(item.article, "mast.html", None)
        assert (item.article.id, item.article.url) == (url, url)


def test_article_in_json_ld_replaces_text_that_scripts_would_load():
    head = ld({"@type": "NewsArticle", "headline": "Mast", "articleBody": f"{LEDE}\n\n{REST}"})
    content = f"<html><head>{head}</head><body><div id=app></div></body></html>"
    assert article(content).paragraphs == (LEDE, REST)


def test_list_of_articles_in_json_ld_does_not_describe_the_page():
    entries = [
        {"@type": "ListItem", "item": {"@type": "NewsArticle", "headline": f"Other {at}"}}
        for at in range(3)
    ]
    found = article(html(STORY, ld({"@type": "ItemList", "itemListElement": entries})))
    assert found.title == "Mast falls"


@pytest.mark.parametrize(
    "bad",
    [
        "[" * 100_000,
        '{"@type": "NewsArticle", "headline": ' + "1" * 5_000 + "}",
        {"@type": 3, "@graph": {"@graph": None}},
        {"@type": "NewsArticle", "headline": [], "author": [[], None, 3, {"name": {}}],
         "datePublished": "soon", "publisher": 7, "inLanguage": "not a tag", "url": {}},
        {"@type": "NewsArticle", "headline": "x" * 5_000},
        "//<![CDATA[\n{}\n//]]>",
    ],
)  # fmt: skip
def test_invalid_json_ld_is_ignored(bad):
    found = article(html(STORY, ld(bad)))
    assert (found.title, found.paragraphs) == ("Mast falls", (LEDE, REST))
    assert (found.author, found.published, found.language) == (None, None, "en")


def test_dates_in_other_formats_are_read_and_the_far_future_is_flagged():
    meta = '<meta name="date" content="{}">'
    assert article(html(STORY, meta.format("Jan. 4, 2023"))).published == "2023-01-04"
    flagged, found = read(html(STORY, meta.format("2923-01-04")))
    assert isinstance(flagged, Flagged)
    assert found.published == "2923-01-04"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "there is no HTML in the page"),
        ("<!-- nothing -->", "there is no HTML in the page"),
        (html(""), "no article was found in the page"),
        (html("<ul>" + "<li><a href=/1>Mast falls</a>" * 50), "no article was found in the page"),
        (
            "<noscript><p>You need JavaScript to read this page, please.</p></noscript>",
            "no article was found in the page",
        ),
        (html("<div>" * 400 + LEDE), "nested too deeply, in more than 255 others"),
        (html("<p></p>" * 50_001), "more than 50,000 elements"),
        (html(("<div>" * 150 + "text" + "</div>" * 150) * 100), "too many nested elements"),
        (b"<html>\x00</html>", "binary, not text"),
        (b"<html><p>Caf\xe9</p></html>", "not UTF-8"),
    ],
)
def test_page_without_an_article_is_rejected(content, words):
    (rejected,) = read(content)
    assert isinstance(rejected, Rejected)
    assert rejected.place == "mast.html"
    assert words in rejected.reason


def test_page_over_the_size_limit_is_not_read_completely(monkeypatch):
    monkeypatch.setattr(page, "MAX_PAGE", 1_000)
    file = io.BytesIO(html(STORY * 100).encode())
    (rejected,) = read_html(OpenedFile(file, "mast.html", FileName("mast")))
    assert "larger than 1,000 bytes" in rejected.reason
    assert file.tell() == 1_001


def test_spans_of_cells_are_ignored():
    row = '<tr><td rowspan="1000" colspan="1000">1961</td><td>3</td></tr>'
    found = article(html(f"{STORY}<table>{row * 3}</table>"))
    assert found.paragraphs[-1] == "1961 | 3\n1961 | 3\n1961 | 3"


@pytest.mark.parametrize("odd", ["\x01", "&#1;", "&#x1F;", "&#65535", "\ufffe", "&#xFFFF;"])
def test_invalid_characters_become_spaces(odd):
    found = article(html(f"<p>{LEDE}<br><br>{odd}{REST}{odd}</p><p>{LEDE} {odd} &#12;</p>"))
    assert found.paragraphs == (LEDE, REST, LEDE)


def test_declared_encoding_is_used():
    russian = "Мачта над деревней упала в полдень, и никто не пострадал, сообщил совет графства. "
    content = html(f"<p>{russian * 3}</p>", '<meta charset="windows-1251">').encode("cp1251")
    assert article(content).paragraphs == (" ".join([russian.strip()] * 3),)


def test_nothing_is_fetched(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    doctype = (
        '<!DOCTYPE html SYSTEM "http://ledger.example/x.dtd" [<!ENTITY e SYSTEM "/etc/hosts">]>'
    )
    head = '<link rel="canonical" href="http://ledger.example/mast"><base href="http://x.example/">'
    content = html(f'{STORY}<img src="http://x.example/1.png"><p>&e; {REST}</p>', head)
    found = article(content.replace("<!doctype html>", doctype))
    assert "localhost" not in " ".join(found.paragraphs)


@pytest.mark.parametrize(
    ("head", "ending", "name"),
    [
        (b"<!DOCTYPE html>\n<html>", "", "HTML"),
        (b"\xef\xbb\xbf\n<!-- saved -->\n<HTML lang=en>", ".txt", "HTML"),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x">', ".xml", "HTML"),
        (b"<p>A fragment", ".html", "HTML"),
        (b"<p>A fragment", "", None),
        (b"<htmlish>", "", None),
    ],
)
def test_pages_are_recognised_by_their_first_bytes(head, ending, name):
    kind = kind_of(head, ending)
    assert (kind and kind.name) == name


def test_long_beginning_is_checked_quickly():
    assert not begins_as_html(b"<!--" * 16_000)
    assert not begins_as_html(b"<!-- -->" * 8_000)
    assert not begins_as_html(b"<?xml " * 10_000)


PIECES = [
    "<p>", "</p>", "<div>", "</div>", "<table>", "<tr>", "<td>", "<ul>", "<li>", "</ul>", "<br>",
    "<h2>", "<blockquote>", "<a href='//x'>", "</a>", "<article>", "&#xD800;", "&#0;", "\ufffe",
    "<time datetime='soon'>", "<script type='application/ld+json'>", "{\"@type\":\"Article\"",
    "</script>", "<link rel=canonical href='http://[", "<meta name=date content='0000-00-00'>",
    "<meta property=og:url content='http://a.example/\u0000'>", "<title>", "</title>", LEDE, REST,
    "<svg>", "<![CDATA[", "]]>", "<pre>", "<b>", "</b>", "<dl><dt>", "<html lang='x-😀'>",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=25).map("".join))
@settings(max_examples=60, deadline=None)
def test_any_content_yields_only_items(content):
    for item in read(content.encode("utf-8", "replace")):
        assert isinstance(item, Article | Capture | Rejected | Flagged)
