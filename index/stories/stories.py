"""Stories: the groups of versions of each row's paragraph and article."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.stories.articles import find_articles, grow_articles
from nutgraf.index.stories.groups import find_groups, grow_groups
from nutgraf.index.stories.texts import Texts

__all__ = ["Stories"]


@dataclass(frozen=True, slots=True, eq=False)
class Stories:
    """The story of each row, as int32 arrays of shape (rows,).

    `text` is the first row among the versions of the row's text. `article` is the number
    of the first article among the versions of the row's article. Rows that are not ranked
    have the values of their own text and article.
    """

    text: NDArray[np.int32]
    article: NDArray[np.int32]

    @classmethod
    def find(cls, texts: Texts) -> Stories:
        """Return the stories of texts."""
        text = find_groups(texts)
        return cls(text, find_articles(texts, text))

    def grown(self, texts: Texts, left_out: NDArray[np.int64]) -> Stories:
        """Return the stories of `texts`, which begin with the texts of these stories.

        `left_out` are the rows that have left the ranked ones since. Only texts near to
        these rows and to new rows are compared.

        The result is that of `find`, with one exception: a text is compared with a limited
        number of those with the same bits (`MIN_REACH` in bands.py). The limit grows with
        the index. So if hundreds of different texts have the same bits, `find` may
        compare others.
        """
        start = len(self.text)
        if len(texts) - start > start:
            return Stories.find(texts)
        gone = left_out[left_out < start]
        if len(texts) == start and not len(gone):
            return self
        text = grow_groups(texts, self.text, gone)
        return Stories(text, grow_articles(texts, text, self.text, self.article, gone))
