"""Faults of dots that are placed already: run together, spread, mirrored.

Each says which part of the scalp it has to see to be right in a box, so that windows stay exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.impressions import COLUMNS, Impressions
from smpengine.philox import philox, salted_key, uniform

Box = tuple[float, float, float, float]

REACH_MM: Final = 1.0
"""A dot runs together with a neighbour no further than this."""
MERGED_SHARE: Final = 0.6
MIGRATED_SHARE: Final = 0.35
MIGRATED_FACTOR: Final = (2.0, 3.5)
MILD_FACTOR: Final = 1.25
MIGRATED_DEPTH_MM: Final = 0.10
MAX_RADIUS_MM: Final = 0.5
MAX_DEPTH_MM: Final = 2.5
"""The schema's limits: no fault makes a deposit that a plan could not say."""

_SLACK_MM: Final = 1e-6  # far more than coordinates round by
_MERGED_SALT: Final = 1
_MIGRATED_SALT: Final = 2


@dataclass(frozen=True)
class Misplacing:
    """A fault of placed dots.

    Attributes
    ----------
    apply
        Impressions, extent in mm and seed to impressions.
    source
        Box and extent to the box whose impressions `apply` must be given to be right in the first.
    """

    apply: Callable[[Impressions, tuple[float, float], int], Impressions]
    source: Callable[[Box, tuple[float, float]], Box]


def inside(dots: Impressions, box: Box) -> Impressions:
    """Return the rows with x0 <= x < x1 and y0 <= y < y1."""
    x, y = dots.x_mm, dots.y_mm
    return dots.rows((x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3]))


def place_words(dots: Impressions, seed: int, salt: int) -> NDArray[np.float64]:
    """Return two numbers over 0 and under 1 for each dot, of seed and place alone.

    Parameters
    ----------
    dots
        Their x_mm and y_mm, to the last bit, are the counter.
    seed
        0 to 2^63 - 1.
    salt
        Tells one use from another.

    Returns
    -------
    ndarray
        Float64 (n, 2).
    """
    out = np.empty((len(dots), 2))
    bits = (np.ascontiguousarray(column).view(np.uint64) for column in (dots.x_mm, dots.y_mm))
    _place_words(*bits, *salted_key(seed, salt), out)
    return out


@njit(nogil=True, cache=True)
def _place_words(x_bits, y_bits, key0, key1, out):
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for n in range(x_bits.shape[0]):
        x, y = x_bits[n], y_bits[n]
        w0, w1, _, _ = philox(x & low, x >> half, y & low, y >> half, key0, key1)
        out[n, 0], out[n, 1] = uniform(w0), uniform(w1)


def _merge(dots: Impressions, _extent_mm: tuple[float, float], seed: int) -> Impressions:
    """Strikes too close to one that is there: pairs and triples run into blots, with gaps between.

    Assumed: six dots in ten are moved, each straight towards the nearest dot of the others, of its
    own or an earlier session and within 1 mm, until the discs touch. The others stay, so an
    earlier session stays as it is when a later one comes.
    """
    if not len(dots):
        return dots
    stays = place_words(dots, seed, _MERGED_SALT)[:, 0] >= MERGED_SHARE
    kept = np.flatnonzero(stays)
    column, row = (np.floor(v / REACH_MM).astype(np.int64) for v in (dots.x_mm, dots.y_mm))
    column -= column.min() - 1  # so that a cell's neighbours have numbers too
    row -= row.min() - 1
    columns = int(column.max()) + 2
    cell = row * columns + column
    order = kept[np.argsort(cell[kept], kind="stable")]
    x, y = dots.x_mm.copy(), dots.y_mm.copy()
    _pull(
        dots.x_mm, dots.y_mm, dots.radius_mm, dots.session, stays, cell, columns,
        order, cell[order], x, y,
    )  # fmt: skip
    return _replaced(dots, x_mm=x, y_mm=y)


@njit(nogil=True, cache=True)
def _pull(x, y, radius, session, stays, cell, columns, order, cells, out_x, out_y):
    """Move each dot that does not stay until it touches the nearest one that does."""
    for n in range(x.shape[0]):
        if stays[n]:
            continue
        best, best2 = -1, REACH_MM * REACH_MM
        for down in range(-1, 2):
            middle = cell[n] + down * columns
            first = np.searchsorted(cells, middle - 1)
            last = np.searchsorted(cells, middle + 2)
            for k in range(first, last):
                m = order[k]
                dx, dy = x[m] - x[n], y[m] - y[n]
                distance2 = dx * dx + dy * dy
                if session[m] <= session[n] and distance2 < best2:
                    best, best2 = m, distance2
        touching = radius[n] + radius[best]
        if best >= 0 and best2 > touching * touching:
            share = touching / math.sqrt(best2)  # of the way back from that dot
            out_x[n] = x[best] - (x[best] - x[n]) * share
            out_y[n] = y[best] - (y[best] - y[n]) * share


def _merge_source(box: Box, _extent_mm: tuple[float, float]) -> Box:
    # A dot comes from within the reach, and went to a dot within the reach of where it was.
    return _widened(box, 2.0 * REACH_MM + _SLACK_MM)


def _migrate(dots: Impressions, _extent_mm: tuple[float, float], seed: int) -> Impressions:
    """Pigment that wandered sideways in skin that was overworked: hazy blotches among soft dots.

    Assumed: one dot in three (0.35) has 2 to 3.5 times its radius, at most 0.5 mm, and lies 0.1 mm
    deeper; the others have 1.25 times. The mass of pigment of each stays.
    """
    words = place_words(dots, seed, _MIGRATED_SALT)
    far = words[:, 0] < MIGRATED_SHARE
    low, high = MIGRATED_FACTOR
    factor = np.where(far, low + (high - low) * words[:, 1], MILD_FACTOR)
    factor = np.clip(factor, 1.0, np.maximum(MAX_RADIUS_MM / dots.radius_mm, 1.0))
    sunk = np.where(far, dots.depth_mm + MIGRATED_DEPTH_MM, dots.depth_mm)
    return _replaced(
        dots,
        radius_mm=dots.radius_mm * factor,
        depth_mm=np.minimum(sunk, np.maximum(MAX_DEPTH_MM, dots.depth_mm)),
        mua_per_mm=dots.mua_per_mm / factor[:, None] ** 2,
    )


def _mirror(dots: Impressions, extent_mm: tuple[float, float], _seed: int) -> Impressions:
    """One half copied onto the other: the eye finds the axis, and every dot its twin.

    Nothing is assumed: what is right of the middle goes, and each dot on the left has a twin at
    width - x that is like it in all else. A session's twins follow its dots.
    """
    width = extent_mm[0]
    left = dots.rows(dots.x_mm < 0.5 * width)
    twins = _replaced(left, x_mm=width - left.x_mm)
    both = {name: np.concatenate([getattr(left, name), getattr(twins, name)]) for name in COLUMNS}
    return Impressions(**both).rows(np.argsort(both["session"], kind="stable"))


def _mirror_source(box: Box, extent_mm: tuple[float, float]) -> Box:
    x0, y0, x1, y1 = box
    twin0, twin1 = extent_mm[0] - x1 - _SLACK_MM, extent_mm[0] - x0 + _SLACK_MM
    return min(x0, twin0), y0, max(x1, twin1), y1


def _as_it_is(box: Box, _extent_mm: tuple[float, float]) -> Box:
    return box


def _widened(box: Box, by_mm: float) -> Box:
    return box[0] - by_mm, box[1] - by_mm, box[2] + by_mm, box[3] + by_mm


def _replaced(dots: Impressions, **columns: NDArray[np.float64]) -> Impressions:
    """Return impressions with some of their columns changed."""
    return Impressions(**{name: columns.get(name, getattr(dots, name)) for name in COLUMNS})


MERGED: Final = Misplacing(_merge, _merge_source)
INK_MIGRATION: Final = Misplacing(_migrate, _as_it_is)
MIRRORED: Final = Misplacing(_mirror, _mirror_source)
