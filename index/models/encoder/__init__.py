"""Encoders, which convert texts to embeddings.

`find_model` finds a sentence-transformers model. `export_encoder` exports it
once into a folder of the index, with torch and transformers. `OnnxEncoder`
opens that folder with only ONNX Runtime and a tokenizer. `EncoderConfig`
identifies an encoder. Importing this package loads none of these libraries.
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
