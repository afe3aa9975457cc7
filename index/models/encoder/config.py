"""EncoderConfig: the description of an encoder.

Only the embeddings of encoders with the same fingerprint can be compared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.models.files import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, ConfigFields

__all__ = ["REPAIR_HINT", "EncoderConfig", "is_exported"]

REPAIR_HINT: Final = (
    "run 'nutgraf repair' to export the encoder again, or restore the index from a backup"
)
"""The advice in errors about a damaged encoder."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The description of an encoder.

    The description is stored in the folder of the encoder and in the manifest of
    the index.

    `revision` is the commit of the model on the Hugging Face hub, None if it is
    unknown. `weights_sha256` is the digest of the weights before the export.
    `sha256` is the fingerprint of the exported files, which identifies the encoder.
    `unrelated` is the mean cosine of unrelated texts, None if it was not measured.
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

    def embeds_like(self, other: EncoderConfig) -> bool:
        """Return whether both encoders give paragraphs the same embeddings."""
        ours = (self.sha256, self.paragraph_prefix)
        return ours == (other.sha256, other.paragraph_prefix)

    def to_dict(self) -> dict[str, str | int | float | None]:
        """Return the fields as values that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object, where: str = "the index's manifest") -> EncoderConfig:
        """Return the config from `values`, the JSON that was read from `where`.

        Unknown keys are ignored. Raises BrokenIndexError if a field is missing or
        has the wrong type. The message names `where` and the field.
        """
        return cls._of(ConfigFields(values, where, REPAIR_HINT))

    @classmethod
    def read(cls, folder: Path) -> EncoderConfig:
        """Return the config of the encoder in `folder`.

        Raises BrokenIndexError if the config is missing or damaged.
        """
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
    """Return whether `folder` holds an exported encoder, complete or damaged."""
    parts = (folder / MODEL_FILE, folder / TOKENIZER_FILE)
    # A folder with modules.json is a sentence-transformers model, even if it has an ONNX graph.
    return all(part.is_file() for part in parts) and not (folder / "modules.json").exists()
