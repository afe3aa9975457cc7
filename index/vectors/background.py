"""ClusterThread: clusters are made in a thread while the writer goes on."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError, NutgrafError
from nutgraf.index.vectors.clustering import is_due, make_clusters
from nutgraf.index.vectors.clusters import ClusterRecord

__all__ = ["ClusterThread"]

_LOGGER: Final = logging.getLogger("nutgraf")


class ClusterThread:
    """Makes the clusters of an index in the background, when they are due.

    Clusters need no write lock, so the writer can be closed meanwhile.
    """

    def __init__(self, folder: Path, path: Path, dimension: int) -> None:
        self._folder = folder
        self._path = path
        self._dimension = dimension
        self._thread: threading.Thread | None = None

    def follow(self, rows: int) -> None:
        """Start making clusters of the first `rows` rows, if they are due."""
        if self._thread is not None and self._thread.is_alive():
            return
        current = None
        with suppress(BrokenIndexError):  # Damaged clusters are made again.
            current = ClusterRecord.read(self._folder)
        if is_due(rows, current):
            # A process that ends must not wait for it: the next writer starts again.
            self._thread = threading.Thread(
                target=self._make, args=(rows,), name="nutgraf-clusters", daemon=True
            )
            self._thread.start()

    def wait(self, rows: int) -> None:
        """Wait until the clusters that are due for the first `rows` rows are in use."""
        if self._thread is not None:
            self._thread.join()
            # More rows may have come while they were made.
            self.follow(rows)
            self._thread.join()

    def _make(self, rows: int) -> None:
        try:
            make_clusters(self._folder, self._path, self._dimension, rows)
        except (NutgrafError, OSError) as error:
            # Search goes on with the older clusters, or exactly.
            _LOGGER.warning("the clusters in %s could not be made: %s", self._folder, error)
