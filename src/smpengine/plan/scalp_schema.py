"""What a plan may say of the scalp: its regions, lines and hairline."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
MOST_MM: Final = 100_000.0
"""From the top left to any point; shapes that reach further overflow somewhere."""
Coordinate = Annotated[float, Field(ge=-MOST_MM, le=MOST_MM, allow_inf_nan=False)]
Extent = Annotated[float, Field(gt=0, le=MOST_MM, allow_inf_nan=False)]
Point = tuple[Coordinate, Coordinate]
Points = Annotated[
    list[Point], Field(fail_fast=True)
]  # a million wrong ones would be a million errors
ShapeName = Literal["rounded", "straight", "widows-peak", "receded", "m-shape"]
StyleName = Literal["natural", "defined"]
Factor = Annotated[float, Field(ge=0, le=10)]

MOST_PARTS: Final = 1000
"""Of one kind in a plan: one line says so of a longer list, and not one for each of its parts."""


class Table(BaseModel):
    """A table of a plan: knows all of its keys, and stays as it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class GradientTable(Table):
    """A fade: a factor that goes evenly from one value to another."""

    from_mm: Point = Field(description="Place (x, y) of the first value, and of all before it, mm.")
    to_mm: Point = Field(description="Place (x, y) of the second value, and of all beyond it, mm.")
    density: tuple[Factor, Factor] = Field(
        (1.0, 0.0), description="The two values; the region's density multiplies them."
    )


class RegionTable(Table):
    """A part of the scalp: a polygon, an SVG path, a shape of an SVG file, or a mask."""

    name: str = Field("", description="For people.")
    polygon_mm: Points | None = Field(
        None, min_length=3, description="Corners (x, y) in order, mm."
    )
    svg: str | None = Field(
        None, description='Instead: an SVG path in mm, such as "M 10 10 C ..."; even-odd.'
    )
    svg_file: str | None = Field(None, description="Instead: an SVG file beside the plan.")
    id: str | None = Field(None, description="Of the shape in svg_file; its only one if not given.")
    mask: str | None = Field(
        None,
        description="A grey picture beside the plan, or its alpha channel: the share of density.",
    )
    box_mm: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = Field(
        None,
        description="x0, y0, x1, y1: what the mask is stretched over; the extent if not given.",
    )
    density: Factor = Field(1.0, description="Factor on every session's density.")
    gradient: GradientTable | None = Field(None, description="A fade over the region.")
    feather_mm: NotNegative = Field(
        0.0, description="The edge is spread over this distance, half of it on each side."
    )


class PartTable(Table):
    """A line along which hair parts: more shows there, so more is filled in."""

    name: str = Field("", description="For people.")
    points_mm: Points = Field(min_length=2, description="Points (x, y) along it, mm.")
    width_mm: Positive = Field(8.0, description="From side to side.")
    density: Factor = Field(1.8, description="Factor on the density that regions give there.")
    feather_mm: NotNegative = Field(
        6.0, description="Its edge is spread over this distance, half of it on each side."
    )


class ScarTable(Table):
    """A scar along a line: it holds pigment worse, so it is given more."""

    name: str = Field("", description="For people.")
    points_mm: Points = Field(min_length=2, description="Points (x, y) along it, mm.")
    width_mm: Positive = Field(3.0, description="From side to side.")
    density: Factor = Field(1.5, description="Factor on the density that regions give there.")
    feather_mm: NotNegative = Field(
        1.0, description="Its edge is spread over this distance, half of it on each side."
    )


class HairlineTable(Table):
    """The front edge: pigment lies below it (larger y)."""

    points_mm: Points | None = Field(
        None,
        min_length=2,
        description="Points (x, y) from left to right, joined by a smooth curve, mm.",
    )
    shape: ShapeName | None = Field(None, description="A curve by name, instead of points_mm.")
    centre_mm: Point | None = Field(
        None,
        description="Of a shape: where (x, y) its middle lies; in the middle of the extent, a "
        "quarter of it down, if not given.",
    )
    width_mm: Positive | None = Field(
        None,
        description="Of a shape: from end to end; 0.8 of the extent if not given, or 0.7 with "
        "temple_points.",
    )
    recession_mm: NotNegative | None = Field(
        None, description="Of a shape: how far back the temples lie; its own if not given."
    )
    peak_mm: NotNegative | None = Field(
        None, description="Of widows-peak: how far forward the peak comes; 7 if not given."
    )
    temple_points: bool = Field(
        False, description="Of a shape: a triangle forward beside each of its ends."
    )
    asymmetry: Annotated[float, Field(ge=0, le=5)] = Field(
        0.0,
        description="Of a shape: 0 the same on both sides; at 1 one end lies 2 mm (standard "
        "deviation) further back than the other, by the seed.",
    )
    style: StyleName | None = Field(
        None,
        description="natural: broken and soft, with stray dots before it; defined: clean, nearly "
        "as drawn. As drawn if not given.",
    )
    feather_mm: NotNegative = Field(
        6.0,
        description="Over this distance below the curve the density rises from nothing; 1.5 for "
        "style defined if not given.",
    )


class ScalpTable(Table):
    """The piece of scalp that the plan covers."""

    extent_mm: tuple[Extent, Extent] = Field(description="Width and height, mm.")
    regions: list[RegionTable] = Field(
        [],
        max_length=MOST_PARTS,
        description="Treated parts, later ones on top; the whole extent if there are none.",
    )
    parts: list[PartTable] = Field(
        [], max_length=MOST_PARTS, description="Lines along which hair parts."
    )
    scars: list[ScarTable] = Field(
        [], max_length=MOST_PARTS, description="Scars, on top of parts; later ones on top."
    )
    hairline: HairlineTable | None = Field(None, description="Cuts off what lies above it.")
