"""Kernels as transport found them to the weights of the model's Gaussians, all depths together.

Least squares without negative weights. What is compared is the light in rings, blurred by a small
dot (no dot sees the ray's own width), at every depth; between the ladder's depths weights are
linear, as they are read. Neighbouring depths hold each other to a smooth course.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.ladder import ladder
from smpengine.optics.transport.kernels import Kernels
from smpengine.optics.transport.runs import Estimate
from smpengine.skintable import KERNELS

Array = NDArray[np.float64]

RHO_END_MM: Final = 3.0
Z_END_MM: Final = 2.5
RINGS: Final = 72
DEPTHS: Final = 50
"""The grid that transport fills, in mm of average scattering."""
_BLUR_MM: Final = 0.02
_EDGES_MM: Final = np.array(
    [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25,
     1.5, 2.0, 2.5, 3.0]
)  # fmt: skip
_TOLERANCE: Final = 0.02  # of the light in a ring
_FLOOR: Final = 2e-3  # of a depth's light
_TOTAL_TOLERANCE: Final = 0.003
_SMOOTH: Final = 100.0  # of second differences, in shares of a depth's light
_SURFACE_MM: Final = 0.15  # above which weights change fast, and are held less
_SURFACE_SHARE: Final = 0.1
_CERTAIN: Final = 0.03  # of transport's own error: what is noisier is not judged
_WHOLE_CERTAIN: Final = 0.01
_SEEN: Final = 5e-3  # of a depth's light: rings that hold less are not judged
_DARKEST: Final = 1e-6  # of the brightest depth's light: what counts for none


@dataclass(frozen=True)
class Fit:
    """Weights of one skin in one band, and how well they do.

    Attributes
    ----------
    weight
        (36, 6), at the ladder's depths.
    reach
        (36,).
    error
        Root mean square of relative errors of the light in rings, where there is some and
        transport is certain of it.
        None where it is certain of none: too few photons.
    total_error
        Largest relative error of a depth's whole light, likewise.
    """

    weight: Array
    reach: Array
    error: float | None
    total_error: float | None


def fit_kernels(kernels: Kernels, k: int) -> Fit:
    """Return the weights for the k-th absorption of a run.

    Parameters
    ----------
    kernels
        Of a skin that scatters c times as much as the average one, its grid c times as small.
    k
        Which of its absorptions.
    """
    from scipy.optimize import nnls

    z_mm, _ = ladder()
    used = int(np.sum(_centres() < z_mm[-1] + 1e-9))  # beyond the ladder nothing is read
    light, error = (part[:used] for part in _light_in_rings(kernels, k))
    total = np.maximum(light.sum(axis=1), _DARKEST * light.sum(axis=1).max())
    share = _between()[:used]
    shapes = np.stack([_shapes(row) for row in share @ ladder()[1][1:]])
    rows, wanted = [], []
    for i in range(used):
        scale = np.sqrt((_TOLERANCE * light[i]) ** 2 + error[i] ** 2 + (_FLOOR * total[i]) ** 2)
        rows.append(share[i][None, :, None] * (shapes[i] / scale[:, None])[:, None, :])
        wanted.append(light[i] / scale)
        rows.append(np.repeat(share[i][None, :, None], KERNELS, 2) / (_TOTAL_TOLERANCE * total[i]))
        wanted.append(np.array([1.0 / _TOTAL_TOLERANCE]))
    nodes = z_mm[1:]
    held = _smoothness(nodes, np.interp(nodes, _centres()[:used], total))
    matrix = np.concatenate([*(row.reshape(len(row), -1) for row in rows), held])
    target = np.concatenate([*wanted, np.zeros(len(held))])
    found, _ = nnls(matrix, target, maxiter=50 * matrix.shape[1])
    weight = found.reshape(nodes.size, KERNELS)
    drawn = np.einsum("ijk,ik->ij", shapes, share @ weight)
    certain = error[:, :-1] < _CERTAIN * light[:, :-1]
    certain &= light[:, :-1] > _SEEN * total[:, None]
    off = drawn[:, :-1][certain] / light[:, :-1][certain] - 1.0
    noise = np.sqrt((error**2).sum(axis=1))
    known = (noise < _WHOLE_CERTAIN * total) & (total > _SEEN * total.max())
    totals = np.abs(drawn.sum(axis=1) / total - 1.0)[known]
    return Fit(
        np.vstack([weight[:1], weight]),
        _reach_at(z_mm, kernels.reach, k),
        float(np.sqrt(np.mean(off**2))) if off.size else None,
        float(totals.max()) if totals.size else None,
    )


def _centres() -> Array:
    return (np.arange(DEPTHS) + 0.5) * Z_END_MM / DEPTHS


def _light_in_rings(kernels: Kernels, k: int) -> tuple[Array, Array]:
    """Return the light in coarser rings after a blur, (depths, rings + 1), and its error."""
    moved = _blurred()
    beyond, beyond_error = kernels.rings.value[k, :, -1], kernels.rings.error[k, :, -1]
    values = np.hstack([kernels.straight.value[k][:, None], kernels.rings.value[k, :, :-1]])
    errors = np.hstack([kernels.straight.error[k][:, None], kernels.rings.error[k, :, :-1]])
    light, error = values @ moved, np.sqrt(errors**2 @ moved**2)
    light[:, -1] += beyond
    error[:, -1] = np.hypot(error[:, -1], beyond_error)
    return light, error


def _blurred() -> Array:
    """Return which share of the light at each ring's radius comes to which ring after the blur."""
    from scipy.stats import ncx2

    edges = RHO_END_MM * (np.arange(RINGS + 1) / RINGS) ** 2
    radii = np.concatenate([[0.0], np.sqrt(0.5 * (edges[1:] ** 2 + edges[:-1] ** 2))])
    within = ncx2.cdf(
        (_EDGES_MM[None, :] / _BLUR_MM) ** 2, 2, np.maximum((radii[:, None] / _BLUR_MM) ** 2, 1e-12)
    )
    return np.hstack([np.diff(within, axis=1), 1.0 - within[:, -1:]])


def _between() -> Array:
    """Return how the depths of the grid lie between the ladder's, the surface left out."""
    nodes = ladder()[0][1:]
    share = np.zeros((DEPTHS, nodes.size))
    for i, z in enumerate(_centres()):
        at = min(max(z, nodes[0]), nodes[-1])
        low = min(int(np.searchsorted(nodes, at, "right")) - 1, nodes.size - 2)
        part = (at - nodes[low]) / (nodes[low + 1] - nodes[low])
        share[i, low], share[i, low + 1] = 1.0 - part, part
    return share


def _shapes(sigma_mm: Array) -> Array:
    """Return the share of each Gaussian, blurred, in each ring: (rings + 1, 6)."""
    outside = np.exp(-0.5 * _EDGES_MM[:, None] ** 2 / (sigma_mm**2 + _BLUR_MM**2))
    return np.vstack([-np.diff(outside, axis=0), outside[-1:]])


def _smoothness(nodes: Array, total: Array) -> Array:
    """Return the rows that hold second differences of weights down: (.., 36 - 1, 6) flat."""
    rows = []
    for j in range(1, nodes.size - 1):
        before, after = nodes[j] - nodes[j - 1], nodes[j + 1] - nodes[j]
        strength = _SMOOTH * (1.0 if nodes[j] > _SURFACE_MM else _SURFACE_SHARE)
        for kernel in range(KERNELS):
            row = np.zeros((nodes.size, KERNELS))
            row[j - 1, kernel] = strength * after / (before + after) / total[j - 1]
            row[j, kernel] = -strength / total[j]
            row[j + 1, kernel] = strength * before / (before + after) / total[j + 1]
            rows.append(row.ravel())
    return np.array(rows)


def _reach_at(z_mm: Array, reach: Estimate, k: int) -> Array:
    """Return the reach at the ladder's depths, which are multiples of half a bin."""
    edges = np.arange(2 * DEPTHS) * 0.5 * Z_END_MM / DEPTHS
    value: Array = np.interp(z_mm, edges, reach.value[k])
    return np.minimum.accumulate(value)
