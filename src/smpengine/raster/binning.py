"""Which splats touch which tile, in the order of the rows: a stable counting sort in two passes.

Every decision that both passes need (a splat's range of tiles) is computed once and stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


def bin_rows(reach: NDArray[np.int32], tiles: int, workers: Workers) -> Bins:
    """Sort rows into the tiles they reach.

    Parameters
    ----------
    reach
        Int32 (n, 6): first tile of the level, tiles per row, first and last tile row, first and
        last tile column; the last before the first where a splat touches nothing.
    tiles
        Number of tiles of all levels.
    workers
        Who does it; the result does not depend on them.
    """
    n = reach.shape[0]
    chunks = max(1, min(-(-n // CHUNK), 4 * workers.threads))
    edges = np.linspace(0, n, chunks + 1).astype(np.int64)
    counts = np.zeros((chunks, tiles), np.int64)
    workers.each(
        chunks, lambda k, _: _count(reach, edges[k], edges[k + 1], counts[k]), lambda: None
    )
    # Exclusive sums over tiles first and chunks second: where each chunk writes in each tile.
    start = np.zeros(tiles + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=start[1:])
    cursor = np.cumsum(counts, axis=0) - counts + start[:-1]
    rows = np.empty(int(start[-1]), np.int32)
    workers.each(
        chunks,
        lambda k, _: _scatter(reach, edges[k], edges[k + 1], cursor[k], rows),
        lambda: None,
    )
    return Bins(start, rows)


@njit(nogil=True, cache=True)
def _count(reach, first, last, count):
    for n in range(first, last):
        for row in range(reach[n, 2], reach[n, 3] + 1):
            for col in range(reach[n, 4], reach[n, 5] + 1):
                count[reach[n, 0] + row * reach[n, 1] + col] += 1


@njit(nogil=True, cache=True)
def _scatter(reach, first, last, cursor, rows):
    for n in range(first, last):
        for row in range(reach[n, 2], reach[n, 3] + 1):
            for col in range(reach[n, 4], reach[n, 5] + 1):
                tile = reach[n, 0] + row * reach[n, 1] + col
                rows[cursor[tile]] = n
                cursor[tile] += 1
