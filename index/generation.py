"""Generations: complete sets of an index's parts, of which the manifest names the one in use."""

from __future__ import annotations

import shutil
from pathlib import Path

from nutgraf.index.layout import FIRST, PARTS, generations, parts_folder
from nutgraf.index.manifest import Manifest

__all__ = ["remove_generation", "remove_leftovers"]


def remove_generation(index: Path, generation: int) -> None:
    """Remove the parts of a generation; readers that have opened them go on."""
    folder = parts_folder(index, generation)
    if generation != FIRST:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for part in PARTS:
        path = folder / part
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_leftovers(index: Path, manifest: Manifest) -> None:
    """Remove generations that were in use, where their removal was cut short.

    Those with a number of their own yet to come are being built, and stay.
    """
    kept = {manifest.generation, manifest.previous}
    newest = max(manifest.generation, manifest.previous or 0)
    for generation in generations(index):
        if generation < newest and generation not in kept:
            remove_generation(index, generation)
