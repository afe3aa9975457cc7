"""Output of hits, articles and counts in a terminal."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nutgraf.search import ArticleView, Completions, Response
from nutgraf.search.response import FacetCount, Hit, More, Snippet, Understood

__all__ = [
    "corrected_lines",
    "print_article",
    "print_completions",
    "print_facets",
    "print_hits",
    "print_statistics",
    "printable",
    "standard_output",
    "understood_line",
    "unknown_line",
]

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

INDENT: Final = 4

MIN_SHOWN_SCORE: Final = 0.005
"""Lower scores are rounded to 0.00 when printed. Such hits are rarely relevant."""

LIKELY: Final = 0.5
"""The least score of a likely hit: at least half of such hits are relevant."""

POSSIBLE: Final = 0.1
"""The least score of a possible hit: of hits below, 1 in 6 is relevant."""

MAX_FACET_VALUES: Final = 12
"""The most values that are printed of a facet.

12 values fit in 2 lines, and are enough for the months of a year.
"""

STYLES: Final = {"keyword": "bold yellow", "semantic": "underline"}
"""Styles of highlights by kind. Semantic matches are less prominent than keywords."""


class _Output(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def standard_output() -> Console:
    """Return a console on standard output.

    The console wraps lines only on a terminal. It raises BrokenPipeError when the reader
    closes the output. A plain console of rich would end the process.
    """
    return _Output(highlight=False, soft_wrap=not sys.stdout.isatty())


def printable(text: str) -> str:
    """Replace control characters in a text, so that it cannot control a terminal."""
    return CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)


def understood_line(one: Understood) -> str:
    """Return a date or name of a question with the flags that filter by it."""
    flags = " ".join(
        f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in one.filters.items()
    )
    return printable(f"understood: {' '.join(one.text.split())} ({flags})")


def corrected_lines(corrected: str, query: str) -> str:
    """Return the lines that name the question that was answered, and the way back."""
    return (
        f"showing hits for: {printable(corrected)}\n"
        f"search instead for: {printable(query)} (--no-correct)"
    )


def unknown_line(words: Sequence[str]) -> str:
    """Return the line for the unknown words of a question."""
    return printable(f"unknown: {', '.join(words)} (in no article)")


def print_hits(
    response: Response,
    console: Console,
    *,
    faint: bool = True,
    urls: bool = False,
    numbers: bool = False,
) -> None:
    """Print ranked hits: title, score in words, source, id and snippet.

    Other paragraphs of the same article are printed below its hit, one per line. Without
    `faint`, printing stops before the first hit with a score below MIN_SHOWN_SCORE, and the
    remaining hits are only counted. The hit with rank 1 is always printed. `urls` prints the
    URL of each article. `numbers` prints scores as numbers: a cosine, for example, is no
    probability that has a name.
    """
    shown = [
        *response.hits[:1],
        *takewhile(lambda hit: faint or not _is_faint(hit), response.hits[1:]),
    ]
    for hit in shown:
        _print_hit(hit, console, urls=urls, numbers=numbers)
    if left := len(response.hits) - len(shown):
        console.print(Text(f"{left} more with score 0.00: --min-score 0 shows them", "dim"))
    more = "at least " if response.total.relation == "gte" else ""
    found = f"{more}{response.total.value:,}" if response.total.value else "no"
    nouns = response.group if response.total.value == 1 else f"{response.group}s"
    console.print(Text(f"{found} {nouns} in {response.took_ms:.1f} ms ({_how(response)})", "dim"))


def _how(response: Response) -> str:
    """Return the mode of a search, or "listing" if it has no scores."""
    return "listing" if response.hits and response.hits[0].score is None else response.mode


def print_facets(facets: Mapping[str, Sequence[FacetCount]], console: Console) -> None:
    """Print one line per facet, with its first values or its newest dates."""
    for name, counts in facets.items():
        by_time = ":" in name  # Periods and ranges ascend.
        shown = counts[-MAX_FACET_VALUES:] if by_time else counts[:MAX_FACET_VALUES]
        parts = [f"{printable(one.value)} {one.count:,}" for one in shown]
        if len(counts) > MAX_FACET_VALUES:
            parts.insert(
                0 if by_time else MAX_FACET_VALUES, f"{len(counts) - MAX_FACET_VALUES} more"
            )
        console.print(Text.assemble((name, "bold"), ": ", " · ".join(parts) or "nothing"))


def _is_faint(hit: Hit) -> bool:
    return hit.score is not None and hit.score < MIN_SHOWN_SCORE


def _score_in_words(score: float | None) -> str:
    """Return the probability that a hit is relevant, in a word; "" without a score."""
    if score is None:
        return ""
    return "likely" if score >= LIKELY else "possible" if score >= POSSIBLE else "weak"


def _print_hit(hit: Hit, console: Console, *, urls: bool, numbers: bool) -> None:
    article = hit.article
    score = f"{hit.score:.2f}" if numbers else _score_in_words(hit.score)
    head = Text.assemble(
        (f"{hit.rank:>2}. ", "bold"),
        (printable(article.title), "bold"),
        (f"  {score}" if score else "", "cyan"),
        (_versions(hit.versions - 1), "green"),
    )
    console.print(head, soft_wrap=True)
    if urls and article.url:
        console.print(Text(f"    {printable(article.url)}", "blue"), soft_wrap=True)
    origin = [article.source, article.section, article.published]
    facts = " · ".join(printable(fact) for fact in origin if fact)
    name = printable(hit.paragraph.id)
    # Do not wrap this line: a user could not copy an id that is split.
    console.print(Text(f"    {facts}  {name}" if facts else f"    {name}", "dim"), soft_wrap=True)
    _print_indented(_highlighted(hit.snippet), console)
    if hit.explain is not None:
        _print_indented(Text(_explained(hit), "dim"), console)
    margin = max((len(f"#{one.paragraph.position}") for one in hit.more), default=0)
    for one in hit.more:
        _print_more(one, margin, console)
    console.print()


def _versions(others: int) -> str:
    return f"  +{others} version{'s' if others > 1 else ''}" if others > 0 else ""


def _print_more(more: More, margin: int, console: Console) -> None:
    """Print another paragraph on one line: its position, and the start of its snippet."""
    label = f"#{more.paragraph.position}".ljust(margin)
    shown = _highlighted(more.snippet)
    if console.is_terminal:
        shown = _one_line(shown, console.width - INDENT - margin - 2)
    console.print(Text.assemble(" " * INDENT, (label, "dim"), "  ", shown))


def _one_line(text: Text, width: int) -> Text:
    """Shorten a text to a line that contains its first highlight."""
    first = text.spans[0] if text.spans else None
    if first is not None and first.end >= width:
        start = text.plain.find(" ", first.start - width // 3) + 1
        text = Text.assemble("… ", text[min(start, first.start) :])
    text.truncate(max(width, 1), overflow="ellipsis")
    return text


def _highlighted(snippet: Snippet) -> Text:
    shown = Text(printable(snippet.text).replace("\n", " "))
    for one in snippet.highlights:
        shown.stylize(STYLES[one.kind], one.start, one.end)
    return shown


def _print_indented(text: Text, console: Console) -> None:
    """Print indented text: wrapped on a terminal, on one line elsewhere."""
    lines = text.wrap(console, console.width - INDENT) if console.is_terminal else [text]
    for line in lines:
        line.rstrip()
        line.pad_left(INDENT)
        console.print(line)


def _explained(hit: Hit) -> str:
    explain = hit.explain
    if explain is None:
        return ""
    parts = [] if hit.score is None else [f"score {hit.score:.4f}"]
    for name, place in (("keyword", explain.keyword), ("semantic", explain.semantic)):
        if place is not None:
            rank = "no match" if place.rank is None else f"rank {place.rank}"
            parts.append(f"{name} {rank}" + ("" if place.score is None else f" ({place.score})"))
    if explain.fusion is not None:
        parts.append(f"fusion {explain.fusion.method} with weight {explain.fusion.weight}")
    if explain.rerank is not None:
        place = explain.rerank
        parts.append(
            "not reranked"
            if place.rank is None
            else f"rerank rank {place.rank} (logit {place.score})"
        )
    if explain.recency is not None:
        parts.append(f"recency x {explain.recency}")
    return "; ".join(parts)


def print_article(view: ArticleView, position: int | None, console: Console) -> None:
    """Print an article, with the paragraph at `position` highlighted."""
    console.print(Text(printable(view.title), "bold"))
    sections = ", ".join(view.sections)
    facts = (view.source, sections, view.author, view.published, view.url, view.image)
    tags, extra = ", ".join(view.tags), json.dumps(view.extra, ensure_ascii=False)
    if any(facts):
        console.print(Text(" · ".join(printable(fact) for fact in facts if fact), "dim"))
    if tags:
        console.print(Text(f"tags: {printable(tags)}", "dim"))
    if view.extra:
        console.print(Text(f"extra: {printable(extra)}", "dim"))
    if view.summary:
        console.print(Text(printable(view.summary), "italic"))
    for paragraph in view.paragraphs:
        style = "bold yellow" if paragraph.position == position else ""
        number = (f"\n{paragraph.position:>3}  ", "dim")
        console.print(Text.assemble(number, (printable(paragraph.text), style)))


def print_completions(completions: Completions, console: Console) -> None:
    """Print one completion per line, with its article, or with its kind and count."""
    for one in completions.suggestions:
        articles = "article" if one.count == 1 else "articles"
        what = one.article or f"{one.kind} in {one.count:,} {articles}"
        line = Text.assemble(
            printable(one.text).replace("\n", " "), (f"  {printable(what)}", "dim")
        )
        console.print(line, soft_wrap=True)


def print_statistics(statistics: dict[str, Any], console: Console) -> None:
    """Print the statistics of an index, one per line."""
    table = Table.grid(padding=(0, 2))
    for name, value in statistics.items():
        if name == "parts":
            for part, size in value.items():
                table.add_row(f"  {part}", f"{size:,}")
        else:
            shown = f"{value:,}" if isinstance(value, int | float) else str(value or "none")
            table.add_row(name.replace("_", " "), shown)
    console.print(table)
