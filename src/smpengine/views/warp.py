"""From a block's chart to the pixels of a view: each is a weighted mean over its footprint.

A pixel's neighbourhood of RADIUS_PX, seen on the head, is an ellipse in the chart: as wide as the
scales ask for, and longer by 1 / cosine of the tilt along it. Samples in it are weighted by
(1 - q^2 / RADIUS_PX^2)^2, q their distance in pixels of the view. So what is squeezed near the limb
is averaged, and nothing is read between samples.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.moves import keep, pointer
from smpengine.views.chart import Chart

RADIUS_PX: Final = 1.1
"""Of the filter: its standard deviation is 0.39 px, that of a pixel's own square 0.29."""
_GRAZING: Final = 0.06  # cosines of the tilt are no less, so that a footprint ends
_COLUMNS: Final = 6
"""Of a footprint: u, v in samples, and from samples to pixels of the view (2, 2)."""


@njit(nogil=True, cache=True)
def _footprints(
    points, normals, cover, row0, col0, frame, eye, middle, axes, scale, grazing, radius, feet, box
):  # fmt: skip
    """Fill in the footprints of the pixels that show the head, and the box of the chart they need.

    `eye` is 1 / distance, the plane of the frame and the way to the eye, (5,): how a pixel's step
    grows with depth.
    """
    height, width = cover.shape
    box[0], box[1], box[2], box[3] = np.inf, np.inf, -np.inf, -np.inf
    p = np.empty(3)
    for j in range(height):
        for i in range(width):
            if cover[j, i] <= 0.0:
                continue
            across, down = col0 + i + 0.5, row0 + j + 0.5
            facing, cosine, u, v, deep, size = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            ax, ay = 0.0, 0.0
            for k in range(3):
                d = frame[3, k] + across * frame[4, k] + down * frame[5, k]
                n = normals[j, i, k]
                p[k] = d
                facing += d * n
                size += d * d
                ax += frame[1, k] * n
                ay += frame[2, k] * n
                deep -= points[j, i, k] * eye[2 + k]
                away = points[j, i, k] - middle[k]
                cosine += n * axes[2, k]
                u += away * axes[0, k]
                v += away * axes[1, k]
            facing = min(facing, -grazing * math.sqrt(size))
            equal = math.sqrt(2.0 / (1.0 + max(cosine, -0.5))) * scale
            wider = 1.0 + eye[0] * max(eye[1] + deep, 0.0)
            uu, uv, vu, vv = 0.0, 0.0, 0.0, 0.0
            for k in range(3):
                right = (frame[1, k] - p[k] * ax / facing) * wider * equal
                below = (frame[2, k] - p[k] * ay / facing) * wider * equal
                uu += right * axes[0, k]
                uv += below * axes[0, k]
                vu += right * axes[1, k]
                vv += below * axes[1, k]
            u, v = u * equal, v * equal
            det = uu * vv - uv * vu
            feet[j, i, 0], feet[j, i, 1] = u, v
            feet[j, i, 2], feet[j, i, 3] = vv / det, -uv / det
            feet[j, i, 4], feet[j, i, 5] = -vu / det, uu / det
            half_u = radius * math.hypot(uu, uv) + 1.0
            half_v = radius * math.hypot(vu, vv) + 1.0
            box[0], box[1] = min(box[0], u - half_u), min(box[1], v - half_v)
            box[2], box[3] = max(box[2], u + half_u), max(box[3], v + half_v)


@njit(nogil=True, cache=True)
def _gather(feet, cover, chart, rows, cols, row0, col0, radius, out):
    """Write the weighted means of a chart's samples, rows x cols x 3, over the footprints."""
    height, width = cover.shape
    source = pointer(chart)
    inv = np.float32(1.0 / (radius * radius))
    one, zero = np.float32(1.0), np.float32(0.0)
    for j in range(height):
        for i in range(width):
            if cover[j, i] <= 0.0:
                out[j, i, 0], out[j, i, 1], out[j, i, 2] = zero, zero, zero
                continue
            u, v = feet[j, i, 0] - col0 - 0.5, feet[j, i, 1] - row0 - 0.5
            a, b, c, d = feet[j, i, 2], feet[j, i, 3], feet[j, i, 4], feet[j, i, 5]
            det = abs(1.0 / (a * d - b * c))
            half_u, half_v = radius * det * math.hypot(b, d), radius * det * math.hypot(a, c)
            first, last = max(math.ceil(v - half_v), 0), min(math.floor(v + half_v), rows - 1)
            left, right = max(math.ceil(u - half_u), 0), min(math.floor(u + half_u), cols - 1)
            total, red, green, blue = zero, zero, zero, zero
            for y in range(first, last + 1):
                x_at, y_at = np.float32(b * (y - v)), np.float32(d * (y - v))
                for x in range(left, right + 1):
                    along = np.float32(x - u)
                    p, q = np.float32(a) * along + x_at, np.float32(c) * along + y_at
                    weight = max(one - (p * p + q * q) * inv, zero)
                    weight *= weight
                    total += weight
                    at = 3 * (y * cols + x)
                    red += weight * source[at]
                    green += weight * source[at + 1]
                    blue += weight * source[at + 2]
            total = one / max(total, np.float32(1e-9))
            out[j, i, 0], out[j, i, 1], out[j, i, 2] = red * total, green * total, blue * total
    keep(chart)


def footprints(
    points: NDArray[np.float64], normals: NDArray[np.float64], cover: NDArray[np.float64],
    row0: int, col0: int, frame: NDArray[np.float64], eye: NDArray[np.float64], chart: Chart,
    px_per_mm: float,
) -> tuple[NDArray[np.float64], tuple[int, int, int, int]]:  # fmt: skip
    """Return the footprints of a block's pixels, and the samples of its chart that they need.

    Parameters
    ----------
    points, normals, cover
        What its rays meet: (height, width, 3) twice, (height, width).
    row0, col0, frame
        Of its first pixel, and the rays of all, as `View.frame` says them.
    eye
        1 / distance (0 from infinitely far); how far the frame's plane is from the origin, mm; and
        the unit vector to the eye: (5,).
    chart, px_per_mm
        Where they lie, and samples per mm of it.

    Returns
    -------
    feet, box
        (height, width, 6); and the first row and column, height and width of the samples.
    """
    feet, box = np.empty((*cover.shape, _COLUMNS)), np.empty(4)
    _footprints(
        points, normals, cover, row0, col0, frame, eye, chart.middle_mm, chart.axes,
        px_per_mm, _GRAZING, RADIUS_PX, feet, box,
    )  # fmt: skip
    left, top = math.floor(box[0]), math.floor(box[1])
    return feet, (top, left, math.ceil(box[3]) - top, math.ceil(box[2]) - left)


def gather(
    feet: NDArray[np.float64], cover: NDArray[np.float64], samples: NDArray[np.float32],
    row0: int, col0: int,
) -> NDArray[np.float32]:  # fmt: skip
    """Return a block's pixels from the samples of its chart.

    Parameters
    ----------
    feet, cover
        Of its pixels; those without cover are 0.
    samples
        Float32 (rows, columns, 3).
    row0, col0
        Of the first sample.
    """
    out = np.empty((*cover.shape, 3), np.float32)
    flat = np.ascontiguousarray(samples).reshape(-1)
    _gather(feet, cover, flat, *samples.shape[:2], row0, col0, RADIUS_PX, out)
    return out
