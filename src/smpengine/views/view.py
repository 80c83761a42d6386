"""`View`: where a head is seen from, and how much of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.surface.head import Surface

_MARGIN_MM: Final = 12.0


@dataclass(frozen=True)
class View:
    """Where a head is seen from, and how much of it.

    Directions are the head's, as those of `Light`: azimuth -90 is in front of the face, 0 to the
    right, 90 behind; elevation 90 straight above.

    Parameters
    ----------
    azimuth_deg, elevation_deg
        Where the eye stands.
    distance_mm
        Of the eye from the nearest point of the head: what is further is smaller. None for a view
        from infinitely far.
    below_mm
        How much of the head the picture shows below its highest point there; None for all of it.
    margin_mm
        Of background around the head.

    Raises
    ------
    SceneError
        A number is out of range.
    """

    azimuth_deg: float = -90.0
    elevation_deg: float = 90.0
    distance_mm: float | None = None
    below_mm: float | None = None
    margin_mm: float = _MARGIN_MM

    def __post_init__(self) -> None:
        for name, low, high in (
            ("azimuth_deg", -360.0, 360.0),
            ("elevation_deg", -30.0, 90.0),
            ("distance_mm", 150.0, 1e5),
            ("below_mm", 10.0, 1000.0),
            ("margin_mm", 0.0, 500.0),
        ):
            value = getattr(self, name)
            if value is None and name in ("distance_mm", "below_mm"):
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise SceneError(must(f"view.{name}", "be a number", repr(value)))
            if not low <= value <= high:
                raise SceneError(must(f"view.{name}", f"be {low:g} to {high:g}", value))
            object.__setattr__(self, name, float(value))

    @property
    def basis(self) -> NDArray[np.float64]:
        """Unit vectors (3, 3): to the right of the picture, down it, and towards the eye."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        level = math.cos(elevation)
        toward = np.array([level * math.cos(azimuth), level * math.sin(azimuth),
                           math.sin(elevation)])  # fmt: skip
        # Up in the picture is up in the world; for an eye straight above that is its limit: away
        # from where the eye comes from, so the face is at the bottom. There we turn to the plan's.
        steep = math.sin(elevation)
        up = np.array([-steep * math.cos(azimuth), -steep * math.sin(azimuth), level])
        if self.elevation_deg == 90.0:
            up = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
        # x right, y back, z up is left-handed, so the picture's right is this way around.
        right = np.cross(toward, up)
        return np.stack([right, -up, toward])

    def extent_mm(self, surface: Surface) -> tuple[float, float]:
        """Return width and height of the picture."""
        left, top, right, bottom = self._outline(surface)
        return right - left, bottom - top

    def _outline(self, surface: Surface) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the picture, mm from the origin's projection."""
        right, down, _ = self.basis
        left, top = -surface.facing(-right), -surface.facing(-down)
        wide, low = surface.facing(right), surface.facing(down)
        margin = self.margin_mm
        bottom = low + margin if self.below_mm is None else top + self.below_mm
        return left - margin, top - margin, wide + margin, bottom

    def places_px(
        self, points: NDArray[np.float64], surface: Surface, px_per_mm: float
    ) -> NDArray[np.float64]:
        """Return where points (n, 3) are in the picture, (n, 2): columns and rows, seen or not."""
        right, down, toward = self.basis
        left, top, _, _ = self._outline(surface)
        flat = points @ np.stack([right, down], axis=1)
        if self.distance_mm is not None:
            depth = surface.facing(toward) - points @ toward
            flat = flat / (1.0 + depth / self.distance_mm)[:, None]
        places: NDArray[np.float64] = (flat - (left, top)) * px_per_mm
        return places

    def frame(self, surface: Surface, px_per_mm: float) -> NDArray[np.float64]:
        """Return the rays of a picture's pixels, (6, 3).

        Origin of the corner of pixel 0, its change by a pixel to the right and by one down; the
        direction there and its changes. Rays start in a plane that touches the head where it is
        nearest to the eye: there px_per_mm is the scale.
        """
        right, down, toward = self.basis
        near = surface.facing(toward)
        left, top, _, _ = self._outline(surface)
        frame = np.zeros((6, 3))
        frame[0] = near * toward + left * right + top * down
        frame[1], frame[2] = right / px_per_mm, down / px_per_mm
        frame[3] = -toward
        if self.distance_mm is not None:
            frame[3] += (left * right + top * down) / self.distance_mm
            frame[4], frame[5] = frame[1] / self.distance_mm, frame[2] / self.distance_mm
        return frame


VIEWS: Final = {
    "above": View(),
    "front": View(-90.0, 32.0, below_mm=128.0),
    "profile": View(180.0, 12.0, below_mm=128.0),
    "profile-right": View(0.0, 12.0, below_mm=128.0),
}
"""Views by name. From the front and from the side the picture ends above where a face, or an ear,
would be: there is none."""


def view_named(view: object) -> View:
    """Return a view by its name, or as it was given.

    Raises
    ------
    SceneError
        There is no such view.
    """
    if isinstance(view, View):
        return view
    if not isinstance(view, str) or view not in VIEWS:
        names = ", ".join(repr(name) for name in VIEWS)
        raise SceneError(must("view", f"be a View, or one of {names}", repr(view)))
    return VIEWS[view]
