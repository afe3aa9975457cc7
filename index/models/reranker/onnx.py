"""OnnxReranker: a cross-encoder that needs neither torch nor a network."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.models.files import CONFIG_FILE
from nutgraf.index.models.reranker.config import REPAIR_HINT, RerankerConfig
from nutgraf.index.models.session import inputs_of, open_model

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["OnnxReranker"]

QUESTION_SHARE: Final = 0.5
"""The largest share of a pair's tokens that a question gets.

The text gets the other tokens.
"""


class OnnxReranker:
    """A Reranker that runs a model exported by export_reranker(). It is thread-safe.

    Each pair of question and text runs alone, on one thread. int8 models scale their
    activations by the largest activation in the batch, so in a batch a logit depends
    on the other pairs. Single pairs are hardly slower than batches. On 2 shared
    cores, 20 pairs of 96 tokens take 404 ms one by one. They take 424 ms in batches
    of 2, 374 ms in batches of 5 and 393 ms in batches of 10.
    """

    __slots__ = ("_config", "_inputs", "_session", "_tokenizer")

    def __init__(self, config: RerankerConfig, tokenizer: Tokenizer, session: Any) -> None:
        """Create a reranker from a config, a tokenizer and a session.

        `tokenizer` truncates the text of a pair and does not pad.
        """
        self._config = config
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = tuple(node.name for node in session.get_inputs())

    @classmethod
    def open(cls, folder: Path, expected: RerankerConfig | None = None) -> OnnxReranker:
        """Return the reranker in `folder`.

        Raises EncoderError if the installed ONNX Runtime cannot run the reranker.
        Raises BrokenIndexError if files are missing or damaged, or if the folder has
        another reranker than `expected` describes.
        """
        config = RerankerConfig.read(folder)
        if expected is not None and config != expected:
            raise BrokenIndexError(
                f"{folder / CONFIG_FILE} describes {config.name}, but the index's manifest "
                f"describes {expected.name}, or another export of it; {REPAIR_HINT}"
            )
        return cls(config, *open_model(folder, config.sha256, REPAIR_HINT))

    @property
    def config(self) -> RerankerConfig:
        """The description of this reranker."""
        return self._config

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in the order of `texts`, as soon as it is known.

        The pairs run on one thread per core. Closing the generator waits for the
        pairs in progress, at most one per thread, and drops the other pairs.
        """
        asked = self._cut(question)
        threads = max(1, min(usable_cpus(), len(texts)))
        pool = ThreadPoolExecutor(threads, thread_name_prefix="nutgraf-reranker")
        try:
            yield from pool.map(lambda text: self._logit(asked, text), texts)
        finally:
            pool.shutdown(cancel_futures=True)

    def fit(self, logit: float) -> float:
        """Convert a logit to the common scale of all rerankers."""
        return (logit - self._config.low) / (self._config.high - self._config.low)

    def _cut(self, question: str) -> str:
        """Truncate a question, so that tokens are left for the text."""
        # Replace unpaired surrogates: JSON can contain them, and the tokenizer rejects them.
        asked = question.encode(errors="replace").decode()
        most = int(self._config.max_tokens * QUESTION_SHARE)
        # Encode the question as the text of a pair: the tokenizer truncates only the text.
        encoding = self._tokenizer.encode("", asked)
        places = zip(encoding.offsets, encoding.sequence_ids, strict=True)
        ends = [end for (_, end), sequence in places if sequence == 1]
        return asked if len(ends) <= most else asked[: ends[most - 1]]

    def _logit(self, question: str, text: str) -> float:
        # Do not call encode_batch: it starts threads, and prints a warning after a fork.
        encoding = self._tokenizer.encode(question, text.encode(errors="replace").decode())
        outputs = self._session.run(None, inputs_of(encoding, self._inputs))
        return float(outputs[0].reshape(-1)[0])
