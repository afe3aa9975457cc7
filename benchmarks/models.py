"""Compare what the models of docs/models.md cost; print Markdown.

    python benchmarks/models.py

The time of a model depends on its shape, not on its weights. So each model is built with random
weights in its published shape, exported like a real one, and run on the same paragraphs or pairs
with the tokenizer of the default model. The models take turns, so that other load on the machine
slows down all of them. Times are CPU time on one thread, as a ratio to the first model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

from nutgraf.index.models.encoder import DEFAULT_MODEL, find_model
from nutgraf.index.models.modules import join
from nutgraf.index.models.onnx_graph import ATTENTION, INPUTS, optimise, quantise, trace
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.reranker.export import TOKENS
from nutgraf.index.models.reranker.samples import PAIRS, UNRELATED_PAIRS
from nutgraf.index.models.samples import SAMPLES
from nutgraf.index.models.session import inputs_of, open_session
from nutgraf.index.vectors.records import record_type

ROUNDS: Final = 5
LIMIT: Final = 256
"""The tokens of a paragraph that are read; some models can read more."""

VOCABULARY: Final = 30_522

Shape = Mapping[str, int]
Model = tuple[str, Shape, int]
"""The kind of a model, its shape, and the length of its output."""

MINI: Final = {"vocab_size": VOCABULARY, "hidden_size": 384, "num_attention_heads": 12}
SIX: Final = {**MINI, "num_hidden_layers": 6, "intermediate_size": 1536}
TWELVE: Final = {**SIX, "num_hidden_layers": 12}
MODERN: Final = {"vocab_size": 50_368, "hidden_size": 384, "num_attention_heads": 12,
                 "num_hidden_layers": 12, "intermediate_size": 1536}  # fmt: skip
ETTIN: Final = {**MODERN, "hidden_size": 256, "num_attention_heads": 4, "num_hidden_layers": 7,
                "intermediate_size": 384}  # fmt: skip

ENCODERS: Final[dict[str, Model]] = {
    "all-MiniLM-L6-v2": ("Bert", SIX, 384),
    "mdbr-leaf-ir": ("Bert", SIX, 768),
    "snowflake-arctic-embed-xs": ("Bert", SIX, 384),
    "snowflake-arctic-embed-s": ("Bert", TWELVE, 384),
    "bge-small-en-v1.5": ("Bert", TWELVE, 384),
    "granite-embedding-small-english-r2": ("ModernBert", MODERN, 384),
    "multilingual-e5-small": ("Bert", {**TWELVE, "vocab_size": 250_037}, 384),
}
RERANKERS: Final[dict[str, Model]] = {
    "ms-marco-MiniLM-L6-v2": ("Bert", SIX, 1),
    "ms-marco-MiniLM-L12-v2": ("Bert", TWELVE, 1),
    "ettin-reranker-17m-v1": ("ModernBert", ETTIN, 1),
}


def main() -> None:
    """Print one table for encoders and one for rerankers."""
    pairs = PAIRS + UNRELATED_PAIRS
    with quiet():
        tokenizer = opened_tokenizer()
        tokenizer.enable_truncation(LIMIT)
        compare("encoder", ENCODERS, [tokenizer.encode(text) for text in SAMPLES])
        tokenizer.enable_truncation(TOKENS)
        compare("reranker", RERANKERS, [tokenizer.encode(*pair) for pair in pairs])


def compare(what: str, models: Mapping[str, Model], given: Sequence[Any]) -> None:
    """Print the table of some models, which run on the same tokens."""
    print(f"| {what} | MB | time | bytes a row |\n|---|---|---|---|")
    graphs = {name: graph(*model) for name, model in models.items()}
    spent = take_turns({name: runner(one, given) for name, one in graphs.items()})
    first = next(iter(spent.values()))
    for name, (_, _, size) in models.items():
        row = f"{record_type(size).itemsize:,}" if size > 1 else ""
        print(f"| {name} | {len(graphs[name]) / 1e6:.0f} | {spent[name] / first:.1f} | {row} |")


def opened_tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(find_model(DEFAULT_MODEL) / "tokenizer.json"))
    tokenizer.no_padding()
    return tokenizer


def graph(kind: str, shape: Shape, size: int) -> bytes:
    """Return the int8 graph of a model with random weights.

    `size` is the length of its output.
    """
    import torch
    import transformers
    from sentence_transformers import models

    config = getattr(transformers, f"{kind}Config")(**shape, attn_implementation=ATTENTION)
    transformer = getattr(transformers, f"{kind}Model")(config).eval()
    # `join` takes modules of sentence-transformers: a transformer, pooling, and any others.
    modules: list[Any] = [SimpleNamespace(auto_model=transformer), None]
    if size != shape["hidden_size"]:
        modules.append(models.Dense(shape["hidden_size"], size))
    inputs = INPUTS if kind == "Bert" else INPUTS[:2]
    pooling = "mean" if size > 1 else "cls"
    whole = join(modules, inputs, pooling, itemgetter("sentence_embedding"))
    ids = torch.ones((2, 8), dtype=torch.long)
    return optimise(quantise(trace(whole, dict.fromkeys(inputs, ids), "output")))


def runner(content: bytes, given: Sequence[Any]) -> Callable[[], None]:
    session = open_session(content)
    names = [node.name for node in session.get_inputs()]
    fed = [inputs_of(one, names) for one in given]

    def run() -> None:
        for one in fed:
            session.run(None, one)

    return run


def take_turns(runners: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    """Return the median CPU time of each runner, after a round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS + 1):
        for name, run in runners.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: median(found[1:]) for name, found in times.items()}


if __name__ == "__main__":
    main()
