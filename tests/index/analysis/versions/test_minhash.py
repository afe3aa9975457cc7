"""Sketches recognise an edited paragraph, and do not confuse different ones."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article
from nutgraf.index.analysis.versions.minhash import (
    MIN_WORDS,
    are_long,
    make_sketches,
    method_fingerprint,
    near_duplicates,
)
from nutgraf.index.sources import read_sources

SEEDS = Path(__file__).parents[4] / "seeds" / "articles"
ARTICLES = {item.id: item for item in read_sources([str(SEEDS)]) if isinstance(item, Article)}
TEXTS = [text for article in ARTICLES.values() for text in article.paragraphs]
COPIES = {
    "business-creamery-collapse": "business-creamery-collapse-wire",
    "transport-merrin-ferry": "transport-merrin-ferry-syndicated",
    "courts-vintner-forged-labels": "courts-vintner-forged-labels-courier",
}


def known_again(edit):
    """Return the share of paragraphs that are near-duplicates of their edited form."""
    edited = [edit(text) for text in TEXTS]
    found = near_duplicates(make_sketches(TEXTS), make_sketches(edited))
    return found.diagonal().mean()


def with_another_word(text):
    words = text.split()
    words[len(words) // 2] = "otherwise"
    return " ".join(words)


@pytest.mark.parametrize(
    ("edit", "share"),
    [
        (str.upper, 1),
        (lambda text: text.translate(str.maketrans("“”’–", '""\'-')), 1),
        (lambda text: re.sub(r"\s", "  ", text), 1),
        (lambda text: f"NORTHGATE (Wire) — {text}", 1),
        (with_another_word, 1),
        (lambda text: f"{text} The council is to meet on Thursday evening.", 0.9),
    ],
    ids=["capitals", "quotation marks", "spaces", "credit", "a word", "a sentence"],
)
def test_edited_paragraph_is_recognised(edit, share):
    assert known_again(edit) >= share


def test_only_copies_are_found_among_all_sample_paragraphs():
    found = near_duplicates(make_sketches(TEXTS), make_sketches(TEXTS))
    names = [name for name, article in ARTICLES.items() for _ in article.paragraphs]
    pairs = {(names[one], names[other]) for one, other in np.argwhere(np.triu(found, 1))}
    assert set(COPIES.items()) <= pairs
    # An update has some paragraphs of the article that it updates.
    assert {pair for pair in pairs if pair[1] != f"{pair[0]}-update"} == set(COPIES.items())


def test_short_paragraph_is_near_duplicate_only_of_itself():
    texts = ["He agreed.", "“He agreed,”", "She agreed.", "Not he", "", "***", "* * *"]
    sketches = make_sketches(texts)
    assert not are_long(sketches).any()
    groups = [np.flatnonzero(row).tolist() for row in near_duplicates(sketches, sketches)]
    assert groups == [[0, 1], [0, 1], [2], [3], [4], [5], [6]]


def test_paragraph_with_min_words_is_long():
    words = [f"word{number}" for number in range(MIN_WORDS)]
    changed = [*words[:-1], "other"]
    for length, found in ((MIN_WORDS - 1, False), (MIN_WORDS, True)):
        some = make_sketches([" ".join(words[-length:]), " ".join(changed[-length:])])
        assert are_long(some).tolist() == [found, found]
        assert near_duplicates(some, some)[0, 1] == found


@given(st.lists(st.text(max_size=200), max_size=5))
def test_sketch_does_not_depend_on_other_texts_in_the_call(texts):
    together = make_sketches(texts)
    assert together.shape == (len(texts), 2)
    assert together.dtype == np.uint64
    alone = [make_sketches([text])[0] for text in texts]
    assert [one.tolist() for one in together] == [one.tolist() for one in alone]
    assert near_duplicates(together, together).diagonal().all()


def test_method_fingerprint_has_not_changed():
    # Another version of rensa may make other sketches. Indexes then rebuild them: change this line.
    assert method_fingerprint() == "e839e61c3c3b0906d7cb44d02461cbc5"
