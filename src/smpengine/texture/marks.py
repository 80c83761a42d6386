"""Spots and pores: small marks, so many to a cm2, placed by cells of a lattice.

How many spots a cell holds is Poisson's. A spot's melanin is its own, so its absorbance is that of
bare skin with so much more: -ln(R0(m + more) / R0(m)).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from smpengine.optics.blood import melanin_absorbance
from smpengine.scene import Skin
from smpengine.texture.draws import Floats, deviates, uniforms
from smpengine.texture.draws import cells as cells_of
from smpengine.texture.sheet import Marks, Sheet, joined


@dataclass(frozen=True)
class Kind:
    """A kind of spot; all numbers are assumed.

    Attributes
    ----------
    cell_mm, most
        Side of its lattice's cells, and how many of it one may hold.
    radius_mm
        Smallest and largest.
    more
        Weakest and strongest: what it adds to the melanosome fraction.
    lobes
        Gaussians of one, which make its outline uneven.
    salt
        Of its random numbers.
    """

    cell_mm: float
    most: int
    radius_mm: tuple[float, float]
    more: tuple[float, float]
    lobes: int
    salt: int


FRECKLE: Final = Kind(4.0, 10, (0.4, 1.2), (0.006, 0.035), 4, 16)
AGE_SPOT: Final = Kind(16.0, 12, (1.2, 3.4), (0.008, 0.045), 9, 17)

PORE_RADIUS_MM: Final = (0.045, 0.085)
"""Sigma of an opening (assumed)."""
PORE_DEPTH: Final = (0.10, 0.16, 0.18)
"""Most absorbance of an opening in R, G, B: a hollow, as `shading.HOLLOW` (assumed)."""
PORE_SLOPE: Final = 0.35
"""Most slope of its walls (assumed)."""
PORE_RIM: Final = (-0.010, -0.018, -0.020)
PORE_RIM_RADII: Final = 2.6
"""The pale rim around it, and its width (assumed)."""
PORE_STRETCH: Final = 0.8
"""Share of a cell over which its pore may lie."""
_PORE_SALT: Final = 18
_STEPS: Final = 33


def spots(sheet: Sheet) -> Marks:
    """Return freckles and age spots."""
    complexion = sheet.complexion
    freckles = _of_kind(sheet, FRECKLE, complexion.freckles_per_cm2)
    return joined([freckles, _of_kind(sheet, AGE_SPOT, complexion.age_spots_per_cm2)])


def _of_kind(sheet: Sheet, kind: Kind, per_cm2: float) -> Marks:
    if per_cm2 == 0.0:
        return Marks.none()
    seed, side = sheet.complexion.seed, kind.cell_mm
    margin = sheet.margin_mm(0.5 * kind.radius_mm[1]) + kind.radius_mm[1]
    col, row = cells_of(sheet.box, side, side, margin)
    count = _poisson(uniforms(seed, kind.salt, col, row)[:, 0], per_cm2 * side * side / 100.0)
    count = np.minimum(count, kind.most)
    if not count.any():
        return Marks.none()
    # Cell by cell, spot by spot, lobe by lobe, so that windows keep the order of the whole.
    parts = []
    for number in range(int(count.max())):
        held = count > number
        parts.append(_some(sheet, kind, col[held], row[held], number))
    return joined(parts)


def _poisson(uniform: Floats, mean: float) -> Floats:
    """Return how many there are, by inversion."""
    count = np.zeros(uniform.shape)
    share = total = math.exp(-mean)
    for k in range(1, 200):
        count += uniform > total
        share *= mean / k
        total += share
    return count


def _some(sheet: Sheet, kind: Kind, col: Floats, row: Floats, number: int) -> Marks:
    """Return a spot of each of some cells, the `number`-th of them."""
    seed, side, n = sheet.complexion.seed, kind.cell_mm, col.size
    where = uniforms(seed, kind.salt, col, row, 1 + 32 * number)
    x, y = (col + where[:, 0]) * side, (row + where[:, 1]) * side
    low, high = kind.radius_mm
    radius = low + (high - low) * where[:, 2] ** 2
    strength = _worth(sheet.skin, kind, where[:, 3])
    lobes = [Marks.of(x, y, 0.55 * radius, 0.62 * strength)]
    for lobe in range(1, kind.lobes):
        drawn = deviates(seed, kind.salt, col, row, 1 + 32 * number + lobe)
        away = 0.42 * radius
        width = radius * np.clip(0.34 + 0.10 * drawn[:, 2], 0.15, 0.6)
        share = (0.30 + 0.15 * drawn[:, 3]) * min(1.0, 4.0 / kind.lobes)
        peak = strength * share[:, None]
        lobes.append(Marks.of(x + away * drawn[:, 0], y + away * drawn[:, 1], width, peak))
    # One spot's lobes side by side.
    order = np.arange(n * kind.lobes).reshape(kind.lobes, n).T.ravel()
    every = joined(lobes)
    return Marks(
        every.x_mm[order], every.y_mm[order], every.sigma_mm[order], every.peak[order]
    )  # fmt: skip


def _worth(skin: Skin, kind: Kind, uniform: Floats) -> Floats:
    """Return the absorbance of spots, (n, 3): evenly spread logarithms of what they add."""
    steps = np.linspace(0.0, 1.0, _STEPS)
    table = _worths(skin, kind)
    return np.stack([np.interp(uniform, steps, table[:, b]) for b in range(3)], axis=1)


@functools.lru_cache(maxsize=16)
def _worths(skin: Skin, kind: Kind) -> Floats:
    """Return the absorbance of spots from the weakest to the strongest, (_STEPS, 3)."""
    low, high = kind.more
    more = low * (high / low) ** np.linspace(0.0, 1.0, _STEPS)
    return np.array([melanin_absorbance(skin, skin.melanosome + float(each)) for each in more])


def pores(sheet: Sheet) -> Marks:
    """Return pores: a hollow, lit from one side, and a pale rim."""
    complexion = sheet.complexion
    if complexion.pores_per_cm2 == 0.0:
        return Marks.none()
    side = 10.0 / math.sqrt(complexion.pores_per_cm2)
    widest = PORE_RIM_RADII * PORE_RADIUS_MM[1]
    col, row = cells_of(sheet.box, side, side, sheet.margin_mm(widest) + 0.1)
    where = uniforms(complexion.seed, _PORE_SALT, col, row)
    inset = 0.5 * (1.0 - PORE_STRETCH)
    # Every other row of cells is shifted by half a cell: no columns show.
    x = (col + 0.5 * (row % 2.0) + inset + PORE_STRETCH * where[:, 0]) * side
    y = (row + inset + PORE_STRETCH * where[:, 1]) * side
    low, high = PORE_RADIUS_MM
    sigma = low + (high - low) * where[:, 2] ** 2
    strength = (0.15 + 0.85 * where[:, 3] ** 2)[:, None]
    parts = [
        Marks.of(x, y, sigma, strength * np.array(PORE_DEPTH)),
        Marks.of(x, y, PORE_RIM_RADII * sigma, strength * np.array(PORE_RIM)),
    ]
    return joined([*parts, *tilted(sheet, x, y, sigma, PORE_SLOPE * strength)])


def tilted(sheet: Sheet, x: Floats, y: Floats, sigma: Floats, slope: Floats) -> list[Marks]:
    """Return the shade and the light on the walls of hollows, under the lamp.

    Parameters
    ----------
    x, y, sigma
        Of Gaussian hollows, (n,), mm.
    slope
        Steepest, (n, 1); sigma exp(0.5) of it is their depth.

    Notes
    -----
    The shade of a Gaussian hollow is its derivative towards the lamp; the difference of two
    Gaussians a third of a sigma apart to each side is within 6 % of that.
    """
    along = sheet.lamp.along
    level = math.hypot(*along)
    soft = np.array(sheet.lamp.soft)
    if level < 1e-9 or not soft.any():
        return []
    step = sigma / 3.0
    dx, dy = step * along[0] / level, step * along[1] / level
    # slope exp(0.5) / sigma x exp(-x^2 / 2 sigma^2) is 1.5 exp(0.5) slope times the difference.
    peak = 1.5 * math.exp(0.5) * slope * level * soft
    # The wall on the lamp's side faces away from it.
    return [Marks.of(x + dx, y + dy, sigma, peak), Marks.of(x - dx, y - dy, sigma, -peak)]
