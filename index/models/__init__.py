"""ONNX models: the encoder, the reranker and their shared code."""

import os

# From version 1.29 on, ONNX Runtime writes an id of the machine to the home folder and sends events
# to its maker, unless this variable is set before the library is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
