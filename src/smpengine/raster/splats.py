"""What is drawn: Gaussians and soft discs, in columns, in absolute pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_CAP: Final = 0.9995
"""The most light that one disc may take away; keeps its absorbance finite."""
MAX_SIGMA_PX: Final = 1e12
"""Beyond any picture; keeps levels and coordinates within what integers hold."""


@dataclass(frozen=True)
class Gaussians:
    """Isotropic Gaussians, one peak per channel.

    Attributes
    ----------
    x_px, y_px
        Centres, float64 (n,), in pixels of the whole scalp: absolute, not of a window.
    sigma_px
        Standard deviations, float32 (n,), over 0 and under MAX_SIGMA_PX.
    peak
        Values at the centres, float32 (n, channels).
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    sigma_px: NDArray[np.float32]
    peak: NDArray[np.float32]


@dataclass(frozen=True)
class Discs:
    """Soft discs, each taking the share ``cap * D(rho)`` of the light in a band.

    D(rho) = (1 + exp(-edge)) / (1 + exp(rho^2 inv_spread - edge)), so D(0) = 1: a disc for a large
    edge, a Gaussian for a negative one. What is added up is -ln(1 - min(cap D, 0.9995)).

    Attributes
    ----------
    x_px, y_px
        Centres, float64 (n,), absolute.
    inv_spread_per_px2
        1 / B, float32 (n,), > 0.
    edge
        Float32 (n,), -30 to 50.
    cap
        Share of light taken at the centre, float32 (n, bands), 0 to 0.9995.
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    inv_spread_per_px2: NDArray[np.float32]
    edge: NDArray[np.float32]
    cap: NDArray[np.float32]


@dataclass(frozen=True)
class PixelWindow:
    """A rectangle of pixels, absolute: rows [row0, row0 + height), columns likewise."""

    row0: int
    col0: int
    height: int
    width: int


SHAFT_COLUMNS: Final = (
    "along_x", "along_y", "middle_px", "half_px", "radius_px", "slope", "stretch", "opacity",
    "gloss",
)  # fmt: skip
SIDES: Final = 0.5
"""How much of its body's light a shaft lacks at its sides (assumed)."""


@dataclass(frozen=True)
class Shafts:
    """Shafts of hair, in columns, in absolute pixels.

    With s along a shaft from its root and t across it, a pixel's centre is `beyond` = stretch
    max(|s - middle| - half, 0) behind the strip and rho = hypot(beyond, t) from the axis. A box as
    wide as a pixel is there, over which coverage is averaged: of the strip, |t| < radius + slope
    clip(s - middle, -half, half), and of the half ellipses at its ends.

    Attributes
    ----------
    x_px, y_px
        Roots, float64 (n,), absolute.
    shape
        Float32 (n, len(SHAFT_COLUMNS) + bands): those, then the body's reflectance in each band.
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    shape: NDArray[np.float32]
