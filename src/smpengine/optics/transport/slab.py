"""Reflectance and transmittance of layers without pigment, for many absorptions at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.optics.transport.draws import begin
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.runs import Array, Estimate, at_least_two, key_of, mean, run_jobs
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


@dataclass(frozen=True)
class Slab:
    """Shares of light that enters straight down, or comes straight up under diffuse light.

    Attributes
    ----------
    reflectance, transmittance
        Of light inside the surface, (absorptions,); 1 - `specular` of collimated light enters.
    specular
        Share of collimated light that the surface sends back.
    """

    reflectance: Estimate
    transmittance: Estimate
    specular: float


def slab(
    medium: Medium,
    photons: int,
    seed: int = 0,
    mua_per_mm: NDArray[np.float64] | None = None,
    workers: Workers | None = None,
) -> Slab:
    """Return what layers send back and let through.

    Parameters
    ----------
    medium
        The layers.
    photons
        How many to follow.
    seed
        Of their random numbers.
    mua_per_mm
        Absorptions to answer for, (absorptions, layers); the medium's own when None. The same
        photons serve all of them.
    workers
        Threads, progress, cancel; the result does not depend on them.
    """
    edges, mus, own = medium.arrays
    mua = medium.absorptions(own if mua_per_mm is None else mua_per_mm)
    at_least_two(photons)
    lightest = mua.min(axis=0)
    count, key = len(mua), key_of(seed)

    def work(first: int, many: int, sums: Array) -> None:
        _follow(first, many, key, edges, mus, lightest, mua, medium.g, medium.n,
                sums.reshape(4, count))  # fmt: skip

    workers = workers or Workers(1)
    total = run_jobs(photons, work, 4 * count, workers).reshape(4, count)
    specular = ((medium.n - 1.0) / (medium.n + 1.0)) ** 2
    return Slab(mean(total[0], total[1], photons), mean(total[2], total[3], photons), specular)


@njit(nogil=True, cache=True)
def _follow(first, count, seed, edges, mus, lightest, mua, g, n, sums):
    layers = mus.shape[0]
    paths = np.zeros(layers)
    for photon in range(first, first + count):
        state, gamma = begin(seed, np.uint64(photon))
        z, ux, uy, uz = 0.0, 0.0, 0.0, 1.0
        layer, absorbed, boost = 0, 0.0, 0.0
        paths[:] = 0.0
        state, tau = optical_path(state, gamma)
        left = SCATTERED
        while True:
            step, event = free_path(z, uz, tau, mus[layer], edges[layer], edges[layer + 1])
            z += uz * step
            paths[layer] += step
            absorbed += lightest[layer] * step
            if event != SCATTERED:
                tau -= step * mus[layer]
                z, uz, layer, left, state = cross(event, z, uz, layer, edges, n, state, gamma)
                if left != SCATTERED:
                    break
                continue
            alive, now, state = survives(absorbed, state, gamma)
            if not alive:
                break
            boost += absorbed - now
            absorbed = now
            state, tau = optical_path(state, gamma)
            ux, uy, uz, state = turn(ux, uy, uz, g, state, gamma)
        if left != SCATTERED:
            out = 0 if left == UP else 2
            for k in range(mua.shape[0]):
                depth = -boost
                for i in range(layers):
                    depth += mua[k, i] * paths[i]
                weight = math.exp(-depth)
                sums[out, k] += weight
                sums[out + 1, k] += weight * weight
