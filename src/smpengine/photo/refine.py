"""The edge of a mask that was found on a small picture, found again on the whole one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.features import Contrast
from smpengine.photo.shown import UInt8Array

_RADIUS: Final = 6  # pixels of the small picture
_EPSILON: Final = 20.0  # squared codes: differences below this are no edge
_BLOCK_ROWS: Final = 1024


@dataclass(frozen=True)
class Edge:
    """A mask at full size.

    Attributes
    ----------
    inside
        bool (H, W).
    uncertain_px
        Over how many pixels, on average, the edge may as well run.
    """

    inside: NDArray[np.bool_]
    uncertain_px: float


def refined(
    picture: UInt8Array, small: NDArray[np.bool_], ratio: float, contrast: Contrast
) -> Edge:
    """Return a mask at the size of the picture, its edge drawn to the picture's.

    Parameters
    ----------
    picture
        uint8 (H, W, 3), sRGB.
    small
        The mask of the small picture, (h, w).
    ratio
        Size of a pixel of the picture in pixels of the small one.
    contrast
        Of lightness, redness and yellowness the one that differs most is followed.

    Notes
    -----
    A guided filter: near a place, the mask is taken to be linear in the picture (K. He, J. Sun, X.
    Tang, IEEE TPAMI 35 (2013) 1397), fitted on the small picture (K. He, J. Sun, arXiv:1505.00996).
    """
    import cv2

    height, width = picture.shape[:2]
    channel = int(np.argmax(np.abs(contrast.deviations[:3])))
    wanted: NDArray[np.float32] = small.astype(np.float32)
    size = small.shape[1], small.shape[0]
    reduced = picture if ratio == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    guide = cv2.cvtColor(reduced, cv2.COLOR_RGB2LAB)[..., channel].astype(np.float32)

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        side = 2 * _RADIUS + 1
        smooth: NDArray[np.float32] = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
        return smooth

    middle, average = mean(guide), mean(wanted)
    varies = mean(guide * guide) - middle * middle + np.float32(_EPSILON)
    fit = np.divide(mean(guide * wanted) - middle * average, varies, dtype=np.float32)
    slope = mean(fit)
    level = mean(np.subtract(average, fit * middle, dtype=np.float32))
    inside = np.empty((height, width), bool)
    unsure = 0
    for top in range(0, height, _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, height - top)
        part = picture[top : top + rows]
        plane = cv2.cvtColor(part, cv2.COLOR_RGB2LAB)[..., channel].astype(np.float32)
        fitted = _enlarged(slope, top, rows, height, width) * plane
        fitted += _enlarged(level, top, rows, height, width)
        # Only near the edge of the small mask: elsewhere it was decided with more than one channel.
        near = _enlarged(average, top, rows, height, width)
        fitted = np.where(near > 0.98, 1.0, np.where(near < 0.02, 0.0, fitted))
        inside[top : top + rows] = fitted > 0.5
        unsure += int(((fitted > 0.25) & (fitted < 0.75)).sum())
    inside = _smooth(inside, max(round(1.0 / ratio), 1))
    outline, _ = cv2.findContours(inside.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    length = sum(cv2.arcLength(each, True) for each in outline)
    return Edge(inside, unsure / max(length, 1.0))


def _enlarged(
    plane: NDArray[np.float32], top: int, rows: int, height: int, width: int
) -> NDArray[np.float32]:
    """Return rows of a small plane at the size of the picture, linear in between."""
    import cv2

    small_height, small_width = plane.shape
    if (small_height, small_width) == (height, width):
        return plane[top : top + rows]
    y = (np.arange(top, top + rows) + 0.5) * small_height / height - 0.5
    x = (np.arange(width) + 0.5) * small_width / width - 0.5
    maps = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    large: NDArray[np.float32] = cv2.remap(
        plane, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return large


def _smooth(inside: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Smooth an outline over a few pixels: single hairs and pores are no edge."""
    import cv2

    side = 4 * reach + 1
    share = cv2.blur(inside.view(np.uint8) * np.uint8(255), (side, side))
    smooth: NDArray[np.bool_] = cv2.blur(share, (side, side)) > 127
    return smooth
