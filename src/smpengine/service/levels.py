"""A picture as a pyramid of tiles: each level has half the scale of the next.

Level 0 is the whole in one tile. Scales are the full one halved, so a pixel of a level is exactly
the mean of four of the next (before it is encoded).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from smpengine.raster.splats import PixelWindow

TILE_PX = 256
Window = tuple[float, float, float, float]


@dataclass(frozen=True)
class Levels:
    """The levels of a scalp.

    Attributes
    ----------
    extent_mm
        Width and height.
    px_per_mm
        Scale of the largest level.
    """

    extent_mm: tuple[float, float]
    px_per_mm: float

    @property
    def most(self) -> int:
        """Number of the largest level."""
        longer = max(self.size(0))
        return max(math.ceil(math.log2(longer / TILE_PX)), 0)

    def size(self, reduced: int) -> tuple[int, int]:
        """Return width and height in pixels, so many levels below the largest."""
        width, height = (max(math.floor(mm * self.px_per_mm + 0.5), 1) for mm in self.extent_mm)
        return -(-width >> reduced), -(-height >> reduced)

    def tile(
        self, level: int, col: int, row: int, cut: bool = False
    ) -> tuple[float, PixelWindow] | None:
        """Return scale and pixels of a tile; None where there is none.

        Tiles at the right and bottom edges are whole, bare skin beyond the scalp, or are cut.
        """
        if not 0 <= level <= self.most or min(col, row) < 0:
            return None
        reduced = self.most - level
        width, height = self.size(reduced)
        left, top = col * TILE_PX, row * TILE_PX
        if left >= width or top >= height:
            return None
        size = TILE_PX, TILE_PX
        if cut:
            size = min(TILE_PX, height - top), min(TILE_PX, width - left)
        return math.ldexp(self.px_per_mm, -reduced), PixelWindow(top, left, *size)


def window_mm(window: PixelWindow, px_per_mm: float) -> Window:
    """Return the edges of pixels; `pixel_window` gives the same pixels back."""
    right, bottom = window.col0 + window.width, window.row0 + window.height
    return tuple(edge / px_per_mm for edge in (window.col0, window.row0, right, bottom))  # type: ignore[return-value]
