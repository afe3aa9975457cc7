"""The prefixes that a model needs before questions and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["prefixes"]

_PARAGRAPH_PROMPTS: Final = ("document", "passage", "corpus")
"""The names that a model can give to its prompt for paragraphs.

The order is that of sentence-transformers: the first name with a prompt counts.
"""

_SEARCH: Final = "Represent this sentence for searching relevant passages: "

_DESCRIBED: Final = (
    (re.compile(r"(multilingual-)?e5-(small|base|large)(-v2)?"), ("query: ", "passage: ")),
    (re.compile(r"bge-(small|base|large)-en(-v1\.5)?"), (_SEARCH, "")),
)
"""Models whose prefixes are described on their page but not stored in their files.

Each entry has the names of the models, and the prefixes for questions and paragraphs.
"""


def prefixes(prompts: Mapping[str, str | None], model: Path) -> tuple[str, str]:
    """Return the prefix of a model for questions and its prefix for paragraphs.

    `prompts` are the prompts of the SentenceTransformer, `model` is its folder. If the
    model sets no prompts, the name of the folder can tell its prefixes.
    """
    # A prompt that the model does not set is "" or None. Use the first that is not empty.
    question = prompts.get("query") or ""
    paragraph = next((found for name in _PARAGRAPH_PROMPTS if (found := prompts.get(name))), "")
    if question or paragraph:
        return question, paragraph
    name = _name(model)
    described = (pair for names, pair in _DESCRIBED if names.fullmatch(name))
    return next(described, ("", ""))


def _name(model: Path) -> str:
    """Return the name of a model, without its owner, in lower case."""
    folder = model.resolve()
    if folder.parent.name == "snapshots":
        # The Hugging Face cache: models--OWNER--NAME/snapshots/COMMIT
        return folder.parents[1].name.rpartition("--")[2].lower()
    return folder.name.lower()
