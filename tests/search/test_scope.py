"""Conditions apply to paragraphs with their titles, or to whole articles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.search import Searcher
from nutgraf.search.request.search_request import Grouping, Mode, Scope

MODES: tuple[Mode, ...] = ("keyword", "semantic", "hybrid")
SCOPES: tuple[Scope, ...] = ("paragraph", "article")

# The sample articles.


@pytest.fixture(scope="module")
def searcher(seeds_index: Path) -> Iterator[Searcher]:
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def found(searcher: Searcher, question: str, scope: Scope, mode: Mode = "hybrid") -> set[str]:
    answer = searcher.search(question, scope=scope, group="article", mode=mode, limit=100)
    assert len(answer.hits) == answer.total.value
    return {hit.article.id for hit in answer.hits}


def whole_text(searcher: Searcher, article: str) -> str:
    view = searcher.article(article)
    assert view is not None
    return " ".join([view.title, *(each.text for each in view.paragraphs)]).lower()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("question", ["ferry -harbour", "ferry NOT harbour", "+ferry -harbour"])
def test_an_excluded_word_is_nowhere_in_an_article(
    searcher: Searcher, mode: Mode, question: str
) -> None:
    by_article = found(searcher, question, "article", mode)
    assert by_article
    assert not any("harbour" in whole_text(searcher, each) for each in by_article)
    # By paragraph, another paragraph of the same article can be found.
    by_paragraph = found(searcher, question, "paragraph", mode)
    assert any("harbour" in whole_text(searcher, each) for each in by_paragraph)


@pytest.mark.parametrize("mode", MODES)
def test_an_excluded_word_is_not_in_the_title_of_a_paragraph(
    searcher: Searcher, mode: Mode
) -> None:
    hits = searcher.search("water -valley", mode=mode, min_score=0, limit=100).hits
    assert hits
    for hit in hits:
        assert "valley" not in f"{hit.article.title} {hit.paragraph.text}".lower()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_title_in_quotation_marks_finds_its_article(
    searcher: Searcher, mode: Mode, scope: Scope
) -> None:
    title = "Guns fall silent along the Sarn as 60-day truce takes hold"
    assert found(searcher, f'"{title}"', scope, mode) == {"conflict-sarn-truce"}
    assert found(searcher, f'title:"{title}"', scope, mode) == {"conflict-sarn-truce"}
    assert found(searcher, f'text:"{title}"', scope, mode) == set()


@pytest.mark.parametrize("mode", MODES)
def test_required_words_may_be_in_different_paragraphs_of_an_article(
    searcher: Searcher, mode: Mode
) -> None:
    question = "+accord +escape"
    assert found(searcher, question, "paragraph", mode) < found(searcher, question, "article", mode)


def test_scope_is_what_a_hit_is_by_default(searcher: Searcher) -> None:
    groups: tuple[Grouping, ...] = ("paragraph", "article")
    for group in groups:
        default = searcher.search("ferry -harbour", group=group)
        assert default.hits == searcher.search("ferry -harbour", group=group, scope=group).hits


def test_a_hit_by_article_shows_its_best_matching_paragraph(searcher: Searcher) -> None:
    plain = searcher.search("cooling towers", group="article", mode="keyword")
    best = plain.hits[0]
    found = searcher.search("cooling towers -zebra", group="article", mode="keyword")
    assert found.hits[0].paragraph == best.paragraph
    assert found.hits[0].snippet == best.snippet


def test_facets_and_total_count_articles_that_meet_the_conditions(searcher: Searcher) -> None:
    answer = searcher.search("ferry -harbour", group="article", facets=("section",), limit=100)
    shown = Counter(hit.article.section for hit in answer.hits if hit.article.section)
    assert {one.value: one.count for one in answer.facets["section"]} == shown
    assert answer.total.value == len(answer.hits)


# The warning.


def test_warning_says_that_an_article_as_a_whole_meets_the_conditions(searcher: Searcher) -> None:
    question = "+legionnaires +cheddar"
    (warning,) = searcher.search(question).warnings
    assert warning.startswith("no paragraph meets all conditions")
    assert "set scope" not in warning
    question = "+towers +ward +chlorine"
    (warning,) = searcher.search(question).warnings
    assert warning.endswith("an article as a whole meets them: set scope to article")
    assert searcher.search(question, scope="article").hits


def test_warning_says_that_a_paragraph_meets_the_conditions(searcher: Searcher) -> None:
    question = '"cooling towers" -car'
    (warning,) = searcher.search(question, group="article").warnings
    assert warning.startswith("no article meets all conditions")
    assert warning.endswith("a paragraph meets them: set scope to paragraph")
    assert searcher.search(question, group="article", scope="paragraph").hits


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("mode", MODES)
def test_warning_says_that_a_title_meets_the_conditions(
    searcher: Searcher, scope: Scope, mode: Mode
) -> None:
    question = 'text:"Guns fall silent along the Sarn"'
    (warning,) = searcher.search(question, scope=scope, mode=mode).warnings
    assert warning.startswith(f"no {scope} meets all conditions")
    assert 'write title:"..." in place of text:"..."' in warning
    assert "set scope" not in warning


# All small corpora.

WORDS = ("ferry", "otter", "zinc", "lamp")
BOILERPLATE = "Sign up for our zinc newsletter"
words = st.sampled_from(WORDS)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)


class Condition(NamedTuple):
    """A condition as written, with its test of titled texts and its wanted words."""

    written: str
    meets: Callable[[TitledTexts], bool]
    words: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class TitledTexts:
    title: str
    texts: tuple[str, ...]

    def has(self, phrase: str, field: str | None = None) -> bool:
        searched = {"title": (self.title,), "text": self.texts, None: (self.title, *self.texts)}
        return any(f" {phrase} " in f" {text} " for text in searched[field])


def conditions_of(one: str, other: str) -> list[Condition]:
    either = ((one, None), (other, None))
    return [
        Condition(f"+{one}", lambda at: at.has(one), ((one, None),)),
        Condition(f"-{one}", lambda at: not at.has(one)),
        Condition(
            f'"{one} {other}"', lambda at: at.has(f"{one} {other}"), ((f"{one} {other}", None),)
        ),
        Condition(f"text:{one}", lambda at: at.has(one, "text"), ((one, "text"),)),
        Condition(f"title:{one}", lambda at: at.has(one, "title"), ((one, "title"),)),
        Condition(f"-text:{one}", lambda at: not at.has(one, "text")),
        Condition(f"-title:{one}", lambda at: not at.has(one, "title")),
        Condition(f"({one} AND {other})", lambda at: at.has(one) and at.has(other), either),
        Condition(f"({one} OR {other})", lambda at: at.has(one) or at.has(other), either),
        Condition(
            f"({one} AND NOT {other})",
            lambda at: at.has(one) and not at.has(other),
            ((one, None),),
        ),
        Condition(f"-({one} {other})", lambda at: not (at.has(one) or at.has(other))),
        Condition(f"-({one} AND NOT {other})", lambda at: not (at.has(one) and not at.has(other))),
    ]


questions = st.lists(
    st.tuples(words, words).flatmap(lambda pair: st.sampled_from(conditions_of(*pair))),
    min_size=1,
    max_size=3,
)
articles = st.tuples(texts, st.lists(texts, min_size=1, max_size=3), st.booleans(), st.booleans())


def section(article: str) -> str:
    return "even" if int(article.removeprefix("a")) % 2 == 0 else "odd"


def article(name: str, title: str, paragraphs: list[str]) -> Article:
    return Article(name, title, (*paragraphs, BOILERPLATE), section=section(name))


def expected(
    living: dict[str, TitledTexts], asked: list[Condition], scope: Scope, mode: Mode
) -> set[str]:
    """Return the ids of the paragraphs that match a question, by the definition."""
    matching = set()
    searched = [word for each in asked for word in each.words]
    for name, place in living.items():
        for at, text in enumerate(place.texts):
            paragraph = TitledTexts(place.title, (text,))
            judged = place if scope == "article" else paragraph
            by_word = any(paragraph.has(*each) for each in searched)
            if all(each.meets(judged) for each in asked) and (
                mode != "keyword" or by_word or not searched
            ):
                matching.add(f"{name}#{at}")
    return matching


@settings(max_examples=12)
@given(st.lists(articles, min_size=2, max_size=6), st.lists(questions, min_size=6, max_size=12))
def test_matches_are_those_of_the_definition(engine, tiny_encoder, written, asked):
    with TemporaryDirectory() as folder:
        index = Path(folder) / "x.index"
        create_index(index, model=str(tiny_encoder), keyword_engine=engine)
        living = {}
        with IndexWriter(index, trust=True) as writer:
            for at, (title, paragraphs, *_) in enumerate(written):
                writer.put(article(f"a{at}", title, paragraphs))
            writer.commit()
            for at, (title, paragraphs, deleted, changed) in enumerate(written):
                if deleted:
                    writer.delete(f"a{at}")
                    continue
                kept = paragraphs[::-1] if changed else paragraphs
                writer.put(article(f"a{at}", title, kept))
                living[f"a{at}"] = TitledTexts(title, tuple(kept))
        with Searcher(index, trust=True) as searcher:
            for question in asked:
                for scope in SCOPES:
                    for mode in MODES:
                        check(searcher, living, question, scope, mode)


def check(
    searcher: Searcher,
    living: dict[str, TitledTexts],
    asked: list[Condition],
    scope: Scope,
    mode: Mode,
) -> None:
    question = " ".join(each.written for each in asked)
    matching = expected(living, asked, scope, mode)
    answer = searcher.search(question, scope=scope, mode=mode, limit=100, min_score=0)
    assert {hit.id for hit in answer.hits} == matching, (question, scope, mode)
    assert answer.total.value == len(matching)
    # Listings and facets find the matches in another way than the order by relevance.
    found = {each.split("#")[0] for each in matching}
    answer = searcher.search(
        question,
        scope=scope,
        mode=mode,
        group="article",
        versions="all",
        sort="oldest",
        facets=("section",),
        limit=100,
    )
    assert {hit.id for hit in answer.hits} == found, (question, scope, mode)
    assert answer.total.value == len(found)
    counted = {one.value: one.count for one in answer.facets["section"]}
    assert counted == Counter(section(each) for each in found)
