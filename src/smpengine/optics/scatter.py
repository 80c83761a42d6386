"""Impressions to splats: each deposit becomes a soft disc and six Gaussians for all bands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from smpengine.impressions import Impressions
from smpengine.moves import advance, keep, pointer
from smpengine.optics.constants import CONSTANTS, Constants
from smpengine.optics.crowding import BANDS_COUNT
from smpengine.optics.deposit import (
    GAUSSIANS,
    WORK,
    describe_core,
    describe_halos,
    rim_width,
)
from smpengine.optics.dot import disc_area, disc_centre, disc_shape, soft_min
from smpengine.optics.granules import GRANULES, concentration, granule, loosened, place_word
from smpengine.optics.tables import Table, skin_bands, table_for
from smpengine.raster.profile import DISC_TAPER_END
from smpengine.raster.splats import MAX_CAP, Discs, Gaussians, PixelWindow
from smpengine.scene import Skin
from smpengine.workers import Workers

CHANNELS: Final = 2 * BANDS_COUNT
"""Of a halo: H in R, G, B, then Q = H times the square of the reach."""
MIN_SIGMA_PX: Final = 0.5
NEGLIGIBLE: Final = 1e-8
"""A component whose peak is lower in every band is not drawn: 500 that overlap change R by at most
5e-6 of itself, a third of a step of a 16-bit pixel where those are finest."""
CHUNK: Final = 2_048


@dataclass(frozen=True)
class Splats:
    """What a window's impressions are drawn as."""

    halos: Gaussians
    cores: Discs


REACH_SAMPLES: Final = 16.0
"""What levels of Gaussians add to a reach."""
REACH_SIGMAS: Final = 7.0
"""Of a halo, beyond which and so many samples nothing of it is drawn: see `reach_mm`."""


def scatter(
    impressions: Impressions,
    skin: Skin,
    px_per_mm: float,
    workers: Workers,
    min_sigma_px: float = MIN_SIGMA_PX,
    constants: Constants = CONSTANTS,
    window: PixelWindow | None = None,
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
    constants
        Of the model; others than the fitted ones are for fitting.
    window
        What is drawn of them: cores that do not reach it are left out, most of the work where a
        picture is smaller than the reach of halos. All of them when None.

    Returns
    -------
    Splats
        Halos: 6 n Gaussians of 6 channels; cores: n discs of 3 bands, or 5 n where any impression
        is granular. What is negligible has peaks (caps) of 0 in all channels.

    Notes
    -----
    The model and its fit are described in ARCHITECTURE.md, Optics.
    """
    n = len(impressions)
    table = table_for(skin)
    sigma_px = np.empty(n * GAUSSIANS, np.float32)
    peak = np.empty((n * GAUSSIANS, CHANNELS), np.float32)
    each = discs_of(impressions)
    x_px, y_px = (np.empty(n * each) for _ in range(2))
    inv_spread, edge = (np.empty(n * each, np.float32) for _ in range(2))
    cap = np.empty((n * each, BANDS_COUNT), np.float32)
    columns = (
        impressions.x_mm,
        impressions.y_mm,
        impressions.depth_mm,
        impressions.radius_mm,
        impressions.thickness_mm,
        impressions.mua_per_mm,
        impressions.granularity,
    )
    discs = (each, x_px, y_px, inv_spread, edge, cap)
    model = (table.arrays, skin_bands(skin), constants)
    scale = (float(skin.similarity), float(px_per_mm), float(min_sigma_px))
    shown = _shown(window, table, constants)

    def work(chunk: int, _: None) -> None:
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, n)
        _scatter(first, last, columns, *model, *scale, sigma_px, peak, discs, shown)

    workers.each(-(-n // CHUNK), work, lambda: None)
    x, y = impressions.x_mm * px_per_mm, impressions.y_mm * px_per_mm
    halos = Gaussians(np.repeat(x, GAUSSIANS), np.repeat(y, GAUSSIANS), sigma_px, peak)
    return Splats(halos, Discs(*discs[1:]))


def _shown(window: PixelWindow | None, table: Table, k: Constants) -> tuple[float, ...]:
    """Return x0, y0, x1, y1 of a window in samples; and what no disc's edge is moved by more."""
    strongest = max(float(table.weight[:, :, 0].max()), 1e-12)
    rim = max(k.rim, 0.0) * max(strongest**k.rim_power, 1e-12**k.rim_power)
    if window is None:
        return -math.inf, -math.inf, math.inf, math.inf, rim
    x0, y0 = float(window.col0), float(window.row0)
    return x0, y0, x0 + window.width, y0 + window.height, rim


def discs_of(impressions: Impressions) -> int:
    """Return how many discs draw the core of each impression."""
    return GRANULES if impressions.is_granular else 1


def reach_mm(impressions: Impressions, skin: Skin) -> float:
    """Return a distance beyond which no impression of a scene changes any pixel, in mm.

    Seven sigma of the widest halo: what is drawn ends at 4.3 of its own, at least 1.2 samples, and
    levels spread it by 5 samples: 6.8 sigma at most.
    """
    if len(impressions) == 0:
        return 0.0
    return REACH_SIGMAS * widest_mm(impressions, skin) + 5.0 * float(impressions.radius_mm.max())


def widest_mm(impressions: Impressions, skin: Skin) -> float:
    """Return what no halo's sigma is over, in mm: that of the deepest impression, the widest."""
    if len(impressions) == 0:
        return 0.0
    table: Table = table_for(skin)
    deepest = float(impressions.depth_mm.max()) * skin.similarity
    sigma = float(np.interp(deepest, table.z_mm, table.sigma_mm.max(axis=1)))
    return math.hypot(sigma / skin.similarity, float(impressions.radius_mm.max()))


@njit(nogil=True, cache=True)
def _scatter(
    first, last, columns, table, skin, k, scattering, px_per_mm, min_sigma_px, sigma_px, peak,
    discs, shown,
):  # fmt: skip
    x, y, depth, radius, thickness, mua, granularity = columns
    x_bits, y_bits = x.view(np.uint64), y.view(np.uint64)
    room = np.empty(WORK + GAUSSIANS + BANDS_COUNT * (GAUSSIANS + 4))
    work = pointer(room)
    variance = advance(work, WORK)
    strength = advance(variance, GAUSSIANS)
    reach = advance(strength, BANDS_COUNT * GAUSSIANS)
    core, absorption = advance(reach, BANDS_COUNT), advance(reach, 3 * BANDS_COUNT)
    z_mm, sigma, weight, deepest, decay = table
    pointers = (pointer(z_mm), pointer(sigma), pointer(weight), pointer(deepest), pointer(decay))
    table, skin = (z_mm.shape[0], *pointers), pointer(skin)
    peak, sigma_px = pointer(peak), pointer(sigma_px)
    px = px_per_mm / scattering
    for n in range(first, last):
        for b in range(BANDS_COUNT):
            absorption[b] = mua[n, b] / scattering
        z, r, t = depth[n] * scattering, radius[n] * scattering, thickness[n] * scattering
        describe_halos(
            z, r, t, absorption, table, skin, k, work, variance, strength, reach, core
        )  # fmt: skip
        row = n * GAUSSIANS
        _write_halos(variance, strength, reach, px, min_sigma_px, row, sigma_px, peak)
        place = x[n] * px_per_mm, y[n] * px_per_mm
        strongest = max(absorption[0], absorption[1], absorption[2]) * t
        widest = max(rim_width(work[0], r), min_sigma_px / px)
        if not _core_is_near(place, r * px, widest * px, strongest, shown):
            _write_no_cores(n, place, discs)
            continue
        disc = describe_core(z, r, t, absorption, table, k, work, reach, core)
        word = place_word(x_bits[n], y_bits[n])
        _write_cores(n, place, word, granularity[n], disc, core, k, px, min_sigma_px, discs)
    keep(room)


@njit(nogil=True, cache=True)
def _core_is_near(place, r, rim, opacity, shown):
    """Tell whether any disc of an impression may reach a window; lengths in samples.

    With B and edge as in `dot.disc_shape`: B is at most 2.7 max(r, rim)^2, and B times the edge at
    most 2.6 r^2; a disc ends where rho^2 is B (edge + what an opaque rim adds + DISC_TAPER_END).
    Granules are smaller, and within 3 r.
    """
    x0, y0, x1, y1, most = shown
    wide = max(r, rim)
    added = most * math.log1p(opacity) + DISC_TAPER_END
    reach = 3.0 * r + math.sqrt(2.7 * wide * wide * (1.0 + added)) * 1.001 + 2.0
    across, down = place
    return across > x0 - reach and across < x1 + reach and down > y0 - reach and down < y1 + reach


@njit(nogil=True, cache=True)
def _write_no_cores(n, place, discs):
    """Fill in discs that are not drawn."""
    each, x_px, y_px, inv_spread, edge, cap = discs
    for at in range(n * each, (n + 1) * each):
        x_px[at], y_px[at] = place
        inv_spread[at], edge[at] = 1.0, 0.0
        for b in range(BANDS_COUNT):
            cap[at, b] = 0.0


@njit(nogil=True, cache=True)
def _write_cores(n, place, word, granularity, disc, core, k, px, min_sigma_px, discs):
    """Fill in the disc of an impression, or its granules."""
    each, x_px, y_px, inv_spread, edge, cap = discs
    whole, rim_sigma, rim = disc
    dense = concentration(word, granularity) if granularity > 0.0 else 1.0
    for g in range(each):
        at = n * each + g
        dx, dy, part, strength = 0.0, 0.0, 1.0, 1.0
        if granularity > 0.0:
            dx, dy, part, strength = granule(word, g, granularity)
        elif g > 0:
            strength = 0.0
        r = whole * part
        x_px[at], y_px[at] = place[0] + dx * whole * px, place[1] + dy * whole * px
        # Pixels see a rim of at least half a pixel; what a weak disc takes stays the same.
        spread, sharp = disc_shape(rim_sigma, r)
        wide, soft, share = spread, sharp, 1.0
        if rim_sigma * px < min_sigma_px:
            wide, soft = disc_shape(min_sigma_px / px, r)
            share = disc_area(spread, sharp) / disc_area(wide, soft)
        inv_spread[at] = 1.0 / (wide * px * px)
        edge[at] = soft + rim
        if granularity > 0.0:
            strength *= dense * disc_centre(rim_sigma, r) / disc_centre(rim_sigma, whole)
        most = 0.0
        for b in range(BANDS_COUNT):
            limit = core[BANDS_COUNT + b]
            if granularity > 0.0:
                limit = loosened(limit, granularity)
            taken = soft_min(core[b] * strength, limit, k.core_corner)
            cap[at, b] = min(taken * share, MAX_CAP)
            most = max(most, cap[at, b])
        if most < NEGLIGIBLE:
            for b in range(BANDS_COUNT):
                cap[at, b] = 0.0


@njit(nogil=True, cache=True)
def _write_halos(variance, strength, reach, px, min_sigma_px, row, sigma_px, peak):
    for g in range(GAUSSIANS):
        seen = max(math.sqrt(variance[g]) * px, min_sigma_px)
        sigma_px[row + g] = seen
        most, at = 0.0, (row + g) * CHANNELS
        for b in range(BANDS_COUNT):
            value = strength[b * GAUSSIANS + g] * px * px / (2.0 * math.pi * seen * seen)
            most = max(most, abs(value))
            peak[at + b] = value
            peak[at + b + BANDS_COUNT] = value * reach[b] * reach[b]
        if most < NEGLIGIBLE:
            for c in range(CHANNELS):
                peak[at + c] = 0.0
