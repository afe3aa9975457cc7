"""How well a text answers a question, judged by reading both at once.

A cross-encoder is exported once into a folder of the index (`export_reranker`),
and from then on opened from there by an `OnnxReranker` (ONNX Runtime and a
tokenizer only), which a `RerankerConfig` tells apart from any other. Importing
this package loads none of them.
"""

from nutgraf.index.reranker.config import RerankerConfig
from nutgraf.index.reranker.export import export_reranker
from nutgraf.index.reranker.onnx import OnnxReranker
from nutgraf.index.reranker.protocol import Reranker
from nutgraf.index.reranker.remembering import RememberingReranker

__all__ = ["OnnxReranker", "RememberingReranker", "Reranker", "RerankerConfig", "export_reranker"]
