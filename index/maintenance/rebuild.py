"""Rebuilds: write the articles of an index to a new generation.

A generation is a complete set of the parts of an index. The manifest names the
generation in use, which is called the current one here. Compaction, repair and
a change of encoder are rebuilds. A backup (backup.py) does the same in another
folder.

The new generation is made by new_generation.py, and filled and put into use by
switch.py. It is written by `PartsWriter`, like any index. It contains the
articles of the current generation, without deleted and replaced articles.
Stored embeddings are reused, unless the encoder changes. Boilerplate is learned
again. A paragraph that was added as boilerplate has no stored embedding. If the
new generation does not treat it as boilerplate, the paragraph is encoded.

The new generation is built beside the current one, which can be searched and
written meanwhile. At the end, the rebuild takes the write lock, applies the
changes made since the rebuild began, and replaces the manifest. From then on,
readers and writers use the new generation. If the process is killed before the
manifest is replaced, the index is unchanged.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError, EncoderError, NutgrafError
from nutgraf.index.generations import check_no_links, remove_generation
from nutgraf.index.maintenance.new_generation import (
    find_unfinished,
    has_encoder_of,
    make_generation,
)
from nutgraf.index.maintenance.result import OnProgress, RebuildResult, no_progress, rebuild_result
from nutgraf.index.maintenance.source import RebuildSource, StoredEmbeddings
from nutgraf.index.maintenance.switch import fill_and_switch, writing
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.models.encoder.titled import ParagraphEncoder
from nutgraf.index.storage.layout import CATALOG, ENCODER, REBUILD_LOCK, generations, parts_folder
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.writing.parts import PartsWriter

__all__ = [
    "compact_index",
    "put_back_index",
    "rebuilding",
    "reindex",
    "renew",
    "repair_index",
]


def compact_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Remove deleted and replaced articles from every part of the index.

    Previous and unfinished generations are removed too. Afterwards, no file of the
    index contains the text of an article that was deleted before.

    Raises NotAnIndexError if there is no index at `path`, IndexLockedError if another
    process rebuilds or writes it, and BrokenIndexError if it must be repaired first.
    """
    index = Path(path)
    with rebuilding(index) as manifest, RebuildSource(manifest.parts(index), manifest) as source:
        if source.damaged_rows():
            raise BrokenIndexError(
                f"embeddings of {index} are damaged: run 'nutgraf repair', which also compacts it"
            )
        return renew(index, source, StoredEmbeddings(source), on_progress)


def repair_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Rebuild the keyword index, columns and suggestions, and damaged embeddings.

    Deleted and replaced articles are removed, as by `compact_index`. Raises
    BrokenIndexError if the catalog is damaged, because texts cannot be rebuilt. Raises
    EncoderError if the encoder is damaged and its model cannot be found.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        _repair_catalog(index, manifest)
        with RebuildSource(manifest.parts(index), manifest) as source:
            known = StoredEmbeddings(source, source.damaged_rows())
            return renew(index, source, known, on_progress)


def reindex(
    path: str | Path, model: str, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Encode every paragraph with another model, in a new generation.

    The old generation is kept, so that `put_back_index` can switch back to it. `model`
    has the same meaning as for `create_index`. If the process was killed or interrupted,
    call this function again with the same model to continue. To continue with a whoosh
    index, `trust` is required, because its files contain pickles.

    Raises NotAnIndexError if there is no index at `path`, IndexLockedError if another
    process rebuilds or writes it, and BrokenIndexError if it is damaged. Raises
    UntrustedIndexError if `trust` is required but not given. Raises EncoderError if the
    index already has that encoder or the model is not found.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        if has_encoder_of(manifest.encoder, model):
            raise EncoderError(
                f"{index} already has the encoder {manifest.encoder.name}: name another model"
            )
        with RebuildSource(manifest.parts(index), manifest) as source:
            generation = find_unfinished(index, manifest, model)
            if generation is not None:
                try:
                    return _take(index, source, generation, on_progress, trust=trust)
                except (BrokenIndexError, EncoderError):
                    # The generation of the earlier run is damaged: start again. If the index
                    # itself is damaged, the next attempt raises the error.
                    remove_generation(index, generation)
            generation, _ = make_generation(index, manifest, model)
            return _take(index, source, generation, on_progress, trust=True)


def put_back_index(
    path: str | Path, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Switch back to the encoder that the index had before the last `reindex`.

    Changes of articles since then are kept. The current generation is kept too, so a
    second call of this function switches to its encoder again.
    `trust` is required for a whoosh index, because its files contain pickles. Raises
    EncoderError if there is no previous generation, and the other errors of `reindex`.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        if manifest.previous is None:
            raise EncoderError(
                f"{index} keeps no other encoder: 'nutgraf reindex' keeps the previous one, and "
                "'nutgraf compact' and 'nutgraf repair' remove it"
            )
        with RebuildSource(manifest.parts(index), manifest) as source:
            return _take(index, source, manifest.previous, on_progress, trust=trust)


@contextmanager
def rebuilding(index: Path) -> Iterator[Manifest]:
    """Hold the rebuild lock and yield the manifest.

    No other process changes the manifest while the lock is held.
    """
    Manifest.read(index)  # Before the lock: no lock file is created outside an index.
    lock = WriteLock(index, REBUILD_LOCK)
    try:
        yield Manifest.read(index)
    finally:
        lock.release()


def _repair_catalog(index: Path, manifest: Manifest) -> None:
    """Rebuild the SQLite indexes of the catalog if SQLite reports damage.

    Its tables may be undamaged.
    """
    # Other damage raises an error later, when the catalog is read.
    with (
        writing(index),
        suppress(NutgrafError),
        closing(UncheckedCatalog.open(manifest.parts(index) / CATALOG, writing=True)) as catalog,
    ):
        if catalog.complaints(1):
            catalog.rebuild_indexes()


def renew(
    index: Path, source: RebuildSource, known: StoredEmbeddings, on_progress: OnProgress
) -> RebuildResult:
    """Build a new generation with the encoder that the index has now.

    Then delete all other generations.
    """
    manifest = source.manifest
    for generation in generations(index):
        check_no_links(index, generation)
        if generation not in (manifest.generation, manifest.previous):
            remove_generation(index, generation)
    try:
        generation, encoder = make_generation(index, manifest, str(source.folder / ENCODER))
    except (BrokenIndexError, EncoderError):
        # The encoder's files are damaged. Its model may be available.
        generation, encoder = make_generation(index, manifest, manifest.encoder.name)
    same = encoder.embeds_like(manifest.encoder)
    target = replace(manifest, encoder=encoder, generation=generation, previous=None)
    try:
        with closing(_open_parts(index, target, known if same else None, trust=True)) as writer:
            last, sequence = fill_and_switch(index, source, target, writer, on_progress)
            return rebuild_result(last, known.encoded if same else writer.encoded, sequence)
    except BaseException:
        # No later run continues the new generation, and its files may have filled the disk.
        if Manifest.read(index).generation != generation:
            shutil.rmtree(parts_folder(index, generation), ignore_errors=True)
        raise


def _take(
    index: Path, source: RebuildSource, generation: int, on_progress: OnProgress, *, trust: bool
) -> RebuildResult:
    """Update a generation with another encoder, and switch to it.

    The current generation is kept as the previous one.
    """
    manifest = source.manifest
    encoder = EncoderConfig.read(parts_folder(index, generation) / ENCODER)
    target = replace(manifest, encoder=encoder, generation=generation, previous=manifest.generation)
    with closing(_open_parts(index, target, None, trust=trust)) as writer:
        try:
            last, sequence = fill_and_switch(index, source, target, writer, on_progress)
        except KeyboardInterrupt:
            if not writer.failed:
                writer.commit()  # Keep the embeddings made so far.
            raise
        return rebuild_result(last, writer.encoded, sequence)


def _open_parts(
    index: Path, target: Manifest, encoder: ParagraphEncoder | None, *, trust: bool
) -> PartsWriter:
    return PartsWriter(target.parts(index), target, trust=trust, encoder=encoder)
