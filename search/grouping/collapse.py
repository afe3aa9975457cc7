"""Collapse: from ranked paragraphs to groups of them, each of which is shown as one hit.

All candidates are collapsed before a page is cut, so that pages agree. No text is read for it.
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
    """What becomes one hit. All numbers are places among the candidates.

    `shown` are the paragraphs of the version that is shown, best first. `best`
    is the best paragraph of all versions: it gives the hit its place and its
    score. `versions` has a paragraph of each, its best; first that of the one shown.
    """

    shown: tuple[int, ...]
    best: int
    versions: tuple[int, ...]


def collapse(index: IndexReader, request: SearchRequest, candidates: Candidates) -> Sequence[Group]:
    """Return the groups that the candidates make, that with the best candidate first."""
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
    """Return a group for each paragraph that the rows of candidates are of."""
    if not index.has_split_paragraphs:
        return single_groups(len(rows))  # No values have to be read.
    paragraphs = index.values(rows).paragraph
    return _keep_best_parts(group_versions(paragraphs, paragraphs, paragraphs), paragraphs)


def single_groups(many: int) -> list[Group]:
    """Return a group for each of so many candidates."""
    return [Group((at,), at, (at,)) for at in range(many)]


def _keep_best_parts(groups: Sequence[Group], paragraphs: NDArray[np.int64]) -> list[Group]:
    """Return the groups, with the best part of each paragraph that is shown and no other."""
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
    """Return the groups of candidates of the same story, that with the best candidate first.

    All are given in the order of candidates, int64 of shape (candidates,). Candidates of a
    story that are of the same unit are one version; that with the lowest `turn` is shown.
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
    """Return the groups that score at least so much: by their best, whichever version is shown.

    Of the paragraphs shown of a group, the first stays, and the others that score as much.
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
    """Return the turn of each candidate: the newest, or the oldest, has the lowest.

    Where dates are the same or there are none, units that were indexed later (of higher
    numbers) count as newer. What has no date comes after all that has one.
    """
    if not newest:
        published = np.where(published == NO_DATE, np.iinfo(np.int64).max, published)
    turn = np.empty(len(units), np.int64)
    turn[np.lexsort((units, published))] = np.arange(len(units))
    return -turn if newest else turn


def _stories(
    index: IndexReader, group: Grouping, rows: NDArray[np.int64], values: RowValues
) -> NDArray[np.int64]:
    """Return, for each candidate, the unit that its own is a version of."""
    ordered = values.take(np.argsort(rows))
    if group == "article":
        units, of = values.article, article_versions(index, ordered)
    else:
        first = paragraph_versions(ordered.sketch)
        # Of several parts of a paragraph, the first that was found speaks for all.
        paragraphs, at = np.unique(ordered.paragraph, return_index=True)
        stories = ordered.paragraph[first[at]]
        units, of = values.paragraph, dict(zip(paragraphs.tolist(), stories.tolist(), strict=True))
    return np.array([of[unit] for unit in units.tolist()], np.int64)
