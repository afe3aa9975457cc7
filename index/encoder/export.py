"""export_encoder: a sentence-transformers model as an int8 ONNX graph and a tokenizer.

Done once, when an index is made. What each step takes for the default model,
on 2 cores, in seconds: importing sentence-transformers 4.0, loading the weights
0.3, tracing 0.9, quantising 2.0, checking 0.8, vectors of words 0.6, hashing and writing 0.1.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.encoder.config import (
    CONFIG_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    WORDS_FILE,
    EncoderConfig,
    fingerprint,
)
from nutgraf.index.encoder.locate import weights_sha256
from nutgraf.index.encoder.onnx import OnnxEncoder, open_session
from nutgraf.index.encoder.quiet import quiet
from nutgraf.index.encoder.reference import load_sentence_transformer, prefixes
from nutgraf.index.encoder.samples import SAMPLES
from nutgraf.index.encoder.words import word_table
from nutgraf.index.errors import EncoderError

__all__ = ["export_encoder"]

_OPSET: Final = 17
"""Of ONNX: the version that this was measured with; any onnxruntime we allow reads it."""

_ATTENTION: Final = "eager"
"""The plain form of attention: its graph runs 1.5 times as fast as that of 'sdpa'."""

_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
"""What OnnxEncoder can feed a model; models take the first two at least."""

_POOLINGS: Final = ("mean", "cls")

_LONGEST: Final = 8_192
"""Tokens, where neither the model nor its tokenizer says how many it reads."""

_FLOAT_COSINE: Final = 0.999
_INT8_COSINE: Final = 0.99
"""Mean cosine with sentence-transformers, below which an export is refused.

An exact export has 1.00000; the default model's int8 has 0.993, at which its
retrieval is unchanged.
"""


def export_encoder(model: Path, name: str, destination: Path) -> None:
    """Write the sentence-transformers model in `model`, called `name`, to the folder `destination`.

    The folder gets model.onnx (transformer, pooling and normalisation in one
    graph; weights in int8, a scale per channel), tokenizer.json, words.npy (a
    vector a token) and config.json, all or nothing. The export is run on SAMPLES beside the
    original first, in float32 and in int8.

    Raises EncoderError when `destination` holds something already, when the
    model cannot be loaded or is of a kind that is not supported, and when the
    export strays too far from the original.
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise EncoderError(
            f"{destination} exists already; remove it first, or export to another folder"
        )
    reference = load_sentence_transformer(model, "cpu", attention=_ATTENTION)
    pooling = _pooling(reference, name)
    tokenizer = _tokenizer(reference, name)
    with quiet():
        exact = _graph(reference, pooling)
        small = _optimise(_quantise(exact))
    question_prefix, paragraph_prefix = prefixes(reference)
    files = {
        MODEL_FILE: small,
        TOKENIZER_FILE: tokenizer.to_str().encode(),
        WORDS_FILE: _words(reference),
    }
    config = EncoderConfig(
        name=name,
        revision=_revision(model),
        dimension=0,
        pooling=pooling,
        max_tokens=tokenizer.truncation["max_length"],
        question_prefix=question_prefix,
        paragraph_prefix=paragraph_prefix,
        weights_sha256=weights_sha256(model),
        precision="int8",
        sha256=fingerprint(*files.values()),
    )
    expected = _encode_samples(reference, paragraph_prefix)
    config = replace(config, dimension=expected.shape[1])
    for graph, precision, least in (
        (exact, "float32", _FLOAT_COSINE),
        (small, "int8", _INT8_COSINE),
    ):
        encoder = OnnxEncoder(config, tokenizer, open_session(graph))
        found = _check(encoder, expected, precision, least)
    config = replace(config, unrelated=_mean_cosine(found))
    files[CONFIG_FILE] = (json.dumps(config.to_dict(), indent=2) + "\n").encode()
    _write(files, destination)


def _pooling(reference: Any, name: str) -> str:
    """Return how the model pools; raise EncoderError for a model that is built otherwise."""
    modules = list(reference)
    kinds = [type(module).__name__ for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise EncoderError(
            f"{name} cannot be exported: it is made of {', '.join(kinds)}, and only models that "
            "begin with Transformer, Pooling are supported; choose another model"
        )
    settings = modules[1].get_config_dict()
    # Until version 5 of sentence-transformers it was a switch for each mode.
    modes = settings.get("pooling_mode") or [
        mode
        for mode, switch in (
            ("cls", "pooling_mode_cls_token"),
            ("mean", "pooling_mode_mean_tokens"),
        )
        if settings.get(switch)
    ]
    mode = modes if isinstance(modes, str) else "+".join(modes)
    if mode not in _POOLINGS:
        raise EncoderError(
            f"{name} cannot be exported: it pools by {mode or 'an unknown mode'!r}, and only "
            f"{' and '.join(_POOLINGS)} are supported; choose another model"
        )
    if not settings.get("include_prompt", True) and any(prefixes(reference)):
        raise EncoderError(
            f"{name} cannot be exported: it leaves its prompts out of the pooling, which is not "
            "supported; choose another model"
        )
    return mode


def _tokenizer(reference: Any, name: str) -> Any:
    """Return a tokenizers.Tokenizer that truncates as the model does, and does not pad.

    Truncation is kept in its file, so that the fingerprint covers it.
    """
    from tokenizers import Tokenizer

    backend = getattr(reference.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(
            f"{name} cannot be exported: its tokenizer is none of the 'fast' ones, which are kept "
            "in a tokenizer.json; choose another model"
        )
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_padding()
    positions = getattr(reference[0].auto_model.config, "max_position_embeddings", _LONGEST)
    tokenizer.enable_truncation(int(min(reference.max_seq_length or positions, _LONGEST)))
    return tokenizer


def _words(reference: Any) -> bytes:
    """Return the vectors of the model's tokens, as a file of numpy's."""
    embeddings = reference[0].auto_model.get_input_embeddings().weight.detach().float().numpy()
    file = io.BytesIO()
    np.save(file, word_table(embeddings, reference.tokenizer.all_special_ids), allow_pickle=False)
    return file.getvalue()


def _graph(reference: Any, pooling: str) -> bytes:
    """Return the ONNX graph from tokens to normalised embeddings, in float32."""
    import torch

    transformer = reference[0].auto_model
    taken = inspect.signature(transformer.forward).parameters
    given = reference.tokenizer(
        # Two lengths, so that tracing sees padding.
        ["A question", "A paragraph that is somewhat longer"],
        padding=True,
        return_tensors="pt",
    )
    inputs = [name for name in _INPUTS if name in given and name in taken]
    graph = io.BytesIO()
    with torch.inference_mode():
        torch.onnx.export(
            _whole(reference, inputs, pooling),
            tuple(given[name] for name in inputs),
            graph,
            input_names=inputs,
            output_names=["embedding"],
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in inputs}
            | {"embedding": {0: "batch"}},
            opset_version=_OPSET,
            # The exporter that is based on torch.export would need onnxscript.
            dynamo=False,
        )
    return graph.getvalue()


def _whole(reference: Any, inputs: list[str], pooling: str) -> Any:
    """Return the whole model as one torch module: tokens in, embeddings of length 1 out."""
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.transformer = reference[0].auto_model
            # What comes after pooling: Dense, LayerNorm, Normalize.
            self.rest = torch.nn.ModuleList(list(reference)[2:])

        def forward(self, *tensors: Any) -> Any:
            features = dict(zip(inputs, tensors, strict=True))
            tokens = self.transformer(**features, return_dict=False)[0]
            pooled = _pool(tokens, features["attention_mask"], pooling)
            for module in self.rest:
                pooled = module({"sentence_embedding": pooled})["sentence_embedding"]
            if reference.truncate_dim is not None:
                pooled = pooled[:, : reference.truncate_dim]
            return torch.nn.functional.normalize(pooled, dim=1)

    return Whole().eval()


def _pool(tokens: Any, attention_mask: Any, pooling: str) -> Any:
    """Return (batch, dimension) from (batch, sequence, dimension); texts are padded at the end."""
    if pooling == "cls":
        return tokens[:, 0]
    mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)


def _quantise(graph: bytes) -> bytes:
    """Return the graph with its weights in int8, a scale per output channel.

    Per tensor would be as fast, and lose a fifth of the ten nearest neighbours.
    Weights use 7 of the 8 bits: without VNNI, x86 adds pairs of products in 16
    bits, which overflow at 8. That was emulated on 24 paragraphs: mean cosine
    .9939 exact and .9917 with overflow at 8 bits, .9934 both ways at 7, which is
    just as fast. An index travels between machines.
    quant_pre_process is left out: it changes neither speed nor embeddings here,
    and takes as long as the quantising.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = io.BytesIO()
    quantize_dynamic(
        onnx.load_from_string(graph),
        small,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
    )
    return small.getvalue()


def _optimise(graph: bytes) -> bytes:
    """Return the graph as ONNX Runtime would make it anew each time that it is opened.

    Opening takes 0.03 s in place of 0.06. "Extended" stops before what only
    fits the machine that it was done on.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MODEL_FILE
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3  # errors: that it is saved is no news
        onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        return path.read_bytes()


def _encode_samples(reference: Any, prefix: str) -> NDArray[np.float32]:
    embeddings: NDArray[np.float32] = reference.encode(
        list(SAMPLES),
        prompt=prefix,
        # Small, or most of the work would be on padding: the longest has 280 tokens.
        batch_size=4,
        normalize_embeddings=True,
        show_progress_bar=False,
    )
    return embeddings


def _check(
    encoder: OnnxEncoder, expected: NDArray[np.float32], precision: str, least: float
) -> NDArray[np.float32]:
    """Return what the export makes of the samples, if that is near enough to the original."""
    found = encoder.encode_paragraphs(SAMPLES)
    cosine = float((found * expected).sum(axis=1).mean())
    # Not `cosine < least`, which NaN would pass.
    if not cosine >= least:
        raise EncoderError(
            f"the {precision} export of {encoder.config.name} is not faithful: on "
            f"{len(SAMPLES)} texts its mean cosine with sentence-transformers is {cosine:.5f}, "
            f"and at least {least} is needed; choose another model"
        )
    return found


def _mean_cosine(embeddings: NDArray[np.float32]) -> float:
    """Return the mean cosine of each with each other: the samples are about different things."""
    first, second = np.triu_indices(len(embeddings), 1)
    return round(float((embeddings[first] * embeddings[second]).sum(axis=1).mean()), 4)


def _revision(model: Path) -> str | None:
    """Return the commit that a folder of the Hugging Face cache is named after."""
    commit = model.name
    known = model.parent.name == "snapshots" and re.fullmatch("[0-9a-f]{40}", commit)
    return commit if known else None


def _write(files: dict[str, bytes], destination: Path) -> None:
    """Write the files into a folder beside `destination`, then give it that name."""
    folder = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        for name, content in files.items():
            with (folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        folder.replace(destination)
    except OSError as error:
        raise EncoderError(
            f"the encoder cannot be written to {destination}: {error.strerror}; "
            "make room there, or see to its permissions"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
