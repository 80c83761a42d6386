"""From a solution to numbers with units, errors and what limits them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.photo.fit_count import Count
from smpengine.photo.fit_given import Given
from smpengine.photo.fit_light import Array
from smpengine.photo.fit_model import LOGS, Model
from smpengine.photo.fit_result import NM, Estimate, Fit
from smpengine.photo.fit_solve import Problem, Solution, effect, unsure
from smpengine.scene import Skin
from smpengine.verdict.picture import LUMINANCE

DEEPER_MM: Final = 0.03
_MORE_MELANIN: Final = 0.2
_MORE_BLUR: Final = 0.1
_LESS_GRANULAR: Final = 0.2
_MISFIT: Final = 2.0
_FEW_SEEN: Final = 0.6
_UNSURE: Final = 0.35
SHALLOW: Final = 7.0
_SHALLOW_FACTOR: Final = 4.0
"""What errors are multiplied by where dots hardly stand out of noise: 1 at `SHALLOW`, and this
where the median stands out by two standard deviations less; from benchmarks/fit.py."""
_LEFT: Final = (0.015, 0.10, 0.006)
"""Of the logarithms of radius, absorption and scattering, errors that nothing else tells: what is
left in benchmarks/fit.py, most of it of even dots that look a little granular, and of dots of many
sizes as one mean dot."""
_HALF_SEEN: Final = 4.3
_SEEN_SLOPE: Final = 0.35
_MOST_UNSEEN: Final = 1.5
"""Of a median dot, in standard deviations, where about half are over the detector's 4; how that
share falls below it; and what error of the logarithm of density that is at most."""
_SWELL_ERROR: Final = 0.12
"""Of the spread of radii, relative: dots differ in strength as well, which is taken for size."""

_WEIGHTS: Final = np.array(LUMINANCE) @ np.array(BAND_TO_LINEAR_SRGB)
"""Of the bands in luminance."""


@dataclass(frozen=True)
class State:
    """What a fit has arrived at.

    Attributes
    ----------
    problem, solution
        The last comparison, and what explains it.
    spread
        Standard deviation of the logarithm of radii.
    given
        What was not fitted.
    depth
        Median of how far the fitted dots stand out of noise, in its standard deviations.
    """

    problem: Problem
    solution: Solution
    spread: float
    given: Given
    depth: float


def report_of(
    state: State, count: Count, per_cm2: float, px_per_mm: float, extent_mm: tuple[float, float],
    sharpness_scale: int, found: int,
) -> Fit:  # fmt: skip
    """Return the numbers of a fit.

    Parameters
    ----------
    state
        As it ended.
    count
        Of the dots in the part that was drawn.
    per_cm2
        Density of the picture for one dot in that part.
    px_per_mm, extent_mm, sharpness_scale
        Scale, width and height of the picture as it was given, and how much coarser it was fitted.
    found
        Dots found in all of it.
    """
    solution, given = state.solution, state.given
    radius_log, scattering_log = solution.values[0], solution.values[LOGS - 1]
    mua = np.exp(solution.values[1:4])
    changes = _changes(state)
    covariance = _widened(state, changes)
    # Rows: radius, three of absorption, scattering, veil, and the count.
    density = count.present * per_cm2
    if solution.values.size > LOGS + 1:
        level = state.problem.level
        assert level is not None
        density *= math.exp(solution.values[LOGS + 1] - level.log_count)
    else:
        unseen = min(math.exp((_HALF_SEEN - state.depth) / _SEEN_SLOPE), _MOST_UNSEEN)
        covariance = _with_count(covariance, math.hypot(count.log_sigma, unseen))
    share = _WEIGHTS * mua / float(_WEIGHTS @ mua)
    pick = np.zeros((4, covariance.shape[0]))
    pick[0, 0] = pick[1, LOGS + 1] = pick[3, LOGS - 1] = 1.0
    pick[2, 1:4] = share
    four = pick @ covariance @ pick.T
    sigma = np.sqrt(np.diag(four))
    logs = np.sqrt(np.diag(covariance))
    radius, scattering = math.exp(radius_log), math.exp(scattering_log)
    strength = float(_WEIGHTS @ mua)
    skin = Skin(
        melanosome_fraction=given.skin.melanosome, scattering=float(np.clip(scattering, 0.4, 1.6))
    )
    estimates = (
        Estimate("radius_mm", radius, radius * sigma[0], "mm",
                 "middle radius of settled deposits"),
        Estimate("density_per_cm2", density, density * sigma[1], "1/cm2",
                 "dots like the middle one per treated area, those that are not seen as well"),
        Estimate("mua_per_mm", strength, strength * sigma[2], "1/mm",
                 "absorption of the pigment, bands weighted as in luminance"),
        Estimate("scattering", scattering, scattering * sigma[3], "1",
                 "reduced scattering of the skin relative to tabulated"),
        *(
            Estimate(f"mua_{nm}_per_mm", float(value), float(value * logs[1 + b]), "1/mm",
                     f"absorption of the pigment at {nm} nm")
            for b, (nm, value) in enumerate(zip(NM, mua, strict=True))
        ),
        Estimate("radius_spread", state.spread, _spread_sigma(state), "1",
                 "standard deviation of ln(radius); strength that varies is in it"),
        Estimate("granularity", given.granularity, given.granularity_sigma, "1",
                 "0 even discs, 1 a few granules"),
        Estimate("veil", float(solution.values[LOGS]), float(logs[LOGS]), "1",
                 "reflectance of what the skin's surface mirrors"),
    )  # fmt: skip
    scale = np.sqrt(np.outer(np.diag(four), np.diag(four)))
    return Fit(
        estimates, four / scale, _notes(state, count, changes, sigma), found,
        int(state.problem.kept.sum()), solution.chi2, px_per_mm, extent_mm,
        given.sharpness_px * sharpness_scale, skin, given.depth_mm, given.thickness_mm,
    )  # fmt: skip


def _changes(state: State) -> dict[str, Array]:
    """Return how the values change where what was given is a little other."""
    given, model = state.given, state.problem.model
    melanin = float(np.clip(given.skin.melanosome * math.exp(_MORE_MELANIN), 0.02, 0.30))
    # Dots change more from even to a little granular than from that on: a long step tells that.
    less = max(2.0 * given.granularity_sigma, _LESS_GRANULAR)
    granular = max(given.granularity - less, 0.0)
    if granular > given.granularity - 0.5 * _LESS_GRANULAR:
        granular = given.granularity + _LESS_GRANULAR
    blur = model.blur_px * (1.0 + _MORE_BLUR) if model.blur_px > 0.0 else 0.1
    others: dict[str, Model] = {
        "depth": replace(model, depth_mm=model.depth_mm + DEEPER_MM),
        "melanin": replace(model, skin=Skin(melanosome_fraction=melanin)),
        "granularity": replace(model, granularity=granular),
        "blur": replace(model, blur_px=blur),
    }
    moved = {name: effect(state.problem, state.solution, other) for name, other in others.items()}
    # Per unit: mm of depth, ln of melanin, of granularity, pixels of blur.
    log_melanin = math.log(melanin / given.skin.melanosome) or _MORE_MELANIN
    units = {
        "depth": DEEPER_MM,
        "melanin": log_melanin,
        "granularity": granular - given.granularity,
        "blur": blur - model.blur_px,
    }
    return {name: change / units[name] for name, change in moved.items()}


def _widened(state: State, changes: dict[str, Array]) -> Array:
    """Return the covariance, with what is not known of what was given."""
    given, covariance = state.given, state.solution.covariance
    shallow = 1.0 + 0.5 * (_SHALLOW_FACTOR - 1.0) * max(SHALLOW - state.depth, 0.0)
    covariance = covariance * min(shallow, _SHALLOW_FACTOR) ** 2
    for rows, sigma in ((slice(0, 1), _LEFT[0]), (slice(1, 4), _LEFT[1]), (slice(4, 5), _LEFT[2])):
        covariance[rows, rows] += sigma**2
    for name, sigma in (
        ("melanin", given.log_melanosome_sigma),
        ("granularity", given.granularity_sigma),
        ("blur", given.sharpness_sigma),
    ):
        change = changes[name] * sigma
        covariance = covariance + np.outer(change, change)
    for change in unsure(state.problem, state.solution):
        covariance = covariance + np.outer(change, change)
    return covariance


def _with_count(covariance: Array, log_sigma: float) -> Array:
    """Return a covariance with one more row, of a count that was not fitted with the rest."""
    size = covariance.shape[0]
    out = np.zeros((size + 1, size + 1))
    out[:size, :size] = covariance
    out[size, size] = log_sigma**2
    return out


def _spread_sigma(state: State) -> float:
    n = max(int(state.problem.kept.sum()), 2)
    return math.hypot(state.spread * math.hypot(1.0 / math.sqrt(n), _SWELL_ERROR), 0.01)


def _notes(state: State, count: Count, changes: dict[str, Array], sigma: Array) -> tuple[str, ...]:
    """Say what limits the result."""
    given, solution = state.given, state.solution
    deeper = 100.0 * np.expm1(changes["depth"] * DEEPER_MM)
    notes = [
        f"depth: taken as {given.depth_mm:g} mm. If deposits lie {DEEPER_MM:g} mm deeper, "
        f"radius is {deeper[0]:+.0f} %, absorption {deeper[2]:+.0f} %, "
        f"scattering {deeper[LOGS - 1]:+.0f} %.",
    ]
    if state.problem.level is None:
        notes.append(
            "level: no bare skin was marked, so how dark the whole area is was not used. Give a "
            "mask of the treated area, with bare skin outside it."
        )
    if sigma[2] > _UNSURE:
        notes.append(
            "strength: such dots take nearly all the light that comes to them, so more pigment "
            "would hardly show."
        )
    if given.log_melanosome_sigma > 0.0:
        notes.append(
            f"skin: melanosome fraction estimated, {given.skin.melanosome:.3f}, within a factor of "
            f"{math.exp(given.log_melanosome_sigma):.2f}."
        )
    if given.sharpness_sigma > 0.0:
        wider = 100.0 * np.expm1(changes["blur"] * 0.1)
        told = "estimated" if given.sharpness_seen else "assumed, for no sharp edge tells it"
        notes.append(
            f"blur: {told}, {given.sharpness_px:.2f} px. At 0.1 px more radius is "
            f"{wider[0]:+.0f} % and absorption {wider[2]:+.0f} %."
        )
    if state.problem.codec is not None:
        notes.append(
            f"colour: a codec took it, as JPEG of quality {state.problem.codec} does, so the "
            "lightness of dots alone was compared. A photograph without such a codec tells more."
        )
    if state.depth < SHALLOW:
        notes.append(
            f"noise: dots stand out of it by {state.depth:.1f} of its standard deviations at the "
            "median, so those that noise happened to darken were fitted, and others not seen."
        )
    if count.share < _FEW_SEEN:
        notes.append(f"density: only {100 * count.share:.0f} % of such dots are found here.")
    if solution.chi2 > _MISFIT:
        notes.append(
            f"misfit: {solution.chi2:.1f}: the mean dot is not one that the engine can draw; look "
            "at scale, focus, and whether the dots are healed."
        )
    notes.append(
        "engine: errors are those of the fit. The engine's dots are within 3 % of light transport "
        "at the median and 8 % at the 95th percentile, and absorption of dark dots follows less "
        "than light does."
    )
    return tuple(notes)
