"""Which splats touch which tile, in the order of the rows: a stable counting sort in two passes.

Every decision that both passes need (a splat's range of tiles) is computed once and stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.raster.pool import Pool
from smpengine.workers import Workers

CHUNK = 65_536


@dataclass(frozen=True)
class Bins:
    """Rows of splats, tile after tile.

    Attributes
    ----------
    start
        Int64 (tiles + 1,): tile t holds rows[start[t]:start[t + 1]].
    rows
        Int32: row numbers, ascending within a tile.
    """

    start: NDArray[np.int64]
    rows: NDArray[np.int32]


def bin_rows(
    spans: NDArray[np.int32], table: NDArray[np.int64], tiles: int, workers: Workers, pool: Pool
) -> Bins:
    """Sort rows into the tiles they reach.

    Parameters
    ----------
    spans
        Int32 (n, 2): first tile, and 65,536 times the further rows of tiles plus the further
        columns; -1 there where a splat touches nothing.
    table
        `grid.as_table`.
    tiles
        Number of tiles of all levels.
    workers, pool
        Who does it, and where; the result does not depend on them.
    """
    n = spans.shape[0]
    chunks = max(1, min(-(-n // CHUNK), 4 * workers.threads))
    edges = np.linspace(0, n, chunks + 1).astype(np.int64)
    counts = pool.array((chunks, tiles), np.int64)
    counts[...] = 0
    tile0, columns = np.ascontiguousarray(table[:, 4]), np.ascontiguousarray(table[:, 5])
    workers.each(
        chunks,
        lambda k, _: _count(spans, edges[k], edges[k + 1], tile0, columns, counts[k]),
        lambda: None,
    )
    # Exclusive sums over tiles first and chunks second: where each chunk writes in each tile.
    start = np.zeros(tiles + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=start[1:])
    cursor = np.cumsum(counts, axis=0) - counts + start[:-1]
    rows = pool.array((int(start[-1]),), np.int32)
    workers.each(
        chunks,
        lambda k, _: _scatter(spans, edges[k], edges[k + 1], tile0, columns, cursor[k], rows),
        lambda: None,
    )
    return Bins(start, rows)


@njit(nogil=True, cache=True)
def _pitch(tile, tile0, columns):
    """Return the tiles in a row of the level that a tile belongs to."""
    level = tile0.shape[0] - 1
    while level > 0 and tile < tile0[level]:
        level -= 1
    return columns[level]


@njit(nogil=True, cache=True)
def _count(spans, first, last, tile0, columns, count):
    for n in range(first, last):
        span = spans[n, 1]
        if span < 0:
            continue
        tile = np.int64(spans[n, 0])
        if span == 0:
            count[tile] += 1
            continue
        pitch = _pitch(tile, tile0, columns)
        for row in range((span >> 16) + 1):
            for col in range((span & 0xFFFF) + 1):
                count[tile + row * pitch + col] += 1


@njit(nogil=True, cache=True)
def _scatter(spans, first, last, tile0, columns, cursor, rows):
    for n in range(first, last):
        span = spans[n, 1]
        if span < 0:
            continue
        tile = np.int64(spans[n, 0])
        pitch = _pitch(tile, tile0, columns) if span > 0 else 0
        for row in range((span >> 16) + 1):
            for col in range((span & 0xFFFF) + 1):
                at = tile + row * pitch + col
                rows[cursor[at]] = n
                cursor[at] += 1
