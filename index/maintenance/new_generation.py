"""New generations with a certain encoder: made empty, or left by an earlier run."""

from __future__ import annotations

import shutil
from pathlib import Path

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.generations import remove_generation
from nutgraf.index.maintenance.create import exported_encoder, make_encoder, make_parts
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.storage.layout import ENCODER, generations, parts_folder

__all__ = ["find_unfinished", "has_encoder_of", "make_generation"]


def make_generation(index: Path, manifest: Manifest, model: str) -> tuple[int, EncoderConfig]:
    """Create an empty generation with the encoder of `model`.

    Its folder gets its final name when all empty parts exist. Return the number of the
    generation and the configuration of the encoder.
    """
    generation = max(*generations(index), manifest.generation, manifest.previous or 0) + 1
    folder = parts_folder(index, generation)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        partial.chmod(index.stat().st_mode & 0o777)
        encoder = make_encoder(model, partial / ENCODER)
        make_parts(partial, manifest.keyword_engine)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return generation, encoder


def find_unfinished(index: Path, manifest: Manifest, model: str) -> int | None:
    """Return the unfinished or previous generation with the encoder of `model`.

    Return None if there is no such generation. Remove all other unfinished generations.
    """
    found = None
    for generation in generations(index):
        if generation == manifest.generation:
            continue
        folder = parts_folder(index, generation) / ENCODER
        if _holds(folder, model):
            found = generation
        elif generation != manifest.previous:
            remove_generation(index, generation)
    return found


def has_encoder_of(encoder: EncoderConfig, model: str) -> bool:
    """Return whether an encoder was made from `model`, or gives the same embeddings."""
    exported = exported_encoder(model)
    if exported is not None:
        return encoder.embeds_like(EncoderConfig.read(exported))
    return encoder.name == model


def _holds(folder: Path, model: str) -> bool:
    try:
        return has_encoder_of(EncoderConfig.read(folder), model)
    except BrokenIndexError:
        return False
