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
        -0.450210,
        0.277376,
        -0.042133,
        -1.042568,
        -0.323612,
        -0.072397,
        -9.425081,
        -0.977620,
        -0.009460,
        12.623254,
        1.376930,
        -8.229589,
    ),  # rms 0.0020
    (
        -0.802120,
        0.482316,
        -0.063677,
        -1.701348,
        -0.603899,
        -0.239485,
        -8.598447,
        -0.975922,
        0.323669,
        7.815943,
        2.237312,
        -4.410446,
    ),  # rms 0.0023
    (
        -0.617298,
        0.496848,
        -0.006126,
        -4.775318,
        -0.970608,
        -0.704282,
        -1.086151,
        -1.786915,
        1.456659,
        -17.029885,
        6.371424,
        19.112047,
    ),  # rms 0.0073
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
        return np.array([band.reflectance for band in skin.table.groups()[0]])
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
