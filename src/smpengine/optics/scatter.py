"""Impressions to splats: each deposit becomes a soft disc and five Gaussians for all bands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from smpengine.optics.dot import (
    clamp_reach,
    core_cap,
    depth_index,
    disc_shape,
    halo_strength,
    halo_variance,
)
from smpengine.optics.tables import MUSP_PER_MM, SHAPES, Table, table_for
from smpengine.raster.splats import Discs, Gaussians
from smpengine.scene import BANDS, Impressions, Skin
from smpengine.workers import Workers

HALOS: Final = SHAPES - 1
CHANNELS: Final = 2 * len(BANDS)
"""Of a halo: H in R, G, B, then Q = H times reach."""
MIN_SIGMA_PX: Final = 0.5
CHUNK: Final = 8_192
_TABULATED_DEPTH_OFFSET: Final = 0.0299  # the kernel of a cylinder is read this share of t higher
_MUSP_G_PER_MM: Final = 4.07


@dataclass(frozen=True)
class Splats:
    """What a window's impressions are drawn as."""

    halos: Gaussians
    cores: Discs


def scatter(
    impressions: Impressions,
    skin: Skin,
    px_per_mm: float,
    workers: Workers,
    min_sigma_px: float = MIN_SIGMA_PX,
) -> Splats:
    """Turn impressions into splats on the pixel grid.

    Parameters
    ----------
    impressions
        Columns of shape (n,), mm; n may be 0.
    skin
        Its melanosome fraction chooses the table; its scattering scales lengths by similarity:
        skin that scatters c times as much looks as tabulated skin would, c times as large, with
        absorption c times smaller.
    px_per_mm
        Scale, > 0.
    workers
        Who computes it; the result does not depend on them.
    min_sigma_px
        Narrower Gaussians, and rims of discs, are widened to this and keep their mass.

    Returns
    -------
    Splats
        Halos: 5 n Gaussians of 6 channels; cores: n discs of 3 bands.

    Notes
    -----
    The model and its fit are described in ARCHITECTURE.md, Optics.
    """
    n = len(impressions)
    table = table_for(skin)
    sigma_px = np.empty(n * HALOS, np.float32)
    peak = np.empty((n * HALOS, CHANNELS), np.float32)
    inv_spread = np.empty(n, np.float32)
    edge = np.empty(n, np.float32)
    cap = np.empty((n, len(BANDS)), np.float32)
    columns = (
        impressions.depth_mm,
        impressions.radius_mm,
        impressions.thickness_mm,
        impressions.mua_per_mm,
    )
    nodes = (table.z_mm, table.sigma_mm, table.weight, table.reach, table.decay_per_mm)
    musp = np.array(MUSP_PER_MM) / _MUSP_G_PER_MM
    scale = (float(skin.scattering), float(px_per_mm), float(min_sigma_px))

    def work(k: int, _: None) -> None:
        first, last = k * CHUNK, min((k + 1) * CHUNK, n)
        _scatter(first, last, *columns, *nodes, musp, *scale, sigma_px, peak, inv_spread, edge, cap)

    workers.each(-(-n // CHUNK), work, lambda: None)
    x_px = impressions.x_mm * px_per_mm
    y_px = impressions.y_mm * px_per_mm
    halos = Gaussians(np.repeat(x_px, HALOS), np.repeat(y_px, HALOS), sigma_px, peak)
    return Splats(halos, Discs(x_px, y_px, inv_spread, edge, cap))


def reach_mm(impressions: Impressions, skin: Skin) -> float:
    """Return a distance beyond which no impression of a scene changes any pixel, in mm.

    Seven sigma of the widest halo: Gaussians end at 4.6, and interpolating levels spreads what is
    drawn by at most 3 samples of 1 / 2.25 sigma each way.
    """
    if len(impressions) == 0:
        return 0.0
    table: Table = table_for(skin)
    radius = float(impressions.radius_mm.max())
    widest = math.sqrt(float(table.sigma_mm.max()) ** 2 / skin.scattering**2 + radius**2)
    return 7.0 * widest + 5.0 * radius


@njit(nogil=True, cache=True)
def _scatter(
    first, last, depth, radius, thickness, mua,
    z_mm, sigma_mm, weight, reach, decay, musp, scattering, px_per_mm, min_sigma_px,
    sigma_px, peak, inv_spread, edge, cap,
):  # fmt: skip
    weights = np.empty(SHAPES)
    px = px_per_mm / scattering
    for n in range(first, last):
        z = depth[n] * scattering
        r = radius[n] * scattering
        t = thickness[n] * scattering
        z_read = max(z - _TABULATED_DEPTH_OFFSET * t, 0.0)
        z_top = max(z - 0.5 * t, 0.0)
        node, share = depth_index(z_read, z_mm)
        top, top_share = depth_index(z_top, z_mm)
        s = max(_between(sigma_mm[node, 0], sigma_mm[node + 1, 0], share), 0.02 * r)
        _, _, centre = disc_shape(s, r)
        # Pixels see a rim of at least half a pixel; the light that the disc takes stays the same.
        wide, wide_edge, wide_centre = disc_shape(max(s, min_sigma_px / px), r)
        inv_spread[n] = 1.0 / (wide * px * px)
        edge[n] = wide_edge
        for b in range(musp.shape[0]):
            absorption = mua[n, b] / scattering
            deep = math.exp(-decay[b] * max(z_read - z_mm[-1], 0.0))
            deep_top = math.exp(-decay[b] * max(z_top - z_mm[-1], 0.0))
            p = clamp_reach(_between(reach[top, b], reach[top + 1, b], top_share) * deep_top)
            weight_sum = 0.0
            for k in range(SHAPES):
                weights[k] = _between(weight[node, b, k], weight[node + 1, b, k], share) * deep
                weight_sum += _between(weight[top, b, k], weight[top + 1, b, k], top_share)
            weight_sum *= deep_top
            halo = 0.0
            for k in range(1, SHAPES):
                sigma = _between(sigma_mm[node, k], sigma_mm[node + 1, k], share)
                variance = halo_variance(sigma, r)
                strength = halo_strength(weights[k], sigma, absorption, r, t, musp[b])
                halo += strength / (2.0 * math.pi * variance)
                seen = max(math.sqrt(variance) * px, min_sigma_px)
                row = n * HALOS + k - 1
                sigma_px[row] = seen
                peak[row, b] = strength * px * px / (2.0 * math.pi * seen * seen)
                peak[row, b + 3] = peak[row, b] * p
            core = (
                weights[0],
                _between(weight[top, b, 0], weight[top + 1, b, 0], top_share) * deep_top,
            )
            share_taken = core_cap(core, weight_sum, absorption, r, t, centre, halo, p)
            cap[n, b] = share_taken * wide_centre / centre


@njit(nogil=True, cache=True)
def _between(lower, upper, share):
    return lower + (upper - lower) * share
