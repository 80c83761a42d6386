"""Light on a head: a lamp, a sky and what the ground sends back, and what sebum mirrors of them.

Diffuse light is Lambert's: skin lets light out about as evenly as that. In units of what an even
sky of the same strength would give skin that lies level, which is what flat pictures show:

    lamp share x colour x cos(lamp)  +  (1 - share) ((1 + nz) / 2 + GROUND (1 - nz) / 2)

The second part is the sky that a place sees: what it does not see is the ground. A lamp is a disc,
LAMP_RAD from its middle to its edge, so it sets over a few degrees of the head; skin's own
scattering (1 to 2 mm on a radius of 90) would soften that edge much less.

Gloss is a rough mirror in front: of the lamp by Trowbridge and Reitz (B. Walter et al.,
"Microfacet Models for Refraction through Rough Surfaces", EGSR 2007), of sky and ground by their
mean over the lobe. What it mirrors does not go in.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.light import Light
from smpengine.surface.head import Head

GROUND: Final = 0.35
"""What comes back from below: neck, shoulders, clothes, the room (assumed)."""
LAMP_RAD: Final = math.radians(12.0)
"""Half of the angle that a lamp is seen under: a window, or a shade (assumed)."""
F0: Final = 0.028
"""What skin of n = 1.4 mirrors straight on."""
ROUGH: Final = 0.5
"""Roughness of skin for its mirror, the root of Trowbridge and Reitz's width (assumed; H. C.
Weyrich et al., "Analysis of Human Faces using a Measurement-Based Skin Reflectance Model",
SIGGRAPH 2006, fit widths of 0.2 to 0.4 to foreheads)."""
GRAIN_MM: Final = (0.45, 1.3)
SLOPES: Final = (0.12, 0.08)
"""Skin is uneven over such lengths, by such slopes at most (assumed: a tenth of them is what
profilometry of foreheads finds as Ra of 10 to 20 um over a few tenths of a mm)."""
PATCH_MM: Final = 11.0
PATCH: Final = 0.25
"""Sebum lies in patches of about this size, more and less by this share (assumed)."""
MOTTLE_MM: Final = (26.0, 7.0)
MOTTLE: Final = ((0.012, 0.03, 0.03), (0.008, 0.02, 0.02))
"""Blood is uneven over such lengths: how much light of R, G, B more and less comes back where there
is less and more of it (assumed)."""


@njit(nogil=True, cache=True)
def _hash(i, j, k):
    """Return -1 to 1 for a corner of a lattice."""
    h = (i * 0x9E3779B1 + j * 0x85EBCA77 + k * 0xC2B2AE3D) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 0x2C1B3C6D) & 0xFFFFFFFF
    h ^= h >> 12
    h = (h * 0x297A2D39) & 0xFFFFFFFF
    h ^= h >> 15
    return h / 2147483647.5 - 1.0


@njit(nogil=True, cache=True)
def _noise(x, y, z):
    """Return smooth noise in space, -1 to 1: between the corners of a lattice of 1."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - i, y - j, z - k
    i, j, k = int(i), int(j), int(k)
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    total = 0.0
    for c in range(2):
        for b in range(2):
            low, high = _hash(i, j + b, k + c), _hash(i + 1, j + b, k + c)
            row = low + (high - low) * u
            total += row * (v if b else 1.0 - v) * (w if c else 1.0 - w)
    return total


@njit(nogil=True, cache=True)
def lamp_on(cosine, half):
    """Return what a lamp of half angle asin(half) gives skin at a cosine; it may be half set."""
    if cosine >= half:
        return cosine
    if cosine <= -half:
        return 0.0
    return (cosine + half) ** 2 / (4.0 * half)


@njit(nogil=True, cache=True)
def _fresnel(cosine, most):
    """Return what is mirrored at a cosine, by Schlick; a rough surface has less at its rim."""
    return F0 + (most - F0) * (1.0 - cosine) ** 5


@njit(nogil=True, cache=True)
def _mirrored(to_eye, to_lamp, lamp, gloss, grain):
    """Return the lamp's light in the mirror, as a reflectance."""
    half, bright, seen = 0.0, 0.0, 0.0
    length = 0.0
    for k in range(3):
        length += (to_eye[k] + to_lamp[k]) ** 2
    length = math.sqrt(length)
    for k in range(3):
        half += grain[k] * (to_eye[k] + to_lamp[k]) / length
        bright += to_eye[k] * (to_eye[k] + to_lamp[k]) / length
        seen += grain[k] * to_eye[k]
    width2 = ROUGH**4
    spread = half * half * (width2 - 1.0) + 1.0
    lobe = width2 / (spread * spread)  # pi D
    most = 1.0 - ROUGH
    shadow = ROUGH * ROUGH * 0.5
    open_to = (lamp * (1.0 - shadow) + shadow) * (max(seen, 0.05) * (1.0 - shadow) + shadow)
    return gloss * lobe * _fresnel(min(max(bright, 0.0), 1.0), most) * lamp / (4.0 * open_to)


@njit(nogil=True, cache=True)
def _grained(p, footprint_mm, normal):
    """Tilt a normal by the grain of the skin that pixels can show."""
    for octave in range(2):
        size = GRAIN_MM[octave]
        shown = min(max(0.5 * size / footprint_mm - 0.5, 0.0), 1.0)
        if shown > 0.0:
            slope, x, y, z = shown * SLOPES[octave], p[0] / size, p[1] / size, p[2] / size
            normal[0] += slope * _noise(x + 17.3, y, z)
            normal[1] += slope * _noise(x, y + 41.7, z)
            normal[2] += slope * _noise(x, y, z + 5.9)
    length = math.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    for k in range(3):
        normal[k] /= length


@njit(nogil=True, cache=True)
def _mottled(p, mottle, light):
    """Redden and pale skin in patches."""
    for octave in range(2):
        size = MOTTLE_MM[octave]
        pale = mottle * _noise(p[0] / size, p[1] / size, p[2] / size)
        for c in range(3):
            light[c] *= 1.0 + MOTTLE[octave][c] * pale


@njit(nogil=True, cache=True)
def _lit(p, normal, smooth, to_eye, facing, lamp_at, share, colour, gloss, texture, light):
    """Light one pixel: light *= what falls, and what is mirrored is added."""
    cosine = 0.0
    for k in range(3):
        cosine += normal[k] * lamp_at[k]
    lamp = lamp_on(cosine, math.sin(LAMP_RAD))
    up = normal[2]
    sky = (1.0 - share) * (0.5 * (1.0 + up) + GROUND * 0.5 * (1.0 - up))
    mirror, sky_mirror, kept = 0.0, 0.0, 1.0
    if gloss > 0.0:
        film = gloss
        if texture > 0.0:
            patch = _noise(p[0] / PATCH_MM, p[1] / PATCH_MM, p[2] / PATCH_MM)
            film *= 1.0 + texture * PATCH * patch
        if lamp > 0.0 and share > 0.0:
            mirror = _mirrored(to_eye, lamp_at, lamp, share * film, normal)
        seen = _fresnel(facing, 1.0 - ROUGH) * film
        turned = 2.0 * facing * smooth[2] - to_eye[2]
        sky_mirror = (1.0 - share) * seen * (GROUND + (1.0 - GROUND) * 0.5 * (1.0 + turned))
        kept = 1.0 - seen
    for c in range(3):
        fell = share * colour[c] * lamp + sky
        light[c] = light[c] * fell * kept + mirror * colour[c] + sky_mirror


@njit(nogil=True, cache=True)
def _shade(
    points, normals, cover, row0, col0, frame, lamp_at, share, colour, gloss, texture, px_mm, image
):  # fmt: skip
    """Light the pixels that show the head."""
    height, width = cover.shape
    to_eye, normal, light = np.empty(3), np.empty(3), np.empty(3)
    for j in range(height):
        for i in range(width):
            if cover[j, i] <= 0.0:
                continue
            across, down = col0 + i + 0.5, row0 + j + 0.5
            size, facing = 0.0, 0.0
            for k in range(3):
                to_eye[k] = -(frame[3, k] + across * frame[4, k] + down * frame[5, k])
                size += to_eye[k] * to_eye[k]
                normal[k] = normals[j, i, k]
                light[k] = image[j, i, k]
            for k in range(3):
                to_eye[k] /= math.sqrt(size)
                facing += to_eye[k] * normal[k]
            facing = min(max(facing, 0.0), 1.0)
            p = points[j, i]
            if texture > 0.0:
                _grained(p, px_mm / (texture * max(facing, 0.05)), normal)
                _mottled(p, texture, light)
            _lit(
                p, normal, normals[j, i], to_eye, facing, lamp_at, share, colour, gloss, texture,
                light,
            )  # fmt: skip
            for c in range(3):
                image[j, i, c] = np.float32(light[c])


def shade(
    points: NDArray[np.float64], normals: NDArray[np.float64], cover: NDArray[np.float64],
    row0: int, col0: int, frame: NDArray[np.float64], light: Light | None, head: Head,
    px_per_mm: float, image: NDArray[np.float32],
) -> None:  # fmt: skip
    """Light a block's pixels in place.

    Parameters
    ----------
    points, normals, cover, row0, col0, frame
        As for `warp.footprints`.
    light
        A lamp and a sky; an even sky when None.
    head
        Its gloss and texture.
    px_per_mm
        Scale of the view: what is finer than a pixel does not glitter.
    image
        Float32 (height, width, 3), reflectance under an even sky; overwritten by light.
    """
    lamp = Light(share=0.0) if light is None else light
    _shade(
        points, normals, cover, row0, col0, frame, np.array(lamp.direction), lamp.share,
        np.array(lamp.colour), head.gloss, head.texture, 1.0 / px_per_mm, image,
    )  # fmt: skip
