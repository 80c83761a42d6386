"""From a tile to where it is kept: the picture, or the field of its level."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine import lanes
from smpengine.lanes import LANES, splat
from smpengine.moves import fence, pointer, store_streamed
from smpengine.raster.grid import GROUP, GROUP_PITCH, GROUP_SIZE, PLANE_PITCH, PLANE_SIZE

STREAM_BYTES = 64 * 2**20
"""A picture of this size or more is written past the caches: it would not stay there anyway, and
reading each line before it is overwritten would cost as much as writing it."""


def stream_skew(image: NDArray[np.float32]) -> int:
    """Return by how many floats an image starts after a multiple of 64 bytes, or -1: do not stream.

    Only pages that are already mapped gain from it; that is for the caller to know.
    """
    if image.nbytes < STREAM_BYTES or image.shape[2] != GROUP:
        return -1
    return image.ctypes.data // 4 % LANES


@njit(nogil=True, cache=True)
def clear(tile, channels, top, height):
    """Set rows of a tile to nothing, those of all groups and planes."""
    zero, groups = splat(0.0), channels // GROUP
    room = pointer(tile)
    for g in range(groups):
        start = g * GROUP_SIZE + top * GROUP_PITCH
        for k in range(start, start + height * GROUP_PITCH, LANES):
            lanes.store(room, k, zero)
    for c in range(channels - groups * GROUP):
        start = groups * GROUP_SIZE + c * PLANE_SIZE + top * PLANE_PITCH
        for k in range(start, start + height * PLANE_PITCH, LANES):
            lanes.store(room, k, zero)


@njit(nogil=True, cache=True)
def into_image(tile, top, left, height, width, flat, shape, row0, col0, skew):
    """Copy a part of a tile into an image, (rows, columns, channels), that is flat.

    Parameters
    ----------
    tile, top, left, height, width
        The tile, and the part of it.
    flat, shape
        The image.
    row0, col0
        Where the part goes.
    skew
        See `stream_skew`.
    """
    tile, flat = pointer(tile), pointer(flat)
    _, columns, channels = shape
    if channels == GROUP:
        for j in range(height):
            source = (top + j) * GROUP_PITCH + left * GROUP
            target = ((row0 + j) * columns + col0) * GROUP
            _copy(tile, source, flat, target, width * GROUP, skew)
        if skew >= 0:
            fence()
        return
    groups = channels // GROUP
    for j in range(height):
        for i in range(width):
            target = ((row0 + j) * columns + col0 + i) * channels
            source = (top + j) * GROUP_PITCH + (left + i) * GROUP
            for c in range(groups * GROUP):
                flat[target + c] = tile[c // GROUP * GROUP_SIZE + source + c % GROUP]
            source = groups * GROUP_SIZE + (top + j) * PLANE_PITCH + left + i
            for c in range(groups * GROUP, channels):
                flat[target + c] = tile[source + (c - groups * GROUP) * PLANE_SIZE]


@njit(nogil=True, forceinline=True)
def _copy(tile, source, flat, target, count, skew):
    """Copy neighbours between pointers, past the caches where they fill whole lines."""
    done = 0
    if skew >= 0:
        head = min(-(target + skew) % LANES, count)
        while done < head:
            flat[target + done] = tile[source + done]
            done += 1
        while done + LANES <= count:
            store_streamed(flat, target + done, lanes.load(tile, source + done))
            done += LANES
    else:
        while done + LANES <= count:
            lanes.store(flat, target + done, lanes.load(tile, source + done))
            done += LANES
    while done < count:
        flat[target + done] = tile[source + done]
        done += 1


@njit(nogil=True, cache=True)
def into_level(tile, top, left, height, width, field, start, rows, columns, channels, row0, col0):
    """Copy a part of a tile into the field of its level: groups, then planes, whole.

    Parameters
    ----------
    tile, top, left, height, width
        The tile, and the part of it.
    field, start, rows, columns, channels
        Flat; where it begins; its shape.
    row0, col0
        Where the part goes.
    """
    tile, field = pointer(tile), pointer(field)
    groups = channels // GROUP
    for g in range(groups):
        base = start + g * GROUP * rows * columns
        for j in range(height):
            source = g * GROUP_SIZE + (top + j) * GROUP_PITCH + left * GROUP
            target = base + ((row0 + j) * columns + col0) * GROUP
            _copy(tile, source, field, target, width * GROUP, -1)
    for c in range(channels - groups * GROUP):
        base = start + (groups * GROUP + c) * rows * columns
        for j in range(height):
            source = groups * GROUP_SIZE + c * PLANE_SIZE + (top + j) * PLANE_PITCH + left
            _copy(tile, source, field, base + (row0 + j) * columns + col0, width, -1)
