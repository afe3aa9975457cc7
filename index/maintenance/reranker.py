"""The reranker of an index: put there, taken away, and carried along when its parts are made again.

Each reranker has a folder of its own in `reranker/`, named after its
fingerprint, so that one can be written beside the one in use. The manifest
names the one that counts: replacing it is the change.
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
    """Give the index at `path` another reranker, or, for None, take away the one it has.

    `model` is the name or the folder of a cross-encoder (`export_reranker`), or
    another index, whose reranker is copied. Searches go on in the meantime,
    and use it from the next question on; a process that is killed on the way
    leaves the index as it was. Returns the reranker that the index has now.

    Raises NotAnIndexError, IndexLockedError where another process rebuilds the
    index, and EncoderError where the model cannot be found or used.
    """
    index = Path(path)
    Manifest.read(index)  # No lock is made in a folder that is no index.
    # Whoever replaces a manifest holds this one. A writer reads it, and need not wait.
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
    """Export a cross-encoder, or copy a reranker, into the folder of an index's parts.

    What stands there stays. Raises EncoderError where the model cannot be
    found or used, and BrokenIndexError where what is to be copied is damaged.
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
        # Opened, not only read: a copy can be of a damaged original.
        config = OnnxReranker.open(partial).config
        sync_tree(partial)
        if not _is_sound(place / config.folder):
            shutil.rmtree(place / config.folder, ignore_errors=True)
            partial.rename(place / config.folder)
            sync_tree(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):  # It is empty where nothing came of it.
            place.rmdir()
    return config


def copy_reranker(source: Path, manifest: Manifest, parts: Path) -> RerankerConfig | None:
    """Give a generation in `parts` the reranker of `manifest`, whose own parts are in `source`.

    Where its files are damaged, the model that it was made from may be at
    hand. Raises BrokenIndexError where it is not.
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
    """Return the folder of the reranker that `model` names: that folder, or an index that has one.

    None where it names a model.
    """
    folder = Path(model).expanduser()
    if not (folder / MANIFEST).is_file():
        return folder if is_exported(folder) else None
    manifest = Manifest.read(folder)
    if manifest.reranker is None:
        raise EncoderError(f"the index {model} has no reranker: name a cross-encoder")
    return manifest.parts(folder) / RERANKER / manifest.reranker.folder


def _is_sound(folder: Path) -> bool:
    try:
        OnnxReranker.open(folder)
    except BrokenIndexError:
        return False
    return True


def _remove_others(parts: Path, chosen: RerankerConfig | None) -> None:
    """Remove all rerankers but the chosen one; readers that have opened one keep it."""
    place = parts / RERANKER
    if chosen is None:
        shutil.rmtree(place, ignore_errors=True)
        return
    for folder in place.iterdir():
        if folder.name != chosen.folder:
            shutil.rmtree(folder, ignore_errors=True)
