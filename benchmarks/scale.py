"""Measure Nutgraf and its peers at one size; write figures and tables.

    python benchmarks/scale.py [--size 100000] [--articles FOLDER] [--judged FOLDER]
                               [--peers NAMES] [--model MODEL] [--cache FOLDER]

FOLDER is a folder with articles, by default the sample articles. If it has files named
articles.jsonl, only these are read. A judged folder has articles.jsonl, queries.jsonl and
qrels.tsv; by default it is the folder of articles if that has these files, else the sample
articles are judged. NAMES are modules of `peers/` with commas, "all" or "none". The cache keeps
workloads, embeddings, environments of peers and the last index of Nutgraf. The figures go to
results/SIZE.json, and `report.py` makes the tables from all these files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from figures import exact_scores, mean_recall, percentiles
from own import measure_index
from peers.compare import SYSTEMS, measure_system
from peers.measure import NEAREST
from peers.nutgraf import INDEX
from peers.workload import Workload
from report import RESULTS, write_report
from workloads import QRELS, QUERIES, Source, judged_workload, scale_workload

from nutgraf.index import IndexSnapshot
from nutgraf.index.maintenance.create import make_encoder
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.models.encoder import DEFAULT_MODEL
from nutgraf.index.storage.layout import ENCODER
from nutgraf.search.evaluation import JudgedQuestion, evaluate

HERE: Final = Path(__file__).parent
SEEDS: Final = HERE.resolve().parent / "seeds"

MEASURE: Final = "nDCG@10"
LIBRARIES: Final = ("tantivy", "faiss-cpu", "onnxruntime", "numpy")


def main() -> None:
    """Run all measurements, and write their results."""
    options = parse()
    started = time.perf_counter()
    names = chosen(options.peers)
    source = make_source(options)
    print(f"articles: {options.size:,} paragraphs", flush=True)
    workload, corpus = scale_workload(source, options.size)
    judged, questions = judged_workload(source)
    systems, own = measure_all(names, workload, options.cache, is_drawn=corpus["drawn"])
    quality = judge(names, judged, questions, options.cache)
    result = {
        "size": options.size,
        "machine": machine(),
        "corpus": corpus | {"articles": folder_name(options.articles)},
        "judged": {
            "set": "seeds" if source.judged is None else folder_name(source.judged),
            "questions": len(questions),
            "paragraphs": len(judged.embeddings),
        },
        "systems": systems,
        "quality": quality,
        "own": own,
        "seconds": time.perf_counter() - started,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{options.size}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{path} after {result['seconds']:,.0f} s", flush=True)
    write_report()


def measure_all(
    names: list[str], workload: Workload, cache: Path, *, is_drawn: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of all systems, and those of Nutgraf alone."""
    systems: dict[str, Any] = {}
    own: dict[str, Any] = {}
    indexes = cache / "indexes" / str(len(workload.embeddings))
    for name in names:
        print(f"{SYSTEMS[name]}: {len(workload.embeddings):,} paragraphs", flush=True)
        figures, folder = measure_system(name, workload, cache / "environments", indexes)
        if name != "nutgraf":
            systems[name] = compact(figures, workload)
            shutil.rmtree(folder)  # Together, the indexes can be too large for a disk.
            continue
        if "error" in figures:
            raise SystemExit(f"Nutgraf failed: {figures['error']}")
        index = folder / INDEX
        own = measure_index(index, workload, is_drawn=is_drawn)
        systems[name] = compact(figures, workload, hidden_numbers(index, workload))
        systems[name]["encoded"] = json.loads((folder / "encoded.json").read_text())
        systems[name]["bytes"] -= own["parts"][ENCODER]  # No peer has its encoder with it.
    return systems, own


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--articles", type=Path, default=SEEDS / "articles")
    parser.add_argument("--judged", type=Path)
    parser.add_argument("--peers", default="all")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--cache", type=Path, default=HERE.parent / ".bench")
    options = parser.parse_args()
    options.cache = options.cache.resolve()
    return options


def chosen(peers: str) -> list[str]:
    """Return the modules of the systems to measure; Nutgraf is the first."""
    if peers == "all":
        return list(SYSTEMS)
    wanted = [] if peers == "none" else peers.split(",")
    unknown = sorted(set(wanted) - set(SYSTEMS))
    if unknown:
        raise SystemExit(f"--peers: {', '.join(unknown)} is not among {', '.join(SYSTEMS)}")
    return ["nutgraf", *(name for name in wanted if name != "nutgraf")]


def make_source(options: argparse.Namespace) -> Source:
    """Find the judged set, and export the encoder once."""
    judged = options.judged
    if judged is None and is_judged(options.articles):
        judged = options.articles
    encoder = options.cache / "encoder"
    if not encoder.exists():
        print("exporting the encoder", flush=True)
        options.cache.mkdir(parents=True, exist_ok=True)
        partial = options.cache / "encoder.partial"
        shutil.rmtree(partial, ignore_errors=True)
        make_encoder(options.model, partial)
        partial.rename(encoder)
    return Source(options.articles, judged, SEEDS, encoder, options.cache)


def is_judged(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("articles.jsonl", QUERIES, QRELS))


def folder_name(folder: Path) -> str:
    return SEEDS.name if folder.resolve() == SEEDS / "articles" else folder.resolve().name


def hidden_numbers(index: Path, workload: Workload) -> list[int]:
    """Return the paragraphs that Nutgraf excludes from all rankings."""
    with IndexSnapshot.open(index) as snapshot:
        if snapshot.ranked is None:
            return []
        rows = np.flatnonzero(~snapshot.ranked).tolist()
        return numbers_of(snapshot.names(rows).values(), workload)


def compact(
    figures: dict[str, Any], workload: Workload, hidden: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the figures of a system, with percentiles and recall for answers.

    The system is not expected to find the `hidden` paragraphs.
    """
    if "error" in figures:
        return figures
    nearest = figures["nearest"]
    questions = workload.question_embeddings[: len(nearest)]
    scores = exact_scores(workload.embeddings, questions)
    scores[:, list(hidden)] = -np.inf
    found = [numbers_of(each, workload) for each in nearest]
    kept = ("build_s", "build_peak_bytes", "bytes", "cold_s", "memory", "peak_bytes", "cpu_ms")
    kept += ("measured_s",)
    return {name: figures[name] for name in kept} | {
        "ms": {
            mode: {**percentiles(times), "questions": len(times)}
            for mode, times in figures["ms"].items()
        },
        "recall": mean_recall(scores, found, NEAREST),
    }


_numbers: dict[Path, dict[str, int]] = {}


def numbers_of(found: Iterable[int | str], workload: Workload) -> list[int]:
    """Return the numbers of paragraphs that are given by number or by name."""
    if workload.folder not in _numbers:
        _numbers[workload.folder] = {
            one.name: number for number, one in enumerate(workload.paragraphs())
        }
    known = _numbers[workload.folder]
    return [known[each] if isinstance(each, str) else each for each in found]


def judge(
    names: Iterable[str], workload: Workload, questions: list[JudgedQuestion], cache: Path
) -> dict[str, dict[str, Any]]:
    """Return nDCG@10 of each system and mode, with its 95% interval."""
    paragraphs = [one.name for one in workload.paragraphs()]
    places = {question.text: at for at, question in enumerate(questions)}
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        print(f"{SYSTEMS[name]}: the judged set", flush=True)
        figures, folder = measure_system(
            name, workload, cache / "environments", cache / "indexes" / "judged"
        )
        shutil.rmtree(folder)
        if "error" in figures:
            found[name] = figures
            continue
        rankings = {
            mode: [[paragraphs[number] for number in numbers_of(each, workload)] for each in hits]
            for mode, hits in figures["hits"].items()
        }
        systems = {
            mode: lambda text, hits=hits: hits[places[text]] for mode, hits in rankings.items()
        }
        found[name] = {
            system.name: vars_of(system.measures[MEASURE])
            for system in evaluate(systems, questions).systems
        }
    return found


def vars_of(figure: Any) -> dict[str, float]:
    return {"mean": figure.mean, "low": figure.low, "high": figure.high}


def machine() -> dict[str, Any]:
    """Describe the machine, without its name."""
    return {
        "cpu": processor(),
        "cores": usable_cpus(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "load": os.getloadavg()[0],
    }


def processor() -> str:
    place = Path("/proc/cpuinfo")
    if place.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", place.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main()
