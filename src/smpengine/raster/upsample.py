"""One level into the next finer one, by the subdivision mask of a B-spline of degree 9.

Where the mask lands does not depend on how channels lie: neighbours of a float are one sample, that
is `step` floats, away.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat
from smpengine.moves import pointer, store_pairs, weave_threes
from smpengine.raster.grid import (
    GROUP,
    GROUP_PITCH,
    GROUP_SIZE,
    PLANE_PITCH,
    PLANE_SIZE,
    TILE,
)

# Even samples: (10 120 252 120 10) / 512, odd ones: (1 45 210 210 45 1) / 512; exact in float32.
_EVEN = np.array([252.0, 120.0, 10.0], np.float32) / np.float32(512.0)
_ODD = np.array([210.0, 45.0, 1.0], np.float32) / np.float32(512.0)
_E0, _E1, _E2 = _EVEN
_O0, _O1, _O2 = _ODD
_LINE = GROUP * TILE // 2 + 6 * LANES  # what a row of a tile is made from, and whole vectors more
LINES = 4 * _LINE
"""Floats of scratch."""
MARGIN = GROUP * TILE
"""Floats that a field needs before and behind it: whole tiles are read, used or not."""


@njit(nogil=True, forceinline=True)
def _pair(a, b, c, d, e, f):
    """Return the even and the odd sample between six neighbours; the even one is on the third."""
    even = fma(b + d, splat(_E1), fma(a + e, splat(_E2), c * splat(_E0)))
    odd = fma(b + e, splat(_O1), fma(a + f, splat(_O2), (c + d) * splat(_O0)))
    return even, odd


@njit(nogil=True, forceinline=True)
def _horizontal(lines, at, step, half, tile, target):
    """Interpolate along a line into a row of the tile."""
    for k in range(0, half * step, LANES):
        i = at + k
        even, odd = _pair(
            lanes.load(lines, i), lanes.load(lines, i + step), lanes.load(lines, i + 2 * step),
            lanes.load(lines, i + 3 * step), lanes.load(lines, i + 4 * step),
            lanes.load(lines, i + 5 * step),
        )  # fmt: skip
        if step == 1:
            store_pairs(tile, target + 2 * k, even, odd)
        else:
            lanes.store(lines, 2 * _LINE + k, even)
            lanes.store(lines, 3 * _LINE + k, odd)
    if step == GROUP:
        for k in range(0, half * GROUP, GROUP * LANES):
            weave_threes(tile, target + 2 * k, lines, 2 * _LINE + k, 3 * _LINE + k)


@njit(nogil=True, cache=True)
def _upsample_rows(
    coarse, at, pitch, step, first, last, top, height, tile, target, target_pitch, lines
):
    """Interpolate rows of one group (step 3) or plane (step 1), two at a time.

    From column `first` to before `last`, multiples of 32; `at` is the first float that they need,
    in the row that the tile's first row lies on.
    """
    coarse, tile, lines = pointer(coarse), pointer(tile), pointer(lines)
    half = (last - first) // 2
    for j in range(top & -2, top + height, 2):
        row = at + (j // 2 - 2) * pitch
        for k in range(row, row + (half + 5) * step, LANES):
            even, odd = _pair(
                lanes.load(coarse, k), lanes.load(coarse, k + pitch),
                lanes.load(coarse, k + 2 * pitch), lanes.load(coarse, k + 3 * pitch),
                lanes.load(coarse, k + 4 * pitch), lanes.load(coarse, k + 5 * pitch),
            )  # fmt: skip
            lanes.store(lines, k - row, even)
            lanes.store(lines, _LINE + k - row, odd)
        to = target + j * target_pitch + step * first
        if j >= top:
            _horizontal(lines, 0, step, half, tile, to)
        if j + 1 < top + height:
            _horizontal(lines, _LINE, step, half, tile, to + target_pitch)


@njit(nogil=True, cache=True)
def upsample_tile(
    coarse, start, shape, row0, col0, top, left, height, width, channels, tile, lines
):  # fmt: skip
    """Interpolate a tile from the next coarser level, overwriting its used rows.

    Parameters
    ----------
    coarse, start, shape
        Float32, flat: the coarser level's field, groups and then planes, from `start` on; its rows
        and columns. MARGIN floats before and behind it may be read.
    row0, col0
        Half the tile's first row and column, relative to the field's first; may be outside it.
    top, left, height, width
        The part of the tile that is used.
    channels
        Number of channels.
    tile
        Float32 (grid.tile_floats(channels),).
    lines
        Scratch, float32 (LINES,).
    """
    rows, columns = shape
    groups = channels // GROUP
    first, last = left & -(2 * LANES), (left + width + 2 * LANES - 1) & -(2 * LANES)
    at = row0 * columns + col0 + first // 2 - 2
    for g in range(groups):
        _upsample_rows(
            coarse, start + GROUP * (g * rows * columns + at), GROUP * columns, GROUP,
            first, last, top, height, tile, g * GROUP_SIZE, GROUP_PITCH, lines,
        )  # fmt: skip
    for c in range(channels - groups * GROUP):
        _upsample_rows(
            coarse, start + (groups * GROUP + c) * rows * columns + at, columns, 1, first, last,
            top, height, tile, groups * GROUP_SIZE + c * PLANE_SIZE, PLANE_PITCH, lines,
        )  # fmt: skip
