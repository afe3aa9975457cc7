"""Check of the clusters: their checksums, and that each row is in one list."""

from __future__ import annotations

from typing import Final

import numpy as np

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.layout import CLUSTERS, VECTORS
from nutgraf.index.vectors.clusters import Clusters
from nutgraf.index.vectors.file import map_records
from nutgraf.index.vectors.rows import VectorRows
from nutgraf.index.verification.check import CheckContext

__all__ = ["REPAIR_CLUSTERS", "check_clusters"]

REPAIR_CLUSTERS: Final = "'nutgraf repair' makes the clusters again"


def check_clusters(context: CheckContext) -> None:
    """Check every list of the clusters.

    Raises BrokenIndexError if they cannot be opened.
    """
    clusters = Clusters.open(context.parts / CLUSTERS)
    if clusters is None:
        return
    if damaged := clusters.check():
        what = "lists of the clusters are damaged"
        for number in damaged:
            context.findings.add(CLUSTERS, what, REPAIR_CLUSTERS, f"list {number}")
        return
    rows = min(clusters.rows, context.commit.rows)
    dimension = context.manifest.encoder.dimension
    try:
        records = map_records(context.parts / VECTORS, rows, dimension)
    except BrokenIndexError:
        return  # The check of rows.i8 tells it.
    source = VectorRows(context.parts / VECTORS, dimension, context.commit.rows)
    if clusters.rows <= len(source) and not clusters.record.is_of(source):
        what = "the clusters have other rows than the index, which ignores them"
        context.findings.add(CLUSTERS, what, REPAIR_CLUSTERS, clusters.record.file)
        return
    wanted = records["codes"].any(axis=1)
    what = "a row is missing or repeated in the clusters"
    for row in np.flatnonzero(clusters.row_counts(rows) != wanted).tolist():
        context.findings.add(CLUSTERS, what, REPAIR_CLUSTERS, f"row {row}")
