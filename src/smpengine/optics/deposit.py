"""One deposit in one skin: reads the kernels at its depth and puts its shapes together."""

from __future__ import annotations

import math

from numba import njit

from smpengine.moves import advance
from smpengine.optics.crowding import BANDS_COUNT, MIN_REACH
from smpengine.optics.dot import (
    FLAT_VARIANCE,
    back_shielding,
    chord_mm,
    core_limit,
    core_path,
    core_strength,
    flat_share,
    halo_strength,
    nearness,
    own_shielding,
    returning_light,
    shallowness,
)
from smpengine.optics.tables import read_reach, read_sigmas, read_weights
from smpengine.skintable import KERNELS

_WEIGHTS = BANDS_COUNT * KERNELS
GAUSSIANS = KERNELS  # five halos, and the one that flattens them; the core is a disc


WORK = 3 * KERNELS + 4 * _WEIGHTS
"""Numbers that `describe` needs room for: sigmas, weights at four depths, and what halos need."""


@njit(nogil=True, cache=True)
def describe(z, r, t, mua, table, skin, k, work, variance, strength, reach, core):
    """Fill in a deposit's shapes. Arrays are pointers to float64, flat.

    Parameters
    ----------
    z, r, t, mua
        The cylinder, mm of the tabulated scattering; mua (bands,), per mm.
    table
        As the functions of `tables.py` take it.
    skin
        Per band (2, bands): reduced scattering relative to 4.07 per mm, and the absorption of the
        epidermis per mm.
    k
        `constants.Constants`.
    work
        Room for WORK numbers.
    variance, strength
        (6,) and (bands, 6), overwritten: V and S of each Gaussian, mm^2. The last one flattens the
        others; its S is at most 0, and the sum is positive everywhere.
    reach
        (bands,), overwritten: the share of light that went deeper than the top.
    core
        (2, bands), overwritten: the share of light that the core would take at its centre, and the
        most that it may take there.

    Returns
    -------
    float, float, float
        Radius and rim width of the core's disc in mm; what to add to the disc's edge, because an
        opaque rim is darker.
    """
    describe_halos(z, r, t, mua, table, skin, k, work, variance, strength, reach, core)
    return describe_core(z, r, t, mua, table, k, work, reach, core)


@njit(nogil=True, cache=True)
def describe_halos(z, r, t, mua, table, skin, k, work, variance, strength, reach, core):
    """Fill in all of `describe` but the core, which a dot far away does not show.

    The second row of `core` is, until `describe_core`, the centre of the halos were it opaque.
    """
    sigma, kernels = work, advance(work, 3 * KERNELS)
    flat, near = advance(work, KERNELS), advance(work, 2 * KERNELS)
    z_read, z_top = max(z - k.read_shift * t, 0.0), max(z - 0.5 * t, 0.0)
    read_sigmas(z_read, table, sigma)
    read_weights(max(z_read - k.read_spread * t, 0.0), table, kernels, 0)
    read_weights(z_read + k.read_spread * t, table, kernels, _WEIGHTS)
    _halo_shapes(sigma, r, k, variance, flat, near)
    cylinder = (math.pi * r * r * t, chord_mm(r, t, k), own_shielding(r, t, k))
    read_reach(z_top, table, reach)
    shallow = shallowness(z_top, k)
    for b in range(BANDS_COUNT):
        reach[b] = max(reach[b], MIN_REACH)
        returning = returning_light(shallow, skin[BANDS_COUNT + b], k)
        shields = back_shielding(r * skin[b], returning, k)
        core[BANDS_COUNT + b] = _halo_strengths(
            kernels, b, mua[b], cylinder, shields, flat, near, k, variance, strength
        )


@njit(nogil=True, cache=True)
def describe_core(z, r, t, mua, table, k, work, reach, core):
    """Fill in the core of `describe` behind `describe_halos`, and return what it returns."""
    sigma, kernels = work, advance(work, 3 * KERNELS)
    read_weights(max(z - 0.5 * t, 0.0), table, kernels, 2 * _WEIGHTS)
    read_weights(z + 0.5 * t, table, kernels, 3 * _WEIGHTS)
    rim_sigma = rim_width(sigma[0], r)
    centre = -math.expm1(-0.5 * (r / rim_sigma) ** 2)
    per_depth = core_path(r, k)
    rim = 0.0
    for b in range(BANDS_COUNT):
        at_top = max(kernels[2 * _WEIGHTS + b * KERNELS], 1e-12)
        at_bottom = kernels[3 * _WEIGHTS + b * KERNELS]
        core[b] = centre * core_strength(at_top, at_bottom, mua[b], t, per_depth)
        core[BANDS_COUNT + b] = core_limit(core[BANDS_COUNT + b], reach[b])
        rim += at_top**k.rim_power * math.log1p(mua[b] * t) / BANDS_COUNT
    return r, rim_sigma, k.rim * rim


@njit(nogil=True, cache=True)
def rim_width(sigma, r):
    """Return the width of a disc's rim, from the sigma of the core at its depth."""
    return max(sigma, 0.02 * r)


@njit(nogil=True, cache=True)
def _halo_shapes(sigma, r, k, variance, flat, near):
    """Fill in V, that of kernel and disc, spread over a halo's two Gaussians; and what it needs."""
    last = GAUSSIANS - 1
    narrow = sigma[1] * sigma[1] + FLAT_VARIANCE * r * r
    for n in range(last):
        c = flat_share(sigma[n + 1], r, k)
        variance[n] = (sigma[n + 1] ** 2 + 0.25 * r * r + c * narrow) / (1.0 + c)
        flat[n] = c
        near[n] = nearness(sigma[n + 1], r, k)
    variance[last] = narrow


@njit(nogil=True, cache=True)
def _halo_strengths(kernels, band, mua, cylinder, shields, flat, near, k, variance, strength):
    """Fill in S of one band and return the centre of the halos were the deposit opaque."""
    volume, chord, own = cylinder
    back, close = shields
    last = GAUSSIANS - 1
    strength[band * GAUSSIANS + last] = 0.0
    opaque_centre = 0.0
    for n in range(last):
        at = band * KERNELS + n + 1
        weight = 0.5 * (kernels[at] + kernels[_WEIGHTS + at])
        shield = own + back * (1.0 - near[n]) - close * near[n]
        now, opaque = halo_strength(volume * weight, chord, mua, shield, k)
        c = flat[n]
        strength[band * GAUSSIANS + n] = now * (1.0 + c)
        strength[band * GAUSSIANS + last] -= now * c
        opaque_centre += opaque * ((1.0 + c) / variance[n] - c / variance[last])
    return max(opaque_centre / (2.0 * math.pi), 0.0)
