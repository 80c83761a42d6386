"""What a plan may say of the head that the scalp lies on, and of the light."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from smpengine.plan.scalp_schema import Finite, Point, Positive, Share, Table
from smpengine.surface.head import LEAST_MM, MOST_MM

Axis = Annotated[float, Field(ge=LEAST_MM, le=MOST_MM)]
Part = Annotated[float, Field(ge=0, le=10)]


class HeadTable(Table):
    """The head: an ellipsoid, or a depth map."""

    axes_mm: tuple[Axis, Axis, Axis] | None = Field(
        None, description="Half axes to the side, to the front, and up; 77, 98, 90 if not given."
    )
    crown_mm: Point | None = Field(
        None, description="Place (x, y) of the scalp at the crown; its middle if not given."
    )
    gloss: Share = Field(0.6, description="Of sebum: 0 matt, 1 as much as smooth skin mirrors.")
    texture: Share = Field(
        1.0, description="Of lit skin: 0 smooth and even, 1 grained and mottled as skin is."
    )
    depth_map: str | None = Field(
        None,
        description="Instead of axes_mm: a grey picture of heights beside the plan, seen from "
        "above, front first; 16 bits. Black is nothing.",
    )
    mm_per_px: Positive | None = Field(None, description="Of depth_map: the size of its pixels.")
    range_mm: tuple[Finite, Finite] | None = Field(
        None, description="Of depth_map: heights of its darkest grey and of its white."
    )

    @model_validator(mode="after")
    def _check(self) -> HeadTable:
        if self.depth_map is None:
            if self.mm_per_px is not None or self.range_mm is not None:
                raise ValueError("have depth_map beside mm_per_px and range_mm")
            return self
        if self.axes_mm is not None:
            raise ValueError("have axes_mm or depth_map, not both")
        if self.mm_per_px is None or self.range_mm is None:
            raise ValueError("have mm_per_px and range_mm beside depth_map")
        if self.range_mm[0] >= self.range_mm[1]:
            raise ValueError("have a range_mm that rises")
        return self


class LightTable(Table):
    """A lamp and an even sky."""

    azimuth_deg: Annotated[float, Field(ge=-360, le=360)] = Field(
        -60.0, description="Where the lamp stands: -90 in front of the face, 0 right, 90 behind."
    )
    elevation_deg: Annotated[float, Field(ge=0, le=90)] = Field(
        50.0, description="0 level, 90 straight above."
    )
    share: Share = Field(0.6, description="Of the lamp in what falls on skin that faces it.")
    colour: tuple[Part, Part, Part] = Field(
        (1.0, 1.0, 1.0), description="The lamp's, in linear R, G, B; the sky is white."
    )
