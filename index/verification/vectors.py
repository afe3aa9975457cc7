"""Check of the embeddings against the checksums and texts of the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.records import Commit, Record
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.models.encoder import Encoder
from nutgraf.index.models.encoder.titled import TITLE_SHARE, TitledEncoder, TitledText
from nutgraf.index.split import contexts_of
from nutgraf.index.storage.layout import CATALOG, VECTORS
from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.file import map_records
from nutgraf.index.vectors.records import embeddings_of
from nutgraf.index.verification.check import CheckContext
from nutgraf.index.verification.remedies import RESTORE

__all__ = ["REPAIR_ROWS", "check_vectors"]

REPAIR_ROWS: Final = "'nutgraf repair' encodes their paragraphs again"

_ALIKE: Final = 0.999
"""Lowest accepted cosine between a stored embedding and the text encoded again.

The stored embedding is rounded to int8, so the cosine can be below 1.
"""

_OFF: Final = 0.01
"""Allowed difference between the length of an embedding and the possible lengths.

Rounding to int8 causes less than half of this difference.
"""

_SHORTEST: Final = (1 - TITLE_SHARE) / (1 + TITLE_SHARE)
"""Length of an embedding if text and title have opposite directions."""

_BLOCK: Final = 8_192
"""Number of embeddings whose lengths are computed at a time."""


def check_vectors(context: CheckContext, encoder: Encoder | None) -> int:
    """Check the bytes and the length of every embedding, and encode some texts again.

    Return the number of encoded texts; it is 0 if `encoder` is None. Raises
    BrokenIndexError if rows.i8 or the commits of the catalog cannot be read.
    """
    if not context.catalog_check.is_sound:
        return 0  # The ranges and checksums of embeddings come from the catalog.
    file = VectorFile(context.parts / VECTORS, context.manifest.encoder.dimension)
    sound = np.ones(context.commit.rows, bool)
    damaged = _damaged(context, file)
    sound[damaged] = False
    for row in damaged.tolist():
        what = "embeddings are missing or damaged"
        context.findings.add(VECTORS, what, REPAIR_ROWS, f"row {row}")
    _check_lengths(context, np.flatnonzero(sound))
    if encoder is None:
        return 0
    return _check_meaning(
        context, file, encoder, np.flatnonzero(sound & context.catalog_check.readable)
    )


def _damaged(context: CheckContext, file: VectorFile) -> NDArray[np.int64]:
    damaged = file.damaged(list(_until(context.catalog, context.commit)))
    if not len(damaged) or not file.is_whole(context.commit):
        return damaged
    # All bytes match the checksum of the last commit. So the checksum of an earlier commit is
    # damaged, not the embeddings.
    what = "the checksum of rows.i8 in a commit is damaged"
    context.findings.add(CATALOG, what, RESTORE, f"row {damaged[0]}")
    return damaged[:0]


def _check_lengths(context: CheckContext, rows: NDArray[np.int64]) -> None:
    """Check the lengths of the embeddings of `rows`, whose checksums are right."""
    dimension = context.manifest.encoder.dimension
    last = int(rows[-1]) + 1 if len(rows) else 0
    records = map_records(context.parts / VECTORS, last, dimension)
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        lengths = np.linalg.norm(embeddings_of(records[some], dimension), axis=1)
        # The encoder does not read boilerplate: its embeddings are 0.
        read = ~context.catalog_check.unread[some]
        possible = (lengths >= read * _SHORTEST - _OFF) & (lengths <= read + _OFF)
        for row in some[~possible]:  # The negation also finds NaN.
            what = "an embedding has an impossible length"
            context.findings.add(VECTORS, what, REPAIR_ROWS, f"row {row}")


def _check_meaning(
    context: CheckContext, file: VectorFile, encoder: Encoder, rows: NDArray[np.int64]
) -> int:
    _, records = context.read(context.spread(rows))
    contexts = _contexts(context, set(records.values()))
    chosen = [row for row in sorted(records) if row in contexts]
    if not chosen:
        return 0
    paragraphs = [contexts[row] for row in chosen]
    made = TitledEncoder(encoder).encode(paragraphs)
    stored = embeddings_of(file.read(chosen), context.manifest.encoder.dimension)
    lengths = np.linalg.norm(made, axis=1) * np.maximum(
        np.linalg.norm(stored, axis=1), np.finfo(np.float32).tiny
    )
    cosines = np.sum(made * stored, axis=1) / lengths
    for row, cosine in zip(chosen, cosines, strict=True):
        if not cosine > _ALIKE:
            what = "an embedding does not match its text"
            example = f"row {row} (cosine {cosine:.3f})"
            context.findings.add(VECTORS, what, REPAIR_ROWS, example)
    return len(chosen)


def _contexts(context: CheckContext, records: set[Record]) -> dict[int, TitledText]:
    """Return the text for the encoder of each row; skip damaged articles."""
    contexts: dict[int, TitledText] = {}
    for record in records:
        if context.catalog_check.readable[record.first_row : record.rows.stop].all():
            rows, _ = context.read(list(record.rows))
            made = contexts_of(record.title, list(rows.values()))
            pairs = zip(rows, made, strict=True)
            contexts |= {row: context for row, context in pairs if context is not None}
    return contexts


def _until(catalog: UncheckedCatalog, commit: Commit) -> Iterator[Commit]:
    return takewhile(lambda one: one.sequence <= commit.sequence, catalog.commits())
