"""A picture as light in the bands, and that light on rings around places in it.

Pigment acts in bands and a photograph is sRGB, so its linear light goes back through the matrix
that makes colours of bands. What exposure and lamp do is a factor that ratios of light do not have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.verdict.picture import to_codes, to_linear

Float32Array = NDArray[np.float32]
Array = NDArray[np.float64]

FINEST_PX_PER_MM: Final = 40.0
"""Finer pictures are averaged down to no more than this: a dot's rim is no sharper."""
INNER_MM: Final = 0.30
OUTER_MM: Final = 0.42
"""What a dot is compared with is the light between these distances from its centre."""
ANGLES: Final = 16
LINEAR_TO_BAND: Final = np.linalg.inv(np.array(BAND_TO_LINEAR_SRGB)).astype(np.float32).T
"""What rows of linear sRGB are multiplied by."""
_RING_MM: Final = 0.022
_GROWTH: Final = 1.12
_LEAST_LIGHT: Final = 1e-5


@dataclass(frozen=True)
class Light:
    """A picture as it is fitted.

    Attributes
    ----------
    bands
        Light in R, G, B (610, 545, 460 nm), float32 (height, width, 3), in any unit.
    px_per_mm
        Of that grid, at most `FINEST_PX_PER_MM`.
    mask
        Treated area, bool (height, width), or None.
    blur_px
        Standard deviation of the camera's blur on that grid.
    """

    bands: Float32Array
    px_per_mm: float
    mask: NDArray[np.bool_] | None
    blur_px: float


def light_of(
    linear: Float32Array, px_per_mm: float, mask: NDArray[np.bool_] | None, sharpness_px: float
) -> Light:
    """Return the light of a picture in the bands.

    Parameters
    ----------
    linear
        Linear sRGB, float32 (height, width, 3).
    px_per_mm, mask
        Its scale and treated area.
    sharpness_px
        The camera's blur in its pixels.
    """
    bands = linear @ LINEAR_TO_BAND
    return Light(np.ascontiguousarray(bands, np.float32), px_per_mm, mask, sharpness_px)


def coarsened(
    image: NDArray[np.uint8], px_per_mm: float, mask: NDArray[np.bool_] | None
) -> tuple[Float32Array, NDArray[np.uint8], NDArray[np.bool_] | None, int]:
    """Return a picture averaged down to what it is fitted at: linear, as codes, mask, by how much.

    What is averaged is finer than codes are, and light is kept as fine: rounded steps would pass
    for rings around dots.
    """
    import cv2

    table = to_linear(np.arange(256)).astype(np.float32)
    whole = max(math.ceil(px_per_mm / FINEST_PX_PER_MM - 1e-9), 1)
    linear: Float32Array = cv2.LUT(np.ascontiguousarray(image), table)
    if whole == 1:
        return linear, image, mask, whole
    height, width = (side // whole * whole for side in image.shape[:2])
    size = width // whole, height // whole
    linear = cv2.resize(linear[:height, :width], size, interpolation=cv2.INTER_AREA)
    if mask is not None:
        share = np.ascontiguousarray(mask[:height, :width], np.float32)
        mask = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_AREA) > 0.5)
    return linear, as_picture(linear), mask, whole


def as_picture(linear: Float32Array) -> NDArray[np.uint8]:
    """Return sRGB codes of linear light, clipped and rounded."""
    return np.asarray(np.rint(to_codes(np.clip(linear, 0.0, 1.0))), np.uint8)


def ring_radii_mm(px_per_mm: float) -> tuple[Array, int]:
    """Return the radii of rings, the first 0, and how many of them are a dot's own.

    They lie half a pixel apart or more, so that rings do not say the same twice.
    """
    step = max(_RING_MM, 0.5 / px_per_mm)
    radii = [0.0]
    while radii[-1] < OUTER_MM - 0.5 * step:
        radii.append(radii[-1] + step)
        if radii[-1] > 0.12:
            step *= _GROWTH
    ladder = np.array(radii)
    own = min(int((ladder < INNER_MM).sum()), ladder.size - 1)
    return ladder, own


def on_rings(plane: Any, x_px: Array, y_px: Array, radii_px: Array) -> Array:
    """Return a picture on rings around places, bilinear.

    Parameters
    ----------
    plane
        Float32 (height, width) or (height, width, channels).
    x_px, y_px
        Places (n,), in pixels from the outer corner.
    radii_px
        (rings,).

    Returns
    -------
    ndarray
        (n, rings, angles) or (n, rings, angles, channels), float64.
    """
    import cv2

    angle = np.arange(ANGLES) * (2.0 * np.pi / ANGLES)
    dx = (radii_px[:, None] * np.cos(angle)).ravel()
    dy = (radii_px[:, None] * np.sin(angle)).ravel()
    at_x = (x_px[:, None] + dx - 0.5).astype(np.float32)
    at_y = (y_px[:, None] + dy - 0.5).astype(np.float32)
    found = cv2.remap(plane, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    shape = (x_px.size, radii_px.size, ANGLES, *plane.shape[2:])
    out: Array = np.asarray(found, np.float64).reshape(shape)
    return out


def profiles(bands: Float32Array, x_px: Array, y_px: Array, px_per_mm: float) -> Array:
    """Return the light of rings over that of the surround, (n, bands, own rings)."""
    radii, own = ring_radii_mm(px_per_mm)
    rings = on_rings(bands, x_px, y_px, radii * px_per_mm).mean(axis=2)  # (n, rings, bands)
    around = np.maximum(rings[:, own:].mean(axis=1), _LEAST_LIGHT)
    out: Array = (rings[:, :own] / around[:, None]).transpose(0, 2, 1)
    return out
