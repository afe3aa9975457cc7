"""How well a text answers a question, judged by reading both at once.

A cross-encoder is exported once into a folder of the index (`export_reranker`),
and from then on opened from there by an `OnnxReranker` (ONNX Runtime and a
tokenizer only), which a `RerankerConfig` tells apart from any other. Importing
this package loads none of them.
"""

from nutgraf.index.models.reranker.cache import CachingReranker
from nutgraf.index.models.reranker.config import RerankerConfig
from nutgraf.index.models.reranker.export import export_reranker
from nutgraf.index.models.reranker.onnx import OnnxReranker
from nutgraf.index.models.reranker.protocol import Reranker

__all__ = ["CachingReranker", "OnnxReranker", "Reranker", "RerankerConfig", "export_reranker"]
