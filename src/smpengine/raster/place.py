"""Where each splat is drawn: its level, its sample and offset there, and the tiles it reaches.

Gaussians are settled sixteen at a time (`settle.py`); only the packing of records is scalar. Splats
are counted by cell, and looked at for what is not finite, on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.lanes import LANES
from smpengine.moves import advance, floor_f64, keep, pointer
from smpengine.raster.binning import cell_in, count_splat
from smpengine.raster.grid import CELLS, TILE
from smpengine.raster.pool import Pool
from smpengine.raster.profile import DISC_TAPER_END, MASK_BOXES
from smpengine.raster.settle import (
    ACROSS,
    COL,
    COLUMNS,
    DOWN,
    FACTOR,
    FAR,
    FIRST_TILE,
    IN_A_ROW,
    INV_SIGMA,
    KEY,
    ROW,
    SLOTS,
    SPAN,
    level_table,
    settle,
)
from smpengine.raster.splats import Discs, Gaussians
from smpengine.workers import Workers

HEAD = 5
"""Floats of a Gaussian's record before its peaks."""
DISC_HEAD = 6
"""Floats of a disc's record before its caps."""
_MIN_CHUNK = 16_384


@dataclass(frozen=True)
class Placed:
    """Splats in samples of their level: all that drawing needs, in one record each.

    Attributes
    ----------
    records
        Float32, flat, `pitch` a splat. The first two are int32: row and column of the sample at or
        before the centre, relative to where the level's first tile begins. Then, along rows and
        along columns, the offset from it, with a Gaussian's extents packed into one int32
        (`settle.py`); 1 / sigma (a disc's 1 / B, edge); the value of each channel.
    pitch
        Floats a record; a multiple of 4.
    spans
        Int32 (n, 2), see `binning.bin_rows`.
    edges
        Int64 (chunks + 1,): the chunks of rows that were counted apart.
    counts
        Int32 (chunks, cells): how many splats of a chunk lie in each cell of each tile.
    """

    records: NDArray[np.float32]
    pitch: int
    spans: NDArray[np.int32]
    edges: NDArray[np.int64]
    counts: NDArray[np.int32]

    @property
    def whole(self) -> NDArray[np.int32]:
        """The records as integers."""
        return self.records.view(np.int32)


class NotDrawableError(ValueError):
    """A column holds what is not finite, or a sigma that is not over 0."""


def sharpening(level: int) -> tuple[float, float]:
    """Return a and b of a level's drawn Gaussian (see `profile.py`)."""
    fourth = MASK_BOXES / 2880.0 * (1.0 - 16.0**-level)
    return fourth, MASK_BOXES / 181_440.0 * (1.0 - 64.0**-level)


def place_gaussians(
    gaussians: Gaussians, table: NDArray[np.int64], tiles: int, workers: Workers, pool: Pool
) -> Placed:
    """Choose level, sample and tiles of each Gaussian; `table` is `grid.as_table`.

    Raises
    ------
    NotDrawableError
        A value is not finite, or a sigma not over 0.
    """
    columns = (gaussians.x_px, gaussians.y_px, gaussians.sigma_px, gaussians.peak)
    return _place(_place_gaussians, columns, HEAD, level_table(table), tiles, workers, pool)


def place_discs(
    discs: Discs, table: NDArray[np.int64], tiles: int, workers: Workers, pool: Pool
) -> Placed:
    """Choose sample and tiles of each disc, on the finest level."""
    columns = (discs.x_px, discs.y_px, discs.inv_spread_per_px2, discs.edge, discs.cap)
    return _place(_place_discs, columns, DISC_HEAD, table[0], tiles, workers, pool)


def _place(
    kernel: Callable[..., bool], columns: tuple[NDArray[Any], ...], head: int,
    levels: NDArray[Any], tiles: int, workers: Workers, pool: Pool,
) -> Placed:  # fmt: skip
    n, channels = columns[-1].shape
    chunks = max(1, min(-(-n // _MIN_CHUNK), 2 * workers.threads))
    edges = np.linspace(0, n, chunks + 1).astype(np.int64)
    pitch = -(-(head + channels) // 4) * 4
    records = pool.array((n * pitch,), np.float32)
    whole = records.view(np.int32)
    spans = pool.array((n, 2), np.int32)
    counts = pool.array((chunks, tiles * CELLS), np.int32)
    sound = np.ones(chunks, np.bool_)

    def work(k: int, _: None) -> None:
        counts[k] = 0
        first, last = edges[k], edges[k + 1]
        sound[k] = kernel(
            first, last, *columns, levels, records, whole, pitch, spans, counts[k]
        )  # fmt: skip

    workers.each(chunks, work, lambda: None)
    if not sound.all():
        raise NotDrawableError
    return Placed(records, pitch, spans, edges, counts)


@njit(nogil=True, cache=True)
def _place_gaussians(first, last, x, y, sigma, peak, levels, records, whole, pitch, spans, counts):
    """Place rows first to last; false if one of them cannot be drawn."""
    channels, level_of = peak.shape[1], levels.shape[0] // COLUMNS
    x, y, sigma, peak = pointer(x), pointer(y), pointer(sigma), pointer(peak)
    records, whole, spans, cells = pointer(records), pointer(whole), pointer(spans), pointer(counts)
    levels, tail = pointer(levels), np.ones((2, LANES))
    slots, values, flags = (
        np.empty(SLOTS, np.int32),
        np.empty(2 * LANES, np.float32),
        np.zeros(LANES),
    )
    widths = np.ones(LANES, np.float32)
    ints, floats, sound = pointer(slots), pointer(values), True
    for start in range(first, last, LANES):
        size = min(LANES, last - start)
        if size == LANES:
            xs, ys, sigmas = advance(x, start), advance(y, start), advance(sigma, start)
        else:  # nothing behind the last row is read
            for b in range(size):
                tail[0, b], tail[1, b], widths[b] = x[start + b], y[start + b], sigma[start + b]
            xs, ys, sigmas = pointer(tail[0]), pointer(tail[1]), pointer(widths)
        settle(xs, ys, sigmas, levels, level_of, ints, floats, pointer(flags))
        for b in range(size):
            n = start + b
            at, value = n * pitch, n * channels
            whole[at], whole[at + 1] = ints[ROW + b], ints[COL + b]
            whole[at + 2], whole[at + 3] = ints[DOWN + b], ints[ACROSS + b]
            records[at + 4] = floats[INV_SIGMA + b]
            factor, most = floats[FACTOR + b], np.float32(0.0)
            for c in range(channels):
                records[at + HEAD + c] = peak[value + c] * factor
                sound &= abs(peak[value + c]) < np.inf
                most = max(most, abs(peak[value + c]))
            span, key = ints[SPAN + b], ints[KEY + b]
            span = span if most > 0.0 else np.int32(-1)
            spans[2 * n], spans[2 * n + 1] = key, span
            if span == 0:
                cells[key] += np.int32(1)
            elif span > 0:
                tile0, across = np.int64(ints[FIRST_TILE + b]), np.int64(ints[IN_A_ROW + b])
                count_splat(key, span, ints[ROW + b], ints[COL + b], tile0, across, cells)
    keep(slots)
    keep(values)
    return sound and flags.max() == 0.0


@njit(nogil=True, forceinline=True)
def _settle_disc(v, radius, first, last):
    """Return along one axis the sample at or before a disc's centre, and the tiles reached.

    Huge coordinates are brought near before they become integers; they reach nothing there.
    """
    near = min(max(floor_f64(v), -FAR), FAR)
    low = max(floor_f64(v - radius), np.float64(first))
    high = min(floor_f64(v + radius) + 1.0, np.float64(last))
    if low > high:
        return np.int64(near), 0, -1
    return np.int64(near), np.int64(low) // TILE, np.int64(high) // TILE


@njit(nogil=True, cache=True)
def _place_discs(
    first, last, x, y, inv_spread, edge, cap, table, records, whole, pitch, spans, counts
):
    """Place rows first to last."""
    row0, col0, top0, left0, height, width, _, columns = table
    cells = pointer(counts)
    for n in range(first, last):
        spans[n, 1] = -1
        most = np.float32(0.0)
        for c in range(cap.shape[1]):
            most = max(most, cap[n, c])
        wide = max(np.float64(edge[n]), 0.0)
        radius = math.sqrt((wide + DISC_TAPER_END) / np.float64(inv_spread[n]))
        radius += 1e-3 + 1e-5 * radius  # holds whatever rounding the drawing does to the reach
        v, u = y[n] - 0.5 - row0, x[n] - 0.5 - col0
        row, top, bottom = _settle_disc(v, radius, top0, top0 + height - 1)
        col, left, right = _settle_disc(u, radius, left0, left0 + width - 1)
        if most == 0.0 or bottom < top or right < left:
            continue
        at = n * pitch
        whole[at], whole[at + 1] = row, col
        # From the absolute coordinate, so that the rounding is the same in every window.
        v, u = y[n] - 0.5, x[n] - 0.5
        records[at + 2], records[at + 3] = v - floor_f64(v), u - floor_f64(u)
        records[at + 4] = inv_spread[n]
        records[at + 5] = edge[n]
        for c in range(cap.shape[1]):
            records[at + DISC_HEAD + c] = cap[n, c]
        span, key = (bottom - top) * 65_536 + right - left, top * columns + left
        key = key * CELLS + cell_in(row, col, top, left)
        spans[n, 0], spans[n, 1] = key, span
        count_splat(key, span, row, col, 0, columns, cells)
    return True
