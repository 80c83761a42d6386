"""From the three bands to linear sRGB."""

from __future__ import annotations

from typing import Final

COLOURS: Final = ("srgb8", "srgb16")
"""Kinds of pictures that are colours, and not bands."""
EXPOSURE: Final = 1.103
"""Factor on linear light that gives bare skin its lightness."""

BAND_TO_LINEAR_SRGB: Final = (
    (1.1100, -0.0369, -0.0731),
    (-0.0281, 0.9080, 0.1201),
    (-0.0890, 0.1501, 0.9389),
)
"""Linear sRGB (rows) from reflectance at 610, 545 and 460 nm; rows sum to 1: neutral stays neutral.

Made, with the exposure, by benchmarks/optics/fit_colour.py from Monte Carlo spectra of model skins,
bare and under pigment, and the two skin patches of the ColorChecker.
"""
