"""Splats to planes on the CPU: place, bin, draw the coarse levels, then tile by tile the finest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.raster import grid
from smpengine.raster.binning import Bins, bin_rows
from smpengine.raster.draw import draw_discs, draw_gaussians, new_tables, new_tile
from smpengine.raster.grid import (
    CELL_COLS,
    CELL_ROWS,
    CELLS,
    GROUP,
    GROUP_PITCH,
    GROUP_SIZE,
    TILE,
    Level,
    Part,
)
from smpengine.raster.place import place_discs, place_gaussians, sharpening
from smpengine.raster.pool import Pool, borrow_pool
from smpengine.raster.settle import MOST_REACH, level_count
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.raster.store import clear, into_image, into_level, stream_skew
from smpengine.raster.upsample import LINES, MARGIN, upsample_tile
from smpengine.workers import Workers

Floats = NDArray[np.float32]
_JOBS_A_THREAD: Final = 16  # enough to share out evenly, few enough to cost nothing
_TILE_COST: Final = 150  # splats that take as long as a tile without any
_MOST_STRIPS: Final = 8
_MAX_TILES: Final = 2**31 // CELLS
Mark = Callable[[str], None]


def _unmarked(_stage: str) -> None:
    """Take no notice of a stage."""


@dataclass
class Scratch:
    """What one thread draws into: a tile, and tables and lines for the separable passes."""

    tile: Floats
    tables: Floats
    lines: Floats

    @classmethod
    def make(cls, channels: int) -> Scratch:
        """Return scratch for tiles of so many channels."""
        return cls(new_tile(channels), new_tables(), np.zeros(LINES, np.float32))

    @classmethod
    def borrow(cls, pool: Pool, channels: int) -> Scratch:
        """Return scratch that is free, for as long as the pool is borrowed."""
        return pool.lend(("scratch", channels), lambda: cls.make(channels))

    def flat(self, number: int) -> Floats:
        """Return one group of channels, flat."""
        return self.tile[number * GROUP_SIZE : (number + 1) * GROUP_SIZE]

    def group(self, number: int) -> Floats:
        """Return one group of channels, (rows, columns, 3), columns with room behind them."""
        return self.flat(number).reshape(TILE, GROUP_PITCH // GROUP, GROUP)


class GaussianField:
    """The sum of Gaussians over a window, drawn tile by tile.

    Everything that tiles share is done at once: levels, bins, and all levels but the finest.

    Parameters
    ----------
    gaussians
        What is drawn.
    window
        Where, in absolute pixels.
    workers
        Who draws; the result does not depend on them.
    pool
        Where what tiles share is kept: the field may be used as long as the pool is borrowed.
    mark
        Called with the name of each stage when it is done.

    Raises
    ------
    place.NotDrawableError
        A value is not finite, or a sigma not over 0.
    InputError
        The window has too many tiles.
    """

    def __init__(
        self,
        gaussians: Gaussians,
        window: PixelWindow,
        workers: Workers,
        pool: Pool,
        mark: Mark = _unmarked,
    ) -> None:
        self.levels = grid.levels_for(window, level_count(gaussians.sigma_px))
        self.channels = gaussians.peak.shape[1]
        table, tiles = grid.as_table(self.levels), _tiles(self.levels)
        self._placed = place_gaussians(gaussians, table, tiles, workers, pool)
        mark("placing")
        self._bins = bin_rows(self._placed, table, workers, pool)
        mark("binning")
        self._above: tuple[Any, ...] = (np.zeros(1, np.float32), 0, (0, 0), 0, 0)
        for number in range(len(self.levels) - 1, 0, -1):
            self._above = self._draw_level(number, workers, pool)
        mark("coarse levels")
        self._finest = self.arguments(0)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's tile by one of the finest level; only the used part is right."""
        _draw_tile(tile, 0, TILE, *self._finest, scratch.tile, scratch.tables, scratch.lines)

    def arguments(self, number: int) -> tuple[Any, ...]:
        """Return what the kernels below take of one level."""
        placed, splats = self._placed, (self.channels, *sharpening(number))
        records = (placed.records, placed.whole, placed.pitch)
        bins = (self._bins.start, self._bins.rows)
        return _geometry(self.levels[number]), bins, records, splats, self._above

    def jobs(self, number: int, workers: Workers) -> NDArray[np.int64]:
        """Return how a level's tiles are shared out; see `share_out`."""
        level = self.levels[number]
        first = level.tile0 * CELLS
        load = self._bins.start[first : first + level.tiles * CELLS + 1 : CELLS]
        return share_out(load, workers.threads)

    def _draw_level(self, number: int, workers: Workers, pool: Pool) -> tuple[Any, ...]:
        level = self.levels[number]
        size = self.channels * level.height * level.width
        field = pool.array((size + 2 * MARGIN,), np.float32)
        field[:MARGIN] = field[size + MARGIN :] = 0.0
        arguments, jobs = self.arguments(number), self.jobs(number, workers)

        def work(job: int, scratch: Scratch) -> None:
            _fill_level(
                *jobs[job], *arguments, field, scratch.tile, scratch.tables, scratch.lines
            )  # fmt: skip

        workers.each(len(jobs), work, lambda: Scratch.borrow(pool, self.channels))
        pool.regain()
        return field, MARGIN, (level.height, level.width), level.row0, level.col0


class DiscField:
    """What soft discs of three bands let through over a window, drawn tile by tile."""

    def __init__(self, discs: Discs, window: PixelWindow, workers: Workers, pool: Pool) -> None:
        assert discs.cap.shape[1] == GROUP
        self._level = grid.levels_for(window, 1)[0]
        table, tiles = grid.as_table((self._level,)), _tiles((self._level,))
        placed = place_discs(discs, table, tiles, workers, pool)
        self._bins: Bins = bin_rows(placed, table, workers, pool)
        self._records = (placed.records, placed.whole, placed.pitch)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's tile; only the used part is right."""
        part, start = self._level.part(tile), self._bins.start
        row, col = divmod(tile, self._level.tile_cols)
        scratch.tile[...] = 1.0
        draw_discs(
            self._bins.rows, start[tile * CELLS], start[(tile + 1) * CELLS], *self._records,
            row * TILE, col * TILE, part.top, part.top + part.height, scratch.tile,
        )  # fmt: skip


def rasterise(
    gaussians: Gaussians,
    window: PixelWindow,
    out: Floats,
    workers: Workers,
    mapped: bool,
    mark: Mark = _unmarked,
) -> None:
    """Draw Gaussians into ``out``, float32 (height, width, channels), overwriting it.

    Parameters
    ----------
    gaussians, window, out, workers
        As in `GaussianField`, whose errors are raised before `out` is touched.
    mapped
        Whether the pages of `out` are in use already; it changes speed alone.
    mark
        Called with the name of each stage when it is done.
    """
    with borrow_pool() as pool:
        field = GaussianField(gaussians, window, workers, pool, mark)
        arguments, jobs = field.arguments(0), field.jobs(0, workers)
        workers.total = len(jobs)
        flat = out.reshape(-1)
        skew = stream_skew(out) if mapped else -1

        def work(job: int, scratch: Scratch) -> None:
            _fill_image(
                *jobs[job], *arguments, flat, out.shape, skew,
                scratch.tile, scratch.tables, scratch.lines,
            )  # fmt: skip

        workers.each(len(jobs), work, lambda: Scratch.borrow(pool, field.channels), counts=True)
        mark("finest level")


def share_out(load: NDArray[np.int64], threads: int) -> NDArray[np.int64]:
    """Divide tiles into jobs that take about equally long.

    A run of tiles, or, where one tile holds so many splats that others would wait for it, some of
    its rows: each sample is still drawn by one job, in the same order.

    Parameters
    ----------
    load
        Int64 (tiles + 1,): splats before each tile.
    threads
        Number of threads.

    Returns
    -------
    ndarray
        Int64 (jobs, 4): first tile, behind the last; first row in them, behind the last.
    """
    tiles = len(load) - 1
    cost = load - load[0] + _TILE_COST * np.arange(tiles + 1)
    aim = max(float(cost[-1]) / (_JOBS_A_THREAD * threads), 1.0)
    # Rows near a cut are looked at by two jobs, so tiles are cut only where threads would wait.
    share = float(cost[-1]) / (2.0 * threads)
    jobs = []
    first = 0
    while first < tiles:
        last = int(np.searchsorted(cost, cost[first] + aim, side="right")) - 1
        last = min(max(last, first + 1), tiles)
        heavy = (cost[first + 1] - cost[first]) / share
        if heavy > 1.25 and threads > 1:
            strips = min(_MOST_STRIPS, 2 ** math.ceil(math.log2(heavy)))
            rows = TILE // strips
            jobs += [(first, last, k * rows, (k + 1) * rows) for k in range(strips)]
        else:
            jobs.append((first, last, 0, TILE))
        first = last
    return np.array(jobs, np.int64)


def _tiles(levels: tuple[Level, ...]) -> int:
    tiles = levels[-1].tile0 + levels[-1].tiles
    if tiles >= _MAX_TILES:
        rule = f"have fewer than {_MAX_TILES:,} tiles of {TILE} x {TILE} pixels"
        raise InputError(must("shape", rule, f"{tiles:,}", remedy="Draw it in windows."))
    return tiles


def _geometry(level: Level) -> tuple[int, ...]:
    first: Part = level.part(0)
    return level.row0, level.col0, level.height, level.width, first.top, first.left, level.tile0


@njit(nogil=True, cache=True)
def _part(tile, low, high, geometry):
    """Return a tile's place among its level's tiles, and what part of it is used: `grid.Part`.

    Of its rows `low` to before `high` alone.
    """
    _, _, rows, columns, first_top, first_left, _ = geometry
    across = -(-(first_left + columns) // TILE)
    row, col = tile // across * TILE, tile % across * TILE
    top, left = max(first_top - row, low), max(first_left - col, 0)
    row0, col0 = row + top - first_top, col + left - first_left
    height, width = min(high - top, rows - row0), min(TILE - left, columns - col0)
    return row, col, (top, left, max(height, 0), width), (row0, col0)


@njit(nogil=True, cache=True)
def _draw_tile(tile, low, high, geometry, bins, records, splats, above, room, tables, lines):
    """Draw rows of one tile of one level: the coarser levels, then the level's own splats."""
    coarse, begin, shape, coarse_row0, coarse_col0 = above
    channels, fourth, sixth = splats
    row, col, part, _ = _part(tile, low, high, geometry)
    top, _, height, _ = part
    if shape[0] == 0:
        clear(room, channels, top, height)
    else:
        row0 = (geometry[0] - geometry[4] + row) // 2 - coarse_row0
        col0 = (geometry[1] - geometry[5] + col) // 2 - coarse_col0
        upsample_tile(coarse, begin, shape, row0, col0, *part, channels, room, lines)
    start, order = bins
    # Only cells from which a splat may reach these rows.
    across = TILE // CELL_COLS
    first = max(top - MOST_REACH, 0) // CELL_ROWS * across
    last = (min(top + height + MOST_REACH, TILE) - 1) // CELL_ROWS * across + across
    cells = (geometry[6] + tile) * CELLS
    draw_gaussians(
        order, start[cells + first], start[cells + last], *records, channels, fourth, sixth,
        row, col, top, top + height, room, tables,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _fill_level(
    first, last, low, high, geometry, bins, records, splats, above, field, room, tables, lines
):  # fmt: skip
    """Draw tiles of a coarse level into its field."""
    for tile in range(first, last):
        _draw_tile(tile, low, high, geometry, bins, records, splats, above, room, tables, lines)
        _, _, part, place = _part(tile, low, high, geometry)
        into_level(room, *part, field, MARGIN, geometry[2], geometry[3], splats[0], *place)


@njit(nogil=True, cache=True)
def _fill_image(
    first, last, low, high, geometry, bins, records, splats, above, flat, shape, skew, room, tables,
    lines,
):  # fmt: skip
    """Draw tiles of the finest level into an image, its channels side by side."""
    for tile in range(first, last):
        _draw_tile(tile, low, high, geometry, bins, records, splats, above, room, tables, lines)
        _, _, part, place = _part(tile, low, high, geometry)
        into_image(room, *part, flat, shape, *place, skew)
