"""Levels and tiles: which samples of which level a window needs.

Sample i of level l lies at pixel coordinate i 2^l + 0.5, whatever the window, so every level is
anchored to the scalp and a window's samples are the whole's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.splats import PixelWindow

TILE = 128
"""Side of a tile in samples; a multiple of the SIMD width."""
PITCH = TILE + 16
"""Samples from one row of a tile to the next: a vector (`lanes.LANES`, not imported here, for Numba
would come with it) may end beyond the tile's last column."""
PLANE = TILE * PITCH
"""Samples from one plane of a tile to the next."""


@dataclass(frozen=True)
class Level:
    """The samples of one level that a window needs.

    Attributes
    ----------
    row0, col0
        Absolute index of the first sample; even on levels above 0.
    height, width
        In samples.
    tile0
        Number of the level's first tile among all levels' tiles.
    """

    row0: int
    col0: int
    height: int
    width: int
    tile0: int

    @property
    def tile_rows(self) -> int:
        """Rows of tiles."""
        return -(-self.height // TILE)

    @property
    def tile_cols(self) -> int:
        """Tiles in a row."""
        return -(-self.width // TILE)

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.tile_rows * self.tile_cols

    def tile(self, number: int) -> PixelWindow:
        """Return one of the level's tiles, relative to the level's first sample."""
        row, col = divmod(number, self.tile_cols)
        row0, col0 = row * TILE, col * TILE
        height = min(TILE, self.height - row0)
        return PixelWindow(row0, col0, height, min(TILE, self.width - col0))


def tile_count(window: PixelWindow) -> int:
    """Return how many tiles the finest level of a window has."""
    return -(-window.height // TILE) * -(-window.width // TILE)


def levels_for(window: PixelWindow, count: int) -> tuple[Level, ...]:
    """Return the levels 0 to count - 1 of a window, each as large as the one below it needs.

    An even sample 2i is interpolated from i - 1 .. i + 1, an odd one from i - 1 .. i + 2.
    """
    levels = [Level(window.row0, window.col0, window.height, window.width, 0)]
    for _ in range(1, count):
        below = levels[-1]
        row0, rows = _coarser(below.row0, below.height)
        col0, cols = _coarser(below.col0, below.width)
        levels.append(Level(row0, col0, rows, cols, below.tile0 + below.tiles))
    return tuple(levels)


def _coarser(start: int, count: int) -> tuple[int, int]:
    low = (start // 2 - 1) // 2 * 2
    high = (start + count - 1) // 2 + 2
    return low, high - low + 1


def as_table(levels: tuple[Level, ...]) -> NDArray[np.int64]:
    """Return the levels as rows (row0, col0, height, width, tile0, tile_cols) for the kernels."""
    rows = [(v.row0, v.col0, v.height, v.width, v.tile0, v.tile_cols) for v in levels]
    return np.array(rows, np.int64)
