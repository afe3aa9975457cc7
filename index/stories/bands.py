"""Bands: the pairs of rows that agree in some bits of their sketches.

Two sketches are compared only if they agree in a band: 16 of their 128 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.minhash import HASHES, MAX_DIFFERING_BITS
from nutgraf.index.stories.texts import BLOCK, Texts, distinct

__all__ = ["Pairs", "all_pairs", "pairs_with"]

BANDS: Final = 32
BAND_BITS: Final = 16
"""Two sketches are compared only if they agree in a band of 16 bits.

With 32 bands of random bits, sketches that differ in 12 of 128 bits agree in a band
with a probability of .999, in 18 bits .95, and in 24 bits .69. So a few paragraphs at
the edge of being near-duplicates are not found. The comparison of all pairs of 24,000
sketches takes seconds, the comparison by bands a tenth of a second.
"""

MIN_REACH: Final = 8
"""The least number of sketches with the same band that a sketch is compared with.

In a large index, different texts have the same band by chance. Then a sketch is compared
with 4 times as many as there are on average.
"""

_FACTORS: Final = np.array([0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93], np.uint64)
"""Odd numbers with random bits, for hashes of bands."""

_TOP: Final = np.uint64(48)
"""The shift that leaves 16 of 64 bits."""


class Pairs(NamedTuple):
    """Pairs of rows with versions of one text, ascending."""

    later: NDArray[np.int64]
    earlier: NDArray[np.int64]


def all_pairs(texts: Texts, rows: NDArray[np.int64]) -> Pairs:
    """Return the pairs of versions among ascending rows.

    All rows are long, and no two have equal texts.
    """
    return _pairs(texts, rows, _reach(len(rows)), None)


def pairs_with(texts: Texts, asked: NDArray[np.int64], among: NDArray[np.bool_]) -> Pairs:
    """Return the pairs of versions that have one of the rows `asked`.

    `among` marks the rows that are compared, also `asked`. Of rows with equal texts, only the
    first one is in pairs. All of `asked` are long and are such first ones.
    """
    if not len(asked):
        return Pairs(asked, asked)
    rows = np.flatnonzero(_share_a_band(texts, asked) & among)
    rows = rows[texts.are_long(rows)]
    rows = rows[texts.first_equal(rows) == rows]
    return _pairs(texts, rows, _reach(int(np.count_nonzero(among))), np.isin(rows, asked))


def _reach(count: int) -> int:
    """Return the number of sketches that one of `count` sketches is compared with."""
    return MIN_REACH + 4 * count // (1 << BAND_BITS)


def _pairs(
    texts: Texts, rows: NDArray[np.int64], reach: int, asked: NDArray[np.bool_] | None
) -> Pairs:
    """Return the pairs of versions among ascending rows with one that `asked` marks.

    None marks all rows.
    """
    count = max(len(rows), 1)
    sketches = texts.sketches[rows]
    octets = sketches.view(np.uint8).T.copy()
    found = np.empty(0, np.int64)
    for columns in _bands():
        keys = _keys(octets, columns)
        if asked is None:
            near = _near_pairs(keys, sketches, reach)
        else:
            near = _near_to(keys, sketches, reach, asked)
        found = distinct(np.concatenate([found, *(late * count + early for late, early in near)]))
    later, earlier = (rows[each] for each in np.divmod(found, count))
    # Most pairs of notices from one template leave here.
    kept = texts.agree(later, earlier)
    return Pairs(later[kept], earlier[kept])


def _bands() -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of the bits of each band."""
    random = np.random.default_rng(0)
    for _ in range(BANDS):
        # Bit 0 tells whether a sketch is long, and is 1 in all of these.
        yield random.choice(np.arange(1, HASHES), BAND_BITS, replace=False)


def _share_a_band(texts: Texts, asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, for each row, whether it may have the same band as one of `asked`.

    The masked sketches are compared by a hash: so all rows are read in a tenth of the time
    that their bands would take.
    """
    bits = np.zeros((BANDS, HASHES), bool)
    for band, columns in enumerate(_bands()):
        bits[band, columns] = True
    masks = np.packbits(bits, axis=1).view("<u8")
    known = np.zeros((BANDS, 1 << 16), bool)
    some = texts.sketches[asked]
    for band, mask in enumerate(masks):
        known[band, _hashes(some[:, 0], some[:, 1], mask)] = True
    found = np.zeros(len(texts), bool)
    for at in range(0, len(texts), BLOCK):
        first, second = texts.sketches[at : at + BLOCK].T.copy()
        block = found[at : at + BLOCK]
        for band, mask in enumerate(masks):
            block |= known[band][_hashes(first, second, mask)]
    return found


def _hashes(
    first: NDArray[np.uint64], second: NDArray[np.uint64], mask: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return a number of 16 bits for each masked sketch, given its two halves."""
    numbers = (first & mask[0]) * _FACTORS[0]
    numbers += (second & mask[1]) * _FACTORS[1]
    numbers >>= _TOP
    hashes: NDArray[np.int64] = numbers.view(np.int64)
    return hashes


def _keys(octets: NDArray[np.uint8], columns: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return a number of 16 bits for each sketch, given the bits that it is made of.

    `octets` has shape (bytes of a sketch, n).
    """
    keys = np.zeros(octets.shape[1], np.uint16)
    for column in columns.tolist():
        keys <<= np.uint16(1)
        keys |= octets[column // 8] >> np.uint8(7 - column % 8) & np.uint8(1)
    return keys


def _near_pairs(
    keys: NDArray[np.uint16], sketches: NDArray[np.uint64], reach: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the places of near sketches with equal keys: later ones and earlier ones.

    A sketch is compared with the `reach` ones after it that have the same key.
    """
    # The keys of most sketches come first. So the sketches that have another one some steps
    # after them are at the beginning, and whole blocks are compared.
    counts = np.bincount(keys, minlength=1 << BAND_BITS)
    by_count = np.argsort(-counts, kind="stable")
    turns = np.empty(len(counts), np.uint16)
    turns[by_count] = np.arange(len(counts), dtype=np.uint16)
    keys = turns[keys]
    order = np.argsort(keys, kind="stable")  # Sketches with equal keys stay in order.
    keys = keys[order]
    first, second = sketches[order].T.copy()
    counts = counts[by_count]
    longest = int(counts[0]) if len(keys) else 0
    stops = [0, *np.cumsum(counts).tolist()]
    for step in range(1, min(reach, longest - 1) + 1):
        last = stops[int(np.searchsorted(-counts, -step))] - step
        for at in range(0, last, BLOCK):
            one = slice(at, min(at + BLOCK, last))
            other = slice(one.start + step, one.stop + step)
            differing = np.bitwise_count(first[one] ^ first[other])
            differing += np.bitwise_count(second[one] ^ second[other])
            near = at + np.flatnonzero(differing <= MAX_DIFFERING_BITS)
            near = near[keys[near] == keys[near + step]]
            if len(near):
                yield order[near + step], order[near]


def _near_to(
    keys: NDArray[np.uint16],
    sketches: NDArray[np.uint64],
    reach: int,
    asked: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the same pairs, but only those with a sketch that `asked` marks."""
    known = np.zeros(1 << BAND_BITS, bool)
    known[keys[asked]] = True
    places = np.flatnonzero(known[keys])  # The others have a key that no asked one has.
    order = places[np.argsort(keys[places], kind="stable")]
    keys = keys[order]
    words = sketches[order].T.copy()
    for way in (1, -1):
        at = np.flatnonzero(asked[order])
        for step in range(way, way * (reach + 1), way):
            at = at[(at + step >= 0) & (at + step < len(keys))]
            at = at[keys[at] == keys[at + step]]
            if not len(at):
                break
            differing = np.bitwise_count(words[:, at] ^ words[:, at + step]).sum(axis=0)
            near = at[differing <= MAX_DIFFERING_BITS]
            pair = order[near + step], order[near]
            yield pair if way > 0 else pair[::-1]
