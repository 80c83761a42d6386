"""The least squares: logarithms of the numbers that explain the mean dot, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.fit_light import Array, Float32Array, Light, profiles
from smpengine.photo.fit_model import LEAST, MOST, Model
from smpengine.photo.fit_places import Places

START: Final = (0.065, 40.0, 40.0, 40.0, 1.0)
"""Radius in mm, absorption per mm in R, G, B, scattering: where the fit begins."""
PRIOR_MEAN: Final = (0.065, 50.0, 50.0, 50.0, 1.0)
PRIOR_SIGMA: Final = (0.6, 1.5, 1.5, 1.5, 0.4)
"""Of logarithms: what settled dots, pigments and skins are like before anything was seen."""
COLOUR_SIGMA: Final = 0.6
"""Of the logarithm of absorption in one band over the next: carbon 0, iron oxides 0.6."""
MODEL_ERROR: Final = 0.001
"""Of a mean profile, relative to its depth: what sampling and places leave."""
_SHRINK: Final = 0.8
_STEP: Final = 0.02
_OUTLIER: Final = 4.0


@dataclass(frozen=True)
class Level:
    """How much darker the treated area is than bare skin.

    Attributes
    ----------
    absorbance
        -ln of mean light over that of bare skin, (3,).
    sigma
        Its standard errors, (3,).
    region
        The treated area, bool (height, width).
    """

    absorbance: Array
    sigma: Array
    region: NDArray[np.bool_]


@dataclass(frozen=True)
class Solution:
    """What the least squares found.

    Attributes
    ----------
    logs
        Of radius, absorption in R, G, B, scattering, (5,); and what the logarithm of the number
        of dots is over that of what was counted, (6,) where the level is known.
    covariance
        Of those.
    drawn
        Light as the engine has it there.
    chi2
        Of the mean profile, by number: about 1 where the model explains it.
    spread
        Standard deviation of the logarithm of single dots' depth, beyond noise.
    """

    logs: Array
    covariance: Array
    drawn: Float32Array
    chi2: float
    spread: float


class Problem:
    """The picture's mean dot beside the engine's at the same places."""

    def __init__(self, light: Light, places: Places, model: Model) -> None:
        self.model, self.places = model, places
        self.s = light.px_per_mm
        chosen = places.alone
        self.x, self.y = places.x_mm[chosen] * self.s, places.y_mm[chosen] * self.s
        self.each = profiles(light.bands, self.x, self.y, self.s)  # (n, bands, rings)
        self.kept = np.ones(self.x.size, bool)
        self.whiten = np.eye(self.each[0].size)
        self.level: Level | None = None
        self.log_count_sigma = 1.0

    def weigh(self, drawn: Float32Array) -> None:
        """Leave out dots that are like no other, and work out how sure the mean of the rest is."""
        n = self.x.size
        left = (self.each - profiles(drawn, self.x, self.y, self.s)).reshape(n, -1)
        scatter = 1.4826 * np.median(np.abs(left - np.median(left, axis=0)), axis=0) + 1e-6
        score = np.sqrt(np.mean(((left - np.median(left, axis=0)) / scatter) ** 2, axis=1))
        self.kept = score <= _OUTLIER * np.median(score)
        count = int(self.kept.sum())
        found = np.cov(left[self.kept].T)
        found = _SHRINK * found + (1.0 - _SHRINK) * np.diag(np.diag(found))
        mean = self.each[self.kept].mean(axis=0)
        floor = MODEL_ERROR * np.repeat(np.ptp(mean, axis=1), mean.shape[1])
        covariance = found / count + np.diag(floor**2 + 1e-10)
        self.whiten = np.linalg.inv(np.linalg.cholesky(covariance))

    def residuals(self, logs: Array) -> Array:
        """Return what is left, each in standard deviations; priors are the last of them."""
        drawn = self.model.light(logs[:5], self.places)
        mine = profiles(drawn, self.x[self.kept], self.y[self.kept], self.s)
        left = (mine.mean(axis=0) - self.each[self.kept].mean(axis=0)).ravel()
        parts = [self.whiten @ left]
        if self.level is not None:
            parts.append(self._of_level(drawn, logs))
        return np.concatenate([*parts, self._priors(logs)])

    def _of_level(self, drawn: Float32Array, logs: Array) -> Array:
        assert self.level is not None
        region = self.level.region
        taken = -np.log(drawn[region].mean(axis=0, dtype=np.float64)) * np.exp(logs[5])
        out: Array = (taken - self.level.absorbance) / self.level.sigma
        return out

    def _priors(self, logs: Array) -> Array:
        own = (logs[:5] - np.log(PRIOR_MEAN)) / PRIOR_SIGMA
        colour = np.diff(logs[1:4]) / COLOUR_SIGMA
        count = logs[5:] / self.log_count_sigma
        return np.concatenate([own, colour, count])

    @property
    def data_rows(self) -> int:
        """How many residuals are of the mean profile."""
        return int(self.each[0].size)


def solve(problem: Problem, start: Array, step: Callable[[], None] = lambda: None) -> Solution:
    """Find the logarithms that explain the mean dot best.

    Parameters
    ----------
    problem
        The comparison; its weights are worked out anew.
    start
        (5,), or (6,) where the level is known.
    step
        Called when a round is over.
    """
    from scipy.optimize import least_squares

    low = np.log([*LEAST, np.exp(-0.7)])[: start.size]
    high = np.log([*MOST, np.exp(0.7)])[: start.size]
    problem.weigh(problem.model.light(start[:5], problem.places))
    found = least_squares(
        problem.residuals, np.clip(start, low + 1e-3, high - 1e-3), bounds=(low, high),
        diff_step=_STEP, xtol=2e-4, ftol=1e-5, gtol=1e-6, max_nfev=12,
    )  # fmt: skip
    step()
    rows = problem.data_rows
    chi2 = float((found.fun[:rows] ** 2).sum()) / rows
    covariance = np.linalg.inv(found.jac.T @ found.jac) * max(chi2, 1.0)
    drawn = problem.model.light(found.x[:5], problem.places)
    return Solution(found.x, covariance, drawn, chi2, 0.0)
