"""The inner loops: Gaussians and soft discs into the planes of one tile.

A tile's planes are one flat float32 array, plane after plane, rows of TILE samples. Splats are
added in the order of their rows, so each sample's sum has one order.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat, vmax, vmin
from smpengine.raster.grid import TILE
from smpengine.raster.profile import (
    DISC_TAPER_END,
    DISC_TAPER_START,
    TAPER_END,
    TAPER_START,
)
from smpengine.raster.splats import MAX_CAP

_TAPER = 1.0 / (TAPER_END - TAPER_START)
_DISC_TAPER = 1.0 / (DISC_TAPER_END - DISC_TAPER_START)


@njit(nogil=True, cache=True)
def _smoothstep(s):
    s = vmin(vmax(s, splat(0.0)), splat(1.0))
    return s * s * fma(splat(-2.0), s, splat(3.0))


@njit(nogil=True, cache=True)
def _profile(start, offset, count, inv_sigma, kurtosis, out):
    """Draw one axis of a Gaussian: `count` blocks of lanes from sample `start` on."""
    for block in range(count):
        # A whole number less an offset, rounded once: the same in every tile and window.
        distance = lanes.ramp(np.float32(start + block * LANES)) - splat(offset)
        t = distance * splat(inv_sigma)
        t2 = t * t
        hermite = fma(t2 - splat(6.0), t2, splat(3.0))
        value = lanes.exp(t2 * splat(-0.5)) * fma(splat(kurtosis), hermite, splat(1.0))
        rim = (splat(TAPER_END) - lanes.fabs(t)) * splat(_TAPER)
        lanes.store(out, block * LANES, value * _smoothstep(rim))


@njit(nogil=True, cache=True)
def draw_gaussians(rows, first, last, sample, shape, peak, row0, col0, height, width, planes, line):
    """Add the Gaussians rows[first:last] to a tile.

    Parameters
    ----------
    rows, first, last
        `binning.Bins.rows` and the tile's part of it.
    sample, shape
        See `place.Placed`.
    peak
        Float32 (n, channels).
    row0, col0, height, width
        The tile, relative to the level's first sample.
    planes
        Float32 (channels * TILE * TILE,).
    line
        Scratch, float32 (2 * TILE,).
    """
    channels = peak.shape[1]
    vertical = line[TILE:]
    for q in range(first, last):
        n = rows[q]
        reach = shape[n, 2]
        top = max(np.int64(math.floor(sample[n, 0] + shape[n, 0] - reach)) - row0, 0)
        bottom = min(np.int64(math.ceil(sample[n, 0] + shape[n, 0] + reach)) - row0, height - 1)
        left = max(np.int64(math.floor(sample[n, 1] + shape[n, 1] - reach)) - col0, 0) // LANES
        right = min(np.int64(math.ceil(sample[n, 1] + shape[n, 1] + reach)) - col0, width - 1)
        if bottom < top or right < 0:
            continue
        blocks = right // LANES - left + 1
        x = col0 + left * LANES - sample[n, 1]
        y = row0 + top - sample[n, 0]
        rows_of_lanes = (bottom - top) // LANES + 1
        _profile(x, shape[n, 1], blocks, shape[n, 3], shape[n, 4], line)
        _profile(y, shape[n, 0], rows_of_lanes, shape[n, 3], shape[n, 4], vertical)
        for j in range(bottom - top + 1):
            at_row = vertical[j] * shape[n, 5]
            for c in range(channels):
                weight = splat(at_row * peak[n, c])
                base = (c * TILE + top + j) * TILE + left * LANES
                for block in range(blocks):
                    k = block * LANES
                    value = fma(weight, lanes.load(line, k), lanes.load(planes, base + k))
                    lanes.store(planes, base + k, value)


@njit(nogil=True, cache=True)
def draw_discs(rows, first, last, sample, shape, cap, row0, col0, height, width, planes):
    """Add the absorbance of the discs rows[first:last] to a tile; as `draw_gaussians`."""
    bands = cap.shape[1]
    for q in range(first, last):
        n = rows[q]
        reach = shape[n, 2]
        top = max(np.int64(math.floor(sample[n, 0] + shape[n, 0] - reach)) - row0, 0)
        bottom = min(np.int64(math.ceil(sample[n, 0] + shape[n, 0] + reach)) - row0, height - 1)
        left = max(np.int64(math.floor(sample[n, 1] + shape[n, 1] - reach)) - col0, 0) // LANES
        right = min(np.int64(math.ceil(sample[n, 1] + shape[n, 1] + reach)) - col0, width - 1)
        if bottom < top or right < 0:
            continue
        x = col0 + left * LANES - sample[n, 1]
        y = row0 + top - sample[n, 0]
        inv_spread = splat(shape[n, 3])
        edge = splat(shape[n, 4])
        wide = splat(shape[n, 5])
        centre = splat(1.0) + lanes.exp(splat(0.0) - edge)
        for j in range(bottom - top + 1):
            dy = np.float32(y + j) - shape[n, 0]
            dy2 = splat(dy * dy)
            for block in range(right // LANES - left + 1):
                dx = lanes.ramp(np.float32(x + block * LANES)) - splat(shape[n, 1])
                q2 = fma(dx, dx, dy2) * inv_spread
                rim = _smoothstep((splat(DISC_TAPER_END) - q2 + wide) * splat(_DISC_TAPER))
                fermi = splat(1.0) + lanes.exp(vmin(q2 - edge, splat(60.0)))
                disc = centre * rim / fermi
                base = (top + j) * TILE + (left + block) * LANES
                for c in range(bands):
                    taken = vmin(disc * splat(cap[n, c]), splat(MAX_CAP))
                    k = c * TILE * TILE + base
                    value = lanes.load(planes, k) - lanes.log(splat(1.0) - taken)
                    lanes.store(planes, k, value)
