"""Embeddings for tests, and a file rows.i8 with them."""

import numpy as np

from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.records import embeddings_of, records_of

DIMENSION = 32


def unit(rows, seed=0, dimension=DIMENSION):
    values = np.random.default_rng(seed).standard_normal((rows, dimension), dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def stored(embeddings):
    """Return embeddings as rows.i8 stores them."""
    return embeddings_of(records_of(embeddings), embeddings.shape[1])


def write(path, embeddings, first=0, checksum=0):
    """Append embeddings to rows.i8 and return the checksum."""
    file = VectorFile(path, embeddings.shape[1])
    file.cut(first)
    return file.append(records_of(embeddings), first, checksum)
