"""From a plan's tables to the head that its scalp lies on, and to the light."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import PlanError, SceneError, must
from smpengine.light import Light
from smpengine.plan.checks import Problem
from smpengine.plan.density import Stretch
from smpengine.plan.head_schema import HeadTable
from smpengine.plan.outlines import OutlineError, read_mask
from smpengine.plan.schema import PlanTable
from smpengine.surface.head import AXES_MM, MOST_MM, Head

_CELL_MM: Final = 2.0
"""Of the grid that the chart's stretch is kept on; between its points it is linear, within 1e-4."""
_FULL: Final = 65535.0
_MOST_EXTENT_MM: Final = 4.0 * MOST_MM
"""Further than that from ear to ear, or from forehead to nape, is no head."""


def head_of(table: PlanTable, folder: Path) -> Head | None:
    """Return a plan's head, or None where it says nothing of one.

    Parameters
    ----------
    table
        Validated.
    folder
        Where its files are.

    Raises
    ------
    PlanError
        The file of its heights cannot be used any more.
    """
    given = table.head
    if given is None:
        return None
    own: dict[str, Any] = {
        "crown_mm": given.crown_mm,
        "gloss": given.gloss,
        "texture": given.texture,
    }
    if given.depth_map is None:
        return Head(given.axes_mm or AXES_MM, **own)
    try:
        heights = heights_in(folder / given.depth_map, given.range_mm or (0.0, 0.0))
    except OutlineError as error:
        line = must("head.depth_map", error.rule, error.got, remedy=error.remedy)
        raise PlanError([line]) from error
    scale = 1.0 / (given.mm_per_px or 1.0)
    return Head(heights_mm=heights, heights_px_per_mm=scale, **own)


def heights_in(path: Path, range_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Read heights from a grey picture; black is nothing, and the rest goes over the range.

    Raises
    ------
    OutlineError
        It cannot be read.
    """
    pixels = read_mask(path)
    low, high = range_mm
    heights = low + (high - low) * ((pixels.astype(np.float64) - 1.0) / (_FULL - 1.0))
    return np.where(pixels == 0, np.nan, heights)


def check_head(table: HeadTable, folder: Path) -> Iterator[Problem]:
    """Check what the schema cannot say of a head: the file of its heights."""
    if table.depth_map is None or table.range_mm is None or table.mm_per_px is None:
        return
    try:
        heights = heights_in(folder / table.depth_map, table.range_mm)
        _ = Head(heights_mm=heights, heights_px_per_mm=1.0 / table.mm_per_px).surface
    except OutlineError as error:
        yield "depth_map", error.rule, error.got, error.remedy
    except SceneError as error:
        yield "depth_map", "hold a head", table.depth_map, str(error)


def check_extent(extent_mm: tuple[float, float]) -> Iterator[Problem]:
    """Check that a scalp is no larger than a head can be: the chart of a head is a grid."""
    for k, side in enumerate(extent_mm):
        if not side <= _MOST_EXTENT_MM:
            rule = f"be at most {_MOST_EXTENT_MM:g} mm where head is given"
            yield f"scalp.extent_mm[{k}]", rule, side, "Leave head out for flat skin."


def light_of(table: PlanTable) -> Light | None:
    """Return a plan's light; with a head and nothing said of light it is the usual lamp."""
    given = table.light
    if given is None:
        return None if table.head is None else Light()
    return Light(given.azimuth_deg, given.elevation_deg, given.share, given.colour)


def stretch_of(head: Head | None, extent_mm: tuple[float, float]) -> Stretch | None:
    """Return how much larger than its chart of an extent a head is, or None for flat skin."""
    if head is None:
        return None
    width, height = extent_mm
    x0, y0 = head.crown_in((width, height))
    columns, rows = (max(int(np.ceil(side / _CELL_MM)), 2) + 2 for side in (width, height))
    # A cell more on each side: values lie in the middle of cells, and hold up to the edge.
    step_x, step_y = width / (columns - 2), height / (rows - 2)
    x = (np.arange(columns) - 0.5) * step_x - x0
    y = (np.arange(rows) - 0.5) * step_y - y0
    _, ratio = head.surface.on_surface(np.tile(x, rows), np.repeat(y, columns))
    most = max(float(ratio.max()), 1e-6)
    pixels = np.floor(ratio / most * _FULL + 0.5).astype(np.uint16).reshape(rows, columns)
    return Stretch(pixels, (-step_x, -step_y, width + step_x, height + step_y), most)
