"""export_encoder: small random models of several kinds, and refused models."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.encoder import OnnxEncoder, export_encoder
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.samples import SAMPLES
from nutgraf.index.models.sentence_transformers import SentenceTransformersEncoder

with quiet():
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = sorted({word for text in SAMPLES for word in re.findall(r"\w+|[^\w\s]", text.lower())})
VOCABULARY = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def make_model(
    folder: Path,
    kind: str = "bert",
    pooling: str = "mean",
    prompts: dict[str, str] | None = None,
    more: tuple[str, ...] = (),
) -> Path:
    """Write a random 2-layer model in the layout of sentence-transformers.

    Return its folder.
    """
    torch.manual_seed(7)
    size: dict[str, Any] = {"vocab_size": len(VOCABULARY), "max_position_embeddings": 64}
    # Weights near 0 would give all texts the same embedding.
    if kind == "bert":
        config = transformers.BertConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
            initializer_range=0.2, **size,
        )  # fmt: skip
        transformer = transformers.BertModel(config)
    elif kind == "distilbert":
        config = transformers.DistilBertConfig(
            dim=32, n_layers=2, n_heads=4, hidden_dim=64, initializer_range=0.2, **size
        )
        transformer = transformers.DistilBertModel(config)
    else:
        config = transformers.MPNetConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
            initializer_range=0.2, pad_token_id=0, **size,
        )  # fmt: skip
        transformer = transformers.MPNetModel(config)
    transformer.save_pretrained(folder)
    make_tokenizer(token_types=kind == "bert").save_pretrained(folder)
    kinds = ["Transformer", "Pooling", *more]
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{name}" if i else "", "type": f"{TYPES}.{name}"}
        for i, name in enumerate(kinds)
    ]
    settings = {"word_embedding_dimension": 32}
    for mode in ("cls_token", "mean_tokens", "max_tokens"):
        settings[f"pooling_mode_{mode}"] = mode.startswith(pooling)
    write(folder / "modules.json", modules)
    write(folder / "1_Pooling/config.json", settings)
    write(folder / "sentence_bert_config.json", {"max_seq_length": 48, "do_lower_case": False})
    write(folder / "config_sentence_transformers.json", {"prompts": prompts or {}})
    if "Dense" in more:
        dense = {"in_features": 32, "out_features": 24, "bias": True}
        activation = "torch.nn.modules.activation.Tanh"
        write(folder / "2_Dense/config.json", {**dense, "activation_function": activation})
        linear = torch.nn.Linear(32, 24)
        torch.save(
            {"linear.weight": linear.weight, "linear.bias": linear.bias},
            folder / "2_Dense/pytorch_model.bin",
        )
    return folder


TYPES = "sentence_transformers.models"


def make_tokenizer(*, token_types: bool) -> Any:
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if token_types else [])]
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_input_names=inputs,
    )  # fmt: skip


def write(path: Path, values: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values))


@pytest.mark.parametrize("kind", ["bert", "distilbert", "mpnet"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_export_is_close_to_the_original(tmp_path: Path, kind: str, pooling: str) -> None:
    model = make_model(tmp_path / "model", kind, pooling)
    export_encoder(model, "tiny", tmp_path / "encoder")
    encoder = OnnxEncoder.open(tmp_path / "encoder")
    assert (encoder.config.pooling, encoder.config.max_tokens) == (pooling, 48)
    assert encoder.dimension == 32
    expected = SentenceTransformersEncoder(model, "cpu").encode_paragraphs(SAMPLES)
    found = encoder.encode_paragraphs(SAMPLES)
    assert (found * expected).sum(axis=1).mean() > 0.99
    # Prove that the check is strict: another text and the other pooling both fail it.
    other = SentenceTransformersEncoder(
        make_model(tmp_path / "other", kind, "cls" if pooling == "mean" else "mean"), "cpu"
    ).encode_paragraphs(SAMPLES)
    assert (found * other).sum(axis=1).mean() < 0.95
    assert (found * np.roll(expected, 1, axis=0)).sum(axis=1).mean() < 0.95


@pytest.mark.parametrize("name", ["document", "passage"])
def test_export_stores_the_prompts_of_the_model(tmp_path: Path, name: str) -> None:
    prompts = {"query": "who was the : ", name: "police report : "}
    model = make_model(tmp_path / "model", prompts=prompts)
    export_encoder(model, "tiny", tmp_path / "encoder")
    encoder = OnnxEncoder.open(tmp_path / "encoder")
    assert encoder.config.question_prefix == "who was the : "
    assert encoder.config.paragraph_prefix == "police report : "
    reference = SentenceTransformersEncoder(model, "cpu")
    text = SAMPLES[8]
    question, paragraph = encoder.encode_question(text), encoder.encode_paragraphs([text])[0]
    assert question @ reference.encode_question(text) > 0.98
    assert paragraph @ reference.encode_paragraphs([text])[0] > 0.98
    assert not np.array_equal(question, paragraph)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "mpnet"])
def test_word_vectors_match_the_input_embeddings(tmp_path: Path, kind: str) -> None:
    model = make_model(tmp_path / "model", kind)
    export_encoder(model, "tiny", tmp_path / "encoder")
    table = transformers.AutoModel.from_pretrained(model).get_input_embeddings().weight
    table = (table - table.mean(0)).detach().numpy()
    expected = np.stack([table[VOCABULARY[word]] for word in WORDS[:50]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = OnnxEncoder.open(tmp_path / "encoder").word_vectors(WORDS[:50])
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=0.02)


def test_modules_after_pooling_are_exported(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", more=("Dense", "Normalize"))
    export_encoder(model, "tiny", tmp_path / "encoder")
    assert OnnxEncoder.open(tmp_path / "encoder").dimension == 24


def test_commit_of_a_cached_model_is_stored(tmp_path: Path) -> None:
    model = make_model(tmp_path / "snapshots" / COMMIT)
    export_encoder(model, "tiny", tmp_path / "encoder")
    assert OnnxEncoder.open(tmp_path / "encoder").config.revision == COMMIT


def test_other_poolings_are_refused(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", pooling="max")
    with pytest.raises(EncoderError, match="tiny cannot be exported: it pools by 'max'"):
        export_encoder(model, "tiny", tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()


def test_a_model_that_does_not_load_is_refused(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    (model / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(EncoderError, match=f"cannot load the model in {model}"):
        export_encoder(model, "tiny", tmp_path / "encoder")


def test_inexact_export_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nutgraf.index.models.encoder.export.MIN_INT8_COSINE", 1.1)
    with pytest.raises(EncoderError, match="the int8 export of tiny is not faithful"):
        export_encoder(make_model(tmp_path / "model"), "tiny", tmp_path / "encoder")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_folder_with_files_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "mine").touch()
    with pytest.raises(EncoderError, match="exists already"):
        export_encoder(tmp_path / "model", "tiny", tmp_path / "encoder")


def test_export_into_an_empty_folder_succeeds(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    export_encoder(make_model(tmp_path / "model"), "tiny", tmp_path / "encoder")
    names = {path.name for path in (tmp_path / "encoder").iterdir()}
    assert names == {"config.json", "model.onnx", "tokenizer.json", "words.npy"}


def test_the_same_model_gives_the_same_fingerprint(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    for name in ("one", "two"):
        export_encoder(model, "tiny", tmp_path / name)
    one, two = (OnnxEncoder.open(tmp_path / name).config for name in ("one", "two"))
    assert one == two


def test_export_prints_nothing_and_adds_no_log_handlers(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    script = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from nutgraf.index.models.encoder import export_encoder\n"
        "export_encoder(Path(sys.argv[1]), 'tiny', Path(sys.argv[2]))\n"
        "assert logging.getLogger().handlers == []\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, str(model), str(tmp_path / "encoder")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_quiet_restores_log_levels(caplog: pytest.LogCaptureFixture) -> None:
    level = logging.getLogger("transformers").level
    with quiet():
        logging.warning("to the root logger")
        logging.getLogger("elsewhere").warning("the caller's own")
    assert [record.name for record in caplog.records] == ["elsewhere"]
    assert logging.getLogger("transformers").level == level
