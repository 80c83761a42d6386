"""Which dot each pixel belongs to."""

from __future__ import annotations

import math

from numba import njit


@njit(nogil=True, cache=True)
def paint_discs(label, x_px, y_px, radius_px, row0, col0, first, last, out):
    """Fill rows `first` to `last` with the label of the first disc that covers a pixel's centre.

    Parameters
    ----------
    label, x_px, y_px, radius_px
        Discs, (n,), those that win before those that lose; px from the scalp's origin. A disc that
        covers no centre has the pixel that its own centre is in.
    row0, col0
        Pixel of the scalp that out[0, 0] is: places stay absolute, and so a window is the crop.
    first, last
        Rows of `out`, the last excluded.
    out
        (height, width), overwritten there; 0 where no disc is.
    """
    width = out.shape[1]
    out[first:last] = 0
    for n in range(label.shape[0] - 1, -1, -1):
        x, y, r = x_px[n], y_px[n], radius_px[n]
        top = max(math.floor(y - r) - row0, first)
        bottom = min(math.floor(y + r) - row0 + 1, last)
        if top >= bottom:
            continue
        left = max(math.floor(x - r) - col0, 0)
        right = min(math.floor(x + r) - col0 + 1, width)
        for j in range(top, bottom):
            dy = row0 + j + 0.5 - y
            for i in range(left, right):
                dx = col0 + i + 0.5 - x
                if dx * dx + dy * dy <= r * r:
                    out[j, i] = label[n]
        # The centre nearest to the disc's own is that of this pixel: covered, or none is.
        j, i = math.floor(y) - row0, math.floor(x) - col0
        if top <= j < bottom and left <= i < right:
            out[j, i] = label[n]
