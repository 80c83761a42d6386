"""Ranked blue-noise points in a tile that fits beside itself without a seam.

Made by scripts/make_bluenoise.py.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

TILE_MM: Final = 51.2
POINTS: Final = 65_536
MAX_DENSITY_PER_CM2: Final = POINTS / (TILE_MM / 10.0) ** 2
"""Density of the tile with all of its points; denser treatments go on in further streams."""


@functools.cache
def tile_mm() -> NDArray[np.float64]:
    """Return the points of the tile by rank.

    Returns
    -------
    ndarray
        Float64 (POINTS, 2): x, y in mm from the tile's corner, 0 to TILE_MM.
    """
    with (
        resources.files("smpengine.plan").joinpath("bluenoise.npz").open("rb") as file,
        np.load(file) as data,
    ):
        place = (data["place"].astype(np.float64) + 0.5) * (TILE_MM / 65536.0)
    place.setflags(write=False)
    return np.ascontiguousarray(place)
