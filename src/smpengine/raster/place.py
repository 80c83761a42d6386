"""Where each splat is drawn: its level, its sample and offset there, and the tiles it reaches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.raster.grid import TILE
from smpengine.raster.pool import Pool
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
HEAD = 5
"""Floats of a Gaussian's record before its peaks; a disc's has one more before its caps."""


_HALVES = 0.5 ** np.arange(MAX_LEVEL + 1)


@dataclass(frozen=True)
class Placed:
    """Splats in samples of their level: all that drawing needs, in one record each.

    Attributes
    ----------
    records
        Float32, flat, `pitch` a splat. The first two are int32: row and column of the sample at or
        before the centre, relative to the level's first. Then the offsets of row and column from
        it; 1 / sigma (a disc's 1 / B, edge); the value of each channel.
    pitch
        Floats a record; a multiple of 4.
    spans
        Int32 (n, 2), see `binning.bin_rows`.
    """

    records: NDArray[np.float32]
    pitch: int
    spans: NDArray[np.int32]

    @property
    def whole(self) -> NDArray[np.int32]:
        """The records as integers."""
        return self.records.view(np.int32)


def level_count(sigma_px: NDArray[np.float32]) -> int:
    """Return one more than the highest level that any sigma goes to."""
    if sigma_px.size == 0:
        return 1
    return int(_level(float(sigma_px.max()))) + 1


def kurtosis(level: int) -> float:
    """Return the level's term of the drawn Gaussian; over sigma^4 (see `profile.py`)."""
    return KURTOSIS * (1.0 - 16.0**-level)


def place_gaussians(
    gaussians: Gaussians, table: NDArray[np.int64], workers: Workers, pool: Pool
) -> Placed:
    """Choose level, sample and tiles of each Gaussian; `table` is `grid.as_table`."""
    columns = (gaussians.x_px, gaussians.y_px, gaussians.sigma_px, gaussians.peak)
    return _place(_place_gaussians, columns, HEAD, table, workers, pool)


def place_discs(discs: Discs, table: NDArray[np.int64], workers: Workers, pool: Pool) -> Placed:
    """Choose sample and tiles of each disc, on the finest level."""
    columns = (discs.x_px, discs.y_px, discs.inv_spread_per_px2, discs.edge, discs.cap)
    return _place(_place_discs, columns, HEAD + 1, table, workers, pool)


def _place(
    kernel: Callable[..., None], columns: tuple[NDArray[Any], ...], head: int,
    table: NDArray[np.int64], workers: Workers, pool: Pool,
) -> Placed:  # fmt: skip
    n, channels = columns[-1].shape
    pitch = -(-(head + channels) // 4) * 4
    placed = Placed(pool.array((n * pitch,), np.float32), pitch, pool.array((n, 2), np.int32))
    whole = placed.whole

    def work(k: int, _: None) -> None:
        first, last = k * CHUNK, min((k + 1) * CHUNK, n)
        kernel(first, last, *columns, table, placed.records, whole, pitch, placed.spans)

    workers.each(-(-n // CHUNK), work, lambda: None)
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
def _place_gaussians(first, last, x, y, sigma, peak, table, records, whole, pitch, spans):
    channels = peak.shape[1]
    for n in range(first, last):
        if _is_nothing(peak, n):
            spans[n, 1] = -1
            continue
        at = n * pitch
        level = _level(np.float64(sigma[n]))
        inverse = _HALVES[level]
        sigma_samples, factor = np.float64(sigma[n]), np.float32(1.0)
        if level > 0:
            variance = sigma_samples * sigma_samples
            drawn = variance - MASK_VARIANCE_PX2 * (1.0 / (inverse * inverse) - 1.0)
            sigma_samples = math.sqrt(drawn) * inverse
            factor = np.float32(variance / drawn)
        v, u = (y[n] - 0.5) * inverse, (x[n] - 0.5) * inverse
        _settle(n, at, v, u, TAPER_END * sigma_samples, table, level, records, whole, spans)
        records[at + 4] = 1.0 / sigma_samples
        for c in range(channels):
            records[at + HEAD + c] = peak[n, c] * factor


@njit(nogil=True, cache=True)
def _place_discs(first, last, x, y, inv_spread, edge, cap, table, records, whole, pitch, spans):
    for n in range(first, last):
        if _is_nothing(cap, n):
            spans[n, 1] = -1
            continue
        wide = max(np.float64(edge[n]), 0.0)
        radius = math.sqrt((wide + DISC_TAPER_END) / np.float64(inv_spread[n]))
        at = n * pitch
        _settle(n, at, y[n] - 0.5, x[n] - 0.5, radius, table, 0, records, whole, spans)
        records[at + 4] = inv_spread[n]
        records[at + 5] = edge[n]
        for c in range(cap.shape[1]):
            records[at + HEAD + 1 + c] = cap[n, c]


@njit(nogil=True, cache=True, inline="always")
def _is_nothing(value, n):
    most = np.float32(0.0)
    for c in range(value.shape[1]):
        most = max(most, abs(value[n, c]))
    return most == 0.0


@njit(nogil=True, cache=True, inline="always")
def _floor(value):
    """Return the whole number at or below a value that an integer can hold."""
    cut = np.int64(value)
    return cut - 1 if cut > value else cut


@njit(nogil=True, cache=True, inline="always")
def _settle(n, at, v, u, radius, table, level, records, whole, spans):
    """Write a splat's place, and the tiles that it reaches."""
    row0, col0, height, width = table[level, 0], table[level, 1], table[level, 2], table[level, 3]
    row, col = v - row0, u - col0
    radius += 1e-3 + 1e-5 * radius  # holds whatever rounding the drawing does to the reach
    margin = radius + 2.0
    if not (-margin < row < height + margin and -margin < col < width + margin):
        # Nothing of it is in the window; huge coordinates stop here, before they become integers.
        spans[n, 1] = -1
        return
    # The offset is taken from the absolute coordinate, so that its rounding is the same in every
    # window; the integer part may then be counted from anywhere.
    floor_v, floor_u = _floor(v), _floor(u)
    whole[at], whole[at + 1] = floor_v - row0, floor_u - col0
    records[at + 2], records[at + 3] = v - floor_v, u - floor_u
    top = max(_floor(row - radius), 0) // TILE
    bottom = min(_floor(row + radius) + 1, height - 1) // TILE
    left = max(_floor(col - radius), 0) // TILE
    right = min(_floor(col + radius) + 1, width - 1) // TILE
    if bottom < top or right < left:
        spans[n, 1] = -1
        return
    spans[n, 0] = table[level, 4] + top * table[level, 5] + left
    spans[n, 1] = (bottom - top) * 65_536 + (right - left)
