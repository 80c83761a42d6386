"""The inner loops: Gaussians and soft discs into one tile.

A tile is one flat float32 array. Channels lie in groups of three, side by side; those left over lie
in planes (`grid.py`). Splats are added, or multiplied, in the order of the cells they lie in and of
their rows, so each sample has one order, whatever the window.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, fnma, splat, vmax, vmin
from smpengine.moves import (
    advance,
    cycle_0,
    cycle_1,
    cycle_2,
    pointer,
    prefetch,
    spread_0,
    spread_1,
    spread_2,
)
from smpengine.raster.grid import (
    GROUP,
    GROUP_PITCH,
    GROUP_SIZE,
    PLANE_PITCH,
    PLANE_SIZE,
    TILE,
    tile_floats,
)
from smpengine.raster.place import DISC_HEAD, HEAD
from smpengine.raster.profile import COEFFICIENTS, DISC_TAPER_END, DISC_TAPER_START, REACH
from smpengine.raster.settle import EXTENT_BITS, OFFSET_STEPS
from smpengine.raster.splats import MAX_CAP

assert GROUP == 3
assert 3 * LANES <= GROUP_PITCH - GROUP * TILE
assert 3 * LANES <= PLANE_PITCH - TILE
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5 = COEFFICIENTS
_DISC_TAPER = 1.0 / (DISC_TAPER_END - DISC_TAPER_START)
_AHEAD = 8  # splats; what memory needs to bring a record
_PHASES = 3 * LANES  # floats after which vectors and groups are in step again
# Where a thread's tables hold a splat's column, the sample of each float of a group's row, and
# masks of a group's channels.
_SAMPLES = TILE + 2 * LANES
_MASKS = _SAMPLES + GROUP_PITCH
_MASK = 2 * _PHASES


@njit(nogil=True, forceinline=True)
def _smoothstep(s):
    s = vmin(vmax(s, splat(0.0)), splat(1.0))
    return s * s * fma(splat(-2.0), s, splat(3.0))


@njit(nogil=True, forceinline=True)
def _profile(samples, inv_sigma, shift, level, terms):
    """Return one axis of a Gaussian at samples counted from that of its centre (`profile.py`).

    Whole numbers, times 1 / sigma, less the offset over sigma: the same in every tile and window.
    Polynomials go in pairs of terms, so that few steps wait for each other.
    """
    t = fma(samples, inv_sigma, shift)
    w = vmax(fnma(t, t, splat(REACH * REACH)), splat(0.0))
    w2 = w * w
    low, mid = fma(splat(_Q1), w, splat(_Q0)), fma(splat(_Q3), w, splat(_Q2))
    p = fma(fma(fma(splat(_Q5), w, splat(_Q4)), w2, mid), w2, low) * w
    p = p * p
    p = p * p
    if level > 0:
        c0, c1, c2, c3, c4 = terms
        t2 = t * t
        high = fma(fma(splat(c4), t2, splat(c3)), t2, splat(c2))
        p = p * fma(fma(high, t2, splat(c1)), t2, splat(c0))
    return p


@njit(nogil=True, forceinline=True)
def _sharpen(fourth, sixth, inv_sigma):
    """Return the coefficients, in t^2, of what undoes a level's flattening (`profile.py`)."""
    s2 = inv_sigma * inv_sigma
    a, b = np.float32(fourth) * s2 * s2, np.float32(sixth) * s2 * s2 * s2
    c = a * a * np.float32(0.5)
    return (
        np.float32(1.0) + np.float32(3.0) * a + np.float32(15.0) * b + np.float32(105.0) * c,
        np.float32(-6.0) * a - np.float32(45.0) * b - np.float32(420.0) * c,
        a + np.float32(15.0) * b + np.float32(210.0) * c,
        np.float32(-1.0) * b - np.float32(28.0) * c,
        c,
    )


@njit(nogil=True, forceinline=True)
def _offset(packed):
    """Return the offset of a centre from its sample; see `settle.py` for how it is packed."""
    return np.float32(packed >> (2 * EXTENT_BITS)) * np.float32(1.0 / OFFSET_STEPS)


@njit(nogil=True, forceinline=True)
def _before(packed):
    return (packed >> EXTENT_BITS) & ((1 << EXTENT_BITS) - 1)


@njit(nogil=True, forceinline=True)
def _behind(packed):
    return packed & ((1 << EXTENT_BITS) - 1)


@njit(nogil=True, forceinline=True)
def _span(sample, offset, reach, low, high):
    """Return the first and last sample in low .. high - 1 that a splat reaches; offset is 0 to 1.

    Whole parts are cut off: floor and ceil are calls, and a call spills every vector.
    """
    first = sample - np.int64(max(reach - offset, np.float32(0.0)))
    last = sample + np.int64(offset + reach)
    return max(first, low), min(last, high - 1)


@njit(nogil=True, forceinline=True)
def _colour(tables, phase, red, green, blue):
    """Return the values of a group in the order of a vector's lanes."""
    value = blue * lanes.load(tables, _MASKS + 2 * _MASK + phase)
    value = fma(green, lanes.load(tables, _MASKS + _MASK + phase), value)
    return fma(red, lanes.load(tables, _MASKS + phase), value)


@njit(nogil=True, forceinline=True)
def _add_one(tile, k, a, pitch, down, rows):
    """Add a vector times `down` to rows of a layer."""
    for j in range(rows):
        lanes.store(tile, k, fma(a, splat(down[j]), lanes.load(tile, k)))
        k += pitch


@njit(nogil=True, forceinline=True)
def _add_two(tile, k, a, b, down, rows):
    """Add two neighbouring vectors times `down` to rows of a group."""
    for j in range(rows):
        factor = splat(down[j])
        x = fma(a, factor, lanes.load(tile, k))
        y = fma(b, factor, lanes.load(tile, k + LANES))
        lanes.store(tile, k, x)
        lanes.store(tile, k + LANES, y)
        k += GROUP_PITCH


@njit(nogil=True, forceinline=True)
def _add_three(tile, k, a, b, c, down, rows):
    """As `_add_two`, three of them."""
    for j in range(rows):
        factor = splat(down[j])
        x = fma(a, factor, lanes.load(tile, k))
        y = fma(b, factor, lanes.load(tile, k + LANES))
        z = fma(c, factor, lanes.load(tile, k + 2 * LANES))
        lanes.store(tile, k, x)
        lanes.store(tile, k + LANES, y)
        lanes.store(tile, k + 2 * LANES, z)
        k += GROUP_PITCH


@njit(nogil=True, forceinline=True)
def _add_groups(
    tile, top, rows, left, right, col, values, groups, inv_sigma, shift, level, terms, tables
):
    """Add a splat to all groups, up to three vectors of its rows at a time."""
    place = splat(np.float32(-col))
    f, last = (GROUP * left) & -LANES, GROUP * right + GROUP - 1
    while f <= last:
        phase, ahead = f % _PHASES, last - f
        at = _SAMPLES + f
        a = b = c = _profile(lanes.load(tables, at) + place, inv_sigma, shift, level, terms)
        if ahead >= LANES:
            b = _profile(lanes.load(tables, at + LANES) + place, inv_sigma, shift, level, terms)
        if ahead >= 2 * LANES:
            c = _profile(lanes.load(tables, at + 2 * LANES) + place, inv_sigma, shift, level, terms)
        k = top * GROUP_PITCH + f
        for _ in range(groups):
            red, green, blue = splat(values[0]), splat(values[1]), splat(values[2])
            p = a * _colour(tables, phase, red, green, blue)
            if ahead < LANES:
                _add_one(tile, k, p, GROUP_PITCH, tables, rows)
            else:
                q = b * _colour(tables, phase + LANES, red, green, blue)
                if ahead < 2 * LANES:
                    _add_two(tile, k, p, q, tables, rows)
                else:
                    r = c * _colour(tables, phase + 2 * LANES, red, green, blue)
                    _add_three(tile, k, p, q, r, tables, rows)
            k += GROUP_SIZE
            values = advance(values, GROUP)
        values = advance(values, -GROUP * groups)
        f += _PHASES


@njit(nogil=True, cache=True)
def draw_gaussians(
    order, first, last, records, whole, pitch, channels, fourth, sixth, row0, col0, low, high, tile,
    tables,
):  # fmt: skip
    """Add the Gaussians order[first:last] to a tile.

    Parameters
    ----------
    order, first, last
        `binning.Bins.rows` and the tile's part of it.
    records, whole, pitch
        `place.Placed.records`, the same as int32, and floats a record.
    channels
        Number of channels.
    fourth, sixth
        The level's, see `place.sharpening`; 0 on the finest.
    row0, col0
        Where the tile begins, relative to the level's first tile.
    low, high
        The rows of the tile that are used; columns are all drawn.
    tile
        Float32 (tile_floats(channels),).
    tables
        The thread's, `new_tables`.
    """
    order, records, whole = pointer(order), pointer(records), pointer(whole)
    tile, tables = pointer(tile), pointer(tables)
    groups, level = channels // GROUP, 1 if fourth > 0.0 else 0
    for q in range(first, last):
        prefetch(records, np.int64(order[min(q + _AHEAD, last - 1)]) * pitch)
        at = np.int64(order[q]) * pitch
        row, col = np.int64(whole[at]) - row0, np.int64(whole[at + 1]) - col0
        down, across, steep = np.int64(whole[at + 2]), np.int64(whole[at + 3]), records[at + 4]
        top, bottom = max(row - _before(down), low), min(row + _behind(down), high - 1)
        left, right = max(col - _before(across), 0), min(col + _behind(across), TILE - 1)
        if bottom < top or right < left:
            continue
        dy, dx = _offset(down), _offset(across)
        rows, inv_sigma = bottom - top + 1, splat(steep)
        terms = _sharpen(fourth, sixth, steep)
        samples, shift = lanes.ramp(np.float32(top - row)), splat(-dy * steep)
        for j in range(0, rows, LANES):
            lanes.store(tables, j, _profile(samples, inv_sigma, shift, level, terms))
            samples = samples + splat(np.float32(LANES))
        shift, values = splat(-dx * steep), advance(records, at + HEAD)
        if groups > 0:
            _add_groups(
                tile,
                top,
                rows,
                left,
                right,
                col,
                values,
                groups,
                inv_sigma,
                shift,
                level,
                terms,
                tables,
            )
        for c in range(groups * GROUP, channels):
            start = groups * GROUP_SIZE + (c - groups * GROUP) * PLANE_SIZE + top * PLANE_PITCH
            for i in range(left & -LANES, right + 1, LANES):
                samples = lanes.ramp(np.float32(i - col))
                across = _profile(samples, inv_sigma, shift, level, terms) * splat(values[c])
                _add_one(tile, start + i, across, PLANE_PITCH, tables, rows)


@njit(nogil=True, cache=True)
def draw_discs(rows, first, last, records, whole, pitch, row0, col0, low, high, tile):
    """Multiply what the discs rows[first:last] let through, 1 - cap D, into a tile of one group.

    As `draw_gaussians`; a record holds 1 / B, edge and three caps behind its place.
    """
    one, most = splat(1.0), splat(MAX_CAP)
    rows, records, whole, tile = pointer(rows), pointer(records), pointer(whole), pointer(tile)
    for q in range(first, last):
        prefetch(records, np.int64(rows[min(q + _AHEAD, last - 1)]) * pitch)
        at = np.int64(rows[q]) * pitch
        row, col = np.int64(whole[at]) - row0, np.int64(whole[at + 1]) - col0
        edge = records[at + 5]
        wide = max(edge, np.float32(0.0))
        reach = np.float32(math.sqrt((wide + np.float32(DISC_TAPER_END)) / records[at + 4]))
        top, bottom = _span(row, records[at + 2], reach, low, high)
        left, right = _span(col, records[at + 3], reach, 0, TILE)
        red, green, blue = (
            records[at + DISC_HEAD],
            records[at + DISC_HEAD + 1],
            records[at + DISC_HEAD + 2],
        )
        caps = cycle_0(red, green, blue), cycle_1(red, green, blue), cycle_2(red, green, blue)
        centre = one + lanes.exp(splat(0.0) - splat(edge))
        for j in range(top, bottom + 1):
            dy = np.float32(j - row) - records[at + 2]
            for i in range(left, right + 1, LANES):
                dx = lanes.ramp(np.float32(i - col)) - splat(records[at + 3])
                q2 = fma(dx, dx, splat(dy * dy)) * splat(records[at + 4])
                rim = _smoothstep((splat(DISC_TAPER_END) + splat(wide) - q2) * splat(_DISC_TAPER))
                fermi = one + lanes.exp(vmin(q2 - splat(edge), splat(60.0)))
                disc = centre * rim / fermi
                k = j * GROUP_PITCH + GROUP * i
                a = vmin(spread_0(disc) * caps[0], most)
                b = vmin(spread_1(disc) * caps[1], most)
                c = vmin(spread_2(disc) * caps[2], most)
                lanes.store(tile, k, lanes.load(tile, k) * (one - a))
                lanes.store(tile, k + LANES, lanes.load(tile, k + LANES) * (one - b))
                lanes.store(tile, k + 2 * LANES, lanes.load(tile, k + 2 * LANES) * (one - c))


def new_tile(channels: int) -> np.ndarray:
    """Return a tile on a cache line, so that aligned vectors straddle none."""
    return _aligned(tile_floats(channels))


def new_tables() -> np.ndarray:
    """Return a thread's tables: room for a column of a splat, samples of a row, channel masks."""
    tables = _aligned(_MASKS + GROUP * _MASK)
    tables[_SAMPLES:_MASKS] = np.arange(GROUP_PITCH) // GROUP
    masks = np.arange(_MASK)[None, :] % GROUP == np.arange(GROUP)[:, None]
    tables[_MASKS:] = masks.reshape(-1)
    return tables


def _aligned(count: int) -> np.ndarray:
    room = np.zeros(count + 16, np.float32)
    skip = (-room.ctypes.data % 64) // 4
    return room[skip : skip + count]
