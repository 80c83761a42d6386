"""A plan's scars as they are seen: lines of surgery, and a spot where each unit was taken."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from smpengine.plan.hair import extracted
from smpengine.plan.loss import Growth
from smpengine.plan.scalp_schema import ScarTable
from smpengine.plan.schema import PlanTable
from smpengine.scars import Scars

PUNCH_RADIUS_MM: Final = 0.45
"""Of the scar of a unit that was taken: punches are 0.8 to 1 mm across."""
_PITCH: Final = 0.75
"""Spots of a line lie so many of its half widths apart: near enough for it to be even."""


def scars_of(
    table: PlanTable,
    growth: Growth | None,
    window_mm: tuple[float, float, float, float] | None = None,
    threads: int | None = None,
) -> Scars:
    """Return the scars of a plan.

    Parameters
    ----------
    table
        Validated.
    growth
        Of its hair; None where it says nothing of that.
    window_mm, threads
        As for `hair.grow`: of units that were taken; lines are whole.
    """
    places, radii, pallors = [np.zeros((0, 2))], [np.zeros(0)], [np.zeros(0)]
    for line in table.scalp.scars:
        spots = _along(line)
        places.append(spots)
        radii.append(np.full(len(spots), 0.5 * line.width_mm))
        # So many overlap that together they are as pale as one.
        share = _PITCH / (0.6 * math.sqrt(2.0 * math.pi))
        pallors.append(np.full(len(spots), min(share, 1.0)))
    if growth is not None and growth.taken is not None and table.hair is not None:
        x, y = extracted(table.hair, growth, table.scalp.extent_mm, table.seed, window_mm, threads)
        places.append(np.stack([x, y], axis=1))
        radii.append(np.full(x.size, PUNCH_RADIUS_MM))
        pallors.append(np.ones(x.size))
    every = np.concatenate(places)
    return Scars(every[:, 0], every[:, 1], np.concatenate(radii), np.concatenate(pallors))


def _along(line: ScarTable) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return places along a line, evenly apart, (n, 2)."""
    points = np.asarray(line.points_mm, np.float64)
    steps = np.hypot(*np.diff(points, axis=0).T)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(math.ceil(run[-1] / (_PITCH * 0.5 * line.width_mm)), 1)
    at = np.linspace(0.0, run[-1], count + 1)
    return np.stack([np.interp(at, run, points[:, k]) for k in range(2)], axis=1)
