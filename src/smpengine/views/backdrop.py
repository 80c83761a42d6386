"""What is behind a head: a grey wall, out of focus."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WALL: Final = 0.36
"""Its reflectance in the middle of the picture (assumed)."""
FALLS: Final = 0.45
"""How much of that is lost half a picture's diagonal away (assumed)."""


def wall(
    row0: int, col0: int, shape: tuple[int, int], size_px: tuple[float, float]
) -> NDArray[np.float32]:
    """Return the light of a block of the wall, (height, width): brighter behind the head.

    Parameters
    ----------
    row0, col0, shape
        First pixel, height and width of the block.
    size_px
        Width and height of the whole picture.
    """
    y = (row0 + np.arange(shape[0])[:, None] + 0.5) / size_px[1] - 0.45
    x = (col0 + np.arange(shape[1])[None, :] + 0.5) / size_px[0] - 0.5
    away = 2.0 * (x * x + y * y)
    light: NDArray[np.float32] = (WALL * (1.0 - FALLS * away / (0.5 + away))).astype(np.float32)
    return light
