"""Making an empty index."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from nutgraf.index import keywords
from nutgraf.index.catalog import Catalog
from nutgraf.index.encoder import (
    DEFAULT_MODEL,
    EncoderConfig,
    OnnxEncoder,
    export_encoder,
    find_model,
    is_exported,
)
from nutgraf.index.errors import NotAnIndexError
from nutgraf.index.keywords import Engine
from nutgraf.index.layout import CATALOG, ENCODER, KEYWORDS, MANIFEST, VECTORS
from nutgraf.index.manifest import Manifest

__all__ = ["create_index"]


def create_index(
    path: str | Path,
    *,
    model: str = DEFAULT_MODEL,
    keyword_engine: Engine = "tantivy",
    language: str = "en",
) -> None:
    """Make an empty index at `path`, which must not exist or be an empty folder.

    `model` is the name or the folder of a sentence-transformers model, or a
    folder that holds an encoder which was exported before (the folder
    `encoder` of another index). The index appears whole or not at all.

    Raises NotAnIndexError where something else is at `path`, EncoderError
    where the model cannot be found or used.
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
        encoder = _make_encoder(model, partial / ENCODER)
        Catalog.create(partial / CATALOG)
        (partial / VECTORS).touch()
        keywords.create(partial / KEYWORDS, keyword_engine)
        Manifest.new(language, keyword_engine, encoder).write(partial)
        _move(partial, index)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _move(partial: Path, index: Path) -> None:
    """Put the parts where the index is to be, the manifest last: it makes a folder an index."""
    try:
        index.mkdir(exist_ok=True)
        if any(child != partial for child in index.iterdir()):
            raise FileExistsError
        for name in (ENCODER, KEYWORDS, VECTORS, CATALOG, MANIFEST):
            (partial / name).rename(index / name)
    except FileExistsError:
        raise NotAnIndexError(
            f"{index} was made by somebody else in the meantime: use it, or name another place"
        ) from None


def _make_encoder(model: str, destination: Path) -> EncoderConfig:
    if is_exported(Path(model)):
        shutil.copytree(model, destination)
    else:
        export_encoder(find_model(model), model, destination)
    # Opened, not only read: a copy can be of a damaged original.
    return OnnxEncoder.open(destination).config
