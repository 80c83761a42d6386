"""What skin a photograph shows: melanin, and beside it exposure, white balance and gloss.

Three numbers are seen, the skin's colour, and six are wanted. So each has a width that is usual,
and the most probable set is taken (maximum a posteriori): exposure within 40 %, white balance
within 7 % for red and blue, redness of the skin within 12 % in G, half of the gloss of smooth skin,
and any melanin. A grey card, or any thing that is neutral, tells the white balance; then melanin is
known better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.image.colour import BAND_TO_LINEAR_SRGB, EXPOSURE
from smpengine.optics.skin import bare_reflectance
from smpengine.photo.photograph import Photograph
from smpengine.plan.plan import type_near
from smpengine.scene import Skin
from smpengine.texture.shading import F0
from smpengine.verdict.picture import LUMINANCE

Array = NDArray[np.float64]

_EXPOSURE: Final = 0.4
_BALANCE: Final = 0.07
_BALANCE_KNOWN: Final = 0.02
_REDNESS: Final = 0.12
_GLOSS: Final = 0.5
_OF_BLOOD: Final = np.array([0.05, 1.0, 0.5])
"""How much more blood takes of each band: haemoglobin at 610, 545, 460 nm, relative to G."""
_SEEN: Final = 0.03
"""Relative error of the model's own colours."""
_LEAST, _MOST = 0.02, 0.30
_BRIGHTER, _BRIGHTEST = 0.5, 0.9
_SAMPLES: Final = 400_000


@dataclass(frozen=True)
class SkinSeen:
    """A photograph's skin.

    Attributes
    ----------
    skin
        As pigment is drawn in it.
    melanosome_sigma
        Standard deviation of the logarithm of its melanosome fraction; 0 where it was given.
    exposure
        Of the photograph relative to the engine's own.
    white
        Linear sRGB of what is neutral, relative to G = 1.
    gloss
        How much it mirrors, 1 as smooth skin.
    mirrored
        That light in the bands, in the photograph's own units: pigment below does not dim it.
    linear_srgb
        Of the skin as it was seen.
    notes
        What is worth knowing, a line each.
    """

    skin: Skin
    melanosome_sigma: float
    exposure: float
    white: tuple[float, float, float]
    gloss: float
    mirrored: tuple[float, float, float]
    linear_srgb: tuple[float, float, float]
    notes: tuple[str, ...]


def skin_colour(photo: Photograph, mask: NDArray[np.float32]) -> Array:
    """Return linear sRGB of a photograph's skin, (3,): the median of the brighter part of it.

    Hair and stubble lie in the darker half, and gloss in the brightest tenth.
    """
    step = max(1, math.ceil(math.sqrt(mask.size / _SAMPLES)))
    light = photo.linear(step=step)[mask[::step, ::step] > 0.5]
    if not len(light):
        light = photo.linear()[mask > 0.0]
    return brighter_part(light)


def brighter_part(light: NDArray[np.floating[Any]]) -> Array:
    """Return the median of the brighter part of some light, linear sRGB (n, 3): as (3,)."""
    grey = light @ np.array(LUMINANCE, light.dtype)
    low, high = np.quantile(grey, (_BRIGHTER, _BRIGHTEST))
    middle: Array = np.median(light[(grey >= low) & (grey <= high)], axis=0).astype(np.float64)
    return middle


def estimate_skin(
    linear_srgb: Array, white: tuple[float, float, float] | None = None,
    gloss: float | None = None, grey: bool = False,
) -> SkinSeen:  # fmt: skip
    """Estimate the skin of a colour.

    Parameters
    ----------
    linear_srgb
        As `skin_colour` returns it.
    white
        Linear sRGB of something neutral in the picture, at any brightness; None where nothing is
        known: then the camera's own white balance is trusted within 7 %.
    gloss
        How much the skin mirrors, 0 to 2, 1 as smooth skin; estimated when None.
    grey
        The picture has no colour: only brightness tells, and it tells little.

    Returns
    -------
    SkinSeen
        With its uncertainty.

    Raises
    ------
    SceneError
        `white` is none, or the skin is black.
    """
    from scipy.optimize import least_squares

    matrix = np.array(BAND_TO_LINEAR_SRGB)
    colour = np.asarray(linear_srgb, np.float64)
    if not (colour > 1e-5).all():
        got = ", ".join(f"{v:.3g}" for v in colour)
        remedy = "Give the skin: skin='I-II'; and look whether the mask lies on skin."
        raise SceneError(must("photo", "show skin under the mask", f"({got}), nearly black",
                              remedy=remedy))  # fmt: skip
    given = np.zeros(3) if white is None else np.log(_balance(white))
    loose = _BALANCE if white is None else _BALANCE_KNOWN
    bands = np.log(np.maximum(np.linalg.solve(matrix, colour / np.exp(given)), 1e-5))
    fractions = np.geomspace(_LEAST, _MOST, 33)
    table = np.log([bare_reflectance(Skin(melanosome_fraction=float(f))) for f in fractions])
    weights = np.full(3, 1.0 / _SEEN)
    if grey:
        weights[[0, 2]] = 1e-3

    def residual(p: Array) -> Array:
        log_fraction, exposure, red, blue, blood, shine = p
        bare = np.array([np.interp(log_fraction, np.log(fractions), table[:, b]) for b in range(3)])
        seen = np.log(np.exp(bare - blood * _OF_BLOOD) + shine * F0)
        foretold = seen + math.log(EXPOSURE) + exposure + [red, 0.0, blue]
        prior = [exposure / _EXPOSURE, red / loose, blue / loose, blood / _REDNESS]
        prior.append((shine - (gloss or 0.0)) / (_GLOSS if gloss is None else 1e-3))
        return np.concatenate([(foretold - bands) * weights, prior])

    low, high = math.log(_LEAST), math.log(_MOST)
    bounds = ([low, -3.0, -1.0, -1.0, -1.0, 0.0], [high, 3.0, 1.0, 1.0, 1.0, 2.0])
    inside = 1e-3 if gloss is None else min(max(gloss, 1e-6), 1.9)
    best = min(
        (least_squares(residual, [start, 0.0, 0.0, 0.0, 0.0, inside], bounds=bounds, xtol=1e-12,
                       ftol=1e-12, gtol=1e-12)
         for start in np.linspace(low, high, 7)[1:-1]),
        key=lambda found: float(found.cost),
    )  # fmt: skip
    fraction, exposure, red, blue, _, shine = best.x
    spread = np.linalg.pinv(best.jac.T @ best.jac + 1e-9 * np.eye(6))
    sigma = min(math.sqrt(max(float(spread[0, 0]), 0.0)), high - low)
    balance = np.exp([red, 0.0, blue])
    shown = (matrix @ balance) * np.exp(given)
    skin = Skin(melanosome_fraction=float(np.clip(math.exp(fraction), _LEAST, _MOST)))
    mirrored = shine * F0 * EXPOSURE * math.exp(exposure) * balance
    return SkinSeen(
        skin, sigma, math.exp(exposure), _three(shown / shown[1]), float(shine),
        _three(np.linalg.solve(matrix, (matrix @ mirrored) * np.exp(given))), _three(colour),
        _notes(skin, sigma),
    )  # fmt: skip


def given_skin(skin: Skin, linear_srgb: Array, gloss: float | None = None) -> SkinSeen:
    """Return a skin that is known, with the exposure that it looks photographed at.

    What is not even in its colour is taken for the camera's white balance, and nothing for gloss,
    unless that is given.
    """
    shine = 0.0 if gloss is None else gloss
    matrix = np.array(BAND_TO_LINEAR_SRGB)
    seen = np.linalg.solve(matrix, np.asarray(linear_srgb, np.float64))
    ratio = np.maximum(seen, 1e-6) / ((bare_reflectance(skin) + shine * F0) * EXPOSURE)
    white = matrix @ ratio
    mirrored = shine * F0 * EXPOSURE * ratio
    return SkinSeen(
        skin, 0.0, float(ratio[1]), _three(white / white[1]), shine, _three(mirrored),
        _three(linear_srgb), (),
    )  # fmt: skip


def _three(values: Array) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def _balance(white: tuple[float, float, float]) -> Array:
    try:
        values = np.array([float(v) for v in white])
    except (TypeError, ValueError) as error:
        raise SceneError(must("white", "be three numbers, linear sRGB", repr(white))) from error
    if values.shape != (3,) or not (np.isfinite(values).all() and (values > 0.0).all()):
        raise SceneError(must("white", "be three numbers over 0, linear sRGB", repr(white)))
    balance: Array = values / values[1]
    return balance


def _notes(skin: Skin, sigma: float) -> tuple[str, ...]:
    fraction = skin.melanosome
    named = type_near("I-II", fraction)
    low, high = fraction * math.exp(-sigma), fraction * math.exp(sigma)
    return (
        f"skin: about type {named}: melanosome fraction {fraction:.3f} ({max(low, _LEAST):.3f} to "
        f"{min(high, _MOST):.3f}). Give it if you know better: it decides how pigment blurs.",
    )
