"""Shafts of hair over a tile: placed, binned to tiles in the order of rows, drawn and laid over it.

A tile is drawn in strips of rows, so that what is summed stays in L2. For each sample are summed,
in the order of the rows of the shafts that reach it: T, the product of 1 - coverage; W, the sum of
coverages; and that of coverage times reflectance in each band. The order that hairs lie in plays
no part: R = T R_skin + (1 - T) (sum of coverage times reflectance) / W.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine import lanes
from smpengine.lanes import LANES, fabs, fma, splat, vmax, vmin, where_less
from smpengine.moves import (
    any_less,
    cycle_0,
    cycle_1,
    cycle_2,
    floor_f64,
    pointer,
    spread_0,
    spread_1,
    spread_2,
)
from smpengine.raster import grid
from smpengine.raster.grid import GROUP, GROUP_PITCH, PLANE_PITCH, TILE
from smpengine.raster.pool import Pool
from smpengine.raster.settle import FAR
from smpengine.raster.splats import SHAFT_COLUMNS, SIDES, PixelWindow, Shafts

STRIP = 32
"""Rows of a tile that are drawn at once."""
_PLACE = 8
"""Floats of a record before its shape: row, column, top, bottom, left, right; offsets."""
_SHAPE = len(SHAFT_COLUMNS)
SHAFT_FLOATS = _SHAPE + GROUP
PITCH = _PLACE + SHAFT_FLOATS
_KEPT = 0
_SUM = STRIP * PLANE_PITCH
_LIGHT = 2 * _SUM
STRIP_FLOATS = _LIGHT + STRIP * GROUP_PITCH
_LEAN = 1e-3  # sine under which a shaft lies along an axis: its span there is that of its box
_TINY = 1e-20
_NEAR_ZERO = 1e-30


@dataclass(frozen=True)
class ShaftField:
    """Shafts over a window, binned to its tiles.

    Attributes
    ----------
    level
        The window's tiles.
    records
        Float32, flat, PITCH a shaft.
    start
        Int64 (tiles + 1,): rows[start[t]:start[t + 1]] reach tile t.
    rows
        Int32, ascending within a tile.
    """

    level: grid.Level
    records: NDArray[np.float32]
    start: NDArray[np.int64]
    rows: NDArray[np.int32]

    @classmethod
    def place(cls, shafts: Shafts, window: PixelWindow, pool: Pool) -> ShaftField:
        """Place shafts in a window's samples, and sort them into its tiles."""
        level = grid.levels_for(window, 1)[0]
        table = grid.as_table((level,))[0]
        n = len(shafts.x_px)
        records = pool.array((n * PITCH,), np.float32)
        start = np.zeros(level.tiles + 1, np.int64)
        _place(
            shafts.x_px, shafts.y_px, shafts.shape, table, records, records.view(np.int32), start
        )
        rows = pool.array((int(start[-1]),), np.int32)
        _scatter(n, records.view(np.int32), table, start.copy(), rows)
        return cls(level, records, start, rows)

    def lay_over(
        self, tile: int, relative: NDArray[np.float32], shadow: NDArray[np.float32],
        inv_bare: NDArray[np.float32], strip: NDArray[np.float32],
    ) -> None:  # fmt: skip
        """Lay a tile's shafts over R / R0 of the skin, in place.

        Parameters
        ----------
        tile
            Its number.
        relative
            Float32, flat: one group of the tile.
        shadow
            Float32, flat: absorbance, a plane of the tile; of no length for none.
        inv_bare
            1 / R0 in the bands, float32 (3,).
        strip
            Float32 (STRIP_FLOATS,), to work in.
        """
        part = self.level.part(tile)
        row, col = divmod(tile, self.level.tile_cols)
        first, last = self.start[tile], self.start[tile + 1]
        _lay_over(
            self.rows, first, last, self.records, self.records.view(np.int32), row * TILE,
            col * TILE, part.top, part.left, part.height, part.width, relative, shadow, inv_bare,
            strip,
        )  # fmt: skip


@njit(nogil=True, forceinline=True)
def _axis(v, low, high, first, last):
    """Return along one axis the sample at or before a root, and the first and last one reached.

    Huge coordinates are brought near before they become integers; they reach nothing there.
    """
    near = min(max(floor_f64(v), -FAR), FAR)
    below = max(floor_f64(v + low), np.float64(first))
    above = min(floor_f64(v + high) + 1.0, np.float64(last))
    if below > above:
        return np.int64(near), 0, -1
    return np.int64(near), np.int64(below), np.int64(above)


@njit(nogil=True, cache=True)
def _place(x, y, shape, table, records, whole, start):
    """Write a record for each shaft, and where each tile's begin."""
    row0, col0, top0, left0, height, width, _, columns = table
    for n in range(x.shape[0]):
        along_x, along_y = np.float64(shape[n, 0]), np.float64(shape[n, 1])
        middle, half = np.float64(shape[n, 2]), np.float64(shape[n, 3])
        radius, stretch = np.float64(shape[n, 4]), np.float64(shape[n, 6])
        reach = half + radius / stretch + 0.5
        side = radius + abs(np.float64(shape[n, 5])) * half + 0.5
        more = 1e-3 + 1e-5 * (abs(middle) + reach + side)  # holds whatever rounding does
        wide, tall = (
            abs(along_x) * reach + abs(along_y) * side + more,
            abs(along_y) * reach + abs(along_x) * side + more,
        )
        v, u = y[n] - 0.5 - row0, x[n] - 0.5 - col0
        at_y, at_x = along_y * middle, along_x * middle
        row, top, bottom = _axis(v, at_y - tall, at_y + tall, top0, top0 + height - 1)
        col, left, right = _axis(u, at_x - wide, at_x + wide, left0, left0 + width - 1)
        if bottom < top or right < left or shape[n, 7] <= 0.0:
            bottom, right = top - 1, left - 1
        at = n * PITCH
        whole[at], whole[at + 1] = row, col
        whole[at + 2], whole[at + 3], whole[at + 4], whole[at + 5] = top, bottom, left, right
        # From the absolute coordinate, so that the rounding is the same in every window.
        v, u = y[n] - 0.5, x[n] - 0.5
        records[at + 6], records[at + 7] = v - floor_f64(v), u - floor_f64(u)
        for k in range(_SHAPE + GROUP):
            records[at + _PLACE + k] = shape[n, k]
        if bottom < top:
            continue
        for i in range(top // TILE, bottom // TILE + 1):
            for j in range(left // TILE, right // TILE + 1):
                start[i * columns + j + 1] += 1
    for tile in range(start.shape[0] - 1):
        start[tile + 1] += start[tile]


@njit(nogil=True, cache=True)
def _scatter(n, whole, table, cursor, rows):
    """Write the rows of each tile, ascending."""
    columns = table[7]
    for row in range(n):
        at = row * PITCH
        top, bottom = np.int64(whole[at + 2]), np.int64(whole[at + 3])
        left, right = np.int64(whole[at + 4]), np.int64(whole[at + 5])
        if bottom < top:
            continue
        for i in range(top // TILE, bottom // TILE + 1):
            for j in range(left // TILE, right // TILE + 1):
                tile = i * columns + j
                rows[cursor[tile]] = row
                cursor[tile] += 1


@njit(nogil=True, forceinline=True)
def _coverage(across, sm, half, r, stretch):
    """Return how much of each pixel a shaft covers; `splats.Shafts` says what is averaged.

    Where a vector lies beside the strip alone rho is |t|, and the box as wide as a pixel: the same
    bits by the shorter way.
    """
    zero, half_px = splat(0.0), splat(0.5)
    straight = vmax(vmin(across + half_px, r) - vmax(across - half_px, zero - r), zero)
    beyond = vmax(fabs(sm) - half, zero) * stretch
    if not any_less(zero, beyond):
        return straight
    steep = beyond * stretch
    t2 = across * across
    rho2 = vmax(fma(beyond, beyond, t2), splat(_NEAR_ZERO))
    rho = lanes.sqrt(rho2)
    box = lanes.sqrt(fma(steep, steep, t2) / rho2)
    by = half_px * box
    round_end = vmax(vmin(rho + by, r) - vmax(rho - by, zero - r), zero) / box
    return where_less(zero, beyond, vmin(round_end, straight), straight)


@njit(nogil=True, forceinline=True)
def _span(at, records, dy, reach, side, left, right, col):
    """Return the columns of a row that a shaft may reach, within those of its box."""
    along_x, along_y = records[at + _PLACE], records[at + _PLACE + 1]
    middle, offset = records[at + _PLACE + 2], records[at + 7]
    low, high = np.float32(left - col), np.float32(right - col)
    if abs(along_y) > np.float32(_LEAN):
        inverse = np.float32(1.0) / along_y
        centre, width = dy * along_x * inverse + offset, abs(side * inverse)
        low, high = max(low, centre - width), min(high, centre + width)
    if abs(along_x) > np.float32(_LEAN):
        inverse = np.float32(1.0) / along_x
        centre, width = (middle - dy * along_y) * inverse + offset, abs(reach * inverse)
        low, high = max(low, centre - width), min(high, centre + width)
    if high < low:
        return 0, -1
    # Whole parts are cut off towards 0: floor is a call.
    return max(col + np.int64(low) - 1, left), min(col + np.int64(high) + 1, right)


@njit(nogil=True, forceinline=True)
def _draw(rows, first, last, records, whole, row0, col0, low, high, strip):
    """Add shafts to the strip's sums; `low` is its first row in the tile, `high` behind its last.

    `rows`, `records`, `whole` and `strip` are pointers.
    """
    one, zero = splat(1.0), splat(0.0)
    for q in range(first, last):
        at = np.int64(rows[q]) * PITCH
        top = max(np.int64(whole[at + 2]) - row0, low)
        bottom = min(np.int64(whole[at + 3]) - row0, high - 1)
        if bottom < top:
            continue
        row, col = np.int64(whole[at]) - row0, np.int64(whole[at + 1]) - col0
        left = max(np.int64(whole[at + 4]) - col0, 0)
        right = min(np.int64(whole[at + 5]) - col0, TILE - 1)
        k = at + _PLACE
        along_x, along_y, half = records[k], records[k + 1], records[k + 3]
        radius, slope, stretch = records[k + 4], records[k + 5], records[k + 6]
        middle, end, taper = splat(records[k + 2]), splat(half), splat(slope)
        opacity, gloss = splat(records[k + 7]), splat(records[k + 8])
        reach = half + radius / stretch + np.float32(0.6)
        side = radius + abs(slope) * half + np.float32(0.6)
        red, green, blue = records[k + 9], records[k + 10], records[k + 11]
        light = cycle_0(red, green, blue), cycle_1(red, green, blue), cycle_2(red, green, blue)
        flatness = splat(np.float32(1.0) / (radius * radius))
        for j in range(top, bottom + 1):
            dy = np.float32(j - row) - records[at + 6]
            begin, stop = _span(at, records, dy, reach, side, left, right, col)
            for i in range(begin, stop + 1, LANES):
                dx = lanes.ramp(np.float32(i - col)) - splat(records[at + 7])
                sm = fma(dx, splat(along_x), splat(dy * along_y)) - middle
                across = fabs(fma(dx, splat(-along_y), splat(dy * along_x)))
                r = fma(taper, vmin(vmax(sm, zero - end), end), splat(radius))
                cover = opacity * _coverage(across, sm, end, r, splat(stretch))
                facing = one - vmin(across * across * flatness, one)
                body = cover * fma(splat(SIDES), facing, splat(1.0 - SIDES))
                mirrored = cover * (gloss * facing)
                f = (j - low) * PLANE_PITCH + i
                lanes.store(strip, _KEPT + f, lanes.load(strip, _KEPT + f) * (one - cover))
                lanes.store(strip, _SUM + f, lanes.load(strip, _SUM + f) + cover)
                f = _LIGHT + (j - low) * GROUP_PITCH + GROUP * i
                a = lanes.load(strip, f) + spread_0(mirrored)
                b = lanes.load(strip, f + LANES) + spread_1(mirrored)
                c = lanes.load(strip, f + 2 * LANES) + spread_2(mirrored)
                lanes.store(strip, f, fma(spread_0(body), light[0], a))
                lanes.store(strip, f + LANES, fma(spread_1(body), light[1], b))
                lanes.store(strip, f + 2 * LANES, fma(spread_2(body), light[2], c))


@njit(nogil=True, forceinline=True)
def _blend(relative, shadow, strip, row, low, left, right, shaded, covered, inv_bare):
    """Turn a row of R / R0 of the skin into that of what lies over it; all but ints pointers."""
    one, zero, tiny = splat(1.0), splat(0.0), splat(_TINY)
    for i in range(left, right, LANES):
        kept = one
        if shaded:
            kept = lanes.exp(zero - lanes.load(shadow, row * PLANE_PITCH + i))
        at = row * GROUP_PITCH + GROUP * i
        f = (row - low) * PLANE_PITCH + i
        if covered:
            total = lanes.load(strip, _SUM + f)
            if any_less(zero, total):
                through = lanes.load(strip, _KEPT + f)
                share = (one - through) / vmax(total, tiny)
                kept = kept * through
                g = _LIGHT + (row - low) * GROUP_PITCH + GROUP * i
                a = spread_0(share) * lanes.load(strip, g) * inv_bare[0]
                b = spread_1(share) * lanes.load(strip, g + LANES) * inv_bare[1]
                c = spread_2(share) * lanes.load(strip, g + 2 * LANES) * inv_bare[2]
                a = fma(spread_0(kept), lanes.load(relative, at), a)
                b = fma(spread_1(kept), lanes.load(relative, at + LANES), b)
                c = fma(spread_2(kept), lanes.load(relative, at + 2 * LANES), c)
                lanes.store(relative, at, a)
                lanes.store(relative, at + LANES, b)
                lanes.store(relative, at + 2 * LANES, c)
                continue
        a = spread_0(kept) * lanes.load(relative, at)
        b = spread_1(kept) * lanes.load(relative, at + LANES)
        c = spread_2(kept) * lanes.load(relative, at + 2 * LANES)
        lanes.store(relative, at, a)
        lanes.store(relative, at + LANES, b)
        lanes.store(relative, at + 2 * LANES, c)


@njit(nogil=True, forceinline=True)
def _clear(strip, rows):
    """Set rows of the strip to bare skin."""
    one, zero = splat(1.0), splat(0.0)
    for k in range(0, rows * PLANE_PITCH, LANES):
        lanes.store(strip, _KEPT + k, one)
        lanes.store(strip, _SUM + k, zero)
    for k in range(0, rows * GROUP_PITCH, LANES):
        lanes.store(strip, _LIGHT + k, zero)


@njit(nogil=True, cache=True)
def _lay_over(
    rows, first, last, records, whole, row0, col0, top, left, height, width, relative, shadow,
    inv_bare, strip,
):  # fmt: skip
    shaded, covered = shadow.shape[0] > 0, last > first
    if not (shaded or covered):
        return
    red, green, blue = inv_bare[0], inv_bare[1], inv_bare[2]
    inverse = cycle_0(red, green, blue), cycle_1(red, green, blue), cycle_2(red, green, blue)
    rows, records, whole = pointer(rows), pointer(records), pointer(whole)
    relative, shadow, strip = pointer(relative), pointer(shadow), pointer(strip)
    for low in range(top, top + height, STRIP):
        high = min(low + STRIP, top + height)
        if covered:
            _clear(strip, high - low)
            _draw(rows, first, last, records, whole, row0, col0, low, high, strip)
        for row in range(low, high):
            _blend(relative, shadow, strip, row, low, left, left + width, shaded, covered, inverse)


def new_strip() -> NDArray[np.float32]:
    """Return what a thread draws strips into, on a cache line."""
    room = np.zeros(STRIP_FLOATS + 16, np.float32)
    skip = (-room.ctypes.data % 64) // 4
    return room[skip : skip + STRIP_FLOATS]
