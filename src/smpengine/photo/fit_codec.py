"""What a codec leaves of dots: their lightness, and not all of that.

JPEG holds colour at half of the pixels, and drops the finest of it (ITU-T T.81): a dot keeps its
luma, and its colour is smeared over its surround or gone. So where bands do not go together,
lightness alone is compared: the luma of codes, of the picture as of the engine's light. Of luma it
drops what is fine and weak, which makes dots flatter: what that does to a mean dot is seen by
sending the engine's dots through the same codec. Which quality that was, a picture tells: encoded
again as it was, it changes least (H. Farid, IEEE Trans. Inf. Forensics Secur. 4 (2009) 154).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.photo.fit_light import Array, Float32Array

USUAL_QUALITY: Final = 92
"""Taken where a picture does not tell: a camera's."""
_QUALITIES: Final = range(60, 99)
_DIP: Final = 0.8
"""Of the change beside it: no quality that a picture never had makes such a dip."""
_SIDE_PX: Final = 512
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)
"""Of sRGB codes (ITU-T T.871)."""
_LEAST: Final = 1e-7


def lightness(bands: Float32Array, skin: Array | float = 1.0) -> Float32Array:
    """Return luma as light, float32 (height, width, 1).

    Parameters
    ----------
    bands
        Light in R, G, B, float32 (height, width, 3).
    skin
        What it is in units of, (3,): light of bare skin, 1 the brightest that codes hold.
    """
    matrix = (np.array(BAND_TO_LINEAR_SRGB) * skin).T.astype(np.float32)
    codes = np.maximum(bands @ matrix, np.float32(_LEAST)) ** np.float32(1.0 / 2.4)
    out: Float32Array = np.asarray((codes @ _LUMA)[..., None] ** np.float32(2.4), np.float32)
    return out


def passed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return a picture, sRGB (height, width, 3), as JPEG of a quality gives it back."""
    import cv2

    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def quality_of(image: NDArray[np.uint8]) -> int | None:
    """Return the quality that a picture was encoded with, or None where it does not tell."""
    part = np.ascontiguousarray(image[:_SIDE_PX, :_SIDE_PX])
    luma = part @ _LUMA
    change = np.array([np.abs(passed(part, q) @ _LUMA - luma).mean() for q in _QUALITIES])
    beside = 0.5 * (change[:-4] + change[4:])
    dip = change[2:-2] / np.maximum(beside, 1e-9)
    best = int(np.argmin(dip))
    return _QUALITIES[best + 2] if dip[best] < _DIP else None
