"""How sharp a photograph is, from its own edges.

The slope of a step that the camera has blurred by s, blurred by t more, is as 1 / sqrt(s^2 + t^2)
at its middle. From the slopes m1, m2 at t1 < t2, with R = m1 / m2,

    s^2 = (t2^2 - R^2 t1^2) / (R^2 - 1)

(S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011)
1852). Beside a fine line, a hair, slopes go as 1 / (s^2 + t^2) instead. A third blur t3 says which
of the two a place is, for it must find the slope that s foretells; where neither does, the place
does not count. Few steps in a scene are perfect, and none is seen sharper than the camera allows:
so the lower quartile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLURS_PX: Final = (1.0, 1.7, 2.9)
DEFAULT_PX: Final = 0.6
"""Of a camera whose picture has no edges to tell by: demosaicing and a good lens (assumed)."""
_AGREE: Final = 0.06
_EDGE_PX: Final = 12
_STEEPEST: Final = 0.9  # share of all ridges of the slope that are not steep enough
_OVER_NOISE: Final = 5.0
_LEAST_EDGES: Final = 100
_LEAST_SHARE: Final = 0.06
_LOWER: Final = 0.25
_MOST_PX: Final = 4.0

Float32 = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sharpness:
    """A camera's blur.

    Attributes
    ----------
    sigma_px
        Standard deviation of the Gaussian that it is taken for.
    edges
        How many places told; 0 where it is assumed.
    spread_px
        Half of the distance between the quartiles of what they told; nan where it is assumed.
    """

    sigma_px: float
    edges: int
    spread_px: float

    @property
    def is_estimated(self) -> bool:
        """Whether the picture told it."""
        return self.edges > 0


def sharpness_of(light: Float32, noise: float = 0.0) -> Sharpness:
    """Estimate a camera's blur.

    Parameters
    ----------
    light
        Linear light of one channel, float32 (height, width).
    noise
        Standard deviation of its noise, in the same unit.

    Returns
    -------
    Sharpness
        `DEFAULT_PX` where fewer than 100 edges are found, or most of what looks like one is not.
    """
    unknown = Sharpness(DEFAULT_PX, 0, math.nan)
    if min(light.shape) < 4 * _EDGE_PX:
        return unknown
    slopes, (across, down) = _slopes(np.ascontiguousarray(light, np.float32))
    steps, ridges = _ridges(slopes, across, down, noise)
    if len(steps) < _LEAST_EDGES or len(steps) < _LEAST_SHARE * ridges:
        return unknown
    low, high = np.quantile(steps, (_LOWER, 1.0 - _LOWER))
    return Sharpness(float(min(low, _MOST_PX)), len(steps), float(0.5 * (high - low)))


def _slopes(light: Float32) -> tuple[list[Float32], tuple[Any, Any]]:
    """Return the slopes after each blur, and the steps to a pixel's neighbour uphill."""
    import cv2

    slopes, uphill = [], None
    for blur in BLURS_PX:
        reach = math.ceil(4.0 * blur)
        x = np.arange(-reach, reach + 1)
        bell = np.exp(-(x**2) / (2.0 * blur**2))
        bell /= bell.sum()
        rise = x * bell / blur**2
        along_x = cv2.sepFilter2D(light, cv2.CV_32F, rise, bell)
        along_y = cv2.sepFilter2D(light, cv2.CV_32F, bell, rise)
        slope = np.hypot(along_x, along_y)
        if uphill is None:
            size = np.maximum(slope, np.float32(1e-9))
            uphill = (
                np.rint(along_x / size).astype(np.int64),
                np.rint(along_y / size).astype(np.int64),
            )
        slopes.append(slope)
    assert uphill is not None
    return slopes, uphill


def _ridges(
    slopes: list[Float32], across: NDArray[np.int64], down: NDArray[np.int64], noise: float
) -> tuple[NDArray[np.float64], int]:
    """Return the blur at each place that is a step, and how many looked like one."""
    first, second, third = slopes
    height, width = first.shape
    inner = np.s_[_EDGE_PX : height - _EDGE_PX, _EDGE_PX : width - _EDGE_PX]
    rows, cols = np.mgrid[inner]
    here = first[inner]
    ahead = first[rows + down[inner], cols + across[inner]]
    behind = first[rows - down[inner], cols - across[inner]]
    ridge = (here > ahead) & (here >= behind)
    if not ridge.any():
        return np.zeros(0), 0
    # White noise of 1 has a slope of 1 / (sqrt(8 pi) t^2) along an axis after a blur of t.
    of_noise = noise / (math.sqrt(8.0 * math.pi) * BLURS_PX[0] ** 2)
    steep = max(float(np.quantile(here[ridge], _STEEPEST)), _OVER_NOISE * of_noise)
    chosen = ridge & (here > steep)
    one, two, three = (each[inner][chosen].astype(np.float64) for each in (first, second, third))
    found = []
    for power in (1.0, 2.0):
        square, off = _blur2(one, two, three, power)
        found.append((square, off))
    (step, step_off), (line, line_off) = found
    square = np.where(step_off <= line_off, step, line)
    agrees = (np.minimum(step_off, line_off) < _AGREE) & (square > -0.35)
    return np.sqrt(np.maximum(square[agrees], 0.0)), int(chosen.sum())


def _blur2(one: Array, two: Array, three: Array, power: float) -> tuple[Array, Array]:
    """Return s^2 from slopes that go as (s^2 + t^2)^(-power / 2), and how wrong the third is."""
    t1, t2, t3 = (blur**2 for blur in BLURS_PX)
    ratio = np.maximum((one / np.maximum(two, 1e-12)) ** (2.0 / power), 1.001)
    square = (t2 - ratio * t1) / (ratio - 1.0)
    least = np.maximum(square, 0.0)
    foretold = one * ((least + t1) / (least + t3)) ** (0.5 * power)
    return square, np.abs(three / foretold - 1.0)
