"""How much darker a dot is than what surrounds it, measured in a picture."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MOST: Final = 4096  # pixels of a surround that are looked at


@njit(nogil=True, cache=True)
def weber_contrast(luminance, x_px, y_px, inner_px, outer_px, out):
    """Fill in 1 - centre / surround for each dot; nan where the picture shows no surround.

    Parameters
    ----------
    luminance
        (height, width), linear.
    x_px, y_px
        Centres, (n,); pixel (j, i) covers [i, i + 1) x [j, j + 1).
    inner_px, outer_px
        Radii, (n,): the centre is the mean within `inner_px`, or the pixel there; the surround the
        median between 1.5 and 2.5 of `outer_px`, at least two pixels away.
    out
        (n,), overwritten.
    """
    height, width = luminance.shape
    room = np.empty(_MOST, np.float64)
    for n in range(x_px.shape[0]):
        x, y = x_px[n], y_px[n]
        near, far = max(1.5 * outer_px[n], 2.0), max(2.5 * outer_px[n], 3.5)
        total, count, used = 0.0, 0, 0
        top, left = max(math.floor(y - far), 0), max(math.floor(x - far), 0)
        for j in range(top, min(math.ceil(y + far) + 1, height)):
            for i in range(left, min(math.ceil(x + far) + 1, width)):
                rho = math.hypot(i + 0.5 - x, j + 0.5 - y)
                if rho <= inner_px[n]:
                    total += luminance[j, i]
                    count += 1
                elif near <= rho <= far and used < _MOST:
                    room[used] = luminance[j, i]
                    used += 1
        if count == 0:
            i, j = math.floor(x), math.floor(y)
            if 0 <= i < width and 0 <= j < height:
                total, count = luminance[j, i], 1
        if count == 0 or used == 0:
            out[n] = np.nan
        else:
            around = np.median(room[:used])
            out[n] = 1.0 - total / count / around if around > 0.0 else 0.0


def contrast_sensitivity(cycles_per_degree: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how little contrast an eye tells, 1 / threshold.

    J. L. Mannos, D. J. Sakrison, IEEE Trans. Inf. Theory 20 (1974) 525, whose peak is 1; that it is
    250 in daylight is assumed, within what is measured (100 to 500).
    """
    f = 0.114 * cycles_per_degree
    curve: NDArray[np.float64] = 250.0 / 0.9808 * 2.6 * (0.0192 + f) * np.exp(-(f**1.1))
    return curve
