"""From the three bands to linear sRGB."""

from __future__ import annotations

from typing import Final

EXPOSURE: Final = 1.101
"""Factor on linear light that gives bare skin its lightness."""

BAND_TO_LINEAR_SRGB: Final = (
    (1.1134, -0.0381, -0.0753),
    (-0.0274, 0.9074, 0.1201),
    (-0.0889, 0.1493, 0.9396),
)
"""Linear sRGB (rows) from reflectance at 610, 545 and 460 nm; rows sum to 1: neutral stays neutral.

Made, with the exposure, by benchmarks/optics/fit_colour.py from Monte Carlo spectra of model skins,
bare and under pigment, and the two skin patches of the ColorChecker.
"""
