"""Setting, removing and copying the reranker of an index.

Each reranker has its own folder in `reranker/`, named after the fingerprint of
its files. So a new reranker can be written beside the current one. The manifest
names the reranker in use. The change takes effect when the manifest is replaced.
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
    index. The reranker of another index is copied. The index can be searched meanwhile; a
    searcher uses the new reranker from its next question on. If the process is killed,
    the index keeps its old reranker. Return the configuration of the new reranker.

    Raises NotAnIndexError if there is no index at `path`, IndexLockedError if another
    process rebuilds it, and EncoderError if the model cannot be found or used.
    """
    index = Path(path)
    Manifest.read(index)  # Before the lock: no lock file is created outside an index.
    # All changes of a manifest need this lock. A writer only reads the manifest, so it does not
    # wait for this lock.
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
    """Export a cross-encoder, or copy a reranker, to the folder `parts` of an index.

    Other rerankers in this folder are kept. Return the configuration of the new reranker.
    Raises EncoderError if the model cannot be found or used, and BrokenIndexError if the
    reranker to copy is damaged.
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
        # Open the copy, instead of only reading its configuration: the original may be damaged.
        config = OnnxReranker.open(partial).config
        sync_tree(partial)
        if not _is_sound(place / config.folder):
            shutil.rmtree(place / config.folder, ignore_errors=True)
            partial.rename(place / config.folder)
            sync_tree(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):  # The folder is empty if the export failed.
            place.rmdir()
    return config


def copy_reranker(source: Path, manifest: Manifest, parts: Path) -> RerankerConfig | None:
    """Copy the reranker of `manifest` from the folder `source` to the folder `parts`.

    Both folders contain the parts of a generation. If the files of the reranker are
    damaged, export its model again. If that model is not available, raises
    BrokenIndexError.
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

    `model` can be that folder, or an index that has a reranker. Return None if it is the
    name or folder of a cross-encoder. Raises EncoderError if it is an index without a
    reranker.
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
    """Remove all rerankers except the chosen one.

    A reader can still use a removed reranker that it has open.
    """
    place = parts / RERANKER
    if chosen is None:
        shutil.rmtree(place, ignore_errors=True)
        return
    for folder in place.iterdir():
        if folder.name != chosen.folder:
            shutil.rmtree(folder, ignore_errors=True)
