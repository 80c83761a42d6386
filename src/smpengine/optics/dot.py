"""One deposit's core and halos: the formulas of the model, in float64, scalar by scalar.

Symbols: z, r, t the cylinder's depth, radius and thickness in mm of the tabulated scattering, mua
its absorption per mm, a the weights and s the sigmas of the linear kernel, m the band's reduced
scattering relative to 4.07 per mm, k the fitted constants. ARCHITECTURE.md derives the formulas.
Each absorbs more, nowhere less, where mua is larger.
"""

from __future__ import annotations

import math

from numba import njit

from smpengine.optics.crowding import taken
from smpengine.raster.splats import MAX_CAP

FLAT_SHARE = 0.8  # how far a Gaussian is flattened; up to 0.89 the sum stays positive
FLAT_FLOOR = 1e-3
FLAT_VARIANCE = 0.09
UNIT_MM = 0.1  # of r and t in powers
SOFT = 0.02  # rounds the corner where halos alone reach the limit
LEAST_SHIELD = 0.05


@njit(nogil=True, cache=True)
def chord_mm(r, t, k):
    """Return the mean path through the cylinder, its sides weighted by `k.side`."""
    return r * t * (1.0 + k.side) / (r + k.side * t)


@njit(nogil=True, cache=True)
def nearness(sigma, r, k):
    """Return how near a halo is to its deposit: 1 for direct light, 0 for diffuse light."""
    return math.exp(-sigma / (k.near_reach * r))


@njit(nogil=True, cache=True)
def own_shielding(r, t, k):
    """Return how strongly a deposit shields itself per optical path, while that is short."""
    return k.shield * (r / UNIT_MM) ** k.shield_radius * (t / UNIT_MM) ** k.shield_thickness


@njit(nogil=True, cache=True)
def back_shielding(q, returning, k):
    """Return (what diffuse light that comes back adds, what nearness takes); q = r m.

    A wide halo is shielded by own + back, the nearest by own - near.
    """
    return k.back * q**k.back_radius * returning, k.near * q**k.near_radius


@njit(nogil=True, cache=True)
def shallowness(z_top, k):
    """Return how much of the way back leads through the epidermis: 1 at the surface, 0 deep."""
    return math.exp(-z_top / k.back_depth_mm)


@njit(nogil=True, cache=True)
def returning_light(shallow, epidermis_per_mm, k):
    """Return the share of diffuse light that comes back: less above or in a dark epidermis."""
    dark = epidermis_per_mm * k.back_epidermis_mm
    return 1.0 - shallow * dark / (1.0 + dark)


@njit(nogil=True, cache=True)
def halo_strength(volume, chord, mua, shield, k):
    """Return (S, S of an opaque deposit) of a halo, mm^2: absorbance integrated over the skin.

    `volume` is that of the cylinder times the halo's kernel weight.
    """
    x = mua * chord
    now = max(shield + k.shield_more * x / (x + k.shield_path), LEAST_SHIELD)
    opaque = max(shield + k.shield_more, LEAST_SHIELD)
    return mua * volume / (1.0 + x * now), volume / (chord * opaque)


@njit(nogil=True, cache=True)
def flat_share(sigma, r, k):
    """Return c: a halo is (1 + c) of a wide Gaussian less c of a narrow one, for r >> sigma.

    Exactly 0 for r up to 1.5 sigma, so that most deposits need no narrow one at all.
    """
    q = (r / (sigma * k.flat_onset)) ** 8
    return max(FLAT_SHARE * q / (1.0 + q) - FLAT_FLOOR, 0.0)


@njit(nogil=True, cache=True)
def disc_centre(s, r):
    """Return the centre of a flat disc of radius r, blurred by a rim of width s."""
    ratio = r / s
    return -math.expm1(-0.5 * ratio * ratio)


@njit(nogil=True, cache=True)
def disc_shape(s, r):
    """Return (B in mm^2, edge) of the soft disc of radius r with a rim of width s.

    A Fermi function of rho^2 that is a disc for s << r and a Gaussian for s >> r; with exact
    centre, 1 - exp(-r^2 / 2 s^2) of a flat disc's, and area.
    """
    ratio = r / s
    centre = -math.expm1(-0.5 * ratio * ratio)
    edge = max(0.8631 * ratio - 6.0957 * (1.0 / ratio) ** 1.7133, -30.0)
    spread = r * r / ((1.0 + math.exp(-edge)) * math.log1p(math.exp(edge)) * centre)
    return spread, edge


@njit(nogil=True, cache=True)
def disc_area(spread, edge):
    """Return the area under a soft disc."""
    return math.pi * spread * (1.0 + math.exp(-edge)) * math.log1p(math.exp(edge))


@njit(nogil=True, cache=True)
def core_path(r, k):
    """Return the path through the deposit per depth of light on its way up."""
    return k.core_path * (r / UNIT_MM) ** k.core_radius


@njit(nogil=True, cache=True)
def core_strength(at_top, at_bottom, mua, t, per_depth):
    """Return the light that is taken on its straight way up through the deposit.

    The integral of a0(z) mua exp(-p mua (z - top)) over the thickness, p = `per_depth`, with a0
    falling exponentially between top and bottom.
    """
    decay = min(max(math.log(at_top / max(at_bottom, 1e-12)) / t, 0.0), 80.0)
    path = per_depth * mua + decay
    if path * t < 1e-9:
        return at_top * mua * t
    return -at_top * mua * math.expm1(-path * t) / path


@njit(nogil=True, cache=True)
def core_limit(opaque_halo, reach):
    """Return the most that a core may take beside the halos of its own, opaque, deposit.

    Light that never went as deep as the deposit's top is not taken by it, so both together take
    `reach` at the centre.
    """
    own = taken(opaque_halo, reach)
    u = (reach - own) / (1.0 - own)
    u = (u + math.sqrt(u * u + SOFT * SOFT)) / (1.0 + math.sqrt(1.0 + SOFT * SOFT))
    return min(max(u, 1e-4), MAX_CAP)


@njit(nogil=True, cache=True)
def soft_min(a, b, corner):
    """Return the lesser of two, rounded where they are alike."""
    ratio = a / b
    if ratio > 1e4:
        return b
    if ratio < 1e-4:  # the corner is further off than float64 can tell
        return a
    return a / (1.0 + ratio**corner) ** (1.0 / corner)
