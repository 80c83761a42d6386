"""The maps of a complexion as Gaussians of absorbance in R, G, B, for the engine's own rasteriser.

Melanin and blood vary on three scales. On a square lattice whose step is the sigma of its Gaussians
and whose amplitudes are independent, the sum has the same variance everywhere to 1e-4, pi times
that of an amplitude, and looks the same in all directions; with equal amplitudes it is even to
1e-8, 2 pi times one: so redness and a tan that ends along a line are lattices too. What an
amplitude is worth in each band follows from the reflectance of bare skin, `optics.blood`: never
from a colour.

Gaussians of a kind come cell by cell, row by row: a window's are the whole's, in their order.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from smpengine.optics.blood import blood_absorbance, blood_slope, melanin_absorbance, melanin_slope
from smpengine.raster.splats import Gaussians, PixelWindow
from smpengine.scene import BANDS, Scene
from smpengine.texture.draws import cells, deviates
from smpengine.texture.lines import vessels, wrinkles
from smpengine.texture.marks import pores, spots
from smpengine.texture.scars import scars_of
from smpengine.texture.shading import Lamp
from smpengine.texture.sheet import Marks, Sheet, joined

SCALES_MM: Final = (0.5, 2.0, 8.0)
"""Sigmas of the lattices (assumed)."""
MELANIN_SHARES: Final = (0.35, 0.45, 0.20)
BLOOD_SHARES: Final = (0.30, 0.42, 0.28)
"""Of each scale in the variance (assumed)."""
TAN_EDGE_MM: Final = 3.0
"""Sigma of a tan's edge (assumed)."""
NEGLIGIBLE: Final = 1e-6
"""Peaks lower than this in every band are not drawn (an 8-bit step is 4e-3)."""
_LATTICE_SALT: Final = 0


def maps_of(scene: Scene, px_per_mm: float, window: PixelWindow) -> Gaussians:
    """Return the Gaussians of a scene's complexion that can change a window of samples.

    Returns
    -------
    Gaussians
        Of three channels: the absorbance in R, G, B, of either sign.
    """
    complexion = scene.skin.complexion
    assert complexion is not None
    box = (
        window.col0 / px_per_mm,
        window.row0 / px_per_mm,
        (window.col0 + window.width) / px_per_mm,
        (window.row0 + window.height) / px_per_mm,
    )
    sheet = Sheet(complexion, scene.skin, Lamp.of(scene.light), box, px_per_mm)
    parts = [_uneven(sheet, scale) for scale in range(len(SCALES_MM))]
    parts += [_tan(sheet)]
    parts += [make(sheet) for make in (spots, pores, vessels, wrinkles)]
    parts += [scars_of(sheet, scene.scars)]
    marks = joined(parts)
    seen = np.abs(marks.peak).max(axis=1, initial=0.0) >= NEGLIGIBLE
    return Gaussians(
        marks.x_mm[seen] * px_per_mm,
        marks.y_mm[seen] * px_per_mm,
        (marks.sigma_mm[seen] * px_per_mm).astype(np.float32),
        np.ascontiguousarray(marks.peak[seen].astype(np.float32)),
    )


def _uneven(sheet: Sheet, scale: int) -> Marks:
    """Return melanin and blood on one scale; the coarsest carries the redness."""
    complexion, step = sheet.complexion, SCALES_MM[scale]
    redness = scale == len(SCALES_MM) - 1 and complexion.redness != 1.0
    col, row = cells(sheet.box, step, step, sheet.margin_mm(step))
    drawn = deviates(complexion.seed, _LATTICE_SALT + scale, col, row)
    melanin = complexion.melanin_spread * math.sqrt(MELANIN_SHARES[scale] / math.pi)
    blood = complexion.blood_spread * math.sqrt(BLOOD_SHARES[scale] / math.pi)
    peak = np.outer(melanin * drawn[:, 0], melanin_slope(sheet.skin))
    peak += np.outer(blood * drawn[:, 1], blood_slope(sheet.skin))
    if redness:
        even = blood_absorbance(sheet.skin, np.array([math.log(complexion.redness)]))[0]
        peak += even / (2.0 * math.pi)
    return Marks.of(col * step, row * step, step, peak)


def _tan(sheet: Sheet) -> Marks:
    """Return a tan in front of a line."""
    complexion, step = sheet.complexion, TAN_EDGE_MM
    if complexion.tan_line_mm is None or complexion.tan == 1.0:
        return Marks.none()
    # The lattice is shifted so that the line lies midway between two of its rows.
    shift = complexion.tan_line_mm + 0.5 * step
    x0, y0, x1, y1 = sheet.box
    col, row = cells((x0, y0 - shift, x1, y1 - shift), step, step, sheet.margin_mm(step))
    tanned = row < 0.0
    col, row = col[tanned], row[tanned]
    even = melanin_absorbance(sheet.skin, complexion.tan * sheet.skin.melanosome)
    peak = np.broadcast_to(even / (2.0 * math.pi), (col.size, len(BANDS)))
    return Marks.of(col * step, row * step + shift, step, peak)
