"""Rerankers: exports of ONNX graphs and CrossEncoders, and refused models."""

from __future__ import annotations

import json
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from nutgraf.index.errors import BrokenIndexError, EncoderError
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.reranker import (
    CachingReranker,
    OnnxReranker,
    RerankerConfig,
    export_reranker,
)
from nutgraf.index.models.reranker.samples import PAIRS, UNRELATED_PAIRS

with quiet():
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

QUESTION = "why did the bakery close its doors"
TEXTS = ["The bakery closed: no flour.", "Rain fell.", "Doors close early at the bakery, why not."]


@pytest.fixture(scope="module")
def folder(tiny_reranker: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reranker") / "made"
    export_reranker(str(tiny_reranker), made)
    return made


@pytest.fixture(scope="module")
def reranker(folder: Path) -> OnnxReranker:
    return OnnxReranker.open(folder)


def test_graph_is_exported_with_its_tokenizer(folder: Path, tiny_reranker: Path) -> None:
    config = RerankerConfig.read(folder)
    assert (config.name, config.max_tokens) == (str(tiny_reranker), 128)
    assert config.high > config.low + 3
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    assert tokenizer["padding"] is None
    assert tokenizer["truncation"]["max_length"] == 128
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.onnx",
        "tokenizer.json",
    ]


def test_logits_are_in_the_order_of_the_texts(reranker: OnnxReranker) -> None:
    logits = list(reranker.logits(QUESTION, TEXTS))
    assert np.argsort(logits).tolist() == [1, 0, 2]
    assert list(reranker.logits(QUESTION, TEXTS[::-1])) == logits[::-1]
    assert list(reranker.logits(QUESTION, [])) == []
    assert [next(reranker.logits(QUESTION, [text])) for text in TEXTS] == logits


def test_fit_maps_unrelated_to_0_and_related_to_1(reranker: OnnxReranker) -> None:
    fits = [[reranker.fit(next(reranker.logits(*_one(pair)))) for pair in some] for some in
            (UNRELATED_PAIRS, PAIRS)]  # fmt: skip
    assert np.mean(fits, axis=1) == pytest.approx([0, 1], abs=0.01)


def _one(pair: tuple[str, str]) -> tuple[str, list[str]]:
    return pair[0], [pair[1]]


@pytest.mark.parametrize("question", ["", "?", "flood " * 900, "half \ud800 a pair"])
@pytest.mark.parametrize("text", ["", "water " * 900, "half \udc00 a pair"])
def test_any_question_and_text_have_a_logit(
    reranker: OnnxReranker, question: str, text: str
) -> None:
    assert np.isfinite(next(reranker.logits(question, [text])))


def test_a_long_question_leaves_room_for_the_text(reranker: OnnxReranker) -> None:
    # The reranker truncates the question, so it still reads the words of the text.
    right, wrong = reranker.logits("bakery " * 500, ["At the bakery.", "At the harbour."])
    assert right > wrong


def test_closing_the_generator_ends_its_threads(reranker: OnnxReranker) -> None:
    before = threading.active_count()
    reading = reranker.logits(QUESTION, TEXTS * 200)
    next(reading)
    reading.close()
    assert threading.active_count() == before


def test_damage_and_other_exports_are_reported(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = RerankerConfig.read(copy)
    with pytest.raises(BrokenIndexError, match="nutgraf reranker"):
        OnnxReranker.open(copy, replace(config, sha256="0" * 64))
    content = bytearray((copy / "model.onnx").read_bytes())
    content[-5] ^= 1
    (copy / "model.onnx").write_bytes(content)
    with pytest.raises(BrokenIndexError, match=r"is damaged.*nutgraf reranker NAME"):
        OnnxReranker.open(copy)
    (copy / "tokenizer.json").unlink()
    with pytest.raises(BrokenIndexError, match="is missing"):
        OnnxReranker.open(copy)


@pytest.mark.parametrize("value", ["1", True, None, float("inf")])
def test_error_names_the_damaged_field(folder: Path, value: object) -> None:
    values = {**RerankerConfig.read(folder).to_dict(), "low": value}
    with pytest.raises(BrokenIndexError, match=r"somewhere is damaged: 'low' is"):
        RerankerConfig.from_dict(values, "somewhere")


class Counting:
    """A reranker that records the texts it reads."""

    def __init__(self, reranker: OnnxReranker) -> None:
        self.reranker = reranker
        self.texts: list[str] = []

    def logits(self, question: str, texts: Any) -> Any:
        self.texts += texts
        return self.reranker.logits(question, texts)

    def fit(self, logit: float) -> float:
        return self.reranker.fit(logit)


def test_cached_pair_is_not_read_again(reranker: OnnxReranker) -> None:
    counting = Counting(reranker)
    remembering = CachingReranker(counting, size=3)
    expected = list(reranker.logits(QUESTION, TEXTS))
    assert list(remembering.logits(QUESTION, TEXTS[:2])) == expected[:2]
    assert list(remembering.logits(QUESTION, TEXTS)) == expected
    assert counting.texts == TEXTS
    # Another question makes another pair, and the cache drops the least recently used one.
    assert list(remembering.logits("rain", TEXTS[1:2])) == list(reranker.logits("rain", TEXTS[1:2]))
    assert list(remembering.logits(QUESTION, TEXTS)) == expected
    assert counting.texts == [*TEXTS, TEXTS[1], TEXTS[0]]


def graph(inputs: tuple[str, ...], labels: int | None) -> bytes:
    """Return an ONNX graph that outputs the mean token id `labels` times."""
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node(
            "ReduceMean", ["ids"], ["mean"], axes=[1], keepdims=int(labels is not None)
        ),
        helper.make_node("Concat", ["mean"] * (labels or 1), ["logits"], axis=-1),
    ]
    given = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in inputs
    ]
    shape = ["batch"] if labels is None else ["batch", labels]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)
    made = helper.make_graph(nodes, "lengths", given, [output])
    opset = helper.make_opsetid("", 17)
    content: bytes = helper.make_model(
        made, opset_imports=[opset], ir_version=8
    ).SerializeToString()
    return content


USUAL = ("input_ids", "attention_mask")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no graph", "cannot run the model"),
        (graph(USUAL, 3), "returns one logit per pair"),
        (graph(("input_ids",), 1), "a reranker takes input_ids, attention_mask"),
        (graph((*USUAL, "pixels"), 1), "a reranker takes input_ids, attention_mask"),
        (graph(USUAL, 1), "is not a reranker"),
        (graph(USUAL, None), "is not a reranker"),
    ],
)
def test_graph_that_is_not_a_reranker_is_refused(
    tiny_reranker: Path, tmp_path: Path, content: bytes, why: str
) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_reranker, model)
    (model / "model.onnx").write_bytes(content)
    with pytest.raises(EncoderError, match=why):
        export_reranker(str(model), tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_graph_in_an_onnx_folder_is_found(tiny_reranker: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "onnx").mkdir(parents=True)
    shutil.copy(tiny_reranker / "tokenizer.json", model)
    shutil.copy(tiny_reranker / "model.onnx", model / "onnx" / "model_a.onnx")
    assert export_reranker(str(model), tmp_path / "one").high > 0
    shutil.copy(tiny_reranker / "model.onnx", model / "onnx" / "model_b.onnx")
    with pytest.raises(EncoderError, match=r"graphs, model_a.onnx, model_b.onnx: copy the one"):
        export_reranker(str(model), tmp_path / "two")
    shutil.copy(tiny_reranker / "model.onnx", model / "onnx" / "model.onnx")
    assert export_reranker(str(model), tmp_path / "three").high > 0


def test_damaged_tokenizer_and_missing_model_are_refused(
    tiny_reranker: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_reranker, model)
    (model / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"tokenizer\.json cannot be used"):
        export_reranker(str(model), tmp_path / "made")
    with pytest.raises(EncoderError, match="is not a model"):
        export_reranker(str(tmp_path / "no" / "such" / "folder"), tmp_path / "made")


WORDS = sorted(
    {word for pair in PAIRS for text in pair for word in re.findall(r"\w+", text.lower())}
)


def cross_encoder(
    folder: Path, labels: int = 1, steps: int = 30, *, token_types: bool = True
) -> Path:
    """Train a BERT of one layer to tell PAIRS from UNRELATED_PAIRS; return its folder."""
    torch.manual_seed(5)
    vocabulary = {word: at for at, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=128,
        model_input_names=["input_ids", "attention_mask", *["token_type_ids"] * token_types],
    )  # fmt: skip
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), max_position_embeddings=160, hidden_size=48,
        num_hidden_layers=1, num_attention_heads=4, intermediate_size=64, num_labels=labels,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.1,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    pairs = [*PAIRS, *UNRELATED_PAIRS]
    given = tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, truncation="only_second",
                      max_length=128, return_tensors="pt")  # fmt: skip
    wanted = torch.tensor([4.0] * len(PAIRS) + [-4.0] * len(UNRELATED_PAIRS))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(**given).logits[:, 0], wanted).backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


CROSS_ENCODER = {"model_type": "CrossEncoder"}


def in_modules(model: Path, folder: Path, last: str) -> Path:
    """Write the same CrossEncoder as a plain BERT and modules; return its folder.

    The ettin rerankers have this layout. `last` is the activation of the last layer.
    """
    whole = transformers.BertForSequenceClassification.from_pretrained(model)
    whole.bert.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(model / name, folder)
    kinds = ["Transformer", "Pooling", "Dense", "Dense"]
    paths = ["", "1_Pooling", "2_Dense", "3_Dense"]
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    write(folder / "modules.json", modules)
    write(folder / "config_sentence_transformers.json", CROSS_ENCODER)
    write(folder / "sentence_bert_config.json", {"transformer_task": "feature-extraction"})
    write(folder / "1_Pooling" / "config.json",
          {"embedding_dimension": 48, "pooling_mode": "cls"})  # fmt: skip
    for path, layer, activation, output in (
        ("2_Dense", whole.bert.pooler.dense, "activation.Tanh", "sentence_embedding"),
        ("3_Dense", whole.classifier, last, "scores"),
    ):
        shape = {"in_features": layer.in_features, "out_features": layer.out_features}
        function = f"torch.nn.modules.{activation}"
        names = {"activation_function": function, "module_output_name": output}
        write(folder / path / "config.json", {**shape, **names})
        weights = {"linear.weight": layer.weight.detach(), "linear.bias": layer.bias.detach()}
        save_file(weights, folder / path / "model.safetensors")
    return folder


def write(path: Path, values: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values))


def test_cross_encoder_in_modules_is_exported(tmp_path: Path) -> None:
    model = cross_encoder(tmp_path / "model", token_types=False)
    pairs = [*PAIRS, *UNRELATED_PAIRS]

    def logits(source: Path, name: str) -> Any:
        config = export_reranker(str(source), tmp_path / name)
        made = OnnxReranker.open(tmp_path / name, config)
        return np.array([next(made.logits(*_one(pair))) for pair in pairs])

    expected = logits(model, "one")
    found = logits(in_modules(model, tmp_path / "linear", "linear.Identity"), "two")
    np.testing.assert_allclose(found, expected, atol=0.3)
    # Other models return a probability.
    found = logits(in_modules(model, tmp_path / "sigmoid", "activation.Sigmoid"), "three")
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-expected)), atol=0.03)
    prompts = {"prompts": {"query": "rank: "}, "default_prompt_name": "query"}
    write(tmp_path / "linear" / "config_sentence_transformers.json", {**CROSS_ENCODER, **prompts})
    with pytest.raises(EncoderError, match="linear puts a prompt before each pair"):
        export_reranker(str(tmp_path / "linear"), tmp_path / "four")


def test_cross_encoder_export_is_close_to_the_original(tmp_path: Path) -> None:
    model = cross_encoder(tmp_path / "model")
    config = export_reranker(str(model), tmp_path / "made")
    assert (config.precision, config.max_tokens) == ("int8", 128)
    # The result of the training varies slightly with the processor.
    assert (config.low, config.high) == (pytest.approx(-4, abs=1.5), pytest.approx(4, abs=1.5))
    made = OnnxReranker.open(tmp_path / "made", config)
    with quiet():
        from sentence_transformers import CrossEncoder

        reference = CrossEncoder(str(model), device="cpu")
    pairs = [*PAIRS, *UNRELATED_PAIRS]
    expected = reference.predict(
        pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False, batch_size=4
    )
    found = [next(made.logits(*_one(pair))) for pair in pairs]
    assert np.abs(np.array(found) - expected).mean() < 0.4
    # An exported folder is itself a valid source: its graph is copied unchanged.
    assert export_reranker(str(tmp_path / "made"), tmp_path / "again").sha256 == config.sha256


@pytest.mark.parametrize(
    ("labels", "steps", "why"), [(2, 0, "2 labels"), (1, 0, "is not a reranker")]
)
def test_model_of_another_task_is_refused(
    tmp_path: Path, labels: int, steps: int, why: str
) -> None:
    model = cross_encoder(tmp_path / "model", labels, steps)
    with pytest.raises(EncoderError, match=why):
        export_reranker(str(model), tmp_path / "made")


def test_encoder_is_not_accepted_as_a_reranker(tmp_path: Path) -> None:
    cross_encoder(tmp_path / "model", steps=0)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    config["architectures"] = ["BertModel"]
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="BertModel, not a cross-encoder"):
        export_reranker(str(tmp_path / "model"), tmp_path / "made")


def test_real_cross_encoder_ranks_texts(real_reranker: Path, tmp_path: Path) -> None:
    config = export_reranker(str(real_reranker), tmp_path / "made")
    reranker = OnnxReranker.open(tmp_path / "made", config)
    question = "why did the bakery close"
    texts = ["It had run out of flour and of money, the baker said.", "Rain fell all day."]
    right, wrong = reranker.logits(question, texts)
    assert right > wrong + 1
    assert config.low < -8 < 3 < config.high


@pytest.mark.parametrize("name", ["acme/none-such", "/none/such"])
def test_error_about_a_missing_reranker_names_a_cross_encoder(tmp_path, monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError) as raised:
        export_reranker(name, tmp_path / "reranker")
    assert "all-MiniLM" not in str(raised.value)
    assert "hf download acme" in str(raised.value) or "CrossEncoder" in str(raised.value)
