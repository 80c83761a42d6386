"""One level into the next finer one, by the quintic B-spline subdivision mask."""

from __future__ import annotations

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat
from smpengine.raster.grid import PITCH, PLANE, TILE

# Even samples: (6 20 6) / 32, odd ones: (1 15 15 1) / 32. All are exact in float32.
_EVEN_SIDE = np.float32(6.0 / 32.0)
_EVEN_MID = np.float32(20.0 / 32.0)
_ODD_SIDE = np.float32(1.0 / 32.0)
_ODD_MID = np.float32(15.0 / 32.0)
LINE = TILE // 2 + 4 * LANES
"""Length of what one row of a tile is interpolated from, and room for whole vectors."""


@njit(nogil=True, cache=True)
def _even(before, at, after):
    return fma(at, splat(_EVEN_MID), (before + after) * splat(_EVEN_SIDE))


@njit(nogil=True, cache=True)
def _odd(before, at, after, beyond):
    return fma(at + after, splat(_ODD_MID), (before + beyond) * splat(_ODD_SIDE))


@njit(nogil=True, cache=True)
def upsample_tile(coarse, shape, coarse_row0, coarse_col0, row0, col0, height, width, planes, line):
    """Interpolate a tile's planes from the next coarser level, overwriting them.

    Parameters
    ----------
    coarse
        Float32, flat: the coarser level, channel after channel, and room for a vector behind it.
    shape
        (channels, rows, columns) of it.
    coarse_row0, coarse_col0
        Absolute index of its first sample.
    row0, col0, height, width
        The tile, absolute, in samples of the finer level.
    planes
        The tile, see `draw.py`.
    line
        Scratch, float32 (3 * LINE,).
    """
    first = col0 // 2 - 1  # absolute coarse column that the tile's first sample needs
    count = (col0 + width - 1) // 2 + 2 - first + 1
    left = first - coarse_col0
    shift = col0 - 2 * (first + 1)  # 1 where the tile starts at an odd sample
    channels, rows, pitch = shape
    for c in range(channels):
        for j in range(height):
            i = (row0 + j) // 2 - coarse_row0
            at = (c * rows + i) * pitch + left
            if (row0 + j) % 2 == 0:
                for k in range(0, count, LANES):
                    before, after = lanes.load(coarse, at - pitch + k), at + pitch + k
                    middle = lanes.load(coarse, at + k)
                    lanes.store(line, k, _even(before, middle, lanes.load(coarse, after)))
            else:
                for k in range(0, count, LANES):
                    before, middle = lanes.load(coarse, at - pitch + k), lanes.load(coarse, at + k)
                    after = lanes.load(coarse, at + pitch + k)
                    beyond = lanes.load(coarse, at + 2 * pitch + k)
                    lanes.store(line, k, _odd(before, middle, after, beyond))
            for k in range(0, count - 3, LANES):
                before, middle = lanes.load(line, k), lanes.load(line, k + 1)
                after, beyond = lanes.load(line, k + 2), lanes.load(line, k + 3)
                even, odd = _even(before, middle, after), _odd(before, middle, after, beyond)
                lanes.store_pairs(line, LINE + 2 * k, even, odd)
            target = c * PLANE + j * PITCH
            for k in range(0, width, LANES):
                lanes.store(planes, target + k, lanes.load(line, LINE + shift + k))
