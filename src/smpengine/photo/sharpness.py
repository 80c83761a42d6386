"""How sharp a photograph is, from its own edges.

The slope of a step that the camera has blurred by s, blurred by t more, is as 1 / sqrt(s^2 + t^2)
at its middle. From the slopes m1, m2 at t1 < t2, with R = m1 / m2,

    s^2 = (t2^2 - R^2 t1^2) / (R^2 - 1)

(S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011)
1852). A third blur t3 says whether a place is a step at all, for it must find the slope that s
foretells: beside a hair it does not, and the place does not count.

Noise must not be taken for sharpness, as it is by who looks for the steepest places and measures
their slopes by the same blur. So places are chosen by a wider blur, slopes are measured along its
direction, with their sign, and added up over the edges of a tile before they are divided: what is
left of the noise has a mean of zero. Few steps in a scene are perfect, and none is seen sharper
than the camera allows: so the lower quartile of the tiles, less the spread that noise alone makes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLURS_PX: Final = (1.0, 1.7, 2.9)
DEFAULT_PX: Final = 0.6
"""Of a camera whose picture has no edges to tell by: demosaicing and a good lens (assumed)."""
_TILE_PX: Final = 24
_EDGE_PX: Final = 16
_STEEPEST: Final = 0.9  # share of all edges that are not steep enough
_OVER_NOISE: Final = 6.0
_AGREE: Final = 0.06
_LEAST_S2: Final = -0.6
_LEAST_TILES: Final = 8
_LEAST_EDGES: Final = 50
_SPREAD_S2: Final = 0.05
"""Variance of s^2 that no tile is surer than."""
_LOWER: Final = 0.25
_LOWER_SIGMAS: Final = 0.6745
_SURE, _UNSURE = 0.10, 0.25
"""Noise of s^2 + 1, relative: under the first finer blurs choose edges, over the second wide."""
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
        How many tiles of the picture told; 0 where it is assumed.
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


@dataclass(frozen=True)
class _Told:
    """What tiles say: s^2 and its standard error, and how much each counts."""

    square: Array
    sigma: Array
    weight: Array

    @property
    def noise(self) -> float:
        """Standard deviation that noise gives s^2, of a tile that counts."""
        return math.sqrt(float(np.average(self.sigma**2, weights=self.weight)))

    def lower(self) -> float:
        """Return the lower quartile of s^2, less what noise has spread it."""
        middle, low = _quantile(self, 0.5), _quantile(self, _LOWER)
        spread = (middle - low) / _LOWER_SIGMAS
        own = math.sqrt(max(spread**2 - self.noise**2, 0.0))
        return max(middle - _LOWER_SIGMAS * own, 0.0)


def sharpness_of(
    light: Float32, noise: float = 0.0, kernel: NDArray[np.floating] | None = None
) -> Sharpness:
    """Estimate a camera's blur.

    Parameters
    ----------
    light
        Linear light of one channel, float32 (height, width).
    noise
        Standard deviation of its noise, in the same unit.
    kernel
        What white noise is convolved with to be like it, as `Noise` has it; None where it is white.

    Returns
    -------
    Sharpness
        `DEFAULT_PX` where edges in fewer than 8 tiles of 24 pixels tell it.
    """
    unknown = Sharpness(DEFAULT_PX, 0, math.nan)
    if min(light.shape) < 4 * _EDGE_PX:
        return unknown
    slopes = [_slope(np.ascontiguousarray(light, np.float32), blur) for blur in BLURS_PX]
    left = _noise_left(noise, kernel)
    fine, wide = _told(slopes, left, 1), _told(slopes, left, 2)
    if wide is None or fine is None:
        only = wide if fine is None else fine
        if only is None:
            return unknown
        fine = wide = only
    square = fine.lower()
    trust = np.interp(fine.noise / (square + 1.0), (_SURE, _UNSURE), (1.0, 0.0))
    square = float(trust * square + (1.0 - trust) * wide.lower())
    used = fine if trust > 0.5 else wide
    low, high = (math.sqrt(max(_quantile(used, q), 0.0)) for q in (_LOWER, 1.0 - _LOWER))
    return Sharpness(min(math.sqrt(square), _MOST_PX), len(used.square), 0.5 * (high - low))


def _filters(blur: float) -> tuple[Array, Array]:
    """Return a bell, and its slope as it meets a rise of 1 per pixel."""
    reach = math.ceil(4.0 * blur)
    x = np.arange(-reach, reach + 1)
    bell = np.exp(-(x**2) / (2.0 * blur**2))
    bell /= bell.sum()
    return bell, x * bell / blur**2


def _slope(light: Float32, blur: float) -> tuple[Float32, Float32]:
    """Return the slopes along x and y of a picture that is blurred."""
    import cv2

    bell, rise = _filters(blur)
    return (
        np.asarray(cv2.sepFilter2D(light, cv2.CV_32F, rise, bell), np.float32),
        np.asarray(cv2.sepFilter2D(light, cv2.CV_32F, bell, rise), np.float32),
    )


def _noise_left(noise: float, kernel: NDArray[np.floating] | None) -> Array:
    """Return the covariance of noise in the slopes at one place, (3, 3)."""
    side = 2 * math.ceil(4.0 * BLURS_PX[-1]) + 17
    point = np.zeros((side, side), np.float32)
    seen = np.ones((1, 1), np.float32) if kernel is None else np.asarray(kernel, np.float32)
    at = (side - len(seen)) // 2
    point[at : at + len(seen), at : at + len(seen)] = seen
    answers = np.stack([_slope(point, blur)[0].ravel() for blur in BLURS_PX]).astype(np.float64)
    covariance: Array = noise**2 * (answers @ answers.T)
    return covariance


def _told(slopes: list[tuple[Float32, Float32]], left: Array, chosen_by: int) -> _Told | None:
    """Return what tiles tell whose edges were chosen by one of the blurs; None where too few do."""
    sums, counts = _summed(slopes, _OVER_NOISE * math.sqrt(left[chosen_by, chosen_by]), chosen_by)
    if not len(counts):
        return None
    one, two, three = np.maximum(sums, 1e-12)
    t1, t2, t3 = (blur**2 for blur in BLURS_PX)
    ratio = np.maximum((one / two) ** 2, 1.001)
    square = (t2 - ratio * t1) / (ratio - 1.0)
    held = np.maximum(square, 0.0)
    foretold = one * np.sqrt((held + t1) / (held + t3))
    # Relative errors of sums of so many slopes, whose noise is taken for independent.
    each = np.sqrt(counts)
    own = np.sqrt(np.diag(left))
    first, second, third = own[0] * each / one, own[1] * each / two, own[2] * each / three
    both = left[0, 1] * counts / (one * two)
    of_ratio = np.sqrt(np.maximum(first**2 + second**2 - 2.0 * both, 0.0))
    q = (held + t2) / (held + t1)
    sigma = (t2 - t1) * 2.0 * q / (q - 1.0) ** 2 * of_ratio
    agrees = np.abs(three / foretold - 1.0) < _AGREE + 1.5 * third
    agrees &= square > _LEAST_S2
    if agrees.sum() < _LEAST_TILES:
        return None
    weight = counts / (sigma**2 + _SPREAD_S2)
    return _Told(square[agrees], sigma[agrees], weight[agrees])


def _summed(
    slopes: list[tuple[Float32, Float32]], least: float, chosen_by: int
) -> tuple[Array, Array]:
    """Add up the three slopes over the steepest edges of each tile: (3, tiles), and how many."""
    nothing = np.zeros((3, 0)), np.zeros(0)
    along_x, along_y = slopes[chosen_by]
    size = np.maximum(np.hypot(along_x, along_y), np.float32(1e-9))
    across, down = (np.rint(along / size).astype(np.int64) for along in (along_x, along_y))
    height, width = size.shape
    inner = np.s_[_EDGE_PX : height - _EDGE_PX, _EDGE_PX : width - _EDGE_PX]
    rows, cols = np.mgrid[inner]
    here = size[inner]
    ahead = size[rows + down[inner], cols + across[inner]]
    behind = size[rows - down[inner], cols - across[inner]]
    edge = (here > ahead) & (here >= behind) & (here > max(least, 1e-8))
    if edge.sum() < _LEAST_EDGES:
        return nothing
    steep = edge & (here > np.quantile(here[edge], _STEEPEST))
    rows, cols = rows[steep], cols[steep]
    if not len(rows):
        return nothing
    x, y = (along[rows, cols] / size[rows, cols] for along in (along_x, along_y))
    _, tile = np.unique((rows // _TILE_PX) * width + cols // _TILE_PX, return_inverse=True)
    sums = [np.bincount(tile, u[rows, cols] * x + v[rows, cols] * y) for u, v in slopes]
    return np.stack(sums), np.bincount(tile).astype(np.float64)


def _quantile(told: _Told, share: float) -> float:
    """Return a weighted quantile of s^2."""
    order = np.argsort(told.square, kind="stable")
    weight = told.weight[order]
    up_to = np.cumsum(weight) - 0.5 * weight
    return float(np.interp(share * weight.sum(), up_to, told.square[order]))
