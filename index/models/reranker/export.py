"""The export of a cross-encoder to an ONNX graph and a tokenizer.

The source is a CrossEncoder of sentence-transformers or an existing ONNX graph.
A CrossEncoder is traced, quantised to int8 and compared with the original. An
existing graph is used unchanged. Both kinds of source must score texts that
answer a question higher than other texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.files import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, fingerprint
from nutgraf.index.models.hub import find_model
from nutgraf.index.models.onnx_graph import INPUTS, optimise, quantise, write_files
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.reranker.config import RerankerConfig
from nutgraf.index.models.reranker.cross_encoder import (
    open_cross_encoder,
    run_cross_encoder,
    trace_cross_encoder,
)
from nutgraf.index.models.reranker.onnx import OnnxReranker
from nutgraf.index.models.reranker.samples import PAIRS, UNRELATED_PAIRS
from nutgraf.index.models.sentence_transformers import tokenizer_json
from nutgraf.index.models.session import open_session

__all__ = ["export_reranker"]

KIND: Final = "CrossEncoder (of sentence-transformers, or model.onnx and tokenizer.json)"
EXAMPLE: Final = "cross-encoder/ms-marco-MiniLM-L6-v2"
"""Two texts in the error message about a reranker that cannot be found.

KIND describes the models that are accepted. EXAMPLE is the name of one of them.
"""

TOKENS: Final = 128
"""The highest number of tokens in a pair of question and text.

The text is the title and the relevant part of a paragraph.
More tokens take more time and improve little (benchmarks/reranking.md).
"""

FEWEST: Final = 32
"""The lowest token limit of a model that is accepted.

With a lower limit, a question would leave too few tokens for the text.
"""

APART: Final = 3.0
"""The lowest accepted distance between two mean logits, in standard deviations.

One is the mean of the texts that answer their question, the other the mean of
unrelated texts. The reranker of our measurements has a distance of 14, and a
model for another task has about 0.
"""

FLOAT_ERROR: Final = 0.001
INT8_ERROR: Final = 0.05
"""The highest accepted mean error of the logits of an exported model.

The error of a logit is its difference from the logit of the original. Both
constants are shares of a distance: between the mean logit of texts that answer
their question and the mean logit of unrelated texts.
"""

Pairs = Sequence[tuple[str, str]]


def export_reranker(model: str, destination: Path) -> RerankerConfig:
    """Export a cross-encoder to the folder `destination`; return its config.

    `model` is the name or the folder of a CrossEncoder of sentence-transformers, as
    for `find_model`. It can also be a folder with tokenizer.json and an ONNX graph:
    model.onnx or onnx/model.onnx. The inputs of the graph are input_ids,
    attention_mask and, optionally, token_type_ids. The output of the graph is one
    logit per pair.

    Raises EncoderError if the model is not found, cannot be run, or returns more
    than one logit per pair. Also raises EncoderError if the model does not score
    texts that answer a question higher than others, or if the export differs too
    much from the original.
    """
    folder = Path(model).expanduser()
    graph = _graph_in(folder)
    if graph is not None:
        files = {MODEL_FILE: _read(graph), TOKENIZER_FILE: _cut(_read(folder / TOKENIZER_FILE))}
        config = _checked(files, RerankerConfig(model, TOKENS, "as it was given", 0.0, 1.0, ""))
    else:
        files, config = _export(find_model(model, KIND, EXAMPLE), model)
    files[CONFIG_FILE] = (json.dumps(config.to_dict(), indent=2) + "\n").encode()
    write_files(files, destination)
    return config


def _graph_in(folder: Path) -> Path | None:
    """Return the ONNX graph to use from a folder, None if there is none.

    model.onnx in the folder is used first. Without it, return None if the folder
    has weights: they are exported instead, because their export is smaller. Without
    weights, a graph in onnx/ is used. Also return None if the folder has no
    tokenizer.json. Raises EncoderError if onnx/ has several graphs and none of them
    is model.onnx.
    """
    if not (folder / TOKENIZER_FILE).is_file():
        return None
    if (folder / MODEL_FILE).is_file():
        return folder / MODEL_FILE
    if any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*.bin")):
        return None
    graphs = sorted(folder.glob("onnx/model*.onnx"))
    if len(graphs) > 1 and (plain := folder / "onnx" / MODEL_FILE) in graphs:
        return plain
    if len(graphs) > 1:
        names = ", ".join(graph.name for graph in graphs)
        raise EncoderError(
            f"{folder} has several ONNX graphs, {names}: copy the one to use into that folder "
            f"as {MODEL_FILE}"
        )
    return graphs[0] if graphs else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EncoderError(
            f"{path} cannot be read: {error.strerror}; check its permissions"
        ) from None


def _cut(tokenizer: bytes, positions: int = TOKENS) -> bytes:
    """Return a tokenizer that truncates the text of a pair and does not pad.

    The token limit is stored in tokenizer.json, so the fingerprint depends on it.
    `positions` is the token limit of the model.
    """
    from tokenizers import Tokenizer

    try:
        made = Tokenizer.from_buffer(tokenizer)
    except Exception as error:
        raise EncoderError(
            f"the model's {TOKENIZER_FILE} cannot be used: {error}; choose another model"
        ) from error
    made.no_padding()
    made.enable_truncation(min(TOKENS, positions), strategy="only_second")
    content: bytes = made.to_str().encode()
    return content


def _checked(files: dict[str, bytes], config: RerankerConfig) -> RerankerConfig:
    """Run a reranker on PAIRS and UNRELATED_PAIRS; return its completed config.

    Raises EncoderError if the reranker cannot be run, or if it does not score texts
    that answer a question higher than others.
    """
    reranker = _open(files, config)
    try:
        right, wrong = _logits(reranker, PAIRS), _logits(reranker, UNRELATED_PAIRS)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(
            f"{config.name} cannot be run on pairs of texts: {error}; choose another model"
        ) from error
    low, high = float(wrong.mean()), float(right.mean())
    spread = float(np.sqrt((wrong.var() + right.var()) / 2))
    # Written with `not`, so that NaN is refused too.
    if not (high > low and high - low >= APART * spread):
        raise EncoderError(
            f"{config.name} is not a reranker: its mean logit is {high:.2f} for texts that answer "
            f"a question and {low:.2f} for others (spread {spread:.2f}); choose a cross-encoder "
            "that was trained to rank"
        )
    sha256 = fingerprint(files[MODEL_FILE], files[TOKENIZER_FILE])
    return replace(config, low=round(low, 4), high=round(high, 4), sha256=sha256)


def _open(files: dict[str, bytes], config: RerankerConfig) -> OnnxReranker:
    from tokenizers import Tokenizer

    session = open_session(files[MODEL_FILE])
    inputs = [node.name for node in session.get_inputs()]
    outputs = session.get_outputs()
    if not set(INPUTS[:2]) <= set(inputs) <= set(INPUTS):
        raise EncoderError(
            f"{config.name} takes the inputs {', '.join(inputs)}, but a reranker takes "
            f"{', '.join(INPUTS)}: choose another model"
        )
    if len(outputs) != 1 or outputs[0].shape[1:] not in ([], [1]):
        shapes = ", ".join(f"{node.name} {node.shape}" for node in outputs)
        raise EncoderError(
            f"{config.name} returns {shapes}, but a reranker returns one logit per pair: choose "
            "another model"
        )
    tokenizer = Tokenizer.from_buffer(files[TOKENIZER_FILE])
    return OnnxReranker(config, tokenizer, session)


def _logits(reranker: OnnxReranker, pairs: Pairs) -> NDArray[np.float64]:
    return np.array([next(reranker.logits(question, [text])) for question, text in pairs])


def _export(model: Path, name: str) -> tuple[dict[str, bytes], RerankerConfig]:
    """Export a CrossEncoder and compare the export with the original.

    Return the files of the export without config.json, and the config. Raises
    EncoderError.
    """
    reference = open_cross_encoder(model, name)
    positions = getattr(reference.model.config, "max_position_embeddings", TOKENS)
    if positions < FEWEST:
        raise EncoderError(
            f"{name} reads {positions} tokens, but at least {FEWEST} are required: choose "
            "another model"
        )
    tokens = min(TOKENS, positions)
    tokenizer = _cut(tokenizer_json(reference, name).encode(), tokens)
    with quiet():
        exact = trace_cross_encoder(reference, name)
        small = optimise(quantise(exact))
    config = RerankerConfig(name, tokens, "int8", 0.0, 1.0, "")
    expected = _predicted(reference, tokens)
    for graph, precision, most in ((exact, "float32", FLOAT_ERROR), (small, "int8", INT8_ERROR)):
        files = {MODEL_FILE: graph, TOKENIZER_FILE: tokenizer}
        found = _checked(files, config)
        _check(
            _logits(_open(files, found), PAIRS + UNRELATED_PAIRS), expected, found, precision, most
        )
    return files, found


def _predicted(reference: Any, tokens: int) -> NDArray[np.float64]:
    """Return the logits of the original for PAIRS and UNRELATED_PAIRS, in order.

    The pairs are truncated exactly as in OnnxReranker.
    """
    import torch

    logits = []
    for question, text in PAIRS + UNRELATED_PAIRS:
        given = reference.tokenizer(
            question, text, truncation="only_second", max_length=tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            logits.append(float(run_cross_encoder(reference, given)))
    return np.array(logits)


def _check(
    found: NDArray[np.float64],
    expected: NDArray[np.float64],
    config: RerankerConfig,
    precision: str,
    most: float,
) -> None:
    error = float(np.abs(found - expected).mean()) / (config.high - config.low)
    if not error <= most:
        raise EncoderError(
            f"the {precision} export of {config.name} is not faithful: on {len(expected)} pairs it "
            f"differs from sentence-transformers by {error:.4f} of the distance between right and "
            f"wrong texts, and at most {most} is allowed; choose another model"
        )
