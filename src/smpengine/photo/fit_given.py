"""What a fit takes as given: checked, or estimated from the picture where nobody says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must, number
from smpengine.photo.camera import Camera, seen_through
from smpengine.photo.fit_granules import USUAL, USUAL_SIGMA
from smpengine.photo.ground import Level
from smpengine.photo.photograph import Photograph
from smpengine.photo.sharpness import DEFAULT_PX
from smpengine.photo.skin import brighter_part, estimate_skin
from smpengine.scene import Skin
from smpengine.verdict.picture import to_linear

_SHARPNESS_SIGMA: Final = 0.15
"""Of a blur that was estimated, relative; and at least so many pixels:"""
_LEAST_SHARPNESS_SIGMA: Final = 0.08
_ASSUMED_SIGMA: Final = 0.4
"""Of a blur that no edge told, pixels: lenses and focus leave from none to over one."""
_MOST_BLUR_PX: Final = 20.0
_DEEPEST_MM: Final = 2.5
_THICKEST_MM: Final = 1.0
"""What a plan may say: what is fitted is to be drawn again."""


@dataclass(frozen=True)
class Given:
    """What is not fitted. Sigmas are 0 where a value was given.

    Attributes
    ----------
    skin, log_melanosome_sigma
        Its melanin, and the standard error of its logarithm.
    sharpness_px, sharpness_sigma, sharpness_seen
        The camera's blur on the grid that is fitted; false where no edge told it: it is assumed.
    depth_mm, thickness_mm
        Of the deposits.
    granularity, granularity_sigma
        Of the dots.
    """

    skin: Skin
    log_melanosome_sigma: float
    sharpness_px: float
    sharpness_sigma: float
    sharpness_seen: bool
    depth_mm: float
    thickness_mm: float
    granularity: float
    granularity_sigma: float


def given_of(
    image: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None,
    skin: Skin | None,
    sharpness_px: float | None,
    dots: tuple[float, float, float | None],
) -> Given:
    """Check what was given, and estimate the rest.

    Parameters
    ----------
    image, mask
        The picture, and its treated area.
    skin, sharpness_px
        None where the picture is to tell.
    dots
        Depth and thickness in mm; granularity, or None.

    Raises
    ------
    InputError
        The skin has a table of its own, or a number is out of range.
    """
    depth = _millimetres("depth_mm", dots[0], _DEEPEST_MM)
    thickness = _millimetres("thickness_mm", dots[1], _THICKEST_MM)
    if depth < 0.5 * thickness:
        remedy = "The top of a deposit cannot lie above the skin's surface."
        rule = "be at least half of thickness_mm"
        raise InputError(must("depth_mm", rule, depth, remedy=remedy))
    granularity, loose = (USUAL, USUAL_SIGMA) if dots[2] is None else (_share(dots[2]), 0.0)
    log_sigma = 0.0
    if skin is None:
        skin, log_sigma = _skin_of(image, mask)
    if not isinstance(skin, Skin):
        raise InputError(must("skin", "be a Skin", type(skin).__name__))
    if skin.table is not None:
        remedy = "Give its melanosome_fraction: a table says nothing of other scattering."
        rule = "be given by type or melanosome_fraction"
        raise InputError(must("skin", rule, "a table", remedy=remedy))
    seen = True
    if sharpness_px is None:
        blur, blur_sigma, seen = _sharpness_of(image)
    else:
        blur, blur_sigma = number("sharpness_px", sharpness_px), 0.0
        if not 0.0 <= blur <= _MOST_BLUR_PX:
            rule = f"be 0 to {_MOST_BLUR_PX:g} pixels"
            raise InputError(must("sharpness_px", rule, sharpness_px))
    return Given(skin, log_sigma, blur, blur_sigma, seen, depth, thickness, granularity, loose)


def _millimetres(name: str, value: object, most: float) -> float:
    given = number(name, value)
    if not 0.0 < given <= most:
        raise InputError(must(name, f"be over 0 and at most {most:g} mm", given))
    return given


def _share(value: object) -> float:
    given = number("granularity", value)
    if not 0.0 <= given <= 1.0:
        raise InputError(must("granularity", "be 0 to 1", given))
    return given


def _skin_of(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> tuple[Skin, float]:
    """Estimate the skin of a picture, and how sure the logarithm of its melanin is."""
    seen = estimate_skin(_bare_colour(image, mask))
    return seen.skin, float(seen.melanosome_sigma)


def _bare_colour(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """Return linear sRGB of bare skin, (3,): of the brighter half, for dots are in the darker."""
    bare = np.ones(image.shape[:2], bool) if mask is None or mask.mean() > 0.95 else ~mask
    return brighter_part(to_linear(image[bare][:: max(1, int(bare.sum()) // 200_000)]))


def _sharpness_of(image: NDArray[np.uint8]) -> tuple[float, float, bool]:
    """Estimate the camera's blur; how sure that is, both in pixels, and whether it was told."""
    height, width = image.shape[:2]
    seen = seen_through(Camera(), Photograph(image), (0, height, 0, width))
    if not (seen.sharpness.is_estimated or seen.noise.is_silent):
        return DEFAULT_PX, _ASSUMED_SIGMA, False
    # What edges tell has the pixel's own width in it, which the engine's pixels have anyway.
    blur = math.sqrt(max(seen.sharpness.sigma_px**2 - Level.pixel_variance, 0.0))
    return blur, math.hypot(_SHARPNESS_SIGMA * blur, _LEAST_SHARPNESS_SIGMA), True
