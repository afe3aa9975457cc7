"""Compare weights of the fusion on several judged sets; print nDCG@10 as Markdown.

    .venv/bin/python benchmarks/relevance.py NAME=INDEX,JUDGED[,QRELS] ...

Each argument names a set: an index, and judged questions for `nutgraf evaluate`. Use at
least 4 sets to choose a value: a gain on one set often comes only from the nature of that set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from nutgraf.index import IndexSnapshot
from nutgraf.search.evaluation import evaluate, ranker, read_judged

WEIGHTS: Final = (0.2, 0.3, 0.35, 0.4, 0.5)

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "keyword": {"mode": "keyword"},
    "semantic": {"mode": "semantic"},
    "rrf": {"fusion": "rrf"},
    **{f"convex, weight {weight:g}": {"weight": weight} for weight in WEIGHTS},
    "convex, weight by question (hybrid)": {},
}


def main(arguments: list[str]) -> None:
    """Print one row per setting, and one column per set and for the mean of all sets."""
    if not arguments:
        sys.exit(__doc__)
    names, columns = [], []
    for argument in arguments:
        name, _, places = argument.partition("=")
        names.append(name)
        columns.append(measure(*map(Path, places.split(","))))
    print(f"| | {' | '.join(names)} | mean |\n|---|{'---|' * (len(names) + 1)}")
    for setting, row in zip(SETTINGS, np.array(columns).T, strict=True):
        cells = " | ".join(f"{value:.3f}" for value in row)
        print(f"| {setting} | {cells} | {row.mean():.3f} |")


def measure(index: Path, judged: Path, qrels: Path | None = None) -> list[float]:
    """Return nDCG@10 of each setting on a judged set."""
    with IndexSnapshot.open(index) as snapshot:
        snapshot.warm()
        systems = {name: ranker(snapshot, **options) for name, options in SETTINGS.items()}
        found = evaluate(systems, read_judged(judged, qrels), threads=2)
    return [system.measures["nDCG@10"].mean for system in found.systems]


if __name__ == "__main__":
    main(sys.argv[1:])
