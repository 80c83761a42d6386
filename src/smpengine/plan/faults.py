"""Faults by name: what a practitioner did wrong, on top of any plan.

A fault changes sessions, the map of density, or the dots themselves; several go together, each
once, in the order of `FAULTS` whatever the order of their names. Every number here is assumed:
chosen so that the mistake is plain to see beside the same plan without it. Random choices depend on
the seed and on a dot's own place, so a window's dots are the whole's here too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.impressions import Impressions
from smpengine.philox import salted_key
from smpengine.plan.checks import MAX_COVER
from smpengine.plan.density import (
    DensityMap,
    Hairline,
    Region,
    Stretch,
    Stroke,
    patch_waves,
)
from smpengine.plan.misplaced import (
    INK_MIGRATION,
    MAX_DEPTH_MM,
    MAX_RADIUS_MM,
    MERGED,
    MIRRORED,
    Box,
    Misplacing,
    inside,
)
from smpengine.plan.placement import Layer, place

_PATCHES_SALT: Final = 3


@dataclass(frozen=True)
class Border:
    """What a map of density is made of.

    Attributes
    ----------
    regions, hairline, strokes
        As the plan says them.
    extent_mm
        Width and height of the scalp.
    key
        Two words of 32 bits: of the random field, if there is one.
    waves
        That field, as `patch_waves` makes it; (0, 3) for none.
    """

    regions: tuple[Region, ...]
    hairline: Hairline | None
    extent_mm: tuple[float, float]
    key: tuple[int, int]
    waves: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    strokes: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One mistake; what it leaves alone is None.

    Attributes
    ----------
    session
        Layer to layer, on every session after the dials.
    spectrum
        Wavelengths in nm, (bands,), to factors on absorption, (bands,).
    border
        On regions and hairline.
    dots
        On the dots, once they are placed.
    """

    session: Callable[[Layer], Layer] | None = None
    spectrum: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    border: Callable[[Border], Border] | None = None
    dots: Misplacing | None = None


def _too_deep(layer: Layer) -> Layer:
    """Needle through to the deep dermis: grey-blue blurs that blew out, no crisp dot left.

    Assumed: depths of 0.13 to 0.32 mm become 0.63 to 0.9 mm (0.45 mm + 1.4 times, at most 0.9 mm
    unless it was deeper); the radius grows by 1.8 at the same strength, for a needle that goes deep
    leaves more pigment, and it spreads in the loose tissue there.
    """
    depth = max(layer.depth_mm, min(0.45 + 1.4 * layer.depth_mm, 0.9))
    radius, spread = 1.8 * layer.radius_mm, 1.8 * layer.radius_spread_mm
    return replace(layer, depth_mm=depth, radius_mm=radius, radius_spread_mm=spread)


def _too_dark(layer: Layer) -> Layer:
    """Undiluted black, held in until the skin is full of it: hard black dots, no shades between.

    Assumed: eight times the absorption, and columns that reach half of the way up to the surface;
    a strong deposit is as black as what lies over it lets it be, so absorption alone hardly shows.
    """
    raised = 0.5 * max(layer.depth_mm - 0.5 * layer.thickness_mm, 0.0)
    return replace(
        layer,
        depth_mm=layer.depth_mm - 0.5 * raised,
        thickness_mm=layer.thickness_mm + raised,
        mua_per_mm=tuple(min(8.0 * v, 10_000.0) for v in layer.mua_per_mm),
    )


def _too_big(layer: Layer) -> Layer:
    """Large needle, or held in for too long: coarse spots where there should be follicles.

    Assumed: 1.8 times the radius; the pigment is as strong, so there is 3.2 times as much of it.
    """
    radius, spread = 1.8 * layer.radius_mm, 1.8 * layer.radius_spread_mm
    return replace(layer, radius_mm=radius, radius_spread_mm=spread)


def _too_dense(layer: Layer) -> Layer:
    """No room left between the dots: a helmet instead of stubble.

    Assumed: 2.5 times the density, as far as discs have room.
    """
    return replace(layer, density_per_cm2=2.5 * layer.density_per_cm2)


def _sunken(layer: Layer) -> Layer:
    """Old pigment lies deeper. Assumed: by 0.05 mm."""
    return replace(layer, depth_mm=min(layer.depth_mm + 0.05, max(MAX_DEPTH_MM, layer.depth_mm)))


def _blue_green(lambda_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pigment whose warm parts went first: blue-green dots, years later.

    Assumed: from 610 nm on all of the absorption is left, up to 545 nm 4 %, so little because a
    black dot would still be black with a fifth.
    """
    t = np.clip((lambda_nm - 545.0) / 65.0, 0.0, 1.0)
    return np.asarray(0.04 + 0.96 * t * t * (3.0 - 2.0 * t))


def _straight_hairline(border: Border) -> Border:
    """Draw the hairline with a ruler: a level edge where there should be a soft irregular one.

    Assumed: the mean height of the plan's own over the extent, or a quarter of the extent's; it
    feathers over 0.3 mm.
    """
    width, height = border.extent_mm
    level = 0.25 * height
    if border.hairline is not None:
        curve = border.hairline.curve_mm
        level = float(np.interp(np.linspace(0.0, width, 513), curve[:, 0], curve[:, 1]).mean())
    return replace(border, hairline=Hairline([(0.0, level), (width, level)], 0.3))


def _sharp_border(border: Border) -> Border:
    """No transition to bare skin: full density up to a visible edge.

    Assumed: every feather, of regions, of strokes and of the hairline, is 0, and the hairline is
    not broken. Gradients and masks stay: they are what is meant, not how it ends.
    """
    regions = tuple(replace(region, feather_mm=0.0) for region in border.regions)
    strokes = tuple(replace(stroke, feather_mm=0.0) for stroke in border.strokes)
    line = border.hairline
    line = None if line is None else replace(line, feather_mm=0.0, edge=None)
    return replace(border, regions=regions, strokes=strokes, hairline=line)


def _uneven(border: Border) -> Border:
    """Worked here and there, some places twice: blotches of dense and thin.

    Assumed: a random field with waves of 10 to 30 mm, so patches of 5 to 15 mm, from 0.2 to 1.8
    times the density. It belongs to places on the scalp, whatever the extent or the window.
    """
    return replace(border, waves=patch_waves(*border.key))


FAULTS: Final[dict[str, Fault]] = {
    "too-deep": Fault(session=_too_deep),
    "too-dark": Fault(session=_too_dark),
    "too-big": Fault(session=_too_big),
    "too-dense": Fault(session=_too_dense),
    "merged": Fault(dots=MERGED),
    "ink-migration": Fault(dots=INK_MIGRATION),
    "blue-green-fading": Fault(session=_sunken, spectrum=_blue_green),
    "straight-hairline": Fault(border=_straight_hairline),
    "sharp-border": Fault(border=_sharp_border),
    "uneven": Fault(border=_uneven),
    "mirrored": Fault(dots=MIRRORED),
}
"""In the order in which they act: mirrored last, so that no other fault tells the halves apart."""


def faulty_layers(
    names: Sequence[str], layers: Sequence[Layer], lambda_nm: Sequence[float], densest: float
) -> list[Layer]:
    """Return the sessions with the faults that act on sessions.

    Parameters
    ----------
    names
        Of faults, in any order.
    layers
        Sessions, dials applied.
    lambda_nm
        The bands of their absorption.
    densest
        The largest factor on their densities; where discs would cover more than there is room for,
        density is held down first, then the radius.
    """
    chosen = _chosen(names)
    made = []
    for layer in layers:
        wrong = layer
        for fault in chosen:
            if fault.session is not None:
                wrong = fault.session(wrong)
            if fault.spectrum is not None:
                left = fault.spectrum(np.asarray(lambda_nm, np.float64)).tolist()
                mua = tuple(a * b for a, b in zip(wrong.mua_per_mm, left, strict=True))
                wrong = replace(wrong, mua_per_mm=mua)
        made.append(layer if wrong == layer else _held(layer, wrong, densest))
    return made


def faulty_density(
    names: Sequence[str],
    regions: Sequence[Region],
    hairline: Hairline | None,
    extent_mm: tuple[float, float],
    seed: int,
    strokes: Sequence[Stroke] = (),
    stretch: Stretch | None = None,
) -> DensityMap:
    """Return the map of density with the faults that act on it.

    Parameters
    ----------
    names
        Of faults, in any order.
    regions, hairline, extent_mm, seed, strokes, stretch
        As the plan says them.
    """
    key = salted_key(seed, _PATCHES_SALT)
    border = Border(tuple(regions), hairline, extent_mm, key, strokes=tuple(strokes))
    for fault in _chosen(names):
        if fault.border is not None:
            border = fault.border(border)
    return DensityMap(border.regions, border.hairline, border.waves, border.strokes, stretch)


def place_with(
    names: Sequence[str],
    layers: Sequence[Layer],
    density: DensityMap,
    extent_mm: tuple[float, float],
    seed: int,
    window_mm: Box | None = None,
    threads: int | None = None,
) -> Impressions:
    """Place the impressions of all sessions, with the faults that act on dots.

    Parameters
    ----------
    names
        Of faults, in any order.
    layers, density, extent_mm, seed, window_mm, threads
        As `place` takes them, and with its promise: a window's impressions are exactly the rows of
        the whole that lie there.
    """
    steps = [fault.dots for fault in _chosen(names) if fault.dots is not None]
    if not steps:
        return place(layers, density, extent_mm, seed, window_mm, threads)
    x0, y0, x1, y1 = (0.0, 0.0, *extent_mm) if window_mm is None else window_mm
    wanted = max(x0, 0.0), max(y0, 0.0), min(x1, extent_mm[0]), min(y1, extent_mm[1])
    boxes = [wanted]  # what each step has to give, from the last one back
    for step in reversed(steps):
        boxes.append(step.source(boxes[-1], extent_mm))
    dots = place(layers, density, extent_mm, seed, boxes.pop(), threads)
    for step in steps:
        # Beyond its box a step may have lacked what it needs; no later step may see that.
        dots = inside(step.apply(dots, extent_mm, seed), boxes.pop())
    return dots


def _chosen(names: Sequence[str]) -> list[Fault]:
    return [fault for name, fault in FAULTS.items() if name in names]


def _held(before: Layer, after: Layer, densest: float) -> Layer:
    """Hold a session's cover and radius to what a plan may say, or to what they were if more."""
    radius = min(after.radius_mm, max(MAX_RADIUS_MM, before.radius_mm))
    density = after.density_per_cm2
    most = max(MAX_COVER, _cover(before.density_per_cm2, before.radius_mm, densest))
    if _cover(density, radius, densest) > most:
        density = max(most / _cover(1.0, radius, densest), before.density_per_cm2)
    if _cover(density, radius, densest) > most:
        radius = math.sqrt(most / _cover(density, 1.0, densest))
    share = radius / after.radius_mm
    spread = after.radius_spread_mm * share
    return replace(after, density_per_cm2=density, radius_mm=radius, radius_spread_mm=spread)


def _cover(density_per_cm2: float, radius_mm: float, densest: float) -> float:
    """Return the share of the skin that discs cover where they are densest."""
    return density_per_cm2 * densest * math.pi * (0.1 * radius_mm) ** 2
