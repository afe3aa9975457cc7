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
    """Open the encoder. Raises EncoderError and BrokenIndexError."""
    return OnnxEncoder.open(parts / ENCODER, manifest.encoder)


def check_reranker(parts: Path, manifest: Manifest) -> None:
    """Open the reranker, if the index has one. Raises BrokenIndexError."""
    chosen = manifest.reranker
    if chosen is not None:
        OnnxReranker.open(parts / RERANKER / chosen.folder, chosen)
