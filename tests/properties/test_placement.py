"""Windows, threads, seeds, gaps and symmetry of placement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.plan.density import DensityMap, Hairline, Region
from smpengine.plan.placement import Layer, place

EXTENT = (60.0, 50.0)
MAP = DensityMap(
    [Region([(5, 5), (55, 5), (55, 45), (5, 45)], 1.2, 8.0)],
    Hairline([(0, 12), (30, 6), (60, 12)], 6.0),
)
LAYERS = [
    Layer(120.0, 1.0, 0.10, 0.012, 0.32, 0.05, 0.12, (8.0, 8.0, 8.0), 0.25),
    Layer(150.0, 0.7, 0.07, 0.012, 0.20, 0.04, 0.10, (40.0, 50.0, 60.0), 0.25),
]


def same(a: smp.Impressions, b: smp.Impressions) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


@settings(max_examples=40, deadline=None)
@given(st.floats(-5, 50), st.floats(-5, 40), st.floats(0.5, 40), st.floats(0.5, 40))
def test_a_window_has_the_rows_of_the_whole(
    x: float, y: float, width: float, height: float
) -> None:
    whole = place(LAYERS, MAP, EXTENT, 17)
    part = place(LAYERS, MAP, EXTENT, 17, (x, y, x + width, y + height))
    inside = (whole.x_mm >= x) & (whole.x_mm < x + width)
    inside &= (whole.y_mm >= y) & (whole.y_mm < y + height)
    assert same(part, whole.rows(inside))


def test_threads_do_not_matter_and_seeds_do() -> None:
    one = place(LAYERS, MAP, EXTENT, 17, threads=1)
    assert same(one, place(LAYERS, MAP, EXTENT, 17, threads=3))
    other = place(LAYERS, MAP, EXTENT, 2**62 + 18)
    assert not np.intersect1d(one.x_mm, other.x_mm).size


def test_a_later_session_leaves_the_earlier_where_they_are() -> None:
    first = place(LAYERS[:1], MAP, EXTENT, 4)
    both = place(LAYERS, MAP, EXTENT, 4)
    assert same(first, both.rows(both.session == 0))


def nearest_mm(a: smp.Impressions, b: smp.Impressions) -> np.ndarray:
    dx = a.x_mm[:, None] - b.x_mm[None, :]
    dy = a.y_mm[:, None] - b.y_mm[None, :]
    return np.sqrt((dx**2 + dy**2).min(axis=1))


def test_gaps_keep_later_dots_from_earlier_ones() -> None:
    def distances(gap_share: float) -> np.ndarray:
        second = Layer(150.0, gap_share, 0.07, 0.0, 0.2, 0.0, 0.1, (40.0, 40.0, 40.0), 0.0)
        dots = place([LAYERS[0], second], DensityMap(), (30.0, 30.0), 5)
        return nearest_mm(dots.rows(dots.session == 1), dots.rows(dots.session == 0))

    assert distances(1.0).mean() > 1.2 * distances(0.0).mean()
    assert np.percentile(distances(1.0), 5) > 2.5 * np.percentile(distances(0.0), 5)


def test_left_and_right_are_alike_but_no_mirror() -> None:
    dots = place([LAYERS[0]], MAP, EXTENT, 23)
    left = np.count_nonzero(dots.x_mm < 30.0)
    assert abs(2 * left / len(dots) - 1) < 0.04
    mirrored = np.stack([60.0 - dots.x_mm, dots.y_mm])
    twins = sum(np.hypot(dots.x_mm - x, dots.y_mm - y).min() < 0.02 for x, y in mirrored.T)
    chance = len(dots) * np.pi * 0.02**2 * 1.2
    assert twins <= 5 + 5 * chance


@pytest.mark.parametrize("treatment", ["natural", "strong"])
def test_a_whole_treatment_is_symmetric_and_no_mirror(treatment: str) -> None:
    """Left and right densities within 2 %, session by session; twins in the mirror by chance."""
    line = [[0.0, 30.0], [30.0, 14.0], [60.0, 10.0], [90.0, 14.0], [120.0, 30.0]]
    scalp = {"extent_mm": [120.0, 100.0], "hairline": {"points_mm": line, "feather_mm": 8.0}}
    dots = (
        smp.Plan.from_dict({"version": 1, "seed": 9, "treatment": treatment, "scalp": scalp})
        .scene()
        .impressions
    )
    for session in range(3):
        x = dots.x_mm[dots.session == session]
        assert abs(2.0 * np.count_nonzero(x < 60.0) / x.size - 1.0) < 0.02
    left, right = (dots.rows(side) for side in (dots.x_mm < 60.0, dots.x_mm >= 60.0))
    tree = cKDTree(np.stack([right.x_mm, right.y_mm], axis=1))
    left = left.rows((left.y_mm > 40.0) & (left.y_mm < 90.0))  # where they have company
    mirrored = np.stack([120.0 - left.x_mm, left.y_mm], axis=1)
    twins = (tree.query(mirrored)[0] < 0.05).mean()
    elsewhere = mirrored + np.array([0.0, 3.1])
    aside = (tree.query(elsewhere)[0] < 0.05).mean()
    assert 0.75 * aside < twins < 1.33 * aside


def test_attributes_spread_as_asked() -> None:
    dots = place([LAYERS[1]], DensityMap(), EXTENT, 3)
    assert dots.radius_mm.mean() == pytest.approx(0.07, rel=0.02)
    assert dots.radius_mm.std() == pytest.approx(0.0118, rel=0.08)
    assert dots.depth_mm.min() >= 0.05
    assert np.median(dots.mua_per_mm[:, 2]) == pytest.approx(60.0, rel=0.03)
    np.testing.assert_allclose(dots.mua_per_mm[:, 1] / dots.mua_per_mm[:, 0], 1.25)
    assert np.corrcoef(dots.radius_mm, dots.depth_mm)[0, 1] == pytest.approx(0.0, abs=0.06)


def test_a_larger_extent_keeps_what_is_there() -> None:
    small = place(LAYERS, DensityMap(), (20.0, 20.0), 6)
    large = place(LAYERS, DensityMap(), (60.0, 40.0), 6)
    assert same(small, large.rows((large.x_mm < 20.0) & (large.y_mm < 20.0)))
