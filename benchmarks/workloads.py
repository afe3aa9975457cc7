"""Write workloads: the articles, embeddings and questions that all systems get.

A workload of at most as many paragraphs as there are real ones consists of real articles. A larger
one is drawn from them (`corpus.py`).
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from corpus import SEED, draw_articles, read_articles, split_articles
from corpus_embeddings import DrawnEmbeddings, Embeddings, real_embeddings
from peers.workload import Workload

from nutgraf.index import Article
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.search.evaluation import JudgedQuestion, read_judged

__all__ = ["Source", "judged_workload", "scale_workload"]

FILES: Final = 8
"""The number of files with articles. Several processes read them."""

QUESTIONS: Final = 300
JUDGED: Final = 200
"""Maximum number of judged questions that are asked for nDCG@10."""

WORDS: Final = (3, 14)
"""The length of a question that is the beginning of a sentence, in words."""

QUERIES: Final = "queries.jsonl"
QRELS: Final = "qrels.tsv"


@dataclass(frozen=True, slots=True)
class Source:
    """Real articles and an encoder; `cache` keeps embeddings and workloads.

    `judged` is a folder with articles, queries.jsonl and qrels.tsv, or None for the sample articles
    in `seeds`.
    """

    articles: Path
    judged: Path | None
    seeds: Path
    encoder: Path
    cache: Path

    def judged_questions(self) -> list[JudgedQuestion]:
        """Return the judged questions that have a relevant paragraph or article."""
        if self.judged is None:
            read = read_judged(self.seeds / "judged.jsonl")
        else:
            read = read_judged(self.judged / QUERIES, self.judged / QRELS)
        asked = [each for each in read if each.wanted]
        return random.Random(SEED).sample(asked, min(JUDGED, len(asked)))

    def judged_articles(self) -> list[Article]:
        """Return the articles of the judged set."""
        return read_articles(self.seeds / "articles" if self.judged is None else self.judged)


def scale_workload(source: Source, paragraphs: int) -> tuple[Workload, dict[str, Any]]:
    """Return a workload of this many paragraphs, and a description of its content."""
    articles = read_articles(source.articles)
    real = sum(len(each.paragraphs) for each in articles)
    material = split_articles(articles)
    encoder = OnnxEncoder.open(source.encoder)
    vectors = source.cache / "embeddings"
    pairs: Iterator[tuple[Article, Embeddings]]
    if paragraphs <= real:
        some = list(_first(articles, paragraphs))
        pairs = zip(some, real_embeddings(encoder, some, vectors), strict=True)
    else:
        known = DrawnEmbeddings.encode(encoder, material, vectors)
        pairs = ((drawn.article, known.of(drawn)) for drawn in draw_articles(material, paragraphs))
    judged = [each.text for each in source.judged_questions()]
    others = _made_questions(material.titles, material.sentences)
    questions = (judged + others)[:QUESTIONS]
    random.Random(SEED).shuffle(questions)
    key = f"{paragraphs}-{_digest(encoder.config.sha256, *material.sentences, *questions)}"
    workload = _write(source.cache / "workloads" / key, source, paragraphs, pairs, questions)
    return workload, {
        "paragraphs": paragraphs,
        "drawn": paragraphs > real,
        "real_paragraphs": real,
        "real_articles": len(articles),
        "sentences": len(material.sentences),
        "questions": len(questions),
        "judged_questions": min(len(judged), len(questions)),
    }


def judged_workload(source: Source) -> tuple[Workload, list[JudgedQuestion]]:
    """Return the real articles of the judged set as a workload, and its questions."""
    articles = source.judged_articles()
    questions = source.judged_questions()
    encoder = OnnxEncoder.open(source.encoder)
    texts = [text for article in articles for text in article.paragraphs]
    asked = [each.text for each in questions]
    key = f"judged-{_digest(encoder.config.sha256, *texts, *asked)}"
    pairs = zip(
        articles, real_embeddings(encoder, articles, source.cache / "embeddings"), strict=True
    )
    return _write(source.cache / "workloads" / key, source, len(texts), pairs, asked), questions


def _write(
    folder: Path,
    source: Source,
    paragraphs: int,
    pairs: Iterable[tuple[Article, Embeddings]],
    questions: Sequence[str],
) -> Workload:
    """Write a workload, unless the folder has it from an earlier run."""
    if folder.exists():
        return Workload(folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    made = Workload(partial)
    made.articles_folder.mkdir(parents=True)
    shutil.copytree(source.encoder, made.encoder_folder)
    encoder = OnnxEncoder.open(source.encoder)
    embeddings = np.lib.format.open_memmap(
        partial / "embeddings.npy", "w+", np.float32, (paragraphs, encoder.dimension)
    )
    per_file = -(-paragraphs // FILES)
    done = 0
    with ExitStack() as opened:
        places = (made.articles_folder / f"{number:02}.jsonl" for number in range(FILES))
        files = [opened.enter_context(place.open("w", encoding="utf-8")) for place in places]
        for article, rows in pairs:
            fields = {name: value for name, value in asdict(article).items() if value}
            files[done // per_file].write(json.dumps(fields, ensure_ascii=False) + "\n")
            embeddings[done : done + len(rows)] = rows
            done += len(rows)
    assert done == paragraphs, (done, paragraphs)
    embeddings.flush()
    (partial / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    np.save(partial / "questions.npy", np.stack([encoder.encode_question(q) for q in questions]))
    partial.rename(folder)
    return Workload(folder)


def _first(articles: Iterable[Article], paragraphs: int) -> Iterator[Article]:
    """Yield articles up to a number of paragraphs; the last one may be cut."""
    for article in articles:
        if paragraphs <= 0:
            return
        yield replace(article, paragraphs=article.paragraphs[:paragraphs])
        paragraphs -= len(article.paragraphs)


def _made_questions(titles: Sequence[str], sentences: Sequence[str]) -> list[str]:
    """Return real titles and beginnings of sentences, as questions for times."""
    draw = random.Random(SEED)
    found = [" ".join(title.split()[: WORDS[1]]) for title in titles]
    found += (" ".join(sentence.split()[: draw.randint(*WORDS)]) for sentence in sentences)
    different = list(dict.fromkeys(found))
    return draw.sample(different, min(QUESTIONS, len(different)))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\x00".join(texts).encode(errors="replace")).hexdigest()[:16]
