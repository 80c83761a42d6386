"""Bytes to deflate without repeats (RFC 1951): blocks of literals, with Huffman codes of their own.

zlib-ng can do so too, but its loop is made for repeats: this one takes less than half the time, and
the files are as small.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BLOCK: Final = 2**17  # bytes: a block's codes take 0.1 kB to say
_SYMBOLS: Final = 257  # bytes, and the end of a block
_END: Final = 256
_LONGEST: Final = 15  # bits of a code, and of a code of lengths
_LONGEST_OF_LENGTHS: Final = 7
_ORDER: Final = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
_ROOM: Final = 512  # bytes beside the literals of a block, more than its head takes


def packed(data: NDArray[np.uint8], last: bool) -> bytes:
    """Return bytes as raw deflate that ends at a whole byte.

    Parameters
    ----------
    data
        Flat, at least one byte.
    last
        Whether the stream ends here; else it may go on.
    """
    blocks = -(-data.size // _BLOCK)
    # No code is longer than two bytes.
    words = np.zeros((2 * data.size + _ROOM * blocks) // 8 + 1, np.uint64)
    size = _pack(data, last, words) // 8
    return words[: size // 8 + 1].astype("<u8", copy=False).view(np.uint8)[:size].tobytes()


@njit(nogil=True, cache=True)
def _pack(data, last, words):
    """Fill words, zeros before, with blocks; return how many bits, a whole number of bytes."""
    at = 0
    for first in range(0, data.shape[0], _BLOCK):
        part = data[first : first + _BLOCK]
        final = last and first + _BLOCK >= data.shape[0]
        counts = np.zeros(_SYMBOLS, np.int64)
        counts[_END] = 1
        _count(part, counts)
        lengths = _lengths(counts, _LONGEST)
        codes = _codes(lengths)
        at = _put(words, at, 1 if final else 0, 1)
        at = _put(words, at, 2, 2)
        at = _put_lengths(words, at, lengths)
        at = _put_literals(words, at, part, codes, lengths)
    if not last:  # an empty block that is stored begins at a whole byte
        at = -(-(at + 3) // 8) * 8
        at = _put(words, at, 0xFFFF0000, 32)
    return -(-at // 8) * 8


@njit(nogil=True, cache=True)
def _count(part, counts):
    """Count bytes, by four tables: neighbours are often equal, and would wait for each other."""
    tables = np.zeros((4, 256), np.int64)
    whole = part.shape[0] & -4
    for k in range(0, whole, 4):
        tables[0, part[k]] += 1
        tables[1, part[k + 1]] += 1
        tables[2, part[k + 2]] += 1
        tables[3, part[k + 3]] += 1
    for k in range(whole, part.shape[0]):
        tables[0, part[k]] += 1
    for value in range(256):
        for n in range(4):
            counts[value] += tables[n, value]


@njit(nogil=True, cache=True)
def _lengths(counts, most):
    """Return the bits of each symbol's code, 0 where it does not occur; none over `most`.

    Where codes come out longer, rare symbols are taken to be less rare, until they do not.
    """
    counts = counts.copy()
    while True:
        lengths = _free_lengths(counts)
        if lengths.max() <= most:
            return lengths
        for symbol in range(counts.shape[0]):
            if counts[symbol] > 0:
                counts[symbol] = 1 + counts[symbol] // 2


@njit(nogil=True, cache=True)
def _free_lengths(counts):
    """Return the bits of each symbol's code, however long: D. A. Huffman, Proc. IRE 40 (1952) 1098.

    Leaves in order of their counts, and nodes, which come in order by themselves, are two queues.
    """
    lengths = np.zeros(counts.shape[0], np.int64)
    used = np.flatnonzero(counts)
    n = used.shape[0]
    if n == 1:
        lengths[used[0]] = 1
        return lengths
    used = used[np.argsort(counts[used], kind="mergesort")]
    weight, parent = np.zeros(2 * n - 1, np.int64), np.zeros(2 * n - 1, np.int64)
    weight[:n] = counts[used]
    leaf, node = 0, n
    for made in range(n, 2 * n - 1):
        for _ in range(2):
            if leaf < n and (node >= made or weight[leaf] <= weight[node]):
                least = leaf
                leaf += 1
            else:
                least = node
                node += 1
            weight[made] += weight[least]
            parent[least] = made
    depth = np.zeros(2 * n - 1, np.int64)
    for k in range(2 * n - 3, -1, -1):
        depth[k] = depth[parent[k]] + 1
    lengths[used] = depth[:n]
    return lengths


@njit(nogil=True, cache=True)
def _codes(lengths):
    """Return the codes that belong to lengths, first bit lowest (RFC 1951, 3.2.2)."""
    codes = np.zeros(lengths.shape[0], np.uint64)
    code = 0
    for bits in range(1, _LONGEST + 1):
        code <<= 1
        for symbol in range(lengths.shape[0]):
            if lengths[symbol] == bits:
                turned = 0
                for k in range(bits):
                    turned |= (code >> k & 1) << (bits - 1 - k)
                codes[symbol] = turned
                code += 1
    return codes


@njit(nogil=True, cache=True)
def _put(words, at, value, bits):
    """Put bits of a value behind the first `at`; return where the next go."""
    word, shift = at >> 6, np.uint64(at & 63)
    words[word] |= np.uint64(value) << shift
    if (at & 63) + bits > 64:
        words[word + 1] |= np.uint64(value) >> (np.uint64(64) - shift)
    return at + bits


@njit(nogil=True, cache=True)
def _put_lengths(words, at, lengths):
    """Say a block's codes: lengths of 257 codes, and of one of distances, which none uses."""
    said = np.ones(_SYMBOLS + 1, np.int64)
    said[:_SYMBOLS] = lengths
    counts = np.zeros(_ORDER.shape[0], np.int64)
    for length in said:
        counts[length] += 1
    inner = _lengths(counts, _LONGEST_OF_LENGTHS)
    codes = _codes(inner)
    at = _put(words, at, _SYMBOLS - 257, 5)
    at = _put(words, at, 0, 5)
    at = _put(words, at, _ORDER.shape[0] - 4, 4)
    for symbol in _ORDER:
        at = _put(words, at, inner[symbol], 3)
    for length in said:
        at = _put(words, at, codes[length], inner[length])
    return at


@njit(nogil=True, cache=True)
def _put_literals(words, at, part, codes, lengths):
    """Put the bytes of a block, and its end."""
    table = np.zeros(256, np.uint64)  # the code, and its length above
    for value in range(256):
        table[value] = codes[value] | np.uint64(lengths[value]) << np.uint64(16)
    word, held = at >> 6, np.uint64(at & 63)
    bits = words[word]
    whole = part.shape[0] & -4
    for k in range(0, whole + 4, 4):
        code, length = np.uint64(0), np.uint64(0)
        if k < whole:
            for n in range(4):  # put together first, so that few steps wait for what is held
                entry = table[part[k + n]]
                code |= (entry & np.uint64(0xFFFF)) << length
                length += entry >> np.uint64(16)
        else:
            for value in part[whole:]:
                entry = table[value]
                code |= (entry & np.uint64(0xFFFF)) << length
                length += entry >> np.uint64(16)
        bits |= code << held
        held += length
        if held >= np.uint64(64):
            words[word] = bits
            word += 1
            held -= np.uint64(64)
            bits = code >> (length - held)
    words[word] = bits
    return _put(words, word * 64 + np.int64(held), codes[_END], lengths[_END])
