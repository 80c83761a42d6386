"""The least squares: numbers that explain the mean dot, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.fit_codec import lightness, passed
from smpengine.photo.fit_light import Array, Float32Array, Light, profiles
from smpengine.photo.fit_model import LEAST, LOGS, MOST, MOST_VEIL, Model
from smpengine.photo.fit_noise import remainder_of
from smpengine.photo.fit_places import Places, refined

START: Final = (0.065, 40.0, 40.0, 40.0, 1.0)
"""Radius in mm, absorption per mm in R, G, B, scattering: where the fit begins."""
PRIOR_MEAN: Final = (0.065, 50.0, 50.0, 50.0, 1.0)
PRIOR_SIGMA: Final = (0.6, 1.5, 1.5, 1.5, 0.4)
"""Of logarithms: what settled dots, pigments and skins are like before anything was seen."""
PIGMENT_SIGMA: Final = 0.6
"""Of the logarithm of absorption in one band over the next: carbon 0, iron oxides 0.6."""
VEIL_SIGMA: Final = 0.02
SKIN_SIGMA: Final = 0.05
"""Of the logarithm of bare skin's colour: redness, a tan, the white balance."""
MODEL_ERROR: Final = 0.001
"""Of a mean profile, relative to its depth: what sampling leaves."""
_CODEC_ERROR: Final = 0.3
"""Of what a codec does to the mean dot, relative: tables of another encoder, what noise became."""
_STEP: Final = 0.02
_OUTLIER: Final = 4.0
_ODD: Final = 0.25
"""Of the mean dot's depth: what is off by more, and like no other, is skin that looks like one."""
_ROLLS: Final = 6
_MOST_SWELL: Final = 1.7


@dataclass(frozen=True)
class Level:
    """How much darker the treated area is than bare skin.

    Attributes
    ----------
    absorbance, sigma
        -ln of mean light over that of bare skin, and its standard error, (3,) each.
    region
        The treated area, bool (height, width).
    log_count, log_count_sigma
        Logarithm of how many dots there are over how many are drawn, and how sure that is.
    """

    absorbance: Array
    sigma: Array
    region: NDArray[np.bool_]
    log_count: float
    log_count_sigma: float


@dataclass(frozen=True)
class Solution:
    """What the least squares found.

    Attributes
    ----------
    values
        Logarithms of radius, absorption in R, G, B and scattering; the veil; and, where the level
        is known, the logarithm of the number of dots over what is drawn: (6,) or (7,).
    covariance
        Of those.
    slopes
        Of the residuals by the values.
    drawn
        Light over bare skin's as the engine has it there, float32 (height, width, 3).
    chi2
        Of the mean profile, by number: at most about 1 where the model explains it.
    """

    values: Array
    covariance: Array
    slopes: Array
    drawn: Float32Array
    chi2: float


class Problem:
    """The picture's mean dot beside the engine's at the same places.

    With the quality of a codec, lightness alone.
    """

    def __init__(
        self, light: Light, places: Places, model: Model, drawn: Float32Array,
        codec: int | None = None,
    ) -> None:  # fmt: skip
        self.light, self.model, self.places, self.s = light, model, places, light.px_per_mm
        self.codec = codec
        chosen = places.alone
        self.x, self.y = places.x_mm[chosen] * self.s, places.y_mm[chosen] * self.s
        self.remainder = remainder_of(light, drawn)
        bare = self.remainder.skin.reshape(-1, 3)[::13]
        self.skin = np.median(bare, axis=0).astype(np.float64)
        seen = light.bands if codec is None else lightness(light.bands)
        self.each = profiles(seen, self.x, self.y, self.s)  # (n, bands, rings)
        self.level: Level | None = None
        self._weigh(drawn)
        self.flattening = np.zeros(self.each.shape[1:])
        self.offset = self._centring(drawn)
        self.unsure: list[Array] = [_CODEC_ERROR * self.flattening]
        skin = np.log(self.skin)
        self.colour = skin - skin.mean()

    def _profiles(self, drawn: Float32Array, x_px: Array, y_px: Array) -> Array:
        """Return rings of what is in units of the skin's light, as `each` has them."""
        shown = drawn if self.codec is None else lightness(drawn, self.skin)
        return profiles(shown, x_px, y_px, self.s)

    def _weigh(self, drawn: Float32Array) -> None:
        """Leave out dots that are like no other, and work out how sure the mean of the rest is."""
        n = self.x.size
        left = (self.each - self._profiles(drawn, self.x, self.y)).reshape(n, -1)
        left = left - np.median(left, axis=0)
        scatter = 1.4826 * np.median(np.abs(left), axis=0) + 1e-6
        score = np.sqrt(np.mean((left / scatter) ** 2, axis=1))
        self.kept = score <= _OUTLIER * np.median(score)
        depth = np.ptp(self.each.mean(axis=0), axis=1)[:, None]
        size = np.sqrt(np.mean((left.reshape(self.each.shape) / depth) ** 2, axis=(1, 2)))
        # Two dots in one take more than one does; a pore, a freckle or a speck takes less.
        less = left.mean(axis=1) > 0.0
        self.odd_share = float(np.mean(~self.kept & (size > _ODD) & less))
        count = int(self.kept.sum())
        found = np.cov(left[self.kept].T)
        # Few dots tell little of how rings go together: what is left of that is noise.
        shrink = min(0.5 * len(found) / count, 1.0)
        found = (1.0 - shrink) * found + shrink * np.diag(np.diag(found))
        mean = self.each[self.kept].mean(axis=0)
        floor = MODEL_ERROR * np.repeat(np.ptp(mean, axis=1), mean.shape[1])
        covariance = found / count + np.diag(floor**2 + 1e-10)
        self.whiten = np.linalg.inv(np.linalg.cholesky(covariance))

    def _centring(self, drawn: Float32Array) -> Array:
        """Return what finding centres in noise does to the mean profile, (bands, rings).

        Centres go where noise happens to be dark, which makes the mean dot sharper than dots are.
        What a codec does to it is in it, and is kept as `flattening`.
        """
        x, y = self.x[self.kept], self.y[self.kept]
        offset = np.zeros(self.each.shape[1:])
        for bands in self.remainder.elsewhere(drawn, _ROLLS):
            before = self._profiles(bands, x, y).mean(axis=0)
            seen = bands
            if self.codec is not None:
                seen = self.remainder.light(passed(self.remainder.picture(bands), self.codec))
                self.flattening += (self._profiles(seen, x, y).mean(axis=0) - before) / _ROLLS
            moved = refined(self.places, seen, drawn, self.s)
            to_x, to_y = (
                c[self.places.alone][self.kept] * self.s for c in (moved.x_mm, moved.y_mm)
            )
            offset += self._profiles(seen, to_x, to_y).mean(axis=0) - before
        return offset / _ROLLS

    def left_over(self, drawn: Float32Array) -> Array:
        """Return the picture's mean profile less that of what was drawn, (bands, rings)."""
        mine = self._profiles(drawn, self.x[self.kept], self.y[self.kept]).mean(axis=0)
        out: Array = self.each[self.kept].mean(axis=0) - self.offset - mine
        return out

    def correct(self, more: Array, error: float) -> None:
        """Take into account what else the mean profile holds, known to a relative error."""
        self.offset = self.offset + more
        self.unsure.append(error * more)

    def residuals(self, values: Array, model: Model | None = None) -> Array:
        """Return what is left, each in standard deviations; priors are the last of them.

        `model` is another than the problem's own: what its givens do to the result.
        """
        model = self.model if model is None else model
        drawn = model.light(values, self.places)
        parts = [-self.whiten @ self.left_over(drawn).ravel()]
        if self.level is not None:
            taken = -np.log(drawn[self.level.region].mean(axis=0, dtype=np.float64))
            scaled = taken * np.exp(values[LOGS + 1])
            parts.append((scaled - self.level.absorbance) / self.level.sigma)
            more = values[LOGS + 1 :] - self.level.log_count
            parts.append(more / self.level.log_count_sigma)
        return np.concatenate([*parts, self._priors(values, model)])

    def _priors(self, values: Array, model: Model) -> Array:
        own = (values[:LOGS] - np.log(PRIOR_MEAN)) / PRIOR_SIGMA
        pigment = np.diff(values[1:4]) / PIGMENT_SIGMA
        skin = np.log(model.bare(values) + values[LOGS])
        colour = (skin - skin.mean() - self.colour) / SKIN_SIGMA
        return np.concatenate([own, pigment, values[LOGS : LOGS + 1] / VEIL_SIGMA, colour])

    @property
    def rows(self) -> int:
        """How many residuals are of the mean profile."""
        return int(self.each[0].size)


def begin(model: Model, places: Places) -> tuple[Array, Float32Array]:
    """Return the values that the fit begins with, and what is drawn of them."""
    values = np.array([*np.log(START), 0.0])
    return values, model.light(values, places)


def solve(problem: Problem, start: Array, tries: int = 12) -> Solution:
    """Find the values that explain the mean dot best, in at most so many steps.

    `start` has one more value where the problem has a level.
    """
    from scipy.optimize import least_squares

    low = np.array([*np.log(LEAST), 0.0, -0.7])[: start.size]
    high = np.array([*np.log(MOST), MOST_VEIL, 0.7])[: start.size]
    scale = np.array([1.0] * LOGS + [0.02, 1.0])[: start.size]

    def residuals(scaled: Array) -> Array:
        return problem.residuals(scaled * scale)

    inside = np.clip(start, low + 1e-3 * (high - low), high - 1e-3 * (high - low))
    found = least_squares(
        residuals, inside / scale, bounds=(low / scale, high / scale), jac=_slopes(residuals),
        xtol=3e-4, ftol=1e-5, gtol=1e-6, max_nfev=tries,
    )  # fmt: skip
    chi2 = float((found.fun[: problem.rows] ** 2).sum()) / problem.rows
    covariance = np.linalg.inv(found.jac.T @ found.jac) * np.outer(scale, scale)
    values = found.x * scale
    drawn = problem.model.light(values, problem.places)
    return Solution(values, covariance * max(chi2, 1.0), found.jac / scale, drawn, chi2)


def _slopes(residuals: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return the Jacobian by forward differences of one absolute step."""

    def slopes(at: Array) -> Array:
        here, columns = residuals(at), []
        for k in range(at.size):
            ahead = at.copy()
            ahead[k] += _STEP
            columns.append((residuals(ahead) - here) / _STEP)
        return np.stack(columns, axis=1)

    return slopes


def effect(problem: Problem, solution: Solution, model: Model) -> Array:
    """Return how the values change where another model is given, to first order."""
    there = problem.residuals(solution.values, model)
    here = problem.residuals(solution.values)
    out: Array = -np.linalg.lstsq(solution.slopes, there - here, rcond=None)[0].astype(np.float64)
    return out


def unsure(problem: Problem, solution: Solution) -> list[Array]:
    """Return how the values change for what is not known of the mean profile, to first order."""
    changes: list[Array] = []
    for profile in problem.unsure:
        rows = np.zeros(len(solution.slopes))
        rows[: profile.size] = problem.whiten @ profile.ravel()
        change: Array = np.linalg.lstsq(solution.slopes, -rows, rcond=None)[0].astype(np.float64)
        changes.append(change)
    return changes


def recentred(problem: Problem, solution: Solution) -> tuple[Places, float]:
    """Return places moved and swollen to what the picture shows of each, and how radii spread.

    The spread is the standard deviation of the logarithm of radii, noise taken off.
    """
    model, places = problem.model, problem.places
    drawn = solution.drawn
    remainder = remainder_of(problem.light, drawn)
    moved = refined(places, problem.light.bands / remainder.skin, drawn, problem.s)
    chosen = np.flatnonzero(places.alone)[problem.kept]
    noise = [
        np.log(refined(places, other, drawn, problem.s).gain[chosen])
        for other in remainder.elsewhere(drawn, 2)
    ]
    ahead = solution.values.copy()
    ahead[0] += 0.1
    wider = refined(places, model.light(ahead, places), drawn, problem.s)
    steep = max(float(np.median(np.log(wider.gain[chosen]))) / 0.1, 0.3)
    change = np.log(moved.gain) / steep
    swell = np.log(places.swell) + change
    noise_variance = float(np.mean([_variance(each / steep) for each in noise]))
    variance = max(_variance(swell[chosen]) - noise_variance, 0.0)
    # What noise alone would make of equal dots is taken off each (J. S. Lim, 1990: Wiener).
    certain = variance / max(variance + noise_variance, 1e-12)
    limit = np.log(_MOST_SWELL)
    swell = np.clip(certain * (swell - np.median(swell[chosen])), -limit, limit)
    # What lies beyond the picture is drawn for its halo, and cannot be told from it.
    beyond = moved.beyond(drawn.shape, problem.s)
    moved = replace(
        moved,
        x_mm=np.where(beyond, places.x_mm, moved.x_mm),
        y_mm=np.where(beyond, places.y_mm, moved.y_mm),
        swell=np.where(beyond, 1.0, np.exp(swell)),
    )
    return moved, float(np.sqrt(variance))


def _variance(values: Array) -> float:
    return float((1.4826 * np.median(np.abs(values - np.median(values)))) ** 2)
