"""Stories: groups of versions, which are copies and updates of one text.

The stories depend only on the texts that a snapshot ranks, so every question and every
page has the same stories. They are found in groups.py and articles.py. In a large index
they are stored (file.py) beside the live index (background.py), and a reader grows them
to its own commit.
"""

from __future__ import annotations

from nutgraf.index.stories.stories import Stories
from nutgraf.index.stories.texts import Texts

__all__ = ["Stories", "Texts"]
