"""OnnxReranker: a cross-encoder by ONNX Runtime and a tokenizer, without torch or a network."""

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
"""Of the tokens that are read, what a long question can take at most: the text needs some."""


class OnnxReranker:
    """A Reranker over a folder that export_reranker() wrote. Threads may share one.

    Each pair is run by itself, on one thread of its own, so that its logit
    depends on no other: int8 models scale their activations by the largest of
    a batch. It costs nothing. 20 pairs of 96 tokens, on 2 cores that others
    used as well, take 404 ms one by one, 424 by two, 374 by five, 393 by ten.
    """

    __slots__ = ("_config", "_inputs", "_session", "_tokenizer")

    def __init__(self, config: RerankerConfig, tokenizer: Tokenizer, session: Any) -> None:
        """Put a reranker together; `tokenizer` cuts the text of a pair, and does not pad."""
        self._config = config
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = tuple(node.name for node in session.get_inputs())

    @classmethod
    def open(cls, folder: Path, expected: RerankerConfig | None = None) -> OnnxReranker:
        """Return the reranker in `folder`.

        Raises EncoderError where this ONNX Runtime cannot run it,
        BrokenIndexError where files are missing or damaged, or it is not the
        one that `expected` describes.
        """
        config = RerankerConfig.read(folder)
        if expected is not None and config != expected:
            raise BrokenIndexError(
                f"{folder / CONFIG_FILE} is of {config.name}, the index's manifest speaks of "
                f"{expected.name}, or of another export of it; {REPAIR_HINT}"
            )
        return cls(config, *open_model(folder, config.sha256, REPAIR_HINT))

    @property
    def config(self) -> RerankerConfig:
        """What this reranker is."""
        return self._config

    def logits(self, question: str, texts: Sequence[str]) -> Generator[float, None, None]:
        """Yield the logit of each text, in their order, as soon as it is known.

        As many threads as there are cores work on it. Closing the generator
        waits for the pairs that are being read, one a thread, and drops the rest.
        """
        asked = self._cut(question)
        threads = max(1, min(usable_cpus(), len(texts)))
        pool = ThreadPoolExecutor(threads, thread_name_prefix="nutgraf-reranker")
        try:
            yield from pool.map(lambda text: self._logit(asked, text), texts)
        finally:
            pool.shutdown(cancel_futures=True)

    def fit(self, logit: float) -> float:
        """Return a logit on the scale that all rerankers share."""
        return (logit - self._config.low) / (self._config.high - self._config.low)

    def _cut(self, question: str) -> str:
        """Return as much of a question as leaves room for a text."""
        # Half a surrogate pair, which JSON can carry, is no text to the tokenizer.
        asked = question.encode(errors="replace").decode()
        most = int(self._config.max_tokens * QUESTION_SHARE)
        # As the text of a pair, since the tokenizer cuts that and no other.
        encoding = self._tokenizer.encode("", asked)
        places = zip(encoding.offsets, encoding.sequence_ids, strict=True)
        ends = [end for (_, end), sequence in places if sequence == 1]
        return asked if len(ends) <= most else asked[: ends[most - 1]]

    def _logit(self, question: str, text: str) -> float:
        # encode, not encode_batch: that has threads of its own, and warns after a fork.
        encoding = self._tokenizer.encode(question, text.encode(errors="replace").decode())
        outputs = self._session.run(None, inputs_of(encoding, self._inputs))
        return float(outputs[0].reshape(-1)[0])
