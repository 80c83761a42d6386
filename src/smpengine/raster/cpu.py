"""Splats to planes on the CPU: place, bin, draw the coarse levels, then tile by tile the finest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.raster import grid
from smpengine.raster.binning import Bins, bin_rows
from smpengine.raster.draw import draw_discs, draw_gaussians
from smpengine.raster.grid import TILE, Level
from smpengine.raster.place import Placed, level_count, place_discs, place_gaussians
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.raster.upsample import upsample_tile
from smpengine.workers import Workers

Planes = NDArray[np.float32]


@dataclass
class Scratch:
    """What one thread draws into: planes of a tile, and lines for the separable passes."""

    planes: Planes
    column: Planes
    line: Planes

    @classmethod
    def make(cls, channels: int) -> Scratch:
        """Return scratch for tiles of so many planes."""
        return cls(
            _aligned((channels, TILE, TILE)),
            np.empty(TILE + 8, np.float32),
            np.empty(2 * TILE + 16, np.float32),
        )


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
    """

    def __init__(self, gaussians: Gaussians, window: PixelWindow, workers: Workers) -> None:
        self.levels = grid.levels_for(window, level_count(gaussians.sigma_px))
        self._peak = gaussians.peak
        self._placed = place_gaussians(gaussians, grid.as_table(self.levels), workers)
        last = self.levels[-1]
        self._bins = bin_rows(self._placed.reach, last.tile0 + last.tiles, workers)
        self._above: Planes | None = None
        for number in range(len(self.levels) - 1, 0, -1):
            self._above = self._draw_level(number, workers)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's planes by a tile of the finest level."""
        self._draw(0, tile, scratch)

    def _draw_level(self, number: int, workers: Workers) -> Planes:
        level = self.levels[number]
        channels = self._peak.shape[1]
        field = np.empty((channels, level.height, level.width), np.float32)

        def work(tile: int, scratch: Scratch) -> None:
            self._draw(number, tile, scratch)
            part = level.tile(tile)
            rows = slice(part.row0, part.row0 + part.height)
            cols = slice(part.col0, part.col0 + part.width)
            field[:, rows, cols] = scratch.planes[:, : part.height, : part.width]

        workers.each(level.tiles, work, lambda: Scratch.make(channels))
        return field

    def _draw(self, number: int, tile: int, scratch: Scratch) -> None:
        level = self.levels[number]
        part = level.tile(tile)
        if self._above is None:
            scratch.planes[: self._peak.shape[1]] = 0.0
        else:
            above: Level = self.levels[number + 1]
            upsample_tile(
                self._above,
                above.row0,
                above.col0,
                level.row0 + part.row0,
                level.col0 + part.col0,
                part.height,
                part.width,
                scratch.planes,
                scratch.column,
                scratch.line,
            )
        start = self._bins.start
        draw_gaussians(
            self._bins.rows,
            start[level.tile0 + tile],
            start[level.tile0 + tile + 1],
            self._placed.sample,
            self._placed.shape,
            self._peak,
            part.row0,
            part.col0,
            part.height,
            part.width,
            scratch.planes.reshape(-1),
            scratch.line,
        )


class DiscField:
    """The absorbance of soft discs over a window, drawn tile by tile; as `GaussianField`."""

    def __init__(self, discs: Discs, window: PixelWindow, workers: Workers) -> None:
        self._cap = discs.cap
        self._level = grid.levels_for(window, 1)[0]
        self._placed: Placed = place_discs(discs, grid.as_table((self._level,)), workers)
        self._bins: Bins = bin_rows(self._placed.reach, self._level.tiles, workers)

    def draw_tile(self, tile: int, scratch: Scratch) -> None:
        """Overwrite the scratch's planes by a tile."""
        part = self._level.tile(tile)
        scratch.planes[: self._cap.shape[1]] = 0.0
        draw_discs(
            self._bins.rows,
            self._bins.start[tile],
            self._bins.start[tile + 1],
            self._placed.sample,
            self._placed.shape,
            self._cap,
            part.row0,
            part.col0,
            part.height,
            part.width,
            scratch.planes.reshape(-1),
        )


def rasterise(
    gaussians: Gaussians, window: PixelWindow, out: NDArray[np.float32], workers: Workers
) -> None:
    """Draw Gaussians into ``out``, float32 (height, width, channels), overwriting it."""
    field = GaussianField(gaussians, window, workers)
    channels = gaussians.peak.shape[1]

    def work(tile: int, scratch: Scratch) -> None:
        field.draw_tile(tile, scratch)
        part = field.levels[0].tile(tile)
        _interleave(scratch.planes, part.row0, part.col0, part.height, part.width, out)

    workers.each(field.levels[0].tiles, work, lambda: Scratch.make(channels), counts=True)


@njit(nogil=True, cache=True)
def _interleave(planes, row0, col0, height, width, out):
    channels = out.shape[2]
    if channels == 3:
        for j in range(height):
            for i in range(width):
                out[row0 + j, col0 + i, 0] = planes[0, j, i]
                out[row0 + j, col0 + i, 1] = planes[1, j, i]
                out[row0 + j, col0 + i, 2] = planes[2, j, i]
        return
    for j in range(height):
        for c in range(channels):
            for i in range(width):
                out[row0 + j, col0 + i, c] = planes[c, j, i]


def _aligned(shape: tuple[int, ...]) -> Planes:
    """Return an uninitialised float32 array on a cache line, so that no vector straddles two."""
    count = int(np.prod(shape))
    room = np.empty(count + 16, np.float32)
    skip = (-room.ctypes.data % 64) // 4
    return room[skip : skip + count].reshape(shape)
