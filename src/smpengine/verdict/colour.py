"""The colour of dots beside the skin around them, CIELAB."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.dots import Blobs
from smpengine.verdict.picture import Float32Array, Picture

LINEAR_SRGB_TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""IEC 61966-2-1, D65."""
WHITE: Final = (0.95047, 1.0, 1.08883)
_MOST: Final = 20_000  # dots that are looked at


def to_lab(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return CIELAB (D65) of linear sRGB (..., 3): CIE 15:2004."""
    xyz = np.asarray(linear, np.float64) @ np.array(LINEAR_SRGB_TO_XYZ).T / np.array(WHITE)
    edge = (6.0 / 29.0) ** 3
    f = np.where(xyz > edge, np.cbrt(np.maximum(xyz, edge)), xyz * (29.0 / 6.0) ** 2 / 3 + 4 / 29)
    return np.stack(
        [
            116.0 * f[..., 1] - 16.0,
            500.0 * (f[..., 0] - f[..., 1]),
            200.0 * (f[..., 1] - f[..., 2]),
        ],
        axis=-1,
    )


def dot_shift(picture: Picture, dots: Blobs) -> NDArray[np.float64]:
    """Return the mean difference (dL*, da*, db*) of dots from a ring around each.

    The ring lies 2 to 3 half widths out, sixteen samples, of which the median counts: other dots on
    it do not. nan without dots.
    """
    if not len(dots):
        return np.full(3, np.nan)
    if len(dots) > _MOST:
        dots = dots.rows(np.arange(0, len(dots), len(dots) // _MOST + 1))
    s = picture.px_per_mm
    x, y = dots.x_mm * s, dots.y_mm * s
    centre = _samples(picture.linear, x, y)
    radius = np.maximum(1.3 * dots.fwhm_mm * s, 2.5)
    angles = np.arange(16) * (np.pi / 8.0)
    ring = np.stack(
        [_samples(picture.linear, x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]
    )
    around = np.median(ring, axis=0)
    # Light is averaged before it becomes a colour: noise would shift a mean of colours.
    return to_lab(centre.mean(axis=0)) - to_lab(around.mean(axis=0))


def _samples(
    linear: Float32Array, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float32]:
    height, width = linear.shape[:2]
    col = np.clip(x.astype(int), 0, width - 1)
    row = np.clip(y.astype(int), 0, height - 1)
    out: NDArray[np.float32] = linear[row, col]
    return out
