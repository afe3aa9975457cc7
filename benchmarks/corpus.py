"""Articles of any number, drawn from the sentences of real ones with a fixed seed.

A drawn paragraph has 2 to 4 real sentences: 70% of them from one article, the others from two
other articles. A title joins the titles of two articles. So the words, the lengths of sentences and
the similarity of the paragraphs of an article are real; their order and their company are not.
Sources, authors and sections are drawn from skewed distributions, and dates evenly from 20 years.

The same material and seed give the same articles, and a smaller corpus is the beginning of a larger
one: only its last article can have fewer paragraphs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from nutgraf.index import Article
from nutgraf.index.analysis.sentences import sentence_spans
from nutgraf.index.sources import read_sources

__all__ = ["DrawnArticle", "Material", "draw_articles", "read_articles", "split_articles"]

SEED: Final = 2026

OWN_SHARE: Final = 0.7
"""The share of the sentences that come from the main article of a drawn one."""

SENTENCES: Final = (2, 4)
PARAGRAPHS: Final = (5, 19)

LENGTHS: Final = (20, 350)
"""The shortest and the longest sentence in characters."""

LONGEST: Final = 700
"""The most characters of the sentences of a paragraph.

The default encoder reads so much at once, so a drawn paragraph is one row of an index.
"""

LONGEST_TITLE: Final = 120

SOURCES: Final = 60
AUTHORS: Final = 2_000
SECTIONS: Final = ("politics", "world", "local", "economy", "sport", "culture", "science",
                   "health", "crime", "travel", "weather", "opinion")  # fmt: skip

FIRST_DAY: Final = datetime(2006, 1, 1, tzinfo=UTC)
DAYS: Final = 20 * 365


@dataclass(frozen=True, slots=True)
class Material:
    """Real titles and sentences, each once.

    `articles` has one pair for each usable article: the number of its title, and the numbers of
    its sentences.
    """

    titles: tuple[str, ...]
    sentences: tuple[str, ...]
    articles: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class DrawnArticle:
    """A drawn article, and the numbers of its titles and sentences.

    `sentences` has the numbers of each paragraph.
    """

    article: Article
    titles: tuple[int, int]
    sentences: tuple[tuple[int, ...], ...]


def read_articles(folder: Path) -> list[Article]:
    """Read the files articles.jsonl below a folder; without any, read all its files.

    Ids of several files are made different by the folder of the file.
    """
    files = sorted(folder.rglob("articles.jsonl"))
    found: list[Article] = []
    for place in files or [folder]:
        prefix = f"{place.parent.name}/" if len(files) > 1 else ""
        read = read_sources([str(place)])
        found += (
            replace(item, id=prefix + item.id)
            for item in read
            if isinstance(item, Article) and item.paragraphs
        )
    return found


def split_articles(articles: Sequence[Article]) -> Material:
    """Return the titles and sentences of articles with enough sentences."""
    titles: dict[str, int] = {}
    sentences: dict[str, int] = {}
    usable = []
    for article in articles:
        texts = [
            paragraph[start:end]
            for paragraph in article.paragraphs
            for start, end in sentence_spans(paragraph, article.language or "en")
            if LENGTHS[0] <= end - start <= LENGTHS[1]
        ]
        if len(set(texts)) < SENTENCES[1]:
            continue
        numbers = tuple(sentences.setdefault(text, len(sentences)) for text in texts)
        title = titles.setdefault(article.title or texts[0][:LONGEST_TITLE], len(titles))
        usable.append((title, numbers))
    return Material(tuple(titles), tuple(sentences), tuple(usable))


def draw_articles(material: Material, paragraphs: int, seed: int = SEED) -> Iterator[DrawnArticle]:
    """Yield drawn articles until they have this number of paragraphs together."""
    draw = random.Random(seed)
    # The square root: a long article gives more drawn articles than a short one, not all of them.
    weights = [len(numbers) ** 0.5 for _, numbers in material.articles]
    number = 0
    while paragraphs > 0:
        drawn = _draw(draw, material, weights, number)
        fewer = drawn.sentences[:paragraphs]
        texts = drawn.article.paragraphs[:paragraphs]
        yield replace(drawn, article=replace(drawn.article, paragraphs=texts), sentences=fewer)
        paragraphs -= len(fewer)
        number += 1


def _draw(
    draw: random.Random, material: Material, weights: Sequence[float], number: int
) -> DrawnArticle:
    main, second, third = draw.choices(material.articles, weights, k=3)
    drawn = tuple(
        _draw_sentences(draw, material, main[1], (second[1], third[1]))
        for _ in range(draw.randint(*PARAGRAPHS))
    )
    title = f"{material.titles[main[0]]} and {material.titles[second[0]]}"[:LONGEST_TITLE]
    article = Article(
        id=f"drawn-{number}",
        title=title.strip(),
        paragraphs=tuple(" ".join(material.sentences[one] for one in some) for some in drawn),
        url=f"https://example.org/{number}",
        published=_draw_time(draw),
        source=f"Paper {_skewed(draw, SOURCES)}",
        section=SECTIONS[_skewed(draw, len(SECTIONS))],
        author=f"Author {_skewed(draw, AUTHORS)}",
        language="en",
    )
    return DrawnArticle(article, (main[0], second[0]), drawn)


def _draw_sentences(
    draw: random.Random, material: Material, own: Sequence[int], others: Sequence[Sequence[int]]
) -> tuple[int, ...]:
    wanted = draw.randint(*SENTENCES)
    found: dict[int, None] = {}
    length = 0
    while len(found) < wanted:
        pool = own if draw.random() < OWN_SHARE else draw.choice(others)
        sentence = draw.choice(pool)
        if sentence in found:
            continue
        length += len(material.sentences[sentence])
        if length > LONGEST:
            break
        found[sentence] = None
    return tuple(found)


def _draw_time(draw: random.Random) -> str:
    seconds = draw.randrange(DAYS * 24 * 60 * 60)
    return (FIRST_DAY + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def _skewed(draw: random.Random, count: int) -> int:
    """Return a number below `count`; low numbers are frequent."""
    return min(int(draw.expovariate(8 / count)), count - 1)
