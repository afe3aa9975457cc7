"""Collapse: groups of ranked paragraphs, one group for each hit.

The numbers of the stories of a page are known before their groups are made, so that only the
candidates of this page are grouped. The texts of paragraphs are not read. The functions use these
words:

- A unit is a paragraph or an article, the same kind for all hits of a request. A unit has a number
  from `IndexReader.units`.
- A story is a set of units that are versions of one another: copies and updates of one text. A
  story also has a number. One story is one hit. If a request shows all versions, each unit is a
  story of its own.
- The turn of a candidate is the position of its unit in the order of versions. The version with the
  lowest turn is shown, among those that match about as well as the best version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import are_repeated, contained
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.queries import unit_of

__all__ = ["ABOUT_AS_WELL", "Group", "collapse", "group_versions", "version_order"]

ABOUT_AS_WELL: Final = 0.5
"""Least share of the score of the best version, to be shown in its place.

So an update without the answer does not hide the version with the answer. In 11 answers with two
versions from our sample articles that score at least .1, the lesser version has less than a tenth
of the best score in 2, where it lacks the answer, and .64 or more in the others. If notices count
as versions because they are all in lower case, the wrong ones have at most .15.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """The candidates of one hit. All numbers are positions among the candidates.

    `shown` are the paragraphs of the shown version, best first. `best` is the best paragraph of
    all versions. The hit has the rank and the score of this paragraph. `versions` contains the best
    paragraph of each version, with the shown version first and the others in their order.
    """

    shown: tuple[int, ...]
    best: int
    versions: tuple[int, ...]


def collapse(
    index: IndexReader,
    request: SearchRequest,
    candidates: Candidates,
    stories: NDArray[np.int64],
) -> list[Group]:
    """Return the groups of the given stories, in their order.

    `stories` are numbers of the kind `unit_of(request)`: int64 of shape (n,). The first of the
    shown paragraphs of a group stays even if it scores less than the `min_score` of the request.
    The others stay if they score at least as much.
    """
    if not len(stories):
        return []
    unit = unit_of(request)
    all_stories = index.units(candidates.rows, unit)
    places = candidates.ordered(np.flatnonzero(contained(all_stories, stories)))
    rows = candidates.rows[places]
    units = index.units(rows, request.group)
    paragraphs = index.units(rows, "paragraph")
    if unit == request.group:
        turn = units
    else:
        newest = request.effective_versions == "newest"
        turn = version_order(index.published(rows), units, newest=newest)
    # In another order, the version that decides the place is shown.
    by_relevance = request.sort in (None, "relevance")
    scores = candidates.scores[places] if by_relevance else np.zeros(len(places))
    groups = group_versions(units, all_stories[places], turn, scores)
    groups = [_moved(group, places) for group in _keep_best_parts(groups, paragraphs)]
    if request.min_score is not None:
        groups = [_without_low(group, candidates.scores, request.min_score) for group in groups]
    of = dict(zip(all_stories[[group.best for group in groups]].tolist(), groups, strict=True))
    return [of[story] for story in stories.tolist()]


def _without_low(group: Group, scores: NDArray[np.float64], least: float) -> Group:
    first, *others = group.shown
    return replace(group, shown=(first, *(at for at in others if scores[at] >= least)))


def _moved(group: Group, places: NDArray[np.int64]) -> Group:
    """Return a group of positions in `places` as a group of candidates."""
    shown, versions = (tuple(places[list(some)].tolist()) for some in (group.shown, group.versions))
    return Group(shown, int(places[group.best]), versions)


def _keep_best_parts(groups: Sequence[Group], paragraphs: NDArray[np.int64]) -> list[Group]:
    """Return the groups with only the best part of each shown paragraph."""
    if not are_repeated(paragraphs).any():
        return list(groups)
    firsts: dict[int, int] = {}
    for at, paragraph in enumerate(paragraphs.tolist()):
        firsts.setdefault(paragraph, at)
    best = set(firsts.values())
    return [replace(group, shown=tuple(at for at in group.shown if at in best)) for group in groups]


def group_versions(
    units: NDArray[np.int64],
    stories: NDArray[np.int64],
    turn: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> list[Group]:
    """Return one group for each story, the group with the best candidate first.

    Each array contains one value per candidate, in the order of candidates: shape (candidates,).
    Candidates with the same story and the same unit are one version. Of the versions with at
    least the share ABOUT_AS_WELL of the best one's score, the one with the lowest `turn` is shown.
    """
    found: dict[int, dict[int, list[int]]] = {}
    for at, (unit, story) in enumerate(zip(units.tolist(), stories.tolist(), strict=True)):
        found.setdefault(story, {}).setdefault(unit, []).append(at)
    groups = []
    for versions in found.values():
        places = list(versions.values())
        best = places[0][0]
        least = ABOUT_AS_WELL * scores[best]
        places.sort(key=lambda some: (scores[some[0]] < least, turn[some[0]]))
        shown, *others = places
        others.sort(key=lambda some: turn[some[0]])
        groups.append(Group(tuple(shown), best, tuple(some[0] for some in (shown, *others))))
    return groups


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
