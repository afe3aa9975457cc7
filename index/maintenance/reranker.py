"""The reranker of an index: set, removed, and copied when the index is rebuilt.

Each reranker has its own folder in `reranker/`, named after its fingerprint, so a
new one can be written beside the current one. The manifest names the reranker in
use: replacing the manifest makes the change.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nutgraf.index.errors import BrokenIndexError, EncoderError
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.reranker import OnnxReranker, RerankerConfig, export_reranker
from nutgraf.index.models.reranker.config import is_exported
from nutgraf.index.storage.files import copy_files, sync_tree
from nutgraf.index.storage.layout import MANIFEST, REBUILD_LOCK, RERANKER
from nutgraf.index.storage.lock import WriteLock

__all__ = ["copy_reranker", "make_reranker", "set_reranker"]


def set_reranker(path: str | Path, model: str | None) -> RerankerConfig | None:
    """Set the reranker of the index at `path`, or remove it if `model` is None.

    `model` is the name or folder of a cross-encoder (`export_reranker`), or another
    index, whose reranker is copied. Searches continue meanwhile and use the new
    reranker from their next question. If the process is killed, the index keeps its
    old reranker. Return the configuration of the new reranker.

    Raises NotAnIndexError, IndexLockedError if another process rebuilds the index, and
    EncoderError if the model cannot be found or used.
    """
    index = Path(path)
    Manifest.read(index)  # First, so that no lock file is created outside an index.
    # All changes of a manifest need this lock. A writer only reads it and does not wait.
    lock = WriteLock(index, REBUILD_LOCK)
    try:
        manifest = Manifest.read(index)
        parts = manifest.parts(index)
        chosen = None if model is None else make_reranker(model, parts)
        if chosen != manifest.reranker:
            replace(manifest, reranker=chosen).write(index)
        _remove_others(parts, chosen)
    finally:
        lock.release()
    return chosen


def make_reranker(model: str, parts: Path) -> RerankerConfig:
    """Export a cross-encoder, or copy a reranker, to the parts of an index.

    Other rerankers stay there. Raises EncoderError if the model cannot be found or
    used, and BrokenIndexError if the reranker to copy is damaged.
    """
    place = parts / RERANKER
    partial = place / "new.partial"
    shutil.rmtree(partial, ignore_errors=True)
    place.mkdir(exist_ok=True)
    try:
        exported = _exported(model)
        if exported is None:
            export_reranker(model, partial)
        else:
            copy_files(exported, partial)
        # Open it, instead of only reading its configuration: the original may be damaged.
        config = OnnxReranker.open(partial).config
        sync_tree(partial)
        if not _is_sound(place / config.folder):
            shutil.rmtree(place / config.folder, ignore_errors=True)
            partial.rename(place / config.folder)
            sync_tree(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):  # It is empty if the export failed.
            place.rmdir()
    return config


def copy_reranker(source: Path, manifest: Manifest, parts: Path) -> RerankerConfig | None:
    """Copy the reranker of `manifest` from the parts in `source` to those in `parts`.

    If its files are damaged, export its model again. Raises BrokenIndexError if that
    model is not available.
    """
    chosen = manifest.reranker
    if chosen is not None:
        folder = source / RERANKER / chosen.folder
        try:
            OnnxReranker.open(folder, chosen)
            chosen = make_reranker(str(folder), parts)
        except BrokenIndexError as damage:
            try:
                chosen = make_reranker(chosen.name, parts)
            except EncoderError:
                raise damage from None
    _remove_others(parts, chosen)
    return chosen


def _exported(model: str) -> Path | None:
    """Return the folder of the exported reranker named by `model`, or None.

    `model` can be that folder, or an index that has a reranker. Return None for a
    cross-encoder. Raises EncoderError for an index without a reranker.
    """
    folder = Path(model).expanduser()
    if not (folder / MANIFEST).is_file():
        return folder if is_exported(folder) else None
    manifest = Manifest.read(folder)
    if manifest.reranker is None:
        raise EncoderError(
            f"the index {model} has no reranker to copy: give the name of a cross-encoder, or an "
            "index that has a reranker"
        )
    return manifest.parts(folder) / RERANKER / manifest.reranker.folder


def _is_sound(folder: Path) -> bool:
    try:
        OnnxReranker.open(folder)
    except BrokenIndexError:
        return False
    return True


def _remove_others(parts: Path, chosen: RerankerConfig | None) -> None:
    """Remove all rerankers except the chosen one; readers can still use open ones."""
    place = parts / RERANKER
    if chosen is None:
        shutil.rmtree(place, ignore_errors=True)
        return
    for folder in place.iterdir():
        if folder.name != chosen.folder:
            shutil.rmtree(folder, ignore_errors=True)
