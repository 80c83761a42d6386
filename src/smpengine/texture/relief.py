"""The fine relief of skin: a network of furrows between plates, and a finer grain on them.

A lattice of cells in mm holds a point each. A point weighs on what is near it,

    w = b t^5,   t = max(1 - r^2 / R^2, 0),   q = sum(w^2) / sum(w)^2,

r in cells: q is 1 where one point outweighs all others, the middle of a plate, 1/2 where two weigh
alike, between plates, and 1/3 where three do. So 1 - q is a network of furrows that is smooth, with
a slope in closed form, and takes no more than the nine cells around a place. Factors b, spread over
two decades, make plates of all sizes and hide the lattice. A plate has a height and a tilt of its
own as well.

On the surface of skin primary furrows, 20 to 100 um deep, bound plates of 0.2 to 0.7 mm, and finer
ones cross them (K. Hashimoto, Int. J. Dermatol. 13 (1974) 357); the grain's size is assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.optics.granules import mix
from smpengine.raster.splats import PixelWindow

POWER: Final = 5
INSET: Final = 0.12
"""Points are at least so far, in cells, within theirs."""
WARP: Final = 0.12
"""Most, in cells, that the grain moves the network: furrows are not straight."""
REACH: Final = 1.0 + INSET - WARP
"""R, in cells: the nine cells around a place are all that reach it, warped or not."""
SWELL: Final = 9.0
"""Cells over which the depth of furrows changes (assumed)."""
TINY: Final = 1e-6
"""Added to sums of weights, for places that no point reaches: flat there."""
STEEPEST: Final = 0.5
"""No slope is steeper, along either axis: where few points reach, it could be anything."""
FURROW: Final = 2.0
"""Times 1 - q is the depth of a furrow; 1 between two plates."""
SPREAD: Final = 100.0
"""Largest b over the smallest (assumed)."""
POINT: Final = 6
"""Floats of a point: place in its cell, b, height, tilt along x and y."""


@dataclass(frozen=True)
class Layer:
    """A lattice of points.

    Attributes
    ----------
    step_x_mm, step_y_mm
        Of a cell.
    depth
        Of its furrows, in those of the network.
    tilt
        Most slope of a plate, for a network 0.02 mm deep.
    hollow
        How much its furrows darken, in those of the network.
    pale
        How much paler or darker plates are than others, likewise: horn that is loose, or not.
    salt
        Of its random numbers.
    """

    step_x_mm: float
    step_y_mm: float
    depth: float
    tilt: float
    hollow: float
    pale: float
    salt: int


LAYERS: Final = (
    Layer(0.40, 0.36, 1.0, 0.05, 1.0, 0.25, 1),
    Layer(0.17, 0.16, 0.25, 0.12, 0.4, 0.30, 2),
)
"""Sizes after Hashimoto (1974); all else is assumed."""
TILT_DEPTH_MM: Final = 0.02


@dataclass(frozen=True)
class Lattice:
    """The points of a layer that a window needs.

    Attributes
    ----------
    layer
        Whose.
    col0, row0
        Of the first cell.
    points
        Float32 (rows, columns, POINT).
    """

    layer: Layer
    col0: int
    row0: int
    points: NDArray[np.float32]


def lattice_of(
    layer: Layer, seed: int, px_per_mm: float, window: PixelWindow, spare: int
) -> Lattice:
    """Return a layer's points for a window of samples and `spare` more on each side."""
    per_x, per_y = 1.0 / (px_per_mm * layer.step_x_mm), 1.0 / (px_per_mm * layer.step_y_mm)
    col0 = math.floor((window.col0 - spare) * per_x) - 2
    row0 = math.floor((window.row0 - spare) * per_y) - 2
    columns = math.floor((window.col0 + window.width + spare) * per_x) + 3 - col0
    rows = math.floor((window.row0 + window.height + spare) * per_y) + 3 - row0
    points = np.empty((rows, columns, POINT), np.float32)
    low = seed & 0xFFFF_FFFF
    key = np.uint64((low ^ (0x9E3779B9 * layer.salt) ^ (0x85EBCA6B * (seed >> 32))) & 0xFFFF_FFFF)
    _fill(key, row0, col0, SPREAD, points)
    return Lattice(layer, col0, row0, points)


@njit(nogil=True, cache=True)
def _unit(word, shift):
    """Return ten or so bits of a word as a number over 0 and under 1."""
    return (np.float64((word >> np.uint64(shift)) & np.uint64(0x3FF)) + 0.5) * (1.0 / 1024.0)


@njit(nogil=True, cache=True)
def _wave(key, v, u):
    """Return a number from 0 to 1 that changes smoothly over a unit."""
    low = np.uint64(0xFFFF_FFFF)
    j, i = math.floor(v), math.floor(u)
    fv, fu = v - j, u - i
    fv, fu = fv * fv * (3.0 - 2.0 * fv), fu * fu * (3.0 - 2.0 * fu)
    value = 0.0
    for b in range(2):
        line = mix(key ^ mix(np.uint64(np.int64(j) + b) & low))
        for a in range(2):
            column = (np.uint64(np.int64(i) + a) * np.uint64(0x9E3779B1)) & low
            share = (fv if b else 1.0 - fv) * (fu if a else 1.0 - fu)
            value += share * _unit(mix(line ^ column), 0)
    return value


@njit(nogil=True, cache=True)
def swell(key, row, col):
    """Return a number from 0 to 1 that changes over SWELL cells: furrows are not alike everywhere.

    Two waves, of units that are turned against the scalp's axes and each other, so that none shows.
    """
    low = np.uint64(0xFFFF_FFFF)
    first = _wave(
        (key + np.uint64(0x27D4EB2F)) & low,
        (0.80 * row + 0.60 * col) / SWELL, (0.80 * col - 0.60 * row) / SWELL,
    )  # fmt: skip
    second = _wave(
        (key + np.uint64(0x165667B1)) & low,
        (0.92 * row - 0.39 * col) / (0.6 * SWELL), (0.92 * col + 0.39 * row) / (0.6 * SWELL),
    )  # fmt: skip
    return 0.5 * (first + second)


@njit(nogil=True, cache=True)
def _fill(key, row0, col0, spread, points):
    low = np.uint64(0xFFFF_FFFF)
    for j in range(points.shape[0]):
        line = mix(key ^ mix(np.uint64(row0 + j) & low))
        for i in range(points.shape[1]):
            a = mix(line ^ ((np.uint64(col0 + i) * np.uint64(0x9E3779B1)) & low))
            b = mix((a + np.uint64(0x85EBCA77)) & low)
            points[j, i, 0] = INSET + (1.0 - 2.0 * INSET) * _unit(a, 0)
            points[j, i, 1] = INSET + (1.0 - 2.0 * INSET) * _unit(a, 10)
            points[j, i, 2] = spread ** (_unit(a, 20) - 1.0)
            points[j, i, 3] = (0.2 + 0.8 * _unit(b, 0)) * (
                0.35 + 0.65 * swell(key, row0 + j, col0 + i)
            )
            points[j, i, 4] = 2.0 * _unit(b, 10) - 1.0
            points[j, i, 5] = 2.0 * _unit(b, 20) - 1.0


def places(
    layer: Layer, px_per_mm: float, first: int, count: int, down: bool
) -> NDArray[np.float64]:
    """Return where samples lie along an axis, in cells of the whole scalp, (count,)."""
    step = layer.step_y_mm if down else layer.step_x_mm
    per_px = 1.0 / (px_per_mm * step)
    return (np.arange(first, first + count, dtype=np.float64) + 0.5) * per_px


def relief_reference(
    lattice: Lattice, px_per_mm: float, window: PixelWindow, warp: tuple[Any, Any] = (0.0, 0.0)
) -> tuple[NDArray[np.float64], ...]:
    """Return a layer over a window of samples, in float64; the oracle of `shade`.

    Parameters
    ----------
    lattice, px_per_mm, window
        The layer's points, samples per mm, and where.
    warp
        How far each sample is moved along x and y, in cells; at most WARP.

    Returns
    -------
    ndarray
        Depth of furrows, 1 between two whole plates, (height, width).
    ndarray, ndarray
        Its derivative along x and y, a cell.
    ndarray, ndarray
        Tilt of plates along x and y, -1 to 1.
    """
    u = places(lattice.layer, px_per_mm, window.col0, window.width, down=False)
    v = places(lattice.layer, px_per_mm, window.row0, window.height, down=True)
    col, row = np.floor(u).astype(int), np.floor(v).astype(int)
    shape = window.height, window.width
    s1, s2, x1, y1, x2, y2, high, tilt_x, tilt_y = (np.zeros(shape) for _ in range(9))
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            at = (row + j - lattice.row0)[:, None], (col + i - lattice.col0)[None, :]
            px, py, b, d, tx, ty = np.moveaxis(lattice.points[at].astype(np.float64), -1, 0)
            dx = (u - col - i)[None, :] - px + warp[0]
            dy = (v - row - j)[:, None] - py + warp[1]
            t = np.maximum(1.0 - (dx * dx + dy * dy) / REACH**2, 0.0)
            steep = b * t ** (POWER - 1)
            w = steep * t
            s1, s2 = s1 + w, s2 + w * w
            x1, y1, x2, y2 = (
                x1 + steep * dx, y1 + steep * dy, x2 + w * steep * dx, y2 + w * steep * dy
            )  # fmt: skip
            high, tilt_x, tilt_y = high + w * d, tilt_x + w * tx, tilt_y + w * ty
    inverse = 1.0 / (s1 + TINY)
    q = s2 * inverse * inverse
    slope = FURROW * 4.0 * POWER / REACH**2 * inverse * inverse
    high *= inverse
    return (
        FURROW * (1.0 - q) * high,
        slope * (x2 - s2 * inverse * x1) * high,
        slope * (y2 - s2 * inverse * y1) * high,
        tilt_x * inverse,
        tilt_y * inverse,
    )
