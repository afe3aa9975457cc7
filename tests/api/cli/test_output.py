"""Hits in a terminal: styles of highlights, and a line for each other paragraph."""

import re
from io import StringIO

import pytest
from rich.console import Console

from nutgraf.api.cli.output import print_hits, understood_line
from nutgraf.search import Highlighted, Hit, HitArticle, Response, Searcher, Snippet
from nutgraf.search.response import Explanation, HitParagraph, Total, Understood

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
    print_hits(response_of(hit), console)
    bold_yellow, underline, plain = "\x1b[1;33m", "\x1b[4m", "\x1b[0m"
    shown = f"{underline}Infants{plain} on a {bold_yellow}ferry{plain}"
    assert shown in output.getvalue()


@pytest.mark.parametrize(
    ("score", "word"),
    [(1.0, "likely"), (0.5, "likely"), (0.49, "possible"), (0.1, "possible"), (0.09, "weak")],
)
def test_scores_are_printed_as_words(score, word):
    assert lines_of(score)[0] == f" 1. News  {word}"
    assert lines_of(score, numbers=True)[0] == f" 1. News  {score:.2f}"
    assert f"    score {score:.4f}" in lines_of(score, explain=Explanation(None, None, None))


def test_hit_without_a_score_has_no_word():
    assert lines_of(None)[0] == " 1. News"


def test_urls_are_printed_on_request_without_control_characters():
    url = "https://example.org/a\x1b[31m"
    assert not any("example.org" in line for line in lines_of(0.5, url=url))
    assert (
        lines_of(0.5, url=url, urls=True)[1]
        == "    https://example.org/a\N{REPLACEMENT CHARACTER}[31m"
    )
    assert lines_of(0.5, urls=True)[1] == "    a#0"


def test_understood_words_are_printed_with_their_flags():
    one = Understood("world\n news", 0, 11, {"section": "World News"})
    assert understood_line(one) == "understood: world news (--section 'World News')"
    dates = {"published_from": "2019-10-01", "published_to": "2019-10-31"}
    assert understood_line(Understood("October 2019", 0, 12, dates)) == (
        "understood: October 2019 (--published-from 2019-10-01 --published-to 2019-10-31)"
    )


def lines_of(score, *, url=None, explain=None, **options):
    """Return the lines that are printed for one hit."""
    article = HitArticle("news", "News", url=url)
    paragraph = HitParagraph("a#0", 0, None)
    hit = Hit(1, "a#0", score, article, paragraph, SNIPPET, (), 1, ("a#0",), explain)
    output = StringIO()
    print_hits(response_of(hit), Console(file=output, width=200), **options)
    return output.getvalue().splitlines()


def response_of(hit):
    return Response(
        query="",
        mode="hybrid",
        group="paragraph",
        took_ms=1.0,
        total=Total(1, "eq"),
        hits=(hit,),
        snapshot=1,
    )


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
