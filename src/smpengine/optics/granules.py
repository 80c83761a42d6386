"""Granules: a healed impression is a body and a few crumbs beside it, not an even disc.

Histology of healed tattoos shows pigment in clusters, within macrophages and fibroblasts, with gaps
between them (e.g. A. Baranska et al., J. Exp. Med. 215 (2018) 1115); how many and how large they
are seen is assumed. They share the halos of their impression, which are wider than it is, so only
its core is drawn more than once.

Lengths are in radii of the deposit. A hash of the deposit's place chooses all that is random, so
windows join, and kernels/granules.cl draws the same ones.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

GRANULES: Final = 5
"""Discs of an impression that is granular: a body, and crumbs."""
BODY: Final = 0.2
"""How much of its radius the body loses."""
CRUMB: Final = 0.38
"""Radius of a crumb."""
NEAREST: Final = 0.6
FARTHEST: Final = 0.95
"""Distances of crumbs from the centre."""
TURN: Final = 0.6
"""Crumbs lie a quarter of a turn apart, and up to 2 atan(TURN) further."""
DOUBLE_SHARE: Final = 0.05
"""Share of impressions whose crumbs lie beside the body: struck twice, and run together."""
DOUBLE_RADII: Final = 1.05
"""How far beside it."""
LOOSE: Final = 0.35
"""How much of the absorbance of an opaque granule is left to those that overlap it."""

_MASK = np.uint64(0xFFFFFFFF)


@njit(nogil=True, cache=True)
def mix(h):
    """Return a 32-bit word well mixed: the finaliser of MurmurHash3."""
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x85EBCA6B)) & _MASK
    h ^= h >> np.uint64(13)
    h = (h * np.uint64(0xC2B2AE35)) & _MASK
    return h ^ (h >> np.uint64(16))


@njit(nogil=True, cache=True)
def place_word(x_bits, y_bits):
    """Return a 32-bit word for a place, from the bits of its float64 coordinates in mm."""
    h = mix((x_bits & _MASK) ^ np.uint64(0x9E3779B9))
    h = mix(h ^ (x_bits >> np.uint64(32)))
    h = mix(h ^ (y_bits & _MASK))
    return mix(h ^ (y_bits >> np.uint64(32)))


@njit(nogil=True, cache=True)
def _unmix(h):
    """Return what `mix` made a word of."""
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x7ED1B41D)) & _MASK
    h = h ^ (h >> np.uint64(13)) ^ (h >> np.uint64(26))
    h = (h * np.uint64(0xA5CB9243)) & _MASK
    return h ^ (h >> np.uint64(16))


@njit(nogil=True, cache=True)
def _words(x_bits, y_bits, words):
    for n in range(words.shape[0]):
        words[n] = place_word(x_bits[n], y_bits[n])


@njit(nogil=True, cache=True)
def _placed(x_bits, y_bits, words, out):
    """Solve `place_word` for the lower half of y."""
    for n in range(words.shape[0]):
        h = mix((x_bits[n] & _MASK) ^ np.uint64(0x9E3779B9))
        h = mix(h ^ (x_bits[n] >> np.uint64(32)))
        high = y_bits[n] >> np.uint64(32)
        out[n] = (high << np.uint64(32)) | (h ^ _unmix(_unmix(words[n]) ^ high))


def place_words(x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the words of places, (n,)."""
    words = np.empty(len(x_mm), np.uint64)
    _words(x_mm.view(np.uint64), y_mm.view(np.uint64), words)
    return words


def placed_as(
    x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], words: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Return y of places that have words which are given, (n,).

    For deposits that are moved and must keep their granules. The lower half of the bits of y is
    chosen: that moves a place by at most 2^-20 of y, 0.1 um at 100 mm.
    """
    y = np.empty(len(x_mm))
    bits = (np.ascontiguousarray(v).view(np.uint64) for v in (x_mm, y_mm))
    _placed(*bits, words, y.view(np.uint64))
    return y


@njit(nogil=True, cache=True)
def granule_word(word, k):
    """Return a granule's own word, for its place and its weight."""
    return mix((word + np.uint64(k + 1) * np.uint64(0x9E3779B1)) & _MASK)


@njit(nogil=True, cache=True)
def part(word, k):
    """Return the k-th of three numbers in a word, 0 to 1."""
    return np.float64((word >> np.uint64(10 * k)) & np.uint64(1023)) / 1023.0


@njit(nogil=True, cache=True)
def direction(s):
    """Return a unit vector at the angle 2 atan(s), without a sine."""
    scale = 1.0 / (1.0 + s * s)
    return (1.0 - s * s) * scale, 2.0 * s * scale


@njit(nogil=True, cache=True)
def granule(word, k, granularity):
    """Return where a granule lies, how large and how strong it is.

    Parameters
    ----------
    word
        Of the deposit's place.
    k
        0 is the body, 1 to 4 the crumbs.
    granularity
        0 to 1; at 0 the body is the whole disc and crumbs are nothing.

    Returns
    -------
    float, float, float, float
        Offset along x and y, and radius, in radii; and the absorption, relative.
    """
    own = granule_word(word, k)
    along_x, along_y = direction(2.0 * part(word, 0) - 1.0)
    if word >> np.uint64(31):
        along_x, along_y = -along_x, -along_y
    beside = 0.5 * DOUBLE_RADII * granularity if part(word, 1) < DOUBLE_SHARE else 0.0
    if k == 0:
        shift = -beside if beside > 0.0 else -0.2 * granularity * part(own, 0)
        radius = 1.0 - granularity * BODY * (0.6 + 0.8 * part(own, 1))
        return shift * along_x, shift * along_y, radius, 1.0
    distance = NEAREST + (FARTHEST - NEAREST) * part(own, 1)
    if beside > 0.0:
        distance *= 0.5
    turn_x, turn_y = direction(TURN * part(own, 0))
    x, y = along_x * turn_x - along_y * turn_y, along_x * turn_y + along_y * turn_x
    if k & 1:  # a quarter of a turn further with each crumb
        x, y = -y, x
    if k & 2:
        x, y = -x, -y
    dx, dy = distance * x + beside * along_x, distance * y + beside * along_y
    return dx, dy, CRUMB, granularity * 1.5 * part(own, 2)


@njit(nogil=True, cache=True)
def loosened(limit, granularity):
    """Return the most that one granule may take at its centre, of what the whole disc may take.

    Granules overlap, and what they let through multiplies: together they must not take light that
    never went as deep.
    """
    return -math.expm1((1.0 - LOOSE * granularity) * math.log1p(-limit))


@njit(nogil=True, cache=True)
def concentration(word, granularity):
    """Return the factor on all granules' absorption that keeps the pigment of the whole disc."""
    area = 0.0
    for k in range(GRANULES):
        _, _, radius, weight = granule(word, k, granularity)
        area += weight * radius * radius
    return 1.0 / area
