"""Random numbers of a lattice over the scalp: Philox, keyed by seed and salt, counted by the cell.

A cell's numbers depend on nothing else, so any window has the whole's.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.philox import normals, philox, salted_key, uniform

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1, mm."""
FIRST_SALT: Final = 128
"""Salts from here on are those of the skin; hair and healing have lower ones."""


def cells(box: Box, step_x_mm: float, step_y_mm: float, margin_mm: float) -> tuple[Floats, Floats]:
    """Return columns and rows of all cells within a margin of a box, row by row."""
    x0, y0, x1, y1 = box
    first, last = math.floor((x0 - margin_mm) / step_x_mm), math.floor((x1 + margin_mm) / step_x_mm)
    top, bottom = math.floor((y0 - margin_mm) / step_y_mm), math.floor((y1 + margin_mm) / step_y_mm)
    col, row = np.meshgrid(np.arange(first, last + 1.0), np.arange(top, bottom + 1.0))
    return col.ravel(), row.ravel()


def uniforms(seed: int, salt: int, col: Floats, row: Floats, number: int = 0) -> Floats:
    """Return four numbers over 0 and under 1 for each cell, (n, 4); others for each `number`."""
    out = np.empty((col.size, 4))
    _draw(*_words(col, row), number, *salted_key(seed, FIRST_SALT + salt), False, out)
    return out


def deviates(seed: int, salt: int, col: Floats, row: Floats, number: int = 0) -> Floats:
    """Return four normal deviates, clipped to 2.5, for each cell, (n, 4)."""
    out = np.empty((col.size, 4))
    _draw(*_words(col, row), number, *salted_key(seed, FIRST_SALT + salt), True, out)
    return out


def _words(col: Floats, row: Floats) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    low = np.uint64(0xFFFF_FFFF)
    return tuple(v.astype(np.int64).astype(np.uint64) & low for v in (col, row))  # type: ignore[return-value]


@njit(nogil=True, cache=True)
def _draw(col, row, number, key0, key1, normal, out):
    for n in range(col.shape[0]):
        a, b, c, d = philox(col[n], row[n], number, 0, key0, key1)
        if normal:
            out[n, 0], out[n, 1] = normals(a, b)
            out[n, 2], out[n, 3] = normals(c, d)
        else:
            out[n, 0], out[n, 1] = uniform(a), uniform(b)
            out[n, 2], out[n, 3] = uniform(c), uniform(d)
