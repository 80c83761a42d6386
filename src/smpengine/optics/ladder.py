"""The depths at which skins are tabulated, and the kernels' widths there: the same for all skins.

In mm of average skin; others are mapped onto it by similarity: what scatters c times as much is c
times as small. The widths are constants of the model, chosen with those of `constants.py`; a skin's
own are the weights.
"""

from __future__ import annotations

import csv
import functools
from importlib import resources

import numpy as np
from numpy.typing import NDArray


@functools.cache
def ladder() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the depths in mm, (36,), and six sigmas at each, (36, 6)."""
    file = resources.files("smpengine.optics").joinpath("ladder.csv")
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    values = np.array(rows[1:], np.float64)
    return np.ascontiguousarray(values[:, 0]), np.ascontiguousarray(values[:, 1:])
