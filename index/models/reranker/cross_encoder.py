"""CrossEncoders of sentence-transformers: loading, running and tracing.

Most are a transformer that returns the logit itself. Others, such as the ettin
rerankers, are a plain transformer with pooling and layers of their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.modules import begins_with_pooling, join, pooling_mode
from nutgraf.index.models.onnx_graph import ATTENTION, INPUTS, trace
from nutgraf.index.models.sentence_transformers import load_cross_encoder

__all__ = ["open_cross_encoder", "run_cross_encoder", "trace_cross_encoder"]

_LOGIT: Final = "scores"
"""The name of the logit among the features of a CrossEncoder with modules."""


def open_cross_encoder(model: Path, name: str) -> Any:
    """Return the CrossEncoder in a folder. It runs no code that the model includes.

    Raises EncoderError if the model cannot be loaded or is not a cross-encoder with
    one logit per pair.
    """
    loaded = load_cross_encoder(model, attention=ATTENTION)
    built = loaded.model.config.architectures or [type(loaded.model).__name__]
    labels = loaded.num_labels
    # Check this: transformers adds a random head to a model without a head.
    if not (_has_modules(loaded) or built[0].endswith("ForSequenceClassification")):
        raise EncoderError(f"{name} is a {built[0]}, not a cross-encoder: choose another model")
    if getattr(loaded, "default_prompt_name", None):
        raise EncoderError(
            f"{name} puts a prompt before each pair, but a reranker gets pairs alone: choose "
            "another model"
        )
    if labels != 1:
        raise EncoderError(
            f"{name} returns {labels} labels per pair, but a reranker returns one logit: choose "
            "another model"
        )
    return loaded


def run_cross_encoder(reference: Any, given: Mapping[str, Any]) -> Any:
    """Return the logits of pairs, of shape (pairs, 1). `given` has their tokens."""
    if _has_modules(reference):
        return reference(dict(given))[_LOGIT]
    return reference.model(**given).logits


def trace_cross_encoder(reference: Any, name: str) -> bytes:
    """Return the ONNX graph from tokens to a logit, in float32."""
    taken = inspect.signature(reference.model.forward).parameters
    # Use two texts of different length, because the trace has to include padding.
    questions, texts = ["A question", "Another"], ["A paragraph", "A paragraph that is longer"]
    given = reference.tokenizer(questions, texts, padding=True, return_tensors="pt")
    inputs = {name: given[name] for name in INPUTS if name in given and name in taken}
    return trace(_whole(reference, list(inputs), name), inputs, "logit")


def _has_modules(reference: Any) -> bool:
    """Return whether pooling and layers of their own make the logit of a CrossEncoder.

    Without them, the transformer itself returns the logit.
    """
    modules = list(reference.children())
    return begins_with_pooling(modules) and (
        getattr(modules[-1], "module_output_name", None) == _LOGIT
    )


def _whole(reference: Any, inputs: list[str], name: str) -> Any:
    """Return a CrossEncoder as one torch module, from tokens to a logit."""
    import torch

    if _has_modules(reference):
        modules = list(reference.children())
        pooling = pooling_mode(modules, name)
        return join(modules, inputs, pooling, lambda features: features[_LOGIT])

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = reference.model

        def forward(self, *tensors: Any) -> Any:
            features = dict(zip(inputs, tensors, strict=True))
            return self.model(**features, return_dict=False)[0]

    return Whole().eval()
