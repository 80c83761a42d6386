"""Pigment alone, as a layer for other programs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smpengine.files import write_files
from smpengine.image import png
from smpengine.image.write import described, with_chunks, words
from smpengine.photo.marks import NOTICE
from smpengine.photo.photograph import LARGEST, Photograph


def overlay_of(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Return a layer that, laid over `before` by alpha, gives `after`.

    The layer is as transparent as it can be: alpha is the largest share that any channel lost, and
    the colour is what is left then,

        alpha = max(1 - after / before),   colour = (after - (1 - alpha) before) / alpha

    Alpha is rounded up, so that colours need not be below 0.

    Parameters
    ----------
    before, after
        Uint8 or uint16, (height, width, 3) or (height, width).

    Returns
    -------
    ndarray
        (height, width, 4) of the same dtype, alpha not premultiplied.
    """
    largest = LARGEST[before.dtype]
    three = (*before.shape[:2], 3)
    out = np.zeros((*three[:2], 4), before.dtype)
    rows = max(2**20 // before.shape[1], 1)
    for row in range(0, before.shape[0], rows):
        part = slice(row, row + rows)
        old, new = (
            np.broadcast_to(each[part].reshape(*each[part].shape[:2], -1),
                            (*each[part].shape[:2], 3)).astype(np.float64)
            for each in (before, after)
        )  # fmt: skip
        lost = np.where(new < old, 1.0 - new / np.maximum(old, 1.0), 0.0)
        # A channel that grain made brighter asks for a colour that is brighter still.
        gained = np.where(new > old, (new - old) / np.maximum(largest - old, 1.0), 0.0)
        alpha = np.ceil(np.maximum(lost, gained).max(-1, keepdims=True) * largest) / largest
        colour = np.clip((new - (1.0 - alpha) * old) / np.maximum(alpha, 1.0 / largest), 0, largest)
        out[part, :, :3] = np.where(alpha > 0.0, np.floor(colour + 0.5), 0.0)
        out[part, :, 3] = np.floor(alpha[..., 0] * largest + 0.5)
    return out


def write_overlay(
    path: str | Path, photo: Photograph, layer: NDArray[Any], metadata: Mapping[str, object]
) -> None:
    """Write a layer as a PNG, as it is displayed, with the photograph's profile.

    Raises
    ------
    OutputError
        It could not be written.
    """
    chunks = words(NOTICE, described(metadata))
    # A grey photograph's profile is for one channel, and a layer has three.
    if photo.carried.icc is not None and photo.channels == 3:
        chunks.append((b"iCCP", b"ICC profile\x00\x00" + zlib.compress(photo.carried.icc)))
    data = with_chunks(png.encode(layer), chunks)
    write_files({Path(path): lambda name: name.write_bytes(data)})
