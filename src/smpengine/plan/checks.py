"""What the schema cannot say: each check returns (key, rule, value, remedy) for what is wrong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from smpengine.plan.hair_schema import HairRegionTable
from smpengine.plan.presets import NEEDLES_RADIUS_MM
from smpengine.plan.schema import HairlineTable, RegionTable, SessionTable

Problem = tuple[str, str, object, str]

MAX_COVER: Final = 0.9
"""Discs of one size cover at most 0.907 of a plane without overlapping."""


def check_session(session: SessionTable, densest: float) -> Iterator[Problem]:
    """Check one session; `densest` is the largest region factor."""
    if session.needle is not None:
        radius = NEEDLES_RADIUS_MM[session.needle]
        if session.radius_mm != radius:
            rule = f"be left out, or {radius:g} as of needle {session.needle}"
            yield "radius_mm", rule, session.radius_mm, "Choose one of the two."
    half = 0.5 * session.thickness_mm
    if session.depth_mm < half:
        remedy = "The depth is that of the centre: a deposit's top cannot lie above the surface."
        yield "depth_mm", f"be at least thickness_mm / 2 = {half:g}", session.depth_mm, remedy
    cover = session.density_per_cm2 * densest * math.pi * (0.1 * session.radius_mm) ** 2
    if cover > MAX_COVER:
        most = MAX_COVER / (densest * math.pi * (0.1 * session.radius_mm) ** 2)
        remedy = f"Dots of {session.radius_mm:g} mm would cover {cover:.0%} of the skin."
        rule = f"be at most {most:.0f} for this radius_mm"
        yield "density_per_cm2", rule, session.density_per_cm2, remedy


def check_days(sessions: list[SessionTable]) -> Iterator[Problem]:
    """Check that sessions are in order."""
    for k in range(1, len(sessions)):
        if sessions[k].day < sessions[k - 1].day:
            rule = f"be at least {sessions[k - 1].day:g}, that of the session before"
            yield f"sessions[{k}].day", rule, sessions[k].day, "Sessions are listed in order."


def check_region(
    region: RegionTable | HairRegionTable, extent_mm: tuple[float, float]
) -> Iterator[Problem]:
    """Check one region's polygon."""
    from shapely import Polygon, box
    from shapely.validation import explain_validity

    polygon = Polygon(region.polygon_mm)
    if polygon.convex_hull.area == 0.0:
        yield "polygon_mm", "enclose an area", region.polygon_mm, "Its corners lie on one line."
    elif not polygon.is_valid:
        remedy = "List the corners in order around the region."
        yield "polygon_mm", "not cross itself", explain_validity(polygon), remedy
    elif not polygon.intersects(box(0.0, 0.0, *extent_mm)):
        rule = f"touch the extent of {extent_mm[0]:g} x {extent_mm[1]:g} mm"
        yield "polygon_mm", rule, list(polygon.bounds), "Coordinates are mm from the top left."


def check_hairline(hairline: HairlineTable) -> Iterator[Problem]:
    """Check that the curve goes from left to right."""
    x = [point[0] for point in hairline.points_mm]
    if any(b <= a for a, b in itertools.pairwise(x)):
        yield "points_mm", "go from left to right (rising x)", hairline.points_mm, ""
