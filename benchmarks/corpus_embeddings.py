"""Embeddings: real ones for real texts, and means of them for drawn texts.

Each sentence and title is encoded once, and the results are kept in a file. The embedding of a
drawn text is the mean of those of its sentences, scaled to norm 1. The title is added as for every
paragraph (`TitledEncoder`). A mean is not the embedding that the encoder would compute for the text
as a whole. But the means have near and far neighbours as real embeddings have, and a search is as
hard as its neighbours are many.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from corpus import DrawnArticle, Material
from numpy.typing import NDArray

from nutgraf.index import Article
from nutgraf.index.catalog.rows import Row
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import (
    TITLE_SHARE,
    ParagraphEncoder,
    TitledEncoder,
    TitledText,
)
from nutgraf.index.split import contexts_of

__all__ = ["DrawnEmbeddings", "KnownEmbeddings", "encode_once", "real_embeddings"]

AT_ONCE: Final = 2_048

Embeddings = NDArray[np.float32]


def encode_once(encoder: OnnxEncoder, texts: Sequence[str], cache: Path) -> Embeddings:
    """Return the embeddings of texts; the next call with them reads a file."""
    content = "\x00".join([encoder.config.sha256, *texts])
    path = cache / f"{hashlib.sha256(content.encode(errors='replace')).hexdigest()[:24]}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        found = np.lib.format.open_memmap(
            partial, "w+", np.float32, (len(texts), encoder.dimension)
        )
        for first in range(0, len(texts), AT_ONCE):
            some = texts[first : first + AT_ONCE]
            found[first : first + len(some)] = encoder.encode_paragraphs(some)
            print(f"  encoded {first + len(some):,} of {len(texts):,} texts", flush=True)
        found.flush()
        partial.rename(path)
    made: Embeddings = np.load(path, mmap_mode="r")
    return made


@dataclass(frozen=True, slots=True, eq=False)
class DrawnEmbeddings:
    """The embeddings of the titles and sentences of a `Material`, each of norm 1."""

    titles: Embeddings
    sentences: Embeddings

    @classmethod
    def encode(cls, encoder: OnnxEncoder, material: Material, cache: Path) -> DrawnEmbeddings:
        """Encode all titles and sentences."""
        return cls(
            np.array(encode_once(encoder, material.titles, cache)),
            np.array(encode_once(encoder, material.sentences, cache)),
        )

    def of(self, drawn: DrawnArticle) -> Embeddings:
        """Return one embedding for each paragraph of a drawn article."""
        title = _mean(self.titles[list(drawn.titles)])
        texts = np.stack([_mean(self.sentences[list(some)]) for some in drawn.sentences])
        found: Embeddings = (texts + np.float32(TITLE_SHARE) * title) / np.float32(1 + TITLE_SHARE)
        return found


def _mean(embeddings: Embeddings) -> Embeddings:
    mean = embeddings.mean(axis=0)
    scaled: Embeddings = mean / np.linalg.norm(mean)
    return scaled


def real_embeddings(
    encoder: OnnxEncoder, articles: Sequence[Article], cache: Path
) -> Iterator[Embeddings]:
    """Yield the embeddings of the paragraphs of each article, as in an index."""
    contexts = [_contexts(article.title, article.paragraphs) for article in articles]
    titles = list(dict.fromkeys(one.title for some in contexts for one in some))
    texts = list(dict.fromkeys(one.text for some in contexts for one in some))
    of_titles = dict(zip(titles, encode_once(encoder, titles, cache), strict=True))
    of_texts = dict(zip(texts, encode_once(encoder, texts, cache), strict=True))
    for some in contexts:
        own = np.stack([of_texts[one.text] for one in some])
        title = np.float32(TITLE_SHARE) * of_titles[some[0].title]
        yield (own + title) / np.float32(1 + TITLE_SHARE)


def _contexts(title: str, paragraphs: Sequence[str]) -> list[TitledText]:
    """Return the texts that the encoder reads, if each paragraph is one row."""
    rows = [Row(position, 0, 0, text) for position, text in enumerate(paragraphs)]
    return [one for one in contexts_of(title, rows) if one is not None]


class KnownEmbeddings:
    """A ParagraphEncoder that looks up embeddings, and encodes only unknown texts.

    Unknown are the parts of paragraphs that are too long for the encoder, and short texts beside
    boilerplate. `encoded` is the number of these. `seconds` is the time that was spent here, also
    for looking up.
    """

    def __init__(
        self, articles: Iterable[dict[str, Any]], embeddings: Embeddings, encoder: OnnxEncoder
    ) -> None:
        started = time.perf_counter()
        contexts = (_contexts(each["title"], each["paragraphs"]) for each in articles)
        texts = (one for some in contexts for one in some)
        self._rows = {one.digest(): row for row, one in enumerate(texts)}
        self._embeddings = embeddings
        self._others: ParagraphEncoder = TitledEncoder(encoder)
        self.encoded = 0
        self.seconds = time.perf_counter() - started

    def encode(self, paragraphs: Sequence[TitledText]) -> Embeddings:
        """See ParagraphEncoder."""
        started = time.perf_counter()
        rows = [self._rows.get(pair.digest(), -1) for pair in paragraphs]
        found = np.array(self._embeddings[rows])
        unknown = [at for at, row in enumerate(rows) if row < 0]
        if unknown:
            found[unknown] = self._others.encode([paragraphs[at] for at in unknown])
            self.encoded += len(unknown)
        self.seconds += time.perf_counter() - started
        return found
