"""ClusterThread: clusters are made in a thread while the writer goes on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nutgraf.index.background import BackgroundJob
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.vectors.clustering import is_due, make_clusters
from nutgraf.index.vectors.clusters import ClusterRecord
from nutgraf.index.vectors.rows import VectorRows

__all__ = ["ClusterThread"]


class ClusterThread(BackgroundJob[int]):
    """Makes the clusters of an index in the background, when they are due.

    Its state is the number of rows. After a failure, search goes on with the older clusters,
    or exactly.
    """

    def __init__(self, folder: Path, path: Path, dimension: int) -> None:
        super().__init__("nutgraf-clusters", 0, f"the clusters in {folder} could not be made")
        self._folder = folder
        self._path = path
        self._dimension = dimension

    def _is_due(self) -> bool:
        current = None
        # Damaged clusters, and those of other rows, are made again.
        with suppress(BrokenIndexError):
            record = ClusterRecord.read(self._folder)
            rows = VectorRows(self._path, self._dimension, self.newest)
            current = record if record is not None and record.is_of(rows) else None
        return is_due(self.newest, current)

    def _run(self) -> None:
        make_clusters(self._folder, self._path, self._dimension, self.newest)
