"""What one would write without smpengine: a separable Numba loop, and NumPy."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

BAND_ROWS = 64


@njit(cache=True)
def _bin(y, reach, bands, row0):
    """List the splats that touch each band of rows, in their order."""
    start = np.zeros(bands + 1, np.int64)
    for n in range(y.size):
        first = max(int((y[n] - row0 - reach[n]) // BAND_ROWS), 0)
        last = min(int((y[n] - row0 + reach[n]) // BAND_ROWS), bands - 1)
        for band in range(first, last + 1):
            start[band + 1] += 1
    start = np.cumsum(start)
    order, cursor = np.empty(start[-1], np.int64), start.copy()
    for n in range(y.size):
        first = max(int((y[n] - row0 - reach[n]) // BAND_ROWS), 0)
        last = min(int((y[n] - row0 + reach[n]) // BAND_ROWS), bands - 1)
        for band in range(first, last + 1):
            order[cursor[band]] = n
            cursor[band] += 1
    return order, start


@njit(parallel=True, cache=True)
def _loop(x, y, sigma, peak, order, start, row0, col0, out):
    """Draw by bands of rows: rows + columns of exp a splat, cut off at 4 sigma.

    As a careful person writes it: planes that the compiler can vectorise, interleaved last.
    """
    height, width, _ = out.shape
    for band in prange(start.shape[0] - 1):
        top, bottom = band * BAND_ROWS, min((band + 1) * BAND_ROWS, height)
        planes = np.zeros((3, BAND_ROWS, width), np.float32)
        red, green, blue = planes[0], planes[1], planes[2]
        across = np.empty(width, np.float32)
        for q in range(start[band], start[band + 1]):
            n = order[q]
            reach, u, v = 4.0 * sigma[n], x[n] - col0, y[n] - row0
            i0 = max(math.ceil(u - reach - 0.5), 0)
            count = min(math.floor(u + reach - 0.5) + 1, width) - i0
            j0 = max(math.ceil(v - reach - 0.5), top)
            j1 = min(math.floor(v + reach - 0.5) + 1, bottom)
            k = np.float32(-0.5 / (sigma[n] * sigma[n]))
            offset = np.float32(i0 + 0.5 - u)
            for i in range(count):
                dx = np.float32(i) + offset
                across[i] = math.exp(k * dx * dx)
            for j in range(j0, j1):
                dy = np.float32(j + 0.5 - v)
                down = np.float32(math.exp(k * dy * dy))
                r, g, b = down * peak[n, 0], down * peak[n, 1], down * peak[n, 2]
                # Indices from 0 on, which the compiler knows are not counted from the end.
                rs, gs, bs = red[j - top, i0:], green[j - top, i0:], blue[j - top, i0:]
                for i in range(count):
                    rs[i] += r * across[i]
                for i in range(count):
                    gs[i] += g * across[i]
                for i in range(count):
                    bs[i] += b * across[i]
        for j in range(top, bottom):
            for i in range(width):
                out[j, i, 0] = red[j - top, i]
                out[j, i, 1] = green[j - top, i]
                out[j, i, 2] = blue[j - top, i]


def numba_loop(
    x: NDArray[np.float64], y: NDArray[np.float64], sigma: NDArray[np.float32],
    peak: NDArray[np.float32], origin_px: tuple[int, int], out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Draw by the plain loop, binning included, into `out`, (height, width, 3)."""
    bands = -(-out.shape[0] // BAND_ROWS)
    order, start = _bin(y, 4.0 * sigma, bands, origin_px[0])
    _loop(x, y, sigma, peak, order, start, *origin_px, out)


def numpy_loop(
    x: NDArray[np.float64], y: NDArray[np.float64], sigma: NDArray[np.float32],
    peak: NDArray[np.float32], origin_px: tuple[int, int], out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Draw splat by splat in NumPy, cut off at 4 sigma."""
    height, width, _ = out.shape
    out[...] = 0.0
    for n in range(x.size):
        reach, u, v = 4.0 * sigma[n], x[n] - origin_px[1], y[n] - origin_px[0]
        i = np.arange(max(math.ceil(u - reach - 0.5), 0), min(math.floor(u + reach + 0.5), width))
        j = np.arange(max(math.ceil(v - reach - 0.5), 0), min(math.floor(v + reach + 0.5), height))
        k = -0.5 / sigma[n] ** 2
        across, down = np.exp(k * (i + 0.5 - u) ** 2), np.exp(k * (j + 0.5 - v) ** 2)
        if i.size and j.size:
            block = out[j[0] : j[-1] + 1, i[0] : i[-1] + 1]
            block += (down[:, None] * across)[..., None] * peak[n]
