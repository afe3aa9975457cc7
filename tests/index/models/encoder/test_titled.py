"""TitledEncoder: the weighted mean of the embeddings of a text and its title."""

import numpy as np
import pytest

from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import TitledEncoder, TitledText

MAYOR = TitledText("Bridge over the Skarne reopens", "The mayor cut the ribbon at noon.")


@pytest.fixture(scope="module")
def encoder(encoder_folder):
    return OnnxEncoder.open(encoder_folder)


class Counting:
    """An Encoder that records the texts it encodes."""

    def __init__(self, encoder):
        self.asked = []
        self._encoder = encoder

    def encode_paragraphs(self, texts):
        self.asked += texts
        return self._encoder.encode_paragraphs(texts)


def test_embedding_is_the_weighted_mean_of_text_and_title(encoder):
    title, text = encoder.encode_paragraphs(MAYOR)
    (found,) = TitledEncoder(encoder).encode([MAYOR])
    np.testing.assert_allclose(found, (text + 0.4 * title) / 1.4, atol=1e-6)
    (same,) = TitledEncoder(encoder).encode([TitledText(MAYOR.text, MAYOR.text)])
    assert np.linalg.norm(same) == pytest.approx(1.0, abs=1e-6)


def test_question_finds_words_of_the_title(encoder):
    other = TitledText("School meals to cost less", MAYOR.text)
    embeddings = TitledEncoder(encoder).encode([MAYOR, other])
    ours, theirs = embeddings @ encoder.encode_question("who opened the new bridge")
    assert ours > theirs + 0.1


def test_texts_and_titles_are_encoded_once(encoder):
    counting = Counting(encoder)
    titled = TitledEncoder(counting)
    first = titled.encode([TitledText("A", "x"), TitledText("A", "y"), TitledText("B", "x")])
    assert counting.asked == ["x", "y", "A", "B"]
    again = titled.encode([TitledText("B", "x"), TitledText("A", "z")])
    assert counting.asked[4:] == ["x", "z"]
    np.testing.assert_array_equal(again[0], first[2])
    assert titled.encode([]).shape == (0, 384)


def test_title_cache_is_bounded(encoder, monkeypatch):
    monkeypatch.setattr("nutgraf.index.models.encoder.titled.MAX_TITLES", 2)
    counting = Counting(encoder)
    titled = TitledEncoder(counting)
    expected = titled.encode([TitledText("A", "x"), TitledText("B", "x")])
    titled.encode([TitledText("B", "x"), TitledText("C", "x")])
    np.testing.assert_array_equal(
        titled.encode([TitledText("A", "x"), TitledText("B", "x")]), expected
    )
    assert counting.asked.count("B") == 1
    assert counting.asked.count("A") == 2


def test_digest_depends_on_title_and_text():
    digests = {
        TitledText(title, text).digest() for title in ("a", "b", "ab") for text in ("a", "b", "ab")
    }
    assert len(digests) == 9
    assert MAYOR.digest() == TitledText(*MAYOR).digest()
    assert len(MAYOR.digest()) == 16
