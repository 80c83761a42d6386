"""The depths at which skins are tabulated, and the kernels' widths there: the same for all skins.

In mm of average skin; others are mapped onto it by similarity: what scatters c times as much is c
times as small. The widths are constants of the model, chosen with those of `constants.py`; a skin's
own are the weights.
"""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

KERNELS: Final = 6
"""Of a point deposit: a core and five halos."""
MUSP_PER_MM: Final = (3.468, 4.07, 5.179)
"""Reduced scattering of the average skin in R, G, B (Jacques 2013, see ARCHITECTURE.md)."""
MUSP_G_PER_MM: Final = 4.07


@functools.cache
def ladder() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the depths in mm, (36,), and six sigmas at each, (36, 6)."""
    file = resources.files("smpengine.optics").joinpath("ladder.csv")
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    values = np.array(rows[1:], np.float64)
    return np.ascontiguousarray(values[:, 0]), np.ascontiguousarray(values[:, 1:])
