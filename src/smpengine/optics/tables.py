"""The Monte Carlo table of the linear kernels, for one skin."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.scene import BANDS, Skin

MUSP_PER_MM: Final = (3.468, 4.07, 5.179)
"""Reduced scattering of the tabulated skin in R, G, B (Jacques 2013, see ARCHITECTURE.md)."""
FRACTIONS: Final = (0.02, 0.12, 0.30)
SHAPES: Final = 6
_OFFSET: Final = 1e-4  # keeps logarithms of vanishing weights finite
_SUBDIVISIONS: Final = 16


@dataclass(frozen=True)
class Table:
    """The kernels of one skin against depth.

    Attributes
    ----------
    z_mm
        Depths, (depths,), in mm of the tabulated scattering.
    sigma_mm
        (depths, 6): core and halos, shared by the bands.
    weight
        (depths, 3, 6): weights of the linear kernel, >= 0.
    reach
        (depths, 3): share of R0 from light that went deeper.
    decay_per_mm
        (3,): weights and reach fall by this beyond the last depth.
    """

    z_mm: NDArray[np.float64]
    sigma_mm: NDArray[np.float64]
    weight: NDArray[np.float64]
    reach: NDArray[np.float64]
    decay_per_mm: NDArray[np.float64]


@functools.cache
def _columns() -> dict[str, NDArray[np.float64]]:
    """Read the packaged table; columns by name."""
    text = resources.files("smpengine.optics").joinpath("model.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    values = np.array(rows[1:], np.float64)
    return {name: values[:, i] for i, name in enumerate(rows[0])}


def _between_skins(name: str, fraction: float) -> NDArray[np.float64]:
    """Interpolate a column: ln(value + 1e-4) is linear in the melanosome fraction.

    Values are linear in depth for each tabulated skin, so those of a skin in between are not: they
    are taken on a finer grid of depths, where straight lines are close enough (1e-5).
    """
    z = _columns()["z_mm"]
    fine = _finer(z)
    tabulated = (np.interp(fine, z, _columns()[f"{name}_{f:.2f}"]) for f in FRACTIONS)
    columns = [np.log(column + _OFFSET) for column in tabulated]
    lower = 0 if fraction <= FRACTIONS[1] else 1
    f0, f1 = FRACTIONS[lower], FRACTIONS[lower + 1]
    share = (fraction - f0) / (f1 - f0)
    value = np.exp(columns[lower] * (1.0 - share) + columns[lower + 1] * share) - _OFFSET
    clipped: NDArray[np.float64] = np.maximum(value, 0.0)
    return clipped


def _finer(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide each interval of depths into equal parts."""
    steps = np.linspace(0.0, z.size - 1.0, (z.size - 1) * _SUBDIVISIONS + 1)
    fine: NDArray[np.float64] = np.interp(steps, np.arange(z.size), z)
    return fine


@functools.lru_cache(maxsize=16)
def table_for(skin: Skin) -> Table:
    """Return the table of a skin, interpolated between the tabulated melanosome fractions."""
    fraction = skin.melanosome
    columns = _columns()
    nodes = columns["z_mm"]
    z = _finer(nodes)
    sigma = np.stack([np.interp(z, nodes, columns[f"s{k}"]) for k in range(SHAPES)], axis=1)
    weight = np.empty((z.size, len(BANDS), SHAPES))
    reach = np.empty((z.size, len(BANDS)))
    decay = np.empty(len(BANDS))
    for b, band in enumerate(BANDS):
        for k in range(SHAPES):
            weight[:, b, k] = _between_skins(f"a{k}_{band}", fraction)
        reach[:, b] = _between_skins(f"reach_{band}", fraction)
        total = _between_skins(f"M0_{band}", fraction)
        before_last = total[-1 - _SUBDIVISIONS]
        decay[b] = np.log(before_last / total[-1]) / (nodes[-1] - nodes[-2])
    return Table(z, np.ascontiguousarray(sigma), weight, reach, decay)
