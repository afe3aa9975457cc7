"""EncoderConfig: all that has to stay the same for embeddings to be comparable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.models.files import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, ConfigFields

__all__ = ["REPAIR_HINT", "EncoderConfig", "is_exported"]

REPAIR_HINT: Final = "'nutgraf repair' exports it again, or restore the index from a backup"
"""What to do where an encoder is damaged."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """What an encoder is: written beside it, and into the manifest of the index.

    `revision` is the commit on the Hugging Face hub where it is known;
    `weights_sha256` the digest of the weights that were exported; `sha256` the
    fingerprint of the exported files, by which two encoders are told apart.
    `unrelated` is the mean cosine of texts that have nothing to do with one
    another, None where it was not measured.
    """

    name: str
    revision: str | None
    dimension: int
    pooling: str
    max_tokens: int
    question_prefix: str
    paragraph_prefix: str
    weights_sha256: str
    precision: str
    sha256: str
    unrelated: float | None = None

    def to_dict(self) -> dict[str, str | int | float | None]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object, where: str = "the index's manifest") -> EncoderConfig:
        """Return the config held by `values`, JSON that was read from `where`.

        Keys that it does not know are left alone. Raises BrokenIndexError,
        naming `where` and the field, for one that is missing or of another type.
        """
        return cls._of(ConfigFields(values, where, REPAIR_HINT))

    @classmethod
    def read(cls, folder: Path) -> EncoderConfig:
        """Return the config of the encoder in `folder`; raises BrokenIndexError."""
        return cls._of(ConfigFields.read(folder / CONFIG_FILE, REPAIR_HINT))

    @classmethod
    def _of(cls, fields: ConfigFields) -> EncoderConfig:
        return cls(
            name=fields.text("name"),
            revision=fields.optional_text("revision"),
            dimension=fields.count("dimension"),
            pooling=fields.text("pooling"),
            max_tokens=fields.count("max_tokens"),
            question_prefix=fields.text("question_prefix"),
            paragraph_prefix=fields.text("paragraph_prefix"),
            weights_sha256=fields.text("weights_sha256"),
            precision=fields.text("precision"),
            sha256=fields.text("sha256"),
            unrelated=fields.optional_cosine("unrelated"),
        )


def is_exported(folder: Path) -> bool:
    """Tell whether `folder` holds an encoder that was exported, whole or damaged."""
    parts = (folder / MODEL_FILE, folder / TOKENIZER_FILE)
    # A model as sentence-transformers keeps it may have an ONNX graph beside its weights.
    return all(part.is_file() for part in parts) and not (folder / "modules.json").exists()
