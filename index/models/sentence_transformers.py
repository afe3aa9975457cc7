"""Models run by sentence-transformers: the reference for the check of an export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.quiet import no_loading_bars, quiet

__all__ = [
    "SentenceTransformersEncoder",
    "load_cross_encoder",
    "load_sentence_transformer",
    "prefixes",
    "tokenizer_json",
]

_PARAGRAPH_PROMPTS: Final = ("document", "passage", "corpus")
"""Names of the prompt for paragraphs, in the order of sentence-transformers."""

_BATCH: Final = 32
"""Texts in a batch: the default of sentence-transformers."""


class SentenceTransformersEncoder:
    """An Encoder that runs the model with sentence-transformers, in float32.

    Use it for models on a GPU, and for tests that need reference embeddings.
    An OnnxEncoder of the same model returns similar embeddings, not equal ones.
    """

    def __init__(self, model: Path, device: str | None = None) -> None:
        """Load the model in the folder `model` onto `device`.

        `device` is a name such as "cuda". None lets sentence-transformers choose.
        """
        self._model = load_sentence_transformer(model, device)
        self._question_prefix, self._paragraph_prefix = prefixes(self._model)
        self._dimension = int(self.encode_question("dimension").shape[0])

    @property
    def dimension(self) -> int:
        """The length of an embedding."""
        return self._dimension

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(texts), dimension); each row has norm 1."""
        if not texts:
            return np.empty((0, self._dimension), dtype=np.float32)
        return self._encode(texts, self._paragraph_prefix)

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return float32 of shape (dimension,), with norm 1."""
        embedding: NDArray[np.float32] = self._encode([text], self._question_prefix)[0]
        return embedding

    def _encode(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        embeddings: NDArray[np.float32] = self._model.encode(
            list(texts),
            prompt=prefix,
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return embeddings.astype(np.float32, copy=False)


def load_sentence_transformer(
    model: Path, device: str | None, *, attention: str | None = None
) -> Any:
    """Return the SentenceTransformer in the folder `model`, in float32, for inference.

    `attention` names an implementation of attention in transformers; None lets
    transformers choose. This function never runs code that a model includes,
    downloads nothing and prints nothing. Raises EncoderError if the model
    cannot be loaded.
    """
    return _load("SentenceTransformer", "model", model, device, attention)


def load_cross_encoder(model: Path, *, attention: str) -> Any:
    """Return the CrossEncoder in the folder `model`, in float32, for inference.

    The rules of `load_sentence_transformer` apply.
    """
    return _load("CrossEncoder", "cross-encoder", model, "cpu", attention)


def tokenizer_json(reference: Any, name: str) -> str:
    """Return the content of tokenizer.json for the model called `name`.

    Raises EncoderError if the model has no fast tokenizer: only those can be
    stored as a tokenizer.json.
    """
    backend = getattr(reference.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(
            f"{name} cannot be exported: its tokenizer is not a 'fast' one, so it cannot be "
            "stored as a tokenizer.json; choose another model"
        )
    content: str = backend.to_str()
    return content


def _load(
    kind: Literal["SentenceTransformer", "CrossEncoder"],
    called: str,
    model: Path,
    device: str | None,
    attention: str | None,
) -> Any:
    with quiet():
        import sentence_transformers

        try:
            with no_loading_bars():
                loaded = getattr(sentence_transformers, kind)(
                    str(model),
                    device=device,
                    local_files_only=True,
                    model_kwargs={"attn_implementation": attention} if attention else None,
                )
        except Exception as error:
            raise EncoderError(
                f"sentence-transformers cannot load the {called} in {model}: {error}; check that "
                "the folder is complete and that the model does not need its own code"
            ) from error
        return loaded.float().eval()


def prefixes(model: Any) -> tuple[str, str]:
    """Return a model's prefix of questions and its prefix of paragraphs.

    `model` is a SentenceTransformer.
    """
    prompts: dict[str, str | None] = model.prompts
    # A prompt that the model does not set is "": use the first that is not empty.
    paragraph = next((prompts[name] for name in _PARAGRAPH_PROMPTS if prompts.get(name)), None)
    return prompts.get("query") or "", paragraph or ""
