"""The inner loops: Gaussians and soft discs into the planes of one tile.

A tile's planes are one flat float32 array, plane after plane, rows of PITCH samples of which TILE
are used: a vector may begin at any sample and end beyond the row. Splats are multiplied or added
in the order of their rows, so each sample has one order. Vectors may begin anywhere because a
sample's value depends on its whole distance alone, and is exactly nothing beyond the taper.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat, vmax, vmin
from smpengine.raster.grid import PITCH, PLANE, TILE
from smpengine.raster.place import HEAD
from smpengine.raster.profile import (
    DISC_TAPER_END,
    DISC_TAPER_START,
    TAPER_END,
    TAPER_START,
)
from smpengine.raster.splats import MAX_CAP

assert PITCH - TILE >= LANES
_TAPER = 1.0 / (TAPER_END - TAPER_START)
_DISC_TAPER = 1.0 / (DISC_TAPER_END - DISC_TAPER_START)
_AHEAD = 6  # splats; what memory needs to bring a record


@njit(nogil=True, cache=True)
def _smoothstep(s):
    s = vmin(vmax(s, splat(0.0)), splat(1.0))
    return s * s * fma(splat(-2.0), s, splat(3.0))


@njit(nogil=True, cache=True)
def _profile(start, offset, inv_sigma, kurtosis):
    """Return one axis of a Gaussian from sample `start` on, relative to that of its centre."""
    # A whole number less an offset, rounded once: the same in every tile and window.
    t = (lanes.ramp(np.float32(start)) - splat(offset)) * splat(inv_sigma)
    t2 = t * t
    value = lanes.exp(t2 * splat(-0.5))
    if kurtosis != 0.0:
        value = value * fma(splat(kurtosis), fma(t2 - splat(6.0), t2, splat(3.0)), splat(1.0))
    return value * _smoothstep((splat(TAPER_END) - lanes.fabs(t)) * splat(_TAPER))


@njit(nogil=True, cache=True)
def _span(sample, offset, reach, size):
    """Return the first and last sample of a tile that a splat reaches; offset is 0 to 1.

    Whole parts are cut off: floor and ceil are calls, and a call spills every vector.
    """
    first = sample - np.int64(max(reach - offset, np.float32(0.0)))
    last = sample + np.int64(offset + reach)
    return max(first, 0), min(last, size - 1)


@njit(nogil=True, cache=True)
def _add(planes, k, across, peak, vertical, rows):
    """Add across * vertical * peak to one plane."""
    weighted = across * splat(peak)
    for j in range(rows):
        value = fma(weighted, splat(vertical[j]), lanes.load(planes, k))
        lanes.store(planes, k, value)
        k += PITCH


@njit(nogil=True, cache=True)
def _add_three(planes, k, across, records, at, vertical, rows):
    """Add to three planes at once, as `_add` does to one."""
    first = across * splat(records[at])
    second = across * splat(records[at + 1])
    third = across * splat(records[at + 2])
    for j in range(rows):
        down = splat(vertical[j])
        a = fma(first, down, lanes.load(planes, k))
        b = fma(second, down, lanes.load(planes, k + PLANE))
        c = fma(third, down, lanes.load(planes, k + 2 * PLANE))
        lanes.store(planes, k, a)
        lanes.store(planes, k + PLANE, b)
        lanes.store(planes, k + 2 * PLANE, c)
        k += PITCH


@njit(nogil=True, cache=True)
def draw_gaussians(
    rows, first, last, records, whole, pitch, channels, kurtosis, row0, col0, height, width,
    planes, vertical,
):  # fmt: skip
    """Add the Gaussians rows[first:last] to a tile.

    Parameters
    ----------
    rows, first, last
        `binning.Bins.rows` and the tile's part of it.
    records, whole, pitch
        `place.Placed.records`, the same as int32, and floats a record.
    channels
        Number of planes.
    kurtosis
        The level's term, see `place.kurtosis`.
    row0, col0, height, width
        The tile, relative to the level's first sample.
    planes
        Float32 (channels * PLANE + LANES,).
    vertical
        Scratch, float32 (TILE + LANES,).
    """
    for q in range(first, last):
        lanes.prefetch(records, np.int64(rows[min(q + _AHEAD, last - 1)]) * pitch)
        at = np.int64(rows[q]) * pitch
        row, col = np.int64(whole[at]) - row0, np.int64(whole[at + 1]) - col0
        inv_sigma = records[at + 4]
        reach = np.float32(TAPER_END) / inv_sigma
        top, bottom = _span(row, records[at + 2], reach, height)
        left, right = _span(col, records[at + 3], reach, width)
        if bottom < top or right < left:
            continue
        term = np.float32(kurtosis) * inv_sigma * inv_sigma * inv_sigma * inv_sigma
        for j in range(0, bottom - top + 1, LANES):
            down = _profile(top - row + j, records[at + 2], inv_sigma, term)
            lanes.store(vertical, j, down)
        for i in range(left, right + 1, LANES):
            across = _profile(i - col, records[at + 3], inv_sigma, term)
            k = top * PITCH + i
            done = 0
            while done + 3 <= channels:
                _add_three(planes, k, across, records, at + HEAD + done, vertical, bottom - top + 1)
                k += 3 * PLANE
                done += 3
            while done < channels:
                _add(planes, k, across, records[at + HEAD + done], vertical, bottom - top + 1)
                k += PLANE
                done += 1


@njit(nogil=True, cache=True)
def draw_discs(
    rows, first, last, records, whole, pitch, bands, row0, col0, height, width, planes
):  # fmt: skip
    """Multiply what the discs rows[first:last] let through, 1 - cap D, into a tile's planes.

    As `draw_gaussians`; a record holds 1 / B, edge and the caps behind its place.
    """
    for q in range(first, last):
        lanes.prefetch(records, np.int64(rows[min(q + _AHEAD, last - 1)]) * pitch)
        at = np.int64(rows[q]) * pitch
        row, col = np.int64(whole[at]) - row0, np.int64(whole[at + 1]) - col0
        edge = records[at + 5]
        wide = max(edge, np.float32(0.0))
        reach = np.float32(math.sqrt((wide + np.float32(DISC_TAPER_END)) / records[at + 4]))
        top, bottom = _span(row, records[at + 2], reach, height)
        left, right = _span(col, records[at + 3], reach, width)
        centre = splat(1.0) + lanes.exp(splat(0.0) - splat(edge))
        for j in range(top, bottom + 1):
            dy = np.float32(j - row) - records[at + 2]
            for i in range(left, right + 1, LANES):
                dx = lanes.ramp(np.float32(i - col)) - splat(records[at + 3])
                q2 = fma(dx, dx, splat(dy * dy)) * splat(records[at + 4])
                rim = _smoothstep((splat(DISC_TAPER_END) + splat(wide) - q2) * splat(_DISC_TAPER))
                fermi = splat(1.0) + lanes.exp(vmin(q2 - splat(edge), splat(60.0)))
                disc = centre * rim / fermi
                k = j * PITCH + i
                for c in range(bands):
                    taken = vmin(disc * splat(records[at + 6 + c]), splat(MAX_CAP))
                    kept = lanes.load(planes, k) * (splat(1.0) - taken)
                    lanes.store(planes, k, kept)
                    k += PLANE


@njit(nogil=True, cache=True)
def interleave(planes, row0, col0, height, width, out, flat):
    """Copy a tile's planes into out[row0:, col0:], (rows, columns, channels).

    `flat` is `out` without its shape.
    """
    channels = out.shape[2]
    if channels != 3:
        for j in range(height):
            for c in range(channels):
                for i in range(width):
                    out[row0 + j, col0 + i, c] = planes[c * PLANE + j * PITCH + i]
        return
    for j in range(height):
        k = j * PITCH
        target = ((row0 + j) * out.shape[1] + col0) * 3
        whole = width // LANES * LANES
        for i in range(0, whole, LANES):
            a, b = lanes.load(planes, k + i), lanes.load(planes, k + PLANE + i)
            lanes.store_triples(flat, target + 3 * i, a, b, lanes.load(planes, k + 2 * PLANE + i))
        for i in range(whole, width):
            for c in range(3):
                flat[target + 3 * i + c] = planes[c * PLANE + k + i]


def new_planes(channels: int) -> np.ndarray:
    """Return the planes of one tile, on a cache line, so that aligned vectors straddle none."""
    count = channels * PLANE + LANES
    room = np.zeros(count + 16, np.float32)
    skip = (-room.ctypes.data % 64) // 4
    return room[skip : skip + count]


def new_vertical() -> np.ndarray:
    """Return scratch for one column of a splat."""
    return np.empty(TILE + LANES, np.float32)
