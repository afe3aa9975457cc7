"""Versions: edited texts form a group, and notices from one template do not."""

from hypothesis import given, settings, strategies as st

from nutgraf.index.analysis.versions.identity import agree
from nutgraf.index.analysis.versions.minhash import are_long, near_duplicates
from nutgraf.index.stories.articles import find_articles
from nutgraf.index.stories.groups import find_groups
from tests.index.stories.made import texts_of
from tests.made_texts import STORIES, TEMPLATES, edited, fills

BANDED = [text for name in TEMPLATES for text in fills(name, 12)]
EDITED = [text for story in STORIES for _, text in edited(story)]
SHORT = ["Ann Kovac of Dover died.", "“Ann Kovac of Dover died”", "Bob Lee of Perth died.", "***"]
ENDS = [
    "A service will be held at St Mary's Church on Saturday at 11am, followed by burial in the "
    "parish cemetery. The family will be glad of company afterwards in the hall.",
    "Donations to the hospice are welcome in lieu of flowers. Envelopes will be at the door of "
    "the church, and the nurses thank all donors for what they have given before.",
]


def article_groups(*articles):
    texts = texts_of(*articles)
    firsts = find_articles(texts, find_groups(texts))
    return {
        int(own): int(first)
        for own, first in zip(texts.articles, firsts, strict=True)
        if own != first
    }


@settings(max_examples=20)
@given(st.lists(st.sampled_from([*BANDED, *EDITED, *STORIES.values(), *SHORT]), max_size=40))
def test_groups_are_those_of_a_comparison_one_by_one(chosen):
    texts = texts_of(chosen)
    near = near_duplicates(texts.sketches, texts.sketches)
    same = agree(texts.identities[:, None], texts.identities[None, :])
    near &= same | ~are_long(texts.sketches)
    expected = []
    for at in range(len(chosen)):
        firsts = [first for first in range(at) if expected[first] == first and near[first, at]]
        expected.append(min(firsts, default=at))
    found = find_groups(texts).tolist()
    # Sketches that differ in many bits may agree in no band, and are then in no group.
    differing = [at for at, first in enumerate(expected) if found[at] != first]
    assert all(found[at] == at for at in differing)
    assert len(differing) <= len(chosen) / 5


def test_copies_among_many_notices_are_found():
    notices = fills("traffic", 36)
    texts = texts_of(*([text] for text in notices), *([text] for text in notices))
    assert find_groups(texts).tolist() == [*range(36), *range(36)]


def test_notices_of_several_paragraphs_are_no_versions():
    for name in ("obituary", "court", "avis"):
        assert article_groups(*([text, *ENDS] for text in fills(name, 10))) == {}
    leads = (f"{text.partition(', died')[0]}, died on Monday." for text in fills("obituary", 10))
    # In one pair, the few own words have the same cells.
    assert len(article_groups(*([lead, *ENDS] for lead in leads))) <= 1


def test_updates_of_articles_are_versions():
    quake, strike, fire = ([STORIES[name]] for name in ("quake", "strike", "fire"))
    first = [*quake, *strike, *fire, "The inquiry goes on, Ines Calloway said."]
    edits = dict(edited("quake"))
    updates = [
        [edits["toll"], *strike, *fire],
        [*quake, STORIES["budget"], *strike, *fire],
        [edits["sentence added"], *strike, *fire, "Bob Lee reported from Perth."],
        [*fire, *quake],
    ]
    assert article_groups(first, *updates) == dict.fromkeys(range(1, len(updates) + 1), 0)
