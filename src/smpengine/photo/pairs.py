"""Before and after side by side: one picture."""

from __future__ import annotations

from typing import Final

import numpy as np

from smpengine.photo.caption import PAPER, strip, text_px
from smpengine.photo.shown import (
    SIMULATED,
    UInt8Array,
    check_longest,
    check_shown,
    shrunk,
)

_GAP_SHARE: Final = 0.012


def pair(
    before: UInt8Array,
    after: UInt8Array,
    labels: tuple[str, str] = ("Before", "After"),
    *,
    longest_px: int | None = None,
) -> UInt8Array:
    """Put two pictures side by side at the same scale, with a strip of words under them.

    Parameters
    ----------
    before, after
        uint8 (H, W, 3), sRGB, of the same size.
    labels
        What the strip says under each; under the second also that it is simulated.
    longest_px
        At most so many pixels for the longer side of each; None for their own size.

    Returns
    -------
    ndarray
        uint8, sRGB; the pixels of both pictures are in it as they were, unless `longest_px` made
        them smaller.

    Raises
    ------
    InputError
        They are not such pictures.
    """
    check_longest(longest_px)
    first = check_shown("before", before)
    second = check_shown("after", after, first.shape, "before")
    left, right = shrunk(first, longest_px), shrunk(second, longest_px)
    height, width = left.shape[:2]
    gap = max(round(_GAP_SHARE * width), 2)
    size = text_px(height, width)
    signs = strip(width, size, labels[0], ""), strip(width, size, labels[1], SIMULATED)
    tall = height + signs[0].shape[0]
    out = np.empty((tall, 2 * width + gap, 3), np.uint8)
    out[:] = PAPER
    for column, picture, sign in zip((0, width + gap), (left, right), signs, strict=True):
        out[:height, column : column + width] = picture
        out[height:, column : column + width] = sign
    return out
