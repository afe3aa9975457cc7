"""Text to embeddings.

A sentence-transformers model is found (`find_model`), exported once into a
folder of the index (`export_encoder`: torch, transformers), and from then on
opened from there by an `OnnxEncoder` (ONNX Runtime and a tokenizer only), which
an `EncoderConfig` tells apart from any other. Importing this package loads none
of them.
"""

from nutgraf.index.models.encoder.config import EncoderConfig, is_exported
from nutgraf.index.models.encoder.export import export_encoder
from nutgraf.index.models.encoder.onnx import OnnxEncoder
from nutgraf.index.models.encoder.protocol import Encoder
from nutgraf.index.models.hub import DEFAULT_MODEL, find_model

__all__ = [
    "DEFAULT_MODEL",
    "Encoder",
    "EncoderConfig",
    "OnnxEncoder",
    "export_encoder",
    "find_model",
    "is_exported",
]
