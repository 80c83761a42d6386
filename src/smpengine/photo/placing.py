"""`Placing`: how large a photograph's pixels are on the scalp, and how it lies there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must, number

Place = tuple[float, float]

LEAST_PX_PER_MM: Final = 0.5
MOST_PX_PER_MM: Final = 2000.0
_LEAST_APART_PX: Final = 8.0
_REMEDY: Final = (
    "Measure something in the photo: two points and their distance, or pixels per millimetre."
)


@dataclass(frozen=True, eq=False)
class Placing:
    """How a photograph lies on the scalp; made by one of its class methods.

    Attributes
    ----------
    px_per_mm
        Everywhere the same; None for the others.
    corners_px, size_mm
        Four points of the photograph that are the corners of a rectangle on the scalp, (4, 2), and
        its width and height.
    depth_mm, focal_px, centre_px
        Distance from the camera along its axis, by pixel, (height, width), NaN where unknown; the
        camera's focal length in pixels; and where its axis meets the picture.
    """

    px_per_mm: float | None = None
    corners_px: tuple[Place, ...] | None = None
    size_mm: Place | None = None
    depth_mm: NDArray[np.float64] | None = None
    focal_px: float | None = None
    centre_px: Place | None = None

    @classmethod
    def scale(cls, px_per_mm: object) -> Placing:
        """Return that of a photograph taken straight from above, or of a part so small.

        Raises
        ------
        SceneError
            No number from 0.5 to 2000.
        """
        if px_per_mm is None:
            raise SceneError(must("px_per_mm", "be given", "nothing", remedy=_REMEDY))
        value = number("px_per_mm", px_per_mm)
        if not LEAST_PX_PER_MM <= value <= MOST_PX_PER_MM:
            rule = f"be {LEAST_PX_PER_MM:g} to {MOST_PX_PER_MM:g} pixels per mm on a photo"
            raise SceneError(must("px_per_mm", rule, value, remedy=_REMEDY))
        return cls(px_per_mm=value)

    @classmethod
    def landmarks(cls, first_px: Place, second_px: Place, distance_mm: float) -> Placing:
        """Return that of two points (x, y) in pixels as displayed, so far apart on the scalp.

        Raises
        ------
        SceneError
            They are nearer than 8 pixels, or a number is out of range.
        """
        places = [_place(f"landmarks[{k}]", each) for k, each in enumerate((first_px, second_px))]
        apart = math.dist(*places)
        distance = number("landmarks.distance_mm", distance_mm)
        if not distance > 0.0:
            raise SceneError(must("landmarks.distance_mm", "be over 0", distance))
        if apart < _LEAST_APART_PX:
            rule = f"be at least {_LEAST_APART_PX:g} pixels apart"
            raise SceneError(must("landmarks", rule, f"{apart:.3g}"))
        return cls.scale(apart / distance)

    @classmethod
    def rectangle(cls, corners_px: object, size_mm: object) -> Placing:
        """Return that of a plane seen aslant.

        Parameters
        ----------
        corners_px
            Four points (x, y) of the photograph, in pixels as displayed: top left, top right,
            bottom right, bottom left of a rectangle on the scalp.
        size_mm
            Its width and height.

        Raises
        ------
        SceneError
            The points are not the corners of a rectangle seen from its front.
        """
        try:
            listed: list[Any] = list(corners_px)  # type: ignore[call-overload]
            corners = tuple(_place(f"corners[{k}]", each) for k, each in enumerate(listed))
        except TypeError as error:
            raise SceneError(must("corners", "be four points (x, y)", repr(corners_px))) from error
        if len(corners) != 4:
            raise SceneError(must("corners", "be four points (x, y)", len(corners)))
        size = _place("size_mm", size_mm)
        if not min(size) > 0.0:
            raise SceneError(must("size_mm", "be a width and a height over 0", size))
        ring = np.array(corners)
        sides = np.roll(ring, -1, 0) - ring
        after = np.roll(sides, -1, 0)
        turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
        if not (turns > 0.0).all():
            rule = "go round clockwise from the top left, each bend to the right"
            raise SceneError(must("corners", rule, corners))
        return cls(corners_px=corners, size_mm=size)

    @classmethod
    def depth(cls, depth_mm: object, focal_px: float, centre_px: Place | None = None) -> Placing:
        """Return that of a depth map, as a phone's or a scanner's.

        Parameters
        ----------
        depth_mm
            Distance from the camera along its axis, (height, width) as the photograph; NaN, or 0,
            where it is unknown.
        focal_px
            Focal length in pixels of the photograph.
        centre_px
            Where the camera's axis meets the picture, (x, y); its middle when None.

        Raises
        ------
        SceneError
            The map is none, or a number is out of range.
        """
        given = np.asarray(depth_mm)
        if given.ndim != 2 or given.dtype.kind not in "fiu" or min(given.shape) < 8:
            rule = "be numbers (height, width), 8 or more each"
            raise SceneError(must("depth_mm", rule, f"{given.dtype} of shape {given.shape}"))
        depth = given.astype(np.float64)
        depth[~(depth > 0.0) | np.isinf(depth)] = np.nan
        if not np.isfinite(depth).any():
            raise SceneError(must("depth_mm", "be distances over 0", "none"))
        focal = number("focal_px", focal_px)
        if not focal > 1.0:
            raise SceneError(must("focal_px", "be a focal length in pixels, over 1", focal))
        height, width = depth.shape
        centre = (0.5 * width, 0.5 * height) if centre_px is None else _place("centre", centre_px)
        return cls(depth_mm=depth, focal_px=focal, centre_px=centre)


def placing_of(value: object) -> Placing:
    """Return a placing, or that of a scale.

    Raises
    ------
    SceneError
        It is neither.
    """
    return value if isinstance(value, Placing) else Placing.scale(value)


def _place(name: str, value: object) -> Place:
    """Return two finite numbers."""
    try:
        x, y = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise SceneError(must(name, "be two numbers", repr(value))) from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise SceneError(must(name, "be two finite numbers", repr(value)))
    return x, y
