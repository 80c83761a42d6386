"""Impressions as strikes leave them to impressions at a day: `laws.py`, applied dot by dot.

strike -> fresh (wide, dark, up to the surface) -> scab falls -> cloudy -> settled -> aged, lasered

Settled is what the plan says. What is random is of the seed and a dot's own place, so a window's
dots are the whole's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.impressions import COLUMNS, MAX_MUA_PER_MM, Impressions
from smpengine.optics.tissue import blood_per_mm
from smpengine.plan import laws
from smpengine.plan.misplaced import place_words

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[np.float64]]

_HEALING_SALT: Final = 4
_FAINT_SALT: Final = 5
_FLARE_SALT: Final = 6
FAINT: Final = (0.15, 0.5)
"""What is left of the absorption of a dot that did not hold. Assumed."""
BLOWN: Final = (1.4, 2.0)
BLOWN_MASS: Final = 1.3
BLOWN_DEPTH_MM: Final = 0.08
"""An over-deep strike: its radius grows by so much, with more pigment, deeper. Assumed."""
FLARE_RADIUS_MM: Final = (0.6, 1.2)
FLARE_DEPTH_MM: Final = 0.25
FLARE_THICKNESS_MM: Final = 0.30
"""Around a strike vessels of the upper dermis widen, so far, and there. Assumed."""
SATURATION: Final = 0.9
"""Oxygen of that blood: hyperaemia brings arterial blood. Assumed."""
PALEST: Final = 0.01
"""A flare with a smaller share left is not drawn."""


@dataclass(frozen=True)
class Course:
    """When what was done, and how this client heals.

    Attributes
    ----------
    day
        Of the picture.
    session_days
        Of each session, (sessions,).
    hue_shifts
        How much faster each session's pigment loses short wavelengths, (sessions,).
    lasers
        (day, share cleared in the end) of each laser session.
    slowness
        Of the client's epidermis, `laws.renewal_slowness`.
    settles_days, swelling_mm, lift_depth_mm, excess, clouding, redness
        As the plan's [healing].
    fade_half_life_years, fade_from_days, spread_mm2_per_year
        Ageing, likewise.
    granularity, faint_share, blown_share
        What a healed dot looks like, likewise.
    """

    day: float
    session_days: Sequence[float]
    hue_shifts: Sequence[float]
    lasers: Sequence[tuple[float, float]]
    slowness: float
    settles_days: float
    swelling_mm: float
    lift_depth_mm: float
    excess: float
    clouding: float
    redness: float
    fade_half_life_years: float
    fade_from_days: float
    spread_mm2_per_year: float
    granularity: float
    faint_share: float
    blown_share: float

    @property
    def ages_days(self) -> Floats:
        """Of each session."""
        return self.day - np.asarray(self.session_days, np.float64)


def heal(
    settled: Impressions, course: Course, lambda_nm: Sequence[float], seed: int
) -> Impressions:
    """Return impressions at a day, from what the plan says they settle to.

    Parameters
    ----------
    settled
        Of sessions that took place by that day.
    course
        Days and laws.
    lambda_nm
        Of the bands of their absorption.
    seed
        0 to 2^63 - 1.
    """
    if not len(settled):
        return settled
    age = course.ages_days[settled.session]
    columns = {name: getattr(settled, name).copy() for name in COLUMNS}
    words = place_words(settled, seed, _HEALING_SALT)
    young = age / course.slowness
    fresh = laws.epidermal_share(young, words[:, 0], course.settles_days)
    columns["granularity"][:] = course.granularity * (1.0 - fresh)
    _fail_some(columns, course, 1.0 - fresh, words[:, 1], place_words(settled, seed, _FAINT_SALT))
    _age(columns, settled.session, course, age, np.asarray(lambda_nm, np.float64))
    cloudy = laws.cloudiness(young, course.settles_days)
    factor = (1.0 + course.excess * fresh) * (1.0 - course.clouding * cloudy)
    for day, clearance in course.lasers:
        later = np.asarray(course.session_days)[settled.session] < day
        factor *= np.where(later, laws.laser_left(course.day - day, clearance), 1.0)
    # Pigment of a fresh strike reaches up into the epidermis: the bottom stays, the top is higher.
    top = columns["depth_mm"] - 0.5 * columns["thickness_mm"]
    raised = fresh * laws.channel_mm(np.maximum(top, 0.0), course.lift_depth_mm)
    factor *= columns["thickness_mm"] / (columns["thickness_mm"] + raised)
    columns["depth_mm"] -= 0.5 * raised
    columns["thickness_mm"] += raised
    columns["radius_mm"] += course.swelling_mm * fresh
    columns["mua_per_mm"] *= factor[:, None]
    np.minimum(columns["mua_per_mm"], MAX_MUA_PER_MM, out=columns["mua_per_mm"])
    return Impressions(**columns)


def flare(
    strikes: Impressions, course: Course, lambda_nm: Sequence[float], seed: int
) -> Impressions | None:
    """Return the blood around strikes that are fresh, or freshly lasered; None if there is none.

    Parameters
    ----------
    strikes, course, lambda_nm, seed
        As for `heal`.

    Returns
    -------
    Impressions
        Cylinders of whole blood of a small share by volume, a dot's each, wider than it.
    """
    left = laws.redness(course.ages_days)
    done = np.asarray(course.session_days)
    for day, _ in course.lasers:
        left = left + np.where(done < day, laws.redness(course.day - day), 0.0)
    share = course.redness * left[strikes.session] if len(strikes) else np.zeros(0)
    red = share > PALEST * max(course.redness, 1e-9)
    if course.redness == 0.0 or not red.any():
        return None
    around = strikes.rows(red)
    words = place_words(around, seed, _FLARE_SALT)
    low, high = FLARE_RADIUS_MM
    blood = blood_per_mm(lambda_nm, SATURATION)
    strength = share[red] * (0.5 + words[:, 1])
    return Impressions(
        around.x_mm, around.y_mm, FLARE_DEPTH_MM, low + (high - low) * words[:, 0],
        FLARE_THICKNESS_MM, strength[:, None] * blood, around.session,
    )  # fmt: skip


def _fail_some(
    columns: Columns, course: Course, healed: Floats, which: Floats, more: Floats
) -> None:
    """Let some dots fade away, and some blow out, as far as they have healed."""
    faint = (which < course.faint_share) * healed
    low, high = FAINT
    columns["mua_per_mm"] *= (1.0 - faint * (1.0 - (low + (high - low) * more[:, 0])))[:, None]
    blown = (which > 1.0 - course.blown_share) * healed
    low, high = BLOWN
    wider = 1.0 + blown * (low - 1.0 + (high - low) * more[:, 1])
    columns["radius_mm"] *= wider
    columns["depth_mm"] += BLOWN_DEPTH_MM * blown
    columns["mua_per_mm"] *= ((1.0 + (BLOWN_MASS - 1.0) * blown) / wider**2)[:, None]


def _age(
    columns: Columns, session: NDArray[np.int32], course: Course, age: Floats, lambda_nm: Floats
) -> None:
    """Let pigment fade and spread from the day on when ageing begins."""
    years = np.maximum(age - course.fade_from_days, 0.0) / laws.DAYS_A_YEAR
    if not years.any():
        return
    rates = np.stack([laws.fading_rates(lambda_nm, shift) for shift in course.hue_shifts])
    bands = columns["mua_per_mm"].shape[1]
    rates = rates[:, :bands] if bands > 1 else rates.mean(axis=1, keepdims=True)
    wider = laws.spread_radius_mm(columns["radius_mm"], years, course.spread_mm2_per_year)
    kept = (columns["radius_mm"] / wider) ** 2
    left = laws.faded(years[:, None], course.fade_half_life_years, rates[session])
    columns["mua_per_mm"] *= kept[:, None] * left
    columns["radius_mm"][:] = wider
