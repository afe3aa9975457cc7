"""Count the tokens of texts. An encoder ignores tokens above its limit."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models.encoder.config import REPAIR_HINT, EncoderConfig
from nutgraf.index.models.files import TOKENIZER_FILE, read_part

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["TokenCounter"]

_MAX_CACHED: Final = 1 << 17
"""The highest number of words in the cache of token counts.

A full cache takes about 15 MB.
"""

_MAX_CACHED_WORD: Final = 64
"""The longest cached word, in characters.

In languages that are written without spaces, a sentence is one word.
"""


class TokenCounter:
    """A counter of tokens for the encoder in `folder`. It is not thread-safe.

    `config` describes the encoder. The tokenizer is opened at the first text that
    could be too long.
    """

    def __init__(self, folder: Path, config: EncoderConfig) -> None:
        self._path = folder / TOKENIZER_FILE
        self._config = config
        self._words: dict[str, int] = {}

    @cached_property
    def limit(self) -> int:
        """The highest number of tokens of a text that the encoder reads.

        The tokens of the prefix and special tokens are not included.
        """
        added = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        prefix = self._count(self._config.paragraph_prefix)
        return max(1, self._config.max_tokens - added - prefix)

    def fits(self, text: str) -> bool:
        """Return True if the encoder certainly reads the complete text.

        The check is fast for most texts that fit. It uses the sum of the tokens of
        the single words, because a text has at most as many tokens.
        """
        if text.isascii() and len(text) < self._config.max_tokens // 2:
            return True  # Until here, the tokenizer is not opened.
        if text.isascii() and len(text) < self.limit:
            return True  # The sum of `_most` over the words is within the limit.
        words = text.split()
        counts = list(map(self._words.get, words))
        left = self.limit - sum(filter(None, counts))
        if None not in counts or left < 0:
            return left >= 0
        unknown = [word for word, count in zip(words, counts, strict=True) if count is None]
        if sum(map(_most, unknown)) <= left:
            return True
        for word in unknown:
            if left < 0:
                break
            left -= self._count_word(word)
        return left >= 0

    def starts(self, text: str) -> list[int]:
        """Return the start offsets of the tokens of a text, in code points, ascending."""
        plain = text.encode(errors="replace").decode()
        encoding = self._tokenizer.encode(plain, add_special_tokens=False)
        return sorted(start for start, _ in encoding.offsets)

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def _count_word(self, word: str) -> int:
        count = self._count(f" {word}")
        if len(word) <= _MAX_CACHED_WORD:
            if len(self._words) >= _MAX_CACHED:
                self._words.clear()
            self._words[word] = count
        return count

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            opened = Tokenizer.from_buffer(read_part(self._path, REPAIR_HINT))
        except ValueError as error:
            raise BrokenIndexError(
                f"{self._path} is damaged ({error!s:.100}); {REPAIR_HINT}"
            ) from None
        opened.no_truncation()
        opened.no_padding()
        return opened


def _most(word: str) -> float:
    """Return the highest possible number of tokens of a word.

    An ASCII word has at most one token per letter and one token for the space
    before the word.
    """
    return len(word) + 1 if word.isascii() else math.inf
