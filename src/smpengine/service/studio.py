"""What can be asked for, and how it is made: pictures, a plan's description, a verdict.

Everything asked for has a tag, a hash of all it depends on, before any of it is made.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import smpengine
from smpengine.devices import resolve
from smpengine.errors import InputError, must
from smpengine.image.web import MEDIA, encode
from smpengine.plan.course import course_of
from smpengine.plan.plan import Plan
from smpengine.raster.splats import PixelWindow
from smpengine.service.levels import TILE_PX, Levels, Window, window_mm
from smpengine.service.limits import Limits
from smpengine.service.looks import Look, Scenes
from smpengine.service.plans import Named, Plans
from smpengine.service.problems import Problem
from smpengine.sets.stages import Stages
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, thread_count

_VERDICT_PX_PER_MM: Final = 20.0
_VERDICT_MM: Final = 40.0
_VERDICT_PX: Final = 4_000_000
_BINS: Final = 24
_STAGES_BYTES: Final = 256 * 2**20
_PAINTED: Final[dict[str, Any]] = {
    "version": 1, "treatment": "natural",
    "scalp": {"extent_mm": [4, 4], "regions": [{"polygon_mm": [[0, 0], [4, 0], [4, 4]]}]},
}  # fmt: skip
"""Brings what a first stroke of the brush would wait for: regions have libraries of their own."""


@dataclass(frozen=True)
class Asked:
    """A picture that is asked for.

    Attributes
    ----------
    named, look
        Of what, and how it is looked at.
    px_per_mm, window
        Scale, and pixels of it.
    kind
        "png", "jpg" or "webp".
    size
        (width, height) that it is brought to, where that is another.
    """

    named: Named
    look: Look
    px_per_mm: float
    window: PixelWindow
    kind: str
    size: tuple[int, int] | None = None

    @property
    def tag(self) -> str:
        """A hash of all that the bytes depend on but the device."""
        window = self.window
        edges = window.row0, window.col0, window.height, window.width
        parts = smpengine.__version__, self.named.id, self.look.name, self.px_per_mm, edges
        said = repr((*parts, self.kind, self.size))
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


class Studio:
    """Makes what is asked for. May be called from several threads.

    Parameters
    ----------
    plan
        What is served where nothing else is asked for.
    limits
        What is taken on.
    device, threads
        As for `Preview`.
    px_per_mm
        Of the largest level of tiles; the plan's own when None.
    """

    def __init__(
        self, plan: Plan, limits: Limits, device: str = "auto", threads: int | None = None,
        px_per_mm: float | None = None,
    ) -> None:  # fmt: skip
        self.limits = limits
        self.threads = thread_count(threads)
        self.device = resolve(device)
        self.px_per_mm = check_scale(plan.px_per_mm if px_per_mm is None else px_per_mm)
        self.stages = Stages(_STAGES_BYTES)
        self.plans = Plans(plan, limits, self.stages)
        self.scenes = Scenes(
            limits.scenes, 2 * limits.most_impressions, device, threads, limits.blocks_mib
        )
        self._warm()

    def _warm(self) -> None:
        """Draw a little of what is served first: it must be sound, and kernels be compiled.

        Compiling takes half a minute on a new machine, longer than a client waits.
        """
        first = self.plans.first
        view = self.scenes.get(first, Look())
        x, y = (0.5 * side for side in first.plan.extent_mm)
        reach = 16.0 / self.px_per_mm
        for px_per_mm in (self.px_per_mm, 0.25 * self.px_per_mm):
            for stage in view.refine((x - reach, y - reach, x + reach, y + reach), px_per_mm):
                for kind in MEDIA:
                    encode(stage.picture, kind)
        # What finds that an edit left most as it was.
        dots = view.scene.impressions
        view.branch(replace(view.scene, impressions=dots.rows(slice(1, None))))
        Plan.from_dict(_PAINTED).scene()

    def overview(self) -> Asked:
        """Return the whole of what is served first, small: drawn, its levels and dots are known."""
        return self.tile(self.plans.first, Look(), (0, 0, 0), "jpg")

    def tag(self, asked: Asked) -> str:
        """Return what a picture is known by: devices differ in the last bit."""
        return f"{asked.tag}-{self.device.split(':')[0]}"

    def levels(self, named: Named) -> Levels:
        """Return a plan's levels of tiles."""
        return Levels(named.plan.extent_mm, self.px_per_mm)

    def tile(
        self, named: Named, look: Look, at: tuple[int, int, int], kind: str, cut: bool = False
    ) -> Asked:
        """Return what a tile is; `at` is level, column and row.

        Raises
        ------
        Problem
            There is no such tile (404).
        """
        found = self.levels(named).tile(*at, cut)
        if found is None:
            z, x, y = at
            most = self.levels(named).most
            raise Problem(404, [must("tile", f"be one of levels 0 to {most}", f"{z}/{x}/{y}")])
        return Asked(named, look, *found, kind)

    def window(
        self, named: Named, look: Look, window: Window | None, px_per_mm: float, kind: str
    ) -> Asked:
        """Return what a window is.

        Raises
        ------
        InputError
            It cannot be.
        Problem
            It is too large (413).
        """
        scale = check_scale(px_per_mm)
        return self.sized(
            Asked(named, look, scale, pixel_window(named.plan.extent_mm, scale, window), kind)
        )

    def sized(self, asked: Asked) -> Asked:
        """Return what is asked for, if it is not too large.

        Raises
        ------
        Problem
            It is (413).
        """
        most, window = self.limits.most_mpx, asked.window
        width, height = asked.size or (0, 0)
        mpx = max(window.width * window.height, width * height) / 1e6
        # What is drawn for a picture of a whole scalp is the whole scalp in its subpixels.
        if mpx > most:
            remedy = "Ask for a smaller window, or for fewer px_per_mm."
            rule = f"have at most {most:g} million pixels"
            raise Problem(413, [must("picture", rule, f"{mpx:.1f}", remedy=remedy)])
        return asked

    def pixels(self, asked: Asked, cancel: Cancel | None = None) -> NDArray[np.uint8]:
        """Draw what is asked for."""
        preview = self.scenes.get(asked.named, asked.look)
        box = window_mm(asked.window, asked.px_per_mm)
        image: NDArray[np.uint8] = preview.render(
            box, asked.px_per_mm, exposure=self.exposure(asked), cancel=cancel
        )
        return resized(image, asked.size)

    def exposure(self, asked: Asked) -> float | None:
        """Return the exposure of what is asked for; None for the engine's own."""
        own = asked.named.plan.exposure
        return own if asked.look.exposure is None else asked.look.exposure

    def picture(self, asked: Asked) -> Callable[[Cancel], bytes]:
        """Return what draws and encodes what is asked for."""

        def work(cancel: Cancel) -> bytes:
            return encode(self.pixels(asked, cancel), asked.kind)

        return work

    def described(self, named: Named) -> dict[str, Any]:
        """Return what there is to know of a plan."""
        plan, levels = named.plan, self.levels(named)
        scene = self.scenes.get(named, Look()).scene
        dots = np.bincount(scene.impressions.session, minlength=len(plan.sessions))
        sessions = []
        for k, (session, layer) in enumerate(zip(plan.sessions, plan.layers(), strict=True)):
            sessions.append({
                "number": k + 1, "name": session.preset or "", "day": session.day,
                "impressions": int(dots[k]), "density_per_cm2": layer.density_per_cm2,
                "radius_mm": layer.radius_mm, "depth_mm": layer.depth_mm,
                "mua_per_mm": list(layer.mua_per_mm),
            })  # fmt: skip
        width, height = levels.size(0)
        days = [session.day for session in plan.sessions]
        return {
            "id": named.id, "plan": named.said, "extent_mm": list(plan.extent_mm),
            "sessions": sessions, "impressions": len(scene.impressions),
            "last_day": max(days, default=0.0),
            "settled_day": course_of(plan.treated, plan.sessions, None, plan.skin).day,
            "notes": plan.notes,
            "scale": {"px_per_mm": self.px_per_mm, "max_zoom": levels.most, "tile_px": TILE_PX,
                      "width_px": width, "height_px": height},
        }  # fmt: skip

    def verdict(
        self, named: Named, look: Look, window: Window | None, cancel: Cancel | None = None
    ) -> dict[str, Any]:  # fmt: skip
        """Return what `report` says of a window, and how its dots are spread.

        Raises
        ------
        InputError
            It cannot be measured.
        Cancelled
            Nobody waits for it.
        """
        from smpengine.verdict.report import report

        box = _middle(named.plan.extent_mm) if window is None else window
        asked = self.window(named, look, box, _VERDICT_PX_PER_MM, "png")
        if asked.window.width * asked.window.height > _VERDICT_PX:
            rule = f"have at most {_VERDICT_PX / _VERDICT_PX_PER_MM**2 / 100:g} cm2 for a verdict"
            area = asked.window.width * asked.window.height / _VERDICT_PX_PER_MM**2 / 100
            raise Problem(413, [must("window", rule, f"{area:.0f}")])
        found = report(self.pixels(asked, cancel), _VERDICT_PX_PER_MM)
        scene = self.scenes.get(named, look).scene
        x, y, dots = scene.impressions.x_mm, scene.impressions.y_mm, scene.impressions
        inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
        edges = np.linspace(0.0, 1.0, _BINS + 1)
        deepest = float(dots.depth_mm[inside].max(initial=0.4))
        depths = [
            np.histogram(dots.depth_mm[inside & (dots.session == k)], edges * deepest)[0].tolist()
            for k in range(len(named.plan.sessions))
        ]
        return {
            "measures": [
                {"name": m.name, "value": m.value if math.isfinite(m.value) else None,
                 "unit": m.unit, "definition": m.definition} for m in found.measures
            ],
            "stubble_index": found.stubble_index if math.isfinite(found.stubble_index) else None,
            "dots": len(found.dots), "window_mm": list(box),
            "depth_mm": {"edges": (edges * deepest).tolist(), "counts": depths},
            "fwhm_mm": _spread(found.dots.fwhm_mm, 0.4),
            "contrast": _spread(found.dots.contrast, 1.0),
        }  # fmt: skip


def resized(image: NDArray[np.uint8], size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return a picture brought to another width and height."""
    if size is None or size == (image.shape[1], image.shape[0]):
        return image
    import cv2

    smaller = size[0] * size[1] <= image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _spread(values: NDArray[np.float64], most: float) -> dict[str, Any]:
    """Return how many values lie in each of some steps from 0 on; the last has what is over it."""
    edges = np.linspace(0.0, most, _BINS + 1)
    counts = np.histogram(np.clip(values, 0.0, most), edges)[0]
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _middle(extent_mm: tuple[float, float]) -> Window:
    """Return a window in the middle of a scalp."""
    half = [0.5 * min(_VERDICT_MM, side) for side in extent_mm]
    x, y = 0.5 * extent_mm[0], 0.5 * extent_mm[1]
    return x - half[0], y - half[1], x + half[0], y + half[1]


def check_window(text: str) -> Window:
    """Return a window from "x0,y0,x1,y1".

    Raises
    ------
    InputError
        It is not four finite numbers.
    """
    try:
        edges = tuple(float(part) for part in text.split(","))
    except ValueError:
        edges = ()
    if len(edges) != 4 or not all(math.isfinite(edge) for edge in edges):
        raise InputError(must("window", "be four numbers x0,y0,x1,y1 in mm", repr(text[:60])))
    return edges
