"""Sessions that match the hair that is there: its colour, its dots, its density.

Nothing is assumed of what hair or pigment look like: the engine draws a patch of each and measures
it. What a treatment is fitted with is what a practitioner has:

- *Number*: as many dots per cm2 as hairs grow there; more only where they cannot be dark enough.
- *Radius*: such that dots are seen as wide as the hairs (`verdict`, full width of dots), or a
  little wider: no pigment lies as near to the surface as the end of a cut shaft does.
- *Pigment*: in each band as much as makes the mean light of both patches the same. Carbon and iron
  oxides absorb more towards the blue, so a pigment bluer than grey is not mixed, nor one browner
  than iron oxide alone.
- *Crispness*: hair cut at the surface is crisper than layers that lie deep. Sessions move towards
  the shallowest and the darkest of them until local contrast is the hair's, or nearly all of the
  way; they stay layered.

All four are measured and moved at once; each answers mostly to its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from smpengine.image.colour import EXPOSURE
from smpengine.image.tone import encode
from smpengine.optics.skin import bare_reflectance
from smpengine.plan.hair_schema import HairTable
from smpengine.plan.layers import layer_of
from smpengine.plan.loss import age_shares
from smpengine.plan.scalp_schema import ScalpTable
from smpengine.plan.schema import PigmentTable, PlanTable, SessionTable
from smpengine.render import render
from smpengine.scene import Scene
from smpengine.skintable import RGB_NM
from smpengine.verdict.dots import find
from smpengine.verdict.picture import prepare

STEPS: Final = 12
MOST_MUA_PER_MM: Final = 200.0
"""In red, of the darkest session on average: undiluted black (`pigments`)."""
MOST_TINT: Final = (1.0, 2.0, 4.0)
"""Times what red has, in R, G, B: a little beyond the browns of `pigments`."""
SIZES: Final = (0.6, 1.8)
"""The radius is changed by no more than this: needles come in so many sizes (assumed)."""
MOST_DOTS: Final = 2.5
"""Times as many dots as hairs, where pigment alone is not dark enough (assumed)."""
WIDER: Final = 1.04
"""Dots are made so much wider than hairs (assumed), for that takes fewer of them."""
CLOSE: Final = 0.04
"""Means of -ln R / R0 that differ by less are alike: about 1 in dE00."""
CRISPEST: Final = 0.8
"""Share of the way towards the shallowest session (assumed: what is left is still layers)."""
_MATTERS: Final = {"seed", "skin", "sessions", "client", "healing", "hair"}
_PATCH_MM: Final = (40.0, 40.0)
_WHORL_MM: Final = (20.0, 190.0)  # far, so that all hair of a patch runs alike
_SEEN_MM: Final = (9.0, 9.0, 31.0, 31.0)  # halos reach in from all sides
_PX_PER_MM: Final = 20.0
_FINE_MM: Final = 0.4  # contrast is that of what is finer
_FEWEST: Final = 20  # dots, for their width to mean something
_SPEED: Final = 1.2  # pigment saturates, so that it takes more than its share


@dataclass(frozen=True)
class Look:
    """A patch as it is seen.

    Attributes
    ----------
    loss
        Float64 (3,): -ln of its mean reflectance over bare skin's, in the bands.
    fwhm_mm
        Median width of its dots; nan for too few.
    contrast
        Standard deviation of ln(reflectance), of what is finer than 0.4 mm, in all bands.
    """

    loss: NDArray[np.float64]
    fwhm_mm: float
    contrast: float


@dataclass(frozen=True)
class _State:
    """How sessions were changed: `_sessions` says what each does."""

    crisp: float
    size: float
    factor: NDArray[np.float64]
    more: float


@dataclass(frozen=True)
class Match:
    """What was found.

    Attributes
    ----------
    sessions
        To treat with.
    native, treated
        Both patches, as they are seen.
    """

    sessions: tuple[SessionTable, ...]
    native: Look
    treated: Look

    @property
    def notes(self) -> list[str]:
        """What could not be matched, a line each."""
        light, dark = float(self.native.loss.mean()), float(self.treated.loss.mean())
        if abs(light - dark) < CLOSE:
            return []
        if light < 0.0:
            return [
                "match: the hair is lighter than its skin; pigment only darkens, so as little as "
                "there can be is used."
            ]
        return [
            f"match: the hair takes {100 * light:.0f} % of the light and the treatment "
            f"{100 * dark:.0f} %; nearer than that its dots cannot come."
        ]


def matched(table: PlanTable) -> Match:
    """Return the sessions that make a plan's treatment look like its hair.

    Parameters
    ----------
    table
        Validated, with hair. Dials and faults play no part: they are on top of the match.

    Returns
    -------
    Match
        The same for the same plan, wherever and whenever.
    """
    return _matched(table.model_dump_json(include=_MATTERS))


@lru_cache(maxsize=64)
def _matched(text: str) -> Match:
    data = {"version": 1, "scalp": {"extent_mm": _PATCH_MM}, **json.loads(text)}
    table = PlanTable.model_validate(data)
    hair = table.hair
    assert hair is not None
    native = _look(_patch(table, hair))
    first = _start(table, _hairs_per_cm2(table, hair))
    state = _State(0.3, 1.0, np.ones(3), 1.0)
    for _ in range(STEPS):
        treated = _look(_patch(table, None, _sessions(first, state)))
        state = _step(state, first, native, treated)
    sessions = _sessions(first, state)
    return Match(tuple(sessions), native, _look(_patch(table, None, sessions)))


def _patch(
    table: PlanTable, hair: HairTable | None, sessions: Sequence[SessionTable] = ()
) -> Scene:
    """Return the scene of a patch of a plan: all of its hair, or all of its treatment.

    On skin as even as can be: what lies over all of it alike is no part of a match.
    """
    from smpengine.plan.plan import Plan

    if hair is not None:
        whole = {"coverage": 1.0, "regions": [], "loss": None, "extractions": []}
        hair = hair.model_copy(update={**whole, "whorl_mm": _WHORL_MM})
    changed = {
        "scalp": ScalpTable(extent_mm=_PATCH_MM), "sessions": list(sessions), "hair": hair,
        "fullness": 0.5, "texture": 0.5, "lasers": [], "faults": [], "match": None,
        "head": None, "light": None, "skin": table.skin.model_copy(update={"complexion": None}),
    }  # fmt: skip
    return Plan(table.model_copy(update=changed)).scene()


def _look(scene: Scene) -> Look:
    """Draw a patch and measure it."""
    bands = render(scene, _PX_PER_MM, _SEEN_MM, "linear", "cpu")
    relative = bands.astype(np.float64) / bare_reflectance(scene.skin)
    loss = -np.log(relative.mean((0, 1)))
    depth = -np.log(relative)
    fine = depth - gaussian_filter(depth, (_FINE_MM * _PX_PER_MM,) * 2 + (0,))
    picture = np.empty(bands.shape, np.uint8)
    encode(bands, np.ones(3), picture, 0, 0, EXPOSURE)
    seen = find(prepare(picture, _PX_PER_MM, None)).dots
    width = float(np.median(seen.fwhm_mm)) if len(seen) >= _FEWEST else float("nan")
    return Look(loss, width, float(fine.std()))


def _hairs_per_cm2(table: PlanTable, hair: HairTable) -> float:
    shares = np.array(hair.hairs_per_unit)
    per_unit = float(shares @ np.arange(1, 5) / shares.sum())
    left, _ = age_shares(table.client.age_years, table.client.sex)
    return hair.density_units_per_cm2 * left * per_unit


def _start(table: PlanTable, hairs_per_cm2: float) -> list[SessionTable]:
    """Return sessions of as many dots as there are hairs, their pigment as three numbers."""
    total = sum(session.density_per_cm2 for session in table.sessions)
    started = []
    for session in table.sessions:
        mua = layer_of(session, RGB_NM).mua_per_mm
        changed = {
            "pigment": PigmentTable(mua_per_mm=list(mua)),
            "dilution": 1.0,
            "density_per_cm2": session.density_per_cm2 * hairs_per_cm2 / total,
        }
        started.append(session.model_copy(update=changed))
    return started


def _mua(session: SessionTable) -> NDArray[np.float64]:
    pigment = session.pigment
    assert not isinstance(pigment, str)
    return np.array(pigment.mua_per_mm, np.float64)


def _sessions(first: Sequence[SessionTable], state: _State) -> list[SessionTable]:
    """Return the sessions of a state."""
    shallow = min(first, key=lambda session: session.depth_mm)
    darkest = max((_mua(session) for session in first), key=lambda mua: float(mua.sum()))
    crisp = state.crisp
    changed = []
    for session in first:
        mua = _mua(session) ** (1.0 - crisp) * darkest**crisp * state.factor
        radius = session.radius_mm ** (1.0 - crisp) * shallow.radius_mm**crisp * state.size
        update = {
            "pigment": PigmentTable(mua_per_mm=[float(value) for value in mua]),
            "radius_mm": radius,
            "radius_spread_mm": session.radius_spread_mm * radius / session.radius_mm,
            "depth_mm": session.depth_mm + crisp * (shallow.depth_mm - session.depth_mm),
            "density_per_cm2": session.density_per_cm2 * state.more,
        }
        changed.append(session.model_copy(update=update))
    return changed


def _step(state: _State, first: Sequence[SessionTable], native: Look, treated: Look) -> _State:
    """Return a state that looks more like the hair."""
    ratio = np.maximum(native.loss, 1e-4) / np.maximum(treated.loss, 1e-4)
    darkest = max((_mua(session) for session in first), key=lambda mua: float(mua.sum()))
    red = np.clip(ratio[0] ** _SPEED, 0.5, 2.0) * state.factor[0] * darkest[0]
    red = min(float(red), MOST_MUA_PER_MM)
    # Against red, whatever became of that.
    tint = state.factor * darkest / max(state.factor[0] * darkest[0], 1e-9)
    tint = tint * np.clip((ratio / ratio[0]) ** _SPEED, 0.6, 1.7)
    tint = np.clip(np.maximum.accumulate(tint / tint[0]), 1.0, MOST_TINT)
    more = state.more
    if red >= MOST_MUA_PER_MM or more > 1.0:
        more = min(max(more * float(ratio.mean()), 1.0), MOST_DOTS)
    size = state.size
    if np.isfinite(native.fwhm_mm) and np.isfinite(treated.fwhm_mm):
        size *= float(np.clip(WIDER * native.fwhm_mm / treated.fwhm_mm, 0.85, 1.18))
    crisp = state.crisp + 0.5 * float(np.log(native.contrast / max(treated.contrast, 1e-6)))
    return _State(
        min(max(crisp, 0.0), CRISPEST),
        min(max(size, SIZES[0]), SIZES[1]),
        red * tint / np.maximum(darkest, 1e-9),
        more,
    )
