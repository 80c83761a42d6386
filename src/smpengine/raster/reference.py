"""The oracle: float64 NumPy, one splat at a time, no levels and no cut-off that can be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.splats import MAX_CAP, Discs, Gaussians, PixelWindow

_REACH_SIGMA = 9.0  # exp(-40.5) is under 3e-18 of the peak


def draw_gaussians(gaussians: Gaussians, window: PixelWindow) -> NDArray[np.float64]:
    """Sum Gaussians over a window, sampled at pixel centres.

    Returns
    -------
    ndarray
        Float64 (height, width, channels).
    """
    peak = np.asarray(gaussians.peak, np.float64)
    field = np.zeros((window.height, window.width, peak.shape[1]))
    for n in range(peak.shape[0]):
        sigma = float(gaussians.sigma_px[n])
        rows = _span(gaussians.y_px[n], _REACH_SIGMA * sigma, window.row0, window.height)
        cols = _span(gaussians.x_px[n], _REACH_SIGMA * sigma, window.col0, window.width)
        y = np.arange(rows.start, rows.stop) + window.row0 + 0.5 - gaussians.y_px[n]
        x = np.arange(cols.start, cols.stop) + window.col0 + 0.5 - gaussians.x_px[n]
        rho2 = y[:, None] ** 2 + x[None, :] ** 2
        field[rows, cols] += np.exp(-rho2 / (2.0 * sigma * sigma))[:, :, None] * peak[n]
    return field


def draw_discs(discs: Discs, window: PixelWindow) -> NDArray[np.float64]:
    """Sum the absorbance of soft discs over a window, sampled at pixel centres.

    Returns
    -------
    ndarray
        Float64 (height, width, bands): sum of -ln(1 - min(cap D, 0.9995)).
    """
    cap = np.asarray(discs.cap, np.float64)
    field = np.zeros((window.height, window.width, cap.shape[1]))
    for n in range(cap.shape[0]):
        inv_spread = float(discs.inv_spread_per_px2[n])
        edge = float(discs.edge[n])
        reach = np.sqrt((max(edge, 0.0) + 40.0) / inv_spread)
        rows = _span(discs.y_px[n], reach, window.row0, window.height)
        cols = _span(discs.x_px[n], reach, window.col0, window.width)
        y = np.arange(rows.start, rows.stop) + window.row0 + 0.5 - discs.y_px[n]
        x = np.arange(cols.start, cols.stop) + window.col0 + 0.5 - discs.x_px[n]
        rho2 = y[:, None] ** 2 + x[None, :] ** 2
        disc = (1.0 + np.exp(-edge)) / (1.0 + np.exp(np.minimum(rho2 * inv_spread - edge, 60.0)))
        field[rows, cols] -= np.log1p(-np.minimum(disc[:, :, None] * cap[n], MAX_CAP))
    return field


def _span(centre_px: float, reach_px: float, start: int, count: int) -> slice:
    """Return the window's rows (or columns) whose centres lie within reach."""
    low = np.clip(np.ceil(centre_px - reach_px - 0.5) - start, 0, count)
    high = np.clip(np.floor(centre_px + reach_px - 0.5) + 1 - start, 0, count)
    return slice(int(low), max(int(low), int(high)))
