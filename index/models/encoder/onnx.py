"""OnnxEncoder: embeddings by ONNX Runtime and a tokenizer, without torch or a network."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError, EncoderError
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.models.encoder.config import REPAIR_HINT, EncoderConfig
from nutgraf.index.models.encoder.word_vectors import WordVectors
from nutgraf.index.models.files import CONFIG_FILE, WORDS_FILE, read_part
from nutgraf.index.models.session import inputs_of, open_model

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["OnnxEncoder"]

_SLICE: Final = 16
"""Texts that a thread takes at a time: 0.1 s of work, so that nobody waits who interrupts it."""


class OnnxEncoder:
    """An Encoder over a folder that export_encoder() wrote. Threads may share one.

    Each text is run by itself, on one thread of its own. int8 models scale
    their activations by the largest in the batch, so in batches an embedding
    would depend on its neighbours; by itself a text has one embedding, whether
    paragraph or question, in whatever order it came. It is also what is
    fastest. Measured on 2 cores, 400 paragraphs of 76 tokens, one session:

        texts a run                          1    4    8   16   32
        2 runs at once, 1 thread each      330  317  294  254  212 paragraphs/s
        1 run, 2 threads that spin         219  262  270  238  178
        1 run, 2 threads that sleep        162  226  241  225  178
    """

    __slots__ = ("_config", "_inputs", "_session", "_tokenizer", "_words")

    def __init__(
        self,
        config: EncoderConfig,
        tokenizer: Tokenizer,
        session: Any,
        words: NDArray[np.int8] | None = None,
    ) -> None:
        """Put an encoder together; `tokenizer` truncates and does not pad."""
        self._config = config
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = tuple(node.name for node in session.get_inputs())
        self._words = None if words is None else WordVectors(tokenizer, words)

    @classmethod
    def open(cls, folder: Path, expected: EncoderConfig | None = None) -> OnnxEncoder:
        """Return the encoder in `folder`.

        Raises EncoderError when it is not the one that `expected` describes, or
        this ONNX Runtime cannot run it; BrokenIndexError when files are missing
        or damaged.
        """
        config = EncoderConfig.read(folder)
        if expected is not None:
            _compare(config, expected, folder)
        path = folder / WORDS_FILE
        # Encoders of earlier exports have none.
        words = [read_part(path, REPAIR_HINT)] if path.exists() else []
        opened = open_model(folder, config.sha256, REPAIR_HINT, *words)
        table = np.load(io.BytesIO(words[0]), allow_pickle=False) if words else None
        return cls(config, *opened, table)

    @property
    def config(self) -> EncoderConfig:
        """What this encoder is."""
        return self._config

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return self._config.dimension

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(texts), dimension), each row of length 1.

        A text is cut at config.max_tokens. As many threads as there are cores
        work on it.
        """
        embeddings = np.empty((len(texts), self.dimension), dtype=np.float32)
        threads = min(usable_cpus(), len(texts))
        step = min(_SLICE, -(-len(texts) // max(1, threads)))

        def fill(start: int) -> None:
            part = texts[start : start + step]
            for row, text in enumerate(part, start):
                embeddings[row] = self._encode(self._config.paragraph_prefix + text)

        starts = range(0, len(texts), max(1, step))
        pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="nutgraf-encoder")
        try:
            list(pool.map(fill, starts))
        finally:
            # After an error, or control-C, nobody wants the rest.
            pool.shutdown(cancel_futures=True)
        return embeddings

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return float32 of shape (dimension,), of length 1."""
        return self._encode(self._config.question_prefix + text)

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(words), n): a vector a word, of length 1.

        For comparing words with one another; they say nothing of embeddings. Words that the
        encoder does not know as a whole have zeros. An encoder without such vectors knows
        none: n is 0, as is the cosine of any two.
        """
        if self._words is None:
            return np.zeros((len(words), 0), np.float32)
        return self._words.of(words)

    def _encode(self, text: str) -> NDArray[np.float32]:
        # Half a surrogate pair, which JSON can carry, is no text to the tokenizer.
        # encode, not encode_batch: that has threads of its own, and warns after a fork.
        encoding = self._tokenizer.encode(text.encode(errors="replace").decode())
        outputs = self._session.run(None, inputs_of(encoding, self._inputs))
        embedding: NDArray[np.float32] = outputs[0][0]
        return embedding


def _compare(config: EncoderConfig, expected: EncoderConfig, folder: Path) -> None:
    if config.sha256 != expected.sha256:
        raise EncoderError(
            f"the encoder in {folder} is {config.name} with the fingerprint {config.sha256}, but "
            f"the index was made with {expected.name} with the fingerprint {expected.sha256}; "
            "their embeddings cannot be compared: put the right encoder there, or make the "
            "index anew"
        )
    ours, theirs = config.to_dict(), expected.to_dict()
    differing = [field for field in ours if ours[field] != theirs[field]]
    if differing:
        raise BrokenIndexError(
            f"{folder / CONFIG_FILE} and the index's manifest disagree on {', '.join(differing)}; "
            "'nutgraf repair' exports it again, or restore the index from a backup"
        )
