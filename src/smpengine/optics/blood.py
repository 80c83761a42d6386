"""What more blood in the upper dermis, or less, and melanin do to the reflectance of skin."""

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
UPPER_MM: Final = 0.2
"""Below the epidermis more or less blood lies so deep: the subpapillary plexus, whose vessels widen
in red skin. Blood of the whole dermis instead would look mauve, for blue light hardly reaches it.
The thickness is assumed."""
LEAST_MELANOSOME: Final = 0.02
MOST_MELANOSOME: Final = 0.30
"""Fractions that the reflectance of bare skin is known for."""
POWERS: Final = tuple(
    (i, j, k) for i in (1, 2, 3) for j in range(3) for k in range(3) if j + k <= 2
)
"""Powers of ln(blood / usual), of sqrt(melanosome fraction) and of ln(scattering)."""

# fmt: off
COEFFICIENTS: Final = (
    (0.00733, 0.00050, -0.00030, -0.01251, -0.00052, 0.01045,
     0.00639, 0.00027, -0.00039, -0.00970, -0.00042, 0.00780,
     0.00458, 0.00008, -0.00037, -0.00612, -0.00030, 0.00468),  # rms 0.0013
    (0.12570, 0.01132, -0.01149, -0.18968, -0.02166, 0.15391,
     0.06117, -0.00371, -0.00866, -0.06054, -0.01030, 0.03150,
     0.01532, -0.01050, -0.00426, 0.01296, -0.00202, -0.03241),  # rms 0.0044
    (0.07910, 0.00545, -0.01251, -0.09047, -0.04018, 0.01459,
     0.04115, -0.00489, -0.00720, -0.02494, -0.01535, -0.03199,
     0.01234, -0.00917, -0.00218, 0.01243, 0.00178, -0.04642),  # rms 0.0056
)
# fmt: on
"""Of -ln(R0 / R0 at the usual blood) in R, G, B; fitted by benchmarks/optics/blood.py to its Monte
Carlo table of blood 0.00125 to 0.08, melanosome fractions 0.02 to 0.30, scattering 0.4 to 1.6."""


def blood_absorbance(skin: Skin, log_factor: ArrayLike) -> Floats:
    """Return -ln(R0 with other blood / R0), (n, 3), bands R, G, B.

    Parameters
    ----------
    skin
        By its melanosome fraction and scattering.
    log_factor
        ln(blood / the usual), (n,); the table ends at -1.39 and 2.77, and goes on by its cubic.
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
