"""Shades of pigment: what they absorb, settled and undiluted.

Carbon black: 7.5 +- 1.2 m^2/g at 550 nm (T. C. Bond, R. W. Bergstrom, Aerosol Sci. Technol. 40,
27-67, 2006), so 1 % w/v in its carrier absorbs 75 per mm; 5 to 200 per mm are 0.07 to 2.7 % w/v.
Its absorption falls slowly with wavelength; it is taken as flat. The browns stand for iron oxides,
which absorb blue three to four times as much as red; their values are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from smpengine.skintable import RGB_NM

MUA_PER_MM: Final[dict[str, tuple[float, float, float]]] = {
    "grey-1": (8.0, 8.0, 8.0),
    "grey-2": (20.0, 20.0, 20.0),
    "grey-3": (40.0, 40.0, 40.0),
    "grey-4": (80.0, 80.0, 80.0),
    "grey-5": (120.0, 120.0, 120.0),
    "black": (200.0, 200.0, 200.0),
    "warm-brown-1": (22.0, 40.0, 75.0),
    "warm-brown-2": (55.0, 95.0, 170.0),
}
"""Absorption at 610, 545 and 460 nm, Napierian, per mm."""

_IRON_OXIDE: Final = (
    (400.0, 440.0, 480.0, 510.0, 545.0, 575.0, 610.0, 650.0, 700.0),
    (2.35, 2.05, 1.70, 1.38, 1.0, 0.72, 0.55, 0.45, 0.40),
)
"""How a brown's absorption runs over wavelengths (nm), relative to 545 nm: the edge of iron oxides
near 560 nm, and a tail to the red. Assumed, with the values of the bands; those are met exactly."""


def mua_at(
    lambda_nm: Sequence[float],
    given_nm: Sequence[float],
    mua_per_mm: Sequence[float],
    like_iron_oxide: bool = False,
) -> tuple[float, ...]:
    """Return the absorption of a pigment at some wavelengths.

    Parameters
    ----------
    lambda_nm
        Where it is wanted.
    given_nm, mua_per_mm
        Where it is known, in any order, and what it is there, per mm.
    like_iron_oxide
        Whether it runs as an iron oxide's in between: the ratio to that is what is linear.

    Returns
    -------
    tuple of float
        Linear between the known wavelengths; beyond the outermost as there.
    """
    order = np.argsort(given_nm)
    nm, mua = np.asarray(given_nm, float)[order], np.asarray(mua_per_mm, float)[order]
    wanted = np.asarray(lambda_nm, float)
    run, run_there = np.ones(wanted.size), np.ones(nm.size)
    if like_iron_oxide:
        run, run_there = np.interp(wanted, *_IRON_OXIDE), np.interp(nm, *_IRON_OXIDE)
    return tuple(float(value) for value in run * np.interp(wanted, nm, mua / run_there))


def shade_at(name: str, lambda_nm: Sequence[float]) -> tuple[float, ...]:
    """Return the absorption of a shade at some wavelengths; carbon's is flat."""
    if tuple(lambda_nm) == RGB_NM:
        return MUA_PER_MM[name]
    return mua_at(lambda_nm, RGB_NM, MUA_PER_MM[name], like_iron_oxide="brown" in name)
