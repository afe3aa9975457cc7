"""Compare pairs of operations in one run; print the ratios as a Markdown table.

    make bench

Absolute times depend on the machine and its load. So both sides of a pair take turns, and
the medians of several rounds are compared. All texts are the sample articles and their
sentences in random order.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import sentencex
from numpy.typing import NDArray

from nutgraf.index import (
    Article,
    IndexSnapshot,
    IndexWriter,
    compact_index,
    create_index,
    keywords,
)
from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.keywords import KeywordEntry
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.models.encoder import DEFAULT_MODEL, OnnxEncoder, find_model
from nutgraf.index.models.encoder.titled import TitledEncoder, TitledText
from nutgraf.index.models.sentence_transformers import SentenceTransformersEncoder
from nutgraf.index.prepared import Prepared
from nutgraf.index.sources import ReadOptions, find_files, read_found, read_sources
from nutgraf.index.vectors import VectorFile, VectorIndex
from nutgraf.index.vectors.records import records_of
from nutgraf.index.writing.parts import PartsWriter
from nutgraf.search import Searcher
from nutgraf.search.highlighting.keyword_matches import MatchedText, match_texts
from nutgraf.search.highlighting.semantic_matches import find_near_words
from nutgraf.search.highlighting.snippets import make_snippet
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question
from nutgraf.search.request.options import Highlight
from nutgraf.search.request.search_request import DEPTH

SEEDS: Final = Path(__file__).parent.parent / "seeds"
PARAGRAPHS: Final = 5_000
PER_ARTICLE: Final = 8
ROUNDS: Final = 5
BUILD_PARAGRAPHS: Final = 2_000
"""Paragraphs per build.

Encoding them takes 8 s, so the fixed cost of a commit hardly matters.
"""

FLOAT_PARAGRAPHS: Final = 192
VECTORS: Final = 100_000
"""Rows of the vector benchmark.

The embeddings of the paragraphs are repeated up to this number, because 5,000 rows would
fit into a CPU cache.
"""

FILES: Final = 8
FILE_PARAGRAPHS: Final = 2_500
"""Paragraphs per JSONL file in the benchmark of indexing without encoding."""

FEW_ROUNDS: Final = 2

Action = Callable[[], object]
Row = tuple[str, str, str, str]


def main() -> None:
    """Print the table, each row as soon as it is measured."""
    print("| benchmark | measured | ratio | target |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for what, measured, ratio, target in measure(Path(folder)):
            print(f"| {what} | {measured} | {ratio} | {target} |", flush=True)


def measure(folder: Path) -> Iterator[Row]:
    articles = list(make_articles())
    questions = [json.loads(line)["question"] for line in (SEEDS / "judged.jsonl").open()]
    index = folder / "news.index"
    create_index(index)
    encoder = OnnxEncoder.open(index / "encoder")

    yield building(folder, articles, encoder)
    yield apart_from_encoding(folder, encoder)
    yield encoding(articles, encoder)
    with IndexWriter(index) as writer:
        for article in articles:
            writer.put(article)
    yield from keyword_engines(folder, articles, questions)
    yield from questioning(index, questions, encoder)
    yield highlighting(index, questions)
    yield completing(index, questions)
    yield vectors(index, questions, encoder)
    yield shell(index)
    yield following(index)
    yield compacting(index)


def make_articles(paragraphs: int = PARAGRAPHS) -> Iterator[Article]:
    """Yield the sample articles, then shuffled ones, up to a number of paragraphs."""
    read = read_sources([str(SEEDS / "articles")])
    originals = [item for item in read if isinstance(item, Article)]
    texts = [text for article in originals for text in article.paragraphs]
    per_paragraph = [[one.strip() for one in sentencex.segment("en", text)] for text in texts]
    sentences = sorted({one for some in per_paragraph for one in some})
    yield from originals
    random_ = random.Random(2026)
    missing = paragraphs - len(texts)
    for first in range(0, missing, PER_ARTICLE):
        like = random_.choices(per_paragraph, k=min(PER_ARTICLE, missing - first))
        new = tuple(" ".join(random_.sample(sentences, len(one))) for one in like)
        model = originals[first // PER_ARTICLE % len(originals)]
        yield replace(model, id=f"shuffled-{first}", paragraphs=new)


def building(folder: Path, articles: Sequence[Article], encoder: OnnxEncoder) -> Row:
    some = articles[: BUILD_PARAGRAPHS // PER_ARTICLE]
    # A writer encodes each pair of title and text once, and each title once.
    found = (TitledText(article.title, text) for article in some for text in article.paragraphs)
    texts = list(dict.fromkeys(found))
    empty = [folder / f"build-{number}.index" for number in range(ROUNDS + 1)]
    for index in empty:
        create_index(index, model=str(folder / "news.index" / "encoder"))

    def build() -> None:
        with IndexWriter(empty.pop()) as writer:
            for article in some:
                writer.put(article)

    whole, alone = take_turns(build, lambda: TitledEncoder(encoder).encode(texts))
    return (
        f"build (put, commit) : the encoder alone, {len(texts):,} paragraphs",
        f"{len(texts) / whole:,.0f}/s : {len(texts) / alone:,.0f}/s",
        f"{whole / alone:.2f} x the time",
        "<= 1.1",
    )


class EmbeddingCache:
    """A ParagraphEncoder without cost: it returns the same embeddings for any texts."""

    def __init__(self, dimension: int) -> None:
        some = np.random.default_rng(2026).normal(size=(FILE_PARAGRAPHS, dimension))
        self._some = (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float32)

    def encode(self, paragraphs: Sequence[TitledText]) -> NDArray[np.float32]:
        """See ParagraphEncoder."""
        assert len(paragraphs) <= len(self._some)
        return self._some[: len(paragraphs)]


def apart_from_encoding(folder: Path, encoder: OnnxEncoder) -> Row:
    """Time indexing without the encoder, from JSONL files to the commit.

    Reader processes read the files, as `nutgraf index` does it.
    """
    articles = list(make_articles(FILES * FILE_PARAGRAPHS))
    source = folder / "jsonl"
    source.mkdir()
    for number in range(FILES):
        lines = (json.dumps(asdict(article)) + "\n" for article in articles[number::FILES])
        (source / f"{number}.jsonl").write_text("".join(lines), encoding="utf-8")
    empty = [folder / f"apart-{number}.index" for number in range(FEW_ROUNDS + 1)]
    for index in empty:
        create_index(index, model=str(folder / "news.index" / "encoder"))
    known = EmbeddingCache(encoder.dimension)

    def build() -> None:
        index = empty.pop()
        manifest = Manifest.read(index)
        found = find_files([str(source)])
        with PartsWriter(manifest.parts(index), manifest, trust=False, encoder=known) as writer:
            for item in read_found(found, int, ReadOptions(), usable_cpus(), prepare=True):
                assert isinstance(item, Article | Prepared), item
                writer.put(item)

    texts = [text for article in articles for text in article.paragraphs]
    some = texts[:: len(texts) // FLOAT_PARAGRAPHS]
    apart, alone = take_turns(build, lambda: encoder.encode_paragraphs(some), rounds=FEW_ROUNDS)
    rate, encoded = len(texts) / apart, len(some) / alone
    return (
        f"indexing without encoding : the encoder alone, {len(texts):,} paragraphs",
        f"{rate:,.0f}/s : {encoded:,.0f}/s",
        f"{rate / encoded:.0f} x as fast",
        ">= 5,000/s",
    )


def encoding(articles: Sequence[Article], encoder: OnnxEncoder) -> Row:
    texts = [text for article in articles for text in article.paragraphs][:FLOAT_PARAGRAPHS]
    reference = SentenceTransformersEncoder(find_model(DEFAULT_MODEL), "cpu")
    small, exact = take_turns(
        lambda: encoder.encode_paragraphs(texts), lambda: reference.encode_paragraphs(texts)
    )
    return (
        "encoder int8 : sentence-transformers float32",
        f"{len(texts) / small:,.0f}/s : {len(texts) / exact:,.0f}/s",
        f"{exact / small:.1f} x as fast",
        ">= 2.5",
    )


def keyword_engines(
    folder: Path, articles: Sequence[Article], questions: Sequence[str]
) -> Iterator[Row]:
    analyzer = Analyzer("en")
    paragraphs = [(article.title, text) for article in articles for text in article.paragraphs]
    entries = [
        KeywordEntry(row, analyzer.joined_terms(text), analyzer.joined_terms(title))
        for row, (title, text) in enumerate(paragraphs)
    ]

    def build(engine: keywords.Engine) -> None:
        shutil.rmtree(folder / engine, ignore_errors=True)
        keywords.create(folder / engine, engine)
        writer = keywords.open_writer(folder / engine, engine, trust=True)
        for entry in entries:
            writer.add(entry)
        writer.commit(1)
        writer.close()

    fast, slow = take_turns(lambda: build("tantivy"), lambda: build("whoosh"))
    yield (
        f"keyword index, tantivy : whoosh, build of {len(entries):,}",
        f"{fast:.2f} s : {slow:.2f} s",
        f"{slow / fast:.0f} x as fast",
        "",
    )
    trees = [
        parse_question(question, MultilingualAnalyzer([analyzer])).keywords
        for question in questions
    ]
    tantivy, whoosh = (
        keywords.open_reader(folder / engine, engine, trust=True) for engine in keywords.ENGINES
    )
    fast, slow = take_turns(
        lambda: [tantivy.rank(tree, DEPTH) for tree in trees],
        lambda: [whoosh.rank(tree, DEPTH) for tree in trees],
    )
    yield (
        f"keyword index, tantivy : whoosh, a question to depth {DEPTH}",
        f"{fast / len(trees) * 1e3:.2f} ms : {slow / len(trees) * 1e3:.2f} ms",
        f"{slow / fast:.0f} x as fast",
        "",
    )


def questioning(index: Path, questions: Sequence[str], encoder: OnnxEncoder) -> Iterator[Row]:
    with Searcher(index) as searcher:
        searcher.warm()
        ask: dict[str, Callable[[str], object]] = {
            mode: lambda question, mode=mode: searcher.search(question, mode=mode)
            for mode in ("keyword", "semantic", "hybrid")
        }
        facets = ("source", "section", "language", "author", "published:month")
        ask["hybrid, five facets"] = lambda question: searcher.search(question, facets=facets)
        ask["hybrid by article"] = lambda question: searcher.search(question, group="article")
        ask["encoder alone"] = encoder.encode_question
        times: dict[str, list[float]] = {name: [] for name in ask}
        for again in range(5):
            for question in questions:
                for name, answer in ask.items():
                    seconds = clock(lambda: answer(question))  # noqa: B023  # called at once
                    if again:  # The first round is a warm-up.
                        times[name].append(seconds * 1e3)
    own = np.median(times["encoder alone"])
    for name, found in times.items():
        p50, p99 = np.percentile(found, [50, 99])
        what = f"a question in process, {name}, {PARAGRAPHS:,} paragraphs"
        target = "median <= 10 ms, p99 <= 30 ms at 1M" if name == "hybrid" else ""
        measured = f"median {p50:.1f} ms, p99 {p99:.1f} ms"
        yield what, measured, f"{p50 / own:.1f} x the encoder", target


def highlighting(index: Path, questions: Sequence[str]) -> Row:
    """Compare the time for semantic matches with the time for snippets, for 10 hits."""
    with IndexSnapshot.open(index) as snapshot:
        pages = [page_of(snapshot, question) for question in questions]

        def keywords_alone() -> None:
            for question, page in pages:
                analyzer = snapshot.analyzer(None)
                for found in match_texts(question, [(one.text.text, analyzer) for one in page]):
                    make_snippet(found.text.text, found.matches, "en", Highlight())

        added, alone = take_turns(
            lambda: [find_near_words(snapshot, *page) for page in pages], keywords_alone
        )
    return (
        "snippets of 10 hits, added by meaning : keywords",
        f"{added / len(pages) * 1e3:.1f} ms : {alone / len(pages) * 1e3:.1f} ms",
        f"{added / alone:.1f} x the time",
        "<= 5 ms",
    )


def page_of(snapshot: IndexSnapshot, text: str) -> tuple[Question, list[MatchedText]]:
    """Return the parsed question and its 10 nearest paragraphs, analysed."""
    question = parse_question(text, snapshot.multilingual_analyzer)
    ranking = snapshot.vectors.rank(snapshot.encoder.encode_question(text), 10, None)
    analyzer = snapshot.analyzer(None)
    found = snapshot.paragraphs(ranking.rows.tolist()).values()
    return question, match_texts(question, [(one.text, analyzer) for _, one in found])


def completing(index: Path, questions: Sequence[str]) -> Row:
    """Time completions of every prefix of each question, as during typing."""
    times = []
    with Searcher(index) as searcher:
        for again in range(2):
            for question in questions:
                for end in range(1, len(question)):
                    seconds = clock(lambda: searcher.suggest(question[:end]))  # noqa: B023
                    if again:
                        times.append(seconds * 1e3)
        keyword = take_turns(lambda: [searcher.search(one, mode="keyword") for one in questions])
    p50, p99 = np.percentile(times, [50, 99])
    ratio = p50 / (keyword[0] * 1e3 / len(questions))
    return (
        f"a completion in process, {PARAGRAPHS:,} paragraphs",
        f"median {p50:.1f} ms, p99 {p99:.1f} ms",
        f"{ratio:.1f} x a keyword question",
        "< 5 ms",
    )


def vectors(index: Path, questions: Sequence[str], encoder: OnnxEncoder) -> Row:
    with IndexSnapshot.open(index) as snapshot:
        few = snapshot.embeddings(np.arange(snapshot.commit.rows))
    many = np.tile(few, (-(-VECTORS // len(few)), 1))[:VECTORS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.i8"
        VectorFile(path, few.shape[1]).append(records_of(many), 0, 0)
        flat = VectorIndex.open(path, few.shape[1], len(many))
    embeddings = [encoder.encode_question(question) for question in questions[:20]]

    ours, numpys = take_turns(
        lambda: [flat.rank(one, DEPTH, None) for one in embeddings],
        lambda: [np.argpartition(-(many @ one), DEPTH)[:DEPTH] for one in embeddings],
    )
    return (
        f"exact search : numpy dot product, float32, {VECTORS:,} rows",
        f"{ours / len(embeddings) * 1e3:.1f} ms : {numpys / len(embeddings) * 1e3:.1f} ms",
        f"{ours / numpys:.2f} x the time, 1/2 the memory",
        "",
    )


def following(index: Path) -> Row:
    """Compare a refresh of a Searcher after a commit with a new Searcher."""
    follow, anew = [], []
    with Searcher(index) as searcher:
        searcher.warm()
        for number in range(ROUNDS):
            with IndexWriter(index) as writer:
                writer.put(
                    Article(f"late-{number}", "Late", (f"It came late, as number {number}.",))
                )
            follow.append(clock(searcher.refresh))
            anew.append(clock(lambda: open_anew(index)))
    short, whole = np.median(follow), np.median(anew)
    return (
        "a server refreshes after a commit : opens the index again",
        f"{short * 1e3:.0f} ms : {whole * 1e3:.0f} ms",
        f"{whole / short:.0f} x as fast",
        "seen within 1 s",
    )


def open_anew(index: Path) -> None:
    with Searcher(index) as searcher:
        searcher.warm()


def compacting(index: Path) -> Row:
    """Compare compaction, which copies embeddings, with encoding the texts again."""
    with IndexSnapshot.open(index) as snapshot:
        rows = list(range(0, snapshot.commit.rows, 10))
        texts = list(snapshot.catalog.texts(rows).values())
        encode = clock(lambda: snapshot.encoder.encode_paragraphs(texts)) / len(texts)
    paragraphs = 0

    def compact() -> None:
        nonlocal paragraphs
        paragraphs = compact_index(index).paragraphs

    took = clock(compact) / paragraphs
    return (
        "compaction : the encoder alone",
        f"{1 / took:,.0f}/s : {1 / encode:,.0f}/s",
        f"{encode / took:.0f} x as fast",
        "",
    )


def shell(index: Path) -> Row:
    nutgraf = Path(sys.executable).with_name("nutgraf")
    question = [nutgraf, "search", "why did the creamery go under", "-i", index]
    quietly = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    nothing = [sys.executable, "-c", "pass"]
    ours, least = take_turns(lambda: quietly(question), lambda: quietly(nothing), rounds=10)
    return (
        "`nutgraf search` in a shell : `python -c pass`",
        f"{ours:.2f} s : {least:.3f} s",
        f"{ours / least:.0f} x the time",
        "<= 0.5 s",
    )


def take_turns(*actions: Action, rounds: int = ROUNDS) -> list[float]:
    """Return the median seconds of actions that take turns, after a warm-up round."""
    times = [[clock(action) for action in actions] for _ in range(rounds + 1)][1:]
    return [float(np.median(column)) for column in zip(*times, strict=True)]


def clock(action: Action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main()
