"""Texts for tests, with real sketches and identities."""

from functools import cache

import numpy as np

from nutgraf.index.analysis.versions.identity import IDENTITY, make_identities
from nutgraf.index.analysis.versions.minhash import SKETCH, make_sketches
from nutgraf.index.stories import Texts


@cache
def columns_of(text):
    """Return the sketch and the identity of a text."""
    return make_sketches([text])[0], make_identities([text])[0]


def texts_of(*articles, ranked=None):
    """Return the texts of articles, each a list of paragraphs."""
    made = [columns_of(text) for article in articles for text in article]
    numbers = np.repeat(np.arange(len(articles)), [len(article) for article in articles])
    sketches = np.array([sketch for sketch, _ in made], SKETCH.base).reshape(-1, 2)
    identities = np.array([identity for _, identity in made], IDENTITY.base).reshape(-1, 32)
    return Texts(numbers.astype(np.uint32), sketches, identities, ranked)
