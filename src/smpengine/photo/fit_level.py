"""How dark the treated area is beside bare skin: the halos that reach further than any ring."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.fit_count import Count
from smpengine.photo.fit_light import Array, Light
from smpengine.photo.fit_solve import Level, Problem

_AWAY_MM: Final = 2.0
"""Bare skin is what is further than that from the treated area: halos end before."""
_LEAST_MM2: Final = 20.0
_BLOCK_MM: Final = 2.0
_PATCHY: Final = 2.0
"""Skin is uneven on scales of several blocks, so blocks say less than as many alone would."""
_ERROR: Final = 0.004
"""Of the engine's own mean absorbance, and of a lamp that is nearly even."""


def level_of(light: Light, part: Light, problem: Problem, count: Count) -> Level | None:
    """Return how dark the treated area of a part is, or None where no bare skin is seen.

    Parameters
    ----------
    light, part
        The picture, and what of it is fitted.
    problem
        Its fit.
    count
        Of the dots in the treated area of the part.
    """
    import cv2

    if light.mask is None or part.mask is None or not part.mask.any():
        return None
    reach = 2 * round(_AWAY_MM * light.px_per_mm) + 1
    bare = cv2.dilate(light.mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0
    if bare.sum() < _LEAST_MM2 * light.px_per_mm**2:
        return None
    treated, treated_error = _mean(part.bands, part.mask, light.px_per_mm)
    around, around_error = _mean(light.bands, np.asarray(bare), light.px_per_mm)
    sigma = np.sqrt(treated_error**2 + around_error**2 + _ERROR**2)
    places = problem.places
    within = ~places.beyond(part.bands.shape, part.px_per_mm)
    log_count = math.log(max(count.present, 1.0) / max(int(within.sum()), 1))
    return Level(np.log(around / treated), sigma, part.mask, log_count, count.log_sigma)


def _mean(
    bands: NDArray[np.float32], where: NDArray[np.bool_], px_per_mm: float
) -> tuple[Array, Array]:
    """Return the mean light of an area, (3,), and the error of its logarithm, from its blocks."""
    size = max(round(_BLOCK_MM * px_per_mm), 1)
    rows, cols = np.nonzero(where)
    block = (rows // size) * (where.shape[1] // size + 1) + cols // size
    count = np.bincount(block)
    full = count > 0.5 * size * size
    light = bands[where]
    mean = light.mean(axis=0, dtype=np.float64)
    if full.sum() < 3:
        return mean, np.full(3, 0.05)
    errors = []
    for b in range(3):
        each = np.bincount(block, weights=light[:, b])[full] / count[full]
        errors.append(_PATCHY * float(np.std(each / mean[b])) / math.sqrt(int(full.sum())))
    return mean, np.array(errors)
