"""Word vectors: similar words, words without a vector, and the table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tokenizers import Tokenizer

from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.word_vectors import WordVectors, word_table


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return OnnxEncoder.open(encoder_folder)


def cosine(encoder: OnnxEncoder, one: str, other: str) -> float:
    vectors = encoder.word_vectors([one, other])
    return float(vectors[0] @ vectors[1])


@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("infants", "babies", "debts"),
        ("clients", "customers", "tower"),
        ("electricity", "power", "goal"),
        ("illuminated", "lit", "salary"),
        ("Lawyers", "legal", "river"),
    ],
)
def test_similar_words_are_nearer_than_others(
    encoder: OnnxEncoder, one: str, near: str, far: str
) -> None:
    assert cosine(encoder, one, near) > 0.45
    assert cosine(encoder, one, far) < 0.25


def test_vectors_have_norm_1_and_equal_words_equal_vectors(encoder: OnnxEncoder) -> None:
    vectors = encoder.word_vectors(["ferry", "harbour", "ferry", "Ferry"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(vectors[0], vectors[3])  # The default model ignores case.
    assert encoder.word_vectors([]).shape == (0, vectors.shape[1])


@pytest.mark.parametrize("word", ["pollinators", "zqxj", "[UNK]", "[PAD]", "𐎠", "", " ", "x" * 999])
def test_words_without_a_single_token_have_zeros(encoder: OnnxEncoder, word: str) -> None:
    assert not encoder.word_vectors([word]).any()


@settings(max_examples=20, deadline=None)
@given(words=st.lists(st.text(max_size=12), max_size=40))
def test_vector_does_not_depend_on_the_other_words(encoder: OnnxEncoder, words: list[str]) -> None:
    together = encoder.word_vectors([*words, "ferry"])
    alone = [encoder.word_vectors([word])[0] for word in [*words, "ferry"]]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_words_beyond_the_token_limit_have_vectors(encoder: OnnxEncoder) -> None:
    others = [f"{first}{second}{at}" for first in "bcdfgh" for second in "aeiou" for at in range(9)]
    (ferry,) = encoder.word_vectors(["ferry"])
    np.testing.assert_array_equal(encoder.word_vectors([*others, "ferry"])[-1], ferry)


def test_the_cache_is_bounded(encoder_folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(encoder_folder / "tokenizer.json"))
    words = WordVectors(tokenizer, np.load(encoder_folder / "words.npy"), cache_size=10)
    for start in range(0, 60, 3):
        words.of([f"word{number}" for number in range(start, start + 25)])
        assert words.cached <= 10
    infants, babies = words.of(["infants", "babies"])
    assert infants @ babies > 0.45


def test_word_vectors_are_thread_safe(encoder_folder: Path) -> None:
    encoder = OnnxEncoder.open(encoder_folder)
    pages = [["infants", "babies", *(f"x{at}" for at in range(n, n + 30))] for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoder.word_vectors, pages))
    assert all(one[0] @ one[1] > 0.45 for one in found)


def test_encoder_without_word_vectors_gives_cosine_0(encoder_without_words: Path) -> None:
    vectors = OnnxEncoder.open(encoder_without_words).word_vectors(["infants", "babies"])
    assert (vectors @ vectors.T).tolist() == [[0, 0], [0, 0]]


def test_table_keeps_cosines_after_the_mean_is_removed() -> None:
    random = np.random.default_rng(7)
    embeddings = random.normal(size=(500, 64)).astype(np.float32)
    table = word_table(embeddings + 100, [3]).astype(np.float32)
    assert table.shape == (500, 64)
    assert not table[3].any()
    rest = np.arange(500) != 3
    centred = embeddings - embeddings.mean(axis=0)
    np.testing.assert_allclose(cosines(table[rest]), cosines(centred[rest]), atol=0.02)


def test_table_keeps_the_main_components() -> None:
    random = np.random.default_rng(7)
    telling = random.normal(size=(500, 40)) @ random.normal(size=(40, 200))
    embeddings = (telling + 0.01 * random.normal(size=(500, 200))).astype(np.float32)
    table = word_table(embeddings, []).astype(np.float32)
    assert table.shape == (500, 96)
    centred = embeddings - embeddings.mean(axis=0)
    np.testing.assert_allclose(cosines(table), cosines(centred), atol=0.02)


def cosines(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors @ vectors.T / (lengths * lengths.T))
