"""Collapse: groups of ranked paragraphs, one group for each hit.

All candidates are grouped before the page is selected, so that all pages of a request agree. The
texts of paragraphs are not read. The functions use these words:

- A unit is a paragraph or an article, the same kind for all hits of a request. A unit is identified
  by a number from `RowValues`.
- A story is a set of units that are versions of one another: copies and updates of one text. A
  story is identified by the number of one of its units. One story is one hit. If a request shows
  all versions, each unit is a story of its own.
- The turn of a candidate is the position of its unit in the order of versions. The version with the
  lowest turn is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.ranking import NO_DATE
from nutgraf.index.reader.protocol import IndexReader, RowValues
from nutgraf.search.grouping.near_duplicates import article_versions, paragraph_versions
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import Grouping, SearchRequest

__all__ = [
    "Group",
    "collapse",
    "drop_below",
    "group_by_paragraph",
    "group_versions",
    "single_groups",
    "version_order",
]


@dataclass(frozen=True, slots=True)
class Group:
    """The candidates of one hit. All numbers are positions among the candidates.

    `shown` are the paragraphs of the shown version, best first. `best` is the best paragraph of
    all versions. The hit has the rank and the score of this paragraph. `versions` contains the best
    paragraph of each version, with the shown version first.
    """

    shown: tuple[int, ...]
    best: int
    versions: tuple[int, ...]


def collapse(index: IndexReader, request: SearchRequest, candidates: Candidates) -> Sequence[Group]:
    """Return the groups of the candidates, the group with the best candidate first."""
    rows = candidates.rows
    if request.group == "paragraph" and request.effective_versions == "all":
        return group_by_paragraph(index, rows)
    values = index.values(rows)
    paragraphs = values.paragraph
    units = paragraphs if request.group == "paragraph" else values.article
    if request.effective_versions == "all":
        return _keep_best_parts(group_versions(units, units, units), paragraphs)
    stories = _stories(index, request.group, rows, values)
    newest = request.effective_versions == "newest"
    groups = group_versions(units, stories, version_order(values.published, units, newest=newest))
    return _keep_best_parts(groups, paragraphs)


def group_by_paragraph(index: IndexReader, rows: NDArray[np.int64]) -> list[Group]:
    """Return one group for each paragraph that the rows of candidates belong to."""
    if not index.has_split_paragraphs:
        return single_groups(len(rows))  # Without parts, each row is a paragraph.
    paragraphs = index.values(rows).paragraph
    return _keep_best_parts(group_versions(paragraphs, paragraphs, paragraphs), paragraphs)


def single_groups(many: int) -> list[Group]:
    """Return one group for each of `many` candidates."""
    return [Group((at,), at, (at,)) for at in range(many)]


def _keep_best_parts(groups: Sequence[Group], paragraphs: NDArray[np.int64]) -> list[Group]:
    """Return the groups with only the best part of each shown paragraph."""
    if len(np.unique(paragraphs)) == len(paragraphs):
        return list(groups)
    firsts: dict[int, int] = {}
    for at, paragraph in enumerate(paragraphs.tolist()):
        firsts.setdefault(paragraph, at)
    best = set(firsts.values())
    return [replace(group, shown=tuple(at for at in group.shown if at in best)) for group in groups]


def group_versions(
    units: NDArray[np.int64], stories: NDArray[np.int64], turn: NDArray[np.int64]
) -> list[Group]:
    """Return one group for each story, the group with the best candidate first.

    Each array contains one value per candidate, in the order of candidates: int64 of shape
    (candidates,). Candidates with the same story and the same unit are one version. The version
    with the lowest `turn` is shown.
    """
    found: dict[int, dict[int, list[int]]] = {}
    for at, (unit, story) in enumerate(zip(units.tolist(), stories.tolist(), strict=True)):
        found.setdefault(story, {}).setdefault(unit, []).append(at)
    groups = []
    for versions in found.values():
        places = list(versions.values())
        best = places[0][0]
        places.sort(key=lambda some: turn[some[0]])
        groups.append(Group(tuple(places[0]), best, tuple(some[0] for some in places)))
    return groups


def drop_below(
    groups: Sequence[Group], scores: NDArray[np.float64], least: float | None
) -> Sequence[Group]:
    """Return the groups with a score of at least `least`.

    The score of a group is the score of its best candidate, also if another version is shown. The
    first of the shown paragraphs always stays in the group. The others stay if they score at least
    `least`. With None, all groups are returned unchanged.
    """
    if least is None:
        return groups
    return [
        replace(
            group, shown=(group.shown[0], *(at for at in group.shown[1:] if scores[at] >= least))
        )
        for group in groups
        if scores[group.best] >= least
    ]


def version_order(
    published: NDArray[np.int64], units: NDArray[np.int64], *, newest: bool
) -> NDArray[np.int64]:
    """Return the turn of each candidate: its position in the order of versions.

    The order begins with the newest version if `newest` is True, and otherwise with the oldest. If
    two units have the same date, or no dates, the unit with the higher number counts as newer: that
    unit was indexed later. Candidates without a date come after those with a date.
    """
    if not newest:
        published = np.where(published == NO_DATE, np.iinfo(np.int64).max, published)
    turn = np.empty(len(units), np.int64)
    turn[np.lexsort((units, published))] = np.arange(len(units))
    return -turn if newest else turn


def _stories(
    index: IndexReader, group: Grouping, rows: NDArray[np.int64], values: RowValues
) -> NDArray[np.int64]:
    """Return the story of each candidate.

    The number of a story is that of the first of its units, in the order of rows.
    """
    ordered = values.take(np.argsort(rows))
    if group == "article":
        units, of = values.article, article_versions(index, ordered)
    else:
        first = paragraph_versions(ordered.sketch)
        # The first part of a paragraph among the rows decides the story of the paragraph.
        paragraphs, at = np.unique(ordered.paragraph, return_index=True)
        stories = ordered.paragraph[first[at]]
        units, of = values.paragraph, dict(zip(paragraphs.tolist(), stories.tolist(), strict=True))
    return np.array([of[unit] for unit in units.tolist()], np.int64)
