"""OnnxEncoder: embeddings, threads and refused folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from nutgraf.index.errors import BrokenIndexError, EncoderError
from nutgraf.index.models.encoder import DEFAULT_MODEL, Encoder, OnnxEncoder
from nutgraf.index.models.files import fingerprint
from nutgraf.index.models.samples import SAMPLES


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return OnnxEncoder.open(encoder_folder)


@pytest.fixture
def copy(encoder_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(encoder_folder, tmp_path / "copy"))


def test_dimension_is_that_of_the_model(encoder: Encoder) -> None:
    assert encoder.dimension == 384


def test_config_describes_the_model(encoder: OnnxEncoder) -> None:
    config = encoder.config
    assert (config.name, config.pooling, config.max_tokens) == (DEFAULT_MODEL, "mean", 256)
    assert (config.precision, config.dimension, config.revision) == ("int8", 384, None)


def test_embeddings_are_float32_of_norm_1(encoder: OnnxEncoder) -> None:
    embeddings = encoder.encode_paragraphs(SAMPLES)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (len(SAMPLES), 384)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)


def test_no_paragraphs_give_no_embeddings(encoder: OnnxEncoder) -> None:
    embeddings = encoder.encode_paragraphs([])
    assert embeddings.shape == (0, 384)
    assert embeddings.dtype == np.float32


@pytest.mark.parametrize("text", ["", " ", "\n", "\ud800", "a\x00b", "日本語", "🦉" * 1_000])
def test_any_text_has_an_embedding(encoder: OnnxEncoder, text: str) -> None:
    embedding = encoder.encode_question(text)
    assert embedding.shape == (384,)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-6)


def test_text_beyond_the_token_limit_is_ignored(encoder: OnnxEncoder) -> None:
    start = "word " * 300
    np.testing.assert_array_equal(
        encoder.encode_question(start), encoder.encode_question(start + "and something else")
    )


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=st.permutations(range(24)))
def test_embedding_does_not_depend_on_the_other_texts(
    encoder: OnnxEncoder, order: list[int]
) -> None:
    alone = np.stack([encoder.encode_question(SAMPLES[number]) for number in order])
    together = encoder.encode_paragraphs([SAMPLES[number] for number in order])
    np.testing.assert_array_equal(together, alone)


def test_encoder_is_thread_safe(encoder: OnnxEncoder) -> None:
    expected = encoder.encode_paragraphs(SAMPLES[:16])
    with ThreadPoolExecutor(8) as pool:
        rounds = list(pool.map(encoder.encode_question, SAMPLES[:16] * 10))
    np.testing.assert_array_equal(np.stack(rounds), np.tile(expected, (10, 1)))


def test_encoding_a_question_does_not_import_torch(encoder_folder: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from nutgraf.index.models.encoder import OnnxEncoder\n"
        "print(OnnxEncoder.open(Path(sys.argv[1])).encode_question('who pays').shape)\n"
        "heavy = ('torch', 'transformers', 'huggingface_hub', 'sentence_transformers', 'onnx')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(encoder_folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("(384,)\n[]\n", "")


def test_the_expected_encoder_opens(encoder_folder: Path, encoder: OnnxEncoder) -> None:
    assert OnnxEncoder.open(encoder_folder, encoder.config).config == encoder.config


def test_unexpected_encoder_is_refused(encoder_folder: Path, encoder: OnnxEncoder) -> None:
    expected = replace(encoder.config, name="owner/other", sha256="0" * 64)
    with pytest.raises(EncoderError) as caught:
        OnnxEncoder.open(encoder_folder, expected)
    for part in (DEFAULT_MODEL, encoder.config.sha256, "owner/other", "0" * 64):
        assert part in str(caught.value)


def test_a_config_that_contradicts_the_manifest_is_refused(
    encoder_folder: Path, encoder: OnnxEncoder
) -> None:
    expected = replace(encoder.config, question_prefix="query: ")
    with pytest.raises(BrokenIndexError, match="disagree on question_prefix"):
        OnnxEncoder.open(encoder_folder, expected)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "words.npy"])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BrokenIndexError, match="is damaged: the fingerprint"):
        OnnxEncoder.open(copy)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_error_names_the_missing_file(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BrokenIndexError, match=f"{name} is missing"):
        OnnxEncoder.open(copy)


def test_missing_word_vectors_are_reported(copy: Path) -> None:
    (copy / "words.npy").unlink()
    with pytest.raises(BrokenIndexError, match="is damaged: the fingerprint"):
        OnnxEncoder.open(copy)


def test_model_unknown_to_onnxruntime_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_bytes())
    (copy / "model.onnx").write_bytes(b"from the future")
    (copy / "words.npy").unlink()
    config["sha256"] = fingerprint(b"from the future", (copy / "tokenizer.json").read_bytes())
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="pip install --upgrade onnxruntime"):
        OnnxEncoder.open(copy)
