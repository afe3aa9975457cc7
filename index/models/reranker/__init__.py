"""Rerankers: models that read a question together with a text and score the text.

`export_reranker` exports a cross-encoder once into a folder of the index.
`OnnxReranker` opens that folder with only ONNX Runtime and a tokenizer.
`RerankerConfig` identifies a reranker. Importing this package loads none of
these libraries.
"""

from nutgraf.index.models.reranker.cache import CachingReranker
from nutgraf.index.models.reranker.config import RerankerConfig
from nutgraf.index.models.reranker.export import export_reranker
from nutgraf.index.models.reranker.onnx import OnnxReranker
from nutgraf.index.models.reranker.protocol import Reranker

__all__ = ["CachingReranker", "OnnxReranker", "Reranker", "RerankerConfig", "export_reranker"]
