"""How much darker a dot is than what surrounds it, measured in a picture."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MOST: Final = 4096  # pixels of a surround that are looked at
_CLOSE: Final = 1e-9  # of a squared radius; beyond it a root cannot round onto the other side


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
        Radii, (n,), the first no larger: the centre is the mean within `inner_px`, or the pixel
        there; the surround the median between 1.5 and 2.5 of `outer_px`, at least two pixels away.
    out
        (n,), overwritten.
    """
    room, spare = np.empty(_MOST + 1, np.float64), np.empty(_MOST + 1, np.float64)
    for n in range(x_px.shape[0]):
        near, far = max(1.5 * outer_px[n], 2.0), max(2.5 * outer_px[n], 3.5)
        centre = _centre(luminance, x_px[n], y_px[n], inner_px[n])
        used = _surround(luminance, x_px[n], y_px[n], near, far, room)
        if used == 0 or math.isnan(centre):
            out[n] = np.nan
        else:
            around = _median(room, spare, used)
            out[n] = 1.0 - centre / around if around > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _centre(luminance, x, y, radius):
    """Return the mean within a radius, or the pixel there; nan where the picture shows neither."""
    height, width = luminance.shape
    total, count = 0.0, 0
    for j in range(max(math.floor(y - radius), 0), min(math.ceil(y + radius) + 1, height)):
        for i in range(max(math.floor(x - radius), 0), min(math.ceil(x + radius) + 1, width)):
            if math.hypot(i + 0.5 - x, j + 0.5 - y) <= radius:
                total += luminance[j, i]
                count += 1
    if count > 0:
        return total / count
    i, j = math.floor(x), math.floor(y)
    return luminance[j, i] if 0 <= i < width and 0 <= j < height else np.nan


@njit(nogil=True, cache=True)
def _surround(luminance, x, y, near, far, room):
    """Put the pixels from `near` to `far` into `room`, the first `_MOST`; return how many.

    Each is written, and kept by a count that moves or does not: to guess which are near would cost
    more than all else. The root is asked for only where the squares are too close to tell.
    """
    height, width = luminance.shape
    near2, far2 = near * near, far * far
    left, right = max(math.floor(x - far), 0), min(math.ceil(x + far) + 1, width)
    used = 0
    for j in range(max(math.floor(y - far), 0), min(math.ceil(y + far) + 1, height)):
        dy = j + 0.5 - y
        for i in range(left, right):
            dx = i + 0.5 - x
            rho2 = dx * dx + dy * dy
            room[used] = luminance[j, i]
            if min(abs(rho2 - near2), abs(rho2 - far2)) < _CLOSE * far2:
                kept = near <= math.hypot(dx, dy) <= far
            else:
                kept = (rho2 > near2) & (rho2 < far2)
            used += kept & (used < _MOST)
    return used


@njit(nogil=True, cache=True)
def _median(values, spare, count):
    """Return the median of values[:count]; both arrays are written over.

    Quickselect whose passes write each value to both sides and move the end of one: no branch is
    there to be guessed wrong, and values equal to the pivot, as bare skin's are, end it.
    """
    rank, even = count // 2, count % 2 == 0
    below = values[0]  # the largest of what is left behind below
    while True:
        first, middle, last = values[0], values[count // 2], values[count - 1]
        pivot = max(min(first, middle), min(max(first, middle), last))
        low, high = 0, 0
        for k in range(count):
            value = values[k]
            values[low] = value
            low += value < pivot
            spare[high] = value
            high += value > pivot
        if rank < low:
            count = low
        elif rank >= count - high:
            rank -= count - high
            below, count = pivot, high
            values, spare = spare, values
        else:
            break
    if not even or rank > low:
        return pivot
    for k in range(low):
        below = values[k] if k == 0 else max(below, values[k])
    return (below + pivot) / 2.0


def contrast_sensitivity(cycles_per_degree: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how little contrast an eye tells, 1 / threshold.

    J. L. Mannos, D. J. Sakrison, IEEE Trans. Inf. Theory 20 (1974) 525, whose peak is 1; that it is
    250 in daylight is assumed, within what is measured (100 to 500).
    """
    f = 0.114 * cycles_per_degree
    curve: NDArray[np.float64] = 250.0 / 0.9808 * 2.6 * (0.0192 + f) * np.exp(-(f**1.1))
    return curve
