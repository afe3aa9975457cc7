"""The answers to a question do not depend on articles in other languages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.keywords import Engine
from nutgraf.search import Filters, Searcher

NAMES = ["Anders", "Sara", "Aura", "Dina", "Ella", "Sean", "Dan", "Min", "Han", "Die", "War"]
"""Names and words in English articles that are stop words of other languages."""

WORDS = {
    "en": "bakers baking bread broken council houses meeting missiles roads schools spoke towns",
    "de": "Bäcker backte Brote Häuser Kirchen Raketen Rathaus Sitzungen Straßen Städte tagte Züge",
    "es": "calles ciudades consejo ganaron iglesias misiles panaderos pueblos reuniones trenes",
    "fi": "junat kadut kaupungit kirkot kokoukset leipomo ohjukset talot voittivat",
    "fr": "boulangers conseils églises gagnèrent maisons mairies réunions routes villages",
    "it": "chiese consigli fornai missili riunioni scuole strade treni vinsero villaggi",
    "nl": "bakkers dorpen kerken raketten scholen steden treinen vergaderingen wegen wonnen",
    "sv": "bagare byar husen kyrkor mötena robotar skolor städer tågen vann vägar",
}
STOPS = {
    "en": "and in of the was who",
    "de": "anders am die das war wer",
    "es": "con ella la los sean un",
    "fi": "ja olla se tai on",
    "fr": "aura dans du le une",
    "it": "ha il nel sarà uno",
    "nl": "dan een het op zijn",
    "sv": "att dina han min och",
}
"""The words and stop words of the articles of each language.

The German stem of "Anders" is "and", the Italian stem of "Sara" is "sar".
"""


def articles(language: str, count: int) -> Iterator[Article]:
    """Yield made-up articles of a language. Each English one has two of NAMES."""
    draw = random.Random(language)
    words, stops = WORDS[language].split(), STOPS[language].split()
    for number in range(count):
        text = [*draw.choices(stops, k=6), *draw.choices(words, k=draw.randint(3, 7))]
        draw.shuffle(text)
        for name in draw.sample(NAMES, 2) if language == "en" else ():
            text.insert(draw.randrange(len(text)), name)
        title = " ".join(draw.choices(words, k=2))
        yield Article(f"{language} {number}", title, (" ".join(text),), language=language)


class Company(NamedTuple):
    """Searchers of the English articles, alone and together with others."""

    alone: Searcher
    together: Searcher


@pytest.fixture(scope="module")
def company(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    for name, languages in (("alone", ["en"]), ("together", WORDS)):
        create_index(folder / name, model=str(tiny_encoder), keyword_engine=engine)
        with IndexWriter(folder / name, trust=True) as writer:
            for language in languages:
                for article in articles(language, 40 if language == "en" else 12):
                    writer.put(article)
    with (
        Searcher(folder / "alone", trust=True) as alone,
        Searcher(folder / "together", trust=True) as together,
    ):
        yield Company(alone, together)


def found(searcher: Searcher, question: str) -> dict[str, list[str]]:
    """Return the ids of all English hits, with the marked words of each."""
    answer = searcher.search(question, mode="keyword", versions="all", limit=100)
    return {
        hit.article.id: [hit.snippet.text[one.start : one.end] for one in hit.snippet.highlights]
        for hit in answer.hits
        if hit.article.language == "en"
    }


PLAIN = st.sampled_from([*WORDS["en"].split(), *STOPS["en"].split()])
SIGNED = st.tuples(st.sampled_from(["", "", "+", "-", "title:", "text:"]), PLAIN).map("".join)
QUESTIONS = st.builds(
    lambda before, form, name, after: " ".join([*before, form.format(name), *after]),
    st.lists(SIGNED, max_size=2),
    st.sampled_from(["{}", "{}", "+{}", "-{}", "text:{}", '"{}"', '"{} in"', "{}*", "{}~1"]),
    st.sampled_from([*NAMES, *map(str.lower, NAMES)]),
    st.lists(SIGNED, max_size=2),
)
"""Questions in English with one word that is a stop word of another language."""


@pytest.mark.both_engines
@settings(max_examples=40)
@given(question=QUESTIONS)
def test_articles_in_other_languages_change_no_answer(company: Company, question: str) -> None:
    assert found(company.together, question) == found(company.alone, question)


@pytest.mark.parametrize("name", NAMES[:9])
def test_stop_word_beside_a_word_is_not_searched(company: Company, name: str) -> None:
    answer = company.together.search(f"{name} bakers", mode="keyword", limit=100)
    assert {hit.article.language for hit in answer.hits} == {"en"}


def test_answers_in_another_language_do_not_depend_on_english(company: Company) -> None:
    german = company.together.search("Häuser anders", mode="keyword", limit=100)
    assert {hit.article.language for hit in german.hits} == {"de", "en"}
    only = Filters(language=("de",))
    alone = company.together.search("Häuser anders", mode="keyword", limit=100, filters=only)
    ids = [hit.id for hit in german.hits if hit.article.language == "de"]
    assert sorted(ids) == sorted(hit.id for hit in alone.hits)


def test_frequent_word_of_another_language_does_not_come_before_a_name(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    create_index(tmp_path / "i", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "i") as writer:
        for number in range(30):
            text = f"Sarà un treno e sarà tardi: sarà {number}."
            writer.put(Article(f"it {number}", "Treni", (text,), language="it"))
            text = f"Town number {number} spoke of roads and the price of bread."
            writer.put(Article(f"en {number}", "Council", (text,), language="en"))
        writer.put(Article("sara", "Race", ("Sara Gideon lost the race.",), language="en"))
    with Searcher(tmp_path / "i") as searcher:
        for question in ("Sara", "sara", "Sara Gideon", "+sara race"):
            answer = searcher.search(question, mode="keyword", versions="all")
            assert answer.hits[0].article.id == "sara", question
        assert searcher.search("Sara Gideon", mode="keyword").total.value == 1


FILMS = [
    Article("film", "It", ("It is a film about a clown.",), language="en-US"),
    Article("band", "The Who", ("The Who played on the roof.",)),
    Article("clown", "Clown", ("Der Film heißt It.",), language="de-AT"),
    Article("uhr", "Uhr", ("Die Uhr ging and.",), language="de"),
    Article("breivik", "Trial", ("Anders and Breivik.",), language="en-AR"),
    Article("other", "Roof", ("Rain and wind.",), language="und"),
]
"""Articles with several tags of a language, and without one; "en-AR" is no Arabic."""


@pytest.mark.both_engines
def test_question_of_stop_words_and_articles_without_a_tag(
    tmp_path: Path, tiny_encoder: Path, engine: Engine
) -> None:
    create_index(tmp_path / "i", model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(tmp_path / "i", trust=True) as writer:
        for article in [*FILMS, Article("ar", "قطار", ("وصل القطار",), language="ar")]:
            writer.put(article)
    with Searcher(tmp_path / "i", trust=True) as searcher:

        def ids(question: str) -> set[str]:
            answer = searcher.search(question, mode="keyword", versions="all")
            return {hit.article.id for hit in answer.hits}

        assert ids("It") == {"film", "clown"}
        assert ids("The Who") == {"band"}
        # "and" is the German stem of "anders", so "and" is a form of it in German only.
        assert ids("anders") == {"breivik", "uhr"}
        assert ids("+and") == {"breivik", "other", "uhr"}
        assert ids("-and roof") == {"band"}
        assert ids("and*") == {"breivik", "other", "uhr"}
