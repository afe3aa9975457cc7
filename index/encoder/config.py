"""EncoderConfig: all that has to stay the same for embeddings to be comparable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nutgraf.index.errors import BrokenIndexError

__all__ = [
    "CONFIG_FILE",
    "MODEL_FILE",
    "TOKENIZER_FILE",
    "WORDS_FILE",
    "EncoderConfig",
    "fingerprint",
    "is_exported",
    "read_part",
]

CONFIG_FILE: Final = "config.json"
MODEL_FILE: Final = "model.onnx"
TOKENIZER_FILE: Final = "tokenizer.json"
WORDS_FILE: Final = "words.npy"

_MEND: Final = "'nutgraf repair' exports it again, or restore the index from a backup"


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
        if not isinstance(values, Mapping):
            raise BrokenIndexError(
                f"{where} is damaged: what should describe the encoder is no JSON object; {_MEND}"
            )
        return cls(
            name=_text(values, "name", where),
            revision=None if values.get("revision") is None else _text(values, "revision", where),
            dimension=_count(values, "dimension", where),
            pooling=_text(values, "pooling", where),
            max_tokens=_count(values, "max_tokens", where),
            question_prefix=_text(values, "question_prefix", where),
            paragraph_prefix=_text(values, "paragraph_prefix", where),
            weights_sha256=_text(values, "weights_sha256", where),
            precision=_text(values, "precision", where),
            sha256=_text(values, "sha256", where),
            unrelated=_cosine(values, "unrelated", where),
        )

    @classmethod
    def read(cls, folder: Path) -> EncoderConfig:
        """Return the config of the encoder in `folder`; raises BrokenIndexError."""
        path = folder / CONFIG_FILE
        content = read_part(path)
        try:
            values = json.loads(content)
        except ValueError as error:
            raise BrokenIndexError(f"{path} is damaged: no JSON ({error}); {_MEND}") from None
        return cls.from_dict(values, str(path))


def fingerprint(*files: bytes) -> str:
    """Return 64 hex digits that differ when any of an encoder's files differs.

    They are the model, the tokenizer and, where the encoder has them, the vectors of words.
    """
    return hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files)).hexdigest()


def is_exported(folder: Path) -> bool:
    """Tell whether `folder` holds an encoder that was exported, whole or damaged."""
    parts = (folder / MODEL_FILE, folder / TOKENIZER_FILE)
    # A model as sentence-transformers keeps it may have an ONNX graph beside its weights.
    return all(part.is_file() for part in parts) and not (folder / "modules.json").exists()


def read_part(path: Path) -> bytes:
    """Return the bytes of one file of an encoder; raises BrokenIndexError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BrokenIndexError(f"the encoder's {path} is missing; {_MEND}") from None
    except OSError as error:
        raise BrokenIndexError(
            f"the encoder's {path} cannot be read: {error.strerror}; see to its permissions, "
            f"or {_MEND}"
        ) from None


def _text(values: Mapping[str, object], field: str, where: str) -> str:
    value = values.get(field)
    if not isinstance(value, str):
        raise BrokenIndexError(f"{where} is damaged: '{field}' is {value!r}, not text; {_MEND}")
    return value


def _cosine(values: Mapping[str, object], field: str, where: str) -> float | None:
    value = values.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value < 1:
        raise BrokenIndexError(f"{where} is damaged: '{field}' is {value!r}, not a cosine; {_MEND}")
    return float(value)


def _count(values: Mapping[str, object], field: str, where: str) -> int:
    value = values.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BrokenIndexError(
            f"{where} is damaged: '{field}' is {value!r}, not a positive integer; {_MEND}"
        )
    return value
