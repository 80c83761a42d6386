"""From the three bands to linear sRGB."""

from __future__ import annotations

from typing import Final

EXPOSURE: Final = 1.3
"""Factor on linear light that gives bare skin its lightness."""

BAND_TO_LINEAR_SRGB: Final = (
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
)
