"""From a plan's tables and the files beside it to what a map of density is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from smpengine.errors import PlanError, must
from smpengine.plan.density import DensityMap, Gradient, Hairline, Mask, Region, Stretch, Stroke
from smpengine.plan.faults import faulty_density
from smpengine.plan.hairlines import edge_of, shape_curve
from smpengine.plan.loss import Growth, age_shares, loss_regions
from smpengine.plan.outlines import (
    MOST_POINTS,
    OutlineError,
    Ring,
    file_rings,
    path_rings,
    read_mask,
)
from smpengine.plan.scalp_schema import HairlineTable, PartTable, RegionTable, ScarTable
from smpengine.plan.schema import PlanTable

_LEVEL = 0.25  # of the extent: where a hairline's middle lies if nothing is said
_WIDTH = 0.8  # of it, from end to end; room is left for temple points
_WIDTH_OF_POINTED = 0.7


def density_of(table: PlanTable, folder: Path, stretch: Stretch | None) -> DensityMap:
    """Return a plan's map of density, faults applied.

    Parameters
    ----------
    table
        Validated.
    folder
        Where its files are.
    stretch
        Of the head that it lies on, from `heads.stretch_of`; None for flat skin.

    Raises
    ------
    PlanError
        A file of a region cannot be used any more.
    """
    scalp = table.scalp
    regions = _regions_of(scalp.regions, "scalp.regions", scalp.extent_mm, folder)
    lines: list[PartTable | ScarTable] = [*scalp.parts, *scalp.scars]
    strokes = [Stroke(v.points_mm, v.width_mm, v.density, v.feather_mm) for v in lines]
    hairline = _hairline_of(table)
    return faulty_density(
        table.faults, regions, hairline, scalp.extent_mm, table.seed, strokes, stretch,
    )  # fmt: skip


def growth_of(table: PlanTable, folder: Path, stretch: Stretch | None) -> Growth:
    """Return where the hair that is there grows, and how strong; none above the hairline.

    Parameters
    ----------
    table
        Validated; with hair.
    folder
        Where its files are.
    stretch
        Of the head that it lies on, from `heads.stretch_of`; None for flat skin.

    Raises
    ------
    PlanError
        A file of a region cannot be used any more.
    """
    hair, scalp = table.hair, table.scalp
    if hair is None:
        raise ValueError("growth_of needs a plan with hair")
    extent_mm = width, height = scalp.extent_mm
    ring = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    hairline = _hairline_of(table)
    front = 0.5 * width, 0.0
    if hairline is not None:
        curve = hairline.curve_mm
        front = front[0], float(np.interp(front[0], curve[:, 0], curve[:, 1]))
    lost = [] if hair.loss is None else loss_regions(hair.loss, hair, front, table.seed)
    below = [replace(region, density=region.density * hair.coverage) for region in lost]
    own = _regions_of(hair.regions, "hair.regions", extent_mm, folder)
    scars = [Stroke(v.points_mm, v.width_mm, 0.0, v.feather_mm) for v in scalp.scars]
    laid = [Region(ring, hair.coverage, 0.0), *below, *own]
    share = where = DensityMap(laid, hairline, strokes=scars)
    if stretch is not None:
        where = DensityMap(laid, hairline, strokes=scars, stretch=stretch)
    taken = _regions_of(hair.extractions, "hair.extractions", extent_mm, folder)
    shares = age_shares(table.client.age_years, table.client.sex)
    fine = hair.loss is not None and lost and hair.loss.pattern != "patchy"
    return Growth(
        where,
        share,
        DensityMap([Region(ring, 1.0, 0.0), *lost]) if fine else None,
        DensityMap([Region(ring, 0.0, 0.0), *taken]) if taken else None,
        *shares,
    )


def _hairline_of(table: PlanTable) -> Hairline | None:
    line = table.scalp.hairline
    return None if line is None else hairline_of(line, table.scalp.extent_mm, table.seed)


def _regions_of(
    tables: Sequence[RegionTable], name: str, extent_mm: tuple[float, float], folder: Path
) -> list[Region]:
    regions = []
    for k, region in enumerate(tables):
        try:
            regions.append(region_of(region, extent_mm, folder))
        except OutlineError as error:
            key = f"{name}[{k}].{'mask' if region.mask is not None else 'svg_file'}"
            line = must(key, error.rule, error.got, remedy=error.remedy)
            raise PlanError([line]) from error
    return regions


def region_of(table: RegionTable, extent_mm: tuple[float, float], folder: Path) -> Region:
    """Return a region.

    Raises
    ------
    OutlineError
        A path or a file cannot be used.
    """
    rings = rings_of(table, extent_mm, folder)
    mask = None
    if table.mask is not None:
        mask = Mask(read_mask(folder / table.mask), _box(table, extent_mm))
    gradient = None
    if table.gradient is not None:
        fade = table.gradient
        gradient = Gradient(fade.from_mm, fade.to_mm, fade.density)
    return Region(rings[0], table.density, table.feather_mm, rings[1:], gradient, mask)


def rings_of(
    table: RegionTable, extent_mm: tuple[float, float], folder: Path, most: int = MOST_POINTS
) -> list[Ring]:
    """Return a region's outlines; those of a mask alone are its box.

    `most` is how many points curves may become.

    Raises
    ------
    OutlineError
        A path or a file cannot be used, or encloses nothing.
    """
    if table.polygon_mm is not None:
        return [list(table.polygon_mm)]
    if table.svg is not None:
        rings = path_rings(table.svg, most)
    elif table.svg_file is not None:
        rings = file_rings(folder / table.svg_file, table.id, most)
    else:
        x0, y0, x1, y1 = _box(table, extent_mm)
        return [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]]
    if not rings:
        raise OutlineError("enclose an area", "lines or points")
    return rings


def _box(table: RegionTable, extent_mm: tuple[float, float]) -> tuple[float, float, float, float]:
    return (0.0, 0.0, *extent_mm) if table.box_mm is None else table.box_mm


def hairline_of(table: HairlineTable, extent_mm: tuple[float, float], seed: int) -> Hairline:
    """Return a hairline: its points or its shape, broken by its style."""
    edge = None if table.style is None else edge_of(table.style, seed)
    if table.points_mm is not None:
        return Hairline(table.points_mm, table.feather_mm, edge=edge)
    width, height = extent_mm
    share = _WIDTH_OF_POINTED if table.temple_points else _WIDTH
    curve = shape_curve(
        table.shape or "rounded",
        table.centre_mm or (0.5 * width, _LEVEL * height),
        table.width_mm or share * width,
        recession_mm=table.recession_mm,
        peak_mm=table.peak_mm,
        temple_points=table.temple_points,
        asymmetry=table.asymmetry,
        seed=seed,
    )
    points = [(float(x), float(y)) for x, y in curve]
    return Hairline(points, table.feather_mm, smooth=False, edge=edge)
