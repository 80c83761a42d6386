"""The stubble index: from 0, a flat shadow, to 1, stubble."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.dots import FWHM_PER_SIGMA, THRESHOLD, Blobs, Found
from smpengine.verdict.picture import Picture

WEAKEST: Final = 0.12
"""Of the strong blobs' depth: what is less deep is the ringing of a codec, or of the eye."""
CONSTANT: Final = -14.89
COEFFICIENTS: Final = (1.0, 1.65, 3.22, 4.53, 3.21, 2.47, 0.5, 3.27, 2.51, 3.0)
FINER: Final = 2.45
"""Of the logistic, one for each feature; a fine grid, which shows shapes better, asks for more.

Fitted by benchmarks/verdict/fit.py.
"""
FEWEST_PER_CM2: Final = 20.0
"""Fewer dots than this are not stubble, however plain: the index falls with the square of them."""
MOST_DOTTY: Final = 0.95
"""More than this share is as good: of dense fine dots some look too narrow, or touch."""


@dataclass(frozen=True)
class Features:
    """What the index is made of; each is 0 to 1, and more of it is more like stubble.

    Attributes
    ----------
    one_sided
        Excess of dark dots over bright ones, over both, by squared depth: 0 in noise and grain.
    dotty
        Share of the dark blobs, by depth, that are dots.
    shapely
        Mean roundness of the dark blobs.
    alone
        Share of the dark blobs, by depth, that fall to all sides nearly alike.
    isolated
        How far all but a tenth of the dark blobs fall on their least steep sides.
    covered
        Share of what is deep in the picture that lies in dots.
    many
        Dots in excess of bright ones, n / (n + 30 per cm2).
    deep
        How far the deepest dots stand out of noise: 1 - 4 / (90th percentile of depth).
    usual
        How far the usual blob does: 1 - 4 / (median depth).
    crisp
        Contrast over width of the dots, k / (k + 5 per mm).
    """

    one_sided: float
    dotty: float
    shapely: float
    alone: float
    isolated: float
    covered: float
    many: float
    deep: float
    usual: float
    crisp: float

    def values(self) -> NDArray[np.float64]:
        """Return them in order."""
        return np.array(astuple(self))


NAMES: Final = tuple(f.name for f in fields(Features))
NOTHING: Final = Features(*(0.0 for _ in NAMES))
"""Of a picture without blobs."""


def per_cm2(found: Features) -> float:
    """Return the dots in excess of chance that a feature stands for."""
    return 30.0 * found.many / max(1.0 - found.many, 1e-9)


def stubble_index(found: Features, px_per_mm: float) -> float:
    """Return the index, 0 flat shadow to 1 stubble.

    Parameters
    ----------
    found
        Features of a picture.
    px_per_mm
        Of the grid that they were measured on.
    """
    score = CONSTANT + float(np.dot(COEFFICIENTS, found.values())) - FINER * fineness(px_per_mm)
    gate = min(per_cm2(found) / FEWEST_PER_CM2, 1.0) ** 2
    return gate / (1.0 + math.exp(-max(score, -700.0)))


def fineness(px_per_mm: float) -> float:
    """Return 0 at 10 px/mm and coarser, 1 at 20: how well a grid shows the shape of dots."""
    return float(np.clip(np.log2(px_per_mm / 10.0), 0.0, 1.0))


def features(picture: Picture, found: Found) -> Features:
    """Measure what the index is made of."""
    dark, bright = found.dark, found.bright
    if not len(dark):
        return NOTHING
    least = max(THRESHOLD, WEAKEST * float(np.quantile(dark.depth, 0.9)))
    dark, bright = dark.rows(dark.depth >= least), bright.rows(bright.depth >= least)
    dots = dark.rows(dark.is_dot)
    n, chance = len(dots), int(bright.is_dot.sum())
    if not n:
        return NOTHING
    weight = np.minimum(dark.depth, 4.0 * THRESHOLD)
    alike = (dark.alone > 0.85) & (dark.alone < 1.2)
    excess = max(n - chance, 0)
    area = picture.area_cm2 if picture.mask is None else picture.mask.mean() * picture.area_cm2
    density = excess / max(area, 1e-9)
    crisp = float(np.median(dots.contrast / np.maximum(dots.fwhm_mm, 0.1)))
    return Features(
        one_sided=_one_sided(dots, bright.rows(bright.is_dot)),
        dotty=min(float(np.average(dark.is_dot, weights=weight)), MOST_DOTTY),
        shapely=float(np.average(dark.roundness, weights=weight)),
        alone=float(np.average(alike, weights=weight)),
        isolated=float(np.clip(np.quantile(dark.alone, 0.1), 0.0, 1.0)),
        covered=_covered(picture, found, dots, least),
        many=density / (density + 30.0),
        deep=max(1.0 - THRESHOLD / float(np.quantile(dots.depth, 0.9)), 0.0),
        usual=max(1.0 - THRESHOLD / float(np.median(dark.depth)), 0.0),
        crisp=crisp / (crisp + 5.0),
    )


def _one_sided(dots: Blobs, bright: Blobs) -> float:
    """Return (dark - bright) / (dark + bright) of squared depths, 0 if bright outweighs."""
    ours, chance = float((dots.depth**2).sum()), float((bright.depth**2).sum())
    return max(ours - chance, 0.0) / (ours + chance + 5.0 * THRESHOLD**2)


def _covered(picture: Picture, found: Found, dots: Blobs, least: float) -> float:
    """Return the share of strength over the threshold that lies in dots."""
    import cv2

    over = np.maximum(found.strength - np.float32(least), 0.0)
    if picture.mask is not None:
        over = over * picture.mask
    near = np.zeros(over.shape, np.uint8)
    seen = np.hypot(dots.fwhm_mm / FWHM_PER_SIGMA, 0.06)
    radius = np.clip(np.round(1.4 * seen * picture.px_per_mm), 1, 8).astype(int)
    row = np.clip((dots.y_mm * picture.px_per_mm).astype(int), 0, over.shape[0] - 1)
    col = np.clip((dots.x_mm * picture.px_per_mm).astype(int), 0, over.shape[1] - 1)
    for r in np.unique(radius):
        points = np.zeros_like(near)
        mine = radius == r
        points[row[mine], col[mine]] = 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(r) + 1, 2 * int(r) + 1))
        near |= cv2.dilate(points, kernel)
    total = float(over.sum(dtype=np.float64))
    return float((over * near).sum(dtype=np.float64)) / total if total > 0.0 else 0.0
