"""Generations: each generation is a complete set of the parts of an index.

A rebuild of the index writes a new generation. The manifest stores the number of
the generation in use.
"""

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
    """Remove the parts of a generation.

    Readers that have opened the parts can still use them. Raises OSError if a
    part cannot be removed.
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
    """Remove the old and incomplete generations that an ended process left behind.

    An incomplete generation with another encoder is not removed, because a later
    `reindex` can complete it. Raises OSError if a generation cannot be removed.
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
    """Raise BrokenIndexError if a part is a link.

    The removal of a generation would not remove the target of the link.
    """
    folder = parts_folder(index, generation)
    for path in (folder, *(folder / part for part in PARTS)):
        if path != index and path.is_symlink():
            raise BrokenIndexError(
                f"{path} is a link, so its target would not be removed: replace the link with "
                "the part itself"
            )


def _is_copy(index: Path, generation: int, manifest: Manifest) -> bool:
    """Return whether an incomplete generation has the encoder of the current one.

    A generation with the same encoder comes from a compaction or a repair, which
    no later run completes.
    """
    try:
        encoder = EncoderConfig.read(parts_folder(index, generation) / ENCODER)
    except BrokenIndexError:
        return True  # Without an encoder, no run can complete the generation.
    return encoder.embeds_like(manifest.encoder)
