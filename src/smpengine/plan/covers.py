"""The factor on density at a point, from a `DensityMap` as arrays: a function of place alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

PATCH_CONTRAST = 0.8
_PATCH_STEEPNESS = 1.3  # the field spends more of the scalp near its extremes than in between
_SLACK_MM = 1e-9  # far more than distances round by
_FULL = 65535.0  # a mask's 1
_CLUSTERS = 0.18  # how far the exponent of the rise goes apart, per mm of the limit
_STRAY_FROM = 0.0  # stray dots lie where the field of clusters is below this


class Fields(NamedTuple):
    """A `DensityMap` as arrays: k regions, s strokes, a hairline.

    Few arrays, because Numba counts references to each at every call. Kernels take them one by one,
    because a tuple's would be counted at every use.

    Attributes
    ----------
    segments
        Float64 (n, 4), (ax, ay, bx, by): sides of the regions' outlines, segments of the strokes,
        and those of the hairline from left to right.
    areas
        Float64 (k + s + 1, 12). A region: factor and feather; of its gradient the origin (x, y),
        the direction divided by its squared length, the value there and the rise (1 and 0 for
        none); of its mask the corner x0, y0 and the pixels per mm across and down. A stroke:
        factor, feather, half of the width. Last the hairline: feather; least and largest y; if it
        is broken amplitude and limit of its displacement, how far stray dots lie before it, and
        their share; then of the surface's stretch its largest factor, corner and pixels per mm.
    layout
        Int64 (k + s + 2, 4). First k, s, the number of segments and the number of waves of each
        field of a broken hairline. Then for each row of `areas` its first segment, and for a
        region where its mask's pixels begin, their rows and columns (0 for none); the last row has
        those of the surface's stretch.
    pixels
        Uint16 (m): all masks, row by row; 65535 is 1.
    waves
        Float64 (w, 4), wave vector, phase, weight: of the displacement of a broken hairline, of its
        clusters, and of the patches of uneven density.
    """

    segments: NDArray[np.float64]
    areas: NDArray[np.float64]
    layout: NDArray[np.int64]
    pixels: NDArray[np.uint16]
    waves: NDArray[np.float64]


@njit(nogil=True, cache=True)
def factors(x, y, out, segments, areas, layout, pixels, waves):
    """Write the factors at points, (n,)."""
    for n in range(x.shape[0]):
        out[n] = factor_at(x[n], y[n], segments, areas, layout, pixels, waves)


@njit(nogil=True, cache=True)
def factor_at(x, y, segments, areas, layout, pixels, waves):
    """Return the factor on density at a point, from the arrays of a `DensityMap`.

    Regions are taken from the last to the first; each covers as much of the point as it can of what
    those on top of it have left. Strokes do the same among themselves and multiply the regions.
    """
    regions, strokes, ends = layout[0, 0], layout[0, 1], layout[0, 2]
    total = 1.0 if regions == 0 else 0.0
    left = 1.0
    for n in range(regions - 1, -1, -1):
        cover = _cover(x, y, segments, layout[n + 1, 0], layout[n + 2, 0], areas[n, 1])
        cover = min(cover, left)
        if cover > 0.0:
            t = (x - areas[n, 2]) * areas[n, 4] + (y - areas[n, 3]) * areas[n, 5]
            shade = areas[n, 6] + areas[n, 7] * min(max(t, 0.0), 1.0)
            if layout[n + 1, 2] > 0:
                shade *= _masked(x, y, n, areas, layout, pixels)
            total += cover * areas[n, 0] * shade
        left -= cover
        if left <= 0.0:
            break
    if total > 0.0 and strokes > 0:
        total *= _stroked(x, y, segments, areas, layout)
    if total > 0.0 and ends > layout[regions + strokes + 1, 0]:
        total *= _below(x, y, segments, areas, layout, waves)
    if total > 0.0 and waves.shape[0] > 2 * layout[0, 3]:
        total *= _patches(x, y, waves, 2 * layout[0, 3])
    if total > 0.0 and layout[regions + strokes + 1, 2] > 0:
        last = regions + strokes
        total *= areas[last, 7] * _masked(x, y, last, areas, layout, pixels)
    return total


@njit(nogil=True, cache=True)
def _masked(x, y, n, areas, layout, pixels):
    """Return a mask's value, linear between the centres of pixels; 0 beyond its box."""
    first, rows, columns = layout[n + 1, 1], layout[n + 1, 2], layout[n + 1, 3]
    across, down = (x - areas[n, 8]) * areas[n, 10], (y - areas[n, 9]) * areas[n, 11]
    if not (0.0 <= across <= columns and 0.0 <= down <= rows):
        return 0.0
    across = min(max(across - 0.5, 0.0), columns - 1.0)
    down = min(max(down - 0.5, 0.0), rows - 1.0)
    j, i = int(down), int(across)
    u, v = across - i, down - j
    i1, j1 = min(i + 1, columns - 1), min(j + 1, rows - 1)
    upper = pixels[first + j * columns + i] * (1.0 - u) + pixels[first + j * columns + i1] * u
    lower = pixels[first + j1 * columns + i] * (1.0 - u) + pixels[first + j1 * columns + i1] * u
    return min((upper * (1.0 - v) + lower * v) / _FULL, 1.0)


@njit(nogil=True, cache=True)
def _stroked(x, y, segments, areas, layout):
    """Return the factor of parts and scars; 1 away from them."""
    total, left = 0.0, 1.0
    first = layout[0, 0]
    for n in range(first + layout[0, 1] - 1, first - 1, -1):
        nearest2 = np.inf
        for k in range(layout[n + 1, 0], layout[n + 2, 0]):
            ax, ay, bx, by = segments[k, 0], segments[k, 1], segments[k, 2], segments[k, 3]
            nearest2 = min(nearest2, _distance2(x, y, ax, ay, bx, by))
        feather, depth = areas[n, 1], areas[n, 2] - math.sqrt(nearest2)
        if feather > 0.0:
            cover = _smoothstep(0.5 * feather + depth, feather)
        else:
            cover = 1.0 if depth >= 0.0 else 0.0
        cover = min(cover, left)
        total += cover * areas[n, 0]
        left -= cover
        if left <= 0.0:
            break
    return total + left


@njit(nogil=True, cache=True)
def _below(x, y, segments, areas, layout, waves):
    """Return 0 above the hairline, rising to 1 at its feather below it."""
    line = layout[0, 0] + layout[0, 1]
    feather, top, bottom = areas[line, 0], areas[line, 1], areas[line, 2]
    limit, reach = areas[line, 4], areas[line, 5]
    # What lies far from the whole curve is decided without its distance, to the same bits.
    if y < top - reach - _SLACK_MM:
        return 0.0
    if y > bottom + feather + limit + _SLACK_MM:
        return 1.0
    first, last = layout[line + 1, 0], layout[0, 2] - 1
    level = segments[first, 1] if x <= segments[first, 0] else segments[last, 3]
    if x <= segments[first, 0]:
        nearest2 = (y - level) ** 2  # it goes on level beyond its ends
    elif x >= segments[last, 2]:
        nearest2 = (y - level) ** 2
    else:
        nearest2 = np.inf
    for k in range(first, last + 1):
        ax, ay, bx, by = segments[k, 0], segments[k, 1], segments[k, 2], segments[k, 3]
        if ax <= x < bx:
            level = ay + (x - ax) / (bx - ax) * (by - ay)
        nearest2 = min(nearest2, _distance2(x, y, ax, ay, bx, by))
    distance = math.sqrt(nearest2)
    if layout[0, 3] > 0:
        depth = distance if y > level else -distance
        return _broken(x, y, depth, line, areas, waves, layout[0, 3])
    return 0.0 if y <= level else _smoothstep(distance, feather)


@njit(nogil=True, cache=True)
def _broken(x, y, depth, line, areas, waves, count):
    """Return the share of density at a depth below a broken hairline.

    The front is displaced by a random field; where the density rises, a second field parts it into
    clusters and recesses; where that field is low, a few stray dots lie before the front.
    """
    feather, amplitude, limit = areas[line, 0], areas[line, 3], areas[line, 4]
    reach, stray = areas[line, 5], areas[line, 6]
    if depth <= -reach:
        return 0.0
    if depth >= feather + limit:
        return 1.0
    cluster = _field(x, y, waves, count, 2 * count)
    moved = limit * math.tanh(amplitude / limit * _field(x, y, waves, 0, count))
    # Behind the front it dies out: a recess is a bay, and not a bald spot.
    moved = depth + moved * (1.0 - _smoothstep(max(depth, 0.0), feather + limit))
    share = 0.0
    if moved > 0.0:
        share = _smoothstep(moved, feather) ** math.exp(_CLUSTERS * limit * cluster)
    if stray > 0.0 and cluster < _STRAY_FROM:
        t = min((depth + reach) / reach, 1.0)
        share = max(share, stray * min(_STRAY_FROM - cluster, 1.0) * t * t)
    return share


@njit(nogil=True, cache=True)
def _field(x, y, waves, first, last):
    """Return a random field at a point: a sum of plane waves, of unit variance by their weights."""
    total = 0.0
    for n in range(first, last):
        total += waves[n, 3] * math.cos(waves[n, 0] * x + waves[n, 1] * y + waves[n, 2])
    return total


@njit(nogil=True, cache=True)
def _patches(x, y, waves, first):
    """Return the random field at a point, 0.2 to 1.8: waves of unit variance, pressed into that."""
    total = 0.0
    for n in range(first, waves.shape[0]):
        total += math.cos(waves[n, 0] * x + waves[n, 1] * y + waves[n, 2])
    unit = total * math.sqrt(2.0 / (waves.shape[0] - first))
    return 1.0 + PATCH_CONTRAST * math.tanh(_PATCH_STEEPNESS * unit)


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
def _cover(x, y, segments, first, last, feather):
    """Return 1 inside an outline (even-odd) and 0 outside, 1 / 2 on its edge if that feathers."""
    inside = False
    nearest2 = np.inf
    for k in range(first, last):
        ax, ay, bx, by = segments[k, 0], segments[k, 1], segments[k, 2], segments[k, 3]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        if feather > 0.0:
            nearest2 = min(nearest2, _distance2(x, y, ax, ay, bx, by))
    if feather <= 0.0:
        return 1.0 if inside else 0.0
    depth = math.sqrt(nearest2) if inside else -math.sqrt(nearest2)
    return _smoothstep(0.5 * feather + depth, feather)
