"""The picture of a whole treatment: cylinders of pigment in a cell that repeats without end."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import InputError, must
from smpengine.optics.transport.cylinders import Cylinders, check_pigment, chord, clip_depth
from smpengine.optics.transport.draws import begin, draw
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.runs import (
    PHOTONS_A_JOB,
    Array,
    Estimate,
    absorbance,
    at_least_two,
    key_of,
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

_CELLS: Final = 64
"""Of the grid that finds cylinders, along a side; a cylinder is listed in all that it meets."""


def field_reflectance(
    medium: Medium,
    dots: ArrayLike,
    mua_per_mm: ArrayLike,
    cell_mm: float,
    pixels: int,
    photons: int,
    seed: int = 0,
    workers: Workers | None = None,
) -> tuple[Estimate, Estimate]:
    """Return R / R0 of a periodic treatment, and -ln of its mean.

    Parameters
    ----------
    medium
        The skin.
    dots
        (n, 5): x, y, depth of the centre, radius, thickness, in mm.
    mua_per_mm
        Of the pigment of each, (n,).
    cell_mm
        Side of the square cell that repeats.
    pixels
        Along a side of the picture of the cell.
    photons
        How many a pixel.
    seed, workers
        As for `slab`.

    Returns
    -------
    Estimate, Estimate
        (pixels, pixels), rows of y; and the absorbance of the mean reflectance, a scalar.
    """
    columns = np.ascontiguousarray(np.asarray(dots, float).reshape(-1, 5).T)
    pigment = np.ascontiguousarray(np.broadcast_to(mua_per_mm, columns[0].shape), float)
    x, y, depth, radius, thickness = columns
    cylinders = Cylinders(depth, radius, thickness)
    check_pigment(pigment)
    at_least_two(photons)
    if not 2.0 * radius.max(initial=0.0) < cell_mm < math.inf:
        raise InputError(must("cell_mm", "be wider than the widest dot", cell_mm))
    grid = _grid_of(x, y, radius, cell_mm)
    shapes = x, y, *cylinders.arrays, pigment
    edges, mus, mua = medium.arrays
    medium.absorptions(mua)
    sums = np.zeros((pixels * pixels, 5))
    at_once = max(PHOTONS_A_JOB // photons, 1)  # pixels
    jobs, key = -(-pixels * pixels // at_once), key_of(seed)

    def job(number: int, _: None) -> None:
        first = number * at_once
        last = min(first + at_once, pixels * pixels)
        _follow(first, last, pixels, photons, key, edges, mus, mua, medium.g, medium.n,
                *shapes, *grid, cell_mm, sums)  # fmt: skip

    (workers or Workers(1)).each(jobs, job, lambda: None, counts=True)
    bare, bare2, taken, taken2, both = sums.T
    # The bare skin is the same everywhere: its mean over all photons is the more certain.
    everywhere, n = bare.sum() / bare.size, photons
    share = taken / everywhere
    ratio = 1.0 - share
    # Of taken / everywhere; a pixel's own photons are part of everywhere.
    spread = (taken2 - taken**2 / n) - 2.0 * share / bare.size * (both - taken * bare / n)
    spread += share**2 / bare.size**2 * (bare2 - bare**2 / n).sum()
    error = np.sqrt(np.maximum(spread, 0.0) * n / (n - 1)) / everywhere
    picture = Estimate(ratio.reshape(pixels, pixels), error.reshape(pixels, pixels))
    b, t, b2, t2, bt = (v.sum(keepdims=True) for v in (bare, taken, bare2, taken2, both))
    mean = absorbance(b, t, (b2, t2, bt))
    return picture, Estimate(mean.value[0], mean.error[0])


def _met(centre: float, radius: float, side: float) -> range:
    """Return which cells of a row a dot meets."""
    return range(math.floor((centre - radius) / side), math.floor((centre + radius) / side) + 1)


def _grid_of(
    x: Array, y: Array, radius: Array, cell_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (starts, rows): the cylinders whose bounding squares meet each cell of the grid."""
    side = cell_mm / _CELLS
    lists: list[list[int]] = [[] for _ in range(_CELLS * _CELLS)]
    for row, (cx, cy, r) in enumerate(zip(x, y, radius, strict=True)):
        columns = {i % _CELLS for i in _met(cx, r, side)}
        for j in {j % _CELLS for j in _met(cy, r, side)}:
            for i in columns:
                lists[j * _CELLS + i].append(row)
    starts = np.cumsum([0, *map(len, lists)])
    return starts, np.array([row for each in lists for row in each], np.int64)


@njit(nogil=True, cache=True)
def _optical(x, y, z, ux, uy, uz, t0, t1, dots, starts, rows, cell):
    """Return the absorption along the part (t0, t1) of a path: from cell to cell of the grid.

    J. Amanatides, A. Woo, Eurographics 1987. A cylinder that lies in several cells is met in each
    for as far as the path is in that cell.
    """
    cx, cy, top, bottom, radius2, pigment = dots
    side = cell / _CELLS
    px, py = (x + ux * t0) / side, (y + uy * t0) / side
    i, j = math.floor(px), math.floor(py)
    grow_x = side / abs(ux) if abs(ux) > 1e-14 else math.inf
    grow_y = side / abs(uy) if abs(uy) > 1e-14 else math.inf
    next_x = t0 + ((i + 1 - px) if ux > 0.0 else (px - i)) * grow_x if grow_x < math.inf else grow_x
    next_y = t0 + ((j + 1 - py) if uy > 0.0 else (py - j)) * grow_y if grow_y < math.inf else grow_y
    total, now = 0.0, t0
    while now < t1:
        then = min(min(next_x, next_y), t1)
        at = np.int64(j % _CELLS) * _CELLS + np.int64(i % _CELLS)
        for k in range(starts[at], starts[at + 1]):
            d = rows[k]
            a, b = clip_depth(z, uz, t1, top[d], bottom[d])
            a, b = max(a, now), min(b, then)
            if b <= a:
                continue
            dx, dy = x - cx[d], y - cy[d]
            middle = 0.5 * (a + b)
            mx, my = dx + ux * middle, dy + uy * middle
            mx -= cell * math.floor(mx / cell + 0.5)
            my -= cell * math.floor(my / cell + 0.5)
            total += pigment[d] * chord(mx, my, ux, uy, radius2[d], a - middle, b - middle)
        now = then
        if next_x < next_y:
            next_x += grow_x
            i += 1 if ux > 0.0 else -1
        else:
            next_y += grow_y
            j += 1 if uy > 0.0 else -1
    return total


@njit(nogil=True, cache=True)
def _follow(
    first, last, pixels, photons, seed, edges, mus, mua, g, n, cx, cy, top, bottom, radius2,
    pigment, starts, rows, cell, sums,
):  # fmt: skip
    dots = cx, cy, top, bottom, radius2, pigment
    any_dots = cx.shape[0] > 0
    highest = top.min() if any_dots else 0.0
    lowest = bottom.max() if any_dots else 0.0
    for photon in range(first * photons, last * photons):
        pixel = photon // photons
        state, gamma = begin(seed, np.uint64(photon))
        state, u = draw(state, gamma)
        x = (pixel % pixels + u) * cell / pixels
        state, u = draw(state, gamma)
        y = (pixel // pixels + u) * cell / pixels
        z, ux, uy, uz = 0.0, 0.0, 0.0, 1.0
        layer, absorbed, taken = 0, 0.0, 0.0
        state, tau = optical_path(state, gamma)
        left = SCATTERED
        while True:
            step, event = free_path(z, uz, tau, mus[layer], edges[layer], edges[layer + 1])
            ahead = z + uz * step
            if max(z, ahead) > highest and min(z, ahead) < lowest:
                t0, t1 = clip_depth(z, uz, step, highest, lowest)
                if t1 > t0:
                    taken += _optical(x, y, z, ux, uy, uz, t0, t1, dots, starts, rows, cell)
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
        if left == UP:
            weight = math.exp(-absorbed)
            lost = -weight * math.expm1(-taken)
            sums[pixel, 0] += weight
            sums[pixel, 1] += weight * weight
            sums[pixel, 2] += lost
            sums[pixel, 3] += lost * lost
            sums[pixel, 4] += lost * weight
