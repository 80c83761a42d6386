"""A photon's way through layers: free paths, Henyey-Greenstein angles, the surface, roulette.

A walk is adjoint: it starts where the camera looks, straight down and inside the tissue, and what
leaves the surface counts, for the light comes from everywhere alike. Absorption does not steer it:
the paths through each layer are added up, and a weight is exp(-absorption times path) at the end.

The loop itself is written out in each module: as one function that returns the nine numbers of a
photon, it is a third slower.
"""

from __future__ import annotations

import math
from typing import Final

from numba import njit

from smpengine.optics.transport.draws import draw, draw_pair

SCATTERED: Final = 0
UP: Final = 1
DOWN: Final = 2

ROULETTE_DEPTH: Final = 6.9
"""Optical depth of absorption from which on a photon may die: its weight is 1e-3."""
SURVIVAL: Final = 0.1
_PER_SURVIVAL: Final = -math.log(SURVIVAL)


@njit(nogil=True, forceinline=True)
def free_path(z, uz, tau, mus, top, bottom):
    """Return (step, event): to where the optical path `tau` ends, or to the layer's edge."""
    step = tau / mus
    ahead = z + uz * step
    if ahead < top:
        return max((top - z) / uz, 0.0), UP
    if ahead > bottom:
        return max((bottom - z) / uz, 0.0), DOWN
    return step, SCATTERED


@njit(nogil=True, forceinline=True)
def turn(ux, uy, uz, g, state, gamma):
    """Return (ux, uy, uz, state) after a Henyey-Greenstein angle.

    L. G. Henyey, J. L. Greenstein, Astrophys. J. 93 (1941) 70; the frame about the old direction is
    that of T. Duff et al., J. Comput. Graph. Tech. 6 (2017) 1, which has no special case.
    """
    state, u = draw(state, gamma)
    if abs(g) < 1e-6:  # the formula below would lose all digits
        cosine = 2.0 * u - 1.0
    else:
        q = (1.0 - g * g) / (1.0 - g + 2.0 * g * u)
        cosine = min(max((1.0 + g * g - q * q) / (2.0 * g), -1.0), 1.0)
    state, px, py = draw_pair(state, gamma)
    size = px * px + py * py
    while size > 1.0 or size < 1e-12:
        state, px, py = draw_pair(state, gamma)
        size = px * px + py * py
    factor = math.sqrt((1.0 - cosine * cosine) / size)
    px *= factor
    py *= factor
    sign = math.copysign(1.0, uz)
    a = -1.0 / (sign + uz)
    b = ux * uy * a
    x = px * (1.0 + sign * ux * ux * a) + py * b + cosine * ux
    y = px * sign * b + py * (sign + uy * uy * a) + cosine * uy
    z = -px * sign * ux - py * uy + cosine * uz
    unit = 1.5 - 0.5 * (x * x + y * y + z * z)
    return x * unit, y * unit, z * unit, state


@njit(nogil=True, forceinline=True)
def reflected(cosine, n):
    """Return the share of unpolarised light that is reflected from inside, by Fresnel."""
    out2 = 1.0 - n * n * (1.0 - cosine * cosine)
    if out2 <= 0.0:
        return 1.0
    out = math.sqrt(out2)
    s = (n * cosine - out) / (n * cosine + out)
    p = (cosine - n * out) / (cosine + n * out)
    return 0.5 * (s * s + p * p)


@njit(nogil=True, forceinline=True)
def cross(event, z, uz, layer, edges, n, state, gamma):
    """Take a photon over a layer's edge: returns (z, uz, layer, where it left, state).

    It left at UP or DOWN, or was sent back or is in another layer: SCATTERED.
    """
    if event == UP and layer > 0:
        return edges[layer], uz, layer - 1, SCATTERED, state
    if event == DOWN and layer < edges.shape[0] - 2:
        return edges[layer + 1], uz, layer + 1, SCATTERED, state
    z = edges[layer] if event == UP else edges[layer + 1]
    state, u = draw(state, gamma)
    if u >= reflected(abs(uz), n):
        return z, uz, layer, event, state
    return z, -uz, layer, SCATTERED, state


@njit(nogil=True, forceinline=True)
def survives(absorbed, state, gamma):
    """Return (whether a photon goes on, its optical depth of absorption, state).

    One whose weight is under 1e-3 dies nine times in ten, and else counts for ten.
    """
    if absorbed < ROULETTE_DEPTH:
        return True, absorbed, state
    state, u = draw(state, gamma)
    return u < SURVIVAL, absorbed - _PER_SURVIVAL, state


@njit(nogil=True, forceinline=True)
def optical_path(state, gamma):
    """Return (state, an optical path until the next scattering)."""
    state, u = draw(state, gamma)
    return state, -math.log(u)
