"""Models run by sentence-transformers, with which exported models are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.prefixes import prefixes
from nutgraf.index.models.quiet import no_loading_bars, quiet

__all__ = [
    "SentenceTransformersEncoder",
    "load_cross_encoder",
    "load_sentence_transformer",
    "tokenizer_json",
]

_BATCH: Final = 32
"""The number of texts in a batch, which is the default of sentence-transformers."""

_LARGE_BATCH: Final = 512
"""The number of texts in a batch in float16: a GPU is busy only with many texts."""


class SentenceTransformersEncoder:
    """An Encoder that runs a model with sentence-transformers.

    Use this class for models on a GPU, and for tests that need reference
    embeddings. An OnnxEncoder of the same model returns similar embeddings, not
    equal ones.
    """

    def __init__(self, model: Path, device: str | None = None, *, half: bool = False) -> None:
        """Load the model in the folder `model` onto `device`.

        `device` is a name such as "cuda". If it is None, sentence-transformers
        chooses the device. The model runs in float32 or, if `half`, in float16.
        """
        self._model = load_sentence_transformer(model, device)
        if half:
            self._model.half()
        self._batch = _LARGE_BATCH if half else _BATCH
        self._question_prefix, self._paragraph_prefix = prefixes(self._model.prompts, model)
        self._dimension = int(self.encode_question("dimension").shape[0])

    @property
    def dimension(self) -> int:
        """The length of an embedding."""
        return self._dimension

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of `texts`: one row of norm 1 per text.

        The result is float32 of shape (len(texts), dimension).
        """
        if not texts:
            return np.empty((0, self._dimension), dtype=np.float32)
        return self._encode(texts, self._paragraph_prefix)

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return the embedding of a question: float32 of shape (dimension,), norm 1."""
        embedding: NDArray[np.float32] = self._encode([text], self._question_prefix)[0]
        return embedding

    def _encode(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        embeddings: NDArray[np.float32] = self._model.encode(
            list(texts),
            prompt=prefix,
            batch_size=self._batch,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        if embeddings.dtype == np.float32:
            return embeddings
        # In float16, norms are a little above or below 1.
        exact = embeddings.astype(np.float32)
        exact /= np.linalg.norm(exact, axis=1, keepdims=True)
        return exact


def load_sentence_transformer(
    model: Path, device: str | None, *, attention: str | None = None
) -> Any:
    """Return the SentenceTransformer in the folder `model`, in float32, for inference.

    `attention` names an implementation of attention in transformers. If it is
    None, transformers chooses one. This function never runs code that a model
    includes, downloads nothing and prints nothing. Raises EncoderError if the model
    cannot be loaded.
    """
    return _load("SentenceTransformer", "model", model, device, attention)


def load_cross_encoder(model: Path, *, attention: str) -> Any:
    """Return the CrossEncoder in the folder `model`, in float32, for inference.

    It runs no code of the model, downloads nothing, prints nothing and raises
    EncoderError, as `load_sentence_transformer` does.
    """
    return _load("CrossEncoder", "cross-encoder", model, "cpu", attention)


def tokenizer_json(reference: Any, name: str) -> str:
    """Return the content of tokenizer.json for a loaded model with this name.

    Raises EncoderError if the model has no fast tokenizer. Only a fast tokenizer can
    be stored as a tokenizer.json.
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
