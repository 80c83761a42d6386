"""Heights seen from above as a surface with a chart: a depth map, or a scan.

Between the samples heights are a cubic B-spline of them: smooth, so that light is, and a sample
rougher than the scan. The chart is that of the ellipsoid: a tape from the crown, here the highest
sample, down in upright planes; arc lengths are kept in a table over direction and distance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.errors import SceneError, must

_TURNS: Final = 720
_STEP_MM: Final = 0.5
_SUB: Final = 4  # rays of a pixel at an edge, along either side
_SHARPEST: Final = 60  # halvings, at most, of where a ray goes in

Array = NDArray[np.float64]


@njit(nogil=True, cache=True)
def _basis(t, out):
    """Fill in the four weights of a cubic B-spline, and those of its slope."""
    s = 1.0 - t
    out[0], out[1] = s * s * s / 6.0, (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0
    out[2], out[3] = (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0, t * t * t / 6.0
    out[4], out[5] = -0.5 * s * s, 0.5 * (3.0 * t * t - 4.0 * t)
    out[6], out[7] = -0.5 * (3.0 * s * s - 4.0 * s), 0.5 * t * t


@njit(nogil=True, cache=True)
def _height(x, y, z, known, scale, x0, y0, room):
    """Return height and slopes along x and y, and whether there is a surface.

    x, y are from the crown, in mm; x0, y0 its place in samples.
    """
    across, down = x * scale + x0, y * scale + y0
    rows, cols = z.shape
    i, j = math.floor(across), math.floor(down)
    if i < 1 or j < 1 or i > cols - 3 or j > rows - 3 or not known[j, i]:
        return 0.0, 0.0, 0.0, False
    _basis(across - i, room[0])
    _basis(down - j, room[1])
    height, along_x, along_y = 0.0, 0.0, 0.0
    for b in range(4):
        row, slope = 0.0, 0.0
        for a in range(4):
            value = z[j - 1 + b, i - 1 + a]
            row += room[0, a] * value
            slope += room[0, 4 + a] * value
        height += room[1, b] * row
        along_x += room[1, b] * slope
        along_y += room[1, 4 + b] * row
    return height, along_x * scale, along_y * scale, True


@njit(nogil=True, cache=True)
def _tabulate(z, known, scale, x0, y0, step, arcs):
    """Fill in arc lengths from the crown by direction and distance; NaN beyond the surface."""
    room = np.empty((2, 8))
    turns, steps = arcs.shape
    for n in range(turns):
        u, v = math.cos(2.0 * math.pi * n / turns), math.sin(2.0 * math.pi * n / turns)
        arcs[n, 0] = 0.0
        for k in range(1, steps):
            arcs[n, k] = np.nan
            total, on = 0.0, True
            for part in range(2):  # Gauss of two points
                at = (k - 0.5 + (part - 0.5) / math.sqrt(3.0)) * step
                _, a, b, here = _height(u * at, v * at, z, known, scale, x0, y0, room)
                total += 0.5 * step * math.sqrt(1.0 + (a * u + b * v) ** 2)
                on = on and here
            if not on:
                for rest in range(k, steps):
                    arcs[n, rest] = np.nan
                break
            arcs[n, k] = arcs[n, k - 1] + total


@njit(nogil=True, cache=True)
def _arc(n, w, k, arcs):
    """Return an arc length between two directions."""
    return (1.0 - w) * arcs[n, k] + w * arcs[(n + 1) % arcs.shape[0], k]


@njit(nogil=True, cache=True)
def _direction(x, y, turns):
    """Return which row of arcs a direction follows, and how far it is on to the next."""
    turn = math.atan2(y, x) / (2.0 * math.pi) * turns
    n = math.floor(turn)
    return n % turns, turn - n


@njit(nogil=True, cache=True)
def _roll(x, y, z, known, scale, x0, y0, step, arcs, points, ratio):
    room = np.empty((2, 8))
    for m in range(x.shape[0]):
        s = math.hypot(x[m], y[m])
        u, v = (x[m] / s, y[m] / s) if s > 0.0 else (1.0, 0.0)
        n, w = _direction(x[m], y[m], arcs.shape[0])
        low, high = 0, arcs.shape[1] - 1
        while high - low > 1:
            middle = (low + high) // 2
            if _arc(n, w, middle, arcs) <= s:  # NaN is beyond
                low = middle
            else:
                high = middle
        first, last = _arc(n, w, low, arcs), _arc(n, w, high, arcs)
        ratio[m] = 0.0
        points[m, 0], points[m, 1], points[m, 2] = 0.0, 0.0, 0.0
        if not (first <= s <= last):
            continue
        out = (low + (s - first) / (last - first)) * step
        height, a, b, on = _height(u * out, v * out, z, known, scale, x0, y0, room)
        points[m, 0], points[m, 1], points[m, 2] = u * out, v * out, height
        if on:
            wide = math.sqrt((1.0 + a * a + b * b) / (1.0 + (a * u + b * v) ** 2))
            ratio[m] = wide * out / s if s > 1e-6 else 1.0


@njit(nogil=True, cache=True)
def _unroll(points, step, arcs, x, y):
    for m in range(points.shape[0]):
        out = math.hypot(points[m, 0], points[m, 1])
        n, w = _direction(points[m, 0], points[m, 1], arcs.shape[0])
        k = min(int(out / step), arcs.shape[1] - 2)
        part = out / step - k
        s = (1.0 - part) * _arc(n, w, k, arcs) + part * _arc(n, w, k + 1, arcs)
        share = s / out if out > 0.0 else 0.0
        x[m], y[m] = points[m, 0] * share, points[m, 1] * share


@njit(nogil=True, cache=True)
def _first_hit(o, d, z, known, scale, x0, y0, floor, top, room):
    """Return how far along a ray the surface is first met from outside; -1 where it is not."""
    t = 0.0
    if d[2] < 0.0:
        t = max((top - o[2]) / d[2], 0.0)
    t_was, above = t, False
    for _ in range(4000):
        height, _, _, on = _height(o[0] + t * d[0], o[1] + t * d[1], z, known, scale, x0, y0, room)
        gap = o[2] + t * d[2] - height
        if on and gap <= 0.0 and above:
            break
        if o[2] + t * d[2] < floor or t > 4000.0:
            return -1.0
        above = on and gap > 0.0
        t_was = t
        t += min(max(0.3 * gap, 0.3), 6.0) if on else 1.0
    else:
        return -1.0
    low, high = t_was, t
    for _ in range(_SHARPEST):
        middle = 0.5 * (low + high)
        height, _, _, on = _height(
            o[0] + middle * d[0], o[1] + middle * d[1], z, known, scale, x0, y0, room
        )
        if on and o[2] + middle * d[2] - height > 0.0:
            low = middle
        else:
            high = middle
        if high - low < 1e-9:
            break
    return 0.5 * (low + high)


@njit(nogil=True, cache=True)
def _ray(across, down, frame, o, d):
    for k in range(3):
        o[k] = frame[0, k] + across * frame[1, k] + down * frame[2, k]
        d[k] = frame[3, k] + across * frame[4, k] + down * frame[5, k]


@njit(nogil=True, cache=True)
def _meet(row0, col0, frame, z, known, scale, x0, y0, floor, top, points, normals, cover):
    """Meet the rays of a block with the surface; those of its rim of one pixel too."""
    height, width = cover.shape
    room, o, d = np.empty((2, 8)), np.empty(3), np.empty(3)
    found = np.empty((height + 2, width + 2))
    for j in range(height + 2):
        for i in range(width + 2):
            _ray(col0 + i - 0.5, row0 + j - 0.5, frame, o, d)
            found[j, i] = _first_hit(o, d, z, known, scale, x0, y0, floor, top, room)
    for j in range(height):
        for i in range(width):
            t, hits = found[j + 1, i + 1], 0
            for b in range(3):
                for a in range(3):
                    hits += found[j + b, i + a] >= 0.0
            across, down = col0 + i + 0.5, row0 + j + 0.5
            cover[j, i] = 1.0 if hits == 9 else 0.0
            if 0 < hits < 9:
                count = 0
                for part in range(_SUB * _SUB):
                    right = col0 + i + (part % _SUB + 0.5) / _SUB
                    below = row0 + j + (part // _SUB + 0.5) / _SUB
                    _ray(right, below, frame, o, d)
                    here = _first_hit(o, d, z, known, scale, x0, y0, floor, top, room)
                    if here >= 0.0:
                        count += 1
                        if t < 0.0:
                            t, across, down = here, right, below
                cover[j, i] = count / (_SUB * _SUB)
            points[j, i], normals[j, i] = 0.0, 0.0
            if cover[j, i] > 0.0 and t >= 0.0:
                _ray(across, down, frame, o, d)
                x, y = o[0] + t * d[0], o[1] + t * d[1]
                level, a, b, _ = _height(x, y, z, known, scale, x0, y0, room)
                length = math.sqrt(1.0 + a * a + b * b)
                points[j, i, 0], points[j, i, 1], points[j, i, 2] = x, y, level
                normals[j, i, 0], normals[j, i, 1] = -a / length, -b / length
                normals[j, i, 2] = 1.0 / length
            else:
                cover[j, i] = 0.0


class Heights:
    """Heights over a grid, about its highest sample.

    Parameters
    ----------
    heights_mm
        (rows, columns), front first; NaN where there is nothing.
    px_per_mm
        Samples per mm.

    Raises
    ------
    SceneError
        The highest sample is at the edge, or nothing is around it.
    """

    def __init__(self, heights_mm: Array, px_per_mm: float) -> None:
        known = np.isfinite(heights_mm)
        level = np.where(known, heights_mm, -np.inf)
        row, col = divmod(int(level.argmax()), level.shape[1])
        self._x0, self._y0 = float(col), float(row)
        low, high = float(heights_mm[known].min()), float(heights_mm[known].max())
        self._middle = 0.5 * (low + high)
        self._z = np.where(known, heights_mm - self._middle, low - self._middle)
        self._known = _whole(known)
        self._scale = px_per_mm
        if not self._known[max(row - 1, 0), max(col - 1, 0)] or not self._known[row, col]:
            rule = "have known samples around the highest"
            raise SceneError(must("head.heights_mm", rule, f"row {row}, column {col} at an edge"))
        rows, cols = self._z.shape
        y, x = np.nonzero(self._known)
        self._cloud = np.stack(
            [(x - col) / px_per_mm, (y - row) / px_per_mm, self._z[y, x]], axis=1
        )
        longest = math.hypot(rows, cols) / px_per_mm
        self._arcs = np.empty((_TURNS, int(longest / _STEP_MM) + 2))
        _tabulate(*self._field, _STEP_MM, self._arcs)
        self._floor = float(self._cloud[:, 2].min()) - 1.0
        self._top = high - self._middle + 1.0

    @property
    def _field(self) -> tuple[Array, NDArray[np.bool_], float, float, float]:
        return self._z, self._known, self._scale, self._x0, self._y0

    @property
    def bounds_mm(self) -> Array:
        """Half of its size along x, y, z."""
        half: Array = 0.5 * (self._cloud.max(axis=0) - self._cloud.min(axis=0))
        return half

    def on_surface(self, x_mm: Array, y_mm: Array) -> tuple[Array, Array]:
        """Return the points (n, 3) of places of the chart, and true area over the chart's (n,).

        The ratio is 0 where the chart has gone beyond the surface.
        """
        x, y = (np.ascontiguousarray(v, np.float64) for v in (x_mm, y_mm))
        points, ratio = np.empty((len(x), 3)), np.empty(len(x))
        _roll(x, y, *self._field, _STEP_MM, self._arcs, points, ratio)
        return points, ratio

    def in_chart(self, points_mm: Array) -> tuple[Array, Array]:
        """Return the chart's places x, y (n,) of points of the surface (n, 3)."""
        x, y = np.empty(len(points_mm)), np.empty(len(points_mm))
        _unroll(np.ascontiguousarray(points_mm), _STEP_MM, self._arcs, x, y)
        return x, y

    def normals(self, points_mm: Array) -> Array:
        """Return unit vectors out of the surface at points of it, (n, 3)."""
        out = np.empty((len(points_mm), 3))
        _normals(np.ascontiguousarray(points_mm), *self._field, out)
        return out

    def facing(self, towards: Array) -> float:
        """Return how far out the surface reaches in a direction, mm from the origin."""
        return float((self._cloud * towards).sum(axis=1).max())

    def meet(
        self, row0: int, col0: int, frame: Array, shape: tuple[int, int]
    ) -> tuple[Array, Array, Array]:
        """Return where the rays of a block of pixels meet the surface; see `Ellipsoid.meet`."""
        points, normals = np.empty((*shape, 3)), np.empty((*shape, 3))
        cover = np.empty(shape)
        _meet(row0, col0, frame, *self._field, self._floor, self._top, points, normals, cover)
        return points, normals, cover


@njit(nogil=True, cache=True)
def _normals(points, z, known, scale, x0, y0, out):
    room = np.empty((2, 8))
    for n in range(points.shape[0]):
        _, a, b, _ = _height(points[n, 0], points[n, 1], z, known, scale, x0, y0, room)
        length = math.sqrt(1.0 + a * a + b * b)
        out[n, 0], out[n, 1], out[n, 2] = -a / length, -b / length, 1.0 / length


def _whole(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells all of whose sixteen samples are known."""
    whole = np.zeros_like(known)
    rows, cols = known.shape
    inner = np.ones((rows - 3, cols - 3), bool)
    for b in range(4):
        for a in range(4):
            inner &= known[b : b + rows - 3, a : a + cols - 3]
    whole[1 : rows - 2, 1 : cols - 2] = inner
    return whole
