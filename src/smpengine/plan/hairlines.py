"""Hairlines by name: curves from a few measures, and edges that are broken as hair's are.

A curve gives how far back (larger y) the line lies at u, -1 at its left end, 0 in its middle and 1
at its right end; it passes through the middle's place whatever the shape. All numbers here are
assumed, after how the shapes are spoken of, unless the plan gives them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.philox import normals, philox, salted_key, uniform

_EDGE_SALT: Final = 7
_ASYMMETRY_SALT: Final = 8
_STEPS: Final = 40  # straight pieces on each side of the middle
_WAVES: Final = 48
_PEAK_SHARE: Final = 0.3  # of half of the width: where a widow's peak meets the rest
_TEMPLE_SHARES: Final = (0.10, 0.09)  # of the width: half of a temple point's base, its height
_TIP: Final = 0.08  # its tip is round over this share of its half
_TILT_MM: Final = 1.0
_SWAY_MM: Final = 0.6


@dataclass(frozen=True)
class Shape:
    """A hairline's shape.

    Attributes
    ----------
    recession
        |u|, (n,), to the share of the recession, (n,), 0 in the middle.
    recession_mm
        How much further back the temples lie than the middle, if the plan does not say.
    peak_mm
        Height of the widow's peak likewise.
    """

    recession: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    recession_mm: float
    peak_mm: float = 0.0


def _rise(u: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
    """Return 0 up to `first`, 1 from `last` on, smooth in between."""
    t = np.clip((u - first) / (last - first), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


SHAPES: Final[dict[str, Shape]] = {
    # A shallow bow, as most hairlines that were never lost.
    "rounded": Shape(np.square, 9.0),
    # Level, only its corners are rounded.
    "straight": Shape(lambda u: _rise(u, 0.7, 1.15) / _rise(np.ones(1), 0.7, 1.15), 5.0),
    # A bow with a point in its middle; the recession counts from where the peak meets the bow.
    "widows-peak": Shape(np.square, 9.0, 7.0),
    # The middle stands, the temples went back and stay there.
    "receded": Shape(lambda u: _rise(u, 0.2, 0.95), 20.0),
    # The temples went back, the sides stand: the deepest place is at 0.62.
    "m-shape": Shape(lambda u: _rise(u, 0.1, 0.62) - 0.6 * _rise(u, 0.62, 1.0), 18.0),
}


def shape_curve(
    shape: str,
    centre_mm: tuple[float, float],
    width_mm: float,
    *,
    recession_mm: float | None = None,
    peak_mm: float | None = None,
    temple_points: bool = False,
    asymmetry: float = 0.0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return a hairline's curve.

    Parameters
    ----------
    shape
        A name of `SHAPES`.
    centre_mm
        (x, y) of its middle, through which it goes.
    width_mm
        From end to end, without temple points.
    recession_mm
        How much further back than the middle (than the foot of a widow's peak) the line lies where
        it lies furthest back; the shape's own when None.
    peak_mm
        Height of the widow's peak likewise.
    temple_points
        A triangle forward beside each end: 0.09 of the width high and 0.2 of it wide.
    asymmetry
        0 is the same on both sides to the last digits. At 1 one end lies 2 mm (standard deviation)
        further back than the other, and points between differ by 1 mm or so; other values in
        proportion. The middle stays.
    seed
        Of the asymmetry.

    Returns
    -------
    ndarray
        Float64 (n, 2): rising x, from left to right.
    """
    chosen = SHAPES[shape]
    recession = chosen.recession_mm if recession_mm is None else recession_mm
    peak = chosen.peak_mm if peak_mm is None else peak_mm
    u = np.linspace(0.0, 1.0, _STEPS + 1)
    back = recession * chosen.recession(u) + peak * _peak(u)
    if temple_points:
        half, height = (width_mm * share for share in _TEMPLE_SHARES)
        t = np.linspace(0.0, 2.0, 25)[1:]  # over the base, the point in its middle
        # A triangle whose feet and tip are round: hair draws no corners.
        forward = height * (0.35 * np.minimum(t, 2.0 - t) + 0.65 * np.sin(0.5 * math.pi * t) ** 2)
        u = np.concatenate([u, 1.0 + t * half / (0.5 * width_mm)])
        back = np.concatenate([back, back[-1] - forward])
    away = 0.5 * width_mm * u
    sway = asymmetry * _sway(np.minimum(u, 1.0), seed)
    x, y = centre_mm
    left = np.stack([x - away, y + back - sway], axis=1)[::-1]
    right = np.stack([x + away, y + back + sway], axis=1)
    return np.ascontiguousarray(np.concatenate([left, right[1:]]))


def _peak(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far behind the tip of a peak the line lies: a point, its tip a little rounded."""
    t = np.minimum(u / _PEAK_SHARE, 1.0)
    tip = np.sqrt(t * t + _TIP * _TIP) - _TIP
    raw = tip + 1.0 - (1.0 - t) ** 1.5  # the sides run out into the bow
    return np.asarray(raw / (math.hypot(1.0, _TIP) - _TIP + 1.0))


def _sway(u: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return how far back the right side lies, and the left one forward, at asymmetry 1, mm."""
    key = salted_key(seed, _ASYMMETRY_SALT)
    words = [philox(n, 0, 0, 0, *key) for n in range(2)]
    spread = [value for w in words for value in (*normals(w[0], w[1]), *normals(w[2], w[3]))]
    sway = _TILT_MM * spread[0] * u
    for k in (1, 2, 3):
        sway = sway + _SWAY_MM / k * spread[k] * np.sin(k * math.pi * u)
    return np.asarray(sway)


@dataclass(frozen=True)
class Edge:
    """How a hairline is broken.

    Attributes
    ----------
    amplitude_mm
        Standard deviation of the front's displacement, across the line.
    limit_mm
        Its largest.
    reach_mm
        Nothing lies further than this before the line; at least `limit_mm`.
    stray
        Share of the density that stray dots have at the line; it falls to nothing at the reach.
    waves
        Float64 (2, n, 4), from `edge_waves`: of the displacement, and of clusters.
    """

    amplitude_mm: float
    limit_mm: float
    reach_mm: float
    stray: float
    waves: NDArray[np.float64]


STYLES: Final[dict[str, tuple[float, float, float, float]]] = {
    "natural": (0.85, 2.2, 4.0, 0.25),
    "defined": (0.2, 0.4, 0.4, 0.0),
}
"""Amplitude, limit and reach in mm, and share of stray dots."""

_EDGE_WAVE_MM: Final = (2.0, 11.0)  # half of a wave is a cluster or a recess
_CLUSTER_WAVE_MM: Final = (1.5, 7.0)
_ROUGHNESS: Final = 0.4  # amplitude grows so with the wavelength: each scale shows


def edge_of(style: str, seed: int) -> Edge:
    """Return a style's edge; its fields belong to places on the scalp, whatever the line."""
    key = salted_key(seed, _EDGE_SALT)
    fields = [edge_waves(key, 0, _EDGE_WAVE_MM), edge_waves(key, 1, _CLUSTER_WAVE_MM)]
    return Edge(*STYLES[style], np.stack(fields))


def edge_waves(
    key: tuple[int, int], number: int, wave_mm: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the plane waves of a random field of unit variance with features at several scales.

    Parameters
    ----------
    key
        Two words of 32 bits.
    number
        Tells one field from another.
    wave_mm
        The shortest and the longest wave. Lengths are evenly spread over the logarithm, one wave to
        each step, directions and phases uniform.

    Returns
    -------
    ndarray
        Float64 (48, 4): wave vector (x, y) in rad/mm, phase, weight.
    """
    low, high = wave_mm
    waves = np.empty((_WAVES, 4))
    for n in range(_WAVES):
        along, within, phase, _ = (uniform(word) for word in philox(n, number, 0, 0, *key))
        length = low * (high / low) ** ((n + within) / _WAVES)
        angle = 2.0 * math.pi * along
        waves[n, 0] = 2.0 * math.pi / length * math.cos(angle)
        waves[n, 1] = 2.0 * math.pi / length * math.sin(angle)
        waves[n, 2] = 2.0 * math.pi * phase
        waves[n, 3] = length**_ROUGHNESS
    waves[:, 3] *= math.sqrt(2.0 / np.square(waves[:, 3]).sum())
    return waves
