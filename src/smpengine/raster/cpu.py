"""Splats to planes on the CPU: place, bin, draw the coarse levels, then tile by tile the finest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.lanes import LANES
from smpengine.raster import grid
from smpengine.raster.binning import Bins, bin_rows
from smpengine.raster.draw import draw_discs, draw_gaussians, interleave, new_planes, new_vertical
from smpengine.raster.grid import PITCH, PLANE, TILE
from smpengine.raster.place import Placed, kurtosis, level_count, place_discs, place_gaussians
from smpengine.raster.pool import Pool, borrow_pool
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.raster.upsample import LINE, upsample_tile
from smpengine.workers import Workers

Planes = NDArray[np.float32]
_RUN = 4  # tiles that one call draws


@dataclass
class Scratch:
    """What one thread draws into: a tile's planes, flat, and lines for the separable passes."""

    planes: Planes
    vertical: Planes
    line: Planes

    @classmethod
    def make(cls, channels: int) -> Scratch:
        """Return scratch for tiles of so many planes."""
        return cls(new_planes(channels), new_vertical(), np.zeros(3 * LINE, np.float32))

    @property
    def tile(self) -> Planes:
        """The planes by channels, rows and columns."""
        used = self.planes[: self.planes.size // PLANE * PLANE]
        whole: Planes = used.reshape(-1, TILE, PITCH)[:, :, :TILE]
        return whole


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
    """

    def __init__(
        self, gaussians: Gaussians, window: PixelWindow, workers: Workers, pool: Pool
    ) -> None:
        self.levels = grid.levels_for(window, level_count(gaussians.sigma_px))
        self.channels = gaussians.peak.shape[1]
        table = grid.as_table(self.levels)
        self._placed = place_gaussians(gaussians, table, workers, pool)
        last = self.levels[-1]
        self._bins = bin_rows(self._placed.spans, table, last.tile0 + last.tiles, workers, pool)
        nothing = np.zeros(LANES, np.float32)
        self._above: tuple[Any, ...] = (nothing, (0, 0, 0), 0, 0)
        for number in range(len(self.levels) - 1, 0, -1):
            self._above = self._draw_level(number, workers, pool)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's planes by a tile of the finest level."""
        _draw_tile(tile, *self.arguments(0), scratch.planes, scratch.vertical, scratch.line)

    def arguments(self, number: int) -> tuple[Any, ...]:
        """Return what the kernels below take of one level."""
        level, placed = self.levels[number], self._placed
        geometry = (level.row0, level.col0, level.height, level.width, level.tile0)
        splats = (placed.records, placed.whole, placed.pitch, self.channels, kurtosis(number))
        return geometry, (self._bins.start, self._bins.rows), splats, self._above

    def _draw_level(self, number: int, workers: Workers, pool: Pool) -> tuple[Any, ...]:
        level = self.levels[number]
        shape = (self.channels, level.height, level.width)
        # Vectors that begin in the last rows may end beyond the last sample.
        field = pool.array((self.channels * level.height * level.width + 4 * LANES,), np.float32)
        field[-4 * LANES :] = 0.0
        arguments = self.arguments(number)

        def work(run: int, scratch: Scratch) -> None:
            first, last = run * _RUN, min((run + 1) * _RUN, level.tiles)
            _fill_level(
                first, last, *arguments, field, scratch.planes, scratch.vertical, scratch.line
            )

        workers.each(-(-level.tiles // _RUN), work, lambda: Scratch.make(self.channels))
        return field, shape, level.row0, level.col0


class DiscField:
    """What soft discs let through over a window, drawn tile by tile; as `GaussianField`."""

    def __init__(self, discs: Discs, window: PixelWindow, workers: Workers, pool: Pool) -> None:
        self._bands = discs.cap.shape[1]
        self._level = grid.levels_for(window, 1)[0]
        table = grid.as_table((self._level,))
        self._placed: Placed = place_discs(discs, table, workers, pool)
        tiles = self._level.tiles
        self._bins: Bins = bin_rows(self._placed.spans, table, tiles, workers, pool)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's planes by a tile."""
        part, placed, start = self._level.tile(tile), self._placed, self._bins.start
        scratch.planes[...] = 1.0
        draw_discs(
            self._bins.rows, start[tile], start[tile + 1],
            placed.records, placed.whole, placed.pitch, self._bands,
            part.row0, part.col0, part.height, part.width, scratch.planes,
        )  # fmt: skip


def rasterise(
    gaussians: Gaussians, window: PixelWindow, out: NDArray[np.float32], workers: Workers
) -> None:
    """Draw Gaussians into ``out``, float32 (height, width, channels), overwriting it."""
    with borrow_pool() as pool:
        field = GaussianField(gaussians, window, workers, pool)
        arguments, tiles = field.arguments(0), field.levels[0].tiles
        flat = out.reshape(-1)

        def work(run: int, scratch: Scratch) -> None:
            first, last = run * _RUN, min((run + 1) * _RUN, tiles)
            _fill_image(
                first, last, *arguments, out, flat, scratch.planes, scratch.vertical, scratch.line
            )

        make = lambda: Scratch.make(field.channels)  # noqa: E731 - it is used once, here
        workers.each(-(-tiles // _RUN), work, make, counts=True)


@njit(nogil=True, cache=True)
def _part(tile, geometry):
    """Return (row0, col0, height, width) of a level's tile, relative to its first sample."""
    _, _, height, width, _ = geometry
    columns = -(-width // TILE)
    row0, col0 = tile // columns * TILE, tile % columns * TILE
    return row0, col0, min(TILE, height - row0), min(TILE, width - col0)


@njit(nogil=True, cache=True)
def _draw_tile(tile, geometry, bins, splats, above, planes, vertical, line):
    """Draw one tile of one level: the coarser levels, then the level's own splats."""
    start, rows = bins
    records, whole, pitch, channels, term = splats
    coarse, shape, coarse_row0, coarse_col0 = above
    row0, col0, height, width = _part(tile, geometry)
    if shape[0] == 0:
        planes[:] = 0.0
    else:
        upsample_tile(
            coarse, shape, coarse_row0, coarse_col0, geometry[0] + row0, geometry[1] + col0,
            height, width, planes, line,
        )  # fmt: skip
    first, last = start[geometry[4] + tile], start[geometry[4] + tile + 1]
    draw_gaussians(
        rows, first, last, records, whole, pitch, channels, term,
        row0, col0, height, width, planes, vertical,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _fill_level(first, last, geometry, bins, splats, above, field, planes, vertical, line):
    """Draw tiles of a coarse level into its field, channel after channel."""
    for tile in range(first, last):
        _draw_tile(tile, geometry, bins, splats, above, planes, vertical, line)
        row0, col0, height, width = _part(tile, geometry)
        for c in range(splats[3]):
            for j in range(height):
                at = (c * geometry[2] + row0 + j) * geometry[3] + col0
                for i in range(width):
                    field[at + i] = planes[c * PLANE + j * PITCH + i]


@njit(nogil=True, cache=True)
def _fill_image(first, last, geometry, bins, splats, above, out, flat, planes, vertical, line):
    """Draw tiles of the finest level into an image, its channels side by side."""
    for tile in range(first, last):
        _draw_tile(tile, geometry, bins, splats, above, planes, vertical, line)
        row0, col0, height, width = _part(tile, geometry)
        interleave(planes, row0, col0, height, width, out, flat)
