"""Creation of an empty index."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from nutgraf.index import keywords
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.errors import NotAnIndexError, UserError
from nutgraf.index.fields.declared import with_fields
from nutgraf.index.keywords import Engine
from nutgraf.index.maintenance.reranker import make_reranker
from nutgraf.index.manifest import LEAD, Manifest
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
    fields: Mapping[str, str] = MappingProxyType({}),
    lead: float = LEAD,
) -> None:
    """Create an empty index at `path`, which must be missing or an empty folder.

    `model` is the name or folder of a sentence-transformers model, a folder with an
    exported encoder, or another index. The encoder of another index is copied. `reranker`
    is the name or folder of a cross-encoder, another index that has a reranker, or None.
    `set_reranker` can set the reranker later. Boilerplate (analysis/boilerplate.py) is
    excluded from rankings unless `keep_boilerplate` is true. `fields` declares fields
    by name and kind, such as {"topic": "keyword"}; the kinds are "keyword", "keyword[]",
    "number" and "date". `declare_fields` can declare more later. `lead`, 0 to 1, is the
    bonus of the first paragraph of an article in the ranking; a request can name another
    one. The index is created atomically.

    Raises UserError if a field or `lead` is invalid. Raises NotAnIndexError if `path` is a file or
    a folder that is not empty, and EncoderError if a model cannot be found or used.
    """
    declared = with_fields({}, fields)
    if not 0 <= lead <= 1:  # This is also true for NaN.
        raise UserError(f"lead is {lead}: give a number from 0 to 1")
    index = Path(path).resolve()
    if index.exists() and (not index.is_dir() or any(index.iterdir())):
        raise NotAnIndexError(
            f"{path} already exists and is not an empty folder: name another path for the index"
        )
    index.parent.mkdir(parents=True, exist_ok=True)
    # Work inside an existing folder: it may be a mount, and renaming across mounts fails.
    place = index if index.exists() else index.parent
    partial = Path(tempfile.mkdtemp(prefix=f".{index.name}.", dir=place))
    try:
        encoder = make_encoder(model, partial / ENCODER)
        chosen = None if reranker is None else make_reranker(reranker, partial)
        make_parts(partial, keyword_engine)
        manifest = Manifest.new(
            language,
            keyword_engine,
            encoder,
            chosen,
            keep_boilerplate=keep_boilerplate,
            fields=declared,
            lead=lead,
        )
        manifest.write(partial)
        sync_tree(partial)
        _move(partial, index)
        sync(index)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def make_parts(folder: Path, engine: Engine) -> None:
    """Create an empty catalog, rows.i8 and keyword index in `folder`."""
    Catalog.create(folder / CATALOG)
    (folder / VECTORS).touch()
    keywords.create(folder / KEYWORDS, engine)


def exported_encoder(model: str) -> Path | None:
    """Return the folder of the exported encoder named by `model`, or None.

    `model` can be that folder, or an index that uses the encoder. Return None for
    the name or folder of a model that is not exported.
    """
    folder = Path(model)
    if (folder / MANIFEST).is_file():
        return Manifest.read(folder).parts(folder) / ENCODER
    return folder if is_exported(folder) else None


def make_encoder(model: str, destination: Path) -> EncoderConfig:
    """Export a model, or copy an exported encoder, to the folder `destination`.

    Return the configuration of the new encoder. Raises EncoderError if the model cannot
    be found or used, and BrokenIndexError if the exported encoder is damaged.
    """
    exported = exported_encoder(model)
    if exported is not None:
        copy_files(exported, destination)
    else:
        export_encoder(find_model(model), model, destination)
    # Open the copy, instead of only reading its configuration: the original may be damaged.
    return OnnxEncoder.open(destination).config


def _move(partial: Path, index: Path) -> None:
    """Move the parts to the index folder.

    The manifest is moved last, because a folder with a manifest is an index. Raises
    NotAnIndexError if another process has created files in the folder.
    """
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
            f"{index} was created by another process in the meantime: use that index, or name "
            "another path"
        ) from None
