"""Where each splat is drawn: its level, its sample and offset there, and the tiles it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.raster.grid import TILE
from smpengine.raster.profile import (
    DISC_TAPER_END,
    KURTOSIS,
    MASK_VARIANCE_PX2,
    MAX_LEVEL,
    SWITCH_SIGMA,
    TAPER_END,
)
from smpengine.raster.splats import Discs, Gaussians
from smpengine.workers import Workers

CHUNK = 65_536


@dataclass(frozen=True)
class Placed:
    """Splats in samples of their level.

    Attributes
    ----------
    sample
        Int32 (n, 2): row and column of the sample at or before the centre, relative to the first
        sample of the level.
    shape
        Float32 (n, 6). Gaussians: row offset, column offset, reach (samples), 1 / sigma, kurtosis
        term, factor on the peak. Discs: the offsets and reach, 1 / B, edge, max(edge, 0).
    reach
        Int32 (n, 6), see `binning.bin_rows`.
    """

    sample: NDArray[np.int32]
    shape: NDArray[np.float32]
    reach: NDArray[np.int32]

    @classmethod
    def empty(cls, n: int) -> Placed:
        """Return columns to be filled."""
        return cls(np.empty((n, 2), np.int32), np.empty((n, 6), np.float32), _nothing(n))


def _nothing(n: int) -> NDArray[np.int32]:
    return np.empty((n, 6), np.int32)


def level_count(sigma_px: NDArray[np.float32]) -> int:
    """Return one more than the highest level that any sigma goes to."""
    if sigma_px.size == 0:
        return 1
    return int(_level(float(sigma_px.max()))) + 1


def place_gaussians(gaussians: Gaussians, table: NDArray[np.int64], workers: Workers) -> Placed:
    """Choose level, sample and tiles of each Gaussian; `table` is `grid.as_table`."""
    n = gaussians.sigma_px.shape[0]
    placed = Placed.empty(n)
    columns = (gaussians.x_px, gaussians.y_px, gaussians.sigma_px, gaussians.peak)
    workers.each(
        -(-n // CHUNK),
        lambda k, _: _place_gaussians(
            k * CHUNK,
            min((k + 1) * CHUNK, n),
            *columns,
            table,
            placed.sample,
            placed.shape,
            placed.reach,
        ),
        lambda: None,
    )
    return placed


def place_discs(discs: Discs, table: NDArray[np.int64], workers: Workers) -> Placed:
    """Choose sample and tiles of each disc, on the finest level."""
    n = discs.edge.shape[0]
    placed = Placed.empty(n)
    columns = (discs.x_px, discs.y_px, discs.inv_spread_per_px2, discs.edge, discs.cap)
    workers.each(
        -(-n // CHUNK),
        lambda k, _: _place_discs(
            k * CHUNK,
            min((k + 1) * CHUNK, n),
            *columns,
            table,
            placed.sample,
            placed.shape,
            placed.reach,
        ),
        lambda: None,
    )
    return placed


@njit(nogil=True, cache=True)
def _level(sigma_px):
    level = 0
    scale2 = 4.0
    variance = sigma_px * sigma_px
    while (
        level < MAX_LEVEL
        and variance >= SWITCH_SIGMA * SWITCH_SIGMA * scale2 + MASK_VARIANCE_PX2 * (scale2 - 1.0)
    ):
        level += 1
        scale2 *= 4.0
    return level


@njit(nogil=True, cache=True)
def _place_gaussians(first, last, x, y, sigma, peak, table, sample, shape, reach):
    for n in range(first, last):
        if _is_nothing(peak, n):
            _reach_nothing(n, sample, reach)
            continue
        level = _level(np.float64(sigma[n]))
        scale = 2.0**level
        scale2 = scale * scale
        variance = np.float64(sigma[n]) * np.float64(sigma[n])
        drawn = variance - MASK_VARIANCE_PX2 * (scale2 - 1.0)
        sigma_samples = math.sqrt(drawn) / scale
        v = (y[n] - 0.5) / scale
        u = (x[n] - 0.5) / scale
        radius = TAPER_END * sigma_samples
        _reach(n, v, u, radius, table[level], sample, shape, reach)
        shape[n, 3] = 1.0 / sigma_samples
        shape[n, 4] = KURTOSIS * (1.0 - 1.0 / (scale2 * scale2)) / sigma_samples**4
        shape[n, 5] = variance / drawn


@njit(nogil=True, cache=True)
def _place_discs(first, last, x, y, inv_spread, edge, cap, table, sample, shape, reach):
    for n in range(first, last):
        if _is_nothing(cap, n):
            _reach_nothing(n, sample, reach)
            continue
        wide = max(np.float64(edge[n]), 0.0)
        radius = math.sqrt((wide + DISC_TAPER_END) / np.float64(inv_spread[n]))
        _reach(n, y[n] - 0.5, x[n] - 0.5, radius, table[0], sample, shape, reach)
        shape[n, 3] = inv_spread[n]
        shape[n, 4] = edge[n]
        shape[n, 5] = wide


@njit(nogil=True, cache=True)
def _is_nothing(value, n):
    most = 0.0
    for c in range(value.shape[1]):
        most = max(most, abs(value[n, c]))
    return most == 0.0


@njit(nogil=True, cache=True)
def _reach_nothing(n, sample, reach):
    sample[n, 0] = 0
    sample[n, 1] = 0
    reach[n, 2] = 0
    reach[n, 3] = -1


@njit(nogil=True, cache=True)
def _reach(n, v, u, radius, level, sample, shape, reach):
    row = v - level[0]
    col = u - level[1]
    margin = radius + 2.0
    if not (-margin < row < level[2] + margin and -margin < col < level[3] + margin):
        # Nothing of it is in the window; huge coordinates stop here, before they become integers.
        _reach_nothing(n, sample, reach)
        return
    # The offset is taken from the absolute coordinate, so that its rounding is the same in every
    # window; the integer part may then be counted from anywhere.
    sample[n, 0] = np.int64(math.floor(v)) - level[0]
    sample[n, 1] = np.int64(math.floor(u)) - level[1]
    shape[n, 0] = v - math.floor(v)
    shape[n, 1] = u - math.floor(u)
    shape[n, 2] = radius
    reach[n, 0] = level[4]
    reach[n, 1] = level[5]
    reach[n, 2] = max(np.int64(math.floor(row - radius)), 0) // TILE
    reach[n, 3] = min(np.int64(math.ceil(row + radius)), level[2] - 1) // TILE
    reach[n, 4] = max(np.int64(math.floor(col - radius)), 0) // TILE
    reach[n, 5] = min(np.int64(math.ceil(col + radius)), level[3] - 1) // TILE
