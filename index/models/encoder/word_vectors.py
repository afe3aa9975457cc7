"""Words alone as vectors: what a model's own table of input embeddings says of their meaning.

The table is there without another model or a run of the encoder, and for single words as good
as what the whole encoder makes of them (benchmarks/highlights.md). It is made when
an encoder is exported, and is what highlights are chosen by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["WordVectors", "word_table"]

_WIDTH: Final = 96
"""Numbers kept of a token's vector: they part words alike in meaning from others as well as all
384 of the default model do, and its table takes 3 MB in place of 12. 64 do so a little less."""

CACHE_SIZE: Final = 1 << 16
"""Words kept with their tokens, 8 MB when full."""

_LONG: Final = 64
"""Characters; longer words are no words, and can be of any size."""

_NONE: Final = -1


def word_table(embeddings: NDArray[np.float32], special: Iterable[int]) -> NDArray[np.int8]:
    """Return the vectors of tokens as int8 of shape (tokens, _WIDTH at most).

    `embeddings` is a model's table, of shape (tokens, n). Its mean, which all tokens share, is
    taken away (Mu and Viswanath 2018, "All-but-the-Top"), and its first principal
    components are kept. Each row has a scale of its own, for cosines need none. `special`
    tokens, which stand for no word, get zeros.
    """
    # In float64, so that rounding gives the same bytes on any machine.
    centred = embeddings.astype(np.float64)
    centred -= centred.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # by eigenvalue, ascending
    axes = axes[:, ::-1][:, :_WIDTH]
    # An eigenvector is as good with the other sign.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    table = centred @ axes
    table[list(special)] = 0
    peaks = np.abs(table).max(axis=1, keepdims=True)
    return np.asarray(np.rint(table * (127 / np.where(peaks > 0, peaks, 1))), dtype=np.int8)


class WordVectors:
    """Vectors of words by a table that word_table() made. Threads may share one."""

    __slots__ = ("_cache_size", "_table", "_tokenizer", "_tokens")

    def __init__(
        self, tokenizer: Tokenizer, table: NDArray[np.int8], cache_size: int = CACHE_SIZE
    ) -> None:
        self._tokenizer = tokenizer
        self._table = table
        self._cache_size = cache_size
        self._tokens: dict[str, int] = {}

    @property
    def cached(self) -> int:
        """The number of words in the cache."""
        return len(self._tokens)

    def of(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(words), width), rows of length 1.

        A word that the tokenizer does not know as a whole has zeros, and so a cosine of 0 with
        any: what its pieces mean is seldom what it means (poll, ina, tors).
        """
        tokens = np.array(self._look_up(words), dtype=np.int64)
        vectors = self._table[tokens].astype(np.float32)
        vectors[tokens == _NONE] = 0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1), dtype=np.float32)

    def _look_up(self, words: Sequence[str]) -> list[int]:
        """Return the token of each word, _NONE where it is several or none."""
        found = {word: self._tokens.get(word) for word in words}
        unknown = [word for word, token in found.items() if token is None]
        if unknown:
            made = dict(zip(unknown, self._encode(unknown), strict=True))
            found.update(made)
            if len(self._tokens) + len(made) > self._cache_size:
                self._tokens = {}
            self._tokens.update(islice(made.items(), self._cache_size))
        return [_NONE if token is None else token for token in map(found.__getitem__, words)]

    def _encode(self, words: Sequence[str]) -> list[int]:
        """Return the token of each word as the tokenizer has it, all in one call."""
        # As it stands between others: for some tokenizers the space before belongs to it.
        texts = [f" {word}" if len(word) <= _LONG else "" for word in words]
        encoding = self._tokenizer.encode(texts, is_pretokenized=True, add_special_tokens=False)
        pieces: list[list[int]] = [[] for _ in words]
        # The tokenizer truncates, and what it cuts off is told as well.
        for part in (encoding, *encoding.overflowing):
            for word, token in zip(part.word_ids, part.ids, strict=True):
                if word is not None:
                    pieces[word].append(token)
        return [each[0] if len(each) == 1 else _NONE for each in pieces]
