"""Pigment over a photograph's codes, in light.

A code c stands for light v; in the engine's three bands that is b = A v, of which g was mirrored by
the surface and never saw the pigment. Pigment lets through T of the rest, and lets less through
where the mask says so, T^m. What has changed is

    v' = v + B (T^m - 1) (b - g),   c' = c + F(v') - F(v)

with B the inverse of A and F from light to codes, so the photograph's own noise, and the rounding
of its codes, stay as they are, and nothing at all is added where nothing is taken. What is added is
rounded at random, by a hash of the pixel's place, so that no step shows in a soft halo; the less so
the darker the pigment, since c was rounded too and the two must not add up to more than a step.

A camera's noise grows less than light does: dots that were darkened with their noise would be
cleaner than skin of their tone. What lacks is added: its variance is s(c')^2 - (c' / c s(c))^2, s
the photograph's noise by code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.philox import philox, uniform
from smpengine.photo.icc import SQUARES
from smpengine.photo.photograph import Photograph
from smpengine.verdict.picture import LUMINANCE

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Codes:
    """From a photograph's codes to light in the bands, and back.

    Attributes
    ----------
    light
        Linear light by code, (channels, codes).
    codes
        Codes by the root of linear light, (channels, SQUARES + 1).
    rounded
        What that gives for the light of each code, (channels, codes): itself, nearly.
    to_bands, from_bands
        (3, channels) and (channels, 3).
    mirrored
        Light in the bands that pigment does not dim, (3,).
    """

    light: Float32
    codes: Float32
    rounded: Float32
    to_bands: Float32
    from_bands: Float32
    mirrored: Float32

    @classmethod
    def of(
        cls, photo: Photograph, bare: NDArray[np.float64], mirrored: tuple[float, float, float]
    ) -> Codes:
        """Return those of a photograph; what is grey is taken for skin of reflectance `bare`."""
        matrix = np.array(BAND_TO_LINEAR_SRGB)
        profile = photo.profile
        if photo.channels == 3:
            to_bands = np.linalg.solve(matrix, profile.to_srgb)
            from_bands = np.linalg.inv(to_bands)
        else:
            luminance = np.array(LUMINANCE) @ matrix
            to_bands = (bare / (luminance @ bare))[:, None]
            from_bands = luminance[None, :]
        light, codes = profile.light(photo.largest), profile.codes(photo.largest)
        return cls(
            light,
            codes,
            _rounded(light, codes),
            to_bands.astype(np.float32),
            from_bands.astype(np.float32),
            np.array(mirrored, np.float32),
        )


@njit(nogil=True, cache=True)
def _code(light, codes, c):
    """Return the code of linear light, not rounded."""
    root = math.sqrt(min(max(light, np.float32(0.0)), np.float32(1.0))) * np.float32(SQUARES)
    k = min(int(root), SQUARES - 1)
    low = codes[c, k]
    return low + (root - np.float32(k)) * (codes[c, k + 1] - low)


@njit(nogil=True, cache=True)
def _rounded(light, codes):
    """Return the code of each code's light, as `_code` has it."""
    out = np.empty_like(light)
    for c in range(light.shape[0]):
        for k in range(light.shape[1]):
            out[c, k] = _code(light[c, k], codes, c)
    return out


@njit(nogil=True, cache=True)
def _noise_at(noise, c, code, largest):
    """Return the standard deviation of noise at a code, linear between those tabulated."""
    at = min(max(code / largest, np.float32(0.0)), np.float32(1.0)) * np.float32(noise.shape[1] - 1)
    k = min(int(at), noise.shape[1] - 2)
    return noise[c, k] + (at - np.float32(k)) * (noise[c, k + 1] - noise[c, k])


@njit(nogil=True, cache=True)
def _lay(
    source, through, mask, light, codes, rounded, to_bands, from_bands, mirrored, noise, grain,
    dither, row0, col0, out,
):  # fmt: skip
    height, width, channels = source.shape
    largest = np.float32(light.shape[1] - 1)
    one, zero, half = np.float32(1.0), np.float32(0.0), np.float32(0.5)
    wide = np.float32(2.0)
    lost = np.empty(3, np.float32)
    rounding = np.empty(3, np.float32)
    grained = grain.shape[0] > 0
    for j in range(height):
        for i in range(width):
            m = mask[j, i]
            taken = False
            for b in range(3):
                t = through[j, i, b]
                if m < one and t < one:
                    t = math.exp(m * math.log(max(t, np.float32(1e-30)))) if m > zero else one
                lost[b] = t - one
                taken = taken or (t != one and m > zero)
            if not taken:
                for c in range(channels):
                    out[j, i, c] = source[j, i, c]
                continue
            for b in range(3):
                had = zero
                for c in range(channels):
                    had += to_bands[b, c] * light[c, source[j, i, c]]
                lost[b] *= max(had - mirrored[b], zero)
            if dither:
                w0, w1, w2, _ = philox(col0 + i, row0 + j, 0, 0, 0x70686F74, 0x6F)
                rounding[0], rounding[1], rounding[2] = uniform(w0), uniform(w1), uniform(w2)
            else:
                rounding[:] = half
            for c in range(channels):
                code = np.float32(source[j, i, c])
                had = light[c, source[j, i, c]]
                less = zero
                for b in range(3):
                    less += from_bands[c, b] * lost[b]
                step = _code(had + less, codes, c) - rounded[c, source[j, i, c]]
                if grained:
                    after = max(code + step, zero)
                    own = _noise_at(noise, c, code, largest) * (after / max(code, one))
                    wanted = _noise_at(noise, c, after, largest)
                    lacking = wanted * wanted - own * own
                    if lacking > zero:
                        step += math.sqrt(lacking) * grain[j, i, c]
                # c is up to a step off, and so is c' by what is left of that.
                spread = max((code + step) / max(code, one) - np.float32(0.6), zero)
                value = code + math.floor(
                    step + half + (rounding[c] - half) * min(spread * wide, one)
                )
                out[j, i, c] = min(max(value, zero), largest)


def lay(
    source: NDArray[Any], through: Float32, mask: Float32, codes: Codes, noise: Float32,
    grain: Float32 | None, row0: int, col0: int, out: NDArray[Any],
) -> None:  # fmt: skip
    """Lay pigment over a block of codes.

    Parameters
    ----------
    source
        Uint8 or uint16 (height, width, channels).
    through
        What pigment lets through in the bands, float32 (height, width, 3), 0 to 1.
    mask
        Float32 (height, width), 0 to 1: power of `through`.
    codes
        What the codes mean.
    noise
        Standard deviation by code, from 0 to the largest in even steps: (channels, n).
    grain
        Noise of unit variance, float32 (height, width, channels); None for none.
    row0, col0
        Absolute place of the block.
    out
        Like `source`, overwritten.
    """
    none = np.zeros((0, 0, source.shape[2]), np.float32)
    _lay(
        source, through, mask, codes.light, codes.codes, codes.rounded, codes.to_bands,
        codes.from_bands, codes.mirrored, noise, none if grain is None else grain,
        source.dtype == np.uint8, row0, col0, out,
    )  # fmt: skip
