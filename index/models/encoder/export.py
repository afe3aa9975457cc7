"""The export of a sentence-transformers model to an int8 ONNX graph.

The export runs once, when an index is created. With the default model on 2
cores, its steps take this many seconds: importing sentence-transformers 4.0,
loading the weights 0.3, tracing 0.9, quantising 2.0, checking 0.8, word vectors
0.6, hashing and writing 0.1.
"""

from __future__ import annotations

import inspect
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.encoder.config import EncoderConfig
from nutgraf.index.models.encoder.onnx import OnnxEncoder
from nutgraf.index.models.encoder.word_vectors import word_table
from nutgraf.index.models.files import (
    CONFIG_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    WORDS_FILE,
    fingerprint,
)
from nutgraf.index.models.hub import weights_sha256
from nutgraf.index.models.modules import join, pooling_mode
from nutgraf.index.models.onnx_graph import (
    ATTENTION,
    INPUTS,
    optimise,
    quantise,
    trace,
    write_files,
)
from nutgraf.index.models.prefixes import prefixes
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.samples import SAMPLES
from nutgraf.index.models.sentence_transformers import (
    load_sentence_transformer,
    tokenizer_json,
)
from nutgraf.index.models.session import open_session

__all__ = ["export_encoder"]

_LONGEST: Final = 8_192
"""The highest token limit of an exported model.

An export also has this limit if neither the model nor its tokenizer has a limit.
"""

MIN_FLOAT_COSINE: Final = 0.999
MIN_INT8_COSINE: Final = 0.99
"""The lowest mean cosine with sentence-transformers that an export may have.

An exact export has 1.00000. The default model in int8 has 0.993, and its
retrieval results do not change.
"""


def export_encoder(model: Path, name: str, destination: Path) -> None:
    """Export a sentence-transformers model to the folder `destination`.

    `model` is the folder of the model, `name` its name in the config.

    The export consists of model.onnx, tokenizer.json, words.npy and config.json.
    model.onnx contains transformer, pooling and normalisation in one graph, with
    weights in int8 and one scale per channel. words.npy contains one vector per
    token. Before the files are written, the graph encodes SAMPLES in float32 and in
    int8, and the embeddings are compared with those of the original. The write is
    atomic.

    Raises EncoderError if `destination` is a file or is not empty, or if the model
    cannot be loaded or is not supported. Also raises EncoderError if the export
    differs too much from the original.
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise EncoderError(
            f"{destination} exists already; remove it first, or export to another folder"
        )
    reference = load_sentence_transformer(model, "cpu", attention=ATTENTION)
    question_prefix, paragraph_prefix = prefixes(reference.prompts, model)
    prompts = bool(question_prefix or paragraph_prefix)
    pooling = pooling_mode(list(reference), name, prompts=prompts)
    tokenizer = _tokenizer(reference, name)
    with quiet():
        exact = _graph(reference, pooling)
        small = optimise(quantise(exact))
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
        (exact, "float32", MIN_FLOAT_COSINE),
        (small, "int8", MIN_INT8_COSINE),
    ):
        encoder = OnnxEncoder(config, tokenizer, open_session(graph))
        found = _check(encoder, expected, precision, least)
    config = replace(config, unrelated=_mean_cosine(found))
    files[CONFIG_FILE] = (json.dumps(config.to_dict(), indent=2) + "\n").encode()
    write_files(files, destination)


def _tokenizer(reference: Any, name: str) -> Any:
    """Return a tokenizers.Tokenizer that truncates like the model and does not pad.

    The token limit is stored in tokenizer.json, so the fingerprint depends on it.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json(reference, name))
    tokenizer.no_padding()
    positions = getattr(reference[0].auto_model.config, "max_position_embeddings", _LONGEST)
    tokenizer.enable_truncation(int(min(reference.max_seq_length or positions, _LONGEST)))
    return tokenizer


def _words(reference: Any) -> bytes:
    """Return the word vectors of the model as the content of a numpy file."""
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
        # Use two texts of different length, because the trace has to include padding.
        ["A question", "A paragraph that is somewhat longer"],
        padding=True,
        return_tensors="pt",
    )
    inputs = [name for name in INPUTS if name in given and name in taken]

    def output(features: Any) -> Any:
        embeddings = features["sentence_embedding"]
        if reference.truncate_dim is not None:
            embeddings = embeddings[:, : reference.truncate_dim]
        return torch.nn.functional.normalize(embeddings, dim=1)

    whole = join(list(reference), inputs, pooling, output)
    return trace(whole, {name: given[name] for name in inputs}, "embedding")


def _encode_samples(reference: Any, prefix: str) -> NDArray[np.float32]:
    embeddings: NDArray[np.float32] = reference.encode(
        list(SAMPLES),
        prompt=prefix,
        # A small batch needs less padding: the longest text has 280 tokens.
        batch_size=4,
        normalize_embeddings=True,
        show_progress_bar=False,
    )
    return embeddings


def _check(
    encoder: OnnxEncoder, expected: NDArray[np.float32], precision: str, least: float
) -> NDArray[np.float32]:
    """Return the embeddings of SAMPLES from the exported model.

    Raises EncoderError if their mean cosine with `expected`, the embeddings from
    the original, is below `least`.
    """
    found = encoder.encode_paragraphs(SAMPLES)
    cosine = float((found * expected).sum(axis=1).mean())
    # Written with `not`, so that NaN is refused too.
    if not cosine >= least:
        raise EncoderError(
            f"the {precision} export of {encoder.config.name} is not faithful: on "
            f"{len(SAMPLES)} texts its mean cosine with sentence-transformers is {cosine:.5f}, "
            f"and at least {least} is required; choose another model"
        )
    return found


def _mean_cosine(embeddings: NDArray[np.float32]) -> float:
    """Return the mean cosine of all pairs of samples, which are unrelated texts."""
    first, second = np.triu_indices(len(embeddings), 1)
    return round(float((embeddings[first] * embeddings[second]).sum(axis=1).mean()), 4)


def _revision(model: Path) -> str | None:
    """Return the commit of a model on the hub, None if it is unknown.

    The Hugging Face cache names the folder of a model after the commit.
    """
    commit = model.name
    known = model.parent.name == "snapshots" and re.fullmatch("[0-9a-f]{40}", commit)
    return commit if known else None
