"""Levels and tiles: which samples of which level a window needs.

Sample i of level l lies at pixel coordinate i 2^l + 0.5, and tiles begin at its multiples of TILE,
whatever the window: levels and tiles are anchored to the scalp, and a window's samples are the
whole's. At a window's edges only a part of a tile is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.splats import PixelWindow

TILE = 256
"""Side of a tile in samples; a multiple of the SIMD width."""
CELL_ROWS = 16
CELL_COLS = 64
"""Splats of a tile are drawn cell after cell, so that the rows they touch stay in the L1 cache."""
CELLS = (TILE // CELL_ROWS) * (TILE // CELL_COLS)
"""Cells of a tile."""
GROUP = 3
"""Channels that lie side by side, sample after sample; those left over lie in planes of their own.
Three values per sample fill vectors better than three planes do: a splat of 13 pixels is 39 floats,
and reaches into 3 or 4 aligned vectors instead of 5 or 6."""
_SPARE = 48
"""Floats behind a row: drawing rounds up to whole groups of vectors."""
GROUP_PITCH = GROUP * TILE + _SPARE
"""Floats from one row of a group to the next."""
PLANE_PITCH = TILE + _SPARE
"""Floats from one row of a plane to the next."""
GROUP_SIZE = TILE * GROUP_PITCH
PLANE_SIZE = TILE * PLANE_PITCH


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
    def top(self) -> int:
        """First row's place in its tile."""
        return self.row0 % TILE

    @property
    def left(self) -> int:
        """First column's place in its tile."""
        return self.col0 % TILE

    @property
    def tile_rows(self) -> int:
        """Rows of tiles."""
        return -(-(self.top + self.height) // TILE)

    @property
    def tile_cols(self) -> int:
        """Tiles in a row."""
        return -(-(self.left + self.width) // TILE)

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.tile_rows * self.tile_cols

    def part(self, number: int) -> Part:
        """Return the used part of one of the level's tiles."""
        row, col = divmod(number, self.tile_cols)
        top = self.top if row == 0 else 0
        left = self.left if col == 0 else 0
        row0, col0 = row * TILE + top - self.top, col * TILE + left - self.left
        height = min(TILE - top, self.height - row0)
        return Part(top, left, row0, col0, height, min(TILE - left, self.width - col0))


@dataclass(frozen=True)
class Part:
    """The part of a tile that a level uses.

    Attributes
    ----------
    top, left
        Its first sample in the tile.
    row0, col0
        The same relative to the level's first sample.
    height, width
        In samples.
    """

    top: int
    left: int
    row0: int
    col0: int
    height: int
    width: int


def tile_count(window: PixelWindow) -> int:
    """Return how many tiles the finest level of a window has."""
    return levels_for(window, 1)[0].tiles


def tile_floats(channels: int) -> int:
    """Return how many floats a tile of so many channels takes."""
    return channels // GROUP * GROUP_SIZE + channels % GROUP * PLANE_SIZE


def levels_for(window: PixelWindow, count: int) -> tuple[Level, ...]:
    """Return the levels 0 to count - 1 of a window, each as large as the one below it needs.

    An even sample 2i is interpolated from i - 2 .. i + 2, an odd one from i - 2 .. i + 3.
    """
    levels = [Level(window.row0, window.col0, window.height, window.width, 0)]
    for _ in range(1, count):
        below = levels[-1]
        row0, rows = _coarser(below.row0, below.height)
        col0, cols = _coarser(below.col0, below.width)
        levels.append(Level(row0, col0, rows, cols, below.tile0 + below.tiles))
    return tuple(levels)


def _coarser(start: int, count: int) -> tuple[int, int]:
    low = (start // 2 - 2) // 2 * 2
    high = (start + count - 1) // 2 + 3
    return low, high - low + 1


def as_table(levels: tuple[Level, ...]) -> NDArray[np.int64]:
    """Return the levels for the kernels.

    Rows of (row and column where the level's first tile begins, top, left, height, width, tile0,
    tile_cols).
    """
    rows = [
        (v.row0 - v.top, v.col0 - v.left, v.top, v.left, v.height, v.width, v.tile0, v.tile_cols)
        for v in levels
    ]
    return np.array(rows, np.int64)
