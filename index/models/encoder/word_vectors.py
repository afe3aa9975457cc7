"""Word vectors: the meaning of single words, from the input embeddings of a model.

Word vectors need neither another model nor a run of the encoder. For single words
they are as good as the embeddings of the encoder (benchmarks/highlights.md). The
table of word vectors is created when an encoder is exported. Highlights use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["WordVectors", "word_table"]

_WIDTH: Final = 96
"""The number of components of a word vector.

96 components separate words of similar meaning from other words. All 384
components of the default model do not separate them better, and take 12 MB
instead of 3 MB. 64 components are slightly worse.
"""

CACHE_SIZE: Final = 1 << 16
"""The highest number of words in the cache of tokens; a full cache takes 8 MB."""

_LONG: Final = 64
"""The longest word, in characters. Longer strings are not words and can be huge."""

_NONE: Final = -1


def word_table(embeddings: NDArray[np.float32], special: Iterable[int]) -> NDArray[np.int8]:
    """Return one vector per token: int8 of shape (tokens, n), n at most _WIDTH.

    `embeddings` is the table of input embeddings of a model, one row per token. The
    function subtracts the mean of all tokens (Mu and Viswanath 2018,
    "All-but-the-Top") and projects onto the first principal components. Each row
    has its own scale, because cosines ignore the scale. The tokens in `special` are
    not words, and their vectors are zeros.
    """
    # Compute in float64: then the rounded bytes are the same on every machine.
    centred = embeddings.astype(np.float64)
    centred -= centred.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # by eigenvalue, ascending
    axes = axes[:, ::-1][:, :_WIDTH]
    # The sign of an eigenvector is arbitrary: make its largest component positive.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    table = centred @ axes
    table[list(special)] = 0
    peaks = np.abs(table).max(axis=1, keepdims=True)
    return np.asarray(np.rint(table * (127 / np.where(peaks > 0, peaks, 1))), dtype=np.int8)


class WordVectors:
    """The word vectors of an encoder, with a table from word_table(). Thread-safe."""

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
        """Return one vector of norm 1 per word: float32 of shape (len(words), width).

        A word of several tokens has a vector of zeros, so its cosine with any word
        is 0. The reason is that such tokens seldom have the meaning of the word:
        pollinators has the tokens poll, ina and tors.
        """
        tokens = np.array(self._look_up(words), dtype=np.int64)
        vectors = self._table[tokens].astype(np.float32)
        vectors[tokens == _NONE] = 0
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        vectors /= np.maximum(lengths, 1)[:, np.newaxis]
        return vectors

    def _look_up(self, words: Sequence[str]) -> list[int]:
        """Return the token of each word, _NONE if it does not have exactly one token."""
        known = self._tokens
        found = list(map(known.get, words))
        if None in found:
            unknown = list(
                {word for word, token in zip(words, found, strict=True) if token is None}
            )
            made = dict(zip(unknown, self._encode(unknown), strict=True))
            found = [
                made[word] if token is None else token
                for word, token in zip(words, found, strict=True)
            ]
            if len(known) + len(made) > self._cache_size:
                self._tokens = known = {}
            known.update(islice(made.items(), self._cache_size))
        return cast("list[int]", found)

    def _encode(self, words: Sequence[str]) -> list[int]:
        """Return the token of each word, with one call of the tokenizer."""
        # Add a space before each word: in some tokenizers the space belongs to the token.
        texts = [f" {word}" if len(word) <= _LONG else "" for word in words]
        encoding = self._tokenizer.encode(texts, is_pretokenized=True, add_special_tokens=False)
        pieces: list[list[int]] = [[] for _ in words]
        # The tokenizer truncates its result; the remaining tokens are in `overflowing`.
        for part in (encoding, *encoding.overflowing):
            for word, token in zip(part.word_ids, part.ids, strict=True):
                if word is not None:
                    pieces[word].append(token)
        return [each[0] if len(each) == 1 else _NONE for each in pieces]
