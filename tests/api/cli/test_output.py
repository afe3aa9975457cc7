"""Hits in a terminal: styles of highlights, and a line for each other paragraph."""

import re
from io import StringIO

import pytest
from rich.console import Console

from nutgraf.api.cli.output import print_hits
from nutgraf.search import Highlighted, Hit, HitArticle, Response, Searcher, Snippet
from nutgraf.search.response import HitParagraph, Total

ARTICLE = HitArticle("news", "News")
SNIPPET = Snippet(
    "Infants on a ferry",
    "",
    (Highlighted(0, 7, "semantic"), Highlighted(13, 18, "keyword")),
    0,
    18,
)

MORE = re.compile(r"    #\d+ *  \S")


def test_keywords_are_more_prominent_than_semantic_matches():
    hit = Hit(1, "a#0", 0.5, ARTICLE, HitParagraph("a#0", 0, None), SNIPPET, (), 1, ("a#0",))
    output = StringIO()
    console = Console(file=output, force_terminal=True, color_system="standard", highlight=False)
    response = Response(
        query="",
        mode="hybrid",
        group="paragraph",
        took_ms=1.0,
        total=Total(1, "eq"),
        hits=(hit,),
        snapshot=1,
    )
    print_hits(response, console)
    bold_yellow, underline, plain = "\x1b[1;33m", "\x1b[4m", "\x1b[0m"
    shown = f"{underline}Infants{plain} on a {bold_yellow}ferry{plain}"
    assert shown in output.getvalue()


def shown(seeds_index, width, *, terminal=True):
    """Return the response, and its lines as a console prints them."""
    with Searcher(seeds_index) as searcher:
        answer = searcher.search("legionnaires cooling towers", group="article", per_article=5)
    output = StringIO()
    print_hits(answer, Console(file=output, width=width, force_terminal=terminal, no_color=True))
    return answer, re.sub(r"\x1b\[[0-9;]*m", "", output.getvalue()).splitlines()


@pytest.mark.parametrize("width", [40, 72, 300])
def test_each_other_paragraph_takes_one_line(seeds_index, width):
    answer, lines = shown(seeds_index, width)
    more = [line for line in lines if MORE.match(line)]
    assert len(more) == sum(len(hit.more) for hit in answer.hits)
    assert all(len(line) <= width for line in more)


@pytest.mark.parametrize("width", [40, 72, 300])
def test_line_of_other_paragraph_contains_its_first_highlight(seeds_index, width):
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


def test_lines_are_complete_without_a_terminal(seeds_index):
    answer, lines = shown(seeds_index, 10_000, terminal=False)
    for hit in answer.hits:
        for one in hit.more:
            assert any(line.endswith(one.snippet.text) for line in lines)
