"""HTML fragments: their text, and its blocks."""

import pytest

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.paragraphs import Block
from nutgraf.index.sources.html.fragments import blocks_of, inline_text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One <b>two</b>.</p><p>Three.", [Block("text", "One two."), Block("text", "Three.")]),
        ("<h2>A</h2>loose <i>text</i>", [Block("heading", "A"), Block("text", "loose text")]),
        ("<ul><li>One<li><p>Two</p></ul>", [Block("item", "One"), Block("item", "Two")]),
        ("<dl><dt>A</dt><dd>B</dd></dl>", [Block("item", "A"), Block("item", "B")]),
        ("a<br>b<br> <br>c", [Block("text", "a\nb"), Block("text", "c")]),
        ("<pre>a\n  b</pre>", [Block("text", "a\n  b")]),
        ("<table><tr><th>A</th><td><p>B</p></td></tr></table>", [Block("row", "A\tB")]),
        ("<table><tr><td><p>" + "x" * 300, [Block("text", "x" * 300)]),
        ("<p>a<script>b</script><style>c</style><!-- d -->e</p>", [Block("text", "ae")]),
        ("plain &amp; simple", [Block("text", "plain & simple")]),
        ("one\n\n<em>two</em>\nstill", [Block("text", "one"), Block("text", "two still")]),
        ("<div>a<div>b</div>c</div>", [Block("text", part) for part in "abc"]),
        ("<figure><img alt='x'><figcaption>Cap</figcaption></figure><p>", [Block("text", "Cap")]),
        ("", []),
        ("<p> </p><br>", []),
    ],
)
def test_elements_become_blocks(html, expected):
    assert list(blocks_of(html)) == expected


def test_text_is_joined_in_one_line():
    assert inline_text(" A <b>b</b>\n<br>c &lt; d<div>e</div>f ") == "A b c < d e f"
    assert inline_text("3 < 4") == "3 < 4"


def test_too_deep_nesting_is_refused():
    with pytest.raises(InputError, match="nested too deeply"):
        list(blocks_of("<div>" * 1_000))
    with pytest.raises(InputError, match="nested too deeply"):
        inline_text("<b>" * 1_000)
