"""The reranker of an index: set, removed, used by readers and copied by rebuilds."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from nutgraf.index import (
    Article,
    IndexSnapshot,
    IndexWriter,
    back_up_index,
    compact_index,
    create_index,
    put_back_index,
    reindex,
    repair_index,
    set_reranker,
    verify_index,
)
from nutgraf.index.errors import BrokenIndexError, EncoderError, IndexLockedError, NotAnIndexError
from nutgraf.index.manifest import Manifest
from nutgraf.index.storage.layout import REBUILD_LOCK
from nutgraf.index.storage.lock import WriteLock
from nutgraf.search import Searcher

ARTICLES = [
    Article("ferry", "A strike", ("The ferry stayed in the harbour.", "Nobody was hurt.")),
    Article("bread", "Prices", ("Bread costs more since the harvest.",)),
]


@pytest.fixture
def index(engine, tmp_path, tiny_encoder):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(path, trust=True) as writer:
        for article in ARTICLES:
            writer.put(article)
    return path


def works(path, config=None):
    """Tell whether an index has a reranker that works and is `config`, if given."""
    with IndexSnapshot.open(path, trust=True) as snapshot:
        if snapshot.reranker is None:
            return False
        assert config in (None, snapshot.manifest.reranker)
        right, wrong = snapshot.reranker.logits("harvest", ["harvest", "harbour"])
        return right > wrong


def folders(path):
    place = Manifest.read(path).parts(path) / "reranker"
    return [folder.name for folder in place.iterdir()] if place.exists() else []


def other(tiny_reranker, tmp_path):
    """Return another working reranker: its vocabulary has one more word."""
    folder = tmp_path / "other"
    shutil.copytree(tiny_reranker, folder)
    tokenizer = folder / "tokenizer.json"
    content = tokenizer.read_text().replace('"[PAD]":0,', '"[PAD]":0,"unheardof":99999,', 1)
    if content == tokenizer.read_text():
        content = content.replace('"[PAD]": 0,', '"[PAD]": 0, "unheardof": 99999,', 1)
    assert content != tokenizer.read_text()
    tokenizer.write_text(content)
    return folder


def test_index_has_a_reranker_only_after_it_is_set(index, tiny_reranker, tmp_path, tiny_encoder):
    assert not works(index)
    config = set_reranker(index, str(tiny_reranker))
    assert works(index, config)
    assert verify_index(index, trust=True).clean
    made = tmp_path / "made.index"
    create_index(made, model=str(tiny_encoder), reranker=str(index))
    assert works(made, config)
    assert set_reranker(index, None) is None
    assert not works(index)
    assert folders(index) == []
    assert set_reranker(index, str(made)) == config
    assert works(index, config)


def test_new_reranker_replaces_the_old_one(index, tiny_reranker, tmp_path):
    first = set_reranker(index, str(tiny_reranker))
    second = set_reranker(index, str(other(tiny_reranker, tmp_path)))
    assert first.sha256 != second.sha256
    assert folders(index) == [second.folder]
    assert works(index, second)
    # A model that is not found changes nothing.
    with pytest.raises(EncoderError):
        set_reranker(index, str(tmp_path / "no" / "such" / "model"))
    assert folders(index) == [second.folder]
    assert works(index, second)


def test_unfinished_rerankers_are_ignored_and_removed(index, tiny_reranker, tmp_path):
    config = set_reranker(index, str(tiny_reranker))
    # As after a kill before the manifest is replaced: one complete and one partial reranker more.
    place = index / "reranker"
    shutil.copytree(place / config.folder, place / "0123456789ab")
    shutil.copytree(place / config.folder, place / "new.partial")
    assert works(index, config)
    found = verify_index(index, trust=True)
    assert found.clean
    assert found.leftovers == ("reranker/new.partial",)
    set_reranker(index, str(tiny_reranker))
    assert folders(index) == [config.folder]


def test_rebuilds_and_backups_copy_the_reranker(index, tiny_reranker, tmp_path, encoder_folder):
    config = set_reranker(index, str(tiny_reranker))
    compact_index(index)
    assert works(index, config)
    repair_index(index)
    assert works(index, config)
    back_up_index(index, tmp_path / "copy.index")
    assert works(tmp_path / "copy.index", config)
    reindex(index, str(encoder_folder))
    assert works(index, config)
    # put_back_index keeps the current reranker, not that of the previous generation.
    second = set_reranker(index, str(other(tiny_reranker, tmp_path)))
    put_back_index(index, trust=True)
    assert works(index, second)
    assert folders(index) == [second.folder]
    set_reranker(index, None)
    put_back_index(index, trust=True)
    assert not works(index)
    assert folders(index) == []
    for path in (index, tmp_path / "copy.index"):
        assert verify_index(path, trust=True).clean


def test_damaged_reranker_is_reported_and_repaired(index, tiny_reranker, tmp_path):
    config = set_reranker(index, str(tiny_reranker))
    model = index / "reranker" / config.folder / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    (finding,) = verify_index(index, trust=True).findings
    assert finding.part == "reranker"
    assert "nutgraf reranker NAME" in finding.remedy
    with pytest.raises(BrokenIndexError):
        works(index)
    # Searches without reranking still work.
    with Searcher(index, trust=True) as searcher:
        assert searcher.search("ferry").hits
    repair_index(index)  # Its model is still available.
    assert works(index, config)
    shutil.rmtree(Manifest.read(index).parts(index) / "reranker")
    set_reranker(index, str(tiny_reranker))
    assert works(index, config)


def test_damaged_reranker_without_its_model_is_reported_with_a_remedy(
    index, tiny_reranker, tmp_path
):
    model = tmp_path / "model"
    shutil.copytree(tiny_reranker, model)
    set_reranker(index, str(model))
    shutil.rmtree(model)
    shutil.rmtree(index / "reranker")
    with pytest.raises(BrokenIndexError, match="nutgraf reranker --remove"):
        repair_index(index)
    with pytest.raises(BrokenIndexError, match="nutgraf reranker --remove"):
        back_up_index(index, tmp_path / "copy.index")
    set_reranker(index, None)
    repair_index(index)
    assert verify_index(index, trust=True).clean


def test_new_snapshot_opens_the_new_reranker_and_shares_other_parts(index, tiny_reranker):
    with IndexSnapshot.open(index, trust=True) as first:
        first.warm()
        set_reranker(index, str(tiny_reranker))
        with first.successor() as second:
            assert second.reranker is not None
            assert second.encoder is first.encoder
            assert second.vectors.scores is not None
            assert vars(second).keys() >= {"reranker", "vectors", "encoder", "columns"}
            with IndexWriter(index, trust=True) as writer:
                writer.put(Article("new", "News", ("It rained.",)))
            with second.successor() as third:
                assert third.reranker is second.reranker  # With its cache.
    with Searcher(index, trust=True) as searcher:
        assert searcher.statistics().reranker == tiny_reranker.name


def test_set_reranker_ignores_a_writer_but_not_a_rebuild(index, tiny_reranker, tmp_path):
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article("new", "News", ("It rained.",)))
        set_reranker(index, str(tiny_reranker))
    assert works(index)
    lock = WriteLock(index, REBUILD_LOCK)
    with pytest.raises(IndexLockedError):
        set_reranker(index, None)
    lock.release()
    with pytest.raises(NotAnIndexError):
        set_reranker(tmp_path, str(tiny_reranker))
    assert list(tmp_path.glob("*.lock")) == []


def test_index_without_a_reranker_is_refused_as_model(index, tmp_path, tiny_encoder):
    with pytest.raises(EncoderError, match="has no reranker to copy"):
        set_reranker(index, str(index))
    with pytest.raises(EncoderError, match="has no reranker to copy"):
        create_index(tmp_path / "b.index", model=str(tiny_encoder), reranker=str(index))
    assert not (tmp_path / "b.index").exists()


def test_searches_continue_while_the_reranker_changes(index, tiny_reranker, tmp_path):
    second = other(tiny_reranker, tmp_path)
    set_reranker(index, str(tiny_reranker))
    stop = threading.Event()

    def ask():
        with Searcher(index, trust=True) as searcher:
            while not stop.is_set():
                assert searcher.search("the ferry", rerank=True, mode="keyword").hits
        return True

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        for model in (second, tiny_reranker, second, tiny_reranker):
            set_reranker(index, str(model))
        stop.set()
        assert asked.result()
