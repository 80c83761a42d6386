"""A plan's days, client and healing, as `healing.py` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smpengine.plan import laws
from smpengine.plan.healing import Course
from smpengine.plan.schema import PlanTable, SessionTable
from smpengine.scene import Skin

SETTLED_DAYS: Final = 90.0
"""After the last visit a picture that names no day is taken: all is settled, nothing has aged."""
BROWN_HUE_SHIFT: Final = 0.3
_AVERAGE_PHOTOTYPE: Final = 3.5  # of a skin that is given by a table alone


def course_of(
    table: PlanTable, sessions: Sequence[SessionTable], day: float | None, skin: Skin
) -> Course:
    """Return how the first sessions of a plan heal until a day.

    Parameters
    ----------
    table
        The plan.
    sessions
        Those that took place.
    day
        Of the picture; None for settled, after the last visit of any kind.
    skin
        The plan's; its phototype decides what a laser clears where the plan does not.
    """
    healing = table.healing
    slowness = laws.renewal_slowness(table.client.age_years)
    days = [session.day for session in sessions]
    if day is None:
        last = max([*days, *(laser.day for laser in table.lasers)], default=0.0)
        day = last + max(SETTLED_DAYS, healing.settles_days * slowness)
    by_skin = laws.laser_clearance(_phototype(skin))
    return Course(
        day=day,
        session_days=days,
        hue_shifts=[_hue_shift(session) for session in sessions],
        lasers=[
            (laser.day, by_skin if laser.clearance is None else laser.clearance)
            for laser in table.lasers
            if laser.day <= day
        ],
        slowness=slowness,
        **healing.model_dump(),
    )


def _phototype(skin: Skin) -> float:
    if skin.table is not None:
        return _AVERAGE_PHOTOTYPE
    return laws.phototype_of(skin.melanosome)


def _hue_shift(session: SessionTable) -> float:
    if session.hue_shift is not None:
        return session.hue_shift
    named = session.pigment if isinstance(session.pigment, str) else ""
    return BROWN_HUE_SHIFT if "brown" in named else 0.0
