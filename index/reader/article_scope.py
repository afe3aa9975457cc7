"""The articles that meet a constraint as a whole, with all their paragraphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.query import query
from nutgraf.index.schema import TEXT, WHOLE_PARAGRAPH

__all__ = ["ArticleScope"]


@dataclass(frozen=True, slots=True, eq=False)
class ArticleScope:
    """A test of constraints on articles, by the rows that a keyword index finds.

    An article meets a word, phrase, pattern or field if one of its rows matches it. AND,
    OR and NOT combine articles, so 2 required words can be in different paragraphs.

    `matching` returns a mask of the rows that match a query, of shape (rows,). `articles`
    contains the number of the article of each row; it never decreases.
    """

    matching: Callable[[Any], NDArray[np.bool_]]
    articles: NDArray[np.uint32]

    def rows(self, constraint: Any) -> NDArray[np.bool_]:
        """Return a mask of the rows whose article meets a constraint."""
        met: NDArray[np.bool_] = self._met(constraint)[self.articles]
        return met

    def _met(self, tree: Any) -> NDArray[np.bool_]:
        """Return which articles meet the tree; the index is the number of the article."""
        if _is_met_by_one_row(tree):
            met = np.zeros(1 + int(self.articles[-1]) if len(self.articles) else 0, bool)
            met[self.articles[self.matching(tree)]] = True
            return met
        if isinstance(tree, query.Not):
            return ~self._met(tree.query)
        joined = np.logical_and if isinstance(tree, query.And) else np.logical_or
        result: NDArray[np.bool_] = joined.reduce([self._met(part) for part in tree.subqueries])
        return result


def _is_met_by_one_row(tree: Any) -> bool:
    """Return whether an article meets the tree exactly if one of its rows matches it.

    Such a tree is one query of the keyword index. All rows of an article have the same
    title, summary and values. So only a NOT of text, and an AND of 2 texts, are different.
    """
    if isinstance(tree, query.Not):
        return not _is_about_text(tree.query)
    if isinstance(tree, query.And | query.Or):
        parts = tree.subqueries
        one = isinstance(tree, query.Or) or sum(map(_is_about_text, parts)) <= 1
        return one and all(map(_is_met_by_one_row, parts))
    return True


def _is_about_text(tree: Any) -> bool:
    return any(
        getattr(leaf, "fieldname", None) in (TEXT, WHOLE_PARAGRAPH) for leaf in tree.leaves()
    )
