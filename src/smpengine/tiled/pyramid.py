"""Levels of a pyramid in one pass over the rows: means of 2 x 2 pixels in linear light.

In linear light, for a dark dot in light skin would come out too dark as a mean of sRGB codes, and
the picture would grow darker as one zooms out; with tables it costs no more. All is done in
integers, from aligned pairs of rows, so no bit depends on where bands begin. At an odd edge the
last row or column is taken twice.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.verdict.picture import to_codes, to_linear

Image = NDArray[Any]


@functools.cache
def tables(depth_bits: int) -> tuple[NDArray[np.uint32], Image]:
    """Return codes to linear light in integers, and back.

    The finest step of a code is over one step of linear light, so an even area keeps its code.
    """
    top, linear_top = 2**depth_bits - 1, 2 ** (16 if depth_bits == 8 else 20) - 1
    linear = to_linear(np.arange(top + 1) * (255.0 / top))
    back = to_codes(np.arange(linear_top + 1) / linear_top) / 255.0
    dtype = np.uint8 if depth_bits == 8 else np.uint16
    return (
        np.floor(linear * linear_top + 0.5).astype(np.uint32),
        np.floor(back * top + 0.5).astype(dtype),
    )


@njit(nogil=True, cache=True)
def _halve(rows, forth, back, out):
    last_row, last_col = rows.shape[0] - 1, rows.shape[1] - 1
    for j in range(out.shape[0]):
        j0, j1 = 2 * j, min(2 * j + 1, last_row)
        for i in range(out.shape[1]):
            i0, i1 = 2 * i, min(2 * i + 1, last_col)
            for c in range(out.shape[2]):
                total = forth[rows[j0, i0, c]] + forth[rows[j0, i1, c]]
                total += forth[rows[j1, i0, c]] + forth[rows[j1, i1, c]]
                out[j, i, c] = back[(total + np.uint32(2)) >> np.uint32(2)]


def halved(rows: Image) -> Image:
    """Return the means of 2 x 2 pixels; odd edges count twice."""
    height, width, channels = rows.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2, channels), rows.dtype)
    _halve(rows, *tables(8 * rows.dtype.itemsize), out)
    return out


def level_sizes(height: int, width: int, smallest_px: int) -> list[tuple[int, int]]:
    """Return (height, width) of all levels, down to one that is at most so large."""
    sizes = [(height, width)]
    while max(sizes[-1]) > smallest_px:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


class Pyramid:
    """Takes rows from the top down, gives rows of whole tiles of every level.

    Parameters
    ----------
    sizes
        Of all levels.
    tile_px
        Side of a tile, even.
    """

    def __init__(self, sizes: list[tuple[int, int]], tile_px: int) -> None:
        self._sizes = sizes
        self._tile_px = tile_px
        self.pending: list[list[Image]] = [[] for _ in sizes]
        self.given = [0] * len(sizes)

    def add(self, rows: Image, level: int = 0) -> list[tuple[int, int, Image]]:
        """Return (level, row of tiles, its pixels) of all that these rows complete."""
        pending = self.pending[level]
        pending.append(rows)
        have = sum(len(part) for part in pending)
        height = self._sizes[level][0]
        ends = self.given[level] + have == height
        take = have if ends else have // self._tile_px * self._tile_px
        if not take:
            return []
        whole = pending[0] if len(pending) == 1 else np.concatenate(pending)
        self.pending[level] = [whole[take:].copy()] if take < have else []
        first = self.given[level] // self._tile_px
        self.given[level] += take
        found = [
            (level, first + k, whole[start : min(start + self._tile_px, take)])
            for k, start in enumerate(range(0, take, self._tile_px))
        ]
        if level + 1 < len(self._sizes):
            found += self.add(halved(whole[:take]), level + 1)
        return found

    def state(self) -> dict[str, Image]:
        """Return what is pending, by which a later run goes on."""
        state: dict[str, Image] = {"given": np.array(self.given)}
        for level, parts in enumerate(self.pending):
            if parts:
                state[f"pending_{level}"] = np.concatenate(parts)
        return state

    def restore(self, state: dict[str, Image]) -> None:
        """Go on from such a state."""
        self.given = [int(given) for given in state["given"]]
        for level in range(len(self._sizes)):
            rows = state.get(f"pending_{level}")
            self.pending[level] = [] if rows is None else [rows]
