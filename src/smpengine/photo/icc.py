"""Profiles of a matrix and curves (ICC.1:2022, 8.3 and 8.4): codes to linear light and back.

Every camera, phone and RGB working space has such a profile. One of tables alone (as printers
have) is refused: light could be read from it, but not written back without a loss.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.verdict.picture import to_linear

Array = NDArray[np.float64]

SQUARES: Final = 65_536
"""Codes are tabulated over the root of linear light in so many steps."""
_CURVE_STEPS: Final = 2**18
_HEADER: Final = 128
_SRGB_FROM_XYZ_D65: Final = np.array(
    [[3.2404542, -1.5371385, -0.4985314],
     [-0.9692660, 1.8760108, 0.0415560],
     [0.0556434, -0.2040259, 1.0572252]]
)  # fmt: skip
_D65_FROM_D50: Final = np.array(
    [[0.9555766, -0.0230393, 0.0631636],
     [-0.0282895, 1.0099416, 0.0210077],
     [0.0122982, -0.0204830, 1.3299098]]
)  # fmt: skip
"""Bradford's adaptation of D50, which profiles are relative to (B. J. Lindbloom's figures)."""
_ADOBE_TO_XYZ_D50: Final = np.array(
    [[0.6097559, 0.2052401, 0.1492240],
     [0.3111242, 0.6256560, 0.0632197],
     [0.0194811, 0.0608902, 0.7448387]]
)  # fmt: skip
"""Adobe RGB (1998), adapted to D50: what DCF calls the optional colour space, R03."""
_ADOBE_GAMMA: Final = 563.0 / 256.0

Curve = Callable[[Array], Array]


@dataclass(frozen=True)
class Profile:
    """What the codes of a picture mean.

    Attributes
    ----------
    name
        What messages call it.
    curves
        For each channel, share of the largest code to linear light, 0..1 to 0..1, rising.
    to_srgb
        From the channels' linear light to linear sRGB, (3, channels).
    """

    name: str
    curves: tuple[Curve, ...]
    to_srgb: Array

    def light(self, largest: int) -> NDArray[np.float32]:
        """Return linear light by code, float32 (channels, largest + 1)."""
        share = np.arange(largest + 1) / largest
        return np.stack([curve(share) for curve in self.curves]).astype(np.float32)

    def codes(self, largest: int) -> NDArray[np.float32]:
        """Return codes by the root of linear light, float32 (channels, SQUARES + 1)."""
        share = np.arange(_CURVE_STEPS + 1) / _CURVE_STEPS
        wanted = (np.arange(SQUARES + 1) / SQUARES) ** 2
        rows = []
        for curve in self.curves:
            lights = curve(share)
            # From the first code of a level on, so that what is black stays 0.
            rising = np.concatenate([[True], np.diff(np.maximum.accumulate(lights)) > 0.0])
            rows.append(np.interp(wanted, lights[rising], share[rising]) * largest)
        return np.stack(rows).astype(np.float32)


def srgb_curve(share: Array) -> Array:
    """Return linear light of sRGB codes, as shares of the largest (IEC 61966-2-1)."""
    return to_linear(255.0 * np.asarray(share, np.float64))


@cache
def srgb(channels: int = 3) -> Profile:
    """Return sRGB of three channels, or its grey."""
    if channels == 1:
        return Profile("sRGB grey", (srgb_curve,), np.ones((3, 1)))
    return Profile("sRGB", (srgb_curve,) * 3, np.eye(3))


@cache
def adobe_rgb() -> Profile:
    """Return Adobe RGB (1998), which cameras may mean without an embedded profile."""

    def curve(share: Array) -> Array:
        return np.asarray(share, np.float64) ** _ADOBE_GAMMA

    matrix = _SRGB_FROM_XYZ_D65 @ _D65_FROM_D50 @ _ADOBE_TO_XYZ_D50
    return Profile("Adobe RGB (1998)", (curve,) * 3, matrix)


def read_profile(data: bytes, channels: int, where: str) -> Profile:
    """Return what an embedded profile says.

    Parameters
    ----------
    data
        The profile.
    channels
        1 or 3, as the picture has.
    where
        What messages call the picture.

    Raises
    ------
    InputError
        It is damaged, of another colour space, or has no matrix and curves.
    """
    remedy = "Convert the photo to sRGB or Display P3 first."
    try:
        tags, space = _tags(data), data[16:20]
        name = _name(tags)
        wanted = b"GRAY" if channels == 1 else b"RGB "
        if space != wanted:
            got = f"{space.decode('latin-1').strip()} ({name})"
            rule = f"be for {wanted.decode().strip()} pixels"
            raise InputError(must(f"{where}: profile", rule, got, remedy=remedy))
        if channels == 1:
            return Profile(name, (_curve(tags[b"kTRC"]),), np.ones((3, 1)))
        missing = [key for key in _RGB_TAGS if key not in tags]
        if missing:
            got = f"one of tables alone ({name})"
            raise InputError(
                must(f"{where}: profile", "have a matrix and curves", got, remedy=remedy)
            )
        curves = tuple(_curve(tags[key]) for key in _RGB_TAGS[:3])
        matrix = np.stack([_xyz(tags[key]) for key in _RGB_TAGS[3:]], axis=1)
    except (struct.error, KeyError, IndexError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            must(f"{where}: profile", "be an ICC profile that is whole", "a damaged one",
                 remedy="Embed it anew, or leave it out for sRGB.")
        ) from error  # fmt: skip
    return Profile(name, curves, _SRGB_FROM_XYZ_D65 @ _D65_FROM_D50 @ matrix)


_RGB_TAGS: Final = (b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ")


def _tags(data: bytes) -> dict[bytes, bytes]:
    """Return the data of each tag."""
    if data[36:40] != b"acsp":
        raise ValueError("no signature")
    (count,) = struct.unpack_from(">I", data, _HEADER)
    tags = {}
    for k in range(min(count, 1000)):
        key, offset, size = struct.unpack_from(">4sII", data, _HEADER + 4 + 12 * k)
        tags[key] = data[offset : offset + size]
    return tags


def _name(tags: dict[bytes, bytes]) -> str:
    """Return what a profile calls itself."""
    text = tags.get(b"desc", b"")
    if text[:4] == b"mluc":
        size, offset = struct.unpack_from(">II", text, 20)
        return text[offset : offset + size].decode("utf-16-be", "replace")
    if text[:4] == b"desc":
        (size,) = struct.unpack_from(">I", text, 8)
        return text[12 : 12 + max(size - 1, 0)].decode("latin-1")
    return "no name"


def _xyz(tag: bytes) -> Array:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536.0


def _curve(tag: bytes) -> Curve:
    """Return a tone curve: curveType (10.6) or parametricCurveType (10.18)."""
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("no curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda share: np.asarray(share, np.float64)
    if count == 1:
        gamma = struct.unpack_from(">H", tag, 12)[0] / 256.0
        return lambda share: np.asarray(share, np.float64) ** gamma
    table = np.frombuffer(tag, ">u2", count, 12).astype(np.float64) / 65535.0
    table = np.maximum.accumulate(table)
    places = np.arange(count) / (count - 1)
    return lambda share: np.interp(share, places, table)


def _parametric(tag: bytes) -> Curve:
    """Return y = (a x + b)^g + e for x >= d, and c x + f below; functions 0 to 4."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    counts = (1, 3, 4, 5, 7)
    values = [v / 65536.0 for v in struct.unpack_from(f">{counts[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = values + [0.0] * (7 - len(values))
    if kind == 0:
        a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    elif kind in (1, 2):
        # Below -b / a it is level: 0, or the offset c of function 2, which is `e` and `f` here.
        e = f = values[3] if kind == 2 else 0.0
        c, d = 0.0, -b / a
    elif kind == 3:
        e = f = 0.0

    def curve(share: Array) -> Array:
        x = np.asarray(share, np.float64)
        high = np.maximum(a * x + b, 0.0) ** g + e
        level: Array = np.clip(np.where(x >= d, high, c * x + f), 0.0, 1.0)
        return level

    return curve
