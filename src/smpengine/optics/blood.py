"""What more blood in the dermis, or less, and more melanin do to the reflectance of skin."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.optics.skin import bare_reflectance
from smpengine.scene import Skin

Floats = NDArray[np.float64]

USUAL: Final = 0.005
"""Blood of the skins that everything else is tabulated for, by volume."""
LEAST_MELANOSOME: Final = 0.02
MOST_MELANOSOME: Final = 0.30
"""Fractions that the reflectance of bare skin is known for."""
POWERS: Final = tuple(
    (i, j, k) for i in (1, 2, 3) for j in range(3) for k in range(3) if j + k <= 2
)
"""Powers of ln(blood / usual), of sqrt(melanosome fraction) and of ln(scattering)."""

# fmt: off
COEFFICIENTS: Final = (
    (0.05220, -0.02281, 0.00432, -0.06630, 0.00461, 0.05435,
     0.02457, -0.01079, 0.00193, -0.02780, 0.00128, 0.02172,
     0.00649, -0.00289, 0.00044, -0.00524, -0.00020, 0.00335),  # rms 0.0007
    (0.28881, -0.13374, 0.02281, -0.26786, -0.01849, 0.15469,
     0.07027, -0.03497, 0.00187, -0.01857, -0.00764, -0.03136,
     0.00198, -0.00200, -0.00298, 0.02105, 0.00123, -0.03632),  # rms 0.0027
    (0.15762, -0.08716, 0.01537, -0.05258, -0.01435, -0.17533,
     0.05049, -0.03244, 0.00356, 0.01267, 0.00347, -0.11327,
     0.00467, -0.00562, -0.00092, 0.01664, 0.00672, -0.04220),  # rms 0.0055
)
# fmt: on
"""Of -ln(R0 / R0 at the usual blood) in R, G, B; fitted by benchmarks/optics/blood.py to its Monte
Carlo table of blood 0.00125 to 0.04, melanosome fractions 0.02 to 0.30, scattering 0.4 to 1.6."""


def blood_absorbance(skin: Skin, log_factor: ArrayLike) -> Floats:
    """Return -ln(R0 with other blood / R0), (n, 3), bands R, G, B.

    Parameters
    ----------
    skin
        By its melanosome fraction and scattering.
    log_factor
        ln(blood / the usual), (n,); the table ends at -1.39 and 2.08, and goes on by its cubic.
    """
    x = np.asarray(log_factor, np.float64)
    u, v = math.sqrt(skin.melanosome), math.log(skin.scattering)
    terms = np.stack([x**i * (u**j * v**k) for i, j, k in POWERS], axis=-1)
    found: Floats = terms @ np.array(COEFFICIENTS).T
    return found


def blood_slope(skin: Skin) -> Floats:
    """Return the derivative of `blood_absorbance` at the usual blood, (3,)."""
    step = 1e-3
    pair = blood_absorbance(skin, np.array([-step, step]))
    slope: Floats = (pair[1] - pair[0]) / (2.0 * step)
    return slope


def melanin_absorbance(skin: Skin, fraction: float) -> Floats:
    """Return -ln(R0 with another melanosome fraction / R0), (3,); the fraction is clipped."""
    other = Skin(
        scattering=skin.scattering,
        melanosome_fraction=min(max(fraction, LEAST_MELANOSOME), MOST_MELANOSOME),
    )
    found: Floats = -np.log(bare_reflectance(other) / bare_reflectance(skin))
    return found


def melanin_slope(skin: Skin) -> Floats:
    """Return the derivative of `melanin_absorbance` by ln(fraction), (3,).

    Over a step of a tenth to each side that the table has, for its polynomial is smooth and Monte
    Carlo noise is not.
    """
    low = max(0.9 * skin.melanosome, LEAST_MELANOSOME)
    high = min(1.1 * skin.melanosome, MOST_MELANOSOME)
    more = melanin_absorbance(skin, high) - melanin_absorbance(skin, low)
    slope: Floats = more / math.log(high / low)
    return slope
