"""A scene laid on a head: where its dots and hairs are in space, and those of a block in its chart.

Dots keep their size, depth and granules; hairs are drawn as they are seen from the eye. Only places
change, so that what draws a block is what draws flat skin, on any device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.hairs import COLUMNS as HAIR_COLUMNS
from smpengine.hairs import DIAMETERS_MM, MAX_LENGTH_MM, Hairs
from smpengine.impressions import COLUMNS, Impressions, unchecked
from smpengine.optics.granules import place_words, placed_as
from smpengine.optics.scatter import REACH_SAMPLES, Splats, reach_mm
from smpengine.optics.shaft import reach_mm as hair_reach_mm
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene
from smpengine.surface.head import Surface
from smpengine.views.chart import Chart
from smpengine.views.fringe import Fringe
from smpengine.views.marks import Marks
from smpengine.views.view import View
from smpengine.window import halvings_for, subpixels
from smpengine.workers import Workers

_STEP_MM: Final = 0.01  # along a hair, to find its direction in space
STEEPEST_TAN: Final = math.tan(math.radians(84.0))
"""Beyond this tilt shafts are drawn as at it: in a block's chart they would be longer than it."""

_CHUNK: Final = 16_384

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
Shown = Callable[[Array, float], NDArray[np.bool_]]


class Block(Scene):
    """A scene in a block's chart; the roots of its hair are among its impressions already."""

    splats: Splats | None = None

    @property
    def deposits(self) -> Impressions:
        """All that is drawn in the skin."""
        return self.impressions

    @property
    def scattered(self) -> Splats | None:
        """What they are drawn as, if that is known; then there are no impressions."""
        return self.splats


@dataclass(frozen=True)
class Laid:
    """Rows of columns on a surface: points and normals (n, 3), and how far each reaches, (n,)."""

    points: Array
    normals: Array
    reach_mm: Array

    def near(
        self, chart: Chart, box: Box, margin_mm: float
    ) -> tuple[NDArray[np.intp], Array, Array]:
        """Return the rows that reach a box of the chart, and their u and v, (m,)."""
        margin = margin_mm + self.reach_mm
        u, v = chart.places(self.points, self.normals)
        inside = (u > box[0] - margin) & (u < box[2] + margin)
        inside &= (v > box[1] - margin) & (v < box[3] + margin)
        rows = np.flatnonzero(inside)
        return rows, u[rows], v[rows]


class Rolled:
    """A scene on a head.

    Parameters
    ----------
    scene
        In three bands, with a surface.
    px_per_mm
        Of the finest samples; None where blocks bring their impressions, for a device to scatter.
    shown
        Which points (n, 3) can change what will be asked for, if their marks reach so far in mm.
    workers
        Who works it out.
    """

    def __init__(
        self, scene: Scene, px_per_mm: float | None, shown: Shown, workers: Workers
    ) -> None:
        head = scene.surface
        assert head is not None
        self.scene, self.head = scene, head
        self.surface: Surface = head.surface
        x0, y0 = head.crown_in(scene.extent_mm)
        every = scene.deposits
        points, on = laid(self.surface, every.x_mm - x0, every.y_mm - y0, workers)
        farthest = reach_mm(every, scene.skin)
        on &= shown(points, farthest)
        self._deposits = every.rows(on)
        self._marks = None
        reach = np.full(len(self._deposits), farthest)
        if px_per_mm is not None:
            self._marks = Marks(self._deposits, scene.skin, px_per_mm, workers)
            reach = self._marks.reach_mm() + 5.0 * self._deposits.radius_mm
        self._dots = Laid(points[on], self.surface.normals(points[on]), reach)
        self._words = place_words(self._deposits.x_mm, self._deposits.y_mm)
        self._coat = None
        if scene.hair is not None and len(scene.hair):
            self._coat = _Coat(self.surface, scene.hair, (x0, y0), shown, workers)

    def fringe(self, view: View) -> Fringe | None:
        """Return the hairs whose tips may be seen beyond the limb, if there are any."""
        return None if self._coat is None else self._coat.fringe(view, self.surface)

    def block(self, chart: Chart, window: PixelWindow, toward: Array, px_per_mm: float) -> Block:
        """Return the part of the scene that a window of a chart shows.

        Parameters
        ----------
        chart, window
            Samples of the chart.
        toward
            Unit vector from there to the eye.
        px_per_mm
            Samples per mm.
        """
        left, top = window.col0 / px_per_mm, window.row0 / px_per_mm
        box = left, top, left + window.width / px_per_mm, top + window.height / px_per_mm
        margin = REACH_SAMPLES / px_per_mm
        rows, u, v = self._dots.near(chart, box, margin)
        hair = None if self._coat is None else self._coat.block(chart, box, margin, toward)
        # A complexion belongs to places of the scalp: `tint.py` lays it over.
        skin, extent_mm = replace(self.scene.skin, complexion=None), self.scene.extent_mm
        if self._marks is not None:
            block = Block(skin, self._deposits.rows(slice(0, 0)), extent_mm, hair)
            fine = subpixels(window, halvings_for(px_per_mm))
            object.__setattr__(block, "splats", self._marks.block(rows, u, v, fine))
            return block
        columns = {name: getattr(self._deposits, name)[rows] for name in COLUMNS}
        columns["x_mm"], columns["y_mm"] = u, placed_as(u, v, self._words[rows])
        return Block(skin, unchecked(columns), extent_mm, hair)


def laid(
    surface: Surface, x_mm: Array, y_mm: Array, workers: Workers
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the points (n, 3) of places of the chart, and which of them are on the surface."""
    points, on = np.empty((len(x_mm), 3)), np.empty(len(x_mm), np.bool_)

    def work(chunk: int, _: None) -> None:
        part = slice(chunk * _CHUNK, (chunk + 1) * _CHUNK)
        points[part], ratio = surface.on_surface(x_mm[part], y_mm[part])
        on[part] = ratio > 0.0

    workers.each(-(-len(x_mm) // _CHUNK), work, lambda: None)
    return points, on


class _Coat:
    """Hair on a surface."""

    def __init__(
        self, surface: Surface, hairs: Hairs, crown: tuple[float, float], shown: Shown,
        workers: Workers,
    ) -> None:  # fmt: skip
        # As the longest reaches, seen as aslant as any is drawn.
        reach = hair_reach_mm(hairs) + STEEPEST_TAN * float(hairs.length_mm.max())
        points, on = laid(surface, hairs.x_mm - crown[0], hairs.y_mm - crown[1], workers)
        on &= shown(points, reach)
        hairs, points = hairs.rows(on), points[on]
        x, y, azimuth = hairs.x_mm - crown[0], hairs.y_mm - crown[1], hairs.azimuth_rad
        step_x, step_y = _STEP_MM * np.cos(azimuth), _STEP_MM * np.sin(azimuth)
        ahead, _ = laid(surface, x + step_x, y + step_y, workers)
        self._hairs = hairs
        normals = surface.normals(points)
        along = ahead - points
        along -= normals * (along * normals).sum(1, keepdims=True)
        self._along = along / np.linalg.norm(along, axis=1, keepdims=True)
        self._laid = Laid(points, normals, np.full(len(normals), reach))

    def fringe(self, view: View, surface: Surface) -> Fringe | None:
        """Return the hairs whose tips may be seen beyond the limb."""
        points, basis = self._laid.points, view.basis
        towards = np.broadcast_to(basis[2], points.shape)
        if view.distance_mm is not None:
            towards = basis[2] * (surface.facing(basis[2]) + view.distance_mm) - points
            towards = towards / np.linalg.norm(towards, axis=1, keepdims=True)
        places = view.places_px(points, surface, 1.0)
        return Fringe.of(self._hairs, self._along, self._laid.normals, towards, places, basis)

    def block(self, chart: Chart, box: Box, margin_mm: float, toward: Array) -> Hairs | None:
        """Return the hairs of a box as they are seen, or None."""
        rows, u, v = self._laid.near(chart, box, margin_mm)
        if rows.size == 0:
            return None
        hairs = self._hairs.rows(rows)
        columns = {name: np.array(getattr(hairs, name)) for name in HAIR_COLUMNS}
        columns["x_mm"], columns["y_mm"] = u, v
        _lean(
            self._along[rows], self._laid.normals[rows], toward, chart.axes, STEEPEST_TAN,
            columns["azimuth_rad"], columns["elevation_rad"], columns["length_mm"],
            columns["diameter_mm"], columns["shadow"], *DIAMETERS_MM, MAX_LENGTH_MM,
        )  # fmt: skip
        return Hairs(*(columns[name] for name in HAIR_COLUMNS))


@njit(nogil=True, cache=True)
def _lean(
    along, normals, toward, axes, steepest, azimuth, elevation, length, diameter, shadow,
    thinnest, thickest, longest,
):  # fmt: skip
    """Turn shafts into those that, drawn on the skin and seen aslant, look as shafts that stand.

    The tip of a shaft at the height h hides the skin h tan(tilt) behind it, away from the eye. A
    strip across the tilt is seen narrower, so it is drawn wider; its shadow stays as dark.
    """
    for n in range(along.shape[0]):
        slant = 0.0
        for k in range(3):
            slant += toward[k] * normals[n, k]
        # What a height of 1 is moved by, in the tangent plane, in the chart's axes.
        away_u, away_v, flat_u, flat_v = 0.0, 0.0, 0.0, 0.0
        for k in range(3):
            away = normals[n, k] * slant - toward[k]
            away_u += away * axes[0, k]
            away_v += away * axes[1, k]
            flat_u += along[n, k] * axes[0, k]
            flat_v += along[n, k] * axes[1, k]
        turned = math.hypot(away_u, away_v)
        tangent = min(math.sqrt(max(1.0 - slant * slant, 0.0)) / max(slant, 1e-9), steepest)
        if turned > 1e-12:
            away_u, away_v = away_u / turned, away_v / turned
        size = math.hypot(flat_u, flat_v)
        flat_u, flat_v = flat_u / max(size, 1e-12), flat_v / max(size, 1e-12)
        lies = length[n] * math.cos(elevation[n])
        stands = length[n] * math.sin(elevation[n])
        u = lies * flat_u + stands * tangent * away_u
        v = lies * flat_v + stands * tangent * away_v
        seen = math.hypot(u, v)
        azimuth[n] = math.atan2(v, u) if seen > 1e-12 else math.atan2(flat_v, flat_u)
        before = length[n] * diameter[n]
        length[n] = min(math.hypot(seen, stands), longest)
        elevation[n] = min(max(math.atan2(stands, seen), 0.0), 0.5 * math.pi)
        if seen > diameter[n]:
            with_tilt = (u * away_u + v * away_v) / seen
            cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
            # Seen from its own direction a strip is foreshortened along, and keeps its width.
            wider = math.sqrt(with_tilt**2 * cosine**2 + (1.0 - with_tilt**2)) / cosine
            diameter[n] = min(max(diameter[n] * wider, thinnest), thickest)
        after = length[n] * diameter[n]
        if after > 0.0:
            shadow[n] = min(shadow[n] * before / after, 4.0)
