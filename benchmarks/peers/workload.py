"""A workload: the articles, embeddings and questions that all systems get.

articles/*.jsonl  articles in the order of the file names; a paragraph has the number of its place
embeddings.npy    float32, one row per paragraph; no norm is above 1
questions.json    texts
questions.npy     float32, one row of norm 1 per question
encoder/          the encoder of the embeddings, for the systems that use it
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Paragraph", "Workload"]


class Paragraph(NamedTuple):
    """A paragraph with the title of its article; `name` is ARTICLE#POSITION."""

    name: str
    title: str
    text: str


class Workload:
    """The files of a workload, which are read when they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def articles_folder(self) -> Path:
        """The folder with JSONL files of articles."""
        return self.folder / "articles"

    @property
    def encoder_folder(self) -> Path:
        """The folder of the encoder."""
        return self.folder / "encoder"

    def articles(self) -> Iterator[dict[str, Any]]:
        """Yield the articles in order."""
        for path in sorted(self.articles_folder.glob("*.jsonl")):
            with path.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)

    def paragraphs(self) -> Iterator[Paragraph]:
        """Yield the paragraphs in order."""
        for article in self.articles():
            for position, text in enumerate(article["paragraphs"]):
                yield Paragraph(f"{article['id']}#{position}", article["title"], text)

    @cached_property
    def embeddings(self) -> NDArray[np.float32]:
        """The embeddings of the paragraphs, mapped."""
        mapped: NDArray[np.float32] = np.load(self.folder / "embeddings.npy", mmap_mode="r")
        return mapped

    @cached_property
    def questions(self) -> list[str]:
        """The texts of the questions."""
        texts: list[str] = json.loads((self.folder / "questions.json").read_text("utf-8"))
        return texts

    @cached_property
    def question_embeddings(self) -> NDArray[np.float32]:
        """The embeddings of the questions."""
        found: NDArray[np.float32] = np.load(self.folder / "questions.npy")
        return found
