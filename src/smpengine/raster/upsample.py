"""One level into the next finer one, by the quintic B-spline subdivision mask."""

from __future__ import annotations

import numpy as np
from numba import njit

# Even samples: (6 20 6) / 32, odd ones: (1 15 15 1) / 32. All are exact in float32.
_EVEN_SIDE = np.float32(6.0 / 32.0)
_EVEN_MID = np.float32(20.0 / 32.0)
_ODD_SIDE = np.float32(1.0 / 32.0)
_ODD_MID = np.float32(15.0 / 32.0)


@njit(nogil=True, cache=True)
def upsample_tile(
    coarse, coarse_row0, coarse_col0, row0, col0, height, width, planes, column, line
):
    """Interpolate a tile's planes from the next coarser level, overwriting them.

    Parameters
    ----------
    coarse
        Float32 (channels, rows, cols): the coarser level.
    coarse_row0, coarse_col0
        Absolute index of its first sample.
    row0, col0, height, width
        The tile, absolute, in samples of the finer level.
    planes
        Float32 (channels, TILE, TILE).
    column, line
        Scratch, float32 (TILE,) and (TILE + 2,) or longer.
    """
    first = col0 // 2 - 1  # absolute coarse column that the tile's first sample needs
    count = (col0 + width - 1) // 2 + 2 - first + 1
    left = first - coarse_col0
    shift = col0 - 2 * (first + 1)  # 1 where the tile starts at an odd sample
    for c in range(coarse.shape[0]):
        for j in range(height):
            i = (row0 + j) // 2 - coarse_row0
            if (row0 + j) % 2 == 0:
                for k in range(count):
                    side = coarse[c, i - 1, left + k] + coarse[c, i + 1, left + k]
                    column[k] = side * _EVEN_SIDE + coarse[c, i, left + k] * _EVEN_MID
            else:
                for k in range(count):
                    side = coarse[c, i - 1, left + k] + coarse[c, i + 2, left + k]
                    mid = coarse[c, i, left + k] + coarse[c, i + 1, left + k]
                    column[k] = side * _ODD_SIDE + mid * _ODD_MID
            for k in range(count - 3):
                side = column[k] + column[k + 2]
                line[2 * k] = side * _EVEN_SIDE + column[k + 1] * _EVEN_MID
                side = column[k] + column[k + 3]
                line[2 * k + 1] = side * _ODD_SIDE + (column[k + 1] + column[k + 2]) * _ODD_MID
            for k in range(width):
                planes[c, j, k] = line[k + shift]
