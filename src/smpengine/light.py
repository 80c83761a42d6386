"""Light: what falls on the scalp, part of it from one direction, the rest evenly from the sky."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from smpengine.errors import SceneError, must, number


@dataclass(frozen=True)
class Light:
    """A lamp and a sky.

    Directions are the scalp's: x to the right, y down the picture (towards the back of the head), z
    out of the skin at the middle of the scalp.

    Parameters
    ----------
    azimuth_deg
        Where the lamp stands, seen from above: 0 to the right, 90 down the picture, -90 up it (in
        front of the face), 180 to the left.
    elevation_deg
        0 grazing to 90 straight above.
    share
        Of the lamp in what falls on skin that faces it, 0 (sky only) to 1 (lamp only).
    colour
        The lamp's in linear R, G, B, relative to the white of the picture; the sky is white.

    Raises
    ------
    SceneError
        A number is out of range.
    """

    azimuth_deg: float = -60.0
    elevation_deg: float = 50.0
    share: float = 0.6
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("azimuth_deg", -360.0, 360.0),
            ("elevation_deg", 0.0, 90.0),
            ("share", 0.0, 1.0),
        ):
            object.__setattr__(self, name, _within(f"light.{name}", getattr(self, name), low, high))
        if not isinstance(self.colour, Sequence) or len(self.colour) != 3:
            raise SceneError(must("light.colour", "be three numbers", repr(self.colour)))
        colour = tuple(_within("light.colour", part, 0.0, 10.0) for part in self.colour)
        object.__setattr__(self, "colour", colour)

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the lamp, (x, y, z)."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        level = math.cos(elevation)
        return level * math.cos(azimuth), level * math.sin(azimuth), math.sin(elevation)


def _within(name: str, value: object, low: float, high: float) -> float:
    given = number(name, value)
    if not low <= given <= high:
        raise SceneError(must(name, f"be {low:g} to {high:g}", given))
    return given
