"""Crowding: light that one halo has removed cannot be removed again.

With H the sum of the halos at a pixel, Q that of halos times reach and p = Q / H the mean reach,

    U = H / p,  g(U) = (1 + U / 8)^-8
    G = min(p sqrt(max(U / U*, 1)), 1) (1 - g(min(U, U*)))
    R / R0 = exp(-C) (1 - G)

where U* is where 1 - g(U) = -2 U g'(U). Below U* the halos take light as independent ones would;
above, what they take grows with the square root only, up to all of it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat, vmax, vmin

U_STAR: Final = 1.2237573
MIN_REACH: Final = 1e-6
MIN_HALO: Final = 1e-12


@njit(nogil=True, cache=True)
def taken(halo, reach):
    """Return G, the share of light that halos of sum `halo` and mean reach `reach` take."""
    u = halo / reach
    capped = min(u, U_STAR)
    growth = min(reach * math.sqrt(max(u / U_STAR, 1.0)), 1.0)
    return growth * (1.0 - (1.0 + capped / 8.0) ** -8)


@njit(nogil=True, cache=True)
def relative_reflectance(core, halo, halo_reach, out):
    """Combine the planes C, H and Q into R / R0, eight samples at a time.

    Parameters
    ----------
    core, halo, halo_reach, out
        Float32, flat, contiguous, equally long; the length a multiple of eight.
    """
    one = splat(1.0)
    for k in range(0, out.shape[0], LANES):
        h = lanes.load(halo, k)
        p = lanes.load(halo_reach, k) / vmax(h, splat(MIN_HALO))
        p = vmin(vmax(p, splat(MIN_REACH)), one)
        u = vmax(h, splat(0.0)) / p
        growth = vmin(p * lanes.sqrt(vmax(u * splat(1.0 / U_STAR), one)), one)
        base = fma(vmin(u, splat(U_STAR)), splat(0.125), one)
        base = base * base
        base = base * base
        base = base * base
        kept = one - growth * (one - one / base)
        c = lanes.load(core, k)
        lanes.store(out, k, lanes.exp(splat(0.0) - c) * kept)


def relative_reflectance_reference(
    core: NDArray[np.float64], halo: NDArray[np.float64], halo_reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Combine the planes C, H and Q into R / R0 in float64; any equal shapes."""
    p = np.clip(halo_reach / np.maximum(halo, MIN_HALO), MIN_REACH, 1.0)
    u = np.maximum(halo, 0.0) / p
    growth = np.minimum(p * np.sqrt(np.maximum(u / U_STAR, 1.0)), 1.0)
    kept = 1.0 - growth * (1.0 - (1.0 + np.minimum(u, U_STAR) / 8.0) ** -8)
    reflectance: NDArray[np.float64] = np.exp(-core) * kept
    return reflectance
