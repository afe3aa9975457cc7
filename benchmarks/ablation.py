"""Measure nDCG@10 without single parts of the ranking; print Markdown.

    .venv/bin/python benchmarks/ablation.py NAME=ARTICLES,JUDGED[,QRELS] ...

Each argument names a set: articles for `nutgraf index`, and judged questions for `nutgraf
evaluate`. Each variant has its own index in a temporary folder. Texts are encoded once for all
variants.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.sources import read_sources
from nutgraf.search.evaluation import JudgedQuestion, evaluate, ranker, read_judged

MOST: Final = 200
"""Maximum number of questions per set."""

MODES: Final[dict[str, dict[str, Any]]] = {
    "keyword": {"mode": "keyword", "min_score": 0},
    "semantic": {"mode": "semantic", "min_score": 0},
    "hybrid": {"min_score": 0},
}

Patches = dict[str, Any]

VARIANTS: Final[dict[str, tuple[Patches, dict[str, Any]]]] = {
    "all parts": ({}, {}),
    "without titles for the encoder": (
        {"nutgraf.index.models.encoder.titled.TITLE_SHARE": 0.0},
        {},
    ),
    "titles count as much as texts": (
        {
            "nutgraf.search.query.clauses.tree_reader.FIELD_BOOSTS": {"text": 1.0, "title": 1.0},
            "nutgraf.search.query.proximity.FIELD_BOOSTS": {"text": 1.0, "title": 1.0},
        },
        {},
    ),
    "without titles for keywords": (
        {
            "nutgraf.search.query.clauses.tree_reader.FIELD_BOOSTS": {"text": 1.0},
            "nutgraf.search.query.proximity.FIELD_BOOSTS": {"text": 1.0},
        },
        {},
    ),
    "without proximity": ({"nutgraf.search.query.proximity.MAX_PAIRS": 0}, {}),
    "lengths as in BM25 (b .75)": (
        {
            "nutgraf.index.keywords.entries._TEXT_FILL": (),
            "nutgraf.index.keywords.entries._TITLE_FILL": (),
        },
        {},
    ),
    "stop words count": ({"nutgraf.index.analysis.analyzer.stop_words": lambda _: frozenset()}, {}),
    "weight .35 for all questions": ({}, {"weight": 0.35}),
    "rrf": ({}, {"fusion": "rrf"}),
    "no parts, weight .4": (
        {
            "nutgraf.index.models.encoder.titled.TITLE_SHARE": 0.0,
            "nutgraf.search.query.clauses.tree_reader.FIELD_BOOSTS": {"text": 1.0, "title": 1.0},
            "nutgraf.search.query.proximity.MAX_PAIRS": 0,
            "nutgraf.index.keywords.entries._TEXT_FILL": (),
            "nutgraf.index.keywords.entries._TITLE_FILL": (),
        },
        {"weight": 0.4},
    ),
}


def main(arguments: list[str]) -> None:
    """Print one row per variant and mode, and one column per set."""
    if not arguments:
        sys.exit(__doc__)
    names = [argument.partition("=")[0] for argument in arguments]
    columns = []
    for argument in arguments:
        columns.append(measure(*argument.partition("=")[2].split(",")))
    print(f"| | {' | '.join(names)} | mean |\n|---|{'---|' * (len(names) + 1)}")
    for name in columns[0]:
        row = [column[name] for column in columns]
        print(f"| {name} | {' | '.join(f'{one:.3f}' for one in row)} | {np.mean(row):.3f} |")


def measure(articles: str, judged: str, qrels: str | None = None) -> dict[str, float]:
    """Return nDCG@10 on a judged set by variant and mode."""
    taken = [item for item in read_sources([articles]) if isinstance(item, Article)]
    questions = some(read_judged(judged, qrels))
    found = {}
    known: dict[str, NDArray[np.float32]] = {}
    with tempfile.TemporaryDirectory() as folder, remembering(known):
        encoder = Path(folder) / "first.index"
        create_index(encoder)
        for number, (variant, (patches, settings)) in enumerate(VARIANTS.items()):
            with ExitStack() as patched:
                for target, value in patches.items():
                    patched.enter_context(patch(target, value))
                index = Path(folder) / f"{number}.index"
                create_index(index, model=str(encoder))
                with IndexWriter(index) as writer:
                    for article in taken:
                        writer.put(article)
                for mode, values in ask(index, questions, settings).items():
                    if mode == "hybrid" or variant in ("all parts", "no parts, weight .4"):
                        found[f"{variant}: {mode}"] = values
            print(f"{articles}: {variant}", file=sys.stderr)
    return found


def ask(
    index: Path, questions: Sequence[JudgedQuestion], settings: dict[str, Any]
) -> dict[str, float]:
    """Return nDCG@10 of each mode."""
    with IndexSnapshot.open(index) as snapshot:
        snapshot.warm()
        systems = {
            name: ranker(snapshot, **mode, **(settings if name == "hybrid" else {}))
            for name, mode in MODES.items()
        }
        done = evaluate(systems, questions, threads=2)
    return {system.name: system.measures["nDCG@10"].mean for system in done.systems}


def some(questions: list[JudgedQuestion]) -> list[JudgedQuestion]:
    """Return up to MOST questions that have an answer, evenly spread over the set."""
    wanted = [question for question in questions if question.wanted]
    places = np.linspace(0, len(wanted) - 1, min(MOST, len(wanted))).round().astype(int)
    return [wanted[at] for at in places]


@contextmanager
def remembering(known: dict[str, NDArray[np.float32]]) -> Iterator[None]:
    """Make the encoder cache the embedding of each text in `known`."""
    encode = OnnxEncoder.encode_paragraphs

    def encode_new(self: OnnxEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encode(self, new), strict=True))
        return np.stack([known[text] for text in texts])

    with patch.object(OnnxEncoder, "encode_paragraphs", encode_new):
        yield


if __name__ == "__main__":
    main(sys.argv[1:])
