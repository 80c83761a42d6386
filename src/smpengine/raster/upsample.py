"""One level into the next finer one, by the quintic B-spline subdivision mask.

Where the mask lands does not depend on how channels lie: neighbours of a float are one sample, that
is `step` floats, away.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat
from smpengine.moves import store_pairs, weave_threes
from smpengine.raster.grid import (
    GROUP,
    GROUP_PITCH,
    GROUP_SIZE,
    PLANE_PITCH,
    PLANE_SIZE,
    TILE,
)

# Even samples: (6 20 6) / 32, odd ones: (1 15 15 1) / 32. All are exact in float32.
_EVEN_SIDE = np.float32(6.0 / 32.0)
_EVEN_MID = np.float32(20.0 / 32.0)
_ODD_SIDE = np.float32(1.0 / 32.0)
_ODD_MID = np.float32(15.0 / 32.0)
_LINE = GROUP * TILE // 2 + 6 * LANES  # what a row of a tile is made from, and whole vectors more
LINES = 3 * _LINE
"""Floats of scratch."""
MARGIN = GROUP * TILE
"""Floats that a field needs before and behind it: whole tiles are read, used or not."""


@njit(nogil=True, cache=True)
def _even(before, at, after):
    return fma(at, splat(_EVEN_MID), (before + after) * splat(_EVEN_SIDE))


@njit(nogil=True, cache=True)
def _odd(before, at, after, beyond):
    return fma(at + after, splat(_ODD_MID), (before + beyond) * splat(_ODD_SIDE))


@njit(nogil=True, cache=True)
def _vertical(coarse, at, pitch, odd, count, line):
    """Interpolate between rows: `count` floats of line from coarse[at:] and its neighbours."""
    if odd:
        for k in range(0, count, LANES):
            before, middle = lanes.load(coarse, at - pitch + k), lanes.load(coarse, at + k)
            after = lanes.load(coarse, at + pitch + k)
            beyond = lanes.load(coarse, at + 2 * pitch + k)
            lanes.store(line, k, _odd(before, middle, after, beyond))
    else:
        for k in range(0, count, LANES):
            before, after = lanes.load(coarse, at - pitch + k), lanes.load(coarse, at + pitch + k)
            lanes.store(line, k, _even(before, lanes.load(coarse, at + k), after))


@njit(nogil=True, cache=True)
def _upsample_rows(
    coarse, at, pitch, step, first, last, top, height, tile, target, target_pitch, lines
):
    """Interpolate rows of one group (step 3) or plane (step 1).

    From column `first` to before `last`, multiples of 32; `at` is the first float that they need.
    """
    half = (last - first) // 2
    for j in range(top, top + height):
        _vertical(coarse, at + (j // 2) * pitch, pitch, j % 2 == 1, (half + 3) * step, lines)
        for k in range(0, half * step, LANES):
            before, middle = lanes.load(lines, k), lanes.load(lines, k + step)
            after, beyond = lanes.load(lines, k + 2 * step), lanes.load(lines, k + 3 * step)
            even, odd = _even(before, middle, after), _odd(before, middle, after, beyond)
            if step == 1:
                store_pairs(tile, target + j * target_pitch + first + 2 * k, even, odd)
            else:
                lanes.store(lines, _LINE + k, even)
                lanes.store(lines, 2 * _LINE + k, odd)
        if step == GROUP:
            to = target + j * target_pitch + GROUP * first
            for k in range(0, half * GROUP, GROUP * LANES):
                weave_threes(tile, to + 2 * k, lines, _LINE + k, 2 * _LINE + k)


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
    at = row0 * columns + col0 + first // 2 - 1
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
