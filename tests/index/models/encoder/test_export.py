"""export_encoder: small random models of several kinds, and refused models."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.encoder import OnnxEncoder, export_encoder
from nutgraf.index.models.prefixes import prefixes
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.samples import SAMPLES
from nutgraf.index.models.sentence_transformers import load_sentence_transformer

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
    dense: int = 0,
    tokens: int = 48,
    *,
    token_types: bool = True,
) -> Path:
    """Write a random 2-layer model in the layout of sentence-transformers.

    A `dense` layer of that many components follows the pooling. Return the folder.
    """
    torch.manual_seed(7)
    make_transformer(kind, tokens + 16).save_pretrained(folder)
    make_tokenizer(token_types=token_types and kind == "bert").save_pretrained(folder)
    kinds = ["Transformer", "Pooling", *(["Dense"] if dense else []), "Normalize"]
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{name}" if i else "", "type": f"{TYPES}.{name}"}
        for i, name in enumerate(kinds)
    ]
    settings = {"word_embedding_dimension": 32}
    for mode in ("cls_token", "mean_tokens", "max_tokens"):
        settings[f"pooling_mode_{mode}"] = mode.startswith(pooling)
    write(folder / "modules.json", modules)
    write(folder / "1_Pooling/config.json", settings)
    write(folder / "sentence_bert_config.json", {"max_seq_length": tokens, "do_lower_case": False})
    write(folder / "config_sentence_transformers.json", {"prompts": prompts or {}})
    if dense:
        activation = "torch.nn.modules.linear.Identity"
        shape = {"in_features": 32, "out_features": dense, "bias": True}
        write(folder / "2_Dense/config.json", {**shape, "activation_function": activation})
        layer = torch.nn.Linear(32, dense)
        weights = {"linear.weight": layer.weight.detach(), "linear.bias": layer.bias.detach()}
        save_file(weights, folder / "2_Dense/model.safetensors")
    return folder


def make_transformer(kind: str, positions: int) -> Any:
    size: dict[str, Any] = {
        "vocab_size": len(VOCABULARY), "max_position_embeddings": positions, "hidden_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        # Weights near 0 would give all texts the same embedding.
        "initializer_range": 0.2, "pad_token_id": 0,
    }  # fmt: skip
    if kind == "bert":
        return transformers.BertModel(transformers.BertConfig(**size))
    if kind == "distilbert":
        names = {"hidden_size": "dim", "num_hidden_layers": "n_layers",
                 "num_attention_heads": "n_heads", "intermediate_size": "hidden_dim"}  # fmt: skip
        sizes = {names.get(name, name): value for name, value in size.items()}
        return transformers.DistilBertModel(transformers.DistilBertConfig(**sizes))
    if kind == "mpnet":
        return transformers.MPNetModel(transformers.MPNetConfig(**size))
    # The first layer attends to all tokens, the second to 8 at each side.
    special = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    config = transformers.ModernBertConfig(**size, **special, local_attention=16)
    return transformers.ModernBertModel(config)


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


SEARCH = "Represent this sentence for searching relevant passages: "
MODELS: dict[str, tuple[dict[str, Any], str, str]] = {
    "mdbr-leaf-ir": ({"prompts": {"query": SEARCH}, "dense": 768, "tokens": 512}, SEARCH, ""),
    "snowflake-arctic-embed-xs": ({"prompts": {"query": SEARCH}, "pooling": "cls"}, SEARCH, ""),
    "bge-small-en-v1.5": ({"pooling": "cls"}, SEARCH, ""),
    "granite-embedding-small-english-r2": ({"kind": "modernbert", "pooling": "cls"}, "", ""),
    "multilingual-e5-small": ({"token_types": False}, "query: ", "passage: "),
    "distilbert": ({"kind": "distilbert"}, "", ""),
    "mpnet": ({"kind": "mpnet", "prompts": {"query": "who: ", "passage": "on: "}}, "who: ", "on: "),
}
"""Small models that are built like published ones, with their prefixes."""


@pytest.mark.parametrize("name", MODELS)
def test_export_is_close_to_the_original(tmp_path: Path, name: str) -> None:
    given, question_prefix, paragraph_prefix = MODELS[name]
    model = make_model(tmp_path / name, **given)
    export_encoder(model, "tiny", tmp_path / "encoder")
    encoder = OnnxEncoder.open(tmp_path / "encoder")
    config = encoder.config
    assert (config.question_prefix, config.paragraph_prefix) == (question_prefix, paragraph_prefix)
    assert (config.pooling, config.max_tokens) == (
        given.get("pooling", "mean"),
        given.get("tokens", 48),
    )
    assert encoder.dimension == given.get("dense", 32)
    reference = load_sentence_transformer(model, "cpu")
    expected = reference.encode(list(SAMPLES), prompt=paragraph_prefix)
    found = encoder.encode_paragraphs(SAMPLES)
    assert similarity(found, expected) > 0.99
    # Prove that the comparison is strict.
    assert similarity(found, np.roll(expected, 1, axis=0)) < 0.5
    questions = np.stack([encoder.encode_question(text) for text in SAMPLES])
    assert similarity(questions, reference.encode(list(SAMPLES), prompt=question_prefix)) > 0.99
    check_word_vectors(encoder, model)


def similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean cosine of the rows, without the component that all texts share."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / lengths).mean())


def check_word_vectors(encoder: OnnxEncoder, model: Path) -> None:
    table = transformers.AutoModel.from_pretrained(model).get_input_embeddings().weight
    table = (table - table.mean(0)).detach().numpy()
    expected = np.stack([table[VOCABULARY[word]] for word in WORDS[:50]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = encoder.word_vectors(WORDS[:50])
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=0.02)


@pytest.mark.parametrize(
    ("prompts", "folder", "expected"),
    [
        ({"query": "q: ", "document": "d: "}, "model", ("q: ", "d: ")),
        ({"query": "q: ", "passage": "p: ", "document": ""}, "model", ("q: ", "p: ")),
        ({"query": None, "corpus": "c: "}, "model", ("", "c: ")),
        ({"query": "", "document": ""}, "E5-base-v2", ("query: ", "passage: ")),
        ({"query": "q: "}, "e5-base-v2", ("q: ", "")),
        ({}, f"models--intfloat--multilingual-e5-large/snapshots/{COMMIT}",
         ("query: ", "passage: ")),
        ({}, "models--BAAI--bge-base-en-v1.5/snapshots/main", (SEARCH, "")),
        ({}, "e5-small-of-ours", ("", "")),
        ({}, "multilingual-e5-large-instruct", ("", "")),
    ],
)  # fmt: skip
def test_prefixes_come_from_prompts_or_the_name(
    prompts: dict[str, str | None], folder: str, expected: tuple[str, str]
) -> None:
    assert prefixes(prompts, Path("/models") / folder) == expected


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


def test_the_same_model_gives_the_same_fingerprint(tmp_path: Path) -> None:
    model = make_model(tmp_path / "snapshots" / COMMIT)
    (tmp_path / "two").mkdir()  # An empty folder is filled.
    for name in ("one", "two"):
        export_encoder(model, "tiny", tmp_path / name)
    one, two = (OnnxEncoder.open(tmp_path / name).config for name in ("one", "two"))
    assert one == two
    assert one.revision == COMMIT
    names = {path.name for path in (tmp_path / "two").iterdir()}
    assert names == {"config.json", "model.onnx", "tokenizer.json", "words.npy"}


def test_export_prints_nothing_and_adds_no_log_handlers(encoder_folder: Path) -> None:
    assert (encoder_folder.parent / "output.txt").read_text("utf-8") == ""


def test_quiet_restores_log_levels(caplog: pytest.LogCaptureFixture) -> None:
    level = logging.getLogger("transformers").level
    with quiet():
        logging.warning("to the root logger")
        logging.getLogger("elsewhere").warning("the caller's own")
    assert [record.name for record in caplog.records] == ["elsewhere"]
    assert logging.getLogger("transformers").level == level
