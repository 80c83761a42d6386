"""From subpixels to pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_QUARTER = np.float32(0.25)


@njit(nogil=True, cache=True)
def reduce_samples(samples, height, width, halvings):
    """Average 2^halvings x 2^halvings samples into each pixel, in pairs, in one fixed order.

    Parameters
    ----------
    samples
        Float32 (rows, cols, bands); overwritten by the pixels, from the first corner on.
    height, width
        The part that is used, in samples: multiples of 2^halvings.
    halvings
        How often rows and columns are halved, >= 0.
    """
    bands = samples.shape[2]
    for _ in range(halvings):
        height //= 2
        width //= 2
        for j in range(height):
            for i in range(width):
                for c in range(bands):
                    upper = samples[2 * j, 2 * i, c] + samples[2 * j, 2 * i + 1, c]
                    lower = samples[2 * j + 1, 2 * i, c] + samples[2 * j + 1, 2 * i + 1, c]
                    samples[j, i, c] = (upper + lower) * _QUARTER


def halve(image: NDArray[Any], halvings: int) -> NDArray[Any]:
    """Average pixels 2 x 2, so many times, in the order of `reduce_samples`."""
    for _ in range(halvings):
        upper = image[::2, ::2] + image[::2, 1::2]
        lower = image[1::2, ::2] + image[1::2, 1::2]
        image = (upper + lower) * image.dtype.type(0.25)
    return image
