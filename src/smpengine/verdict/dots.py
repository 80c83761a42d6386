"""Where the dots of a picture are, how dark and how wide.

A dot is taken for a Gaussian of amplitude a (absorbance above its surround) and standard
deviation b. Blurred by a Gaussian of s its height is a b^2 / (b^2 + s^2), so that the difference of
two blurs,

    D(s) = a b^2 (1 / (b^2 + s^2) - 1 / (b^2 + 2 s^2)),

over a ladder of s says both (difference of Gaussians: D. Marr, E. Hildreth, Proc. R. Soc. B 207
(1980) 187; size from the response over scales: T. Lindeberg, Int. J. Comput. Vis. 30 (1998) 79).
Noise is as often bright as dark and dots are dark: what is found on the bright side, where skin has
no dots, says how many of the dark ones are chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.picture import Float32Array, Picture, true_absorbance

FWHM_PER_SIGMA: Final = 2.3548200450309493
"""2 sqrt(2 ln 2)."""
SCALES_MM: Final = (0.045, 0.0636, 0.09, 0.1273, 0.18, 0.2546, 0.36)
"""Blurs of the ladder; each is compared with the next, sqrt(2) wider."""
DOT_SCALES: Final = 4
"""How many of them find dots (a response is strongest at s = 0.84 b); the others tell haze."""
LEAST_PX: Final = 0.45
"""No blur is narrower: pixels do not hold it."""
THRESHOLD: Final = 4.0
"""A blob is as many standard deviations of the bright side deep."""
HAZE_THRESHOLD: Final = 2.0
"""The same for what is wider than dots: what is wide is rare, and close to its neighbours."""
WIDEST_MM: Final = 0.40
"""Seen full width at half maximum of a dot of stubble; wider ones are shade.

There is no least: a dot finer than the grid looks like a point, and noise is told by its two signs.
"""
ROUND: Final = 0.35
"""Least ratio of the two curvatures at a dot's centre; a hair's or a crease's is 0."""
ALONE: Final = 0.35
"""Least fall to either side of a dot along every axis, in units of the mean fall."""
FLOOR: Final = 0.2
"""Least noise that a band is taken to have, steps of 8 bits: what a codec or dither leaves."""
_SIZES_MM: Final = np.geomspace(0.015, 0.7, 78)


@dataclass(frozen=True)
class Blobs:
    """Extrema of a picture, in columns of one length.

    Attributes
    ----------
    x_mm, y_mm
        From the picture's top left.
    depth
        Standard deviations of the bright side.
    contrast
        Absorbance above the surround.
    fwhm_mm
        Seen full width at half maximum, the pixel's own width taken off.
    roundness
        Smaller over larger curvature, 0 to 1.
    alone
        Least fall along an axis over the mean fall; 0 on a line.
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    depth: NDArray[np.float64]
    contrast: NDArray[np.float64]
    fwhm_mm: NDArray[np.float64]
    roundness: NDArray[np.float64]
    alone: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many there are."""
        return int(self.x_mm.shape[0])

    def rows(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Blobs:
        """Return some of them."""
        return Blobs(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    @property
    def is_dot(self) -> NDArray[np.bool_]:
        """Whether each is as narrow, round and alone as a dot of stubble."""
        return (self.fwhm_mm <= WIDEST_MM) & self.is_round

    @property
    def is_round(self) -> NDArray[np.bool_]:
        """Whether each is round and alone."""
        return (self.roundness >= ROUND) & (self.alone >= ALONE)


@dataclass(frozen=True)
class Found:
    """What was found in a picture.

    Attributes
    ----------
    dark, bright
        Blobs of either sign.
    haze
        Dark blobs of the wider scales, wider than any dot.
    strength
        Depth at every pixel, float32 (height, width): the most of the scales that find dots.
    noise
        Standard deviation of the bright side of each scale, absorbance, (7,).
    """

    dark: Blobs
    bright: Blobs
    haze: Blobs
    strength: Float32Array
    noise: NDArray[np.float64]

    @property
    def dots(self) -> Blobs:
        """Return the dark blobs that are dots."""
        return self.dark.rows(self.dark.is_dot)


def blur(plane: Float32Array, variance_px2: float) -> Float32Array:
    """Blur by the discrete Gaussian, whose variance is exact however narrow it is.

    exp(-t) I_n(t): T. Lindeberg, IEEE Trans. PAMI 12 (1990) 234.
    """
    import cv2
    from scipy.special import ive

    reach = int(4.0 * np.sqrt(variance_px2) + 2.0)
    kernel = ive(np.abs(np.arange(-reach, reach + 1)), variance_px2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    out: Float32Array = cv2.sepFilter2D(
        plane, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT
    )
    return out


def ladder(picture: Picture) -> tuple[NDArray[np.float64], list[Float32Array]]:
    """Return the blurs in mm, one more than scales, and the picture under each."""
    s_mm = np.array([*SCALES_MM, SCALES_MM[-1] * np.sqrt(2.0)])
    s_px = np.maximum(s_mm * picture.px_per_mm, LEAST_PX * np.sqrt(2.0) ** np.arange(s_mm.size))
    planes, plane, before = [], picture.absorbance, 0.0
    for s in s_px:
        plane, before = blur(plane, s * s - before), s * s
        planes.append(plane)
    return s_px / picture.px_per_mm, planes


def find(picture: Picture) -> Found:
    """Find dark and bright blobs.

    Parameters
    ----------
    picture
        As `prepare` gives it.

    Returns
    -------
    Found
        The same for the same picture.
    """
    s_mm, blurred = ladder(picture)
    bands = [a - b for a, b in pairwise(blurred)]
    floor = FLOOR * picture.step
    noise, middle = np.array([_level(band, picture.mask, floor) for band in bands]).T
    dark = np.full(picture.absorbance.shape, -np.inf, np.float32)
    bright = dark.copy()
    for band, sigma in zip(bands[:DOT_SCALES], noise[:DOT_SCALES], strict=True):
        np.maximum(dark, band / np.float32(sigma), out=dark)
        np.maximum(bright, band / np.float32(-sigma), out=bright)
    found = [
        _measure(picture, s_mm, blurred, bands, noise, middle, plane, sign)
        for plane, sign in ((dark, 1.0), (bright, -1.0))
    ]
    wide = np.full(picture.absorbance.shape, -np.inf, np.float32)
    for band, sigma in zip(bands[DOT_SCALES:], noise[DOT_SCALES:], strict=True):
        np.maximum(wide, band / np.float32(sigma), out=wide)
    haze = _measure(picture, s_mm, blurred, bands, noise, middle, wide, 1.0, HAZE_THRESHOLD)
    haze = haze.rows(haze.fwhm_mm > WIDEST_MM)
    return Found(found[0], found[1], haze, dark, noise)


def _level(band: Float32Array, mask: NDArray[np.bool_] | None, floor: float) -> tuple[float, float]:
    """Return the standard deviation of the bright side, from its median, and the median of all.

    Between dots a band is below 0, by the more the denser they are: that is taken off again
    where a dot's size is read from its responses.
    """
    values = band.ravel() if mask is None or not mask.any() else band[mask]
    values = values[:: max(1, values.size // 1_000_000)]
    below = values[values < 0.0]
    sigma = float(np.median(-below)) / 0.67449 if below.size else 0.0
    return max(sigma, floor), float(np.median(values))


def _measure(
    picture: Picture,
    s_mm: NDArray[np.float64],
    blurred: list[Float32Array],
    bands: list[Float32Array],
    noise: NDArray[np.float64],
    middle: NDArray[np.float64],
    strength: Float32Array,
    sign: float,
    threshold: float = THRESHOLD,
) -> Blobs:
    """Measure the blobs of one sign."""
    import cv2

    reach = max(round(0.08 * picture.px_per_mm), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    peaks = (strength >= threshold) & (strength >= cv2.dilate(strength, kernel))
    if picture.mask is not None:
        peaks &= picture.mask
    peaks[:2] = peaks[-2:] = peaks[:, :2] = peaks[:, -2:] = False
    row, col = _without_twins(*np.nonzero(peaks))
    values = sign * np.stack([band[row, col] for band in bands], axis=1).astype(np.float64)
    contrast, size = _fit(values - sign * middle, s_mm, noise, picture.px_per_mm)
    scale = np.argmax(values[:, :DOT_SCALES] / noise[:DOT_SCALES], axis=1)
    roundness, alone = np.zeros(row.size), np.zeros(row.size)
    for k in range(DOT_SCALES):
        mine = scale == k
        if mine.any():
            plane = blurred[k] if sign > 0 else -blurred[k]
            roundness[mine] = _roundness(plane, row[mine], col[mine])
            seen = np.sqrt(np.clip(size[mine], 0.0, 0.2) ** 2 + s_mm[k] ** 2) * picture.px_per_mm
            alone[mine] = _alone(plane, row[mine], col[mine], 1.8 * seen)
    x = ((col + 0.5) / picture.px_per_mm).astype(np.float64)
    y = ((row + 0.5) / picture.px_per_mm).astype(np.float64)
    return Blobs(
        x, y, strength[row, col].astype(np.float64),
        contrast, FWHM_PER_SIGMA * size, roundness, alone,
    )  # fmt: skip


def _without_twins(
    row: NDArray[np.intp], col: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return peaks less those beside an equal one: a dot may lie just between pixels."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(np.column_stack([row, col])).query_pairs(1.5, output_type="ndarray")
    kept = np.ones(row.size, bool)
    kept[pairs.max(axis=1)] = False
    return row[kept], col[kept]


def _fit(
    values: NDArray[np.float64],
    s_mm: NDArray[np.float64],
    noise: NDArray[np.float64],
    px_per_mm: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return amplitude and standard deviation in mm that explain (n, scales) responses best."""
    pixel = 1.0 / 12.0 / px_per_mm**2
    b2 = _SIZES_MM[:, None] ** 2 + pixel
    s2 = s_mm[None, :] ** 2
    height = b2 / (b2 + s2)
    model = (height[:, :-1] - height[:, 1:]) / noise  # (sizes, scales)
    data = values / noise
    norm = (model * model).sum(axis=1)
    dot = data @ model.T
    best = np.argmax(np.maximum(dot, 0.0) ** 2 / norm, axis=1)
    amplitude = dot[np.arange(len(best)), best] / norm[best]
    # The height of the dot itself, not of what a pixel makes of it.
    amplitude *= 1.0 + pixel / _SIZES_MM[best] ** 2 if len(best) else 1.0
    return true_absorbance(amplitude), _SIZES_MM[best]


def _roundness(
    plane: Float32Array, row: NDArray[np.intp], col: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the ratio of the curvatures at pixels that are maxima."""

    def at(j: int, i: int) -> NDArray[np.float64]:
        return plane[row + j, col + i].astype(np.float64)

    centre = 2.0 * at(0, 0)
    xx, yy = at(0, 1) + at(0, -1) - centre, at(1, 0) + at(-1, 0) - centre
    xy = 0.25 * (at(1, 1) + at(-1, -1) - at(1, -1) - at(-1, 1))
    mean, spread = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    low, high = -(mean + spread), -(mean - spread)
    return np.where(high > 0.0, np.clip(low / np.maximum(high, 1e-12), 0.0, 1.0), 0.0)


def _alone(
    plane: Float32Array,
    row: NDArray[np.intp],
    col: NDArray[np.intp],
    radius_px: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the least fall along an axis, to its lower end, over the mean fall."""
    from scipy.ndimage import map_coordinates

    centre = plane[row, col].astype(np.float64)
    falls = []
    for angle in np.arange(6) * (np.pi / 6.0):
        step = np.sin(angle) * radius_px, np.cos(angle) * radius_px
        ends = [
            map_coordinates(plane, (row + k * step[0], col + k * step[1]), order=1, mode="reflect")
            for k in (-1.0, 1.0)
        ]
        falls.append((centre - ends[0], centre - ends[1]))
    fall = np.array(falls)  # (axes, 2, n)
    mean = fall.mean(axis=(0, 1))
    least = fall.max(axis=1).min(axis=0)
    return np.where(mean > 0.0, np.clip(least / np.maximum(mean, 1e-12), 0.0, 2.0), 0.0)
