"""Splats on an OpenCL device into tiles: where each tile's begin, and their rows in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.grid import Level, levels_for
from smpengine.raster.opencl_engine import Engine
from smpengine.raster.opencl_memory import TooLargeError
from smpengine.raster.opencl_source import (
    DIGIT_BITS,
    GROUP,
    PAIRS_A_BLOCK,
    TILE,
    TILE_BITS,
)
from smpengine.raster.opencl_work import Work
from smpengine.raster.place import NotDrawableError
from smpengine.raster.settle import threshold
from smpengine.raster.splats import PixelWindow

MOST_SIDE: Final = TILE << 14
"""Of a window in samples: spans hold 15 bits of tiles, and their sign."""
_DIGITS: Final = 1 << DIGIT_BITS
u32 = np.uint32


@dataclass(frozen=True)
class TileGrid:
    """A level and its tiles of 32 x 32 samples, the first number of them `tile0`."""

    level: Level
    tile0: int

    @property
    def first(self) -> tuple[int, int]:
        """Row and column of tiles where the level's begin, absolute."""
        return self.level.row0 >> TILE_BITS, self.level.col0 >> TILE_BITS

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        last_row = self.level.row0 + self.level.height - 1
        last_col = self.level.col0 + self.level.width - 1
        row, col = self.first
        return (last_row >> TILE_BITS) - row + 1, (last_col >> TILE_BITS) - col + 1

    @property
    def used(self) -> NDArray[np.int32]:
        """First row and column, rows and columns, as the kernels take it."""
        level = self.level
        return np.array([level.row0, level.col0, level.height, level.width], np.int32)

    @property
    def place(self) -> NDArray[np.int32]:
        """First row and column of its tiles, tiles in a row, number of the first."""
        row, col = self.first
        return np.array([row * TILE, col * TILE, self.tiles[1], self.tile0], np.int32)

    @property
    def entry(self) -> tuple[int, ...]:
        """Its ints in the table of levels (place.cl)."""
        level = self.level
        last_row, last_col = level.row0 + level.height - 1, level.col0 + level.width - 1
        return (level.row0, last_row, level.col0, last_col, *self.first, self.tile0, self.tiles[1])


@dataclass(frozen=True)
class Grids:
    """The levels of a window, and one more for discs, on the device too."""

    levels: tuple[TileGrid, ...]
    discs: TileGrid
    table: Any
    thresholds: Any

    @property
    def count(self) -> int:
        """Levels of Gaussians."""
        return len(self.levels)

    @property
    def tiles(self) -> int:
        """Tiles of all of them."""
        rows, cols = self.discs.tiles
        return self.discs.tile0 + rows * cols


def grids_for(engine: Engine, window: PixelWindow, count: int) -> Grids:
    """Return the levels 0 to count - 1 of a window, uploaded.

    Raises
    ------
    TooLargeError
        More tiles than the kernels number, or too many in a column or a row for a splat's span.
    """
    if max(window.height, window.width) > MOST_SIDE:
        raise TooLargeError
    grids: list[TileGrid] = []
    tile0 = 0
    levels = levels_for(window, count)
    for level in (*levels, levels[0]):
        grids.append(TileGrid(level, tile0))
        rows, cols = grids[-1].tiles
        tile0 += rows * cols
    if tile0 >= 2**28:
        raise TooLargeError
    table = np.array([grid.entry for grid in grids], np.int32)
    return Grids(
        tuple(grids[:-1]),
        grids[-1],
        engine.upload(table, "levels"),
        engine.upload(_least_sigmas(count), "thresholds"),
    )


def _least_sigmas(count: int) -> NDArray[np.float32]:
    """Return the least float32 sigma of each level: decisions are the CPU's, which squares it."""
    least = np.zeros(count, np.float32)
    for level in range(1, count):
        sigma = np.float32(np.sqrt(threshold(level)))
        while float(sigma) ** 2 >= threshold(level):
            sigma = np.nextafter(sigma, np.float32(0.0))
        while float(sigma) ** 2 < threshold(level):
            sigma = np.nextafter(sigma, np.float32(np.inf))
        least[level] = sigma
    return least


@dataclass(frozen=True)
class Splatted:
    """Records that a kernel wrote, the tiles that each reaches and how many; on the device.

    `status` holds two uint32: a sum over the counts, once they are added up; and what the kernel
    says of its input.
    """

    n: int
    pitch: int
    records: Any
    spans: Any
    counts: Any
    status: Any


def room_for_splats(engine: Engine, n: int, pitch: int) -> Splatted:
    """Return room for n records of `pitch` floats; the status is zero."""
    status = engine.scratch("status", 8)
    engine.fill_zero(status, 8)
    return Splatted(
        n,
        pitch,
        engine.scratch("records", 4 * n * pitch),
        engine.scratch("spans", 8 * n),
        engine.scratch("counts", 4 * n),
        status,
    )


def add_up(engine: Engine, values: Any, n: int, total: Any) -> None:
    """Turn values into the sums of those before them; their sum goes to the start of `total`."""
    sizes = [n]
    while sizes[-1] > PAIRS_A_BLOCK:
        sizes.append(-(-sizes[-1] // PAIRS_A_BLOCK))
    buffers = [values, *(engine.scratch(f"sums{k}", 4 * size) for k, size in enumerate(sizes[1:]))]
    blocks, add = engine.kernel("scan", "scan_blocks"), engine.kernel("scan", "scan_add")
    for k, size in enumerate(sizes):
        above = buffers[k + 1] if k + 1 < len(sizes) else total
        groups = max(-(-size // PAIRS_A_BLOCK), 1)
        engine.run("binning", blocks, (groups * GROUP,), (GROUP,), buffers[k], u32(size), above)
    engine.note("binning", Work(12.0 * sizes[0] + 20.0 * sum(sizes[1:])))
    for k in range(len(sizes) - 2, -1, -1):
        engine.run_each("binning", add, sizes[k], buffers[k], u32(sizes[k]), buffers[k + 1])


@dataclass(frozen=True)
class DeviceBins:
    """starts[t] to starts[t + 1] of `order` are the rows of tile t, ascending."""

    starts: Any
    order: Any


def bin_splats(engine: Engine, splats: Splatted, grids: Grids) -> DeviceBins:
    """Sort the pairs of (tile, row), stably, so that a tile's rows keep their order.

    Raises
    ------
    TooLargeError
        There are more pairs than the device can hold.
    place.NotDrawableError
        The kernel that wrote the records saw what cannot be drawn.
    """
    add_up(engine, splats.counts, splats.n, splats.status)
    total, unsound = (int(v) for v in engine.fetch(splats.status, np.empty(2, np.uint32)))
    if unsound:
        raise NotDrawableError
    if total >= 2**31:
        raise TooLargeError
    keys, rows = engine.scratch("keys", 4 * total), engine.scratch("rows", 4 * total)
    engine.run_each(
        "binning", engine.kernel("bins", "expand_pairs"), splats.n, u32(splats.n),
        splats.spans, grids.table, np.int32(grids.count + 1), splats.counts, u32(total), keys, rows,
    )  # fmt: skip
    engine.note("binning", Work(12.0 * splats.n + 8.0 * total + 8.0 * grids.tiles))
    keys, rows = _sort(engine, keys, rows, total, grids.tiles)
    starts = engine.scratch("starts", 4 * (grids.tiles + 1))
    find = engine.kernel("bins", "find_starts")
    engine.run_each("binning", find, grids.tiles + 1, keys, u32(total), u32(grids.tiles), starts)
    return DeviceBins(starts, rows)


def _sort(engine: Engine, keys: Any, rows: Any, total: int, tiles: int) -> tuple[Any, Any]:
    """Return the pairs in the order of their keys, which are under `tiles`."""
    blocks = max(-(-total // PAIRS_A_BLOCK), 1)
    size = (blocks * GROUP,), (GROUP,)
    other = engine.scratch("keys2", 4 * total), engine.scratch("rows2", 4 * total)
    counts, unused = engine.scratch("digits", 4 * _DIGITS * blocks), engine.scratch("unused", 4)
    count, scatter = engine.kernel("sort", "count_digits"), engine.kernel("sort", "scatter_digits")
    for shift in range(0, (tiles - 1).bit_length(), DIGIT_BITS):
        known = u32(total), u32(shift)
        engine.run("binning", count, *size, keys, *known, counts, u32(blocks))
        add_up(engine, counts, _DIGITS * blocks, unused)
        engine.note("binning", Work(24.0 * total))
        engine.run("binning", scatter, *size, keys, rows, *known, counts, u32(blocks), *other)
        (keys, rows), other = other, (keys, rows)
    return keys, rows
