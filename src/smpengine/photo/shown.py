"""What all pictures that are handed out share: checks, size, and fades in linear light."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.verdict.picture import to_codes, to_linear

UInt8Array = NDArray[np.uint8]
UInt16Array = NDArray[np.uint16]

SIMULATED: Final = "Simulation"
"""What a picture that is handed out says of itself."""
_TOP: Final = 65535.0
_LEAST_PX: Final = 16


def check_shown(
    name: str, picture: object, shape: tuple[int, ...] | None = None, like: str = ""
) -> UInt8Array:
    """Refuse what is no picture to look at, or has another size than the one beside it.

    Parameters
    ----------
    name
        What messages call it.
    picture
        uint8 (H, W, 3), sRGB.
    shape
        The shape that it must have; any when None.
    like
        What messages call the picture of that shape.

    Raises
    ------
    InputError
        It is not such an array.
    """
    if not isinstance(picture, np.ndarray):
        raise InputError(must(name, "be a numpy array", type(picture).__name__))
    if picture.ndim != 3 or picture.shape[2] != 3:
        rule = "have shape (height, width, 3)"
        remedy = "Repeat a grey channel, or leave an alpha channel out: image[..., :3]."
        raise InputError(must(name, rule, f"shape {picture.shape}", remedy=remedy))
    if picture.dtype != np.uint8:
        remedy = "Use the picture for looking at: photo.srgb8()."
        raise InputError(must(name, "be uint8 sRGB", f"dtype {picture.dtype}", remedy=remedy))
    if min(picture.shape[:2]) < _LEAST_PX:
        rule = f"be at least {_LEAST_PX} pixels wide and high"
        raise InputError(must(name, rule, f"{picture.shape[1]} x {picture.shape[0]}"))
    if shape is not None and picture.shape != shape:
        rule = f"have the size of {like}, {shape[1]} x {shape[0]}"
        got = f"{picture.shape[1]} x {picture.shape[0]}"
        remedy = "Pictures that are compared show the same place at the same scale."
        raise InputError(must(name, rule, got, remedy=remedy))
    return np.ascontiguousarray(picture)


@cache
def _light() -> UInt16Array:
    """Return linear light of sRGB codes, of 65535."""
    return np.rint(_TOP * to_linear(np.arange(256))).astype(np.uint16)


@cache
def _codes() -> UInt8Array:
    """Return sRGB codes of linear light, of 65535."""
    codes: UInt8Array = np.rint(to_codes(np.arange(65536) / _TOP)).astype(np.uint8)
    return codes


def light_of(picture: UInt8Array) -> UInt16Array:
    """Return linear light of sRGB pixels, of 65535; `picture_of` takes it back exactly."""
    import cv2

    linear: UInt16Array = cv2.LUT(np.ascontiguousarray(picture), _light())
    return linear


def picture_of(light: UInt16Array) -> UInt8Array:
    """Return the sRGB pixels of linear light, of 65535."""
    return _codes()[light]


def fade(start: UInt16Array, end: UInt16Array, share: float) -> UInt8Array:
    """Return the picture between two, mixed as light is, and not as codes are.

    Parameters
    ----------
    start, end
        Linear light, (H, W, 3), as `light_of` gives it.
    share
        Of the end, 0 to 1.

    Returns
    -------
    ndarray
        uint8 (H, W, 3), sRGB; equal pixels stay what they are.
    """
    import cv2

    return picture_of(cv2.addWeighted(start, 1.0 - share, end, share, 0.0))


def shrunk(picture: UInt8Array, longest_px: int | None) -> UInt8Array:
    """Return a picture whose longer side has at most so many pixels; means of linear light."""
    import cv2

    height, width = picture.shape[:2]
    if longest_px is None or max(height, width) <= longest_px:
        return picture
    ratio = longest_px / max(height, width)
    size = max(round(width * ratio), 1), max(round(height * ratio), 1)
    return picture_of(cv2.resize(light_of(picture), size, interpolation=cv2.INTER_AREA))


def check_longest(longest_px: int | None) -> None:
    """Refuse a limit of size that is none.

    Raises
    ------
    InputError
        It is no whole number of at least 16.
    """
    if longest_px is not None and not (isinstance(longest_px, int) and longest_px >= _LEAST_PX):
        rule = f"be a whole number of at least {_LEAST_PX} pixels"
        raise InputError(must("longest_px", rule, repr(longest_px), remedy="None: no limit."))
