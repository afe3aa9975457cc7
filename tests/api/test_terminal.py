"""How hits look in a terminal."""

from io import StringIO

from rich.console import Console

from nutgraf.api.terminal import print_hits
from nutgraf.search import ArticleFields, Highlighted, Hit, Response, Snippet
from nutgraf.search.hits import Total

ARTICLE = ArticleFields("news", "News", None, None, None, None, None, None)
SNIPPET = Snippet(
    "Infants on a ferry", "", (Highlighted(0, 7, "semantic"), Highlighted(13, 18, "keyword"))
)


def test_what_matched_stands_out_and_what_is_near_does_less():
    hit = Hit(1, 0.5, ARTICLE, 0, "", SNIPPET)
    output = StringIO()
    console = Console(file=output, force_terminal=True, color_system="standard", highlight=False)
    print_hits(Response("", "hybrid", 1.0, Total(1, "eq"), (hit,), (), 1), console)
    bold_yellow, underline, plain = "\x1b[1;33m", "\x1b[4m", "\x1b[0m"
    shown = f"{underline}Infants{plain} on a {bold_yellow}ferry{plain}"
    assert shown in output.getvalue()
