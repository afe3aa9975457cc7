"""Making an empty index."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from nutgraf.index import keywords
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.errors import NotAnIndexError
from nutgraf.index.keywords import Engine
from nutgraf.index.maintenance.reranker import make_reranker
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import (
    DEFAULT_MODEL,
    EncoderConfig,
    OnnxEncoder,
    export_encoder,
    find_model,
    is_exported,
)
from nutgraf.index.storage.files import copy_files, sync, sync_tree
from nutgraf.index.storage.layout import CATALOG, ENCODER, KEYWORDS, MANIFEST, RERANKER, VECTORS

__all__ = ["create_index", "exported_encoder", "make_encoder", "make_parts"]


def create_index(
    path: str | Path,
    *,
    model: str = DEFAULT_MODEL,
    reranker: str | None = None,
    keyword_engine: Engine = "tantivy",
    language: str = "en",
    keep_boilerplate: bool = False,
) -> None:
    """Make an empty index at `path`, which must not exist or be an empty folder.

    `model` is the name or the folder of a sentence-transformers model, or
    another index, whose encoder is copied, or a folder that holds an encoder
    which was exported before. `reranker` is the name or the folder of a
    cross-encoder, another index that has one, or None for none (see
    `set_reranker`, which gives an index one later). Boilerplate (analysis/boilerplate.py)
    is left out of the rankings unless the index is to `keep_boilerplate`. The
    index appears whole or not at all.

    Raises NotAnIndexError where something else is at `path`, EncoderError
    where a model cannot be found or used.
    """
    index = Path(path).resolve()
    if index.exists() and (not index.is_dir() or any(index.iterdir())):
        raise NotAnIndexError(
            f"{path} exists and is not an empty folder: name another place for the index"
        )
    index.parent.mkdir(parents=True, exist_ok=True)
    # Inside a folder that is there: it may be a mount, out of which nothing can be renamed.
    place = index if index.exists() else index.parent
    partial = Path(tempfile.mkdtemp(prefix=f".{index.name}.", dir=place))
    try:
        encoder = make_encoder(model, partial / ENCODER)
        chosen = None if reranker is None else make_reranker(reranker, partial)
        make_parts(partial, keyword_engine)
        manifest = Manifest.new(
            language, keyword_engine, encoder, chosen, keep_boilerplate=keep_boilerplate
        )
        manifest.write(partial)
        sync_tree(partial)
        _move(partial, index)
        sync(index)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def make_parts(folder: Path, engine: Engine) -> None:
    """Make the parts of a generation, all but its encoder: empty, in `folder`."""
    Catalog.create(folder / CATALOG)
    (folder / VECTORS).touch()
    keywords.create(folder / KEYWORDS, engine)


def exported_encoder(model: str) -> Path | None:
    """Return the folder of the exported encoder that `model` names, None if it names none.

    It may be that folder, or an index: then it is the encoder in use there.
    """
    folder = Path(model)
    if (folder / MANIFEST).is_file():
        return Manifest.read(folder).parts(folder) / ENCODER
    return folder if is_exported(folder) else None


def make_encoder(model: str, destination: Path) -> EncoderConfig:
    """Export a model, or copy an encoder that was exported before; return what it is.

    Raises EncoderError where the model cannot be found or used, and
    BrokenIndexError where the exported encoder is damaged.
    """
    exported = exported_encoder(model)
    if exported is not None:
        copy_files(exported, destination)
    else:
        export_encoder(find_model(model), model, destination)
    # Opened, not only read: a copy can be of a damaged original.
    return OnnxEncoder.open(destination).config


def _move(partial: Path, index: Path) -> None:
    """Put the parts where the index is to be, the manifest last: it makes a folder an index."""
    moved = []
    try:
        index.mkdir(exist_ok=True)
        if any(child != partial for child in index.iterdir()):
            raise FileExistsError
        for name in (ENCODER, RERANKER, KEYWORDS, VECTORS, CATALOG, MANIFEST):
            if (partial / name).exists():
                (partial / name).rename(index / name)
                moved.append(name)
    except OSError as error:
        for name in moved:
            (index / name).rename(partial / name)
        if error.errno not in (None, errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise NotAnIndexError(
            f"{index} was made by somebody else in the meantime: use it, or name another place"
        ) from None
