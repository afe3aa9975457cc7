"""Generations: complete sets of an index's parts, of which the manifest names the one in use."""

from __future__ import annotations

import shutil
from pathlib import Path

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.storage.layout import (
    ENCODER,
    FIRST,
    PARTS,
    REBUILD_LOCK,
    generations,
    parts_folder,
)
from nutgraf.index.storage.lock import is_locked

__all__ = ["check_no_links", "remove_generation", "remove_leftovers"]


def remove_generation(index: Path, generation: int) -> None:
    """Remove the parts of a generation; readers that have opened them go on.

    Raises OSError where something cannot be removed.
    """
    folder = parts_folder(index, generation)
    if generation != FIRST:
        shutil.rmtree(folder)
        return
    for part in PARTS:
        path = folder / part
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove_leftovers(index: Path, manifest: Manifest) -> None:
    """Remove what a process that was ended left: generations that were in use, or never were.

    A generation with another encoder that was begun stays, as its making can
    go on. Raises OSError where something cannot be removed.
    """
    kept = {manifest.generation, manifest.previous}
    newest = max(manifest.generation, manifest.previous or 0)
    rebuilding = is_locked(index, REBUILD_LOCK)
    for generation in generations(index):
        if generation in kept:
            continue
        if generation < newest or (not rebuilding and _is_copy(index, generation, manifest)):
            remove_generation(index, generation)
    if not rebuilding:
        for partial in index.glob("generation-*.partial"):
            shutil.rmtree(partial)


def check_no_links(index: Path, generation: int) -> None:
    """Raise BrokenIndexError where a part is a link: what it leads to would outlive it."""
    folder = parts_folder(index, generation)
    for path in (folder, *(folder / part for part in PARTS)):
        if path != index and path.is_symlink():
            raise BrokenIndexError(
                f"{path} is a link, so that what it leads to would stay: put the part itself there"
            )


def _is_copy(index: Path, generation: int, manifest: Manifest) -> bool:
    """Tell whether a generation was begun to compact or repair the one in use."""
    try:
        encoder = EncoderConfig.read(parts_folder(index, generation) / ENCODER)
    except BrokenIndexError:
        return True  # Nobody can go on with it.
    return encoder.sha256 == manifest.encoder.sha256
