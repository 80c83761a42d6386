"""What the model says about dots, lattices and periodic fields, in closed form, band by band.

The shapes come from the package's own `scatter`; here they are only summed, in float64 and on
whatever points are wanted, without a pixel grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.optics.constants import CONSTANTS, Constants
from smpengine.optics.crowding import relative_reflectance_reference
from smpengine.optics.deposit import GAUSSIANS
from smpengine.optics.scatter import scatter
from smpengine.raster.splats import MAX_CAP
from smpengine.skintable import SkinTable
from smpengine.workers import Workers

Array = NDArray[np.float64]
_PX_PER_MM = 1000.0  # nothing is widened


@dataclass(frozen=True)
class Shapes:
    """One band of n deposits; lengths in mm."""

    peak: Array  # (n, Gaussians)
    variance: Array  # (n, Gaussians)
    reach2: Array  # (n,): the square of the reach
    cap: Array  # (n,)
    inv_spread: Array  # (n,)
    edge: Array  # (n,)

    def rows(self, index: NDArray[np.intp]) -> Shapes:
        """Return some of the deposits."""
        return Shapes(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def shapes_of(
    fraction: Array, band: NDArray[np.intp], z: Array, r: Array, t: Array, mua: Array,
    constants: Constants = CONSTANTS, table: SkinTable | None = None,
) -> Shapes:  # fmt: skip
    """Return the shapes of deposits, each seen in one band of its skin, or of a table."""
    n = z.size
    found = Shapes(
        np.empty((n, GAUSSIANS)), np.empty((n, GAUSSIANS)), *(np.empty(n) for _ in range(4))
    )
    for f in np.unique(fraction):
        at = np.flatnonzero(fraction == f)
        nothing = np.zeros(at.size)
        dots = smp.Impressions(nothing, nothing, z[at], r[at], t[at], mua[at])
        skin = smp.Skin(melanosome_fraction=float(f)) if table is None else smp.Skin(table=table)
        splats = scatter(dots, skin, _PX_PER_MM, Workers(1), 0.0, constants)
        rows, b = np.arange(at.size), band[at]
        peak = splats.halos.peak.astype(float).reshape(at.size, GAUSSIANS, -1)
        found.peak[at] = peak[rows, :, b]
        sigma = splats.halos.sigma_px.astype(float).reshape(at.size, GAUSSIANS) / _PX_PER_MM
        found.variance[at] = sigma**2
        strongest = np.argmax(found.peak[at], axis=1)
        halo = np.maximum(peak[rows, strongest, b], 1e-30)
        found.reach2[at] = peak[rows, strongest, b + 3] / halo
        found.cap[at] = splats.cores.cap[rows, b]
        found.inv_spread[at] = splats.cores.inv_spread_per_px2 * _PX_PER_MM**2
        found.edge[at] = splats.cores.edge
    return found


def _core(shapes: Shapes, rho2: Array) -> Array:
    """Return the core's absorbance; rho2 (n, ...)."""

    def wide(values: Array) -> Array:
        return values.reshape(-1, *[1] * (rho2.ndim - 1))

    edge = wide(shapes.edge)
    exponent = np.minimum(rho2 * wide(shapes.inv_spread) - edge, 60.0)
    disc = (1.0 + np.exp(-edge)) / (1.0 + np.exp(exponent))
    core: Array = -np.log1p(-np.minimum(wide(shapes.cap) * disc, MAX_CAP))
    return core


def ring_absorbance(shapes: Shapes, low: Array, high: Array, samples: int = 24) -> Array:
    """Return -ln of the mean R / R0 over the ring low..high (mm) around each single deposit."""
    share = (np.arange(samples) + 0.5) / samples  # equal shares of the ring's area
    rho2 = low[:, None] ** 2 + share * (high**2 - low**2)[:, None]
    halo = np.zeros(rho2.shape)
    for g in range(GAUSSIANS):
        halo += shapes.peak[:, g, None] * np.exp(-rho2 / (2.0 * shapes.variance[:, g, None]))
    reach2 = shapes.reach2[:, None]
    ratio = relative_reflectance_reference(_core(shapes, rho2), halo, halo * reach2)
    absorbance: Array = -np.log(ratio.mean(axis=1))
    return absorbance


def periodic(variance: Array, pitch: Array, x: Array) -> Array:
    """Return sum_j exp(-(x - j pitch)^2 / 2 variance); variance, pitch (n,), x (n, m).

    By images where the Gaussian is narrow, by its Fourier series where it is wide.
    """
    q = variance / pitch**2
    out = np.empty(x.shape)
    wide = q > 0.15
    w = 2.0 * np.pi / pitch[wide]
    mean = np.sqrt(2.0 * np.pi * variance[wide]) / pitch[wide]
    series = np.ones((int(wide.sum()), x.shape[1]))
    for k in (1, 2):
        fall = 2.0 * np.exp(-2.0 * (np.pi * k) ** 2 * q[wide])
        series += fall[:, None] * np.cos(k * w[:, None] * x[wide])
    out[wide] = mean[:, None] * series
    narrow = ~wide
    out[narrow] = sum(
        np.exp(-((x[narrow] - j * pitch[narrow, None]) ** 2) / (2.0 * variance[narrow, None]))
        for j in range(-3, 4)
    )
    return out


def lattice_absorbance(shapes: Shapes, pitch: Array, samples: int = 14) -> Array:
    """Return -ln of the mean R / R0 of endless square lattices, one of each deposit."""
    x = 0.5 * pitch[:, None] * (np.arange(samples) + 0.5) / samples  # a quarter of the cell
    halo = np.zeros((pitch.size, samples, samples))
    for g in range(GAUSSIANS):
        line = periodic(shapes.variance[:, g], pitch, x)
        halo += shapes.peak[:, g, None, None] * line[:, :, None] * line[:, None, :]
    core = np.zeros(halo.shape)
    for i in (0.0, 1.0):
        for j in (0.0, 1.0):
            dy, dx = x - i * pitch[:, None], x - j * pitch[:, None]
            core += _core(shapes, dy[:, :, None] ** 2 + dx[:, None, :] ** 2)
    reach2 = shapes.reach2[:, None, None]
    ratio = relative_reflectance_reference(core, np.maximum(halo, 0.0), halo * reach2)
    absorbance: Array = -np.log(ratio.mean(axis=(1, 2)))
    return absorbance


def field_reflectance(shapes: Shapes, x: Array, y: Array, cell_mm: float, samples: int) -> Array:
    """Return R / R0 at samples x samples points [y, x] of a periodic cell of deposits."""
    grid = (np.arange(samples) + 0.5) * cell_mm / samples
    pitch = np.full(x.size, cell_mm)
    halo, halo_reach, core = (np.zeros((samples, samples)) for _ in range(3))
    for g in range(GAUSSIANS):
        across = periodic(shapes.variance[:, g], pitch, grid - x[:, None])
        down = periodic(shapes.variance[:, g], pitch, grid - y[:, None])
        halo += (down * shapes.peak[:, g, None]).T @ across
        halo_reach += (down * (shapes.peak[:, g] * shapes.reach2)[:, None]).T @ across
    for n in range(x.size):
        dx, dy = grid - x[n], grid - y[n]
        dx -= cell_mm * np.round(dx / cell_mm)
        dy -= cell_mm * np.round(dy / cell_mm)
        i, j = np.flatnonzero(np.abs(dx) < 0.6), np.flatnonzero(np.abs(dy) < 0.6)
        rho2 = dy[j, None] ** 2 + dx[None, i] ** 2
        core[np.ix_(j, i)] += _core(shapes.rows(np.array([n])), rho2[None])[0]
    return relative_reflectance_reference(core, np.maximum(halo, 0.0), halo_reach)
