"""Band reflectance to sRGB pixels: matrix, exposure, soft clip, transfer, dither.

    linear sRGB = exposure * BAND_TO_LINEAR_SRGB @ R
    soft clip: identity between the toe and the shoulder, then smoothly to 0 and 1
    transfer: IEC 61966-2-1

Eight-bit pixels are dithered by uniform noise of one step, a hash of the absolute pixel and
channel, so that slow shades show no bands and windows join. Sixteen-bit pixels are rounded.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from smpengine import lanes
from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.image.dither import noise, noise_reference
from smpengine.lanes import LANES, fma, splat, vmax, vmin, where_less
from smpengine.moves import corner, keep, load_threes, pointer, store_threes

SHOULDER: Final = 0.85
TOE: Final = 0.002
_UINT8 = 255.0
_UINT16 = 65535.0


@njit(nogil=True, forceinline=True)
def _soft_clip(v):
    """Bend a linear value into 0..1; slope 1 at both bends.

    Above the shoulder s it goes as s + (1 - s) w / (1 + w) with w = (v - s) / (1 - s); below the
    toe t as t / (1 + (t - v) / t).
    """
    excess = vmax(v - splat(SHOULDER), splat(0.0)) * splat(1.0 / (1.0 - SHOULDER))
    high = splat(SHOULDER) + splat(1.0 - SHOULDER) * excess / (splat(1.0) + excess)
    lack = vmax(splat(TOE) - v, splat(0.0)) * splat(1.0 / TOE)
    low = splat(TOE) / (splat(1.0) + lack)
    return where_less(splat(SHOULDER), v, high, where_less(v, splat(TOE), low, v))


@njit(nogil=True, forceinline=True)
def _transfer(v):
    """Encode linear 0..1 as sRGB (IEC 61966-2-1)."""
    power = lanes.exp(lanes.log(vmax(v, splat(1e-6))) * splat(1.0 / 2.4))
    curved = fma(splat(1.055), power, splat(-0.055))
    return where_less(v, splat(0.0031308), v * splat(12.92), curved)


@njit(nogil=True, forceinline=True)
def _code(r, g, b, weights, c, steps):
    """Return a channel of 16 pixels, 0 to `steps`."""
    v = fma(
        splat(weights[3 * c + 2]), b, fma(splat(weights[3 * c + 1]), g, splat(weights[3 * c]) * r)
    )
    v = _transfer(_soft_clip(v))
    return vmin(vmax(v, splat(0.0)), splat(1.0)) * splat(steps)


@njit(nogil=True, cache=True)
def _encode(relative, weights, out, row0, col0, steps, dither):
    """Encode rows of pixels, sixteen at a time; `weights` is flat, (3, 3)."""
    height, width, _ = relative.shape
    pitch, out_pitch = relative.strides[0] // relative.itemsize, out.strides[0] // out.itemsize
    source, target, weights = corner(relative), corner(out), pointer(weights)
    room, codes = np.zeros(3 * LANES, np.float32), np.zeros(3 * LANES, out.dtype)
    tail, last = pointer(room), pointer(codes)
    top = splat(np.float32(steps))
    for j in range(height):
        for i in range(0, width, LANES):
            here, count = j * pitch + 3 * i, min(LANES, width - i)
            if count < LANES:  # nothing behind a row is read, or written
                for k in range(3 * count):
                    tail[k] = source[here + k]
                r, g, b = load_threes(tail, 0)
            else:
                r, g, b = load_threes(source, here)
            half = splat(0.5)
            more = (half, half, half)
            if dither:
                y, x = row0 + j, col0 + i
                more = (noise(y, x, 0), noise(y, x, 1), noise(y, x, 2))
            r, g, b = (
                vmin(_code(r, g, b, weights, 0, steps) + more[0], top),
                vmin(_code(r, g, b, weights, 1, steps) + more[1], top),
                vmin(_code(r, g, b, weights, 2, steps) + more[2], top),
            )
            there = j * out_pitch + 3 * i
            if count < LANES:
                store_threes(last, 0, r, g, b)
                for k in range(3 * count):
                    target[there + k] = last[k]
            else:
                store_threes(target, there, r, g, b)
    keep(room)
    keep(codes)


def encode(
    relative: NDArray[np.float32],
    bare: NDArray[np.float64],
    out: NDArray[np.uint8] | NDArray[np.uint16],
    row0: int,
    col0: int,
    exposure: float,
    matrix: ArrayLike = BAND_TO_LINEAR_SRGB,
) -> None:
    """Turn relative reflectance into sRGB pixels.

    Parameters
    ----------
    relative
        Float32 (height, width, 3), R / R0 in the bands R, G, B; the bands of a pixel, and the
        pixels of a row, side by side.
    bare
        R0 of the bands, (3,).
    out
        Uint8 (dithered) or uint16 (rounded) of the same shape and kind, overwritten.
    row0, col0
        Absolute index of the block's first pixel; the dither is keyed by it.
    exposure
        Factor on linear light.
    matrix
        From the bands to linear sRGB.
    """
    wide = out.dtype == np.uint16
    weights = (exposure * np.array(matrix) * bare).astype(np.float32).reshape(-1)
    _encode(relative, weights, out, row0, col0, _UINT16 if wide else _UINT8, not wide)


def encode_reference(
    reflectance: NDArray[np.float64],
    out: NDArray[np.uint8] | NDArray[np.uint16],
    row0: int,
    col0: int,
    exposure: float,
) -> None:
    """Turn band reflectance into sRGB pixels in float64; as `encode`, to within a step."""
    v = exposure * reflectance @ np.array(BAND_TO_LINEAR_SRGB).T
    excess = np.maximum(v - SHOULDER, 0.0) / (1.0 - SHOULDER)
    high = SHOULDER + (1.0 - SHOULDER) * excess / (1.0 + excess)
    low = TOE / (1.0 + np.maximum(TOE - v, 0.0) / TOE)
    v = np.where(v > SHOULDER, high, np.where(v < TOE, low, v))
    v = np.where(v < 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 1e-6) ** (1.0 / 2.4) - 0.055)
    v = np.clip(v, 0.0, 1.0)
    if out.dtype == np.uint16:
        out[...] = np.floor(v * _UINT16 + 0.5)
        return
    height, width, channels = v.shape
    rows, cols = np.arange(row0, row0 + height)[:, None], np.arange(col0, col0 + width)
    more = np.stack([noise_reference(rows, cols, c) for c in range(channels)], -1)
    out[...] = np.minimum(np.floor(v * _UINT8 + more), _UINT8)
