"""Sixteen Gaussians at once: their levels, samples, offsets, extents, tiles and cells."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.doubles import every, load, store
from smpengine.lanes import fabs, floor, sqrt, where_less
from smpengine.raster.grid import CELL_COLS, CELL_ROWS, CELLS, TILE
from smpengine.raster.profile import MASK_VARIANCE_PX2, MAX_LEVEL, REACH, SWITCH_SIGMA
from smpengine.raster.splats import MAX_SIGMA_PX

FAR = float(2**30)
"""Samples; a splat further away reaches no window, and is brought near to become an integer."""
OFFSET_STEPS = 2**21
"""An offset is a whole number of so many parts of a sample: float32 would not be finer."""
EXTENT_BITS = 5
_EXTENTS = 1 << EXTENT_BITS
assert OFFSET_STEPS << (2 * EXTENT_BITS) == 2**31
MOST_REACH = 17
"""Samples that any Gaussian reaches on its level; no extent is more."""
assert MOST_REACH < _EXTENTS
_STEEP = 1e30  # keeps 1 / sigma finite

# Columns of `level_table`: variance from which on a level is used; samples per pixel; variance that
# upsampling adds; along rows, then along columns: where its first tile begins, first and last
# sample used, relative to that; number of its first tile, tiles in a row.
_FROM, _INVERSE, _ADDED, _ROWS, _COLS, TILE0, TILE_COLS = 0, 1, 2, 3, 6, 9, 10
COLUMNS = 11

# Slots of int32 and float32, sixteen each, that `settle` writes.
KEY, SPAN, ROW, COL, DOWN, ACROSS, FIRST_TILE, IN_A_ROW = 0, 16, 32, 48, 64, 80, 96, 112
INV_SIGMA, FACTOR = 0, 16
SLOTS = 128


def threshold(level: int) -> float:
    """Return the variance from which on a Gaussian goes to a level, px^2."""
    scale2 = 4.0**level
    return SWITCH_SIGMA * SWITCH_SIGMA * scale2 + MASK_VARIANCE_PX2 * (scale2 - 1.0)


def level_count(sigma_px: NDArray[np.float32]) -> int:
    """Return one more than the highest level that any sigma goes to."""
    largest = float(sigma_px.max()) if sigma_px.size else 0.0
    level = 0
    while level < MAX_LEVEL and largest * largest >= threshold(level + 1):
        level += 1
    return level + 1


def level_table(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what settling needs of each level, flat; `table` is `grid.as_table`."""
    rows = []
    for level, (row0, col0, top, left, height, width, tile0, columns) in enumerate(table.tolist()):
        scale = (threshold(level), 0.5**level, MASK_VARIANCE_PX2 * (4.0**level - 1.0))
        ends = (top + height - 1, left + width - 1)
        rows.append((*scale, row0, top, ends[0], col0, left, ends[1], tile0, columns))
    return np.array(rows, np.float64).reshape(-1)


_inline = njit(nogil=True, forceinline=True)


@_inline
def _least(a, b):
    return where_less(a, b, a, b)


@_inline
def _most(a, b):
    """Return the greater; b where a is NaN."""
    return where_less(b, a, a, b)


@_inline
def _pick(levels, count, variance, column):
    """Return a column of the highest level that each variance reaches."""
    value = every(levels[column])
    for k in range(1, count):
        at = k * COLUMNS
        value = where_less(variance, every(levels[at + _FROM]), value, every(levels[at + column]))
    return value


@_inline
def _axis(centre, inverse, radius, start, first, last):
    """Settle sixteen Gaussians along one axis.

    Returns the sample at or before the centre, offset and extents packed, the first and last tile
    reached, and a number below 0 if none is. The offset is taken from the absolute coordinate: its
    rounding is the same in every window.
    """
    v = (centre - every(0.5)) * inverse
    whole = floor(v)
    below, above = floor(v - radius), floor(v + radius) + every(1.0)
    offset = _least(floor((v - whole) * every(OFFSET_STEPS)), every(OFFSET_STEPS - 1.0))
    packed = offset * every(_EXTENTS) + _least(_most(whole - below, every(0.0)), every(MOST_REACH))
    packed = packed * every(_EXTENTS) + _least(_most(above - whole, every(0.0)), every(MOST_REACH))
    place = _least(_most(whole - start, every(-FAR)), every(FAR))
    # One behind the last sample used, or before the first, where it reaches none of them.
    low = _least(_most(below - start, first), last + every(1.0))
    high = _least(_most(above - start, first - every(1.0)), last)
    part = every(1.0 / TILE)
    return place, packed, floor(low * part), floor(high * part), high - low


@_inline
def _cell(place, tile, side):
    """Return the row or column of cells of a tile that a sample is in, or nearest to."""
    inside = _least(_most(place - tile * every(TILE), every(0.0)), every(TILE - 1.0))
    return floor(inside * every(1.0 / side))


@_inline
def settle(x, y, sigma, levels, count, ints, floats, flags):
    """Work out sixteen Gaussians.

    Parameters
    ----------
    x, y, sigma
        Pointers to their columns.
    levels, count
        `level_table`, a pointer, and how many levels there are.
    ints, floats
        Pointers; the slots above are written.
    flags
        Pointer to sixteen float64: set to 1 for what cannot be drawn, otherwise left.
    """
    width, across, down = load(sigma, 0), load(x, 0), load(y, 0)
    variance = width * width
    inverse, added = (
        _pick(levels, count, variance, _INVERSE),
        _pick(levels, count, variance, _ADDED),
    )
    drawn = variance - added
    narrow = sqrt(drawn) * inverse
    reach = every(REACH) * narrow
    radius = reach + (every(1e-3) + every(1e-5) * reach)  # holds whatever rounding does to it
    store(floats, INV_SIGMA, _least(every(1.0) / narrow, every(_STEEP)))
    store(floats, FACTOR, variance / drawn)
    row, packed_row, top, bottom, rows = _axis(
        down, inverse, radius, _pick(levels, count, variance, _ROWS),
        _pick(levels, count, variance, _ROWS + 1), _pick(levels, count, variance, _ROWS + 2),
    )  # fmt: skip
    col, packed_col, left, right, cols = _axis(
        across, inverse, radius, _pick(levels, count, variance, _COLS),
        _pick(levels, count, variance, _COLS + 1), _pick(levels, count, variance, _COLS + 2),
    )  # fmt: skip
    first = _pick(levels, count, variance, TILE0)
    in_a_row = _pick(levels, count, variance, TILE_COLS)
    tile = first + left + top * in_a_row
    cell = _cell(row, top, CELL_ROWS) * every(TILE // CELL_COLS) + _cell(col, left, CELL_COLS)
    span = (bottom - top) * every(65_536.0) + (right - left)
    zero, nothing = every(0.0), every(-1.0)
    span = where_less(rows, zero, nothing, where_less(cols, zero, nothing, span))
    # What is not finite touches nothing, and becomes no integer.
    infinite = every(np.inf)
    sound = where_less(
        fabs(across), infinite, where_less(fabs(down), infinite, zero, nothing), nothing
    )
    sound = where_less(zero, width, where_less(width, every(MAX_SIGMA_PX), sound, nothing), nothing)
    store(flags, 0, where_less(sound, zero, every(1.0), load(flags, 0)))
    span = where_less(sound, zero, nothing, span)
    store(ints, SPAN, span)
    store(ints, KEY, where_less(span, zero, zero, tile * every(CELLS) + cell))
    store(ints, ROW, row)
    store(ints, COL, col)
    store(ints, DOWN, where_less(span, zero, zero, packed_row))
    store(ints, ACROSS, where_less(span, zero, zero, packed_col))
    store(ints, FIRST_TILE, where_less(span, every(1.0), zero, first))
    store(ints, IN_A_ROW, where_less(span, every(1.0), zero, in_a_row))
