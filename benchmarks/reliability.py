"""Compare scores with precision on judged sets; print Markdown, and draw a picture.

    .venv/bin/python benchmarks/reliability.py PICTURE NAME=INDEX,JUDGED[,QRELS[,GRADE]] ...

PICTURE is a PNG file to write; this needs `pip install matplotlib`. Each argument names a set:
an index, judged questions for `nutgraf evaluate`, and the least grade of a relevant paragraph, by
default 1. Questions without a relevant paragraph are not asked. The error is the mean difference
between score and precision, in ten bins of equal count. The error by chance is that of scores
which are exactly right: with 100 questions, precision in a bin of 10 is known only to about .1.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.search import Searcher
from nutgraf.search.evaluation import read_judged

MOST: Final = 400
"""Maximum number of questions per set."""

SEED: Final = 7
BINS: Final = 10
TRIALS: Final = 200

Values = NDArray[np.float64]


def main(arguments: list[str]) -> None:
    """Print one row per set, and draw the bins of first hits."""
    if len(arguments) < 2:
        sys.exit(__doc__)
    picture, *places = arguments
    drawn = {}
    print("| | questions | score | precision | error | by chance | first three | error |")
    print("|---|---|---|---|---|---|---|---|")
    for place in places:
        name, _, files = place.partition("=")
        scores, right = measure(*files.split(","))
        first, good = scores[:, 0], right[:, 0]
        shown = ~np.isnan(scores)
        drawn[name] = bins(first, good)
        cells = [
            f"{len(first):,}",
            *(f"{value:.2f}" for value in (first.mean(), good.mean())),
            *(f"{value:.3f}" for value in (error(first, good), by_chance(first))),
            f"{scores[shown].mean():.2f} / {right[shown].mean():.2f}",
            f"{error(scores[shown], right[shown]):.3f}",
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    draw(drawn, Path(picture))


def measure(index: str, judged: str, qrels: str | None = None, grade: str = "1") -> list[Values]:
    """Return the scores of the first three hits of each question, and if they are relevant.

    Both have the shape (questions, 3), with NaN for hits that are missing.
    """
    questions = [each for each in read_judged(judged, qrels) if any(map(is_paragraph, each.wanted))]
    if len(questions) > MOST:
        questions = random.Random(SEED).sample(questions, MOST)
    scores = np.full((len(questions), 3), np.nan)
    right = np.full((len(questions), 3), np.nan)
    with Searcher(index) as searcher:
        for at, question in enumerate(questions):
            for place, hit in enumerate(searcher.search(question.text, limit=3, min_score=0)):
                scores[at, place] = hit.score
                right[at, place] = question.relevant.get(hit.id, 0) >= int(grade)
    found = ~np.isnan(scores[:, 0])
    return [scores[found], right[found]]


def is_paragraph(name: str) -> bool:
    """Return whether a judged id means a paragraph, not a complete article."""
    return not name.endswith("#-1")


def bins(scores: Values, right: Values) -> list[tuple[float, float]]:
    """Return the mean score and the precision of ten bins of equal count."""
    order = np.argsort(scores, kind="stable")
    return [
        (float(scores[part].mean()), float(right[part].mean()))
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def error(scores: Values, right: Values) -> float:
    """Return the mean difference between score and precision over the bins."""
    return float(np.mean([abs(score - precision) for score, precision in bins(scores, right)]))


def by_chance(scores: Values) -> float:
    """Return the mean error if each hit is relevant with exactly its score."""
    drawn = np.random.default_rng(SEED)
    trials = (drawn.random(len(scores)) < scores for _ in range(TRIALS))
    return float(np.mean([error(scores, trial.astype(float)) for trial in trials]))


def draw(sets: dict[str, list[tuple[float, float]]], picture: Path) -> None:
    """Draw the precision of each bin over its mean score, one line per set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="dashed")
    for name, points in sets.items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, linewidth=1, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score of the first hit", ylabel="precision")
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1:])
