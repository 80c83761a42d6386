"""How granular dots are: what is uneven around the rings of each, beside what the engine has.

Two to four periods a turn count: one is a centre that is off, and more is noise.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from smpengine.photo.fit_light import Array, Float32Array, on_rings
from smpengine.photo.fit_noise import remainder_of
from smpengine.photo.fit_places import Places
from smpengine.photo.fit_solve import Problem, Solution

USUAL: Final = 0.5
USUAL_SIGMA: Final = 0.3
"""Before anything is seen: anything from even discs to a few crumbs."""
_RINGS_MM: Final = (0.03, 0.05, 0.07, 0.09)
_BANDS: Final = (0.40, 0.45, 0.15)
_TRIED: Final = (0.0, 0.3, 0.6, 1.0)
_ERROR: Final = 0.08
"""Of the unevenness that is foretold: grain in a dot is not quite what it is beside it."""


def granularity_of(problem: Problem, solution: Solution) -> tuple[float, float]:
    """Return the granularity that the picture's dots look like, 0 to 1, and its standard error."""
    places = problem.places.rows(problem.places.alone).rows(problem.kept)
    remainder = remainder_of(problem.light, solution.drawn)
    seen = _unevenness(problem.light.bands / remainder.skin, places, problem.s)
    foretold = []
    for granularity in _TRIED:
        model = replace(problem.model, granularity=granularity)
        drawn = model.light(solution.values, problem.places)
        each = [_unevenness(p, places, problem.s).mean() for p in remainder.elsewhere(drawn, 3)]
        foretold.append(float(np.mean(each)))
    fine = np.linspace(0.0, 1.0, 101)
    # Quadratic in granularity: what is uneven goes as the square of what is there.
    curve = np.polyval(np.polyfit(_TRIED, foretold, 2), fine)
    sigma = math.hypot(seen.std() / math.sqrt(len(seen)), _ERROR * float(seen.mean()))
    chance = -0.5 * ((curve - seen.mean()) / sigma) ** 2
    chance -= 0.5 * ((fine - USUAL) / USUAL_SIGMA) ** 2
    weight = np.exp(chance - chance.max())
    weight /= weight.sum()
    mean = float((weight * fine).sum())
    return mean, float(np.sqrt((weight * (fine - mean) ** 2).sum()))


def _unevenness(bands: Float32Array, places: Places, px_per_mm: float) -> Array:
    """Return the power around rings of each dot, (n,)."""
    plane = np.ascontiguousarray(bands @ np.array(_BANDS, np.float32))
    x, y = places.x_mm * px_per_mm, places.y_mm * px_per_mm
    rings = on_rings(plane, x, y, np.array(_RINGS_MM) * px_per_mm)
    power: Array = (np.abs(np.fft.rfft(rings, axis=2)[..., 2:5]) ** 2).sum(axis=(1, 2))
    return power
