"""Impressions from densities: ranked blue noise, thinned.

A tile of ranked points, repeated, covers the scalp. A point of rank n stands for the density level
(n + 0.5) / area of the tile, and is there where the density reaches that level. Sessions that go
into the gaps take one level after the other, so each continues the ranks of those before it: that
is what going into the gaps means. What of a session is not to go into gaps comes from lattices of
its own.
Everything is a function of seed, tile and rank, so that a window's impressions are the whole's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.impressions import Impressions
from smpengine.philox import normals, philox
from smpengine.plan.bluenoise import MAX_DENSITY_PER_CM2, POINTS, TILE_MM, tile_mm
from smpengine.plan.density import DensityMap
from smpengine.workers import Workers, thread_count

_PLACE: Final = 0xFFFF_FFFF  # counter word of the lattices' own numbers; no rank is as large
_OWN: Final = 4096  # streams below are shared by the gaps, those from here on are the sessions' own
CHUNK: Final = 8_192
MIN_RADIUS_SHARE: Final = 0.2


@dataclass(frozen=True)
class Layer:
    """One session as placement sees it.

    Attributes
    ----------
    density_per_cm2
        Where the density map is 1.
    gap_share
        Share of the dots that land in the gaps of all earlier sessions, 0 to 1.
    radius_mm, radius_spread_mm, depth_mm, depth_spread_mm
        Mean and standard deviation; clipped at 2.5 of it, a depth also at half the thickness.
    thickness_mm
        Of every deposit.
    mua_per_mm
        Median absorption in the bands of the skin: R, G, B, or those of its table.
    mua_spread
        Standard deviation of its logarithm.
    """

    density_per_cm2: float
    gap_share: float
    radius_mm: float
    radius_spread_mm: float
    depth_mm: float
    depth_spread_mm: float
    thickness_mm: float
    mua_per_mm: tuple[float, ...]
    mua_spread: float


def place(
    layers: Sequence[Layer],
    density: DensityMap,
    extent_mm: tuple[float, float],
    seed: int,
    window_mm: tuple[float, float, float, float] | None = None,
    threads: int | None = None,
) -> Impressions:
    """Place the impressions of all sessions.

    Parameters
    ----------
    layers
        The sessions in order.
    density
        Factor on their densities over the scalp.
    extent_mm
        Width and height; nothing is placed outside.
    seed
        0 to 2^63 - 1.
    window_mm
        (x0, y0, x1, y1): only impressions with x0 <= x < x1, y0 <= y < y1. They are exactly the
        rows of the whole that lie there, in the same order.
    threads
        Number of threads; the result does not depend on it.

    Returns
    -------
    Impressions
        Session after session; within one by stream, tile and rank.
    """
    x0, y0, x1, y1 = (0.0, 0.0, *extent_mm) if window_mm is None else window_mm
    box = np.array([max(x0, 0.0), max(y0, 0.0), min(x1, extent_mm[0]), min(y1, extent_mm[1])])
    workers = Workers(thread_count(threads))
    shared = np.cumsum([layer.gap_share * layer.density_per_cm2 for layer in layers])
    jobs = []
    for stream in range(
        math.ceil(shared[-1] * density.largest / MAX_DENSITY_PER_CM2) if layers else 0
    ):
        jobs += _jobs(stream, stream * MAX_DENSITY_PER_CM2, shared, 0, seed, box)
    for k, layer in enumerate(layers):
        own = np.array([(1.0 - layer.gap_share) * layer.density_per_cm2])
        for stream in range(math.ceil(own[0] * density.largest / MAX_DENSITY_PER_CM2)):
            number = _OWN * (k + 1) + stream
            jobs += _jobs(number, stream * MAX_DENSITY_PER_CM2, own, k, seed, box)
    found: list[_Points | None] = [None] * len(jobs)

    def work(job: int, _: None) -> None:
        found[job] = _thin(jobs[job], density, box)

    workers.each(len(jobs), work, lambda: None)
    return _impressions(layers, [points for points in found if points is not None], seed, workers)


def crowding(layers: Sequence[Layer], largest_factor: float = 1.0) -> list[str]:
    """Return what to tell about sessions that are denser than the blue noise can space."""
    total = sum(layer.density_per_cm2 for layer in layers) * largest_factor
    if total <= MAX_DENSITY_PER_CM2:
        return []
    return [
        f"{total:.0f} dots per cm2 in all are more than the {MAX_DENSITY_PER_CM2:.0f} that can be "
        "evenly spaced; beyond that dots fall between the others at random."
    ]


@dataclass(frozen=True)
class _Job:
    """One tile of one stream."""

    stream: int
    level0_per_cm2: float
    bounds_per_cm2: NDArray[np.float64]
    layer0: int
    column: int
    row: int
    corner_mm: tuple[float, float]


@dataclass(frozen=True)
class _Points:
    """Points of one job: place, layer and rank."""

    job: _Job
    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    layer: NDArray[np.int64]
    rank: NDArray[np.int64]


def _key(seed: int) -> tuple[int, int]:
    return seed & 0xFFFF_FFFF, seed >> 32


def _jobs(
    stream: int,
    level0: float,
    bounds: NDArray[np.float64],
    layer0: int,
    seed: int,
    box: NDArray[np.float64],
) -> list[_Job]:
    """List a stream's tiles that touch the box; seed and stream shift the lattice of tiles."""
    words = philox(0, 0, _PLACE, stream, *_key(seed))
    shift_x, shift_y = (float(word) / 2.0**32 * TILE_MM for word in words[:2])
    jobs = []
    first_column, last_column = (
        math.floor((edge - shift_x) / TILE_MM) for edge in (box[0], box[2])
    )
    first_row, last_row = (math.floor((edge - shift_y) / TILE_MM) for edge in (box[1], box[3]))
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            corner = (column * TILE_MM + shift_x, row * TILE_MM + shift_y)
            jobs.append(_Job(stream, level0, bounds, layer0, column, row, corner))
    return jobs


def _thin(job: _Job, density: DensityMap, box: NDArray[np.float64]) -> _Points:
    """Keep a tile's points up to the density at each."""
    most = (job.bounds_per_cm2[-1] * density.largest - job.level0_per_cm2) / MAX_DENSITY_PER_CM2
    ranks = min(math.ceil(most * POINTS), POINTS)
    tile, (corner_x, corner_y) = tile_mm()[:ranks], job.corner_mm
    x, y = corner_x + tile[:, 0], corner_y + tile[:, 1]
    within = np.flatnonzero((x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3]))
    x, y = x[within], y[within]
    layer, rank = (np.empty(within.size, np.int64) for _ in range(2))
    share = density.at(x, y)
    count = _keep(share, within, job.level0_per_cm2, job.bounds_per_cm2, x, y, layer, rank)
    return _Points(job, x[:count], y[:count], layer[:count] + job.layer0, rank[:count])


@njit(nogil=True, cache=True)
def _keep(share, within, level0, bounds, x, y, layer, rank):
    """Move what is kept to the front, in place."""
    count = 0
    for i in range(within.shape[0]):
        n = within[i]
        level = level0 + (n + 0.5) * (MAX_DENSITY_PER_CM2 / POINTS)
        for k in range(bounds.shape[0]):
            if level < bounds[k] * share[i]:
                x[count], y[count], layer[count], rank[count] = x[i], y[i], k, n
                count += 1
                break
    return count


def _impressions(
    layers: Sequence[Layer], found: list[_Points], seed: int, workers: Workers
) -> Impressions:
    """Sort points by session and give each its radius, depth and strength."""
    if not layers or not found:
        nothing = np.zeros(0)
        return Impressions(*[nothing] * 6)
    layer = np.concatenate([points.layer for points in found])
    order = np.argsort(layer, kind="stable")
    layer = layer[order]
    x = np.concatenate([points.x_mm for points in found])[order]
    y = np.concatenate([points.y_mm for points in found])[order]
    counters = np.array(
        [(p.job.column & 0xFFFF_FFFF, p.job.row & 0xFFFF_FFFF, p.job.stream) for p in found],
        np.int64,
    )
    job = np.repeat(np.arange(len(found)), [len(points.rank) for points in found])[order]
    rank = np.concatenate([points.rank for points in found])[order]
    n = len(layer)
    radius, depth, thickness = (np.empty(n) for _ in range(3))
    mua = np.empty((n, len(layers[0].mua_per_mm)))
    table = np.array(
        [
            (v.radius_mm, v.radius_spread_mm, v.depth_mm, v.depth_spread_mm, v.thickness_mm,
             v.mua_spread, *v.mua_per_mm)
            for v in layers
        ]
    )  # fmt: skip

    def work(k: int, _: None) -> None:
        part = slice(k * CHUNK, (k + 1) * CHUNK)
        _attributes(
            layer[part], counters, job[part], rank[part], *_key(seed), table,
            radius[part], depth[part], thickness[part], mua[part],
        )  # fmt: skip

    workers.each(-(-n // CHUNK), work, lambda: None)
    return Impressions(x, y, depth, radius, thickness, mua, layer)


@njit(nogil=True, cache=True)
def _attributes(
    layer, counters, job, rank, key0, key1, table, radius, depth, thickness, mua,
):  # fmt: skip
    """Give each point the size, depth and strength that its layer, tile and rank say."""
    for n in range(layer.shape[0]):
        row = table[layer[n]]
        column, line, stream = counters[job[n]]
        w0, w1, w2, w3 = philox(column, line, rank[n], stream, key0, key1)
        for_radius, for_depth = normals(w0, w1)
        for_mua, _ = normals(w2, w3)
        radius[n] = max(row[0] + row[1] * for_radius, MIN_RADIUS_SHARE * row[0])
        depth[n] = max(row[2] + row[3] * for_depth, 0.5 * row[4])
        thickness[n] = row[4]
        strength = math.exp(row[5] * for_mua)
        for b in range(mua.shape[1]):
            mua[n, b] = min(row[6 + b] * strength, 10_000.0)
