"""Facets: compared with counts by hand, with filters and deleted articles."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.article import paragraph_id, timestamp
from nutgraf.index.errors import BrokenIndexError
from nutgraf.search import Filters, RequestError, Searcher, SearchRequest
from nutgraf.search.facets import MAX_COUNTS

VALUED = ("source", "section", "language", "author")
FACETS = (*VALUED, "published:day", "published:month", "published:year")
LENGTH = {"published:day": 10, "published:month": 7, "published:year": 4}

WORDS = {"ferry": 0.8, "harbour": 0.5, "creamery": 0.2, "verdict": 0.05, "zebra": 0.0}
"""Words of paragraphs, and the share of paragraphs with each."""

SOURCES = (None, "Post", "post", "Écho du Nord", 'The "Daily"', "Ledger 🚢")
SECTIONS = (None, "news", "sport")
LANGUAGES = ("en", "de")
AUTHORS = tuple(f"Author {number}" for number in range(30))
DATES = (
    None, "2023-06-30", "2023-06-30T23:30:00-05:00", "2023-07-01T00:30:00+01:00", "2023-12-31",
    "2024-01-01", "1969-12-31T23:59:59", "1912-04-15", "0001-01-01",
)  # fmt: skip


def make_articles():
    random_ = random.Random(4)

    def paragraph(number):
        words = [word for word, share in WORDS.items() if random_.random() < share]
        return " ".join([f"Number {number}", *words])

    for number in range(90):
        yield Article(
            f"a{number}",
            "On the verdict" if number % 30 == 0 else "On nothing",
            tuple(paragraph(f"{number}x{at}") for at in range(random_.randint(1, 6))),
            source=random_.choice(SOURCES),
            section=random_.choice(SECTIONS),
            language=random_.choice(LANGUAGES),
            author=random_.choice(AUTHORS),
            published=random_.choice(DATES),
        )


@pytest.fixture(scope="module")
def known(made):
    """Return a searcher, and the articles of its index that are not deleted."""
    index, alive = made
    with Searcher(index) as searcher:
        assert searcher.statistics().rows > searcher.statistics().paragraphs > 250
        yield searcher, alive


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_encoder):
    """Return an index, and its articles that are not deleted."""
    index = tmp_path_factory.mktemp("facets") / "news.index"
    create_index(index, model=str(tiny_encoder))
    first, second = list(make_articles()), list(reversed(list(make_articles())))
    alive = {article.id: article for article in first}
    with IndexWriter(index, trust=True) as writer:
        for article in first:
            writer.put(article)
    with IndexWriter(index, trust=True) as writer:
        for old, new in zip(first[:20], second[:20], strict=True):
            changed = replace(new, id=old.id, source="Post", author=None, published=None)
            alive[old.id] = changed
            writer.put(changed)
        for article in first[20:30]:
            del alive[article.id]
            writer.delete(article.id)
    return index, list(alive.values())


def passes(article, filters):
    """Return whether an article passes the filters, by code independent of search."""
    for name, values in filters.values().items():
        if getattr(article, name, article.id if name == "article" else None) not in values:
            return False
    start, end = filters.published()
    if start is None and end is None:
        return True
    if article.published is None:
        return False
    seconds = timestamp(article.published)
    return (start is None or start <= seconds) and (end is None or seconds <= end)


def value_of(article, facet):
    if facet in VALUED:
        return getattr(article, facet)
    if article.published is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=timestamp(article.published))
    return moment.strftime("%Y-%m-%d").rjust(10, "0")[: LENGTH[facet]]


def holds(article, paragraph, word):
    return word in paragraph.split() or word in article.title.split()


def expected(searcher, articles, request, facet, *, by_article=False):
    """Count the matching paragraphs, or their articles, one at a time."""
    field = facet.partition(":")[0]
    if field == "published":
        filters = Filters(**request.filters.values())
    else:
        rest = {name: each for name, each in request.filters.values().items() if name != field}
        filters = Filters(
            **rest,
            published_from=request.filters.published_from,
            published_to=request.filters.published_to,
        )
    near = set()
    if request.mode != "keyword":
        for at in (0, 100):
            found = searcher.search(
                request.q, mode="semantic", filters=filters, limit=100, offset=at
            )
            near |= {hit.paragraph.id for hit in found.hits}
    words = request.q.split()
    counts = Counter()
    for article in articles:
        if not passes(article, filters) or value_of(article, facet) is None:
            continue
        matching = 0
        for position, paragraph in enumerate(article.paragraphs):
            matches = paragraph_id(article.id, position) in near
            if request.mode != "semantic":
                matches |= any(holds(article, paragraph, word) for word in words)
            matching += matches
        if matching:
            counts[value_of(article, facet)] += 1 if by_article else matching
    if facet in LENGTH:
        return sorted(counts.items())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def counted(response, facet):
    return [(one.value, one.count) for one in response.facets[facet]]


def some(values):
    return st.lists(st.sampled_from([each for each in values if each]), max_size=3).map(tuple)


REQUESTS = st.builds(
    SearchRequest,
    q=st.lists(st.sampled_from(list(WORDS)), min_size=1, max_size=3).map(" ".join),
    mode=st.sampled_from(["hybrid", "keyword", "semantic"]),
    facets=st.lists(st.sampled_from(FACETS), max_size=4, unique=True).map(tuple),
    limit=st.integers(1, 20),
    offset=st.integers(0, 300),
    filters=st.builds(
        Filters,
        source=some([*SOURCES, "Nobody"]),
        author=some(AUTHORS),
        section=some(SECTIONS),
        language=some(LANGUAGES),
        article=st.sampled_from([(), (), ("a1", "a25", "a40")]),
        published_from=st.sampled_from([None, None, "0001", "2023-06-30"]),
        published_to=st.sampled_from([None, None, "2023-07"]),
    ),
)


@settings(max_examples=60, deadline=None)
@given(request=REQUESTS)
def test_facets_equal_counts_by_hand(known, request):
    searcher, articles = known
    response = searcher.search(request)
    assert list(response.facets) == list(request.facets)
    for facet in request.facets:
        assert counted(response, facet) == expected(searcher, articles, request, facet)


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize("words", ["verdict", "ferry", "zebra"])
def test_facets_count_articles_if_hits_are_articles(made, known, mode, words):
    searcher, articles = known
    filters = Filters(language=("de",))
    request = SearchRequest(words, mode=mode, facets=FACETS, filters=filters, group="article")
    response = searcher.search(request)
    for facet in FACETS:
        found = counted(response, facet)
        assert found == expected(searcher, articles, request, facet, by_article=True)


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_pages_agree(known, mode):
    searcher, _ = known
    ask = SearchRequest("ferry creamery", mode=mode, facets=FACETS, limit=7)
    pages = [searcher.search(ask, offset=at).facets for at in (0, 7, 140, 400)]
    assert all(page == pages[0] for page in pages)
    assert all(pages[0].values())


def test_filter_does_not_apply_to_its_own_facet(known):
    searcher, _ = known
    ask = SearchRequest("ferry harbour", facets=("source", "section"))
    plain = searcher.search(ask)
    chosen = searcher.search(ask, filters=Filters(source=("Post",)))
    assert chosen.facets["source"] == plain.facets["source"]
    assert chosen.facets["section"] != plain.facets["section"]
    assert {hit.article.source for hit in chosen.hits} == {"Post"}


def test_conditions_of_question_apply_to_every_facet(known):
    searcher, articles = known
    for mode in ("hybrid", "keyword", "semantic"):
        found = searcher.search("+ferry -harbour", mode=mode, facets=("language",))
        wanted = Counter(
            article.language
            for article in articles
            for paragraph in article.paragraphs
            if "ferry" in paragraph and "harbour" not in paragraph and article.language
        )
        assert dict(counted(found, "language")) == wanted
    only = searcher.search("published:2023", facets="published:year")
    assert [one.value for one in only.facets["published:year"]] == ["2023"]


def test_facets_without_matches_are_empty(known):
    searcher, _ = known
    found = searcher.search("zebra", mode="keyword", facets=FACETS)
    assert found.hits == ()
    assert dict(found.facets) == dict.fromkeys(FACETS, ())


def test_facets_of_empty_index_are_empty(tmp_path, tiny_encoder):
    create_index(tmp_path / "empty.index", model=str(tiny_encoder))
    with Searcher(tmp_path / "empty.index") as searcher:
        assert dict(searcher.search("ferry", facets=FACETS).facets) == dict.fromkeys(FACETS, ())


@pytest.fixture(scope="module")
def wide(tmp_path_factory, tiny_encoder):
    """Return an index with more authors and days than are shown, most in 1 article."""
    index = tmp_path_factory.mktemp("wide") / "wide.index"
    create_index(index, model=str(tiny_encoder))
    first = datetime(2023, 1, 1, tzinfo=UTC)
    names = [f"Author {number:03}" for number in range(150)]
    random.Random(1).shuffle(names)
    with IndexWriter(index) as writer:
        for number, name in enumerate(names):
            day = (first + timedelta(days=number)).strftime("%Y-%m-%d")
            count = 2 if number % 3 == 0 else 1
            writer.put(
                Article(str(number), "Ferries", ("ferry",) * count, author=name, published=day)
            )
    return index, names


def test_facets_are_limited_with_a_warning(wide):
    index, names = wide
    with Searcher(index) as searcher:
        found = searcher.search("ferry", facets=("author", "published:day", "published:month"))
    twice, once = sorted(names[::3]), sorted(set(names) - set(names[::3]))
    expected = [*((name, 2) for name in twice), *((name, 1) for name in once)]
    assert counted(found, "author") == expected[:MAX_COUNTS]
    days = [one.value for one in found.facets["published:day"]]
    assert len(days) == len(names) > MAX_COUNTS, "periods have a limit of their own"
    assert days == sorted(days)
    assert days[-1] == "2023-05-30"
    assert found.facets["published:month"][0].value == "2023-01"
    assert found.warnings == ("facet author: only the 100 most frequent of 150 values are shown",)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE codes SET value = 'Z' WHERE field = 'source'",
        "UPDATE codes SET code = 999 WHERE field = 'source'",
    ],
)
def test_a_damaged_value_is_not_shown(tmp_path, tiny_encoder, change):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(Article("a", "On ferries", ("The ferry left.",), source="X"))
    with closing(sqlite3.connect(index / "catalog.sqlite")) as catalog:
        catalog.execute(change)
        catalog.commit()
    with Searcher(index) as searcher, pytest.raises(BrokenIndexError, match=r"code of .*source"):
        searcher.search("ferry", facets="source")


@pytest.mark.parametrize(
    ("facets", "reason"),
    [
        (("published:week",), "is 'published:week'; write it as source, published:month"),
        ("a,b", "write it as source"),
        (("source", "author", "source"), "contains 'source' 2 times"),
        (3, "must be a text or a list of texts"),
        ((3,), "must be a text or a list of texts"),
    ],
)
def test_unknown_facets_are_reported(facets, reason):
    with pytest.raises(RequestError, match="facets: ") as raised:
        SearchRequest("ferry", facets=facets)
    assert raised.value.field == "facets"
    assert reason in str(raised.value)


def test_json_lists_values_with_their_counts(known):
    searcher, _ = known
    shown = searcher.search("verdict", mode="keyword", facets=["section"]).to_dict()["facets"]
    assert set(shown) == {"section"}
    assert {tuple(sorted(one)) for one in shown["section"]} == {("count", "value")}
