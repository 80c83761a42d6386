"""A photograph's noise: how much by code, how it is spread over frequencies, and more of the same.

The flattest patches of a picture, and those hardly less flat, hold its noise and little else. Their
variance by code is the noise's, the mean of their spectra says how coarse it is (a camera's
denoising and a codec make it coarse), and the root of that, turned back into a small kernel, makes
such noise out of white noise. A curved surface is taken from each patch, which takes coarse noise
with it: what white noise would lose is known, and given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.philox import normals, philox

Float32 = NDArray[np.float32]

PATCH_PX: Final = 16
KERNEL_PX: Final = 11
"""Side of the kernel: coarser noise is not told from skin."""
LEVELS: Final = 17
"""Codes, from 0 to the largest, at which noise is tabulated."""
_MOST_PATCHES: Final = 12000
_FLATTEST: Final = 0.04
_LEAST_CHOSEN: Final = 4
_HARDLY_LESS: Final = 1.35
"""Times the variance of the flattest: those alone are the flattest by chance, and 7 % too calm."""
_COARSEST: Final = 1.5
"""Cycles of a patch: coarser noise cannot be told from shading, and is taken to be as strong."""
_CLIPPED: Final = 0.02  # codes so near either end hold less noise than there was
_ROUNDING: Final = 1.0 / 12.0
_LEAST: Final = 0.45  # steps of a code; less is the rounding of codes, or dither
_DIRTY: Final = 3
_MOST_LOST: Final = 2.0
_UNEVEN: Final = 2.0
"""Noise is at most so many times as strong, or as weak, as is typical."""


@dataclass(frozen=True, eq=False)
class Noise:
    """A photograph's noise.

    Attributes
    ----------
    sigma
        Standard deviation in codes, by code from 0 to the largest in even steps: (channels,
        LEVELS).
    kernel
        What white noise is convolved with, (11, 11); its squares add up to 1.
    mix
        Lower triangle (channels, channels) that makes channels as alike as the photograph's.
    patches
        How many it was learnt from.
    """

    sigma: Float32
    kernel: Float32
    mix: Float32
    patches: int

    @property
    def is_silent(self) -> bool:
        """Whether there is none."""
        return not bool(self.sigma.any())

    @classmethod
    def none(cls, channels: int) -> Noise:
        """Return no noise."""
        kernel = np.zeros((KERNEL_PX, KERNEL_PX), np.float32)
        kernel[KERNEL_PX // 2, KERNEL_PX // 2] = 1.0
        sigma = np.zeros((channels, LEVELS), np.float32)
        return cls(sigma, kernel, np.eye(channels, dtype=np.float32), 0)

    def at(self, code: float, largest: int) -> float:
        """Return its standard deviation at a code, mean of the channels."""
        levels = np.linspace(0.0, largest, LEVELS)
        return float(np.mean([np.interp(code, levels, row) for row in self.sigma]))


def noise_of(pixels: NDArray[Any], largest: int) -> Noise:
    """Learn a photograph's noise.

    Parameters
    ----------
    pixels
        Uint8 or uint16, (height, width) or (height, width, channels).
    largest
        The code of white.

    Returns
    -------
    Noise
        None, by `Noise.none`, where no patch is flat and not clipped.
    """
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    channels = planes.shape[2]
    corners = _corners(planes.shape[0], planes.shape[1])
    if not len(corners):
        return Noise.none(channels)
    patches = np.stack([planes[r : r + PATCH_PX, c : c + PATCH_PX] for r, c in corners])
    low, high = _CLIPPED * largest, (1.0 - _CLIPPED) * largest
    usable = ((patches > low) & (patches < high)).all(axis=(1, 2, 3))
    residue, mean = _without_plane(patches[usable].astype(np.float32))
    if not len(residue):
        return Noise.none(channels)
    chosen = _flattest(residue, mean)
    residue, mean = residue[chosen], mean[chosen]
    variance = np.maximum((residue**2).mean((1, 2)) - _ROUNDING, 0.0)
    spectrum = _spectrum(residue)
    lost = float(np.clip(spectrum.mean() / (residue.mean(3) ** 2).mean(), 1.0, _MOST_LOST))
    sigma = _by_code(mean, np.sqrt(lost * variance), largest)
    if float(sigma.max()) < _LEAST:
        return Noise.none(channels)
    return Noise(sigma, _kernel(spectrum), _mix(residue), len(residue))


def _corners(height: int, width: int) -> NDArray[np.int64]:
    """Return the top left corners of patches, evenly over the picture, (n, 2)."""
    rows, cols = (np.arange(0, size - PATCH_PX + 1, PATCH_PX // 2) for size in (height, width))
    every = np.stack(np.meshgrid(rows, cols, indexing="ij"), -1).reshape(-1, 2)
    return every[:: max(-(-len(every) // _MOST_PATCHES), 1)]


@cache
def _surfaces() -> Float32:
    """Return curved surfaces over a patch, orthonormal, (pixels, 6)."""
    x = np.linspace(-1.0, 1.0, PATCH_PX)
    u, v = np.meshgrid(x, x)
    basis = np.stack([np.ones_like(u), u, v, u * v, u * u, v * v], -1).reshape(-1, 6)
    orthonormal: Float32 = np.linalg.qr(basis)[0].astype(np.float32)
    return orthonormal


def _without_plane(patches: Float32) -> tuple[Float32, Float32]:
    """Return patches less the curved surface that fits each best, and their means."""
    basis = _surfaces()
    n, _, _, channels = patches.shape
    flat = patches.reshape(n, -1, channels)
    fitted = basis @ (basis.T @ flat)
    return (flat - fitted).reshape(patches.shape), flat.mean(1)


def _flattest(residue: Float32, mean: Float32) -> NDArray[np.intp]:
    """Return which patches are the flattest of their tone, by eighths of the tones that occur."""
    level, spread = mean.mean(1), (residue**2).mean((1, 2, 3))
    edges = np.quantile(level, np.linspace(0.0, 1.0, 9))
    eighth = np.clip(np.searchsorted(edges, level, "right") - 1, 0, 7)
    chosen = []
    for k in range(8):
        here = np.flatnonzero(eighth == k)
        count = max(round(_FLATTEST * len(here)), min(_LEAST_CHOSEN, len(here)))
        flattest = here[np.argsort(spread[here], kind="stable")[:count]]
        if len(flattest):
            most = _HARDLY_LESS * np.median(spread[flattest])
            chosen.append(here[spread[here] <= max(most, spread[flattest].max())])
    found = np.concatenate(chosen)
    # A tone that occurs only where there is texture says nothing of noise.
    calm = spread[found] <= _DIRTY**2 * np.median(spread[found])
    kept: NDArray[np.intp] = found[calm]
    return kept


def _by_code(mean: Float32, sigma: Float32, largest: int) -> Float32:
    """Return noise at each level: a straight line through the patches', held to what was seen."""
    levels = np.linspace(0.0, largest, LEVELS)
    rows = []
    for c in range(mean.shape[1]):
        seen = mean[:, c].astype(np.float64)
        least, most = float(seen.min()), float(seen.max())
        if most - least > 0.1 * largest:
            line = np.polyfit(seen, sigma[:, c].astype(np.float64), 1)
            rows.append(np.polyval(line, np.clip(levels, least, most)))
        else:
            rows.append(np.full(LEVELS, float(np.median(sigma[:, c]))))
    typical = np.median(sigma, axis=0).astype(np.float64)[:, None]
    held = np.clip(np.stack(rows), typical / _UNEVEN, typical * _UNEVEN)
    return held.astype(np.float32)


@cache
def _window() -> NDArray[np.float64]:
    bell = np.hanning(PATCH_PX + 2)[1:-1]
    return np.outer(bell, bell)


@cache
def _white_power() -> NDArray[np.float64]:
    """Return the power that white noise of unit variance leaves in a patch, by frequency."""
    basis = _surfaces().astype(np.float64)
    left = (np.eye(PATCH_PX**2) - basis @ basis.T).reshape(-1, PATCH_PX, PATCH_PX)
    power: NDArray[np.float64] = (np.abs(np.fft.fft2(left * _window())) ** 2).sum(0)
    return power


def _spectrum(residue: Float32) -> NDArray[np.float64]:
    """Return the variance of noise by frequency, (16, 16); its mean is the noise's."""
    power = (np.abs(np.fft.fft2(residue.mean(3) * _window())) ** 2).mean(0) / _white_power()
    power = 0.5 * (power + power.T)  # what is level and what is upright are alike
    cycles = np.hypot(*np.meshgrid(*2 * [PATCH_PX * np.fft.fftfreq(PATCH_PX)]))
    ring = (cycles >= _COARSEST) & (cycles < _COARSEST + 1.0)
    power[cycles < _COARSEST] = power[ring].mean()
    spectrum: NDArray[np.float64] = power
    return spectrum


def _kernel(spectrum: NDArray[np.float64]) -> Float32:
    """Return the kernel that gives white noise a spectrum."""
    whole = np.real(np.fft.ifft2(np.sqrt(spectrum)))
    half = KERNEL_PX // 2
    kernel = np.roll(whole, (half, half), (0, 1))[:KERNEL_PX, :KERNEL_PX]
    unit: Float32 = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    return unit


def _mix(residue: Float32) -> Float32:
    flat = residue.reshape(-1, residue.shape[3]).astype(np.float64)
    like = np.corrcoef(flat.T).reshape(flat.shape[1], flat.shape[1])
    shaken = np.nan_to_num(like, nan=0.0) * (1.0 - 1e-6)
    np.fill_diagonal(shaken, 1.0)
    return np.linalg.cholesky(shaken).astype(np.float32)


@njit(nogil=True, cache=True)
def _white(row0, col0, out):
    height, width, channels = out.shape
    for j in range(height):
        for i in range(width):
            w0, w1, w2, w3 = philox(col0 + i, row0 + j, 0, 0, 0x67726169, 0x6E)
            first, second = normals(w0, w1)
            out[j, i, 0] = first
            if channels > 1:
                third, _ = normals(w2, w3)
                out[j, i, 1], out[j, i, 2] = second, third


def grain(noise: Noise, row0: int, col0: int, height: int, width: int) -> Float32:
    """Return such noise of unit variance over a block, float32 (height, width, channels).

    A function of the place alone: what a pixel gets does not depend on the block.
    """
    import cv2

    half, channels = KERNEL_PX // 2, noise.mix.shape[0]
    white = np.empty((height + 2 * half, width + 2 * half, channels), np.float32)
    # Philox's words are unsigned; a place left of the picture is one far to the right.
    _white(row0 - half + 2**31, col0 - half + 2**31, white)
    coarse = cv2.filter2D(white, cv2.CV_32F, noise.kernel)
    inner = coarse.reshape(white.shape)[half : half + height, half : half + width]
    return np.ascontiguousarray(inner @ noise.mix.T)
