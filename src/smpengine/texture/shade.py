"""Relief, maps and gloss laid over a tile, sixteen samples at a time; see `relief`, `shading`.

Sixteen samples side by side span few cells, so the points around all of them are gone through once,
as scalars; a point that a sample is too far from adds nothing to it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat, vmax, vmin
from smpengine.moves import (
    advance,
    cycle_0,
    cycle_1,
    cycle_2,
    floor_f64,
    keep,
    pointer,
    spread_0,
    spread_1,
    spread_2,
)
from smpengine.raster.grid import GROUP, GROUP_PITCH, TILE
from smpengine.texture.relief import FURROW, POINT, POWER, REACH, STEEPEST, TINY, WARP
from smpengine.texture.shading import LEAST, MIRROR_HOLLOW

RUNS = TILE // LANES
_FALL = np.float32(-1.0 / REACH**2)
_STEEP = FURROW * 4.0 * POWER / REACH**2
assert POWER == 5  # it is written out below


@njit(nogil=True, cache=True)
def _lay_out(first, per_px, col0, cells, begin, end):
    """Fill in where a tile's samples lie along x, from the first cell of their run of sixteen.

    And the first and the last cell of each run, among those of the lattice.
    """
    for run in range(RUNS):
        base = floor_f64((np.float64(first + run * LANES) + 0.5) * per_px)
        for lane in range(LANES):
            at = run * LANES + lane
            cells[at] = (np.float64(first + at) + 0.5) * per_px - base
        begin[run] = np.int64(base) - col0
        end[run] = begin[run] + np.int64(cells[run * LANES + LANES - 1])


@njit(nogil=True, forceinline=True)
def _furrows(u, v, points, pitch, last, warp_x, warp_y, warped, lamp):
    """Return a layer at sixteen samples: depth, its derivatives, tilts.

    `u` are their places from the run's first cell, `v` is that in the row of cells; the warps are
    added to both. `points` points to the run's first cell in the row above; columns go from the one
    before it to `last`. Without a lamp, None, derivatives are left at 0.
    """
    zero, one = splat(0.0), splat(1.0)
    s1, s2, x1, y1, x2, y2 = zero, zero, zero, zero, zero, zero
    high, tilt_x, tilt_y = zero, zero, zero
    u = u + warp_x
    slack = np.float32(REACH + WARP) if warped else np.float32(REACH)
    for j in range(3):
        row, below = advance(points, j * pitch), v - np.float32(j - 1)
        for i in range(-1, last + 1):
            at = i * POINT
            dy = below - row[at + 1]
            if abs(dy) >= slack:
                continue
            dx, dy = u - splat(np.float32(i) + row[at]), splat(dy) + warp_y
            t = vmax(fma(dx * dx, splat(_FALL), fma(dy * dy, splat(_FALL), one)), zero)
            t2 = t * t
            steep = t2 * t2 * splat(row[at + 2])
            w = steep * t
            s1, s2 = s1 + w, fma(w, w, s2)
            if lamp is not None:
                ax, ay = steep * dx, steep * dy
                x1, y1 = x1 + ax, y1 + ay
                x2, y2 = fma(w, ax, x2), fma(w, ay, y2)
            high = fma(w, splat(row[at + 3]), high)
            tilt_x = fma(w, splat(row[at + 4]), tilt_x)
            tilt_y = fma(w, splat(row[at + 5]), tilt_y)
    inverse = one / (s1 + splat(TINY))
    q = s2 * inverse
    high = high * inverse
    steep = splat(_STEEP) * inverse * inverse * high
    deep = splat(FURROW) * (one - q * inverse) * high
    return (
        deep,
        steep * (x2 - q * x1),
        steep * (y2 - q * y1),
        tilt_x * inverse,
        tilt_y * inverse,
    )


@njit(nogil=True, forceinline=True)
def _blend(relative, maps, at, slope_x, slope_y, deep, slopes, soft, hollow, lamp, sky):
    """Shade sixteen samples; `soft` to `sky` are the bands' factors, in threes of vectors."""
    one, zero = splat(1.0), splat(0.0)
    open_ = vmax(fma(deep, splat(-MIRROR_HOLLOW), one), zero)
    c, o = deep, open_
    if slopes is None:
        _blend_third(relative, maps, at, spread_0(c), spread_0(o), None, None,
                     soft[0], hollow[0], lamp[0], sky[0])  # fmt: skip
        _blend_third(relative, maps, at + LANES, spread_1(c), spread_1(o), None, None,
                     soft[1], hollow[1], lamp[1], sky[1])  # fmt: skip
        _blend_third(relative, maps, at + 2 * LANES, spread_2(c), spread_2(o), None, None,
                     soft[2], hollow[2], lamp[2], sky[2])  # fmt: skip
    else:
        most = splat(STEEPEST)
        slope_x = vmin(vmax(slope_x, zero - most), most)
        slope_y = vmin(vmax(slope_y, zero - most), most)
        s = fma(slope_x, splat(slopes[0]), slope_y * splat(slopes[1]))
        ex, ey = slope_x + splat(slopes[2]), slope_y + splat(slopes[3])
        m = lanes.exp(zero - fma(ex, ex, ey * ey) * splat(slopes[4])) * open_
        _blend_third(relative, maps, at, spread_0(c), spread_0(o), spread_0(s), spread_0(m),
                     soft[0], hollow[0], lamp[0], sky[0])  # fmt: skip
        _blend_third(relative, maps, at + LANES, spread_1(c), spread_1(o), spread_1(s),
                     spread_1(m), soft[1], hollow[1], lamp[1], sky[1])  # fmt: skip
        _blend_third(relative, maps, at + 2 * LANES, spread_2(c), spread_2(o), spread_2(s),
                     spread_2(m), soft[2], hollow[2], lamp[2], sky[2])  # fmt: skip


@njit(nogil=True, forceinline=True)
def _blend_third(relative, maps, at, deep, open_, towards, lobe, soft, hollow, lamp, sky):
    """Shade one vector of a band's values, cycling; without a lamp `towards`, `lobe` are None."""
    one = splat(1.0)
    shade, mirror = one - deep * hollow, open_ * sky
    if towards is not None:
        shade = one - fma(towards, soft, deep * hollow)
        mirror = fma(lobe, lamp, mirror)
    skin = lanes.load(relative, at) * lanes.exp(splat(0.0) - lanes.load(maps, at))
    lanes.store(relative, at, fma(skin, vmax(shade, splat(LEAST)), mirror))


@njit(nogil=True, forceinline=True)
def _cycle(three):
    """Return a number of each band, cycled over the lanes of three vectors."""
    a, b, c = three[0], three[1], three[2]
    return cycle_0(a, b, c), cycle_1(a, b, c), cycle_2(a, b, c)


@njit(nogil=True, forceinline=True)
def _pointer_or_none(slopes):
    if slopes is None:
        return None
    return pointer(slopes)


@njit(nogil=True, forceinline=True)
def _five(row):
    return row[0], row[1], row[2], row[3], row[4]


@njit(nogil=True, cache=True)
def shade(relative, maps, row, col, part, network, grain, px_per_mm, layers, slopes, bands):
    """Lay relief, maps and gloss over a tile's R / R0, in place.

    Parameters
    ----------
    relative, maps
        Float32, flat: a group of the tile each; the second is A.
    row, col
        Absolute sample of the tile's corner.
    part
        (top, left, height, width) of what is used; samples of the same sixteen are written too.
    network, grain
        A layer each: col0, row0, steps (mm) along x and y, points as of a `Lattice`.
    px_per_mm
        Samples per mm.
    layers, slopes, bands
        Of `Terms`; no slopes, None, where there is no lamp: that is compiled apart, and quicker.
    """
    top, left, height, width = part
    cells = np.empty(2 * TILE, np.float32)
    begin, end = np.empty((2, RUNS), np.int64), np.empty((2, RUNS), np.int64)
    a_col0, a_row0, a_step_x, a_step_y, a_points = network
    b_col0, b_row0, b_step_x, b_step_y, b_points = grain
    _lay_out(col, 1.0 / (px_per_mm * a_step_x), a_col0, cells[:TILE], begin[0], end[0])
    _lay_out(col, 1.0 / (px_per_mm * b_step_x), b_col0, cells[TILE:], begin[1], end[1])
    a_pitch, b_pitch = POINT * a_points.shape[1], POINT * b_points.shape[1]
    a_point, b_point = pointer(a_points), pointer(b_points)
    cell, relative, maps = pointer(cells), pointer(relative), pointer(maps)
    soft, hollow = _cycle(bands[0]), _cycle(bands[1])
    lamp, sky = _cycle(bands[2]), _cycle(bands[3])
    a_x, a_y, a_tilt, a_pale, a_deep = _five(layers[0])
    b_x, b_y, b_tilt, b_pale, b_deep = _five(layers[1])
    zero = splat(0.0)
    slope = _pointer_or_none(slopes)
    for j in range(top, top + height):
        y = np.float64(row + j) + 0.5
        v, w = y * (1.0 / (px_per_mm * a_step_y)), y * (1.0 / (px_per_mm * b_step_y))
        v0, w0 = floor_f64(v), floor_f64(w)
        a_line = (np.int64(v0) - a_row0 - 1) * a_pitch
        b_line = (np.int64(w0) - b_row0 - 1) * b_pitch
        v, w = np.float32(v - v0), np.float32(w - w0)
        for run in range(left // LANES, (left + width + LANES - 1) // LANES):
            line = advance(b_point, b_line + begin[1, run] * POINT)
            last, u = end[1, run] - begin[1, run] + 1, lanes.load(cell, TILE + run * LANES)
            deep, fx, fy, tx, ty = _furrows(u, w, line, b_pitch, last, zero, zero, False, slope)
            slope_x = fma(fx, splat(b_x), tx * splat(b_tilt))
            slope_y = fma(fy, splat(b_y), ty * splat(b_tilt))
            c = fma(deep, splat(b_deep), tx * splat(b_pale))
            line = advance(a_point, a_line + begin[0, run] * POINT)
            last, u = end[0, run] - begin[0, run] + 1, lanes.load(cell, run * LANES)
            tx, ty = tx * splat(WARP), ty * splat(WARP)
            deep, fx, fy, tx, ty = _furrows(u, v, line, a_pitch, last, tx, ty, True, slope)
            slope_x = fma(fx, splat(a_x), fma(tx, splat(a_tilt), slope_x))
            slope_y = fma(fy, splat(a_y), fma(ty, splat(a_tilt), slope_y))
            c = fma(deep, splat(a_deep), fma(tx, splat(a_pale), c))
            at = j * GROUP_PITCH + GROUP * LANES * run
            _blend(relative, maps, at, slope_x, slope_y, c, slope, soft, hollow, lamp, sky)
    keep(cells)
