"""Absorbance of cylinders of pigment: single ones seen in rings, or endless square lattices.

Many cylinders share the same photons: pigment does not steer them, and what each would have taken
is known from the path within it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import InputError, must
from smpengine.optics.transport.draws import begin, draw
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.runs import (
    Array,
    Estimate,
    absorbance,
    at_least_two,
    key_of,
    run_jobs,
)
from smpengine.optics.transport.walk import (
    SCATTERED,
    UP,
    cross,
    free_path,
    optical_path,
    survives,
    turn,
)
from smpengine.workers import Workers

_LEAST_GAP = 1.01  # of a lattice's pitch to two radii: paths are cut to pieces of the gap


@dataclass(frozen=True)
class Cylinders:
    """Deposits, each alone in its skin or repeated in a lattice of its own.

    Attributes
    ----------
    depth_mm, radius_mm, thickness_mm
        Of each, (n,): depth of the centre, radius, height. All are within the medium.
    """

    depth_mm: NDArray[np.float64]
    radius_mm: NDArray[np.float64]
    thickness_mm: NDArray[np.float64]

    def __init__(
        self, depth_mm: ArrayLike, radius_mm: ArrayLike, thickness_mm: ArrayLike
    ) -> None:  # fmt: skip
        names = ("depth_mm", "radius_mm", "thickness_mm")
        given = [np.atleast_1d(np.asarray(v, float)) for v in (depth_mm, radius_mm, thickness_mm)]
        try:
            columns = np.broadcast_arrays(*given)
        except ValueError as error:
            shapes = ", ".join(str(column.shape) for column in given)
            message = must("depth_mm, radius_mm, thickness_mm", "be alike", shapes)
            raise InputError(message) from error
        for name, column in zip(names, columns, strict=True):
            values = np.ascontiguousarray(column, float)
            bad = np.flatnonzero(~((values > 0.0) & (values < math.inf)))
            if bad.size:
                got, where = float(values[bad[0]]), f"row {bad[0]}"
                raise InputError(must(name, "be over 0 and finite", got, where))
            object.__setattr__(self, name, values)
        above = np.flatnonzero(self.depth_mm < 0.5 * self.thickness_mm - 5e-10)
        if above.size:
            depth, where = float(self.depth_mm[above[0]]), f"row {above[0]}"
            raise InputError(must("depth_mm", "be at least half of thickness_mm", depth, where))

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """Top, bottom and squared radius, as the kernels take them."""
        half = 0.5 * self.thickness_mm
        return self.depth_mm - half, self.depth_mm + half, self.radius_mm**2


def ring_absorbance(
    medium: Medium,
    cylinders: Cylinders,
    mua_per_mm: ArrayLike,
    rings_mm: ArrayLike,
    photons: int,
    seed: int = 0,
    workers: Workers | None = None,
) -> Estimate:
    """Return the absorbance of single cylinders, of the mean reflectance over rings about them.

    Parameters
    ----------
    medium
        The skin.
    cylinders
        The deposits, (n,).
    mua_per_mm
        Absorptions of their pigment to answer for, (absorptions,).
    rings_mm
        Inner and outer radius of each ring, (rings, 2).
    photons
        How many a ring.
    seed, workers
        As for `slab`.

    Returns
    -------
    Estimate
        (rings, n, absorptions): -ln of the ratio of mean reflectances, with and without deposit.
    """
    mua, rings = np.atleast_1d(np.asarray(mua_per_mm, float)), np.atleast_2d(rings_mm).astype(float)
    wrong = np.flatnonzero(~((rings[:, 0] >= 0.0) & (rings[:, 0] < rings[:, -1])))
    if rings.shape[1] != 2 or wrong.size:
        k = int(wrong[0]) if wrong.size else 0
        raise InputError(must(f"rings_mm[{k}]", "be (inner, outer)", rings[k].tolist()))
    found = [
        _absorbance(medium, cylinders, mua, None, (ring[0], ring[1]), photons, (seed, k), workers)
        for k, ring in enumerate(rings)
    ]
    return Estimate(np.stack([f.value for f in found]), np.stack([f.error for f in found]))


def lattice_absorbance(
    medium: Medium,
    cylinders: Cylinders,
    mua_per_mm: ArrayLike,
    pitch_mm: ArrayLike,
    photons: int,
    seed: int = 0,
    workers: Workers | None = None,
) -> Estimate:
    """Return the absorbance of the mean reflectance of endless square lattices.

    Parameters
    ----------
    medium, cylinders, mua_per_mm, seed, workers
        As for `ring_absorbance`; each cylinder has a lattice of its own.
    pitch_mm
        Of each lattice, (n,), at least 1 % over two radii.
    photons
        How many.

    Returns
    -------
    Estimate
        (n, absorptions).
    """
    pitch = np.ascontiguousarray(np.broadcast_to(pitch_mm, cylinders.depth_mm.shape), float)
    tight = np.flatnonzero(~(pitch >= _LEAST_GAP * 2.0 * cylinders.radius_mm))
    if tight.size:
        got, where = float(pitch[tight[0]]), f"row {tight[0]}"
        raise InputError(must("pitch_mm", "be at least 1 % over two radii", got, where))
    mua = np.atleast_1d(np.asarray(mua_per_mm, float))
    return _absorbance(medium, cylinders, mua, pitch, (0.0, 1.0), photons, (seed, 0), workers)


def _absorbance(
    medium: Medium, cylinders: Cylinders, mua: Array, pitch: Array | None,
    start: tuple[float, float], photons: int, seeds: tuple[int, int], workers: Workers | None,
) -> Estimate:  # fmt: skip
    edges, mus, absorbed = medium.arrays
    medium.absorptions(absorbed)
    at_least_two(photons)
    check_pigment(mua)
    n, m = len(cylinders.depth_mm), len(mua)
    shapes = cylinders.arrays
    key = key_of(*seeds)
    is_lattice = pitch is not None
    spacing = pitch if pitch is not None else np.zeros(n)

    def work(first: int, many: int, sums: Array) -> None:
        _follow(first, many, key, edges, mus, absorbed, medium.g, medium.n, *shapes, spacing,
                is_lattice, *start, mua, sums[:2], sums[2:].reshape(3, n, m))  # fmt: skip

    total = run_jobs(photons, work, 2 + 3 * n * m, workers or Workers(1))
    bare, bare2 = total[:2]
    taken, taken2, both = total[2:].reshape(3, n, m)
    return absorbance(np.full((n, m), bare), taken, (np.full((n, m), bare2), taken2, both))


def check_pigment(mua_per_mm: Array) -> None:
    """Refuse what no pigment absorbs.

    Raises
    ------
    InputError
        A value is negative or not finite.
    """
    bad = np.flatnonzero(~((mua_per_mm >= 0.0) & (mua_per_mm < math.inf)))
    if bad.size:
        got, where = float(mua_per_mm[bad[0]]), f"row {bad[0]}"
        raise InputError(must("mua_per_mm", "be at least 0 and finite", got, where))


@njit(nogil=True, forceinline=True)
def clip_depth(z, uz, step, low, high):
    """Return the part (t0, t1) of a path between two depths."""
    t0, t1 = 0.0, step
    if abs(uz) > 1e-12:
        a, b = (low - z) / uz, (high - z) / uz
        t0, t1 = max(t0, min(a, b)), min(t1, max(a, b))
    elif z <= low or z >= high:
        t1 = -1.0
    return t0, t1


@njit(nogil=True, forceinline=True)
def chord(x, y, ux, uy, radius2, t0, t1):
    """Return how long the part (t0, t1) of a path is within a circle about the origin."""
    a, b, c = ux * ux + uy * uy, x * ux + y * uy, x * x + y * y - radius2
    if a > 1e-14:
        root2 = b * b - a * c
        if root2 <= 0.0:
            return 0.0
        root = math.sqrt(root2)
        t0, t1 = max(t0, (-b - root) / a), min(t1, (-b + root) / a)
    elif c >= 0.0:
        return 0.0
    return max(t1 - t0, 0.0)


@njit(nogil=True, cache=True)
def _lattice_path(x, y, ux, uy, t0, t1, pitch, radius2):
    """Return how long the part (t0, t1) of a path is within the circles of a square lattice.

    Piece by piece, each too short to meet two circles.
    """
    gap = pitch - 2.0 * math.sqrt(radius2)
    pieces = 1 + int((t1 - t0) / (gap * 0.99))
    half = 0.5 * (t1 - t0) / pieces
    total = 0.0
    for k in range(pieces):
        middle = t0 + (2 * k + 1) * half
        px, py = x + ux * middle, y + uy * middle
        px -= pitch * math.floor(px / pitch + 0.5)
        py -= pitch * math.floor(py / pitch + 0.5)
        total += chord(px, py, ux, uy, radius2, -half, half)
    return total


@njit(nogil=True, cache=True)
def _meet(
    x, y, z, ux, uy, uz, step, widest2, top, bottom, radius2, pitch, is_lattice, x0, y0, inside,
    met, meetings,
):  # fmt: skip
    """Add a path to what each cylinder holds of it; returns how many have met any so far."""
    nearest2 = 0.0
    if not is_lattice:
        a, b = ux * ux + uy * uy, x * ux + y * uy
        t = min(max(-b / a, 0.0), step) if a > 1e-14 else 0.0
        nearest2 = x * x + y * y + t * (2.0 * b + a * t)
        if nearest2 >= widest2:
            return meetings
    for i in range(top.shape[0]):
        if not is_lattice and nearest2 >= radius2[i]:
            continue
        t0, t1 = clip_depth(z, uz, step, top[i], bottom[i])
        if t1 <= t0:
            continue
        if is_lattice:
            px, py = x + x0 * pitch[i], y + y0 * pitch[i]
            length = _lattice_path(px, py, ux, uy, t0, t1, pitch[i], radius2[i])
        else:
            length = chord(x, y, ux, uy, radius2[i], t0, t1)
        if length > 0.0:
            if inside[i] == 0.0:
                met[meetings] = i
                meetings += 1
            inside[i] += length
    return meetings


@njit(nogil=True, cache=True)
def _follow(
    first, count, seed, edges, mus, mua, g, n, top, bottom, radius2, pitch, is_lattice,
    start0, start1, pigment, bare, sums,
):  # fmt: skip
    dots = top.shape[0]
    inside = np.zeros(dots)
    met = np.zeros(dots, np.int64)
    highest, lowest, widest2 = top.min(), bottom.max(), radius2.max()
    x0, y0 = 0.0, 0.0  # where in its cell a lattice is met, in pitches
    for photon in range(first, first + count):
        state, gamma = begin(seed, np.uint64(photon))
        state, u = draw(state, gamma)
        x, y = 0.0, 0.0
        if is_lattice:
            x0 = u
            state, y0 = draw(state, gamma)
        else:
            x = math.sqrt(start0 * start0 + u * (start1 * start1 - start0 * start0))
        z, ux, uy, uz = 0.0, 0.0, 0.0, 1.0
        layer, absorbed, meetings = 0, 0.0, 0
        state, tau = optical_path(state, gamma)
        left = SCATTERED
        while True:
            step, event = free_path(z, uz, tau, mus[layer], edges[layer], edges[layer + 1])
            ahead = z + uz * step
            if max(z, ahead) > highest and min(z, ahead) < lowest:
                meetings = _meet(
                    x, y, z, ux, uy, uz, step, widest2, top, bottom, radius2, pitch, is_lattice,
                    x0, y0, inside, met, meetings,
                )  # fmt: skip
            x += ux * step
            y += uy * step
            z = ahead
            absorbed += mua[layer] * step
            if event != SCATTERED:
                tau -= step * mus[layer]
                z, uz, layer, left, state = cross(event, z, uz, layer, edges, n, state, gamma)
                if left != SCATTERED:
                    break
                continue
            alive, absorbed, state = survives(absorbed, state, gamma)
            if not alive:
                break
            state, tau = optical_path(state, gamma)
            ux, uy, uz, state = turn(ux, uy, uz, g, state, gamma)
        weight = math.exp(-absorbed) if left == UP else 0.0
        bare[0] += weight
        bare[1] += weight * weight
        for k in range(meetings):
            i = met[k]
            if left == UP:
                for j in range(pigment.shape[0]):
                    taken = -weight * math.expm1(-pigment[j] * inside[i])
                    sums[0, i, j] += taken
                    sums[1, i, j] += taken * taken
                    sums[2, i, j] += taken * weight
            inside[i] = 0.0
