"""Which deposits of one scene are those of another: what an edit, or a plan, left as it was."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import SceneError, must
from smpengine.impressions import COLUMNS
from smpengine.scene import Scene

_NONE = -1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""Fibonacci hashing: the highest bits of the product depend on all of a number's."""


def same_rows(before: Scene, after: Scene) -> NDArray[np.intp]:
    """Return of each deposit of a scene the row of one that is the same in another; -1 for none."""
    old, new = before.deposits, after.deposits
    if not len(old) or old.mua_per_mm.shape[1] != new.mua_per_mm.shape[1]:
        return np.full(len(new), _NONE, np.intp)
    found = np.arange(len(new))
    if len(old) != len(new) or not np.array_equal(old.x_mm, new.x_mm):
        found = _at_same_place(old.x_mm, old.y_mm, new.x_mm, new.y_mm)
    for name in COLUMNS:
        mine, theirs = getattr(new, name), getattr(old, name)
        if mine.ndim == 2:
            for band in range(mine.shape[1]):
                _drop_others(found, mine[:, band], theirs[:, band])
        else:
            _drop_others(found, mine, theirs)
    return found


@njit(nogil=True, cache=True)
def _at_same_place(old_x, old_y, new_x, new_y):
    """Return of each place the last row of an equal one among others; -1 for none.

    Dots lie on the fine lattice of a tile that repeats, so their x alone is that of many. By a
    table of hashes with open addressing: sorting both takes three times as long.
    """
    bits = 4
    while (1 << bits) < 2 * old_x.shape[0]:
        bits += 1
    shift = np.uint64(64 - bits)
    rows = np.full(1 << bits, -1, np.int64)
    x, y = old_x.view(np.uint64), old_y.view(np.uint64)
    for n in range(x.shape[0]):
        rows[_probe(rows, x, y, x[n], y[n], shift)] = n
    found = np.full(new_x.shape[0], -1, np.int64)
    x_wanted, y_wanted = new_x.view(np.uint64), new_y.view(np.uint64)
    for n in range(x_wanted.shape[0]):
        found[n] = rows[_probe(rows, x, y, x_wanted[n], y_wanted[n], shift)]
    return found


@njit(nogil=True, cache=True)
def _probe(rows, x, y, x_wanted, y_wanted, shift):
    """Return where in a table the row of a place is, or would go."""
    mask = np.uint64(rows.shape[0] - 1)
    hashed = ((x_wanted * _GOLDEN) ^ (x_wanted >> np.uint64(32)) ^ y_wanted) * _GOLDEN
    at = hashed >> shift
    while rows[at] != -1 and (x[rows[at]] != x_wanted or y[rows[at]] != y_wanted):
        at = (at + np.uint64(1)) & mask
    return at


@njit(nogil=True, cache=True)
def _drop_others(found, mine, theirs):
    """Set to -1 the rows of those whose values differ."""
    for n in range(found.shape[0]):
        if found[n] >= 0 and mine[n] != theirs[found[n]]:
            found[n] = -1


def rows_of(rows: ArrayLike, count: int) -> NDArray[np.intp]:
    """Return the numbers of rows that are given so, or as a mask.

    Raises
    ------
    SceneError
        A row is none.
    """
    given = np.asarray(rows)
    if given.dtype == np.bool_ and given.shape == (count,):
        return np.flatnonzero(given)
    whole = given.ndim <= 1 and (given.size == 0 or given.dtype.kind in "iu")
    given = np.atleast_1d(given)
    if not whole or (given.size and (given.min() < 0 or given.max() >= count)):
        rule = f"be row numbers from 0 to {count - 1}, or a mask of {count}"
        raise SceneError(must("rows", rule, repr(rows)[:60]))
    return given.astype(np.intp)
