"""Markdown: blocks become paragraphs, and front matter the fields."""

import io
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.sources.formats import markdown as reader
from nutgraf.index.sources.formats.front_matter import split_front_matter
from nutgraf.index.sources.formats.markdown import read_markdown
from nutgraf.index.sources.items import FileName, Flagged, OpenedFile, Rejected, UnknownFields


def read(content, stem="ferry"):
    content = content.encode() if isinstance(content, str) else content
    return list(read_markdown(OpenedFile(io.BytesIO(content), "ferry.md", FileName(stem))))


def paragraphs(body):
    (article,) = read(f"# Title\n\n{body}")
    return article.paragraphs


TEXT = "\nIt stopped.\n"

WHOLE = Article(
    "ferry-stops",
    "Ferry: it stops",
    ("It stopped.",),
    url="https://example.org/f",
    source="Ledger",
    author="Ann Lee, Bo Poe",
    section="Transport",
    published="2023-01-04T09:30:00+01:00",
    language="en",
)

YAML = """---
title: "Ferry: it stops"
slug: ferry-stops
date: 2023-01-04 09:30:00 +0100
authors:
  - Ann Lee
  - name: Bo Poe
    email: bo@example.org
categories: [Transport, Sea]
tags: [boats]
lang: en
permalink: /f/
canonical_url: https://example.org/f
source: Ledger
draft: false
---
"""

TOML = """+++
title = "Ferry: it stops"
id = "ferry-stops"
date = 2023-01-04T09:30:00+01:00
author = ["Ann Lee", "Bo Poe"]
categories = ["Transport"]
language = "en"
url = "https://example.org/f"
publication = "Ledger"
[menu]
weight = 3
+++
"""

JSON = """{
 "Title": "Ferry: it stops", "id": "ferry-stops", "date": "4 Jan 2023 9:30 CET",
 "author": "Ann Lee, Bo Poe", "section": "Transport", "lang": "en",
 "link": "https://example.org/f", "site": "Ledger"
}
"""


@pytest.mark.parametrize("matter", [YAML, TOML, JSON, YAML.replace("\n", "\r\n")])
def test_front_matter_contains_the_fields(matter):
    *_, found = read(matter + TEXT)
    lists = {"sections": ("Transport",), "byline": WHOLE.byline, "tags": (), "extra": None}
    assert replace(found, **lists) == WHOLE


def test_front_matter_contains_lists_and_other_keys():
    unknown, found = read(YAML + TEXT)
    assert unknown == UnknownFields("ferry.md", ("permalink", "draft"))
    assert found.sections == ("Transport", "Sea")
    assert found.tags == ("boats",)
    assert found.byline == ("Ann Lee", "Bo Poe")
    assert found.extra == {"permalink": "/f/", "draft": "false"}
    unknown, found = read(TOML + TEXT)
    assert found.extra == {"menu": {"weight": 3}}
    (found,) = read(
        "---\ntitle: T\nkeywords: a, b\ndescription: Short.\ncover: https://x.org/c.jpg\n"
        f"byline: By Ann\n---\n{TEXT}"
    )
    assert (found.tags, found.summary, found.image) == (("a", "b"), "Short.", "https://x.org/c.jpg")
    assert (found.author, found.byline) == ("By Ann", ("By Ann",))


def test_without_front_matter_the_first_heading_is_the_title():
    assert read("# Ferry *stops*\n\nIt stopped.") == [
        Article("ferry", "Ferry stops", ("It stopped.",))
    ]
    assert read("Intro.\n\nSetext\n------\n\nText.") == [
        Article("ferry", "Setext", ("Intro.", "Setext\nText."))
    ]


def test_heading_that_repeats_the_title_is_omitted():
    (found,) = read("---\ntitle: Ferry stops\n---\n# Ferry stops\n\nIt stopped.")
    assert found.paragraphs == ("It stopped.",)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One *two* **three** [four](http://x) `five` ~~six~~.", ("One two three four five six.",)),
        ("One\ntwo\\\nthree", ("One two\nthree",)),
        ("![a picture](x.png)\n\nText <b>raw</b> <br>&amp; more.", ("Text raw \n& more.",)),
        ("## Why\n\nNobody knows.", ("Why\nNobody knows.",)),
        ("They are:\n\n- one\n- two\n  - three\n", ("They are:\n- one\n- two\n- three",)),
        ("1. one\n\n   more of it\n2. two\n", ("- one", "more of it", "- two")),
        ("> quoted\n> text", ("quoted text",)),
        ("```py\nx = 1\n\nif x:\n    y\n```", ("x = 1\nif x:\ny",)),
        ("| a | b |\n|---|---|\n| 1 | *2* |", ("a | b\n1 | 2",)),
        ("<div>\n<p>In HTML</p><script>bad()</script>\n</div>\n\nText", ("In HTML", "Text")),
        ("<!-- hidden -->\n\nText{{< figure src=\"x\" >}} here.{% include x %}", ("Text here.",)),
        ("Text[^1].\n\n[^1]: A note.", ("Text[^1].", "[^1]: A note.")),
        ("[link]: http://x\n\nSee [link].", ("See link.",)),
    ],
)  # fmt: skip
def test_blocks_become_paragraphs(body, expected):
    found = paragraphs(body)
    assert tuple("\n".join(line.strip() for line in p.split("\n")) for p in found) == tuple(
        "\n".join(line.strip() for line in p.split("\n")) for p in expected
    )


def test_name_of_a_jekyll_post_contains_its_date():
    (found,) = read("# T\n\nText.", "2023-01-04-ferry-stops")
    assert (found.id, found.published) == ("2023-01-04-ferry-stops", "2023-01-04")
    (found,) = read("# T\n\nText.", "2023-99-04-ferry-stops")
    assert found.published is None


def test_titles_are_not_converted_by_yaml():
    for title in ("On", "2023", "1_000", "12:30", "null"):
        (found,) = read(f"---\ntitle: {title}\n---\n{TEXT}")
        assert found.title == title


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "there is no 'title' in front matter, and no heading"),
        ("Just text.", "there is no 'title'"),
        ("# Title\n", "there is no text below the title"),
        ("---\na: b\nc: [\n---\nText", "the front matter is not valid YAML in line 4"),
        ("---\n- a\n---\nText", "there is no 'title'"),
        ("+++\ntitle =\n+++\nText", "not valid TOML: Invalid value (at line 2, column 8)"),
        ("---\ntitle: T\ndate: yesterday\n---\nText", "'published' is 'yesterday'"),
        ("---\na: " + "[" * 5_000 + "\n---\nText", "nested more than 50 levels deep in line 2"),
        ("+++\nb = 1\na = " + "[" * 5_000 + "\n+++\nText", "50 levels deep in line 3"),
        ("---\na:\n" + "- " * 5_000 + "\n---\nText", "not valid YAML"),
        ("---\n" + "a: b\n" * 20_000 + "---\nText", "longer than 16,384 characters"),
        (b"\x00\x01", "binary"),
    ],
)
def test_file_without_an_article_is_rejected(content, reason):
    (rejected,) = read(content)
    assert rejected.place == "ferry.md"
    assert reason in rejected.reason


@pytest.mark.timeout(20)
def test_aliases_are_not_expanded():
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    flagged, unknown, found = read(
        f"---\ntitle: T\na0: &a0 [x, x]\n{levels}tags: *a29\n---\n{TEXT}"
    )
    assert "'a29' has more than 16,384 parts" in flagged.reason
    assert {"a0", "a1"} <= {*unknown.names} == found.extra.keys()
    assert found.section is None
    (rejected,) = read("---\ntitle: T\ntags: &self {name: *self}\n---\n" + TEXT)
    assert "not valid YAML in line 3: found unconstructable recursive node" in rejected.reason


def test_file_over_the_size_limit_is_rejected(monkeypatch):
    monkeypatch.setattr(reader, "MAX_MARKDOWN", 100)
    (rejected,) = read("# T\n\n" + "x" * 200)
    assert "larger than 100 bytes" in rejected.reason


@pytest.mark.parametrize(
    "between",
    ["Text.", "Text: with a colon: twice.", "Text.\n\n" * 5_000, "[" * 60, "- One.\n- Two."],
)
def test_article_may_begin_with_a_rule(between):
    text = f"---\n\n{between}\n\n---\n\n# Ferry stops\n\n{TEXT}"
    assert split_front_matter(text) == ({}, text)
    (found,) = read(text)
    assert found.title == "Ferry stops"
    assert found.paragraphs[-1].endswith(TEXT.strip())


def test_three_dots_end_yaml_but_not_toml():
    assert split_front_matter("---\ntitle: T\n...\nText") == ({"title": "T"}, "Text")
    toml = '+++\na = """\n...\n"""\n+++\nText'
    assert split_front_matter(toml) == ({"a": "...\n"}, "Text")


def test_text_between_rules_is_not_front_matter():
    matter, body = split_front_matter("Text\n\n---\na: b\n---\n")
    assert matter == {}
    assert body.startswith("Text")
    assert split_front_matter("---\n---\nText") == ({}, "Text")
    assert split_front_matter("---\ntitle: T\n---") == ({"title": "T"}, "")
    assert split_front_matter("{not json") == ({}, "{not json")


PIECES = st.sampled_from(
    ["---\n", "+++\n", "title: x\n", "date: ", "2023-01-04", "# ", "\n\n", "- ", "> ", "`", "```\n",
     "|a|b|\n|-|-|\n", "<div>", "<b>", "[x]", "(y)", "*", "**", "![", "text", "\t", "&a ", "{"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=80) | st.binary(max_size=80))
def test_any_content_yields_only_items(content):
    for item in read(content):
        assert isinstance(item, Article | Rejected | Flagged)
