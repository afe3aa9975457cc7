"""RerankerConfig: the description of a reranker and the scale of its logits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models.files import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, ConfigFields

__all__ = ["REPAIR_HINT", "RerankerConfig", "is_exported"]

REPAIR_HINT: Final = (
    "run 'nutgraf reranker NAME' to replace the reranker, or 'nutgraf reranker --remove' to "
    "remove it"
)
"""The advice in errors about a damaged reranker."""


@dataclass(frozen=True, slots=True)
class RerankerConfig:
    """The description of a reranker.

    The description is stored in the folder of the reranker and in the manifest of
    the index.

    `max_tokens` is the limit on the tokens of question and text together. `low` and
    `high` are the scale of the logits, which differs between models. `low` is the
    mean logit of sample texts that are unrelated to their question. `high` is the
    mean logit of sample texts that answer their question. `sha256` is the
    fingerprint of the files.
    """

    name: str
    max_tokens: int
    precision: str
    low: float
    high: float
    sha256: str

    @property
    def folder(self) -> str:
        """The name of the folder of the reranker.

        Every reranker has a folder of its own, so a new reranker can be written while
        the old one is open.
        """
        return self.sha256[:12]

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as values that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object, where: str = "the index's manifest") -> RerankerConfig:
        """Return the config from `values`, the JSON that was read from `where`.

        Raises BrokenIndexError if a field is missing or has the wrong type. The
        message names `where` and the field.
        """
        return cls._of(ConfigFields(values, where, REPAIR_HINT))

    @classmethod
    def read(cls, folder: Path) -> RerankerConfig:
        """Return the config of the reranker in `folder`.

        Raises BrokenIndexError if the config is missing or damaged.
        """
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
    """Return whether `folder` holds an exported reranker, not an original model."""
    if not all((folder / part).is_file() for part in (MODEL_FILE, TOKENIZER_FILE)):
        return False
    try:
        RerankerConfig.read(folder)
    except BrokenIndexError:  # An original model has another config.json, or none.
        return False
    return True
