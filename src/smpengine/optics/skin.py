"""The reflectance of bare skin, for any melanin and scattering."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.scene import Skin

FRACTIONS: Final = (0.02, 0.12, 0.30)
"""Melanosome fractions of the tabulated skins."""
POWERS: Final = tuple((i, j) for i in range(5) for j in range(3) if i + j <= 4)
"""Powers of sqrt(melanosome fraction) and of ln(scattering)."""

COEFFICIENTS: Final = (
    (
        -0.448672,
        0.275589,
        -0.047749,
        -1.043194,
        -0.309051,
        -0.061491,
        -9.415756,
        -0.962010,
        -0.001597,
        12.592952,
        1.356701,
        -8.205485,
    ),  # rms 0.0017
    (
        -0.802192,
        0.484697,
        -0.062854,
        -1.700313,
        -0.616423,
        -0.246309,
        -8.602800,
        -0.971308,
        0.355074,
        7.818255,
        2.277556,
        -4.398693,
    ),  # rms 0.0040
    (
        -0.616807,
        0.495124,
        -0.007318,
        -4.771095,
        -0.960109,
        -0.732044,
        -1.099529,
        -1.830914,
        1.529565,
        -17.021667,
        6.509064,
        19.189042,
    ),  # rms 0.0042
)
"""Of ln R0 in R, G, B; fitted by benchmarks/optics/fit_skin.py to its Monte Carlo table."""

TABULATED: Final = (
    (0.4707, 0.3028, 0.2580),
    (0.2151, 0.1150, 0.0588),
    (0.0808, 0.0325, 0.0097),
)
"""R0 in R, G, B at the fractions of the dots' tables, with their scattering: longer runs of the
same transport, which the polynomial is made to go through."""


def bare_reflectance(skin: Skin) -> NDArray[np.float64]:
    """Return R0, the reflectance of a skin without pigment, straight from above.

    Parameters
    ----------
    skin
        Melanosome fraction 0.02 to 0.30, scattering 0.4 to 1.6 times the tabulated; or with a
        table of its own, of three bands.

    Returns
    -------
    ndarray
        Float64 (3,), bands R, G, B, relative to diffuse light that enters the skin.

    Notes
    -----
    Standard error of the Monte Carlo table 0.3 % (1.2 % in B at the darkest); between its points
    the polynomial smooths it.
    """
    if skin.table is not None:
        return np.array([band.reflectance for band in skin.table.bands])
    values = []
    for b, coefficients in enumerate(COEFFICIENTS):
        corrections = [
            math.log(row[b]) - _polynomial(coefficients, fraction, 1.0)
            for fraction, row in zip(FRACTIONS, TABULATED, strict=True)
        ]
        roots = [math.sqrt(fraction) for fraction in FRACTIONS]
        correction = float(np.interp(math.sqrt(skin.melanosome), roots, corrections))
        value = _polynomial(coefficients, skin.melanosome, skin.scattering) + correction
        values.append(math.exp(value))
    return np.array(values)


def _polynomial(coefficients: tuple[float, ...], fraction: float, scattering: float) -> float:
    u, v = math.sqrt(fraction), math.log(scattering)
    return sum(k * u**i * v**j for k, (i, j) in zip(coefficients, POWERS, strict=True))
