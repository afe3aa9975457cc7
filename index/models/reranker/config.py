"""RerankerConfig: which reranker an index has, and what its logits mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models.files import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, ConfigFields

__all__ = ["REPAIR_HINT", "RerankerConfig", "is_exported"]

REPAIR_HINT: Final = (
    "'nutgraf reranker NAME' puts one in its place, 'nutgraf reranker --remove' does without"
)
"""What to do where a reranker is damaged."""


@dataclass(frozen=True, slots=True)
class RerankerConfig:
    """What a reranker is: written beside it, and into the manifest of the index.

    `max_tokens` is how many tokens of question and text it reads. `low` and
    `high` are its mean logits for sample texts that have nothing to do with
    their question, and for those that answer it: models differ in their
    scales. `sha256` is the fingerprint of its files.
    """

    name: str
    max_tokens: int
    precision: str
    low: float
    high: float
    sha256: str

    @property
    def folder(self) -> str:
        """The name of its folder, which no other reranker has: one can take another's place."""
        return self.sha256[:12]

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object, where: str = "the index's manifest") -> RerankerConfig:
        """Return the config held by `values`, JSON that was read from `where`.

        Raises BrokenIndexError, naming `where` and the field, for one that is
        missing or of another type.
        """
        return cls._of(ConfigFields(values, where, REPAIR_HINT))

    @classmethod
    def read(cls, folder: Path) -> RerankerConfig:
        """Return the config of the reranker in `folder`; raises BrokenIndexError."""
        return cls._of(ConfigFields.read(folder / CONFIG_FILE, REPAIR_HINT))

    @classmethod
    def _of(cls, fields: ConfigFields) -> RerankerConfig:
        return cls(
            name=fields.text("name"),
            max_tokens=fields.count("max_tokens"),
            precision=fields.text("precision"),
            low=fields.number("low"),
            high=fields.number("high"),
            sha256=fields.text("sha256"),
        )


def is_exported(folder: Path) -> bool:
    """Tell whether `folder` holds a reranker that was exported, and not a model as it was made."""
    if not all((folder / part).is_file() for part in (MODEL_FILE, TOKENIZER_FILE)):
        return False
    try:
        RerankerConfig.read(folder)
    except BrokenIndexError:  # A model as it was made has a config.json of another kind, or none.
        return False
    return True
