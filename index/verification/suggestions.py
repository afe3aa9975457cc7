"""Suggestions held against those that the catalog makes."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.storage.layout import SUGGESTIONS
from nutgraf.index.suggestions.check import SuggestionsCheck
from nutgraf.index.verification.check import CATCH_UP, Look

__all__ = ["REPAIR_SUGGESTIONS", "check_suggestions"]

REPAIR_SUGGESTIONS: Final = "'nutgraf repair' makes the suggestions again from the catalog"


def check_suggestions(look: Look) -> None:
    """Look whether they are up to date, and what the catalog makes. Raises BrokenIndexError."""
    path = look.parts / SUGGESTIONS
    if not path.exists() and (not look.commit.sequence or look.is_written):
        return  # A writer makes them when it opens an index.
    with closing(SuggestionsCheck(path)) as check:
        if check.sequence < look.commit.sequence:
            if look.is_written:
                return
            shown, last = check.sequence, look.commit.sequence
            what = f"they show commit {shown}, and the catalog is at {last}"
            look.findings.add(SUGGESTIONS, what, CATCH_UP)
        elif look.audit.is_sound and bool(look.audit.readable[look.audit.alive].all()):
            analyzers = Analyzers(look.manifest.language)
            for example in check.differences(look.catalog, analyzers):
                what = "they are not what the catalog makes"
                look.findings.add(SUGGESTIONS, what, REPAIR_SUGGESTIONS, example)
