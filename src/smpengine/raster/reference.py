"""The oracle: float64 NumPy, one splat at a time, no levels and no cut-off that can be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.splats import (
    MAX_CAP,
    SHAFT_COLUMNS,
    SIDES,
    Discs,
    Gaussians,
    PixelWindow,
    Shafts,
)

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


def draw_shafts(shafts: Shafts, window: PixelWindow) -> tuple[NDArray[np.float64], ...]:
    """Sum shafts over a window, sampled at pixel centres.

    Returns
    -------
    ndarray
        Float64 (height, width): T, the product of 1 - coverage.
    ndarray
        Float64 (height, width, bands): the mean reflectance of the shafts there, 0 without any.
    """
    shape = np.asarray(shafts.shape, np.float64)
    bands = shape.shape[1] - len(SHAFT_COLUMNS)
    through = np.ones((window.height, window.width))
    total, light = np.zeros_like(through), np.zeros((*through.shape, bands))
    for n in range(len(shape)):
        along_x, along_y, middle, half, radius, slope, stretch, opacity, gloss = shape[n, :9]
        reach = abs(middle) + half + 2.0 * radius + 2.0
        rows = _span(shafts.y_px[n], reach, window.row0, window.height)
        cols = _span(shafts.x_px[n], reach, window.col0, window.width)
        dy = (np.arange(rows.start, rows.stop) + window.row0 + 0.5 - shafts.y_px[n])[:, None]
        dx = (np.arange(cols.start, cols.stop) + window.col0 + 0.5 - shafts.x_px[n])[None, :]
        s, t = dx * along_x + dy * along_y - middle, np.abs(dy * along_x - dx * along_y)
        r = radius + slope * np.clip(s, -half, half)
        cover = np.minimum(t + 0.5, r) - np.maximum(t - 0.5, -r)
        beyond = stretch * np.maximum(np.abs(s) - half, 0.0)
        rho = np.maximum(np.hypot(beyond, t), 1e-15)
        box = np.where(beyond > 0.0, np.hypot(beyond * stretch, t) / rho, 1.0)
        end = (np.minimum(rho + box / 2, r) - np.maximum(rho - box / 2, -r)) / box
        cover = opacity * np.maximum(np.where(beyond > 0.0, np.minimum(cover, end), cover), 0.0)
        facing = 1.0 - np.minimum((t / radius) ** 2, 1.0)
        body = shape[n, 9:] * (1.0 - SIDES + SIDES * facing)[..., None]
        through[rows, cols] *= 1.0 - cover
        total[rows, cols] += cover
        light[rows, cols] += cover[..., None] * (body + gloss * facing[..., None])
    return through, light / np.maximum(total, 1e-20)[..., None]
