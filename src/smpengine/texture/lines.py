"""Wrinkles and fine vessels: chains of Gaussians along lines that meander."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from smpengine.optics.blood import blood_absorbance
from smpengine.texture.draws import Floats, cells, deviates, uniforms
from smpengine.texture.marks import tilted
from smpengine.texture.shading import HOLLOW
from smpengine.texture.sheet import Marks, Sheet, joined

WRINKLE_CELL_MM: Final = (36.0, 9.0)
WRINKLE_MM: Final = (14.0, 34.0)
"""Lengths; across the scalp, as frowning folds it (assumed)."""
WRINKLE_SIGMA_MM: Final = (0.22, 0.45)
WRINKLE_SLOPE: Final = 0.30
WRINKLE_DEPTH: Final = 1.6
"""Most slope, and most depth in furrows 0.02 mm deep (assumed)."""
VESSEL_CELL_MM: Final = 8.0
VESSEL_MM: Final = (1.0, 5.0)
VESSEL_SIGMA_MM: Final = (0.05, 0.10)
VESSEL_BLOOD: Final = 7.0
"""Most factor on the blood where one lies (assumed)."""
_WRINKLE_SALT: Final = 32
_VESSEL_SALT: Final = 33


def wrinkles(sheet: Sheet) -> Marks:
    """Return wrinkles: long shallow hollows."""
    wanted = sheet.complexion.wrinkles
    if wanted == 0.0:
        return Marks.none()
    wide, tall = WRINKLE_CELL_MM
    seed, (low, high) = sheet.complexion.seed, WRINKLE_SIGMA_MM
    col, row = cells(sheet.box, wide, tall, sheet.margin_mm(high) + WRINKLE_MM[1])
    first = uniforms(seed, _WRINKLE_SALT, col, row)
    held = first[:, 3] < wanted
    col, row, first = col[held], row[held], first[held]
    more = uniforms(seed, _WRINKLE_SALT, col, row, 1)
    bends = deviates(seed, _WRINKLE_SALT, col, row, 2)
    length = WRINKLE_MM[0] + (WRINKLE_MM[1] - WRINKLE_MM[0]) * first[:, 2]
    sigma = low + (high - low) * more[:, 0]
    strength = wanted * (0.4 + 0.6 * more[:, 1])
    x0, y0 = (col + first[:, 0]) * wide, (row + 0.2 + 0.6 * first[:, 1]) * tall
    heading = 0.06 * bends[:, 0]
    chain = _chain(x0, y0, length, sigma, heading, 0.13 * bends[:, 1:3], strength)
    if chain is None:
        return Marks.none()
    x, y, each, part = chain
    hollow = Marks.of(x, y, each, part * WRINKLE_DEPTH * np.array(HOLLOW))
    return joined([hollow, *tilted(sheet, x, y, each, WRINKLE_SLOPE * part)])


def vessels(sheet: Sheet) -> Marks:
    """Return fine vessels near the surface: lines of more blood."""
    per_cm2 = sheet.complexion.vessels_per_cm2
    if per_cm2 == 0.0:
        return Marks.none()
    side, (low, high) = VESSEL_CELL_MM, VESSEL_SIGMA_MM
    seed = sheet.complexion.seed
    col, row = cells(sheet.box, side, side, sheet.margin_mm(high) + VESSEL_MM[1])
    first = uniforms(seed, _VESSEL_SALT, col, row)
    # At most one of a cell, and 2 per cm2 are 1.28: those beyond 1 are left out.
    held = first[:, 3] < per_cm2 * side * side / 100.0
    col, row, first = col[held], row[held], first[held]
    more = uniforms(seed, _VESSEL_SALT, col, row, 1)
    bends = deviates(seed, _VESSEL_SALT, col, row, 2)
    length = VESSEL_MM[0] + (VESSEL_MM[1] - VESSEL_MM[0]) * first[:, 2] ** 2
    sigma = low + (high - low) * more[:, 0]
    x0, y0 = (col + first[:, 0]) * side, (row + first[:, 1]) * side
    heading = 2.0 * math.pi * more[:, 2]
    chain = _chain(x0, y0, length, sigma, heading, 0.45 * bends[:, :2], 0.2 + 0.8 * more[:, 1])
    if chain is None:
        return Marks.none()
    x, y, each, part = chain
    red = blood_absorbance(sheet.skin, np.array([math.log(VESSEL_BLOOD)]))[0]
    return Marks.of(x, y, each, part * red)


def _chain(
    x0: Floats, y0: Floats, length: Floats, sigma: Floats, heading: Floats, bends: Floats,
    strength: Floats,
) -> tuple[Floats, Floats, Floats, Floats] | None:  # fmt: skip
    """Return Gaussians along lines: x, y, sigma (n,), and strength (n, 1); None without any.

    A line's heading turns by two bends (rad), one over its whole and one over its halves; its
    strength falls to 0 at its ends. Steps are a sigma, so that a chain's ridge is even.
    """
    if not x0.size:
        return None
    steps = np.maximum(np.ceil(length / sigma), 4.0).astype(int)
    # A row a line: sums along it do not know which other lines there are.
    number = np.arange(int(steps.max()))[None, :]
    held = number < steps[:, None]
    at = (number + 0.5) / steps[:, None]
    turn = heading[:, None] + bends[:, :1] * (at - 0.5)
    turn = turn + bends[:, 1:] * np.sin(2.0 * math.pi * at)
    step = (length / steps)[:, None]
    x = x0[:, None] + np.cumsum(step * np.cos(turn), axis=1)
    y = y0[:, None] + np.cumsum(step * np.sin(turn), axis=1)
    # Gaussians a sigma apart add up to sqrt(2 pi) of one.
    part = strength[:, None] * np.sqrt(np.sin(math.pi * np.minimum(at, 1.0)))
    part = part / math.sqrt(2.0 * math.pi)
    each = np.broadcast_to(sigma[:, None], at.shape)
    return x[held], y[held], each[held], part[held][:, None]
