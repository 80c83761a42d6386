"""A window of a scene in any number of bands: three at a time, and their colour by the observer.

bands by threes -> reflectance (picture.py) -> linear sRGB, summed -> picture (image/tone.py)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import EXPOSURE
from smpengine.image.observer import check_illuminant, linear_srgb_weights
from smpengine.picture import draw_picture
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.skintable import GROUP
from smpengine.workers import Workers

_AT_ONCE_PX: Final = 2**22
"""Of linear light that is held while the bands are summed."""


def draw_spectral(
    scene: Scene, device: str, px_per_mm: float, window: PixelWindow, output: str,
    exposure: float | None, illuminant: str, out: NDArray[Any], workers: Workers,
) -> None:  # fmt: skip
    """Draw a window into ``out``, overwriting it.

    Parameters
    ----------
    scene
        Its skin has a table of n bands.
    device, px_per_mm, window, exposure, workers
        As for `picture.draw_picture`.
    output
        "linear" and "absorbance" are (height, width, n); "srgb8" and "srgb16" (height, width, 3).
    illuminant
        That colours are seen under.

    Raises
    ------
    SceneError
        Too few bands for a colour, or an unknown illuminant.
    """
    coloured = output in ("srgb8", "srgb16")
    check_illuminant(illuminant)
    weights = linear_srgb_weights(scene.skin.lambda_nm, illuminant) if coloured else None
    parts, progress = list(_parts(window)), workers.progress
    scenes = list(_by_threes(scene))
    total, done = len(parts) * len(scenes), 0
    for part in parts:
        row = part.row0 - window.row0
        target = out[row : row + part.height]
        light = np.zeros((part.height, part.width, 3), np.float32)
        for k, group in enumerate(scenes):
            step = Workers(workers.threads, workers.cancel)
            bands = np.empty_like(light)
            kind = output if not coloured else "linear"
            draw_picture(group, device, px_per_mm, part, kind, None, bands, step)
            first = k * GROUP
            count = min(GROUP, len(scene.skin.lambda_nm) - first)
            if weights is None:
                target[..., first : first + count] = bands[..., :count]
            else:
                for b in range(count):  # in this order: a product of matrices has its own
                    light += bands[..., b, None] * weights[:, first + b].astype(np.float32)
            done += 1
            if progress is not None:
                progress(done, total)
        if coloured:
            _finish(light, target, part, EXPOSURE if exposure is None else exposure)


def _finish(
    light: NDArray[np.float32], out: NDArray[Any], part: PixelWindow, exposure: float
) -> None:
    from smpengine.image.tone import encode

    encode(light, np.ones(3), out, part.row0, part.col0, exposure, np.eye(3))


def _by_threes(scene: Scene) -> Iterator[Scene]:
    """Divide a scene into scenes of three bands; the last band fills up what is left over."""
    table = scene.skin.table
    assert table is not None
    last = len(table.bands) - 1
    for k in range(len(table.groups())):
        index = [min(k * GROUP + b, last) for b in range(GROUP)]
        yield scene.in_bands(Skin(table=table.group(k)), index)


def _parts(window: PixelWindow) -> Iterator[PixelWindow]:
    """Divide a window into bands of whole rows."""
    rows = max(_AT_ONCE_PX // window.width, 1)
    for row in range(0, window.height, rows):
        height = min(rows, window.height - row)
        yield PixelWindow(window.row0 + row, window.col0, height, window.width)
