"""What the schema cannot say of the scalp: regions and their files, lines, the hairline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smpengine.errors import short
from smpengine.plan.borders import rings_of
from smpengine.plan.checks import Problem
from smpengine.plan.outlines import MOST_POINTS, OutlineError, check_path, read_mask
from smpengine.plan.scalp_schema import (
    GradientTable,
    HairlineTable,
    PartTable,
    Point,
    RegionTable,
    ScarTable,
)

_OUTLINES: Final = ("polygon_mm", "svg", "svg_file")
MOST_DRAWN: Final = 2 * MOST_POINTS
"""Points of all of a plan's outlines that are SVG."""
_ONE: Final = "Choose one."
_ORIGIN: Final = "Coordinates are mm from the top left."


@dataclass
class Drawn:
    """How many points the curves of a plan's regions have become so far."""

    points: int = 0


def check_region(
    region: RegionTable, extent_mm: tuple[float, float], folder: Path, drawn: Drawn
) -> Iterator[Problem]:
    """Check one region's outline, gradient and mask; `folder` is where its files are."""
    given = [key for key in _OUTLINES if getattr(region, key) is not None]
    for key in given[1:]:
        yield key, f"be left out where {given[0]} is given", short(getattr(region, key)), _ONE
    if not given and region.mask is None:
        yield "polygon_mm", "be given, or svg, svg_file or mask", "none of them", ""
    if region.id is not None and region.svg_file is None:
        yield "id", "be left out without svg_file", short(region.id), ""
    if given[:1] == ["polygon_mm"] and region.polygon_mm is not None:
        yield from _check_polygon(region.polygon_mm, extent_mm)
    elif given:
        yield from _check_svg(region, given[0], extent_mm, folder, drawn)
    if region.gradient is not None:
        yield from _check_gradient(region.gradient)
    yield from _check_mask(region, extent_mm, folder)


def _check_polygon(polygon_mm: list[Point], extent_mm: tuple[float, float]) -> Iterator[Problem]:
    from shapely import Polygon, box
    from shapely.validation import explain_validity

    polygon = Polygon(polygon_mm)
    if polygon.convex_hull.area == 0.0:
        yield "polygon_mm", "enclose an area", polygon_mm, "Its corners lie on one line."
    elif not polygon.is_valid:
        remedy = "List the corners in order around the region."
        yield "polygon_mm", "not cross itself", explain_validity(polygon), remedy
    elif not polygon.intersects(box(0.0, 0.0, *extent_mm)):
        yield "polygon_mm", _touch(extent_mm), list(polygon.bounds), _ORIGIN


def _check_svg(
    region: RegionTable, key: str, extent_mm: tuple[float, float], folder: Path, drawn: Drawn
) -> Iterator[Problem]:
    from shapely import MultiPoint, box

    left = MOST_DRAWN - drawn.points
    try:
        rings = rings_of(region, extent_mm, folder, min(left, MOST_POINTS))
    except OutlineError as error:
        drawn.points += min(left, len(region.svg or ""))  # what was in vain took time too
        yield key, error.rule, error.got, error.remedy
        return
    # Outlines that enclose nothing are no more, but were read.
    drawn.points += max(sum(map(len, rings)), check_path(region.svg) if region.svg else 0)
    hull = MultiPoint([point for ring in rings for point in ring]).convex_hull
    if hull.area == 0.0:
        yield key, "enclose an area", list(hull.bounds), "Its points lie on one line."
    elif not hull.intersects(box(0.0, 0.0, *extent_mm)):
        yield key, _touch(extent_mm), [round(value, 3) for value in hull.bounds], _ORIGIN


def _touch(extent_mm: tuple[float, float]) -> str:
    return f"touch the extent of {extent_mm[0]:g} x {extent_mm[1]:g} mm"


def _check_gradient(gradient: GradientTable) -> Iterator[Problem]:
    if gradient.from_mm == gradient.to_mm:
        yield "gradient.to_mm", "be another place than from_mm", list(gradient.to_mm), ""


def _check_mask(
    region: RegionTable, extent_mm: tuple[float, float], folder: Path
) -> Iterator[Problem]:
    if region.mask is None:
        if region.box_mm is not None:
            yield "box_mm", "be left out without mask", list(region.box_mm), ""
        return
    try:
        read_mask(folder / region.mask)
    except OutlineError as error:
        yield "mask", error.rule, error.got, error.remedy
    if region.box_mm is None:
        return
    x0, y0, x1, y1 = region.box_mm
    if x1 <= x0 or y1 <= y0:
        yield "box_mm", "be x0, y0, x1, y1 with x0 < x1 and y0 < y1", list(region.box_mm), ""
    elif x1 < 0.0 or y1 < 0.0 or x0 > extent_mm[0] or y0 > extent_mm[1]:
        yield "box_mm", _touch(extent_mm), list(region.box_mm), _ORIGIN


def check_line(line: PartTable | ScarTable, extent_mm: tuple[float, float]) -> Iterator[Problem]:
    """Check the line of a part or of a scar."""
    from shapely import LineString, box

    drawn = LineString(line.points_mm)
    if drawn.length == 0.0:
        yield "points_mm", "have a length", line.points_mm, "All of its points are the same."
    elif drawn.distance(box(0.0, 0.0, *extent_mm)) > 0.5 * (line.width_mm + line.feather_mm):
        yield "points_mm", _touch(extent_mm), list(drawn.bounds), _ORIGIN


def check_hairline(hairline: HairlineTable) -> Iterator[Problem]:
    """Check that there is one curve, and that it goes from left to right."""
    shape, points = hairline.shape, hairline.points_mm
    if points is None and shape is None:
        yield "points_mm", "be given, or shape", "neither", 'For example shape = "rounded".'
    if points is not None and shape is not None:
        yield "shape", "be left out where points_mm is given", repr(shape), _ONE
    if shape is None:
        for key in ("centre_mm", "width_mm", "recession_mm", "peak_mm"):
            if getattr(hairline, key) is not None:
                got = getattr(hairline, key)
                yield key, "be left out without shape", list(got) if key == "centre_mm" else got, ""
        if hairline.temple_points:
            yield "temple_points", "be left out without shape", "true", ""
        if hairline.asymmetry:
            yield "asymmetry", "be left out without shape", hairline.asymmetry, ""
    elif hairline.peak_mm is not None and shape != "widows-peak":
        yield "peak_mm", f"be left out for shape {shape!r}", hairline.peak_mm, "Or: widows-peak."
    x = [point[0] for point in points or ()]
    if any(b <= a for a, b in itertools.pairwise(x)):
        yield "points_mm", "go from left to right (rising x)", points, ""


def densest_of(region: RegionTable) -> float:
    """Return a region's largest factor; a mask may have its 1 anywhere."""
    fade = region.gradient
    return region.density * (1.0 if fade is None else max(fade.density))
