"""Check of the encoder and the reranker of an index against its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.reranker import OnnxReranker
from nutgraf.index.storage.layout import ENCODER, RERANKER

__all__ = ["REPAIR_ENCODER", "check_reranker", "open_encoder"]

REPAIR_ENCODER: Final = (
    "'nutgraf repair' exports it again if its model is available; or copy the folder from an "
    "index with the same encoder"
)


def open_encoder(parts: Path, manifest: Manifest) -> OnnxEncoder:
    """Open the encoder.

    Raises EncoderError if it is not the encoder that the manifest describes, or if this
    ONNX Runtime cannot run it. Raises BrokenIndexError if files are missing or damaged.
    """
    return OnnxEncoder.open(parts / ENCODER, manifest.encoder)


def check_reranker(parts: Path, manifest: Manifest) -> None:
    """Open the reranker, if the index has one.

    Raises BrokenIndexError if files are missing or damaged, or if it is not the reranker
    that the manifest describes. Raises EncoderError if this ONNX Runtime cannot run it.
    """
    chosen = manifest.reranker
    if chosen is not None:
        OnnxReranker.open(parts / RERANKER / chosen.folder, chosen)
