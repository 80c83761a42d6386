"""One deposit's core and halo: the formulas of the model, scalar by scalar, in float64.

Symbols: z, r, t the cylinder's depth, radius and thickness in mm of the tabulated scattering, mua
its absorption per mm, a the weights and s the sigmas of the linear kernel at its depth, q = r m
with m the band's reduced scattering relative to 4.07 per mm. The constants were fitted to Monte
Carlo transport of single cylinders and of lattices (ARCHITECTURE.md, Optics).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from smpengine.optics.crowding import MIN_REACH, taken
from smpengine.raster.splats import MAX_CAP


@njit(nogil=True, cache=True)
def halo_strength(z_weight, sigma, mua, r, t, m):
    """Return S of one halo, mm^2: its absorbance integrated over the skin.

    x is twice the optical path through the cylinder; the self-shielding that it brings is weaker
    the wider the halo, for diffuse light enters from all sides.
    """
    x = 2.0 * mua * r * t / (r + t)
    q = r * m
    b = math.exp(-sigma * m / 0.179)
    c = 0.627 + 0.373 * x / (x + 1.89)
    d = 0.509 * q**0.526 * (1.0 - b) - 2.47 * q * b
    return mua * math.pi * r * r * t * z_weight / (1.0 + x * max(c + d, 0.02))


@njit(nogil=True, cache=True)
def halo_variance(sigma, r):
    """Return V of one halo, mm^2: that of the kernel and of the cylinder."""
    return sigma * sigma + 0.217 * r * r


@njit(nogil=True, cache=True)
def disc_shape(s, r):
    """Return (B in mm^2, edge, E) of the soft disc of radius r with a rim of width s.

    A Fermi function of rho^2 that is a disc for s << r and a Gaussian for s >> r. E is the value
    at the centre of a disc convolved with a Gaussian, and pi r^2 / E the area under D.
    """
    ratio = r / s
    centre = -math.expm1(-0.5 * ratio * ratio)
    edge = max(0.8631 * ratio - 6.0957 * (1.0 / ratio) ** 1.7133, -30.0)
    spread = r * r / ((1.0 + math.exp(-edge)) * math.log1p(math.exp(edge)) * centre)
    return spread, edge, centre


@njit(nogil=True, cache=True)
def core_cap(core_weight, weight_sum, mua, r, t, centre, halo, reach):
    """Return X, the share of light that the core takes at its centre, 0 to 0.9995.

    Parameters
    ----------
    core_weight, weight_sum
        The core's kernel weight at the deposit, and (core's, all shapes') at its top.
    halo, reach
        The deposit's own halos at its centre, and the reach at its top.
    """
    at_depth, at_top = core_weight
    own = taken(halo, reach)
    limit = (1.0 - math.exp(-((weight_sum / 0.984) ** 2.12))) * reach**0.644
    u = (limit - own) / (1.0 - own)
    u = 0.5 * (u + math.sqrt(u * u + 0.0004))
    cap = u * (1.0 - math.exp(-((at_top / 0.403) ** 1.1)))
    cap = min(max(cap, 1e-4), MAX_CAP)
    strength = 1.0 + 0.317 * (r / 0.1) ** -0.629 * mua * t
    v = mua * t * at_depth * centre / (cap * strength)
    # v^3.86 overflows for absurd strengths; there the share has long reached the cap.
    if v > 1e6:
        return cap
    return cap * v / (1.0 + v**3.86) ** (1.0 / 3.86)


@njit(nogil=True, cache=True)
def depth_index(z, z_mm):
    """Return (lower node, share of the next one) for linear interpolation, clamped."""
    last = z_mm.shape[0] - 1
    if z <= z_mm[0]:
        return 0, 0.0
    if z >= z_mm[last]:
        return last - 1, 1.0
    node = np.searchsorted(z_mm, z, side="right") - 1
    return node, (z - z_mm[node]) / (z_mm[node + 1] - z_mm[node])


@njit(nogil=True, cache=True)
def clamp_reach(reach):
    """Return the reach, at least the least that crowding can divide by."""
    return max(reach, MIN_REACH)
