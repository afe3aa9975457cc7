"""ONNX graphs: traced from a torch module, made small, and written into a folder."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.files import MODEL_FILE

__all__ = ["ATTENTION", "INPUTS", "optimise", "quantise", "trace", "write_files"]

_OPSET: Final = 17
"""Of ONNX: the version that this was measured with; any onnxruntime we allow reads it."""

ATTENTION: Final = "eager"
"""The plain form of attention: its graph runs 1.5 times as fast as that of 'sdpa'."""

INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
"""What can be fed to a model; models take the first two at least."""


def trace(module: Any, given: Mapping[str, Any], output: str) -> bytes:
    """Return the ONNX graph of a torch module, in float32.

    `given` holds its inputs by name, in their order, of shape (batch,
    sequence); `output` names what it returns, of shape (batch, ...).
    """
    import torch

    graph = io.BytesIO()
    with torch.inference_mode():
        torch.onnx.export(
            module,
            tuple(given.values()),
            graph,
            input_names=list(given),
            output_names=[output],
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in given}
            | {output: {0: "batch"}},
            opset_version=_OPSET,
            # The exporter that is based on torch.export would need onnxscript.
            dynamo=False,
        )
    return graph.getvalue()


def quantise(graph: bytes) -> bytes:
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


def optimise(graph: bytes) -> bytes:
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


def write_files(files: Mapping[str, bytes], destination: Path) -> None:
    """Write the files into a folder beside `destination`, then give it that name.

    Raises EncoderError where they cannot be written.
    """
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
            f"the model cannot be written to {destination}: {error.strerror}; "
            "make room there, or see to its permissions"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
