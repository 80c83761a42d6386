"""How much of a session's density belongs at a point: regions, hairline, feathering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.plan.random import philox, uniform

_CURVE_STEPS = 12  # straight pieces between two points of the hairline
_WAVES = 32
_PATCH_WAVE_MM = (10.0, 30.0)  # half a wave is a patch
_PATCH_CONTRAST = 0.8
_PATCH_STEEPNESS = 1.3  # the field spends more of the scalp near its extremes than in between


@dataclass(frozen=True)
class Region:
    """A part of the scalp with its share of the density.

    Attributes
    ----------
    polygon_mm
        Corners (x, y), in order; the last is joined to the first.
    density
        Factor on the sessions' densities, >= 0.
    feather_mm
        Over this distance across the edge, half of it on each side, the density rises.
    """

    polygon_mm: Sequence[tuple[float, float]]
    density: float
    feather_mm: float


@dataclass(frozen=True)
class Hairline:
    """A curve from left to right; pigment lies below it (larger y).

    Attributes
    ----------
    points_mm
        At least two points with rising x; the curve through them is a Catmull-Rom spline, and goes
        on level beyond its ends.
    feather_mm
        Over this distance below the curve the density rises from nothing.
    """

    points_mm: Sequence[tuple[float, float]]
    feather_mm: float


class DensityMap:
    """The factor on every session's density, at any point.

    Parameters
    ----------
    regions
        Where they overlap the later one lies on top; where two touch, their feathers add up to a
        whole, so that no seam shows. None at all is the whole scalp.
    hairline
        Cuts all regions off; None for no hairline.
    waves
        Float64 (n, 3), from `patch_waves`: a random field that multiplies the rest; None for none.
    """

    def __init__(
        self,
        regions: Sequence[Region] = (),
        hairline: Hairline | None = None,
        waves: NDArray[np.float64] | None = None,
    ) -> None:
        corners = [np.asarray(region.polygon_mm, np.float64) for region in regions]
        self.corners = np.concatenate(corners) if corners else np.zeros((0, 2))
        self.first = np.cumsum([0, *(len(part) for part in corners)]).astype(np.int64)
        self.factor = np.array([region.density for region in regions], np.float64)
        self.feather_mm = np.array([region.feather_mm for region in regions], np.float64)
        self.curve = np.zeros((0, 2)) if hairline is None else catmull_rom(hairline.points_mm)
        self.curve_feather_mm = 0.0 if hairline is None else float(hairline.feather_mm)
        self.waves = np.zeros((0, 3)) if waves is None else waves

    @property
    def largest(self) -> float:
        """The largest factor anywhere."""
        regions = float(self.factor.max()) if self.factor.size else 1.0
        return regions * (1.0 + _PATCH_CONTRAST) if len(self.waves) else regions

    @property
    def arrays(self) -> tuple[NDArray[np.float64] | NDArray[np.int64] | float, ...]:
        """What `factor_at` takes after the point."""
        return (
            self.corners,
            self.first,
            self.factor,
            self.feather_mm,
            self.curve,
            self.curve_feather_mm,
            self.waves,
        )

    def at(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factors at points, (n,)."""
        out = np.empty(len(x_mm))
        _factors(np.asarray(x_mm, np.float64), np.asarray(y_mm, np.float64), out, *self.arrays)
        return out


def catmull_rom(points_mm: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return a smooth curve through points as a fine polyline, (n, 2)."""
    p = np.asarray(points_mm, np.float64)
    # Ends are repeated by reflection, so that the curve leaves them straight.
    p = np.concatenate([[2 * p[0] - p[1]], p, [2 * p[-1] - p[-2]]])
    t = np.arange(_CURVE_STEPS)[:, None] / _CURVE_STEPS
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        cubic = -a + 3 * b - 3 * c + d
        square = 2 * a - 5 * b + 4 * c - d
        pieces.append(0.5 * (2 * b + (c - a) * t + square * t**2 + cubic * t**3))
    return np.ascontiguousarray(np.concatenate([*pieces, p[-2:-1]]))


def patch_waves(key0: int, key1: int) -> NDArray[np.float64]:
    """Return the plane waves of a random field of patches.

    Parameters
    ----------
    key0, key1
        Words of 32 bits.

    Returns
    -------
    ndarray
        Float64 (32, 3): wave vector (x, y) in rad/mm and phase. Directions and phases are uniform,
        wavelengths log-uniform from 10 to 30 mm.
    """
    waves = np.empty((_WAVES, 3))
    low, high = _PATCH_WAVE_MM
    for n in range(_WAVES):
        along, length, phase, _ = (uniform(word) for word in philox(n, 0, 0, 0, key0, key1))
        number = 2.0 * math.pi / (low * (high / low) ** length)
        angle = 2.0 * math.pi * along
        waves[n] = number * math.cos(angle), number * math.sin(angle), 2.0 * math.pi * phase
    return waves


@njit(nogil=True, cache=True)
def _factors(x, y, out, corners, first, factor, feather_mm, curve, curve_feather_mm, waves):
    for n in range(x.shape[0]):
        out[n] = factor_at(
            x[n], y[n], corners, first, factor, feather_mm, curve, curve_feather_mm, waves
        )


@njit(nogil=True, cache=True)
def factor_at(x, y, corners, first, factor, feather_mm, curve, curve_feather_mm, waves):
    """Return the factor on density at a point, from the arrays of a `DensityMap`.

    Regions are taken from the last to the first; each covers as much of the point as it can of what
    those on top of it have left.
    """
    total = 1.0 if factor.shape[0] == 0 else 0.0
    left = 1.0
    for region in range(factor.shape[0] - 1, -1, -1):
        cover = _cover(x, y, corners, first[region], first[region + 1], feather_mm[region])
        cover = min(cover, left)
        total += cover * factor[region]
        left -= cover
        if left <= 0.0:
            break
    if total > 0.0 and curve.shape[0] > 0:
        total *= _below(x, y, curve, curve_feather_mm)
    if total > 0.0 and waves.shape[0] > 0:
        total *= _patches(x, y, waves)
    return total


@njit(nogil=True, cache=True)
def _patches(x, y, waves):
    """Return the random field at a point, 0.2 to 1.8: waves of unit variance, pressed into that."""
    total = 0.0
    for n in range(waves.shape[0]):
        total += math.cos(waves[n, 0] * x + waves[n, 1] * y + waves[n, 2])
    unit = total * math.sqrt(2.0 / waves.shape[0])
    return 1.0 + _PATCH_CONTRAST * math.tanh(_PATCH_STEEPNESS * unit)


@njit(nogil=True, cache=True)
def _smoothstep(distance, feather):
    if feather <= 0.0 or distance >= feather:
        return 1.0
    t = max(distance / feather, 0.0)
    return t * t * (3.0 - 2.0 * t)


@njit(nogil=True, cache=True)
def _distance2(x, y, ax, ay, bx, by):
    """Return the squared distance from a point to a segment."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    t = 0.0
    if length2 > 0.0:
        t = min(max(((x - ax) * dx + (y - ay) * dy) / length2, 0.0), 1.0)
    ex, ey = x - ax - t * dx, y - ay - t * dy
    return ex * ex + ey * ey


@njit(nogil=True, cache=True)
def _cover(x, y, corners, first, last, feather):
    """Return 1 inside a polygon and 0 outside, 1 / 2 on its edge if that feathers."""
    inside = False
    nearest2 = np.inf
    before = last - 1
    for k in range(first, last):
        ax, ay = corners[before, 0], corners[before, 1]
        bx, by = corners[k, 0], corners[k, 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        if feather > 0.0:
            nearest2 = min(nearest2, _distance2(x, y, ax, ay, bx, by))
        before = k
    if feather <= 0.0:
        return 1.0 if inside else 0.0
    depth = math.sqrt(nearest2) if inside else -math.sqrt(nearest2)
    return _smoothstep(0.5 * feather + depth, feather)


@njit(nogil=True, cache=True)
def _below(x, y, curve, feather):
    """Return 0 above the hairline, rising to 1 at `feather` below it."""
    last = curve.shape[0] - 1
    level = curve[0, 1] if x <= curve[0, 0] else curve[last, 1]
    if x <= curve[0, 0]:
        nearest2 = (y - level) ** 2  # it goes on level beyond its ends
    elif x >= curve[last, 0]:
        nearest2 = (y - level) ** 2
    else:
        nearest2 = np.inf
    for k in range(last):
        ax, ay, bx, by = curve[k, 0], curve[k, 1], curve[k + 1, 0], curve[k + 1, 1]
        if ax <= x < bx:
            level = ay + (x - ax) / (bx - ax) * (by - ay)
        nearest2 = min(nearest2, _distance2(x, y, ax, ay, bx, by))
    if y <= level:
        return 0.0
    return _smoothstep(math.sqrt(nearest2), feather)
