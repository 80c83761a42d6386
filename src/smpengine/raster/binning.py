"""Which splats touch which tile, in the order of their cells and rows: a stable counting sort.

Splats are counted where they are placed. Every decision that counting and sorting share (a splat's
tiles, its cell) is computed once and stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.moves import pointer
from smpengine.raster.grid import CELL_COLS, CELL_ROWS, CELLS, TILE
from smpengine.raster.pool import Pool
from smpengine.workers import Workers

if TYPE_CHECKING:
    from smpengine.raster.place import Placed


@dataclass(frozen=True)
class Bins:
    """Rows of splats, tile after tile, cell after cell.

    Attributes
    ----------
    start
        Int64 (tiles * CELLS + 1,): cell t holds rows[start[t]:start[t + 1]].
    rows
        Int32: row numbers, ascending within a cell.
    """

    start: NDArray[np.int64]
    rows: NDArray[np.int32]


def bin_rows(placed: Placed, table: NDArray[np.int64], workers: Workers, pool: Pool) -> Bins:
    """Sort rows into the cells of the tiles they reach.

    A splat lies in the cell that its centre is in, or is nearest to if its centre is outside the
    tile. That depends on the tile alone, so neither does the order of the splats at a sample.

    Parameters
    ----------
    placed
        Its spans are (n, 2): CELLS times the first tile, plus the cell in it; and 65,536 times the
        further rows of tiles plus the further columns, -1 where a splat touches nothing.
    table
        `grid.as_table`.
    workers, pool
        Who does it, and where; the result does not depend on them.
    """
    chunks, cells = placed.counts.shape
    start = pool.array((cells + 1,), np.int64)
    cursor = pool.array((chunks, cells), np.int64)
    _sum_up(placed.counts, start, cursor)
    rows = pool.array((int(start[-1]),), np.int32)
    tile0, columns = np.ascontiguousarray(table[:, 6]), np.ascontiguousarray(table[:, 7])
    edges = placed.edges

    def work(k: int, _: None) -> None:
        first, last = edges[k], edges[k + 1]
        _scatter(
            placed.spans, placed.whole, placed.pitch, first, last, tile0, columns, cursor[k], rows
        )

    workers.each(chunks, work, lambda: None)
    return Bins(start, rows)


@njit(nogil=True, cache=True)
def _sum_up(counts, start, cursor):
    """Exclusive sums over cells first and chunks second: where each chunk writes in each cell."""
    total = 0
    for cell in range(counts.shape[1]):
        start[cell] = total
        for chunk in range(counts.shape[0]):
            cursor[chunk, cell] = total
            total += counts[chunk, cell]
    start[counts.shape[1]] = total


@njit(nogil=True, forceinline=True)
def cell_in(row, col, tile_row, tile_col):
    """Return the cell of a tile that a sample is in, or nearest to; all relative to one origin."""
    y = min(max(row - tile_row * TILE, 0), TILE - 1)
    x = min(max(col - tile_col * TILE, 0), TILE - 1)
    return (y // CELL_ROWS) * (TILE // CELL_COLS) + x // CELL_COLS


@njit(nogil=True, forceinline=True)
def _where(key, tile0, columns):
    """Return tile, row and column of tiles of a key; unsigned, for that divides faster."""
    tile = np.uint32(key) // np.uint32(CELLS)
    inside = np.uint32(tile - np.uint32(tile0))
    row = inside // np.uint32(columns)
    return np.int64(tile), np.int64(row), np.int64(inside - row * np.uint32(columns))


@njit(nogil=True, forceinline=True)
def count_splat(key, span, row, col, tile0, columns, counts):
    """Count a splat in each of its tiles; the arguments are as in `Placed`, counts a pointer."""
    tile, top, left = _where(key, tile0, columns)
    for i in range((span >> 16) + 1):
        for j in range((span & 0xFFFF) + 1):
            cell = cell_in(np.int64(row), np.int64(col), top + i, left + j)
            counts[(tile + i * columns + j) * CELLS + cell] += np.int32(1)


@njit(nogil=True, cache=True)
def _scatter(spans, whole, pitch, first, last, tile0, columns, cursor, rows):
    """Write the rows first to last where their cells' cursors are."""
    spans, whole, cursor, rows = pointer(spans), pointer(whole), pointer(cursor), pointer(rows)
    for n in range(first, last):
        key, span = spans[2 * n], spans[2 * n + 1]
        if span == 0:
            at = cursor[key]
            cursor[key] = at + 1
            rows[at] = np.int32(n)
        elif span > 0:
            level = tile0.shape[0] - 1
            while key < tile0[level] * CELLS:
                level -= 1
            across = columns[level]
            tile, top, left = _where(key, tile0[level], across)
            row, col = np.int64(whole[n * pitch]), np.int64(whole[n * pitch + 1])
            for i in range((span >> 16) + 1):
                for j in range((span & 0xFFFF) + 1):
                    cell = (tile + i * across + j) * CELLS + cell_in(row, col, top + i, left + j)
                    at = cursor[cell]
                    cursor[cell] = at + 1
                    rows[at] = np.int32(n)
