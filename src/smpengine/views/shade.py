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
from smpengine.moves import keep, pointer
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
GRAZING: Final = 0.2
"""What it mirrors of the sky at most, at its limb, where smooth skin would mirror all: facets and
hair hide each other there (assumed)."""
GRAIN_MM: Final = (0.32, 0.75)
SLOPES: Final = (0.10, 0.07)
"""Skin is uneven over such lengths, by such slopes at most (assumed: a tenth of them is what
profilometry of foreheads finds as Ra of 10 to 20 um over a few tenths of a mm)."""
MOTTLE_MM: Final = (26.0, 7.0)
MOTTLE: Final = ((0.012, 0.03, 0.03), (0.008, 0.02, 0.02))
"""Blood is uneven over such lengths: how much light of R, G, B more and less comes back where there
is less and more of it (assumed)."""
PATCH: Final = 0.3
"""How much more and less sebum lies in patches of those sizes (assumed)."""
_ROOM: Final = 27  # a lattice's cell, and three numbers at its eight corners


@njit(nogil=True, cache=True)
def _corner(i, j, k, room, at):
    """Fill in three numbers, -1 to 1, for a corner of a lattice."""
    h = np.uint32(i) * np.uint32(0x9E3779B1) + np.uint32(j) * np.uint32(0x85EBCA77)
    h = np.uint32(h + np.uint32(k) * np.uint32(0xC2B2AE3D))
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D))
    h = np.uint32((h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39))
    h = np.uint32(h ^ (h >> np.uint32(15)))
    for c in range(3):
        room[at + c] = np.float64((h >> np.uint32(10 * c)) & np.uint32(1023)) / 511.5 - 1.0


@njit(nogil=True, cache=True)
def _noise(x, y, z, octave, room):
    """Return three smooth noises in space, -1 to 1: between the corners of a lattice of 1.

    Neighbouring pixels mostly share a cell: `room`, a pointer, keeps it and its corners by octave.
    """
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - i, y - j, z - k
    cell = octave * _ROOM
    if i != room[cell] or j != room[cell + 1] or k != room[cell + 2]:
        room[cell], room[cell + 1], room[cell + 2] = i, j, k
        for n in range(8):
            _corner(i + (n & 1), j + (n >> 1 & 1), k + (n >> 2), room, cell + 3 + 3 * n)
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    first, second, third = 0.0, 0.0, 0.0
    for n in range(4):
        share = (v if n & 1 else 1.0 - v) * (w if n >> 1 else 1.0 - w)
        at = cell + 3 + 6 * n
        first += share * (room[at] + (room[at + 3] - room[at]) * u)
        second += share * (room[at + 1] + (room[at + 4] - room[at + 1]) * u)
        third += share * (room[at + 2] + (room[at + 5] - room[at + 2]) * u)
    return first, second, third


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
def _grained(x, y, z, footprint_mm, room):
    """Return what the grain of the skin that pixels can show adds to a normal."""
    # Askew, so that no row of the lattice lies along the picture or along the head.
    a, b, c = 0.36 * x + 0.48 * y - 0.8 * z, 0.6 * y - 0.8 * x, 0.48 * x + 0.64 * y + 0.6 * z
    tilt_x, tilt_y, tilt_z = 0.0, 0.0, 0.0
    for octave in range(2):
        size = GRAIN_MM[octave]
        shown = min(max(0.5 * size / footprint_mm - 0.5, 0.0), 1.0)
        if shown > 0.0:
            first, second, third = _noise(a / size, b / size, c / size, octave, room)
            tilt_x += shown * SLOPES[octave] * first
            tilt_y += shown * SLOPES[octave] * second
            tilt_z += shown * SLOPES[octave] * third
    return tilt_x, tilt_y, tilt_z


@njit(nogil=True, cache=True)
def _mottled(x, y, z, octave, room):
    """Return how pale skin is in patches, and how much sebum lies there, -1 to 1."""
    size = MOTTLE_MM[octave]
    pale, film, _ = _noise(x / size, y / size, z / size, 2 + octave, room)
    return pale, film


@njit(nogil=True, cache=True)
def _lit(normal, level, to_eye, facing, lamp_at, share, colour, gloss, light):
    """Light one pixel: light *= what falls, and what is mirrored is added."""
    cosine = 0.0
    for k in range(3):
        cosine += normal[k] * lamp_at[k]
    lamp = lamp_on(cosine, math.sin(LAMP_RAD))
    up = normal[2]
    sky = (1.0 - share) * (0.5 * (1.0 + up) + GROUND * 0.5 * (1.0 - up))
    mirror, sky_mirror, kept = 0.0, 0.0, 1.0
    if gloss > 0.0:
        if lamp > 0.0 and share > 0.0:
            mirror = _mirrored(to_eye, lamp_at, lamp, share * gloss, normal)
        seen = _fresnel(facing, GRAZING) * gloss
        turned = 2.0 * facing * level - to_eye[2]
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
    kept = np.full(4 * _ROOM, 1e30)
    room = pointer(kept)
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
            film = gloss
            if texture > 0.0:
                x, y, z = points[j, i, 0], points[j, i, 1], points[j, i, 2]
                footprint = px_mm / (texture * max(facing, 0.05))
                tilt_x, tilt_y, tilt_z = _grained(x, y, z, footprint, room)
                normal[0], normal[1], normal[2] = (
                    normal[0] + tilt_x, normal[1] + tilt_y, normal[2] + tilt_z,
                )  # fmt: skip
                length = math.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
                for k in range(3):
                    normal[k] /= length
                for octave in range(2):
                    pale, more = _mottled(x, y, z, octave, room)
                    film *= 1.0 + 0.5 * PATCH * texture * more
                    for c in range(3):
                        light[c] *= 1.0 + MOTTLE[octave][c] * texture * pale
            _lit(normal, normals[j, i, 2], to_eye, facing, lamp_at, share, colour, film, light)
            for c in range(3):
                image[j, i, c] = np.float32(light[c])
    keep(kept)


def fallen(normal: NDArray[np.float64], light: Light | None) -> NDArray[np.float64]:
    """Return what falls on skin of a normal, (3,): R, G, B."""
    lamp = Light(share=0.0) if light is None else light
    cosine = float((normal * np.array(lamp.direction)).sum())
    direct = lamp.share * lamp_on(cosine, math.sin(LAMP_RAD)) * np.array(lamp.colour)
    up = float(normal[2])
    fell: NDArray[np.float64] = direct + (1.0 - lamp.share) * 0.5 * (1.0 + up + GROUND * (1.0 - up))
    return fell


def mirrored_at_limb(toward: NDArray[np.float64], light: Light | None, head: Head) -> float:
    """Return what is mirrored of the sky at the limb, seen from a direction; as `_lit` has it."""
    sky = 1.0 if light is None else 1.0 - light.share
    seen = GROUND + (1.0 - GROUND) * 0.5 * (1.0 - float(toward[2]))
    return sky * seen * GRAZING * head.gloss


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
