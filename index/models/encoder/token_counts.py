"""How many tokens an encoder makes of a text: what is beyond its limit it does not read."""

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
"""Words whose tokens are remembered; some 15 MB when full."""

_MAX_CACHED_WORD: Final = 64
"""Characters of a word that is remembered: where no spaces are written, a sentence is one."""


class TokenCounter:
    """Counts as the encoder in `folder` does, which `config` describes. For one thread.

    Its tokenizer is opened for the first text that could be too long.
    """

    def __init__(self, folder: Path, config: EncoderConfig) -> None:
        self._path = folder / TOKENIZER_FILE
        self._config = config
        self._words: dict[str, int] = {}

    @cached_property
    def limit(self) -> int:
        """Tokens of a text that the encoder reads, beside what it adds to every one."""
        added = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        prefix = self._count(self._config.paragraph_prefix)
        return max(1, self._config.max_tokens - added - prefix)

    def fits(self, text: str) -> bool:
        """Tell whether a text is surely read whole; quick for most that are.

        A tokenizer finds no more tokens in a text than in its words one by one.
        """
        if text.isascii() and len(text) < self._config.max_tokens // 2:
            return True  # No tokenizer has to be opened to tell.
        if text.isascii() and len(text) < self.limit:
            return True  # As by `_most` of its words.
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
        """Return where in a text its tokens begin, in code points, ascending."""
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
    """Return how many tokens a word has at most: one a letter of ASCII, and one for its space."""
    return len(word) + 1 if word.isascii() else math.inf
