"""Collapse: groups of candidates, and the copies among the sample articles."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.ranking import NO_DATE
from nutgraf.search import Filters, RequestError, Searcher, SearchRequest
from nutgraf.search.grouping.collapse import ABOUT_AS_WELL, group_versions, version_order
from tests.made_texts import STORIES, edited, fills

COPY = "business-creamery-collapse"
WIRE = "business-creamery-collapse-wire"
ASKED = "why did the creamery go under"


@pytest.fixture(scope="module")
def searcher(seeds_index):
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def ids(hits):
    return [hit.paragraph.id for hit in hits]


def articles(response):
    return [hit.article.id for hit in response.hits]


labels = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=60)


@given(labels, st.randoms(use_true_random=False))
def test_every_candidate_is_in_one_group_and_best_groups_come_first(given_labels, random):
    stories = np.array([story for _, story in given_labels], np.int64)
    # A unit belongs to one story.
    units = stories * 10 + np.array([unit for unit, _ in given_labels], np.int64)
    turn = np.arange(len(units))
    random.shuffle(turn)
    scores = np.sort([random.random() for _ in units])[::-1]
    groups = group_versions(units, stories, turn, scores)
    assert sorted(groups, key=lambda group: group.best) == groups
    assert len(groups) == len(set(stories.tolist()))
    for group in groups:
        story = set(np.flatnonzero(stories == stories[group.best]).tolist())
        assert group.best == min(story)
        assert group.shown[0] == group.versions[0]
        assert list(group.shown) == sorted(np.flatnonzero(units == units[group.shown[0]]).tolist())
        firsts = {int(np.flatnonzero(units == unit)[0]) for unit in units[list(story)]}
        assert set(group.versions) == firsts
        matching = [at for at in firsts if scores[at] >= ABOUT_AS_WELL * scores[group.best]]
        assert turn[group.shown[0]] == min(turn[at] for at in matching)
        others = [turn[at] for at in group.versions[1:]]
        assert others == sorted(others)


DATES = st.sampled_from([NO_DATE, -5, 0, 7, 2**40])


@given(st.lists(DATES, max_size=20), st.booleans())
def test_newest_or_oldest_has_first_turn_and_undated_has_last(dates, newest):
    published, units = np.array(dates, np.int64), np.arange(len(dates))
    order = np.argsort(version_order(published, units, newest=newest)).tolist()
    dated = [at for at in order if dates[at] != NO_DATE]
    assert order[: len(dated)] == dated
    keys = [(dates[at], at) for at in dated]
    assert keys == sorted(keys, reverse=newest)
    undated = order[len(dated) :]
    assert undated == sorted(undated, reverse=newest)


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize("versions", ["newest", "first", "all"])
def test_each_article_is_one_hit_and_pages_agree(searcher, mode, versions):
    asked = {"mode": mode, "group": "article", "versions": versions}
    whole = searcher.search("hospital inquiry", limit=100, **asked)
    names = articles(whole)
    assert len(set(names)) == len(names) == whole.total.value
    shown = [one for hit in whole.hits for one in hit.version_ids]
    assert len(set(shown)) == len(shown)
    paragraphs = searcher.search("hospital inquiry", limit=100, offset=0, mode=mode)
    assert {hit.article.id for hit in paragraphs.hits} <= set(shown)
    pages = [searcher.search("hospital inquiry", limit=7, offset=at, **asked).hits
             for at in range(0, len(names), 7)]  # fmt: skip
    assert tuple(hit for page in pages for hit in page) == whole.hits
    assert [hit.rank for hit in whole.hits] == list(range(1, len(names) + 1))


def test_article_hit_shows_its_best_paragraphs(searcher):
    pages = (searcher.search("legionnaires cooling towers", limit=100, offset=at).hits
             for at in range(0, 401, 100))  # fmt: skip
    paragraphs = [hit for page in pages for hit in page]
    asked = {"group": "article", "versions": "all", "limit": 5}
    for hit in searcher.search("legionnaires cooling towers", per_article=4, **asked).hits:
        own = [one for one in paragraphs if one.article.id == hit.article.id]
        found = [(hit.paragraph.position, hit.score, hit.snippet)]
        found += [(one.paragraph.position, one.score, one.snippet) for one in hit.more]
        assert found == [(one.paragraph.position, one.score, one.snippet) for one in own[:4]]
        assert hit.version_ids == (hit.article.id,)
    for many in (1, 2, 20):
        answer = searcher.search("legionnaires cooling towers", per_article=many, **asked)
        assert max(len(hit.more) for hit in answer.hits) <= many - 1
    assert max(len(hit.more) for hit in answer.hits) > 3


def test_all_paragraphs_are_shown_by_default(searcher):
    plain = searcher.search(ASKED, limit=100)
    assert {f"{COPY}#0", f"{WIRE}#0"} <= set(ids(plain.hits))
    for hit in plain.hits:
        assert hit.version_ids == (hit.paragraph.id,)
        assert hit.more == ()


@pytest.mark.parametrize(
    ("versions", "shown", "other"), [("newest", WIRE, COPY), ("first", COPY, WIRE)]
)
def test_copies_of_an_article_become_one_hit(searcher, versions, shown, other):
    answer = searcher.search(ASKED, group="article", versions=versions)
    best = answer.hits[0]
    assert best.article.id == shown
    assert best.version_ids == (shown, other)
    assert other not in articles(answer)
    assert best.to_dict()["versions"] == 2
    apart = searcher.search(ASKED, group="article", versions="all")
    assert set(articles(apart)[:2]) == {shown, other}
    assert best.score == apart.hits[0].score
    assert answer.total.value < apart.total.value


def test_newest_version_of_article_is_shown_by_default(searcher):
    newest = searcher.search(ASKED, group="article", versions="newest")
    assert searcher.search(ASKED, group="article").hits == newest.hits


def test_copies_of_a_paragraph_become_one_hit(searcher):
    answer = searcher.search(ASKED, versions="first", limit=100)
    (best,) = (hit for hit in answer.hits if f"{WIRE}#0" in hit.version_ids)
    assert best.version_ids == (f"{COPY}#0", f"{WIRE}#0")
    assert (best.article.id, best.paragraph.position) == (COPY, 0)
    whole = searcher.search(ASKED, limit=100, versions="all")
    folded = [one for hit in answer.hits for one in hit.version_ids]
    assert set(ids(whole.hits)) <= set(folded)
    assert len(set(folded)) == len(folded)
    assert answer.total.value < whole.total.value
    # The hit has the rank and the score of its best version.
    places = {one: (hit.rank, hit.score) for hit in whole.hits for one in hit.version_ids}
    for hit in answer.hits[:20]:
        ranks = [places[one] for one in hit.version_ids if one in places]
        assert hit.score == min(ranks)[1]


def test_filtered_out_article_is_not_counted_as_version(searcher):
    filters = Filters(source=("Northgate Courier",))
    (best, *_) = searcher.search(ASKED, group="article", filters=filters).hits
    assert best.article.id == COPY
    assert best.version_ids == (COPY,)


@pytest.mark.parametrize("group", ["article", "paragraph"])
def test_facets_count_paragraphs_or_articles_as_hits_do(searcher, group):
    asked = {"mode": "keyword", "group": group, "versions": "all", "facets": "language"}
    answer = searcher.search("flood homes", **asked)
    assert answer.total.relation == "eq"
    assert sum(one.count for one in answer.facets["language"]) == answer.total.value


def test_all_copies_in_sample_articles_are_grouped_and_no_others(searcher):
    folded = set()
    for question in ("creamery", "ferry", "forged wine labels", "legionnaires", "market shelling",
                     "flood", "hospital", "council", "strike", "police", "river"):  # fmt: skip
        for hit in searcher.search(question, group="article", limit=100).hits:
            folded |= {tuple(sorted(hit.version_ids))} if len(hit.version_ids) > 1 else set()
    assert folded == {
        (COPY, WIRE),
        ("transport-merrin-ferry", "transport-merrin-ferry-syndicated"),
        ("courts-vintner-forged-labels", "courts-vintner-forged-labels-courier"),
        ("health-corve-legionella-outbreak", "health-corve-legionella-outbreak-update"),
    }


WORDS = [f"word{number}" for number in range(30)]


def text_of(number, words=24):
    """Return a long text; each number has a different text."""
    random = np.random.default_rng(number)
    return "Ferry " + " ".join(random.choice(WORDS, words).tolist()) + f" {number}."


@pytest.fixture
def make(tmp_path, tiny_encoder):
    def index(*put):
        path = tmp_path / "news.index"
        create_index(path, model=str(tiny_encoder))
        with IndexWriter(path) as writer:
            for article in put:
                writer.put(article)
        return path

    return index


def group_of(path, question="ferry", **asked):
    with Searcher(path) as searcher:
        answer = searcher.search(question, mode="keyword", group="article", **asked)
        return {frozenset(hit.version_ids) for hit in answer.hits}


def test_articles_are_versions_if_most_of_the_shorter_is_the_same(make):
    def article(name, *numbers):
        return Article(name, "News", ("Ferry.", *map(text_of, numbers)))

    path = make(
        article("whole", 1, 2, 3, 4, 5),
        article("cut", 1, 2),
        article("half", 3, 4, 21, 22),
        article("most", 3, 4, 5, 31),
        article("short only"),
    )
    assert group_of(path) == {
        frozenset({"whole", "cut", "most"}),
        frozenset({"half"}),
        frozenset({"short only"}),
    }


def test_chain_of_small_changes_does_not_join_different_texts(make):
    def article(name, start):
        return Article(name, "News", tuple(map(text_of, range(start, start + 10))))

    # Each article shares 7 of 10 paragraphs with the next; the first and the last share none.
    path = make(*(article(f"step-{number}", number * 3) for number in range(5)))
    assert group_of(path) == {
        frozenset({"step-0", "step-1"}),
        frozenset({"step-2", "step-3"}),
        frozenset({"step-4"}),
    }


def test_short_paragraphs_are_grouped_only_if_identical(make):
    path = make(
        Article("one", "News", ("The ferry left.", "Ferry fares rise to 4 pounds.")),
        Article("two", "News", ("“The ferry left”", "Ferry fares rise to 5 pounds.")),
    )
    with Searcher(path) as searcher:
        answer = searcher.search("ferry", mode="keyword", versions="newest")
    found = {frozenset(hit.version_ids) for hit in answer.hits}
    assert found == {frozenset({"one#0", "two#0"}), frozenset({"one#1"}), frozenset({"two#1"})}


def test_paragraph_shared_by_hundreds_of_articles_does_not_join_them(make):
    notice = "The ferry gazette is an independent newspaper " + text_of(9999)
    texts = [tuple(text_of(4 * number + place) for place in range(3)) for number in range(120)]
    path = make(*(Article(f"a{n}", "News", (notice, *some)) for n, some in enumerate(texts)))
    groups = group_of(path, "independent gazette", limit=100)
    assert all(len(group) == 1 for group in groups)
    with Searcher(path) as searcher:
        folded = searcher.search("independent gazette", mode="keyword", versions="newest")
    assert len(folded.hits[0].version_ids) == 120
    assert folded.total.value == 1


@pytest.mark.parametrize("versions", ["newest", "first"])
@pytest.mark.parametrize("group", ["article", "paragraph"])
def test_dates_decide_which_version_is_shown(make, versions, group):
    dates = {"b": "2024-01-02", "none": None, "a": "2024-01-01", "c": "2024-01-02"}
    path = make(*(Article(name, "News", (text_of(1),), published=date)
                  for name, date in dates.items()))  # fmt: skip
    with Searcher(path) as searcher:
        (hit,) = searcher.search("ferry", mode="keyword", group=group, versions=versions).hits
    expected = ["c", "b", "a", "none"] if versions == "newest" else ["a", "b", "c", "none"]
    assert [name.partition("#")[0] for name in hit.version_ids] == expected
    assert hit.article.id == expected[0]


@pytest.mark.parametrize("name", ["obituary", "court", "flood", "traffic", "avis"])
@pytest.mark.parametrize("group", ["article", "paragraph"])
def test_notice_is_found_and_no_other_of_its_template_is_shown(make, name, group):
    notices = fills(name, 8)
    path = make(*(Article(f"n{at}", "Notice", (text,), published=f"2024-05-0{at + 1}")
                  for at, text in enumerate(notices)))  # fmt: skip
    words = [set(re.findall(r"[A-Z]\w+\d*", text)) for text in notices]
    with Searcher(path) as searcher:
        for at, own in enumerate(words):
            question = " ".join(sorted(own - words[at - 1]))
            asked = {"mode": "keyword", "group": group, "versions": "newest"}
            hit = searcher.search(question, **asked).hits[0]
            assert hit.article.id == f"n{at}"
            assert hit.versions == 1


UPDATE = dict(edited("fire"))["sentence added"]


@pytest.mark.parametrize(
    ("question", "shown"),
    [("Amos Tull brigade", "new"), ("Harlan Voss", "new"), ("umbrella festival", "old")],
)
@pytest.mark.parametrize("sort", [None, "newest"])
def test_best_version_is_shown_unless_the_newest_matches_about_as_well(make, question, shown, sort):
    shared = (STORIES["fire"], STORIES["budget"], STORIES["strike"])
    path = make(
        Article("old", "Fire", (*shared, "The umbrella festival is off."), published="2024-05-01"),
        Article("new", "Fire", (UPDATE, *shared[1:], "The festival is on."),
                published="2024-05-02"),
    )  # fmt: skip
    with Searcher(path) as searcher:
        asked = {"mode": "keyword", "group": "article", "sort": sort}
        (hit,) = searcher.search(question, **asked).hits
    first = shown if sort is None or question == "Harlan Voss" else "new"
    assert hit.article.id == first
    assert hit.version_ids[0] == first


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("group", "story", "paragraph, article"),
        ("group", None, "str"),
        ("per_article", 0, "between 1 and 20"),
        ("per_article", 21, "between 1 and 20"),
        ("per_article", True, "int"),
        ("versions", "oldest", "newest, first, all"),
        ("versions", 2, "str"),
        ("diversity", -0.1, "between 0 and 1"),
        ("diversity", float("nan"), "between 0 and 1"),
        ("diversity", "much", "number"),
    ],
)
def test_invalid_options_are_reported_with_their_field(field, value, allowed):
    with pytest.raises(RequestError, match=rf"{field}: .*{allowed}"):
        SearchRequest("ferry", **{field: value})


@settings(max_examples=25, deadline=None)
@given(
    question=st.sampled_from([ASKED, "flood homes", "council inquiry", '"cooling towers"', "zzzz"]),
    group=st.sampled_from(["paragraph", "article"]),
    versions=st.sampled_from([None, "newest", "first", "all"]),
    per_article=st.integers(1, 20),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    limit=st.integers(1, 30),
    offset=st.integers(0, 40),
)
def test_page_is_a_slice_of_all_hits(
    searcher, question, group, versions, per_article, diversity, limit, offset
):
    asked = {"group": group, "versions": versions, "diversity": diversity}
    whole = searcher.search(question, limit=100, per_article=per_article, **asked)
    page = searcher.search(question, limit=limit, offset=offset, per_article=per_article, **asked)
    assert page.hits == whole.hits[offset : offset + limit]
    assert page.total == whole.total
