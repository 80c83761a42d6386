"""How dots lie: density, symmetry, mirrored twins, regularity, evenness."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.dots import Blobs
from smpengine.verdict.picture import Float32Array, Picture

NAN: Final = float("nan")
FEWEST: Final = 12
"""Dots that a pattern takes; below, it is nan."""
TWIN_MM: Final = 0.12
"""How near a mirrored dot must be to count as a twin."""
CELL_MM: Final = 1.0
_AXES: Final = 81  # mirror axes that are tried


def density_map(
    picture: Picture, dots: Blobs, sigma_mm: float = 1.5
) -> tuple[Float32Array, NDArray[np.float64]]:
    """Return dots per cm2 on a grid, and the grid's scale (px/mm, down and across).

    Parameters
    ----------
    picture, dots
        What was found where.
    sigma_mm
        Of the Gaussian that spreads each dot; the picture's edges take nothing away.
    """
    from scipy.ndimage import gaussian_filter

    height_mm, width_mm = picture.shape_mm
    per_mm = 4.0 if max(height_mm, width_mm) < 150.0 else 1.0
    shape = max(round(height_mm * per_mm), 1), max(round(width_mm * per_mm), 1)
    bins = [np.linspace(0, height_mm, shape[0] + 1), np.linspace(0, width_mm, shape[1] + 1)]
    count, _, _ = np.histogram2d(dots.y_mm, dots.x_mm, bins=bins)
    scale = np.array([shape[0] / height_mm, shape[1] / width_mm])
    out = gaussian_filter(count, sigma_mm * scale, mode="reflect") * scale[0] * scale[1] * 100.0
    return out.astype(np.float32), scale


def clark_evans(dots: Blobs, area_mm2: float) -> float:
    """Return mean nearest-neighbour distance over that of a random pattern.

    R = 1 random, over 1 regular, under 1 clumped: P. J. Clark, F. C. Evans, Ecology 35 (1954) 445;
    the perimeter as by K. P. Donnelly (1978), for a square of that area:
    E(r) = 0.5 sqrt(A / n) + (0.0514 + 0.041 / sqrt(n)) P / n.
    """
    n = len(dots)
    if n < FEWEST or area_mm2 <= 0.0:
        return NAN
    perimeter = 4.0 * np.sqrt(area_mm2)
    want = 0.5 * np.sqrt(area_mm2 / n) + (0.0514 + 0.041 / np.sqrt(n)) * perimeter / n
    return float(nearest(dots).mean() / want)


def nearest(dots: Blobs) -> NDArray[np.float64]:
    """Return the distance of each dot to the next, mm."""
    from scipy.spatial import cKDTree

    places = np.column_stack([dots.x_mm, dots.y_mm])
    return np.asarray(cKDTree(places).query(places, k=2)[0][:, 1])


def close_pairs(dots: Blobs) -> float:
    """Return the share of dots whose neighbour is nearer than two median widths."""
    if len(dots) < FEWEST:
        return NAN
    return float((nearest(dots) < 2.0 * np.median(dots.fwhm_mm)).mean())


def symmetry(dots: Blobs, width_mm: float) -> float:
    """Return the lesser over the greater count of dots left and right of the middle."""
    if len(dots) < FEWEST:
        return NAN
    left = int((dots.x_mm < 0.5 * width_mm).sum())
    right = len(dots) - left
    return min(left, right) / max(left, right)


def twins(dots: Blobs, width_mm: float) -> tuple[float, float]:
    """Return the share of dots that have a mirrored partner, and what chance would give.

    The axis is vertical, wherever within a tenth of the width of the middle the share is greatest.
    Chance is the median over all axes that were tried: a true mirror stands out of it.
    """
    from scipy.spatial import cKDTree

    if len(dots) < FEWEST:
        return NAN, NAN
    places = np.column_stack([dots.x_mm, dots.y_mm])
    tree = cKDTree(places)
    reach = 0.05 * width_mm
    step = max(2.0 * reach / (_AXES - 1), 0.5 * TWIN_MM)
    count = int(np.ceil(reach / step))
    axes = 0.5 * width_mm + np.arange(-count, count + 1) * step
    shares = np.empty(axes.size)
    for k, axis in enumerate(axes):
        mirrored = np.column_stack([2.0 * axis - places[:, 0], places[:, 1]])
        inside = (mirrored[:, 0] >= 0.0) & (mirrored[:, 0] <= width_mm)
        gap = tree.query(mirrored[inside], distance_upper_bound=TWIN_MM)[0]
        shares[k] = np.isfinite(gap).mean() if inside.any() else 0.0
    return float(shares.max()), float(np.median(shares))


def evenness(
    dots: Blobs, treated: NDArray[np.bool_], px_per_mm: float, side_mm: float = 3.0
) -> float:
    """Return the coefficient of variation of counts in squares, beyond Poisson.

    sqrt(max(var - mean, 0)) / mean of the counts in squares of about `side_mm` that are treated all
    over.
    """
    height, width = treated.shape
    side = side_mm * px_per_mm
    down, across = int(height // side), int(width // side)
    if min(down, across) < 1 or len(dots) < FEWEST:
        return NAN
    rows, cols = np.linspace(0, height, down + 1), np.linspace(0, width, across + 1)
    count, _, _ = np.histogram2d(dots.y_mm * px_per_mm, dots.x_mm * px_per_mm, bins=[rows, cols])
    at = rows[:-1].astype(int), cols[:-1].astype(int)
    share = np.add.reduceat(
        np.add.reduceat(treated.astype(np.float64), at[0], axis=0), at[1], axis=1
    )
    whole = share > 0.98 * (height / down) * (width / across)
    values = count[whole]
    mean = float(values.mean()) if values.size else 0.0
    if values.size < 4 or mean <= 0.0:
        return NAN
    return float(np.sqrt(max(float(values.var(ddof=1)) - mean, 0.0)) / mean)


def shade_sd(picture: Picture, treated: NDArray[np.bool_]) -> float:
    """Return the standard deviation of absorbance at 3 to 10 mm, of the treated area."""
    import cv2

    height, width = picture.absorbance.shape
    if min(picture.shape_mm) < 6.0 or not treated.any():
        return NAN
    # Four samples a mm are plenty for blurs of a millimetre and more.
    size = (
        max(round(width * 4 / picture.px_per_mm), 1),
        max(round(height * 4 / picture.px_per_mm), 1),
    )
    small = cv2.resize(picture.absorbance, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(treated.astype(np.float32), size, interpolation=cv2.INTER_AREA)

    def blurred(sigma_mm: float) -> Float32Array:
        top = cv2.GaussianBlur(small * inside, (0, 0), 4.0 * sigma_mm)
        below = cv2.GaussianBlur(inside, (0, 0), 4.0 * sigma_mm)
        out: Float32Array = top / np.maximum(below, 1e-6)
        return out

    return float((blurred(1.5) - blurred(5.0))[inside > 0.5].std())
