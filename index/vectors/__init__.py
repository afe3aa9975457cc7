"""The vector index: embeddings as int8, exact search and clusters.

`rows.i8` has one record a row and is the source of truth (records.py, file.py). Up to
some 50,000 rows, FAISS compares a question with every row (exact.py). Above that, it
compares the question with the rows of the nearest clusters (clusters.py), which
clustering.py makes beside the live index. In both cases the candidates get their exact
scores from `rows.i8` (rows.py).
"""

from __future__ import annotations

from nutgraf.index.vectors.file import VectorFile
from nutgraf.index.vectors.vector_index import VectorIndex

__all__ = ["VectorFile", "VectorIndex"]
