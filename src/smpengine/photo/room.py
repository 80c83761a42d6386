"""Where dots have room on a photograph: between the hair that it shows, as they are struck.

    codes -> root of light -> over the skin's own (closing) -> hair -> wider by a dot -> room

Hair is what is narrow and dark. The skin's own brightness is what is left when whatever is narrower
than a bundle of hair has been closed. Dots that lose their place to hair go beside it, as a
practitioner places them: within a millimetre or so the density stays what the plan says, until it
would have to be twice that.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.ground import touched
from smpengine.photo.photograph import Photograph
from smpengine.photo.treat import Room
from smpengine.plan.plan import Plan

Float32 = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_BUNDLE_MM: Final = 0.35
"""What is narrower may be hair: a follicular unit's shafts side by side."""
_SMOOTH_MM: Final = 0.015
_SMOOTH_PX: Final = 0.7
_SKIN_MM: Final = 0.5
_LEAST_DARK: Final = 0.25
"""Of light: pores and furrows of the engine's own skins take up to 0.22, hair 0.37 and more."""
_NOISE: Final = 6.0
_CLEAR_MM: Final = 0.02
_BESIDE_MM: Final = 1.0
_MOST: Final = 2.0
_ONE: Final = 200
"""Of a ratio in 8 bits."""
_BARE: Final = 0.7
"""As much of the skin is darker, by hair too, than what is taken for bare."""
_NOISY: Final = 0.95
_BETWEEN: Final = 1.645 - 0.524  # standard deviations between those two quantiles
_ROWS: Final = 256


def room_beside_hair(photo: Photograph, mask: Float32, px_per_mm: float, plan: Plan) -> Room:
    """Return where dots have room.

    Parameters
    ----------
    photo
        The photograph.
    mask
        What is treated, float32 (height, width), 0 to 1.
    px_per_mm
        Its scale.
    plan
        Dots keep as far from hair as the largest of its sessions' radii.

    Returns
    -------
    Room
        The mask itself where the photograph shows no hair.
    """
    margin = math.ceil(4.0 * px_per_mm)
    top, bottom, left, right = touched(mask)
    rows = slice(max(top - margin, 0), bottom + margin)
    cols = slice(max(left - margin, 0), right + margin)
    treated = mask[rows, cols]
    taken = _hair(_root_of_light(photo, rows, cols), treated > 0.0, px_per_mm)
    if not taken.any():
        return Room(mask)
    import cv2

    radius_mm = max(session.radius_mm for session in plan.sessions)
    reach = max(round((radius_mm + _CLEAR_MM) * px_per_mm), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    taken = cv2.dilate(taken, disc)
    near = _blurred(taken, _BESIDE_MM * px_per_mm)
    density = np.zeros(mask.shape, np.float32)
    hairy = 0.0
    for row in range(0, len(taken), _ROWS):
        part = slice(row, row + _ROWS)
        free = np.float32(255.0) - near[part]
        factor = (taken[part] == 0) / np.maximum(free / np.float32(255.0), np.float32(1.0 / _MOST))
        density[rows, cols][part] = treated[part] * factor
        hairy += float(treated[part][taken[part] > 0].sum(dtype=np.float64))
    most = float(density.max())
    if most == 0.0:
        return Room(mask)  # nothing but hair: there is no place to go to
    density /= np.float32(most)
    return Room(density, most, hairy / float(mask.sum(dtype=np.float64)))


def beside_hair(room: Room) -> list[str]:
    """Return what is worth knowing of it, at most a line."""
    if not room.hairy:
        return []
    share = f"{100.0 * room.hairy:.2g} %"
    return [f"hair: leaves no room for dots on {share} of what is treated; they go beside it."]


def _root_of_light(photo: Photograph, rows: slice, cols: slice) -> Bytes:
    """Return the root of a photograph's light in 8 bits: the mean of its red and its green."""
    channels = (0,) if photo.channels == 1 else (0, 1)
    light = photo.profile.light(photo.largest)
    tables = [np.sqrt(np.clip(light[c], 0.0, 1.0)) * (255.0 / len(channels)) for c in channels]
    pixels = photo.pixels.reshape(*photo.shape, -1)[rows, cols]
    out = np.empty(pixels.shape[:2], np.uint8)
    for row in range(0, len(out), _ROWS):
        part = pixels[row : row + _ROWS]
        total = sum(table[part[..., c]] for c, table in zip(channels, tables, strict=True))
        out[row : row + _ROWS] = total + 0.5
    return out


def _hair(root: Bytes, treated: NDArray[np.bool_], px_per_mm: float) -> Bytes:
    """Return 255 where there is hair, else 0."""
    import cv2

    root = cv2.GaussianBlur(root, (0, 0), max(_SMOOTH_PX, _SMOOTH_MM * px_per_mm))
    side = max(round(_BUNDLE_MM * px_per_mm), 3)
    skin = cv2.morphologyEx(root, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    skin = _blurred(skin, _SKIN_MM * px_per_mm)
    ratio = cv2.divide(root, np.maximum(skin, 1), scale=_ONE)
    seen = np.cumsum(np.bincount(ratio[treated], minlength=256))
    bare, noisy = (float(np.interp(q * seen[-1], seen, np.arange(256))) for q in (_BARE, _NOISY))
    sigma = (noisy - bare) / _BETWEEN
    least = bare - max((1.0 - math.sqrt(1.0 - _LEAST_DARK)) * bare, _NOISE * sigma)
    hair: Bytes = np.where(ratio < least, np.uint8(255), np.uint8(0))
    return hair


def _blurred(values: Bytes, sigma_px: float) -> Bytes:
    """Blur as a Gaussian would, nearly, by three boxes: at one cost for any width."""
    import cv2

    side = 2 * round(0.5 * (math.sqrt(4.0 * sigma_px**2 + 1.0) - 1.0)) + 1
    for _ in range(3):
        values = cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE)
    return values
