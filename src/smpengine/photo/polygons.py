"""Masks from outlines: polygons in the pixels of a photograph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smpengine.errors import InputError, PlanError, key_of, must, rule_of
from smpengine.photo.masks import Float32Array, check_feather, eased

Outline = Sequence[tuple[float, float]]

_SUBROWS: Final = 64
_BLOCK_ROWS: Final = 256
_FARTHEST_PX: Final = 1e6
_TAPS: Final = 64  # of a kernel at most, nearly


def polygon_mask(
    outlines: Sequence[Outline], shape: tuple[int, int], feather_px: float = 0.0
) -> Float32Array:
    """Return the mask that outlines enclose.

    Parameters
    ----------
    outlines
        Of (x, y) each, in pixels of the photograph as displayed: pixel (row j, column i) covers
        [i, i + 1) x [j, j + 1). Closed whether they say so or not. A place is inside where an odd
        number of them encloses it, so one in another is a hole.
    shape
        (H, W).
    feather_px
        Width of the edge, half of it on each side; at 0 a pixel's value is the share of it that is
        inside.

    Returns
    -------
    ndarray
        float32 (H, W), 0 to 1.

    Raises
    ------
    InputError
        An outline encloses nothing, or the width is none.
    """
    width = check_feather(feather_px)
    rings = [_ring(outline, f"polygons[{k}]") for k, outline in enumerate(outlines)]
    if not rings:
        raise InputError(must("polygons", "list at least one outline", "none"))
    mask = _coverage(rings, shape)
    if not mask.any():
        least = np.min([ring.min(0) for ring in rings], 0)
        most = np.max([ring.max(0) for ring in rings], 0)
        got = f"x {least[0]:g} to {most[0]:g}, y {least[1]:g} to {most[1]:g}"
        rule = f"enclose a part of the photograph, {shape[1]} x {shape[0]} pixels"
        raise InputError(must("polygons", rule, got))
    return mask if width == 0.0 else _feathered(mask, width)


def _ring(outline: Outline, name: str) -> NDArray[np.float64]:
    """Return an outline as (n, 2), checked."""
    try:
        ring = np.asarray(outline, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(must(name, "list points [x, y]", "something else")) from error
    if ring.ndim != 2 or ring.shape[1] != 2 or ring.shape[0] < 3:
        raise InputError(must(name, "list at least 3 points [x, y]", f"shape {ring.shape}"))
    good = np.isfinite(ring) & (np.abs(ring) <= _FARTHEST_PX)
    if not good.all():
        k = int(np.argmin(good.all(1)))
        rule = f"be within {_FARTHEST_PX:g} pixels"
        raise InputError(must(f"{name}[{k}]", rule, tuple(ring[k].tolist())))
    return ring


def _coverage(rings: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> Float32Array:
    """Return the share of each pixel that is inside: exact along rows, 64 lines a row down."""
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, 0) for ring in rings])
    mask = np.zeros(shape, np.float32)
    for top in range(0, shape[0], _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, shape[0] - top)
        line, x = _crossings(starts, ends, top, rows)
        if line.size:
            mask[top : top + rows] = _filled(line, x, rows, shape[1])
    return mask


def _crossings(
    starts: NDArray[np.float64], ends: NDArray[np.float64], top: int, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where edges cross the lines of some rows: line and x, sorted by both."""
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    # Line k runs at y = top + (k + 0.5) / 64, and belongs to an edge from its lower end on.
    first = np.clip(np.ceil((low - top) * _SUBROWS - 0.5), 0, rows * _SUBROWS).astype(np.int64)
    past = np.clip(np.ceil((high - top) * _SUBROWS - 0.5), 0, rows * _SUBROWS).astype(np.int64)
    count = past - first
    edge = np.repeat(np.arange(count.size), count)
    line = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    y = top + (line + 0.5) / _SUBROWS
    (x0, y0), (x1, y1) = starts[edge].T, ends[edge].T
    x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    order = np.lexsort((x, line))
    return line[order], x[order]


def _filled(
    line: NDArray[np.int64], x: NDArray[np.float64], rows: int, width: int
) -> NDArray[np.float64]:
    """Return how much of each pixel lies between odd crossings and the even ones after them."""
    # Each line is crossed an even number of times, so places in the list tell odd from even.
    sign = np.where(np.arange(x.size) % 2 == 0, 1.0, -1.0) / _SUBROWS
    x = np.clip(x, 0.0, width)
    column = np.minimum(np.floor(x), width - 1.0)
    part = x - column
    cell = line // _SUBROWS * (width + 1) + column.astype(np.int64)
    size = rows * (width + 1)
    steps = np.zeros(size)
    for at, weight in ((cell, sign * (1.0 - part)), (cell + 1, sign * part)):
        steps += np.bincount(at, weight, size)[:size]
    filled: NDArray[np.float64] = np.cumsum(steps.reshape(rows, width + 1), 1)[:, :width]
    return np.clip(filled, 0.0, 1.0, out=filled)


def _feathered(mask: Float32Array, width: float) -> Float32Array:
    """Return a mask with a soft edge: a mean over its surroundings, which keeps its area.

    The kernel along an axis is the slope of `eased` over the width of the edge, so an upright edge
    becomes `eased` itself, and others nearly. Wide edges are worked out on fewer, larger pixels.
    """
    import cv2

    height, across = mask.shape
    step = max(round(width / _TAPS), 1)
    if step > 1:
        extra = -height % step, -across % step
        mask = np.pad(mask, ((0, extra[0]), (0, extra[1])), "edge")
        small = mask.shape[1] // step, mask.shape[0] // step
        mask = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    reach = math.ceil(0.5 * width / step)
    edges = (np.arange(-reach, reach + 2) - 0.5) * step / width
    kernel = np.diff(eased((edges + 0.5).astype(np.float32)).astype(np.float64))
    kernel /= kernel.sum()
    soft = cv2.sepFilter2D(mask, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    if step > 1:
        size = soft.shape[1] * step, soft.shape[0] * step
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC)[:height, :across]
    clipped: Float32Array = np.clip(soft, 0.0, 1.0)
    return clipped


class _Table(BaseModel):
    """What a file of polygons may say."""

    model_config = ConfigDict(extra="forbid", strict=False)

    polygons: Annotated[list[list[tuple[float, float]]], Field(min_length=1)]
    feather_px: Annotated[float, Field(ge=0)] = 0.0


def read_polygons(path: str | Path) -> tuple[list[Outline], float]:
    """Read outlines.

    Parameters
    ----------
    path
        TOML or JSON with `polygons = [[[x, y], ...], ...]`, pixels of the photograph as displayed,
        and `feather_px`, 0 if it is left out; or SVG with one shape, a unit of it a pixel.

    Returns
    -------
    outlines, feather_px
        As `polygon_mask` takes them.

    Raises
    ------
    InputError
        The file cannot be used; with a line for each problem.
    """
    target = Path(path)
    if target.suffix.lower() == ".svg":
        return _read_svg(target), 0.0
    from smpengine.plan.load import read_mapping

    if target.suffix.lower() not in (".toml", ".json"):
        raise InputError(must("polygons", "be a .toml, .json or .svg file", repr(str(path))))
    try:
        data = read_mapping(target)
    except PlanError as error:
        raise InputError(str(error).replace("a plan must", "it must")) from error
    try:
        table = _Table.model_validate(data)
    except ValidationError as error:
        raise InputError(
            "\n".join(f"{path}: {_said(entry)}" for entry in error.errors())
        ) from error
    outlines: list[Outline] = list(table.polygons)
    return outlines, table.feather_px


def _said(entry: Any) -> str:
    """Say one of pydantic's errors in our words."""
    key = key_of(entry["loc"])
    if entry["type"] == "extra_forbidden":
        return must(key, "be a known key", repr(entry["input"]), "", "Known: polygons, feather_px.")
    if entry["type"] == "missing" and not key.startswith("polygons["):
        return must(key, "be given", "nothing", "", "polygons = [[[x, y], [x, y], [x, y]]]")
    rule = "be [x, y]" if entry["type"] == "missing" else rule_of(entry)
    got = repr(entry["input"])
    return must(key, rule, got if len(got) <= 60 else f"{got[:57]}...")


def _read_svg(path: Path) -> list[Outline]:
    from smpengine.plan.outlines import OutlineError, file_rings

    try:
        return list(file_rings(path, None))
    except OutlineError as error:
        raise InputError(must("polygons", error.rule, error.got, "", error.remedy)) from error
