"""One block of a view, by the stages: rays, chart, skin, pixels, light, background."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import CPU
from smpengine.image.tone import encode
from smpengine.picture import draw_picture
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene
from smpengine.surface.head import Surface
from smpengine.views.backdrop import wall
from smpengine.views.chart import Chart
from smpengine.views.rolled import Rolled
from smpengine.views.shade import fallen, mirrored_at_limb, shade
from smpengine.views.tint import Tint
from smpengine.views.view import View
from smpengine.views.warp import footprints, gather
from smpengine.window import FULL_SCALE_PX_PER_MM, halvings_for
from smpengine.workers import Workers

_FINER: Final = 1.25
"""A chart has at least so many samples to a pixel of the view, along either side."""


_APART_PX: Final = 8
_LONGER: Final = 1.5
_BEYOND_PX: Final = 64.0  # what chart windows and levels of Gaussians add


def _surface_of(scene: Scene) -> Surface:
    assert scene.surface is not None
    return scene.surface.surface


def chart_scale(px_per_mm: float) -> float:
    """Return the samples per mm of the charts of a view.

    Below 32 it is 32 halved so often that it is still fine enough: pixels are then means of
    samples at 32 per mm, where the same scale times 1.25 would ask for twice as many.
    """
    least = _FINER * px_per_mm
    if least > FULL_SCALE_PX_PER_MM:
        return least
    halvings = math.floor(math.log2(FULL_SCALE_PX_PER_MM / least))
    return math.ldexp(FULL_SCALE_PX_PER_MM, -halvings)


class Drawing:
    """A view of a scene, drawn block by block; may be used by several threads.

    Parameters
    ----------
    scene
        In three bands, with a surface.
    view
        Where it is seen from.
    px_per_mm, device, output, exposure
        As `render_view` has checked them.
    area
        What blocks will be asked for: only what can change those is laid on the head.
    workers
        Who lays it there.
    """

    def __init__(
        self, scene: Scene, view: View, px_per_mm: float, device: str, output: str,
        exposure: float, area: PixelWindow, workers: Workers,
    ) -> None:  # fmt: skip
        self._scale = chart_scale(px_per_mm)
        finest = math.ldexp(self._scale, halvings_for(self._scale)) if device == CPU else None
        self._px_per_mm = px_per_mm

        def shown(points: NDArray[np.float64], reach_mm: float) -> NDArray[np.bool_]:
            x, y = view.places_px(points, self._surface, px_per_mm).T
            # Aslant, from nearby, a distance on the head may be seen a quarter longer.
            margin = _LONGER * (reach_mm * px_per_mm + _BEYOND_PX)
            top, left = area.row0 - margin, area.col0 - margin
            bottom, right = area.row0 + area.height + margin, area.col0 + area.width + margin
            inside: NDArray[np.bool_] = (x > left) & (x < right) & (y > top) & (y < bottom)
            return inside

        self._surface = surface = _surface_of(scene)
        self._rolled = Rolled(scene, finest, shown, workers)
        self._tint = None
        if scene.skin.complexion is not None:
            crown = self._rolled.head.crown_in(scene.extent_mm)
            self._tint = Tint(scene, crown, surface, px_per_mm)
        self._view, self._device = view, device
        self._output, self._exposure = output, exposure
        self._frame, self._basis = view.frame(surface, px_per_mm), view.basis
        width, height = view.extent_mm(surface)
        self._size_px = width * px_per_mm, height * px_per_mm
        inverse = 0.0 if view.distance_mm is None else 1.0 / view.distance_mm
        self._eye = np.array([inverse, surface.facing(self._basis[2]), *self._basis[2]])
        self._fringe = self._rolled.fringe(view)

    def block(self, row0: int, col0: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return a block's light in the bands, (height, width, 3)."""
        lit = self._head(row0, col0, shape)
        if self._fringe is not None:
            light = self._rolled.scene.light
            self._fringe.lay_over(
                lit, PixelWindow(row0, col0, *shape), self._px_per_mm, self._device,
                lambda normal: fallen(normal, light),
                mirrored_at_limb(self._basis[2], light, self._rolled.head),
            )  # fmt: skip
        return lit

    def _head(self, row0: int, col0: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return the head within its outline, and what is behind it."""
        behind = wall(row0, col0, shape, self._size_px)
        points, normals, cover = self._surface.meet(row0, col0, self._frame, shape)
        shown = cover > 0.0
        if not shown.any():
            return np.repeat(behind[..., None], 3, axis=2)
        # Some of the points will do for where a chart lies, if they are not too few.
        some = np.zeros_like(shown)
        some[::_APART_PX, ::_APART_PX] = shown[::_APART_PX, ::_APART_PX]
        some = some if some.any() else shown
        chart = Chart.of(points[some], normals[some], self._basis)
        feet, (top, left, height, width) = footprints(
            points, normals, cover, row0, col0, self._frame, self._eye, chart, self._scale
        )
        skin = self._skin(chart, PixelWindow(top, left, height, width), points[some])
        image = gather(feet, cover, skin, top, left)
        if self._tint is not None:
            self._tint.lay_over(points, shown, image)
        light, head = self._rolled.scene.light, self._rolled.head
        shade(points, normals, cover, row0, col0, self._frame, light, head, self._px_per_mm, image)
        share = cover.astype(np.float32)[..., None]
        lit: NDArray[np.float32] = image * share + behind[..., None] * (np.float32(1.0) - share)
        return lit

    def _skin(
        self, chart: Chart, window: PixelWindow, points: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return the skin of a window of a chart, reflectance in the bands."""
        toward = self._basis[2]
        if self._view.distance_mm is not None:
            eye = toward * (self._eye[1] + self._view.distance_mm)
            toward = eye - points.sum(0) / len(points)
            toward /= math.sqrt(float((toward * toward).sum()))
        scale = self._scale
        scene = self._rolled.block(chart, window, toward, scale)
        skin = np.empty((window.height, window.width, 3), np.float32)
        draw_picture(scene, self._device, scale, window, "linear", None, skin, Workers(1))
        return skin

    def finish(self, light: NDArray[np.float32], out: NDArray[Any], row0: int, col0: int) -> None:
        """Turn light into pixels; row0, col0 are those of its first one in the view."""
        if self._output == "linear":
            out[...] = light
            return
        encode(np.ascontiguousarray(light), np.ones(3), out, row0, col0, self._exposure)
