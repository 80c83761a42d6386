"""The linear kernels of a skin: what weak pigment takes, by where it lies under the camera's ray.

kernel(rho, z) = d A / (d mua dV), in mm^-2: light that passes rho from the ray at depth z, as a
share of R0. White Monte Carlo: the paths do not depend on absorption, so one run serves many skins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.optics.transport.draws import begin, draw
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.runs import Array, Estimate, key_of
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

BATCHES: Final = 64
"""A run's photons in as many parts: how much these differ is the standard error."""
MIN_BATCH: Final = 16


@dataclass(frozen=True)
class Kernels:
    """Linear kernels on a grid of rings and depths, for several absorptions.

    Attributes
    ----------
    rho_mm, z_mm
        Edges of the rings, (rings + 1,), and of the depths, (depths + 1,); each begins at 0.
    bare
        R0, (absorptions,), of light inside the surface.
    rings
        Share taken per mm of thickness and 1/mm of absorption in each ring, (absorptions, depths,
        rings + 1): the kernel times the ring's area; the last one is what lies beyond.
    straight
        The same of the ray before it is scattered, at rho = 0, (absorptions, depths).
    reach
        Share of R0 that went deeper than multiples of half a depth's bin, (absorptions, 2 depths).
    """

    rho_mm: Array
    z_mm: Array
    bare: Estimate
    rings: Estimate
    straight: Estimate
    reach: Estimate


def linear_kernels(
    medium: Medium,
    mua_per_mm: NDArray[np.float64],
    rho_end_mm: float,
    z_end_mm: float,
    rings: int,
    depths: int,
    photons: int,
    seed: int = 0,
    workers: Workers | None = None,
) -> Kernels:
    """Return the linear kernels of a skin.

    Parameters
    ----------
    medium
        The skin; its own absorption is not used.
    mua_per_mm
        Absorptions to answer for, (absorptions, layers).
    rho_end_mm, z_end_mm
        Where the grid ends.
    rings, depths
        How many; depths are equally thick, and rings the wider the further out: their edges are
        rho_end (k / rings)^2.
    photons
        How many, at least 1024.
    seed, workers
        As for `slab`.
    """
    mua = medium.absorptions(mua_per_mm)
    if photons < BATCHES * MIN_BATCH:
        raise InputError(must("photons", f"be at least {BATCHES * MIN_BATCH}", photons))
    edges, mus, _ = medium.arrays
    sets, key = len(mua), key_of(seed)
    rho_mm = rho_end_mm * (np.arange(rings + 1) / rings) ** 2
    z_mm = np.linspace(0.0, z_end_mm, depths + 1)
    size = 1 + depths * (rings + 2) + 2 * depths
    found = np.zeros((BATCHES, sets, size))
    batch = -(-photons // BATCHES)
    lightest = mua.min(axis=0)

    def job(number: int, _: None) -> None:
        _follow(number * batch, batch, key, edges, mus, lightest, mua, medium.g,
                medium.n, rho_end_mm, z_end_mm / depths, depths, rings, found[number])  # fmt: skip

    (workers or Workers(1)).each(BATCHES, job, lambda: None, counts=True)
    bare = _estimate(found[:, :, 0] / batch)
    shares = _ratio(found[:, :, 1:], found[:, :, :1])
    cut = depths * (rings + 2)
    taken = (shares.value[:, :cut], shares.error[:, :cut])
    grid = [part.reshape(sets, depths, rings + 2) / z_mm[1] for part in taken]
    # The share that ends within a half bin, from the deepest up.
    deepest = found[:, :, 1 + cut :][:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    return Kernels(
        rho_mm, z_mm, bare,
        Estimate(grid[0][:, :, 1:], grid[1][:, :, 1:]),
        Estimate(grid[0][:, :, 0], grid[1][:, :, 0]),
        _ratio(deepest, found[:, :, :1]),
    )  # fmt: skip


def _estimate(batches: Array) -> Estimate:
    return Estimate(batches.mean(axis=0), batches.std(axis=0, ddof=1) / math.sqrt(BATCHES))


def _ratio(above: Array, below: Array) -> Estimate:
    """Return the ratio of sums over batches, (batches, sets, n), and its standard error."""
    total = below.sum(axis=0)
    ratio = above.sum(axis=0) / total
    rest = above - ratio * below
    error = rest.std(axis=0, ddof=1) * math.sqrt(BATCHES) / total
    return Estimate(ratio, error)


@njit(nogil=True, cache=True)
def _follow(
    first, count, seed, edges, mus, lightest, mua, g, n, rho_end, depth_step, depths, rings,
    sums,
):  # fmt: skip
    layers, sets, width = mus.shape[0], mua.shape[0], rings + 2
    paths = np.zeros(layers)
    weights = np.zeros(sets)
    passed = np.zeros(depths * width, np.float32)
    met = np.zeros(depths * width, np.int32)
    for photon in range(first, first + count):
        state, gamma = begin(seed, np.uint64(photon))
        x, y, z, ux, uy, uz = 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
        layer, absorbed, boost, meetings, deepest = 0, 0.0, 0.0, 0, 0.0
        paths[:] = 0.0
        straight, left = True, SCATTERED
        state, tau = optical_path(state, gamma)
        while True:
            step, event = free_path(z, uz, tau, mus[layer], edges[layer], edges[layer + 1])
            state, meetings = _pass(
                x, y, z, ux, uy, uz, step, straight, rho_end, depth_step, depths, width,
                passed, met, meetings, state, gamma,
            )  # fmt: skip
            x += ux * step
            y += uy * step
            z += uz * step
            deepest = max(deepest, z)
            paths[layer] += step
            absorbed += lightest[layer] * step
            if event != SCATTERED:
                tau -= step * mus[layer]
                z, uz, layer, left, state = cross(event, z, uz, layer, edges, n, state, gamma)
                if left != SCATTERED:
                    break
                straight = straight and uz > 0.0
                continue
            alive, now, state = survives(absorbed, state, gamma)
            if not alive:
                break
            boost += absorbed - now
            absorbed = now
            straight = False
            state, tau = optical_path(state, gamma)
            ux, uy, uz, state = turn(ux, uy, uz, g, state, gamma)
        if left == UP:
            for k in range(sets):
                depth = -boost
                for i in range(layers):
                    depth += mua[k, i] * paths[i]
                weights[k] = math.exp(-depth)
            _flush(weights, passed, met, meetings, deepest, depth_step, depths, width, sums)
        for k in range(meetings):
            passed[met[k]] = 0.0


@njit(nogil=True, cache=True)
def _flush(weights, passed, met, meetings, deepest, depth_step, depths, width, sums):
    """Add what a photon passed, once it is known what it is worth."""
    last = 1 + depths * width + min(int(2.0 * deepest / depth_step), 2 * depths - 1)
    for k in range(weights.shape[0]):
        weight = weights[k]
        sums[k, 0] += weight
        sums[k, last] += weight
        for i in range(meetings):
            sums[k, 1 + met[i]] += weight * passed[met[i]]


@njit(nogil=True, forceinline=True)
def _score(at, length, passed, met, meetings):
    """Add a length to a bin; returns how many bins have any."""
    if passed[at] == 0.0:
        met[meetings] = at
        meetings += 1
    passed[at] += length
    return meetings


@njit(nogil=True, forceinline=True)
def _pass(
    x, y, z, ux, uy, uz, step, straight, rho_end, depth_step, depths, width, passed, met,
    meetings, state, gamma,
):  # fmt: skip
    """Add a path to the rings and depths that it passes; returns (state, meetings).

    A piece's place in its ring is that of a random point of it: right on average.
    """
    if min(z, z + uz * step) >= depths * depth_step:
        return state, meetings
    if straight:  # down from the surface: its starts and ends are alike, so it is cut exactly
        row, end = int(z / depth_step), z + step
        while row < depths and row * depth_step < end:
            passed_now = min(end, (row + 1) * depth_step) - max(z, row * depth_step)
            meetings = _score(row * width, passed_now, passed, met, meetings)
            row += 1
        return state, meetings
    pieces = 1 + int(step / depth_step)
    length = step / pieces
    state, offset = draw(state, gamma)
    for k in range(pieces):
        t = (k + offset) * length
        row = int((z + uz * t) / depth_step)
        if row >= depths:
            continue
        px, py = x + ux * t, y + uy * t
        rho = math.sqrt(px * px + py * py)
        column = 1 + min(int((width - 2) * math.sqrt(rho / rho_end)), width - 2)
        meetings = _score(row * width + column, length, passed, met, meetings)
    return state, meetings
