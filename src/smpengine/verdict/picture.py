"""From an sRGB picture to absorbance on a grid that dots can be measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must

Float32Array = NDArray[np.float32]

FINEST_PX_PER_MM: Final = 20.0
"""Finer pictures are averaged down to this: a dot of 0.1 mm is still two pixels wide."""
LEAST_PX: Final = 16
LEAST_MM: Final = 1.0
MIN_PX_PER_MM: Final = 0.1
MAX_PX_PER_MM: Final = 10_000.0
GAMMA: Final = 2.4
"""sRGB codes go as light to the power of 1 / 2.4, but for the darkest."""
LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""Of linear sRGB (IEC 61966-2-1)."""
_LEAST_LIGHT: Final = 0.25 / 255.0 / 12.92  # a quarter of the darkest step: ln stays finite


@dataclass(frozen=True)
class Picture:
    """A picture as it is measured.

    Attributes
    ----------
    px_per_mm
        Of the grid below; at most `FINEST_PX_PER_MM`.
    linear
        Linear sRGB, float32 (height, width, 3).
    absorbance
        -ln of light over its median, nearly: GAMMA (1 - light^(1 / GAMMA)), a mean of the three
        channels weighted by how little noise is in each, float32 (height, width).
    luminous
        -ln of luminance, float32 (height, width).
    step
        What one step of 8 bits is in absorbance, at the median colour.
    mask
        Treated area, (height, width), or None where nobody said.
    given
        The picture as it was given, uint8 (h, w, 3), and its scale.
    """

    px_per_mm: float
    linear: Float32Array
    absorbance: Float32Array
    luminous: Float32Array
    step: float
    mask: NDArray[np.bool_] | None
    given: NDArray[np.uint8]
    given_px_per_mm: float

    @property
    def area_cm2(self) -> float:
        """Return the area of the picture."""
        return float(self.absorbance.size) / self.px_per_mm**2 / 100.0

    @property
    def shape_mm(self) -> tuple[float, float]:
        """Return height and width."""
        height, width = self.absorbance.shape
        return height / self.px_per_mm, width / self.px_per_mm


def check_picture(image: object, px_per_mm: object, mask: object = None) -> float:
    """Refuse what cannot be measured; return the scale as a float.

    Raises
    ------
    InputError
        Not uint8 (height, width, 3), too small, a scale that is none, or a mask that does not fit.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(must("image", "be a numpy array", type(image).__name__))
    if image.ndim != 3 or image.shape[2] != 3:
        remedy = ""
        if image.ndim == 2:
            remedy = "Repeat the grey channel: np.repeat(image[..., None], 3, axis=2)."
        elif image.ndim == 3 and image.shape[2] == 4:
            remedy = "Leave the alpha channel out: image[..., :3]."
        got = f"shape {image.shape}"
        raise InputError(must("image", "have shape (height, width, 3)", got, remedy=remedy))
    if image.dtype != np.uint8:
        remedy = "Render it as srgb8, or convert it to 8-bit sRGB."
        raise InputError(must("image", "be uint8 sRGB", f"dtype {image.dtype}", remedy=remedy))
    try:
        scale = float(px_per_mm)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(must("px_per_mm", "be a number", repr(px_per_mm))) from error
    if not MIN_PX_PER_MM <= scale <= MAX_PX_PER_MM:
        rule = f"be {MIN_PX_PER_MM:g} to {MAX_PX_PER_MM:g} pixels per mm"
        raise InputError(must("px_per_mm", rule, scale))
    height, width = image.shape[:2]
    least = max(LEAST_PX, math.ceil(LEAST_MM * scale))
    if min(height, width) < least:
        rule = f"be at least {LEAST_PX} pixels and {LEAST_MM:g} mm wide and high"
        raise InputError(must("image", rule, f"{width} x {height} px at {scale:g} px/mm"))
    if mask is not None:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            got = getattr(mask, "dtype", type(mask).__name__)
            raise InputError(must("mask", "be a bool array", got))
        if mask.shape != (height, width):
            rule = f"have the picture's shape {(height, width)}"
            raise InputError(must("mask", rule, f"shape {mask.shape}"))
    return scale


def to_linear(code: NDArray[Any]) -> NDArray[np.float64]:
    """Return linear light of sRGB codes 0 to 255 (IEC 61966-2-1)."""
    v = np.asarray(code, np.float64) / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_codes(light: NDArray[Any]) -> NDArray[Any]:
    """Return sRGB codes 0 to 255 of linear light, not rounded: the inverse of `to_linear`."""
    v = np.asarray(light)
    curved = 1.055 * np.maximum(v, 0.0031308) ** v.dtype.type(1.0 / 2.4) - 0.055
    codes: NDArray[Any] = 255.0 * np.where(v <= 0.0031308, 12.92 * v, curved)
    return codes


def true_absorbance(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -ln of light for GAMMA (1 - light^(1 / GAMMA)), at most 9."""
    return -GAMMA * np.log(np.maximum(1.0 - np.asarray(value) / GAMMA, 0.0235))


def prepare(
    image: NDArray[np.uint8], px_per_mm: float, mask: NDArray[np.bool_] | None = None
) -> Picture:
    """Return a picture on the grid that it is measured on.

    Parameters
    ----------
    image
        sRGB, uint8 (height, width, 3).
    px_per_mm
        Its scale.
    mask
        Treated area, bool (height, width).

    Notes
    -----
    Noise of a camera, or of 8 bits, is about the same in all codes. Near a code c an error of one
    step is one of 2.4 / (c + 14) in -ln of light (the slope of the sRGB curve), and a grey pigment
    takes nearly the same share of each channel: so channels are weighted by (c + 14)^2, c their
    median, which makes the noise of the mean least. A logarithm would make such noise darker than
    it is bright, and so like dots: the power of 1 / 2.4 instead (G. E. P. Box, D. R. Cox, J. R.
    Stat. Soc. B 26 (1964) 211) leaves it as even as codes are. `true_absorbance` takes that back.
    """
    import cv2

    table = to_linear(np.arange(256)).astype(np.float32)
    height, width = image.shape[:2]
    linear = cv2.LUT(np.ascontiguousarray(image), table)
    scale = px_per_mm
    if px_per_mm > FINEST_PX_PER_MM:
        ratio = FINEST_PX_PER_MM / px_per_mm
        size = max(round(width * ratio), 1), max(round(height * ratio), 1)
        linear = cv2.resize(linear, size, interpolation=cv2.INTER_AREA)
        scale = px_per_mm * math.sqrt(size[0] * size[1] / (width * height))
        if mask is not None:
            share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            mask = share > 0.5
    stride = max(1, min(height, width) // 256)
    middle = np.median(image[::stride, ::stride].reshape(-1, 3), axis=0)
    weights = (middle + 14.0) ** 2
    weights /= weights.sum()
    step = float((weights * 2.4 / (middle + 14.0)).sum())
    floor = np.float32(_LEAST_LIGHT)
    absorbance = np.full(linear.shape[:2], GAMMA, np.float32)
    for channel, weight in enumerate(weights):
        usual = max(float(to_linear(middle[channel])), float(floor))
        root = cv2.pow(linear[..., channel] * np.float32(1.0 / usual), 1.0 / GAMMA)
        absorbance -= np.float32(GAMMA * weight) * root
    luminous = -np.log(np.maximum(linear @ np.array(LUMINANCE, np.float32), floor))
    return Picture(scale, linear, absorbance, luminous, step, mask, image, px_per_mm)
