"""Crowding: light that one halo has removed cannot be removed again.

With H the sum of the halos at a pixel, Q that of halos times the square of the reach, and
p = sqrt(Q / H) their mean reach,

    U = H / p,  g(U) = (1 + U / 12)^-12
    G = min(p max(U / U*, 1)^(1/3), 1) (1 - g(min(U, U*)))
    R / R0 = exp(-C) (1 - G)

No deposit removes light that never went as deep, so G goes to p. Where deposits of several depths
meet, p falls as deeper ones are added, and p (1 - g) alone would then fall too; U* is where it
would begin to, 1 - g(U) = -3 U g'(U), and from there on G depends on Q alone, as Q^(1/3).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat, vmax, vmin
from smpengine.moves import any_less
from smpengine.scene import BANDS

BANDS_COUNT: Final = len(BANDS)
CROWD: Final = 12.0
U_STAR: Final = 1.9301343
MIN_REACH: Final = 1e-6
MIN_HALO: Final = 1e-12
_THIRD: Final = 1.0 / 3.0


@njit(nogil=True, cache=True)
def taken(halo, reach):
    """Return G, the share of light that halos of sum `halo` and mean reach `reach` take."""
    u = halo / reach
    growth = reach
    if u > U_STAR:
        growth = min(reach * (u / U_STAR) ** _THIRD, 1.0)
    base = 1.0 + min(u, U_STAR) / CROWD
    base = base * base * base
    base = base * base
    return growth * (1.0 - 1.0 / (base * base))


@njit(nogil=True, cache=True)
def relative_reflectance(kept, halo, reached, first, pitch, height, width):
    """Turn what the cores let through into R / R0, in place, a vector of values at a time.

    Parameters
    ----------
    kept
        Float32, flat: exp(-C), the bands of a sample side by side; overwritten.
    halo, reached
        Float32, flat: H and Q, likewise.
    first, pitch
        Where the used part begins; floats from one row to the next. Rows have room for vectors.
    height, width
        The part that is used, in rows and floats.
    """
    one = splat(1.0)
    for j in range(height):
        for k in range(first + j * pitch, first + j * pitch + width, LANES):
            h = lanes.load(halo, k)
            p2 = lanes.load(reached, k) / vmax(h, splat(MIN_HALO))
            p = lanes.sqrt(vmin(vmax(p2, splat(MIN_REACH * MIN_REACH)), one))
            u = vmax(h, splat(0.0)) / p
            growth = p
            if any_less(splat(U_STAR), u):  # seldom, and dear; 1 in the other lanes
                beyond = vmax(u * splat(1.0 / U_STAR), one)
                growth = vmin(p * lanes.exp(lanes.log(beyond) * splat(_THIRD)), one)
            base = fma(vmin(u, splat(U_STAR)), splat(1.0 / CROWD), one)
            base = base * base * base
            base = base * base
            base = base * base
            taken_by_halos = growth * (one - one / base)
            lanes.store(kept, k, lanes.load(kept, k) * (one - taken_by_halos))


def relative_reflectance_reference(
    core: NDArray[np.float64], halo: NDArray[np.float64], halo_reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Combine the planes C, H and Q into R / R0 in float64; any equal shapes."""
    p = np.sqrt(np.clip(halo_reach / np.maximum(halo, MIN_HALO), MIN_REACH**2, 1.0))
    u = np.maximum(halo, 0.0) / p
    growth = np.minimum(p * np.maximum(u / U_STAR, 1.0) ** _THIRD, 1.0)
    kept = 1.0 - growth * (1.0 - (1.0 + np.minimum(u, U_STAR) / CROWD) ** -CROWD)
    reflectance: NDArray[np.float64] = np.exp(-core) * kept
    return reflectance
