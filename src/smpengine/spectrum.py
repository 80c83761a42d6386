"""A window of a scene in any number of bands: three at a time, and their colour by the observer.

bands by threes -> reflectance (picture.py) -> linear sRGB, summed -> picture (image/tone.py)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import COLOURS, EXPOSURE
from smpengine.image.observer import check_illuminant, linear_srgb_weights
from smpengine.picture import draw_picture
from smpengine.raster.splats import PixelWindow
from smpengine.resident import bring
from smpengine.scene import Scene, Skin
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
    coloured = output in COLOURS
    check_illuminant(illuminant)
    weights = linear_srgb_weights(scene.skin.lambda_nm, illuminant) if coloured else None
    parts, progress = list(_parts(window)), workers.progress
    scenes = list(_by_threes(scene))
    residents = [bring(group, device) for group, _ in scenes]  # once, however many parts
    total, done = len(parts) * len(scenes), 0
    for part in parts:
        row = part.row0 - window.row0
        target = out[row : row + part.height]
        light = np.zeros((part.height, part.width, 3), np.float32)
        for (group, index), resident in zip(scenes, residents, strict=True):
            step = Workers(workers.threads, workers.cancel)
            bands = np.empty_like(light)
            kind = output if not coloured else "linear"
            draw_picture(group, device, px_per_mm, part, kind, None, bands, step, resident)
            if weights is None:
                target[..., index] = bands
            else:
                for b in range(len(set(index))):  # in this order: a matrix product has its own
                    light += bands[..., b, None] * weights[:, index[b]].astype(np.float32)
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


def _by_threes(scene: Scene) -> Iterator[tuple[Scene, list[int]]]:
    """Divide a scene into scenes of three bands, and say which of its own those are.

    The last band fills up what is left over.
    """
    table, own = scene.skin.table, scene.skin.lambda_nm
    assert table is not None
    for group in table.groups():
        skin = Skin(table=group)
        index = [own.index(lambda_nm) for lambda_nm in skin.lambda_nm]
        yield scene.in_bands(skin, index), index


def _parts(window: PixelWindow) -> Iterator[PixelWindow]:
    """Divide a window into bands of whole rows."""
    rows = max(_AT_ONCE_PX // window.width, 1)
    for row in range(0, window.height, rows):
        height = min(rows, window.height - row)
        yield PixelWindow(window.row0 + row, window.col0, height, window.width)
