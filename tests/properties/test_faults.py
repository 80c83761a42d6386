"""Windows, threads, seeds and round trips of plans with faults."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.plan.faults import FAULTS

BASE = {
    "version": 1,
    "seed": 2**40 + 9,
    "treatment": "natural",
    "scalp": {
        "extent_mm": [60.3, 40.0],
        "hairline": {"points_mm": [[0, 10], [30, 5], [60, 12]], "feather_mm": 6.0},
    },
}
COMBINATIONS = [
    *((name,) for name in FAULTS),
    ("merged", "mirrored"),
    ("too-dense", "merged", "ink-migration", "uneven"),
    tuple(FAULTS),
]
WHOLE = {names: smp.Plan.from_dict(BASE).with_faults(*names) for names in COMBINATIONS}


def same(a: smp.Impressions, b: smp.Impressions) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


def part_of(d: smp.Impressions, window: tuple[float, float, float, float]) -> smp.Impressions:
    x0, y0, x1, y1 = window
    return d.rows((d.x_mm >= x0) & (d.x_mm < x1) & (d.y_mm >= y0) & (d.y_mm < y1))


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_a_window_has_the_rows_of_the_whole(names: tuple[str, ...]) -> None:
    plan = WHOLE[names]
    whole = plan.scene(threads=2).impressions
    assert len(whole) > 500
    assert same(whole, plan.scene(threads=1).impressions)

    @settings(max_examples=12, deadline=None, database=None)
    @given(st.floats(-5, 60), st.floats(-5, 40), st.floats(0.2, 40), st.floats(0.2, 30))
    def window(x: float, y: float, width: float, height: float) -> None:
        asked = (x, y, x + width, y + height)
        assert same(plan.scene(window_mm=asked).impressions, part_of(whole, asked))

    window()
    # All of it in small pieces, those at the middle and at the edges too, is all of it.
    cuts_x, cuts_y = (0.0, 1.1, 29.0, 30.15, 31.0, 59.9, 60.3), (0.0, 9.7, 10.3, 40.0)
    count = 0
    for (x0, x1), (y0, y1) in itertools.product(
        itertools.pairwise(cuts_x), itertools.pairwise(cuts_y)
    ):
        piece = plan.scene(window_mm=(x0, y0, x1, y1)).impressions
        assert same(piece, part_of(whole, (x0, y0, x1, y1)))
        count += len(piece)
    assert count == len(whole)


@pytest.mark.parametrize("names", [("merged",), ("ink-migration",), ("uneven",)], ids="+".join)
def test_choices_depend_on_the_seed(names: tuple[str, ...]) -> None:
    one = WHOLE[names]
    other = smp.Plan.from_dict({**BASE, "seed": 9}).with_faults(*names)
    assert not np.intersect1d(one.scene().impressions.x_mm, other.scene().impressions.x_mm).size
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, 60, 30), np.linspace(15, 40, 20)))
    if names == ("uneven",):
        assert not np.allclose(one.density.at(x, y), other.density.at(x, y))


def test_patches_stay_where_they_are_in_a_larger_extent() -> None:
    small = {**BASE, "scalp": {"extent_mm": [20.0, 20.0]}}
    large = {**BASE, "scalp": {"extent_mm": [50.0, 30.0]}}
    first, second = (
        smp.Plan.from_dict(data).with_faults("uneven").scene().impressions
        for data in (small, large)
    )
    assert same(first, part_of(second, (0.0, 0.0, 20.0, 20.0)))


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_resolved_plans_make_the_same_scene(names: tuple[str, ...]) -> None:
    plan = WHOLE[names]
    assert plan.resolved()["faults"] == list(names)
    again = smp.Plan.from_dict(plan.resolved())
    window = (20.0, 5.0, 35.0, 25.0)
    assert same(again.scene(None, window).impressions, plan.scene(None, window).impressions)
    assert plan.with_faults(names[0]).table == plan.table


def test_no_dots_and_no_sessions_have_no_faults() -> None:
    for names, plan in WHOLE.items():
        assert len(plan.scene(-1.0).impressions) == 0, names
        bare = smp.Plan.from_dict({**BASE, "scalp": {"extent_mm": [0.05, 0.05]}}).with_faults(
            *names
        )
        assert len(bare.scene().impressions) <= 2
