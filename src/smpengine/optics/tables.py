"""The Monte Carlo table of the linear kernels, for one skin."""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.optics.crowding import BANDS_COUNT
from smpengine.optics.ladder import ladder
from smpengine.optics.skin import FRACTIONS, bare_reflectance
from smpengine.scene import BANDS, MUSP_PER_MM, Skin
from smpengine.skintable import KERNELS

EPIDERMIS_PER_MM: Final = ((0.0331, 34.993), (0.0476, 50.926), (0.1082, 89.544))
"""Absorption of the epidermis in R, G, B: bloodless baseline, and per melanosome fraction."""
_OFFSET: Final = 1e-4  # keeps logarithms of vanishing weights finite
_VANISHING: Final = 1e-300

Arrays = tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]


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

    @property
    def arrays(self) -> Arrays:
        """What the functions below take as `table`: flat, for indices of several axes are slow."""
        flat = (self.sigma_mm.ravel(), self.weight.ravel(), self.reach.ravel())
        return self.z_mm, *flat, self.decay_per_mm


@functools.cache
def _columns() -> dict[str, NDArray[np.float64]]:
    """Read the packaged table; columns by name."""
    text = resources.files("smpengine.optics").joinpath("model.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    values = np.array(rows[1:], np.float64)
    return {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(rows[0])}


def _between_skins(name: str, band: int, skin: Skin) -> NDArray[np.float64]:
    """Interpolate a column: ln(value R0) is quadratic in the root of the melanosome fraction.

    Not the value: both a kernel times R0 and R0 itself are sums over paths of
    exp(-absorption of the epidermis), smooth in the fraction, and R0 is known for all fractions.
    """
    columns = [_columns()[f"{name}_{BANDS[band]}_{fraction:.2f}"] for fraction in FRACTIONS]
    if skin.melanosome in FRACTIONS:
        return columns[FRACTIONS.index(skin.melanosome)]
    at = [math.sqrt(fraction) for fraction in FRACTIONS]
    x = math.sqrt(skin.melanosome)
    logarithm = np.zeros(columns[0].size)
    for i, column in enumerate(columns):
        share = math.prod((x - at[j]) / (at[i] - at[j]) for j in range(3) if j != i)
        bare = bare_reflectance(Skin(melanosome_fraction=FRACTIONS[i]))[band]
        logarithm += share * np.log((column + _OFFSET) * bare)
    bare = bare_reflectance(Skin(melanosome_fraction=skin.melanosome))[band]
    value: NDArray[np.float64] = np.maximum(np.exp(logarithm) / bare - _OFFSET, 0.0)
    return value


@functools.lru_cache(maxsize=16)
def table_for(skin: Skin) -> Table:
    """Return the table of a skin: its own, or between the shipped melanosome fractions."""
    z, sigma = ladder()
    weight = np.empty((z.size, BANDS_COUNT, KERNELS))
    reach = np.empty((z.size, BANDS_COUNT))
    decay = np.empty(BANDS_COUNT)
    for b in range(BANDS_COUNT):
        if skin.table is not None:
            band = skin.table.bands[b]
            weight[:, b], deep = band.weight, band.reach
        else:
            for n in range(KERNELS):
                weight[:, b, n] = _between_skins(f"a{n}", b, skin)
            deep = _between_skins("reach", b, skin)
        # No more light goes deep than there is, nor more than went less deep.
        reach[:, b] = np.minimum.accumulate(np.minimum(deep, 1.0))
        total = np.maximum(weight[-2:, b].sum(axis=1), _VANISHING)
        decay[b] = max(np.log(total[0] / total[1]) / (z[-1] - z[-2]), 0.0)
    return Table(z, sigma, weight, reach, decay)


def skin_bands(skin: Skin) -> NDArray[np.float64]:
    """Return (2, bands): scattering relative to 4.07 per mm; the epidermis' absorption per mm.

    Both as in skin that scatters as the average one.
    """
    if skin.table is not None:
        group, c = skin.table.bands, skin.similarity
        own = [(band.musp_per_mm / MUSP_PER_MM[1], band.mua_epidermis_per_mm) for band in group]
        return np.ascontiguousarray(np.array(own).T / c)
    scattering = [value / MUSP_PER_MM[1] for value in MUSP_PER_MM]
    epidermis = [base + slope * skin.melanosome for base, slope in EPIDERMIS_PER_MM]
    return np.array([scattering, epidermis])


# In what follows a table is (depths, z_mm, sigma, weight, reach, decay), the last five pointers:
# counting references to arrays, call by call, would take as long as all of the optics.


@njit(nogil=True, cache=True)
def _depth_index(z, depths, z_mm):
    """Return (lower node, share of the next one) for linear interpolation, clamped."""
    low, high = 0, depths - 1
    if z <= z_mm[0]:
        return 0, 0.0
    if z >= z_mm[high]:
        return high - 1, 1.0
    while high - low > 1:
        middle = (low + high) // 2
        if z_mm[middle] <= z:
            low = middle
        else:
            high = middle
    return low, (z - z_mm[low]) / (z_mm[low + 1] - z_mm[low])


@njit(nogil=True, cache=True)
def _read(values, width, node, share, out, at):
    """Read a row of `width` values between two nodes into out[at:]; both are flat."""
    start = node * width
    for i in range(width):
        lower, upper = values[start + i], values[start + width + i]
        out[at + i] = lower + (upper - lower) * share


@njit(nogil=True, cache=True)
def _fall(z, table, out, at, width):
    """Let values of the bands, `width` each, fall beyond the last depth of the table."""
    depths, z_mm, _, _, _, decay = table
    beyond = z - z_mm[depths - 1]
    if beyond > 0.0:
        for b in range(BANDS_COUNT):
            fall = math.exp(-decay[b] * beyond)
            for i in range(width):
                out[at + b * width + i] *= fall


@njit(nogil=True, cache=True)
def read_sigmas(z, table, out):
    """Read the kernels' sigmas, (6,), at a depth."""
    depths, z_mm, sigma, _, _, _ = table
    node, share = _depth_index(z, depths, z_mm)
    _read(sigma, KERNELS, node, share, out, 0)


@njit(nogil=True, cache=True)
def read_weights(z, table, out, at):
    """Read the kernels' weights at a depth into out[at:], flat, band after band."""
    depths, z_mm, _, weight, _, _ = table
    node, share = _depth_index(z, depths, z_mm)
    _read(weight, BANDS_COUNT * KERNELS, node, share, out, at)
    _fall(z, table, out, at, KERNELS)


@njit(nogil=True, cache=True)
def read_reach(z, table, out):
    """Read the reach of the bands, (bands,), at a depth."""
    depths, z_mm, _, _, reach, _ = table
    node, share = _depth_index(z, depths, z_mm)
    _read(reach, BANDS_COUNT, node, share, out, 0)
    _fall(z, table, out, 0, 1)
