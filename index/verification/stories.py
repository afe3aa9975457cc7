"""Check of the stored stories: checksums, and each row is a version of its first."""

from __future__ import annotations

from typing import Final

import numpy as np

from nutgraf.index.analysis.versions.minhash import MAX_DIFFERING_BITS, count_differing_bits
from nutgraf.index.storage.layout import STORIES
from nutgraf.index.stories import Texts
from nutgraf.index.stories.file import StoredStories
from nutgraf.index.verification.check import CheckContext
from nutgraf.index.verification.columns import open_columns

__all__ = ["REPAIR_STORIES", "check_stories"]

REPAIR_STORIES: Final = "any 'nutgraf index' finds the stories again"


def check_stories(context: CheckContext) -> None:
    """Check the stored stories. Raises BrokenIndexError if they are damaged.

    They are not found again, because this takes long: each text is compared with the first
    text of its group only.
    """
    stored = StoredStories.open(context.parts / STORIES)
    if stored is None:
        return
    stories = stored.stories()
    columns = open_columns(context.index, context.manifest, context.commit)
    if columns is None or not stored.record.is_usable(context.catalog, context.commit, columns):
        return  # Readers do not use them.
    texts = Texts.of(columns, None)
    rows = np.arange(len(stories.text))
    possible = (stories.text >= 0) & (stories.text <= rows)
    firsts = np.where(possible, stories.text, 0)
    sketches = texts.sketches[: len(rows)]
    differing = count_differing_bits(sketches, sketches[firsts])
    allowed = np.where(texts.are_long(rows), MAX_DIFFERING_BITS, 0)
    wrong = ~possible | (firsts[firsts] != firsts) | (differing > allowed)
    wrong |= (stories.article < 0) | (stories.article > texts.articles[: len(rows)])
    grouped = np.flatnonzero(~wrong & (firsts != rows) & texts.are_long(rows))
    wrong[grouped] = ~texts.agree(grouped, firsts[grouped].astype(np.int64))
    what = "the story of a row is wrong"
    for row in np.flatnonzero(wrong).tolist():
        context.findings.add(STORIES, what, REPAIR_STORIES, f"row {row}")
