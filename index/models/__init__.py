"""ONNX models: the encoder, the reranker, and what both need."""
