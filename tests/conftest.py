"""What more than one folder of tests needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.encoder import DEFAULT_MODEL, export_encoder, find_model
from nutgraf.index.encoder.config import fingerprint
from nutgraf.index.keywords import Engine
from nutgraf.index.sources import read_sources


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the default model, exported; to be read only."""
    folder = tmp_path_factory.mktemp("session") / "encoder"
    export_encoder(find_model(DEFAULT_MODEL), DEFAULT_MODEL, folder)
    return folder


@pytest.fixture(scope="session")
def encoder_without_words(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    """The same as it was exported before there were vectors of words; to be read only."""
    folder = tmp_path_factory.mktemp("session") / "older"
    shutil.copytree(encoder_folder, folder)
    (folder / "words.npy").unlink()
    files = ((folder / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps({**config, "sha256": fingerprint(*files)}))
    return folder


@pytest.fixture(scope="session")
def tiny_encoder() -> Path:
    """A folder with a random encoder: the same text has the same embedding, and no other does.

    For tests in which meaning does not matter: it is opened and asked in no time.
    """
    return Path(__file__).parent / "golden" / "format-1.index" / "encoder"


ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds" / "articles"


@pytest.fixture(scope="session", params=["tantivy", "whoosh"])
def either_index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path
) -> Path:
    """An index of the sample articles by each keyword engine; to be read only."""
    return make_seeds_index(tmp_path_factory.mktemp("seeds"), encoder_folder, request.param)


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    """An index of the sample articles by tantivy; to be read only."""
    return make_seeds_index(tmp_path_factory.mktemp("seeds"), encoder_folder, "tantivy")


def make_seeds_index(folder: Path, encoder: Path, engine: Engine) -> Path:
    """Index the sample articles, as `nutgraf index` does."""
    index = folder / "seeds.index"
    create_index(index, model=str(encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        for item in read_sources([str(SEEDS)]):
            assert isinstance(item, Article), item
            writer.put(item)
    return index
