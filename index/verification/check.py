"""The context and the helper functions that the checks of all parts share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.records import Commit, Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.manifest import Manifest
from nutgraf.index.storage.layout import CATALOG
from nutgraf.index.storage.lock import is_locked
from nutgraf.index.verification.catalog import CatalogCheck
from nutgraf.index.verification.remedies import REWRITE
from nutgraf.index.verification.report import FindingCollector, OnRows, without_advice

__all__ = ["CATCH_UP", "CheckContext"]

CATCH_UP: Final = (
    "open the index for writing once, for example with 'nutgraf index', to bring it up to date"
)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The context of one verification of one generation.

    A generation is a complete set of the parts of an index. `catalog` is read as of
    `commit`, and `catalog_check` is the finished check of the catalog. The other checks
    add faults to `findings`. A check that is too slow for all rows uses `sample` rows. A
    check that takes long calls `on_rows` with the number of rows that are done.
    """

    index: Path
    manifest: Manifest
    catalog: UncheckedCatalog
    commit: Commit
    catalog_check: CatalogCheck
    findings: FindingCollector
    sample: int
    on_rows: OnRows

    @property
    def parts(self) -> Path:
        """The folder of the generation."""
        return self.manifest.parts(self.index)

    @property
    def is_written(self) -> bool:
        """Whether the index has a writer, which may be updating the parts now."""
        return is_locked(self.index)

    def spread(self, rows: NDArray[np.int64]) -> list[int]:
        """Return `sample` of `rows`, evenly spread, including the first and the last."""
        if self.sample < 1 or not len(rows):
            return []
        places = np.linspace(0, len(rows) - 1, min(self.sample, len(rows)))
        return [int(row) for row in rows[np.unique(places.round().astype(np.int64))]]

    def read(self, rows: list[int]) -> tuple[dict[int, Row], dict[int, Record]]:
        """Read rows and their records through SQLite's indexes, as a search does.

        If one of them is damaged, add a finding and return empty dicts.
        """
        try:
            return self.catalog.rows(rows), self.catalog.records_of(rows)
        except BrokenIndexError as error:
            self.findings.add(CATALOG, without_advice(error), REWRITE)
            return {}, {}
