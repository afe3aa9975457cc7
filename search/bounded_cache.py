"""BoundedCache: values that were used last, up to a number and a size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["BoundedCache", "CacheCounts"]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """The numbers of lookups in a cache that found a value, and that found none."""

    hits: int = 0
    misses: int = 0

    def __add__(self, other: CacheCounts) -> CacheCounts:
        return CacheCounts(self.hits + other.hits, self.misses + other.misses)


class BoundedCache(Generic[V]):
    """A cache of the values that were used last. Threads may share it.

    It holds at most `entries` values, and values of at most `size` together, as measured by
    `size_of`. With 0 entries it holds nothing.
    """

    def __init__(self, entries: int, size: int, size_of: Callable[[V], int]) -> None:
        self._entries = entries
        self._size = size
        self._size_of = size_of
        self._held: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._used = 0
        self._hits = 0
        self._misses = 0
        self._lock = threading.Lock()

    @property
    def counts(self) -> CacheCounts:
        """The numbers of lookups so far."""
        return CacheCounts(self._hits, self._misses)

    def get(self, key: Hashable) -> V | None:
        """Return the value of a key, None if it is not cached."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                self._misses += 1
                return None
            self._hits += 1
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V) -> None:
        """Cache a value, and drop the values that were not used for the longest time."""
        size = self._size_of(value)
        with self._lock:
            self._put(key, value, size)

    def put_first(self, key: Hashable, value: V) -> V:
        """Cache a value if the key has none, and return the value of the key."""
        size = self._size_of(value)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][0]
            self._put(key, value, size)
        return value

    def _put(self, key: Hashable, value: V, size: int) -> None:
        if key in self._held:
            self._used -= self._held.pop(key)[1]
        self._held[key] = (value, size)
        self._used += size
        while len(self._held) > self._entries or self._used > self._size:
            self._used -= self._held.popitem(last=False)[1][1]
