"""An ellipsoid as a surface with a chart: what a tape measures from the crown straight down.

Upright planes through the crown cut the ellipsoid in half ellipses. A place of the chart (x, y),
from the crown, is the point at the arc length hypot(x, y) along the one in its own direction. So
distances from the crown are true, and elsewhere the chart stretches: `area_ratio` says by how much.
Axes are the head's: x right, y towards the back, z up; the centre is the origin.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_FEW, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(4)
LOWEST_RAD: Final = math.radians(170.0)
"""Eccentric angle from the crown beyond which there is no surface: the neck has been there for
long, and the chart comes together in a point."""
_LIMB: Final = 1e-4  # rays that pass by are moved onto the limb, and a little within it


@njit(nogil=True, cache=True)
def _speed(t, r, c):
    """Return ds / dt of an ellipse of half axes r (across) and c (up)."""
    return math.sqrt((r * math.cos(t)) ** 2 + (c * math.sin(t)) ** 2)


@njit(nogil=True, cache=True)
def _arc(t, r, c, nodes, weights):
    """Return the arc length from the top to the eccentric angle t, by Gauss and Legendre."""
    total = 0.0
    for k in range(nodes.shape[0]):
        total += weights[k] * _speed(0.5 * t * (1.0 + nodes[k]), r, c)
    return 0.5 * t * total


@njit(nogil=True, cache=True)
def _angle_at(s, r, c, nodes, weights, few, fewer):
    """Return the eccentric angle at an arc length, by Newton; arcs are monotonous and smooth.

    The first guess is near: what a step adds to the arc is had from four nodes.
    """
    t = min(s / r, 3.0)
    arc = _arc(t, r, c, nodes, weights)
    for _ in range(20):
        step = (s - arc) / _speed(t, r, c)
        step = min(max(step, -t), 2.0 * math.pi - t)
        if abs(step) > 0.5:
            arc = _arc(t + step, r, c, nodes, weights)
        else:
            for k in range(few.shape[0]):
                at = t + 0.5 * step * (1.0 + few[k])
                arc += 0.5 * step * fewer[k] * _speed(at, r, c)
        t += step
        if abs(step) < 1e-10:
            break
    return t


@njit(nogil=True, cache=True)
def _roll(x, y, axes, nodes, weights, few, fewer, lowest, points, ratio):
    """Place a chart's places on the surface; ratio is true area over the chart's, 0 beyond it."""
    a, b, c = axes[0], axes[1], axes[2]
    for n in range(x.shape[0]):
        s = math.hypot(x[n], y[n])
        if s < 1e-9:
            points[n, 0], points[n, 1], points[n, 2], ratio[n] = x[n], y[n], c, 1.0
            continue
        u, v = x[n] / s, y[n] / s
        r = 1.0 / math.sqrt((u / a) ** 2 + (v / b) ** 2)
        turned = r**3 * u * v * (1.0 / (a * a) - 1.0 / (b * b))  # dr / dphi
        t = _angle_at(s, r, c, nodes, weights, few, fewer)
        sin, cos = math.sin(t), math.cos(t)
        points[n, 0], points[n, 1], points[n, 2] = r * sin * u, r * sin * v, c * cos
        across = math.sqrt((r * r * cos) ** 2 + (c * sin) ** 2 * (r * r + turned * turned))
        ratio[n] = sin * across / (s * _speed(t, r, c)) if t < lowest else 0.0


@njit(nogil=True, cache=True)
def _unroll(points, axes, nodes, weights, x, y):
    """Return the chart's places of points of the surface."""
    a, b, c = axes[0], axes[1], axes[2]
    for n in range(points.shape[0]):
        out = math.hypot(points[n, 0], points[n, 1])
        if out < 1e-12:
            x[n], y[n] = 0.0, 0.0
            continue
        u, v = points[n, 0] / out, points[n, 1] / out
        r = 1.0 / math.sqrt((u / a) ** 2 + (v / b) ** 2)
        s = _arc(math.atan2(out / r, points[n, 2] / c), r, c, nodes, weights)
        x[n], y[n] = s * u, s * v


@njit(nogil=True, cache=True)
def _meet(row0, col0, frame, axes, near_limb, points, normals, cover):
    """Meet the rays of a block of pixels with the surface.

    `frame` has rows: origin (of pixel 0's corner), a pixel's step to the right, one down, and the
    ray's own direction in the middle with how it changes by those two steps: all (x, y, z).
    """
    height, width = cover.shape
    for j in range(height):
        for i in range(width):
            across, down = col0 + i + 0.5, row0 + j + 0.5
            aa, ab, bb, ga, gb, gc = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(3):
                scale = 1.0 / axes[k]
                o = (frame[0, k] + across * frame[1, k] + down * frame[2, k]) * scale
                d = (frame[3, k] + across * frame[4, k] + down * frame[5, k]) * scale
                aa += d * d
                ab += o * d
                bb += o * o
                # How far the ray's nearest approach moves with a pixel, for the edge's softness.
                ga += (frame[1, k] * scale) * o
                gb += (frame[2, k] * scale) * o
                gc += (frame[1, k] * scale) * d
            room = ab * ab - aa * (bb - 1.0)
            miss2 = bb - ab * ab / aa  # squared distance of the ray from the centre, of unit sphere
            slope_a = ga - gc * ab / aa
            gd = 0.0
            for k in range(3):
                d = (frame[3, k] + across * frame[4, k] + down * frame[5, k]) / axes[k]
                gd += frame[2, k] / axes[k] * d
            slope_b = gb - gd * ab / aa
            steep = math.sqrt(slope_a * slope_a + slope_b * slope_b)
            inside = 0.5 * (1.0 - miss2) / max(steep, 1e-12)  # pixels within the limb
            cover[j, i] = min(max(inside + 0.5, 0.0), 1.0)
            if cover[j, i] <= 0.0:
                points[j, i], normals[j, i] = 0.0, 0.0
                continue
            t = (-ab - math.sqrt(max(room, near_limb * aa))) / aa
            length = 0.0
            for k in range(3):
                o = frame[0, k] + across * frame[1, k] + down * frame[2, k]
                d = frame[3, k] + across * frame[4, k] + down * frame[5, k]
                points[j, i, k] = o + t * d
                normals[j, i, k] = points[j, i, k] / (axes[k] * axes[k])
                length += normals[j, i, k] * normals[j, i, k]
            for k in range(3):
                normals[j, i, k] /= math.sqrt(length)


class Ellipsoid:
    """An ellipsoid about the origin.

    Parameters
    ----------
    axes_mm
        Half axes along x, y and z.
    """

    def __init__(self, axes_mm: tuple[float, float, float]) -> None:
        self._axes = np.array(axes_mm, np.float64)

    @property
    def bounds_mm(self) -> NDArray[np.float64]:
        """Half of its size along x, y, z."""
        return self._axes

    def on_surface(
        self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the points (n, 3) of places of the chart, and true area over the chart's (n,).

        The ratio is 0 where the chart has gone beyond the surface.
        """
        x, y = (np.ascontiguousarray(v, np.float64) for v in (x_mm, y_mm))
        points, ratio = np.empty((len(x), 3)), np.empty(len(x))
        _roll(x, y, self._axes, _NODES, _WEIGHTS, _FEW, _FEW_WEIGHTS, LOWEST_RAD, points, ratio)
        return points, ratio

    def in_chart(
        self, points_mm: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the chart's places x, y (n,) of points of the surface (n, 3)."""
        x, y = np.empty(len(points_mm)), np.empty(len(points_mm))
        _unroll(np.ascontiguousarray(points_mm), self._axes, _NODES, _WEIGHTS, x, y)
        return x, y

    def normals(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return unit vectors out of the surface at points of it, (n, 3)."""
        out = points_mm / self._axes**2
        unit: NDArray[np.float64] = out / np.linalg.norm(out, axis=1, keepdims=True)
        return unit

    def facing(self, towards: NDArray[np.float64]) -> float:
        """Return how far out the surface reaches in a direction, mm from the origin."""
        return float(np.linalg.norm(self._axes * towards))

    def meet(
        self, row0: int, col0: int, frame: NDArray[np.float64], shape: tuple[int, int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return where the rays of a block of pixels meet the surface.

        Parameters
        ----------
        row0, col0
            Of the block's first pixel.
        frame
            (6, 3): see `views.view.View.frame`.
        shape
            Height and width of the block.

        Returns
        -------
        points, normals, cover
            (height, width, 3) twice, and (height, width): the share of a pixel within the outline.
        """
        points, normals = np.empty((*shape, 3)), np.empty((*shape, 3))
        cover = np.empty(shape)
        _meet(row0, col0, frame, self._axes, _LIMB, points, normals, cover)
        return points, normals, cover
