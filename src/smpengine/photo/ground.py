"""The scalp under a photograph: its chart, and what pigment lets through at each pixel.

A `Ground` is made of a placing and a mask. Plans are laid out on its chart; a scene on that is
drawn by the engine, and brought to the photograph's pixels. This one is flat and level: pixel
(j, i) covers [i, i + 1) x [j, j + 1), as in every picture of the engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.impressions import MAX_EXTENT_MM
from smpengine.photo.placing import Placing
from smpengine.photo.treat import Room, TreatedPhoto
from smpengine.picture import draw_picture
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.workers import Workers

Float32 = NDArray[np.float32]
Box = tuple[float, float, float, float]
Through = Callable[[PixelWindow], Float32]
"""From a window of the photograph to what pigment lets through there, (height, width, 3)."""


class Ground(Protocol):
    """The scalp under a photograph."""

    @property
    def px_per_mm(self) -> float:
        """The scale in the middle of what is treated."""
        ...

    @property
    def pixel_variance(self) -> float:
        """Of what a pixel is averaged over already, in pixels squared."""
        ...

    @property
    def window_mm(self) -> Box:
        """What of the chart is treated."""
        ...

    def treated(self, plan: Plan, skin: Skin, room: Room) -> TreatedPhoto:
        """Return a plan laid out on the chart, where the photograph has room for it."""
        ...

    def area_cm2(self) -> float:
        """Return the area of the mask: of each pixel times its value."""
        ...

    def drawing(self, scene: Scene, device: str, workers: Workers) -> Through:
        """Return what draws a scene of the chart into the photograph."""
        ...


def touched(mask: Float32) -> tuple[int, int, int, int]:
    """Return the first and last row and column, exclusive, that a mask touches.

    Raises
    ------
    SceneError
        It is 0 everywhere.
    """
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        remedy = "White is treated, black is left alone."
        raise SceneError(must("mask", "be over 0 somewhere", "0 everywhere", remedy=remedy))
    return int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1


@dataclass(frozen=True, eq=False)
class Level:
    """Skin seen straight from above, flat, at one scale.

    Attributes
    ----------
    px_per_mm
        The scale.
    mask
        As displayed, float32 (height, width).
    """

    px_per_mm: float
    mask: Float32
    pixel_variance: float = 1.0 / 12.0

    @classmethod
    def of(cls, placing: Placing, mask: Float32) -> Level:
        """Return that of a scale.

        Raises
        ------
        SceneError
            The photograph is larger than any scalp.
        """
        assert placing.px_per_mm is not None
        if max(mask.shape) / placing.px_per_mm > MAX_EXTENT_MM:
            rule = f"make the photo at most {MAX_EXTENT_MM:g} mm wide"
            raise SceneError(must("px_per_mm", rule, placing.px_per_mm))
        return cls(placing.px_per_mm, mask)

    @property
    def window_mm(self) -> Box:
        """What is treated."""
        top, bottom, left, right = (edge / self.px_per_mm for edge in touched(self.mask))
        return left, top, right, bottom

    def treated(self, plan: Plan, skin: Skin, room: Room) -> TreatedPhoto:
        """Return a plan laid out on the photograph."""
        height, width = (size / self.px_per_mm for size in self.mask.shape)
        return TreatedPhoto(plan, skin, (width, height), room, (0.0, 0.0, width, height))

    def area_cm2(self) -> float:
        """Return the area of the mask."""
        return float(self.mask.sum(dtype=np.float64)) / self.px_per_mm**2 / 100.0

    def drawing(self, scene: Scene, device: str, workers: Workers) -> Through:
        """Return what draws a scene."""

        def through(window: PixelWindow) -> Float32:
            out = np.empty((window.height, window.width, 3), np.float32)
            draw_picture(scene, device, self.px_per_mm, window, "absorbance", None, out, workers)
            np.negative(out, out=out)
            return np.exp(out, out=out)

        return through


def ground_of(placing: Placing, mask: Float32) -> Ground:
    """Return the scalp under a photograph.

    Raises
    ------
    SceneError
        The placing does not suit the photograph.
    """
    if placing.px_per_mm is not None:
        return Level.of(placing, mask)
    if placing.corners_px is not None:
        from smpengine.photo.aslant import Aslant

        return Aslant.of(placing, mask)
    from smpengine.photo.relief import Relief

    return Relief.of(placing, mask)
