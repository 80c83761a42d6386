"""Skin whose distance from the camera is known at each pixel.

The chart is what the camera's axis sees: x and y of a point in mm, whatever its depth. Density is
multiplied by how much larger the surface is there, so that it is true on the skin; each block of
the photograph is drawn in a chart of its own, in which dots are round, and brought to the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.photo.ground import Through, touched
from smpengine.photo.placing import Placing
from smpengine.photo.treat import Room, TreatedPhoto
from smpengine.photo.warped import (
    BLOCK_PX,
    MOST_SIDE,
    PIXEL_VARIANCE,
    chart_grid,
    drawn_in_blocks,
    sampled,
    through_chart,
)
from smpengine.plan.density import Stretch
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.surface.head import Head, Surface
from smpengine.surface.heights import Heights
from smpengine.views.block import chart_scale
from smpengine.views.chart import Chart
from smpengine.workers import Workers

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]
Box = tuple[float, float, float, float]

_SAMPLES: Final = 768
"""Along the longer side of the heights that a depth map is kept as."""
_TURNS: Final = 12
_SPARE: Final = 6  # samples beside what is treated
_STEEPEST: Final = 8.0
"""Most that the surface is larger than its chart: 83 degrees."""
_APART_PX: Final = 8
_FULL: Final = 65535.0
_ROW: Final = 2**14
_BASIS: Final = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""To the right of the photograph, down it, and towards the camera."""


class Sheet(Heights):
    """Heights above a plane, whose chart is that plane."""

    def __init__(self, heights_mm: Array, px_per_mm: float) -> None:
        self._x0, self._y0, self._scale = 0.0, 0.0, px_per_mm
        self._z, self._middle = heights_mm, 0.0
        rows, cols = heights_mm.shape
        self._known = np.zeros((rows, cols), np.bool_)
        self._known[1 : rows - 2, 1 : cols - 2] = True

    def on_surface(self, x_mm: Array, y_mm: Array) -> tuple[Array, Array]:
        """Return the points (n, 3) of places of the chart, and true area over the chart's (n,)."""
        points = np.stack([x_mm, y_mm, np.zeros(len(x_mm))], axis=1)
        area = 1.0 / np.maximum(self.normals(points)[:, 2], 1.0 / _STEEPEST)
        rows, cols = self._z.shape
        x, y = x_mm * self._scale, y_mm * self._scale
        on = (x >= 1.0) & (x <= cols - 3.0) & (y >= 1.0) & (y <= rows - 3.0)
        points[:, 2] = self._heights(x, y)
        return points, np.where(on, area, 0.0)

    def _heights(self, x: Array, y: Array) -> Array:
        import cv2

        rows, cols = self._z.shape
        across = np.clip(x, 0, cols - 1).astype(np.float32)
        down = np.clip(y, 0, rows - 1).astype(np.float32)
        # In rows, for OpenCV's pictures are at most 32767 high.
        out = np.empty(len(x))
        for start in range(0, len(x), _ROW):
            part = slice(start, start + _ROW)
            found = cv2.remap(self._z, across[None, part], down[None, part], cv2.INTER_LINEAR)
            out[part] = found[0]
        return out


@dataclass(frozen=True, eq=False)
class PhotoHead(Head):
    """What a photograph shows of a head."""

    sheet: Sheet | None = None

    @cached_property
    def surface(self) -> Surface:
        """Its geometry."""
        assert self.sheet is not None
        return self.sheet


@dataclass(frozen=True, eq=False)
class Relief:
    """Skin under a photograph with a depth map.

    Attributes
    ----------
    depth_mm
        Known everywhere, (height, width).
    focal_px, centre_px
        Of the camera.
    mask
        As displayed, float32 (height, width).
    head, origin_mm
        The skin, and where its chart's corner is, (x, y), relative to the camera's axis.
    near_mm
        Depth of what is nearest.
    window_mm
        What of the chart is treated.
    """

    depth_mm: Array
    focal_px: float
    centre_px: tuple[float, float]
    mask: Float32
    head: PhotoHead
    origin_mm: tuple[float, float]
    near_mm: float
    window_mm: Box
    pixel_variance: float = PIXEL_VARIANCE

    @classmethod
    def of(cls, placing: Placing, mask: Float32) -> Relief:
        """Return the skin of a depth map.

        Raises
        ------
        SceneError
            It is of another size than the photograph.
        """
        assert placing.depth_mm is not None
        assert placing.focal_px is not None
        assert placing.centre_px is not None
        if placing.depth_mm.shape != mask.shape:
            rule = f"have the photo's shape {mask.shape}"
            raise SceneError(must("depth_mm", rule, f"shape {placing.depth_mm.shape}"))
        depth = _filled(placing.depth_mm)
        focal, centre = placing.focal_px, placing.centre_px
        top, bottom, left, right = touched(mask)
        rows, cols = np.mgrid[top:bottom, left:right]
        part = depth[top:bottom, left:right]
        x = (cols + 0.5 - centre[0]) * part / focal
        y = (rows + 0.5 - centre[1]) * part / focal
        box = float(x.min()), float(y.min()), float(x.max()), float(y.max())
        scale = _SAMPLES / max(box[2] - box[0], box[3] - box[1])
        spare = _SPARE / scale
        origin = box[0] - spare, box[1] - spare
        sides = (box[3] - box[1] + 2 * spare, box[2] - box[0] + 2 * spare)
        shape = tuple(int(np.ceil(side * scale)) + 1 for side in sides)
        heights = _heights(depth, focal, centre, origin, scale, (shape[0], shape[1]))
        head = PhotoHead(crown_mm=(0.0, 0.0), sheet=Sheet(heights, scale))
        window = spare, spare, spare + box[2] - box[0], spare + box[3] - box[1]
        return cls(depth, focal, centre, mask, head, origin, float(part.min()), window)

    @property
    def px_per_mm(self) -> float:
        """The scale in the middle of what is treated."""
        top, bottom, left, right = touched(self.mask)
        return float(self.focal_px / self.depth_mm[(top + bottom) // 2, (left + right) // 2])

    def treated(self, plan: Plan, skin: Skin, room: Room) -> TreatedPhoto:
        """Return a plan laid out on the chart."""
        sheet = self.head.sheet
        assert sheet is not None
        left, top, right, bottom = self.window_mm
        step = max(right - left, bottom - top) / MOST_SIDE
        step = max(step, self.near_mm / self.focal_px)
        x, y = chart_grid(self.window_mm, step)
        points, area = sheet.on_surface(x.ravel(), y.ravel())
        places = (v.reshape(x.shape) for v in self._places_px(points))
        there = replace(room, share=sampled(room.share, *places))
        most = max(float(area.max()), 1e-6)
        stretched = np.floor(area / most * _FULL + 0.5).astype(np.uint16).reshape(x.shape)
        stretch = Stretch(stretched, self.window_mm, most)
        extent = right + left, bottom + top
        return TreatedPhoto(plan, skin, extent, there, self.window_mm, self.head, stretch)

    def _places_px(self, points: Array) -> tuple[Array, Array]:
        """Return where points (n, 3) of the surface are in the photograph."""
        depth = -points[:, 2]
        x = (points[:, 0] + self.origin_mm[0]) / depth * self.focal_px + self.centre_px[0]
        y = (points[:, 1] + self.origin_mm[1]) / depth * self.focal_px + self.centre_px[1]
        return x, y

    def area_cm2(self) -> float:
        """Return the area of the mask."""
        top, bottom, left, right = touched(self.mask)
        total = 0.0
        for row in range(top, bottom, BLOCK_PX):
            window = PixelWindow(row, left, min(BLOCK_PX, bottom - row), right - left)
            points, normals = self._seen(window)
            # A pixel's solid angle, over the slant to its ray.
            ray = points + np.array([*self.origin_mm, 0.0])
            length = np.linalg.norm(ray, axis=-1)
            slant = np.abs((ray * normals).sum(-1)) / length
            area = length**2 * (-points[..., 2] / length) ** 3 / self.focal_px**2
            area = area / np.maximum(slant, 1.0 / _STEEPEST)
            mask = self.mask[row : row + window.height, left:right]
            total += float((mask * area).sum())
        return total / 100.0

    def _seen(self, window: PixelWindow) -> tuple[Array, Array]:
        """Return the points and normals of a window's pixels, (height, width, 3) each."""
        sheet = self.head.sheet
        assert sheet is not None
        height, width = self.mask.shape
        rows, cols = np.mgrid[
            window.row0 : window.row0 + window.height, window.col0 : window.col0 + window.width
        ]
        depth = self.depth_mm[np.clip(rows, 0, height - 1), np.clip(cols, 0, width - 1)]
        points = np.stack(
            [
                (cols + 0.5 - self.centre_px[0]) * depth / self.focal_px - self.origin_mm[0],
                (rows + 0.5 - self.centre_px[1]) * depth / self.focal_px - self.origin_mm[1],
                -depth,
            ],
            axis=-1,
        )
        return points, sheet.normals(points.reshape(-1, 3)).reshape(points.shape)

    def drawing(self, scene: Scene, device: str, workers: Workers) -> Through:
        """Return what draws a scene of the chart into the photograph."""
        from smpengine.views.rolled import Rolled
        from smpengine.views.warp import footprints, gather

        near = self.near_mm
        scale = chart_scale(self.focal_px / near)
        rolled = Rolled(scene, None, lambda p, _: np.ones(len(p), np.bool_), workers)
        frame = np.zeros((6, 3))
        frame[1, 0] = frame[2, 1] = near / self.focal_px
        frame[3] = [-self.centre_px[0] / self.focal_px, -self.centre_px[1] / self.focal_px, -1.0]
        frame[4, 0] = frame[5, 1] = 1.0 / self.focal_px
        eye = np.array([1.0 / near, -near, 0.0, 0.0, 1.0])
        toward_eye = np.array([-self.origin_mm[0], -self.origin_mm[1], 0.0])

        def block(window: PixelWindow) -> Float32:
            points, normals = self._seen(window)
            cover = np.ones((window.height, window.width))
            some = np.s_[::_APART_PX, ::_APART_PX]
            chart = Chart.of(points[some].reshape(-1, 3), normals[some].reshape(-1, 3), _BASIS)
            feet, (top, left, height, width) = footprints(
                points, normals, cover, window.row0, window.col0, frame, eye, chart, scale
            )
            toward = toward_eye - chart.middle_mm
            toward = toward / np.linalg.norm(toward)
            seen = PixelWindow(top, left, height, width)
            part = rolled.block(chart, seen, toward, scale)
            return gather(feet, cover, through_chart(part, device, scale, seen), top, left)

        return lambda window: drawn_in_blocks(window, block, workers)


def _filled(depth: Array) -> Array:
    """Return a depth map whose holes are as deep as what is nearest to them."""
    from scipy import ndimage

    unknown = ~np.isfinite(depth)
    if not unknown.any():
        return depth
    nearest = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
    filled: Array = depth[tuple(nearest)]
    return filled


def _heights(
    depth: Array, focal_px: float, centre_px: tuple[float, float],
    origin_mm: tuple[float, float], scale: float, shape: tuple[int, int],
) -> Array:  # fmt: skip
    """Return heights, less depth, over a grid of places (x, y) that the axis sees.

    Where a place is in the photograph depends on its depth, which is looked up there: a few turns.
    """
    import cv2

    x = origin_mm[0] + np.arange(shape[1]) / scale
    y = origin_mm[1] + np.arange(shape[0]) / scale
    across, down = np.meshgrid(x, y)
    smooth = cv2.GaussianBlur(depth, (0, 0), max(focal_px / float(np.median(depth)) / scale, 0.5))
    found = np.full(shape, float(np.median(depth)))
    for _ in range(_TURNS):
        at_x = (across / found * focal_px + centre_px[0] - 0.5).astype(np.float32)
        at_y = (down / found * focal_px + centre_px[1] - 0.5).astype(np.float32)
        found = cv2.remap(
            smooth, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float64)
    return -found
