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

    It is stored in the folder of the reranker and in the manifest of the index.

    `max_tokens` is the limit on the tokens of question and text together. The
    scales of models differ, so `low` is the mean logit of sample texts that are
    unrelated to their question, and `high` that of texts that answer it.
    `sha256` is the fingerprint of the files.
    """

    name: str
    max_tokens: int
    precision: str
    low: float
    high: float
    sha256: str

    @property
    def folder(self) -> str:
        """The name of its folder.

        It is unique, so a reranker can be replaced while the old one is open.
        """
        return self.sha256[:12]

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as values that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object, where: str = "the index's manifest") -> RerankerConfig:
        """Return the config in `values`, JSON that was read from `where`.

        Raises BrokenIndexError, with `where` and the field, if a field is
        missing or has the wrong type.
        """
        return cls._of(ConfigFields(values, where, REPAIR_HINT))

    @classmethod
    def read(cls, folder: Path) -> RerankerConfig:
        """Return the config of the reranker in `folder`. Raises BrokenIndexError."""
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
