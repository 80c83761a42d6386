"""Each fault is told from its faultless twin by the measure that is meant for it."""

from __future__ import annotations

import functools

import pytest

import smpengine as smp

# of each fault: a measure, and by which factor it is at least larger (or, under 1, smaller)
TOLD = {
    "too-deep": ("stubble_index", 0.2),
    "too-dark": ("darkness", 1.5),
    "too-big": ("dot_fwhm_mm", 1.25),
    "too-dense": ("density_per_cm2", 1.5),
    "merged": ("clark_evans", 0.9),
    "ink-migration": ("dot_fwhm_p90_mm", 1.3),
    "blue-green-fading": ("dot_da", 1.5),
    "straight-hairline": ("border_straight_mm", 0.3),
    "sharp-border": ("border_width_mm", 0.4),
    "uneven": ("shade_sd", 1.8),
    "mirrored": ("twin_share", 3.0),
}


@functools.cache
def measured(skin: str, *faults: str) -> smp.Report:
    line = [[0.0, 9.0], [10.0, 5.0], [20.0, 4.0], [30.0, 5.0], [40.0, 9.0]]
    plan = smp.Plan.from_dict(
        {"version": 1, "seed": 3, "skin": {"type": skin}, "treatment": "natural",
         "scalp": {"extent_mm": [40.0, 30.0], "hairline": {"points_mm": line, "feather_mm": 6.0}}}
    )  # fmt: skip
    return smp.report(smp.render(plan.with_faults(*faults).scene(), 20.0, device="cpu"), 20.0)


@pytest.mark.parametrize("skin", ["I-II", "VI"])
@pytest.mark.parametrize("fault", TOLD)
def test_a_fault_is_told_by_its_measure(fault: str, skin: str) -> None:
    name, factor = TOLD[fault]
    ratio = measured(skin, fault)[name] / measured(skin)[name]
    assert ratio > factor if factor > 1.0 else ratio < factor
