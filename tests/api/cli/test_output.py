"""How hits look in a terminal: what stands out, and each other paragraph on a line."""

import re
from io import StringIO

import pytest
from rich.console import Console

from nutgraf.api.cli.output import print_hits
from nutgraf.search import ArticleFields, Highlighted, Hit, Response, Searcher, Snippet
from nutgraf.search.response import Total

ARTICLE = ArticleFields("news", "News")
SNIPPET = Snippet(
    "Infants on a ferry",
    "",
    (Highlighted(0, 7, "semantic"), Highlighted(13, 18, "keyword")),
    0,
    18,
)

MORE = re.compile(r"    #\d+ *  \S")


def test_what_matched_stands_out_and_what_is_near_does_less():
    hit = Hit(1, 0.5, ARTICLE, 0, None, "", SNIPPET)
    output = StringIO()
    console = Console(file=output, force_terminal=True, color_system="standard", highlight=False)
    print_hits(Response("", "hybrid", "paragraph", 1.0, Total(1, "eq"), (hit,), (), 1), console)
    bold_yellow, underline, plain = "\x1b[1;33m", "\x1b[4m", "\x1b[0m"
    shown = f"{underline}Infants{plain} on a {bold_yellow}ferry{plain}"
    assert shown in output.getvalue()


def shown(seeds_index, width, *, terminal=True):
    """Return the answer, and its lines as a console prints them."""
    with Searcher(seeds_index) as searcher:
        answer = searcher.search("legionnaires cooling towers", group="article", per_article=5)
    output = StringIO()
    print_hits(answer, Console(file=output, width=width, force_terminal=terminal, no_color=True))
    return answer, re.sub(r"\x1b\[[0-9;]*m", "", output.getvalue()).splitlines()


@pytest.mark.parametrize("width", [40, 72, 300])
def test_other_paragraphs_take_a_line_each(seeds_index, width):
    answer, lines = shown(seeds_index, width)
    more = [line for line in lines if MORE.match(line)]
    assert len(more) == sum(len(hit.more) for hit in answer.hits)
    assert all(len(line) <= width for line in more)


@pytest.mark.parametrize("width", [40, 72, 300])
def test_the_first_highlight_is_in_that_line(seeds_index, width):
    answer, lines = shown(seeds_index, width)
    more = iter([line for line in lines if MORE.match(line)])
    marked = 0
    for hit in answer.hits:
        for one in hit.more:
            line = next(more)
            if one.snippet.highlights:
                first = one.snippet.highlights[0]
                assert one.snippet.text[first.start : first.end] in line
                marked += 1
    assert marked >= 3


def test_a_program_reads_them_whole(seeds_index):
    answer, lines = shown(seeds_index, 10_000, terminal=False)
    for hit in answer.hits:
        for one in hit.more:
            assert any(line.endswith(one.snippet.text) for line in lines)
