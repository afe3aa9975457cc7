"""The remedies for damage of the catalog."""

from __future__ import annotations

from typing import Final

__all__ = ["PUT_AGAIN", "RENUMBER", "RESTORE", "REWRITE"]

RESTORE: Final = (
    "restore the index from a backup (made by 'nutgraf backup'), or index its articles again "
    "in a new index"
)

PUT_AGAIN: Final = (
    "delete these articles and index them again, or restore the index from a backup "
    "(made by 'nutgraf backup')"
)

RENUMBER: Final = "'nutgraf repair' rebuilds the codes from the articles, if these are not damaged"

REWRITE: Final = (
    "no living article is affected: 'nutgraf repair' writes a new catalog without the damage"
)
