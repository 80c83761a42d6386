"""Skin that is flat and seen aslant: four points of the photograph are a rectangle on it.

A homography takes pixels to millimetres of the plane, x = (a X + b Y + c) / (g X + h Y + 1), and
likewise y: exact for a camera without distortion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.photo.ground import Through, touched
from smpengine.photo.placing import LEAST_PX_PER_MM, Placing
from smpengine.photo.treat import Room, TreatedPhoto
from smpengine.photo.warped import (
    MOST_SIDE,
    PIXEL_VARIANCE,
    chart_grid,
    drawn_in_blocks,
    sampled,
    through_chart,
)
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.views.block import chart_scale
from smpengine.workers import Workers

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Aslant:
    """A plane under a photograph.

    Attributes
    ----------
    to_mm, to_px
        Homographies from pixels to the chart, and back, (3, 3).
    mask
        As displayed, float32 (height, width).
    window_mm
        What of the chart is treated; its top left is near 0.
    """

    to_mm: Array
    to_px: Array
    mask: Float32
    window_mm: Box
    pixel_variance: float = PIXEL_VARIANCE

    @classmethod
    def of(cls, placing: Placing, mask: Float32) -> Aslant:
        """Return the plane of four points.

        Raises
        ------
        SceneError
            What is treated reaches beyond the plane's horizon, or nearly so.
        """
        assert placing.corners_px is not None
        assert placing.size_mm is not None
        width, height = placing.size_mm
        rectangle = np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)])
        to_mm = homography(np.array(placing.corners_px), rectangle)
        top, bottom, left, right = touched(mask)
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
        scale = [scale_at(to_mm, *corner) for corner in corners]
        if not min(scale) >= LEAST_PX_PER_MM:
            rule = f"keep what is treated at {LEAST_PX_PER_MM:g} pixels per mm or more"
            got = f"{min(scale):.3g} in a corner of it"
            remedy = "Choose points farther apart, or a smaller mask: it nears the horizon."
            raise SceneError(must("corners", rule, got, remedy=remedy))
        x, y = applied(to_mm, corners[:, 0], corners[:, 1])
        shift = np.array([[1.0, 0.0, -x.min()], [0.0, 1.0, -y.min()], [0.0, 0.0, 1.0]])
        moved = shift @ to_mm
        box = (0.0, 0.0, float(np.ptp(x)), float(np.ptp(y)))
        return cls(moved, np.linalg.inv(moved).astype(np.float64), mask, box)

    @cached_property
    def _box(self) -> tuple[int, int, int, int]:
        return touched(self.mask)

    @property
    def _largest_scale(self) -> float:
        top, bottom, left, right = self._box
        places = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return max(scale_at(self.to_mm, float(x), float(y)) for x, y in places)

    @property
    def px_per_mm(self) -> float:
        """The scale in the middle of what is treated."""
        top, bottom, left, right = self._box
        return scale_at(self.to_mm, 0.5 * (left + right), 0.5 * (top + bottom))

    def treated(self, plan: Plan, skin: Skin, room: Room) -> TreatedPhoto:
        """Return a plan laid out on the plane."""
        _, _, width, height = self.window_mm
        step = max(1.0 / self._largest_scale, max(width, height) / MOST_SIDE)
        at = applied(self.to_px, *chart_grid(self.window_mm, step))
        there = replace(room, share=sampled(room.share, *at))
        return TreatedPhoto(plan, skin, (width, height), there, self.window_mm)

    def area_cm2(self) -> float:
        """Return the area of the mask."""
        top, bottom, left, right = self._box
        total = 0.0
        x = np.arange(left, right) + 0.5
        for row in range(top, bottom):
            area = 1.0 / scale_at(self.to_mm, x, np.full(len(x), row + 0.5)) ** 2
            total += float((self.mask[row, left:right] * area).sum())
        return total / 100.0

    def drawing(self, scene: Scene, device: str, workers: Workers) -> Through:
        """Return what draws a scene of the chart into the photograph."""
        from smpengine.views.warp import RADIUS_PX, gather

        def block(window: PixelWindow) -> Float32:
            x, y, steps = self._seen(window)
            scale = chart_scale(float(1.0 / np.sqrt(np.abs(np.linalg.det(steps)).min())))
            steps = steps * scale
            inverse = np.linalg.inv(steps)
            feet = np.empty((window.height, window.width, 6))
            feet[..., 0], feet[..., 1] = x * scale, y * scale
            feet[..., 2:] = inverse.reshape(window.height, window.width, 4)
            half = RADIUS_PX * np.hypot(steps[..., 0], steps[..., 1]) + 1.0
            left, top = (int(np.floor((feet[..., k] - half[..., k]).min())) for k in (0, 1))
            right, bottom = (int(np.ceil((feet[..., k] + half[..., k]).max())) for k in (0, 1))
            chart = PixelWindow(top, left, bottom - top, right - left)
            through = through_chart(scene, device, scale, chart)
            return gather(feet, np.ones(x.shape), through, top, left)

        return lambda window: drawn_in_blocks(window, block, workers)

    def _seen(self, window: PixelWindow) -> tuple[Array, Array, Array]:
        """Return where a window's pixels lie in the chart, mm, and their steps there, (.., 2, 2).

        What is near the horizon is not asked for, but blocks reach beyond what is treated: there
        pixels are taken to be where the edge of it is.
        """
        top, bottom, left, right = self._box
        margin = 16  # a camera's blur may reach so far beyond
        rows = np.arange(window.row0, window.row0 + window.height)
        cols = np.arange(window.col0, window.col0 + window.width)
        down = np.clip(rows, top - margin, bottom + margin) + 0.5
        across = np.clip(cols, left - margin, right + margin) + 0.5
        grid = np.meshgrid(across, down)
        x, y = applied(self.to_mm, *grid)
        return x, y, steps_at(self.to_mm, *grid)


def homography(source: Array, target: Array) -> Array:
    """Return the homography that takes four points (4, 2) to four others, (3, 3)."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    found: Array = np.append(np.linalg.solve(np.array(rows), np.array(wanted)), 1.0).reshape(3, 3)
    return found


def applied(matrix: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return where a homography takes places."""
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return (
        (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w,
        (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / w,
    )


def steps_at(matrix: Array, x: Array, y: Array) -> Array:
    """Return a homography's Jacobian at places, (..., 2, 2)."""
    u, v = applied(matrix, x, y)
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    rows = [[(matrix[k, m] - at * matrix[2, m]) / w for m in (0, 1)] for k, at in enumerate((u, v))]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def scale_at(matrix: Array, x: object, y: object) -> float:
    """Return the pixels per mm at places, the root of pixels per area; 0 beyond the horizon."""
    across, down = np.asarray(x, np.float64), np.asarray(y, np.float64)
    w = matrix[2, 0] * across + matrix[2, 1] * down + matrix[2, 2]
    area = np.linalg.det(steps_at(matrix, across, down))
    found = np.where((w > 0.0) & (area > 0.0), 1.0 / np.sqrt(np.maximum(area, 1e-30)), 0.0)
    return found if found.ndim else float(found)  # type: ignore[return-value]
