"""Random numbers by counting: each photon has its own sequence, whoever follows it, and when.

SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014) in counter form: the k-th number of a
photon is a hash of ``start + k * gamma``; start and the odd gamma are hashes of seed and photon.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_B: Final = np.uint64(0x94D049BB133111EB)
_C: Final = np.uint64(0xFF51AFD7ED558CCD)
_ONE: Final = np.uint64(1)
_11, _27, _30, _31, _32 = (np.uint64(k) for k in (11, 27, 30, 31, 32))
_LOW: Final = np.uint64(0xFFFFFFFF)
_UNIT53: Final = 2.0**-53
_UNIT31: Final = 2.0**-31


@njit(nogil=True, forceinline=True)
def mix(z):
    """Return a hash of 64 bits."""
    z = (z ^ (z >> _30)) * _A
    z = (z ^ (z >> _27)) * _B
    return z ^ (z >> _31)


@njit(nogil=True, forceinline=True)
def begin(seed, photon):
    """Return (state, gamma) of a photon's sequence; both arguments are uint64."""
    start = mix(mix(seed + _GOLDEN) ^ (photon * _C))
    return start, mix(start ^ _C) | _ONE


@njit(nogil=True, forceinline=True)
def uniform(bits):
    """Return a number in (0, 1): never 0, never 1."""
    return (np.float64(bits >> _11) + 0.5) * _UNIT53


@njit(nogil=True, forceinline=True)
def draw(state, gamma):
    """Return the next state and a number in (0, 1)."""
    state = state + gamma
    return state, uniform(mix(state))


@njit(nogil=True, forceinline=True)
def draw_pair(state, gamma):
    """Return the next state and two numbers in (-1, 1), of 32 bits each."""
    state = state + gamma
    bits = mix(state)
    first = (np.float64(bits >> _32) + 0.5) * _UNIT31 - 1.0
    second = (np.float64(bits & _LOW) + 0.5) * _UNIT31 - 1.0
    return state, first, second
