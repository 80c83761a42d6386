"""Curves of SVG as points: all curves of a path at once, in arrays.

A curve is cut in eight, and each piece in two until it is near the line between its ends. One level
of halving is one step over all the pieces of all the curves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
At = Callable[[NDArray[np.intp], Floats], Floats]
"""From which curves, (m,), and where on them, 0 to 1, (m,), to places, (m, 2)."""

TOLERANCE_MM: Final = 0.02
"""A flattened curve is nowhere further from the true one."""
PIECES: Final = 8
_DEEPEST: Final = 16
_SHARES: Final = (0.25, 0.5, 0.75)


class TooManyPointsError(Exception):
    """Curves need more points than they may have."""


def flattened(curves: Sequence[Any], most: int) -> list[Floats]:
    """Return points of curves, so close that lines between them are near the curves.

    Parameters
    ----------
    curves
        Of svgelements: `CubicBezier`, `QuadraticBezier` or `Arc`; mm.
    most
        How many points they may have in all.

    Returns
    -------
    list of ndarray
        Float64 (n, 2), one for each curve: its points after its start.

    Raises
    ------
    TooManyPointsError
        They need more.
    """
    from svgelements import Arc, CubicBezier, QuadraticBezier

    out: list[Floats] = [np.empty((0, 2))] * len(curves)
    kinds = ((CubicBezier, _cubics), (QuadraticBezier, _quadratics), (Arc, _arcs))
    for kind, evaluated in kinds:
        places = [k for k, curve in enumerate(curves) if isinstance(curve, kind)]
        if not places:
            continue
        points = _halved(evaluated([curves[k] for k in places]), len(places), most)
        most -= sum(map(len, points))
        for k, each in zip(places, points, strict=True):
            out[k] = each
    return out


def _cubics(curves: Sequence[Any]) -> At:
    ends = np.array([[(p.x, p.y) for p in curve] for curve in curves], np.float64)

    def at(which: NDArray[np.intp], t: Floats) -> Floats:
        t = t[:, None]
        left = 1.0 - t
        p = ends[which]
        middle = left * left * t * p[:, 1] + t * t * left * p[:, 2]
        return np.asarray(left * left * left * p[:, 0] + 3.0 * middle + t * t * t * p[:, 3])

    return at


def _quadratics(curves: Sequence[Any]) -> At:
    ends = np.array([[(p.x, p.y) for p in curve] for curve in curves], np.float64)

    def at(which: NDArray[np.intp], t: Floats) -> Floats:
        t = t[:, None]
        left = 1.0 - t
        p = ends[which]
        return np.asarray(left * left * p[:, 0] + 2.0 * (left * t) * p[:, 1] + t * t * p[:, 2])

    return at


def _arcs(curves: Sequence[Any]) -> At:
    rows = np.array([_arc(curve) for curve in curves], np.float64)

    def at(which: NDArray[np.intp], t: Floats) -> Floats:
        cx, cy, a, b, cos_turn, sin_turn, first, sweep, *ends = rows[which].T
        angle = first + sweep * t
        cos, sin = np.cos(angle), np.sin(angle)
        x = cx + a * cos * cos_turn - b * sin * sin_turn
        y = cy + a * cos * sin_turn + b * sin * cos_turn
        # The ends are where the path says, to the last digit.
        x = np.where(t == 0.0, ends[0], np.where(t == 1.0, ends[2], x))
        y = np.where(t == 0.0, ends[1], np.where(t == 1.0, ends[3], y))
        return np.stack([x, y], axis=1)

    return at


def _arc(arc: Any) -> tuple[float, ...]:
    """Return centre, radii, cosine and sine of the turn, first angle, sweep, and both ends."""
    start, end = (arc.start.x, arc.start.y), (arc.end.x, arc.end.y)
    if arc.start == arc.end and arc.sweep == 0:
        return (*start, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, *start, *start)
    turn = float(arc.get_rotation())
    turned = math.cos(turn), math.sin(turn), float(arc.get_start_t()), float(arc.sweep)
    return (arc.center.x, arc.center.y, float(arc.rx), float(arc.ry), *turned, *start, *end)


def _halved(at: At, count: int, most: int) -> list[Floats]:
    """Return the points of `count` curves; `at` evaluates them."""
    ends = np.linspace(0.0, 1.0, PIECES + 1)
    which = np.repeat(np.arange(count), PIECES)
    t0, t1 = np.tile(ends[:-1], count), np.tile(ends[1:], count)
    a, b = at(which, t0), at(which, t1)
    done: list[tuple[NDArray[np.intp], Floats, Floats]] = []
    held = 0
    for deeper in range(_DEEPEST, -1, -1):
        if held + len(which) > most:
            raise TooManyPointsError
        between = [at(which, t0 + share * (t1 - t0)) for share in _SHARES]
        # Half of the tolerance at three places keeps all others within the whole of it.
        away = np.max([_from_line(p, a, b) for p in between], axis=0)
        near = (away <= 0.5 * TOLERANCE_MM) | (deeper == 0)
        done.append((which[near], t1[near], b[near]))
        held += int(near.sum())
        far = ~near
        if not far.any():
            break
        middle, t = between[1][far], 0.5 * (t0[far] + t1[far])
        which = np.concatenate([which[far], which[far]])
        t0, t1 = np.concatenate([t0[far], t]), np.concatenate([t, t1[far]])
        a, b = np.concatenate([a[far], middle]), np.concatenate([middle, b[far]])
    which, t1, b = (np.concatenate(parts) for parts in zip(*done, strict=True))
    order = np.lexsort((t1, which))
    return np.split(b[order], np.cumsum(np.bincount(which, minlength=count))[:-1])


def _from_line(p: Floats, a: Floats, b: Floats) -> Floats:
    """Return points' distances from segments, (m,)."""
    line, away = b - a, p - a
    length2 = (line * line).sum(axis=1)
    along = (away * line).sum(axis=1) / np.where(length2 > 0.0, length2, 1.0)
    t = np.where(length2 > 0.0, np.clip(along, 0.0, 1.0), 0.0)
    off = away - t[:, None] * line
    return np.hypot(off[:, 0], off[:, 1])
