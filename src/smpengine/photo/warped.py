"""Charts brought to a photograph's pixels, block by block: what is shared by uneven grounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.picture import draw_picture
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene
from smpengine.workers import Workers

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]

BLOCK_PX: Final = 192
"""Side of a block; blocks are anchored to the photograph."""
PIXEL_VARIANCE: Final = 0.39**2
"""Of the filter that `views.warp` averages with, in pixels."""
MOST_SIDE: Final = 4096
"""Of a mask on a chart, in samples."""

Drawn = Callable[[PixelWindow], Float32]


def drawn_in_blocks(window: PixelWindow, block: Drawn, workers: Workers) -> Float32:
    """Return a window of the photograph, of whole blocks that are each drawn by one thread."""
    out = np.ones((window.height, window.width, 3), np.float32)
    rows = range(window.row0 // BLOCK_PX, -(-(window.row0 + window.height) // BLOCK_PX))
    cols = range(window.col0 // BLOCK_PX, -(-(window.col0 + window.width) // BLOCK_PX))
    places = [(row * BLOCK_PX, col * BLOCK_PX) for row in rows for col in cols]

    def work(job: int, _: None) -> None:
        row0, col0 = places[job]
        top, left = max(row0, window.row0), max(col0, window.col0)
        bottom = min(row0 + BLOCK_PX, window.row0 + window.height)
        right = min(col0 + BLOCK_PX, window.col0 + window.width)
        part = block(PixelWindow(row0, col0, BLOCK_PX, BLOCK_PX))
        out[top - window.row0 : bottom - window.row0, left - window.col0 : right - window.col0] = (
            part[top - row0 : bottom - row0, left - col0 : right - col0]
        )

    workers.each(len(places), work, lambda: None)
    return out


def through_chart(scene: Scene, device: str, px_per_mm: float, window: PixelWindow) -> Float32:
    """Return what pigment lets through over a window of a chart."""
    out = np.empty((window.height, window.width, 3), np.float32)
    draw_picture(scene, device, px_per_mm, window, "absorbance", None, out, Workers(1))
    np.negative(out, out=out)
    return np.exp(out, out=out)


def sampled(mask: Float32, x_px: Array, y_px: Array) -> Float32:
    """Return a mask at places of the photograph, linear between centres of pixels; 0 beyond."""
    import cv2

    # OpenCV's own places are those of centres.
    at = (x_px - 0.5).astype(np.float32), (y_px - 0.5).astype(np.float32)
    found: Float32 = cv2.remap(mask, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return found


def chart_grid(box_mm: tuple[float, float, float, float], step_mm: float) -> tuple[Array, Array]:
    """Return the middles of cells that fill a box of the chart, x and y, (rows, columns) each."""
    axes = []
    for low, high in zip(box_mm[:2], box_mm[2:], strict=True):
        count = max(int(np.ceil((high - low) / step_mm)), 2)
        axes.append(low + (np.arange(count) + 0.5) * ((high - low) / count))
    x, y = np.meshgrid(*axes)
    return x, y
