"""The exported default model compared with sentence-transformers."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nutgraf.index.errors import UserError
from nutgraf.index.models.encoder import DEFAULT_MODEL, OnnxEncoder, find_model
from nutgraf.index.models.encoder.device import open_on_device
from nutgraf.index.models.encoder.titled import TitledEncoder, TitledText
from nutgraf.index.models.samples import SAMPLES
from nutgraf.index.models.sentence_transformers import SentenceTransformersEncoder

SENTENCES = [part for text in SAMPLES for part in re.split(r"(?<=[.?!:;]) ", text)]
TEXTS = list(dict.fromkeys([*SENTENCES, *map(" ".join, pairwise(SENTENCES))]))[:200]


@pytest.fixture(scope="module")
def reference() -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder(find_model(DEFAULT_MODEL), "cpu")


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return OnnxEncoder.open(encoder_folder)


def neighbours(embeddings: NDArray[np.float32]) -> NDArray[np.intp]:
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -1)
    return np.argsort(-similarity, axis=1)[:, :10]


def test_embeddings_and_neighbours_are_close_to_the_original(
    encoder: OnnxEncoder, reference: SentenceTransformersEncoder
) -> None:
    ours, theirs = encoder.encode_paragraphs(TEXTS), reference.encode_paragraphs(TEXTS)
    cosines = (ours * theirs).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.96
    pairs = zip(neighbours(ours), neighbours(theirs), strict=True)
    overlap = np.mean([np.intersect1d(*pair).size / 10 for pair in pairs])
    assert overlap > 0.85


def test_questions_are_close_to_the_original(
    encoder: OnnxEncoder, reference: SentenceTransformersEncoder
) -> None:
    question = "who was charged with fraud"
    assert encoder.encode_question(question) @ reference.encode_question(question) > 0.98


def test_the_reference_is_an_encoder(reference: SentenceTransformersEncoder) -> None:
    embeddings = reference.encode_paragraphs(SAMPLES[:3])
    assert embeddings.shape == (3, reference.dimension) == (3, 384)
    assert reference.encode_paragraphs([]).shape == (0, 384)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)


def test_float16_agrees_with_float32(reference: SentenceTransformersEncoder) -> None:
    half = SentenceTransformersEncoder(find_model(DEFAULT_MODEL), "cpu", half=True)
    texts = TEXTS[:8]  # A CPU takes long for float16.
    ours, theirs = half.encode_paragraphs(texts), reference.encode_paragraphs(texts)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)
    assert (ours * theirs).sum(axis=1).min() > 0.999


def test_embeddings_of_a_gpu_agree_with_the_encoder(encoder: OnnxEncoder) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device")
    titled = [TitledText("A title", text) for text in TEXTS]
    ours = open_on_device(encoder.config, "cuda").encode(titled)
    theirs = TitledEncoder(encoder).encode(titled)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    assert ((ours * theirs).sum(axis=1) / lengths).mean() > 0.99


@pytest.mark.parametrize("device", ["cpu", "cuda:99", "cuda:", "gpu"])
def test_unknown_device_is_an_error(encoder: OnnxEncoder, device: str) -> None:
    with pytest.raises(UserError, match=f"finds no device {device!r}; it finds . CUDA devices: "):
        open_on_device(encoder.config, device)
