"""How much of a session's density belongs at a point: regions, strokes, hairline, feathering."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.philox import philox, uniform
from smpengine.plan.covers import PATCH_CONTRAST, Fields, factors
from smpengine.plan.hairlines import Edge

_CURVE_STEPS = 12  # straight pieces between two points of the hairline
_WAVES = 32
_PATCH_WAVE_MM = (10.0, 30.0)  # half a wave is a patch

Place = tuple[float, float]


@dataclass(frozen=True)
class Gradient:
    """A factor that goes evenly from one value to another; it stays as it is before and beyond.

    Attributes
    ----------
    from_mm, to_mm
        Where (x, y) it has its first and its last value; it is level across.
    density
        The two values, >= 0.
    """

    from_mm: Place
    to_mm: Place
    density: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Mask:
    """A factor from a picture.

    Attributes
    ----------
    pixels
        Uint16 (rows, columns); 65535 is 1. Linear between centres of pixels.
    box_mm
        x0, y0, x1, y1: what it is stretched over; 0 beyond.
    """

    pixels: NDArray[np.uint16]
    box_mm: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Stretch:
    """How much larger a surface is than its chart: a factor on all density, so that it is true.

    Attributes
    ----------
    pixels
        Uint16 (rows, columns); 65535 is `most`.
    box_mm
        x0, y0, x1, y1: what they are stretched over; there is no surface beyond.
    most
        The largest factor.
    """

    pixels: NDArray[np.uint16]
    box_mm: tuple[float, float, float, float]
    most: float


@dataclass(frozen=True)
class Region:
    """A part of the scalp with its share of the density.

    Attributes
    ----------
    polygon_mm
        Corners (x, y), in order; the last is joined to the first.
    density
        Factor on the sessions' densities, >= 0.
    feather_mm
        Over this distance across the edge, half of it on each side, the density rises.
    more_mm
        Further outlines: holes and islands, even-odd.
    gradient, mask
        Factors on `density`; None for none.
    """

    polygon_mm: Sequence[Place]
    density: float
    feather_mm: float
    more_mm: Sequence[Sequence[Place]] = ()
    gradient: Gradient | None = None
    mask: Mask | None = None

    @property
    def largest(self) -> float:
        """Its largest density anywhere."""
        largest = self.density
        if self.gradient is not None:
            first, last = self.gradient.density
            largest *= max(first, first + (last - first))  # as kernels round it
        if self.mask is not None:
            largest *= float(self.mask.pixels.max()) / 65535.0
        return largest


@dataclass(frozen=True)
class Stroke:
    """A line with a width along which the density is another: a part, a scar.

    Attributes
    ----------
    points_mm
        Points (x, y), joined by straight lines; ends and bends are round.
    width_mm
        From side to side.
    density
        Factor on what the regions give there.
    feather_mm
        Over this distance across its edge, half of it on each side, the factor goes to 1.
    """

    points_mm: Sequence[Place]
    width_mm: float
    density: float
    feather_mm: float


@dataclass(frozen=True)
class Hairline:
    """A curve from left to right; pigment lies below it (larger y).

    Attributes
    ----------
    points_mm
        At least two points with rising x; the curve through them is a Catmull-Rom spline, and goes
        on level beyond its ends.
    feather_mm
        Over this distance below the curve the density rises from nothing.
    smooth
        False joins the points by straight lines: they are a fine curve already.
    edge
        How the line is broken; None for a line as it is drawn.
    """

    points_mm: Sequence[Place]
    feather_mm: float
    smooth: bool = True
    edge: Edge | None = None

    @property
    def curve_mm(self) -> NDArray[np.float64]:
        """The curve as a fine polyline, (n, 2)."""
        if self.smooth:
            return catmull_rom(self.points_mm)
        return np.array(self.points_mm, np.float64)


class DensityMap:
    """The factor on every session's density, at any point.

    Parameters
    ----------
    regions
        Where they overlap the later one lies on top; where two touch, their feathers add up to a
        whole, so that no seam shows. None at all is the whole scalp.
    hairline
        Cuts all regions off; None for no hairline.
    waves
        Float64 (n, 3), from `patch_waves`: a random field that multiplies the rest; None for none.
    strokes
        Factors along lines, on top of the regions; later ones on top.
    stretch
        Of the surface that the scalp lies on; None for flat skin.

    Attributes
    ----------
    fields
        What `covers.factor_at` takes after the point.
    largest
        No factor anywhere is larger.
    """

    def __init__(
        self,
        regions: Sequence[Region] = (),
        hairline: Hairline | None = None,
        waves: NDArray[np.float64] | None = None,
        strokes: Sequence[Stroke] = (),
        stretch: Stretch | None = None,
    ) -> None:
        self._patches = np.zeros((0, 3)) if waves is None else waves
        self.fields = _fields(regions, strokes, hairline, self._patches, stretch)
        largest = max((region.largest for region in regions), default=1.0)
        if strokes:
            largest *= max(1.0, *(stroke.density for stroke in strokes))
        if stretch is not None:
            largest *= stretch.most
        self.largest = largest * (1.0 + PATCH_CONTRAST) if len(self._patches) else largest

    @property
    def feather_mm(self) -> NDArray[np.float64]:
        """Of each region, (k,)."""
        return self.fields.areas[: self.fields.layout[0, 0], 1]

    @property
    def waves(self) -> NDArray[np.float64]:
        """Of the random field, (n, 3)."""
        return self._patches

    def at(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factors at points, (n,)."""
        out = np.empty(len(x_mm))
        factors(np.asarray(x_mm, np.float64), np.asarray(y_mm, np.float64), out, *self.fields)
        return out


class Filled(DensityMap):
    """A map that leaves out what is there already.

    Parameters
    ----------
    full
        The factor where nothing is there.
    there
        x_mm and y_mm, (n,), to the share that is there, (n,); more than 1 is 1.
    """

    def __init__(
        self,
        full: DensityMap,
        there: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    ) -> None:
        self.fields, self.largest, self._patches = full.fields, full.largest, full.waves
        self._full, self._there = full, there

    def at(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factors at points, (n,)."""
        return self._full.at(x_mm, y_mm) * np.maximum(1.0 - self._there(x_mm, y_mm), 0.0)


def _sides(ring: Sequence[Place]) -> NDArray[np.float64]:
    """Return a closed outline's sides, (n, 4): ax, ay, bx, by."""
    corners = np.asarray(ring, np.float64)
    return np.hstack([np.roll(corners, 1, axis=0), corners])


def _fields(
    regions: Sequence[Region],
    strokes: Sequence[Stroke],
    hairline: Hairline | None,
    patches: NDArray[np.float64],
    stretch: Stretch | None,
) -> Fields:
    """Lay everything out as kernels take it."""
    parts = [np.concatenate([_sides(ring) for ring in (r.polygon_mm, *r.more_mm)]) for r in regions]
    parts += [_pieces(np.asarray(stroke.points_mm, np.float64)) for stroke in strokes]
    first = np.cumsum([0, *(len(part) for part in parts)])
    line = np.zeros((0, 4)) if hairline is None else _pieces(hairline.curve_mm)
    edge = None if hairline is None else hairline.edge
    broken = np.zeros((2, 0, 4)) if edge is None else edge.waves
    layout = np.zeros((len(parts) + 2, 4), np.int64)
    layout[0] = len(regions), len(strokes), first[-1] + len(line), broken.shape[1]
    layout[1:, 0] = first
    pixels = [np.zeros(0, np.uint16)]
    for n, mask in enumerate(region.mask for region in regions):
        if mask is not None:
            layout[n + 1, 1:] = sum(len(part) for part in pixels), *mask.pixels.shape
            pixels.append(mask.pixels.ravel())
    areas = np.zeros((len(parts) + 1, 12))
    for row, region in zip(areas, regions, strict=False):
        row[:] = _row(region)
    for row, stroke in zip(areas[len(regions) :], strokes, strict=False):
        row[:3] = stroke.density, stroke.feather_mm, 0.5 * stroke.width_mm
    if hairline is not None:
        areas[-1, :3] = hairline.feather_mm, line[:, 1::2].min(), line[:, 1::2].max()
    if edge is not None:
        areas[-1, 3:7] = edge.amplitude_mm, edge.limit_mm, edge.reach_mm, edge.stray
    if stretch is not None:
        rows, columns = stretch.pixels.shape
        layout[-1, 1:] = sum(len(part) for part in pixels), rows, columns
        pixels.append(stretch.pixels.ravel())
        areas[-1, 7:] = stretch.most, *_stretched(stretch.box_mm, rows, columns)
    patches = np.hstack([patches, np.ones((len(patches), 1))])
    return Fields(
        segments=np.ascontiguousarray(np.concatenate([np.zeros((0, 4)), *parts, line])),
        areas=areas,
        layout=layout,
        pixels=np.concatenate(pixels),
        waves=np.concatenate([*broken, patches]),
    )


def _pieces(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a polyline's segments, (n, 4)."""
    return np.hstack([points[:-1], points[1:]])


def _stretched(
    box_mm: tuple[float, float, float, float], rows: int, columns: int
) -> tuple[float, float, float, float]:
    """Return a picture's corner, and its pixels per mm across and down."""
    x0, y0, x1, y1 = box_mm
    return x0, y0, columns / (x1 - x0), rows / (y1 - y0)


def _row(region: Region) -> tuple[float, ...]:
    """Return a row of `Fields.regions`."""
    ramp: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    box: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    if region.gradient is not None:
        (x0, y0), (x1, y1) = region.gradient.from_mm, region.gradient.to_mm
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        first, last = region.gradient.density
        ramp = x0, y0, (x1 - x0) / length2, (y1 - y0) / length2, first, last - first
    if region.mask is not None:
        rows, columns = region.mask.pixels.shape
        box = _stretched(region.mask.box_mm, rows, columns)
    return region.density, region.feather_mm, *ramp, *box


def catmull_rom(points_mm: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return a smooth curve through points as a fine polyline, (n, 2)."""
    p = np.asarray(points_mm, np.float64)
    # Ends are repeated by reflection, so that the curve leaves them straight.
    p = np.concatenate([[2 * p[0] - p[1]], p, [2 * p[-1] - p[-2]]])
    t = np.arange(_CURVE_STEPS)[:, None] / _CURVE_STEPS
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        cubic = -a + 3 * b - 3 * c + d
        square = 2 * a - 5 * b + 4 * c - d
        pieces.append(0.5 * (2 * b + (c - a) * t + square * t**2 + cubic * t**3))
    return np.ascontiguousarray(np.concatenate([*pieces, p[-2:-1]]))


def patch_waves(key0: int, key1: int) -> NDArray[np.float64]:
    """Return the plane waves of a random field of patches.

    Parameters
    ----------
    key0, key1
        Words of 32 bits.

    Returns
    -------
    ndarray
        Float64 (32, 3): wave vector (x, y) in rad/mm and phase. Directions and phases are uniform,
        wavelengths log-uniform from 10 to 30 mm.
    """
    waves = np.empty((_WAVES, 3))
    low, high = _PATCH_WAVE_MM
    for n in range(_WAVES):
        along, length, phase, _ = (uniform(word) for word in philox(n, 0, 0, 0, key0, key1))
        number = 2.0 * math.pi / (low * (high / low) ** length)
        angle = 2.0 * math.pi * along
        waves[n] = number * math.cos(angle), number * math.sin(angle), 2.0 * math.pi * phase
    return waves
