"""Declare fields of an index, and count the articles with a value of each field.

New fields need new columns and new terms in the keyword index. So the index is
rebuilt from its catalog, in a new generation, with the embeddings that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import value_of, with_fields
from nutgraf.index.maintenance.rebuild import rebuilding, renew
from nutgraf.index.maintenance.result import OnProgress, RebuildResult, no_progress
from nutgraf.index.maintenance.source import RebuildSource, StoredEmbeddings
from nutgraf.index.manifest import Manifest
from nutgraf.index.schema import FIELDS, OPTIONAL_FIELDS
from nutgraf.index.storage.layout import CATALOG

__all__ = ["FieldCount", "count_fields", "declare_fields"]


@dataclass(frozen=True, slots=True)
class FieldCount:
    """A field of an index: its kind, and the articles that have a value.

    `declared` is True for a field of the publisher's own. `misfits` is the number of
    articles whose value has another kind, and is not searched.
    """

    name: str
    kind: str
    articles: int
    declared: bool = False
    misfits: int = 0


def declare_fields(
    path: str | Path, fields: Mapping[str, str], *, on_progress: OnProgress = no_progress
) -> RebuildResult | None:
    """Declare fields by name and kind; return None if the index has all of them.

    The articles of the index are searched by the new fields too. A value that has
    another kind stays in `extra`, and is not searched.

    Raises UserError if a name or kind is invalid, or if a field has another kind already.
    Raises the errors of `compact_index`.
    """
    index = Path(path)
    known = Manifest.read(index).declared
    if with_fields(known, fields) == known:
        return None
    with rebuilding(index) as manifest:
        declared = with_fields(manifest.declared, fields)
        target = replace(manifest, fields=tuple(declared.items()))
        with RebuildSource(manifest.parts(index), target) as source:
            if source.damaged_rows():
                raise BrokenIndexError(
                    f"embeddings of {index} are damaged: run 'nutgraf repair', then declare the "
                    "fields again"
                )
            return renew(index, source, StoredEmbeddings(source), on_progress)


def count_fields(path: str | Path) -> list[FieldCount]:
    """Return the optional fields of an index, then its declared fields."""
    manifest = Manifest.read(Path(path))
    declared = manifest.declared
    counts = dict.fromkeys((*OPTIONAL_FIELDS, *declared), 0)
    misfits = dict.fromkeys(declared, 0)
    with closing(Catalog.open(manifest.parts(Path(path)) / CATALOG)) as catalog:
        for record in catalog.alive(catalog.last_commit().sequence):
            for name in OPTIONAL_FIELDS:
                counts[name] += bool(getattr(record, name))
            for name, kind in declared.items():
                there = value_of(record.extra, name, kind) is not None
                counts[name] += there
                misfits[name] += not there and (record.extra or {}).get(name) is not None
    kinds = {field.name: field.kind for field in FIELDS}
    known = [FieldCount(name, kinds[name], counts[name]) for name in OPTIONAL_FIELDS]
    return known + [
        FieldCount(name, kind, counts[name], declared=True, misfits=misfits[name])
        for name, kind in declared.items()
    ]
