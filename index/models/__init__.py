"""ONNX models: the encoder, the reranker and their shared code."""
