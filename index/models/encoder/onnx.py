"""OnnxEncoder: an encoder that needs neither torch nor a network."""

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
"""The number of texts in one task of a thread.

A task takes about 0.1 s, so an interrupt takes effect soon.
"""


class OnnxEncoder:
    """An Encoder that runs a model exported by export_encoder(). It is thread-safe.

    Each text runs alone, on one thread. int8 models scale their activations by
    the largest activation in the batch, so in a batch an embedding depends on the
    other texts. Run alone, a text always gets the same embedding: as a paragraph
    or as a question, and whatever ran before it.

    Single texts are also fastest. The table shows the speed on 2 cores with one
    session and 400 paragraphs of 76 tokens. Threads that spin wait busily for
    work, and threads that sleep do not.

        paragraphs per second, by texts per run    1    4    8   16   32
        2 runs in parallel, 1 thread each        330  317  294  254  212
        1 run, 2 spinning threads                219  262  270  238  178
        1 run, 2 sleeping threads                162  226  241  225  178
    """

    __slots__ = ("_config", "_inputs", "_session", "_tokenizer", "_words")

    def __init__(
        self,
        config: EncoderConfig,
        tokenizer: Tokenizer,
        session: Any,
        words: NDArray[np.int8] | None = None,
    ) -> None:
        """Create an encoder from a config, a tokenizer, a session and word vectors.

        `tokenizer` truncates and does not pad. `words` is the table of word vectors,
        None if the encoder has none.
        """
        self._config = config
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = tuple(node.name for node in session.get_inputs())
        self._words = None if words is None else WordVectors(tokenizer, words)

    @classmethod
    def open(cls, folder: Path, expected: EncoderConfig | None = None) -> OnnxEncoder:
        """Return the encoder in `folder`.

        Raises EncoderError if the folder has another encoder than `expected`
        describes, or if the installed ONNX Runtime cannot run the encoder. Raises
        BrokenIndexError if files are missing or damaged.
        """
        config = EncoderConfig.read(folder)
        if expected is not None:
            _compare(config, expected, folder)
        path = folder / WORDS_FILE
        # Older exports have no word vectors.
        words = [read_part(path, REPAIR_HINT)] if path.exists() else []
        opened = open_model(folder, config.sha256, REPAIR_HINT, *words)
        table = np.load(io.BytesIO(words[0]), allow_pickle=False) if words else None
        return cls(config, *opened, table)

    @property
    def config(self) -> EncoderConfig:
        """The description of this encoder."""
        return self._config

    @property
    def dimension(self) -> int:
        """The length of an embedding."""
        return self._config.dimension

    def encode_paragraphs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of `texts`: one row of norm 1 per text.

        The result is float32 of shape (len(texts), dimension). The encoder truncates
        a text at config.max_tokens. The texts are encoded on one thread per core.
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
            # After an error or control-C, the other texts are not needed.
            pool.shutdown(cancel_futures=True)
        return embeddings

    def encode_question(self, text: str) -> NDArray[np.float32]:
        """Return the embedding of a question: float32 of shape (dimension,), norm 1."""
        return self._encode(self._config.question_prefix + text)

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of norm 1 per word: float32 of shape (len(words), n).

        Compare these vectors only with one another, not with embeddings. A word
        that is not exactly one token of the encoder has a vector of zeros. If the
        encoder has no word vectors, n is 0, so the cosine of any 2 words is 0.
        """
        if self._words is None:
            return np.zeros((len(words), 0), np.float32)
        return self._words.of(words)

    def _encode(self, text: str) -> NDArray[np.float32]:
        # Replace unpaired surrogates: JSON can contain them, and the tokenizer rejects them.
        # Do not call encode_batch: it starts threads, and prints a warning after a fork.
        encoding = self._tokenizer.encode(text.encode(errors="replace").decode())
        outputs = self._session.run(None, inputs_of(encoding, self._inputs))
        embedding: NDArray[np.float32] = outputs[0][0]
        return embedding


def _compare(config: EncoderConfig, expected: EncoderConfig, folder: Path) -> None:
    if config.sha256 != expected.sha256:
        raise EncoderError(
            f"the encoder in {folder} is {config.name} with the fingerprint {config.sha256}, but "
            f"the index was created with {expected.name} with the fingerprint {expected.sha256}; "
            "their embeddings cannot be compared: put the right encoder into the folder, or "
            "create the index again"
        )
    ours, theirs = config.to_dict(), expected.to_dict()
    differing = [field for field in ours if ours[field] != theirs[field]]
    if differing:
        raise BrokenIndexError(
            f"{folder / CONFIG_FILE} and the index's manifest disagree on {', '.join(differing)}; "
            "run 'nutgraf repair' to export the encoder again, or restore the index from a backup"
        )
