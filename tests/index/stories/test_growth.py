"""Growth: stories that grow with an index are those that are found anew."""

import numpy as np
from hypothesis import given, settings, strategies as st

from nutgraf.index.stories import Stories
from tests.index.stories.made import texts_of
from tests.made_texts import STORIES, edited, fills

SHORT = ["Ann Kovac of Dover died.", "Bob Lee of Perth died.", "***"]
# Few forms of each story, because a text is compared with 8 others that have the same band.
FORMS = [text for name in ("quake", "strike", "fire") for _, text in edited(name)][::2]
TEXTS = [*STORIES.values(), *FORMS, *fills("traffic", 3), *SHORT]
ARTICLES = st.lists(st.lists(st.sampled_from(TEXTS), max_size=5), max_size=14)


@st.composite
def histories(draw):
    """Return articles, and marks of the ranked rows after each of two commits."""
    articles = draw(ARTICLES)
    rows = sum(map(len, articles))
    before = draw(st.integers(0, len(articles)))
    start = sum(map(len, articles[:before]))
    first = np.array(draw(st.lists(st.booleans(), min_size=start, max_size=start)), bool)
    second = np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), bool)
    second[:start] &= first
    return articles, before, first, second


def same(some, others):
    return np.array_equal(some.text, others.text) and np.array_equal(some.article, others.article)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_grown_stories_are_those_found_anew(history):
    articles, before, first, second = history
    older = Stories.find(texts_of(*articles[:before], ranked=first))
    left = np.flatnonzero(first & ~second[: len(first)])
    texts = texts_of(*articles, ranked=second)
    assert same(older.grown(texts, left), Stories.find(texts))


def test_article_without_its_first_version_gets_another_first():
    paragraphs = [STORIES[name] for name in ("quake", "strike", "fire")]
    articles = [paragraphs, [STORIES["budget"]], paragraphs, paragraphs[::-1]]
    older = Stories.find(texts_of(*articles))
    assert np.unique(older.article).tolist() == [0, 1]
    texts = texts_of(*articles, ranked=np.arange(10) >= 3)
    grown = older.grown(texts, np.arange(3))
    assert grown.article.tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2]
    assert grown.text.tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 5, 4]


def test_nothing_new_returns_the_same_stories():
    texts = texts_of([STORIES["quake"]])
    older = Stories.find(texts)
    assert older.grown(texts, np.empty(0, np.int64)) is older
