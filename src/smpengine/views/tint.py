"""The maps of a complexion on a head: melanin and blood in patches, spots, scars, where they lie.

Maps belong to places of the scalp, and a block's chart is not the scalp's. So they are drawn in the
plan's own chart, over what a block shows, and read where its pixels lie. Relief is left to the
grain of `shade.py`, which belongs to the head.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.raster import cpu
from smpengine.raster.splats import Gaussians, PixelWindow
from smpengine.scene import BANDS, Scene
from smpengine.surface.head import Surface
from smpengine.texture.maps import maps_of
from smpengine.workers import Workers

_MOST_PX: Final = 1024
"""Maps of a block have no more samples along a side: near its lowest point a chart runs wide."""
_LEAST_SIGMA_PX: Final = 0.75
"""What is narrower is drawn so wide and as much paler: the mean is kept, and nothing aliases."""


class Tint:
    """The maps of a scene's complexion.

    Parameters
    ----------
    scene
        Its skin has a complexion.
    place_mm
        Of the crown in the scene.
    surface
        Of its head.
    px_per_mm
        Of the view.
    """

    def __init__(
        self, scene: Scene, place_mm: tuple[float, float], surface: Surface, px_per_mm: float
    ) -> None:
        self._scene = replace(scene, light=None)  # what falls on the head is shaded there
        self._crown, self._surface, self._px_per_mm = place_mm, surface, px_per_mm

    def lay_over(
        self, points: NDArray[np.float64], shown: NDArray[np.bool_], image: NDArray[np.float32]
    ) -> None:
        """Lay the maps over a block's pixels, in place.

        Parameters
        ----------
        points
            On the head, (height, width, 3), mm.
        shown
            Which pixels show it, bool (height, width).
        image
            Float32 (height, width, 3).
        """
        x, y = self._surface.in_chart(points[shown])
        x, y = x + self._crown[0], y + self._crown[1]
        widest = max(float(np.ptp(x)), float(np.ptp(y)), 1.0)
        scale = self._px_per_mm
        while scale * widest > _MOST_PX:
            scale *= 0.5
        left, top = (math.floor(float(v.min()) * scale) - 2 for v in (x, y))
        right, bottom = (math.floor(float(v.max()) * scale) + 3 for v in (x, y))
        window = PixelWindow(top, left, bottom - top, right - left)
        field = np.empty((window.height, window.width, len(BANDS)), np.float32)
        marks = _softened(maps_of(self._scene, scale, window))
        cpu.rasterise(marks, window, field, Workers(1), mapped=False)
        pixels = image[shown]
        _read(x * scale - 0.5 - left, y * scale - 0.5 - top, field, pixels)
        image[shown] = pixels


def _softened(marks: Gaussians) -> Gaussians:
    """Return marks that are no narrower than samples can show, their mass kept."""
    sigma = np.maximum(marks.sigma_px, np.float32(_LEAST_SIGMA_PX))
    peak = marks.peak * ((marks.sigma_px / sigma) ** 2)[:, None]
    return Gaussians(marks.x_px, marks.y_px, sigma, np.ascontiguousarray(peak, np.float32))


@njit(nogil=True, cache=True)
def _read(x, y, field, pixels):
    """Multiply pixels by exp(-field) at places, linear between samples."""
    rows, cols, bands = field.shape
    for n in range(x.shape[0]):
        j, i = math.floor(y[n]), math.floor(x[n])
        j, i = min(max(j, 0), rows - 2), min(max(i, 0), cols - 2)
        v, u = y[n] - j, x[n] - i
        for b in range(bands):
            upper = field[j, i, b] * (1.0 - u) + field[j, i + 1, b] * u
            lower = field[j + 1, i, b] * (1.0 - u) + field[j + 1, i + 1, b] * u
            pixels[n, b] *= math.exp(-(upper * (1.0 - v) + lower * v))
