"""Looks through columns for what cannot be drawn, in one pass and without temporaries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.workers import Workers

_CHUNK = 262_144


def first_not_finite(values: NDArray[Any], workers: Workers) -> int:
    """Return the index of the first value of a flat array that is not finite, or -1."""
    return _first(values, -np.inf, workers)


def first_not_positive(values: NDArray[Any], workers: Workers) -> int:
    """Return the index of the first value of a flat array that is not over 0, or -1."""
    return _first(values, 0.0, workers)


def _first(values: NDArray[Any], above: float, workers: Workers) -> int:
    chunks = -(-values.size // _CHUNK)
    found = np.full(chunks, -1, np.int64)

    def work(k: int, _: None) -> None:
        found[k] = _scan(values, k * _CHUNK, min((k + 1) * _CHUNK, values.size), above)

    workers.each(chunks, work, lambda: None)
    bad = found[found >= 0]
    return int(bad[0]) if bad.size else -1


@njit(nogil=True, cache=True)
def _scan(values, first, last, above):
    good = 0
    for n in range(first, last):  # no way out of it, so that it is vectorised
        good += (values[n] > above) & (values[n] < np.inf)
    if good == last - first:
        return -1
    for n in range(first, last):
        if not (above < values[n] < np.inf):
            return n
    return -1
