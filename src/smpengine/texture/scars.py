"""Scars as marks: less melanin, less blood."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from smpengine.optics.blood import blood_absorbance, melanin_absorbance
from smpengine.scars import Scars
from smpengine.texture.sheet import Marks, Sheet

MELANIN_LEFT: Final = 0.45
BLOOD_LEFT: Final = 0.45
"""At the middle of a scar of pallor 1 (assumed: healed scars are pale, and not white)."""
SIGMA_RADII: Final = 0.6
"""Sigma of its Gaussian, in radii: it fades to a quarter at its radius."""


def scars_of(sheet: Sheet, scars: Scars | None) -> Marks:
    """Return the marks of scars that reach a sheet, in their order."""
    if scars is None or len(scars) == 0:
        return Marks.none()
    sigma = SIGMA_RADII * scars.radius_mm
    x0, y0, x1, y1 = sheet.box
    reach = sheet.margin_mm(float(sigma.max()))
    near = (scars.x_mm > x0 - reach) & (scars.x_mm < x1 + reach)
    near &= (scars.y_mm > y0 - reach) & (scars.y_mm < y1 + reach)
    paler = melanin_absorbance(sheet.skin, MELANIN_LEFT * sheet.skin.melanosome)
    paler = paler + blood_absorbance(sheet.skin, np.array([math.log(BLOOD_LEFT)]))[0]
    peak = np.outer(scars.pallor[near], paler)
    return Marks.of(scars.x_mm[near], scars.y_mm[near], sigma[near], peak)
