"""Hair above the skin: shafts as they are drawn, and the light that they keep from the skin.

Seen from straight above a shaft is a strip as long as it reaches in the plane, with half ellipses
at its ends: its own cross-sections, which lie flat where it stands and on edge where it lies.

A shaft's reflectance is what comes out of its body, BODY exp(-PATH mua diameter), darker towards
its sides, and what its surface mirrors of the sky: as much as glass of n = 1.55 does (S. R.
Marschner et al., "Light Scattering from Human Hair Fibers", ACM Trans. Graph. 22 (2003)). That is
seen along the top of a lying shaft; the sides of a standing one mirror the skin.

Light: from a uniform sky, as for the skin. Whatever its direction, a shaft of length L and diameter
d then keeps the light of an area of (pi / 2) L d from the skin: seen from a direction at the angle
a to it its shadow is L d sin(a), and sin(a) has the same mean over a hemisphere of light however
the shaft stands. From the height z that shadow is spread over about z, and the skin's own
scattering spreads it further.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.hairs import Hairs
from smpengine.raster.splats import Gaussians, Shafts
from smpengine.scene import Skin

BODY: Final = 0.47
"""Reflectance of a shaft that absorbs nothing, facing up (assumed)."""
KERATIN: Final = (0.1, -4.0)
"""What a shaft without melanin absorbs at 550 nm, and the power of the wavelength that it runs
with: white hair is a little yellow (assumed)."""
PASSED_ON: Final = 0.5
"""Share of the light that is not absorbed which goes on down to the skin (assumed)."""
PATH: Final = 3.0
"""Diameters that light which comes out again has gone through melanin (assumed)."""
GLOSS: Final = ((1.55 - 1.0) / (1.55 + 1.0)) ** 2
TAPER_PER_MM: Final = 0.005
"""Share of its diameter that a shaft loses over a mm: it was cut, so hardly any (assumed)."""
LEAST_END_PX: Final = 0.5
"""Half ellipses at the ends are no shorter, and the strip as much; the area is the shaft's own."""
SKIN_BLUR_MM: Final = 0.15
"""What the skin's scattering adds to the width of a shadow (assumed, as its narrow halos)."""
SPACING_MM: Final = 0.35
"""Shadows of a shaft's parts are no further apart: two widths, so that they are one."""
_NOTHING: Final = 1e-3
_ROUND: Final = 1.0 / 12.0


def shaft_reflectance(hairs: Hairs, lambda_nm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the reflectance of the bodies of shafts, facing up.

    Parameters
    ----------
    hairs
        Columns of shape (n,).
    lambda_nm
        Wavelengths of the bands.

    Returns
    -------
    ndarray
        Float64 (n, bands), relative to diffuse light, as R0 of the skin.
    """
    keratin = np.exp(-KERATIN[0] * (np.asarray(lambda_nm) / 550.0) ** KERATIN[1])
    body: NDArray[np.float64] = BODY * keratin * _passed(hairs, lambda_nm)
    return body


def _passed(hairs: Hairs, lambda_nm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the share of the light in a shaft that melanin leaves."""
    passed: NDArray[np.float64] = np.exp(
        -PATH * hairs.mua_per_mm(lambda_nm) * hairs.diameter_mm[:, None]
    )
    return passed


def shafts_of(hairs: Hairs, skin: Skin, px_per_mm: float) -> Shafts:
    """Return shafts on the pixel grid.

    Parameters
    ----------
    hairs
        Columns of shape (n,); n may be 0.
    skin
        Its bands are those of the shafts.
    px_per_mm
        Scale, > 0.

    Returns
    -------
    Shafts
        A row a hair. Their area is length x diameter x cos(elevation) and the ellipses' own,
        however few pixels they are wide.
    """
    radius = 0.5 * hairs.diameter_mm * px_per_mm
    rise, flat = np.sin(hairs.elevation_rad), np.cos(hairs.elevation_rad)
    length = hairs.length_mm * flat * px_per_mm
    taper = np.minimum(TAPER_PER_MM * hairs.length_mm, 0.5)
    # What is cut level with the skin shows a round end, whatever its slant.
    stub = np.maximum(1.0 - hairs.length_mm / hairs.diameter_mm, 0.0)
    own_end = radius * (rise + (1.0 - rise) * stub)
    mean = radius * (1.0 - 0.5 * taper)
    end = np.maximum(own_end, LEAST_END_PX)
    stretch = mean / end
    wide = 2.0 * mean
    area = length * wide + math.pi * mean * own_end
    # Of both ends as drawn; the second part is what antialiasing adds to something round.
    ends = math.pi * mean * end + math.pi / 2.0 * _ROUND * (stretch + 1.0 / stretch)
    strip = np.maximum((area - ends) / wide, 0.0)
    opacity = np.minimum(area / (strip * wide + ends), 1.0)
    slope = np.divide(-taper * radius, strip, out=np.zeros_like(strip), where=strip > 0.0)
    gloss = GLOSS * flat * flat * (1.0 - stub)
    narrow = np.stack(
        [
            np.cos(hairs.azimuth_rad), np.sin(hairs.azimuth_rad), 0.5 * length, 0.5 * strip, mean,
            slope, stretch, opacity, gloss,
        ],
        1,
    )  # fmt: skip
    light = shaft_reflectance(hairs, skin.lambda_nm)
    return Shafts(
        hairs.x_mm * px_per_mm,
        hairs.y_mm * px_per_mm,
        np.ascontiguousarray(np.hstack([narrow, light]), np.float32),
    )


def shadows_of(hairs: Hairs, px_per_mm: float) -> Gaussians:
    """Return the shadows of shafts on the skin: absorbance, alike in all bands.

    Parameters
    ----------
    hairs
        Columns of shape (n,); n may be 0.
    px_per_mm
        Scale, > 0.

    Returns
    -------
    Gaussians
        Of one channel; a few a hair along it, in the order of its rows. Melanin decides how much of
        the light a shaft keeps, and how much it passes on.
    """
    kept = hairs.shadow * hairs.length_mm * (1.0 - PASSED_ON * _passed(hairs, (545.0,))[:, 0])
    hairs = hairs.rows(kept > _NOTHING)
    kept = kept[kept > _NOTHING] * 0.5 * math.pi * hairs.diameter_mm
    flat = hairs.length_mm * np.cos(hairs.elevation_rad)
    height = hairs.length_mm * np.sin(hairs.elevation_rad)
    parts = np.maximum(np.ceil(flat / SPACING_MM), 1.0)
    row = np.repeat(np.arange(len(hairs)), parts.astype(np.intp))
    first = np.cumsum(parts) - parts
    along = (np.arange(row.size) - first[row] + 0.5) / parts[row]
    sigma = np.hypot(SKIN_BLUR_MM, height[row] * along)
    reached = flat[row] * along
    x = hairs.x_mm[row] + reached * np.cos(hairs.azimuth_rad)[row]
    y = hairs.y_mm[row] + reached * np.sin(hairs.azimuth_rad)[row]
    peak = (kept / parts)[row] / (2.0 * math.pi * sigma * sigma)
    sigma_px = (sigma * px_per_mm).astype(np.float32)
    return Gaussians(x * px_per_mm, y * px_per_mm, sigma_px, peak.astype(np.float32)[:, None])


def reach_mm(hairs: Hairs) -> float:
    """Return a distance from its root beyond which no hair changes any pixel, in mm.

    As `scatter.reach_mm`: seven sigma of the widest shadow, and as far as the longest shaft goes.
    """
    if len(hairs) == 0:
        return 0.0
    longest, thickest = float(hairs.length_mm.max()), float(hairs.diameter_mm.max())
    return longest + thickest + 7.0 * math.hypot(SKIN_BLUR_MM, longest)
