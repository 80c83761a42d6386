"""Counter-based random numbers: a function of seed and place, not of what was drawn before.

Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC11 (2011).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_MUL0 = np.uint64(0xD2511F53)
_MUL1 = np.uint64(0xCD9E8D57)
_WEYL0 = np.uint64(0x9E3779B9)
_WEYL1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
SPREAD_LIMIT = 2.5
"""Normal deviates are clipped to this many standard deviations."""


@njit(nogil=True, cache=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Return four 32-bit words (as uint64) for a counter of four and a key of two words."""
    c0, c1, c2, c3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k0, k1 = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        p0 = _MUL0 * c0
        p1 = _MUL1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _WEYL0) & _LOW
        k1 = (k1 + _WEYL1) & _LOW
    return c0, c1, c2, c3


def salted_key(seed: int, salt: int) -> tuple[int, int]:
    """Return a key for other numbers of the same seed; placement's own keys leave bit 31 unset."""
    return seed & 0xFFFF_FFFF, (seed >> 32) ^ (0x8000_0000 | salt)


@njit(nogil=True, cache=True)
def uniform(word):
    """Return a word as a number over 0 and under 1."""
    return (np.float64(word) + 0.5) * (1.0 / 4294967296.0)


@njit(nogil=True, cache=True)
def normals(w0, w1):
    """Return two normal deviates from two words (Box and Muller), clipped to 2.5."""
    radius = math.sqrt(-2.0 * math.log(uniform(w0)))
    angle = 2.0 * math.pi * uniform(w1)
    first = min(max(radius * math.cos(angle), -SPREAD_LIMIT), SPREAD_LIMIT)
    second = min(max(radius * math.sin(angle), -SPREAD_LIMIT), SPREAD_LIMIT)
    return first, second
