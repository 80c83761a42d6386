"""A picture to judge a mask by."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.masks import Float32Array, check_mask
from smpengine.photo.shown import UInt8Array, check_shown

_TINT: Final = (38, 150, 210)  # blue: no skin, hair or blood has it
_TINT_SHARE: Final = 0.20
_DIM: Final = 0.42
_LINES: Final = ((0.02, (255, 214, 10)), (0.5, (255, 255, 255)))
"""Contours: where treatment begins, and where it is a half."""


def review(picture: UInt8Array, mask: NDArray[np.bool_] | Float32Array) -> UInt8Array:
    """Lay a mask over a picture.

    Parameters
    ----------
    picture
        uint8 (H, W, 3), sRGB.
    mask
        bool, or float 0 to 1, (H, W).

    Returns
    -------
    ndarray
        uint8 (H, W, 3): grey and dimmed where nothing is treated, tinted by as much as is treated;
        a yellow line where treatment begins, a white one where it is a half.

    Raises
    ------
    InputError
        They are no such arrays, or differ in size.
    """
    import cv2

    shown = check_shown("picture", picture)
    share = check_mask(mask, shown.shape)
    grey = cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY)
    out = np.empty_like(shown)
    for c, tint in enumerate(_TINT):
        inside = cv2.addWeighted(
            shown[..., c], 1.0 - _TINT_SHARE, shown[..., c], 0.0, _TINT_SHARE * tint
        )
        outside = cv2.addWeighted(grey, _DIM, grey, 0.0, 20.0)
        # OpenCV's blend takes weights of its own size, and rounds: no float picture is made.
        out[..., c] = cv2.blendLinear(inside, outside, share, np.float32(1.0) - share)
    thick = max(round(max(shown.shape) / 900.0), 1)
    for level, colour in _LINES:
        _outline(out, share >= level, thick, colour)
    return out


def _outline(
    picture: UInt8Array, inside: NDArray[np.bool_], thick: int, colour: tuple[int, int, int]
) -> None:
    """Draw the edge of a set of pixels, in place, on a darker one that shows on any ground."""
    import cv2

    found, _ = cv2.findContours(inside.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, found, -1, (20, 18, 16), thick + 2, cv2.LINE_AA)
    cv2.drawContours(picture, found, -1, colour, thick, cv2.LINE_AA)
