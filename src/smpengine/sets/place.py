"""A variant's scene: only the dots and hairs that can change its picture, its truth or its maps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from smpengine.errors import SceneError, must
from smpengine.hairs import ROOT_MM
from smpengine.impressions import Impressions
from smpengine.optics.scatter import REACH_SAMPLES, reach_mm
from smpengine.optics.shaft import SKIN_BLUR_MM
from smpengine.philox import SPREAD_LIMIT
from smpengine.plan.healing import BLOWN, BLOWN_DEPTH_MM, FLARE_RADIUS_MM
from smpengine.plan.misplaced import MAX_RADIUS_MM, MIGRATED_DEPTH_MM
from smpengine.plan.plan import Plan
from smpengine.scene import Scene
from smpengine.truth_maps import KERNEL_MM
from smpengine.window import halvings_for, pixel_window

Box = tuple[float, float, float, float]
_MAPS_MM: Final = 7.0 * KERNEL_MM
"""Six sigma of the density's kernel, where it is cut, and the cells and splines on the way."""


def window_of(plan: Plan, picture: Mapping[str, Any]) -> tuple[float, Box]:
    """Return the scale of a variant's picture, and its window in mm.

    Raises
    ------
    SceneError
        It does not touch the scalp, or is too large.
    """
    scale = float(picture.get("px_per_mm") or plan.px_per_mm)
    width, height = plan.extent_mm
    if picture.get("size_px") is None:
        given = picture.get("window_mm")
        window = (0.0, 0.0, width, height) if given is None else _box(given)
    else:
        centre = picture.get("centre_mm") or (0.5 * width, 0.5 * height)
        # Whole pixels: a picture has the size that was asked for, wherever its centre is.
        edges = [
            math.floor(place * scale - 0.5 * size + 0.5)
            for place, size in zip(centre, picture["size_px"], strict=True)
        ]
        ends = [edge + size for edge, size in zip(edges, picture["size_px"], strict=True)]
        window = _box([edge / scale for edge in (*edges, *ends)])
    pixel_window(plan.extent_mm, scale, window)
    return scale, window


def _box(edges: Any) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in edges)
    return x0, y0, x1, y1


def margin_mm(plan: Plan, scale: float, maps: bool, day: float | None) -> float:
    """Return a distance from a picture beyond which no dot and no hair of a plan changes it, in mm.

    Parameters
    ----------
    plan
        Its deepest and widest dots decide, as deep and wide as they may be at any day.
    scale
        In px/mm.
    maps
        Whether the density of dots is asked for, which looks further.
    day
        Of the picture: blood around fresh dots reaches further than they.
    """
    layers = plan.layers()
    margin = _MAPS_MM if maps else 0.0
    deepest = max((_most(v.depth_mm, v.depth_spread_mm) for v in layers), default=0.0)
    widest = max((_most(v.radius_mm, v.radius_spread_mm) for v in layers), default=0.0)
    hair = plan.table.hair
    if hair is not None:
        deepest = max(deepest, ROOT_MM)  # roots are deposits too
    if plan.table.faults:
        widest = max(widest, MAX_RADIUS_MM)
    widest = BLOWN[1] * widest + plan.table.healing.swelling_mm + _AGED_MM
    if day is not None:
        widest = max(widest, FLARE_RADIUS_MM[1])
    deepest += BLOWN_DEPTH_MM + MIGRATED_DEPTH_MM
    one = Impressions([0.0], [0.0], [deepest], [widest], [0.01], [1.0])
    margin = max(margin, reach_mm(one, plan.skin))
    if hair is not None:
        longest = hair.length_mm + SPREAD_LIMIT * hair.length_spread_mm
        margin = max(margin, longest + 1.0 + 7.0 * math.hypot(SKIN_BLUR_MM, longest))
    margin += REACH_SAMPLES / math.ldexp(scale, halvings_for(scale))
    return _STEP_MM * math.ceil(margin / _STEP_MM)


def _most(mean: float, spread: float) -> float:
    return mean + SPREAD_LIMIT * spread


_STEP_MM: Final = 4.0
"""Margins are whole steps, so that variants that differ a little place the same dots, once."""
_AGED_MM: Final = 0.05  # of radius that years of spreading add; `scene_of` sees where it is more


def scene_of(
    plan: Plan, picture: Mapping[str, Any], maps: bool, threads: int
) -> tuple[Scene, float, Box]:
    """Return a variant's scene with what can change its picture, its scale and its window.

    Parameters
    ----------
    plan, picture
        Of the variant.
    maps
        Whether the density of dots is asked for.
    threads
        Number of threads; the scene does not depend on it.

    Raises
    ------
    SceneError
        The window or the day cannot be used.
    """
    scale, window = window_of(plan, picture)
    day = picture.get("day")
    if plan.skin.is_spectral:  # each three of its bands have a reach of their own
        return plan.scene(day, threads=threads), scale, window
    margin = margin_mm(plan, scale, maps, day)
    for _ in range(4):
        x0, y0, x1, y1 = window
        width, height = plan.extent_mm
        wide = (
            max(x0 - margin, 0.0), max(y0 - margin, 0.0),
            min(x1 + margin, width), min(y1 + margin, height),
        )  # fmt: skip
        scene = plan.scene(day, window_mm=wide, threads=threads)
        reached = reach_mm(scene.deposits, scene.skin)
        needed = reached + REACH_SAMPLES / math.ldexp(scale, halvings_for(scale))
        # What heals in ways that the bound does not know of is seen in the dots themselves.
        if needed <= margin:
            return scene, scale, window
        margin = 1.5 * needed
    rule = "have dots that reach a finite distance"
    raise SceneError(must("plan", rule, f"{needed:.1f} mm"))
