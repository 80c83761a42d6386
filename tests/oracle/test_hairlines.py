"""Hairlines by shape and style, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.plan.density import DensityMap, Hairline
from smpengine.plan.hairlines import SHAPES, STYLES, edge_of, shape_curve

CENTRE, WIDTH = (70.0, 20.0), 112.0


def curve(shape: str, **more: Any) -> np.ndarray:
    return shape_curve(shape, CENTRE, WIDTH, **more)


def height(line: np.ndarray, x: float) -> float:
    return float(np.interp(x, line[:, 0], line[:, 1]))


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_curves_are_the_same_on_both_sides(shape: str, points: bool) -> None:
    line = curve(shape, temple_points=points)
    assert (np.diff(line[:, 0]) > 0.0).all()
    np.testing.assert_allclose(line[:, 0] + line[::-1, 0], 140.0, atol=1e-9)
    np.testing.assert_allclose(line[:, 1], line[::-1, 1], atol=1e-9)
    assert height(line, 70.0) == 20.0
    # Nor does the map tell them apart.
    density = DensityMap((), Hairline([tuple(p) for p in line], 6.0, smooth=False))
    x, y = np.random.default_rng(2).uniform((0.0, 10.0), (70.0, 45.0), (2000, 2)).T
    np.testing.assert_allclose(density.at(x, y), density.at(140.0 - x, y), atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "deepest_u"),
    [("rounded", 1.0), ("straight", 1.0), ("receded", 1.0), ("m-shape", 0.62)],
)
def test_the_recession_is_as_deep_as_asked(shape: str, deepest_u: float) -> None:
    for asked in (4.0, 25.0):
        line = curve(shape, recession_mm=asked)
        assert line[:, 1].max() - 20.0 == pytest.approx(asked, abs=0.1)
        assert height(line, 70.0 + deepest_u * 56.0) == pytest.approx(20.0 + asked, abs=0.1)
    assert curve(shape)[:, 1].max() - 20.0 == pytest.approx(SHAPES[shape].recession_mm, abs=0.1)


def test_each_shape_is_what_its_name_says() -> None:
    straight = curve("straight")
    assert np.ptp(straight[np.abs(straight[:, 0] - 70.0) < 39.0, 1]) == 0.0
    rounded = curve("rounded")
    assert (np.diff(rounded[:, 1], 2) > 0.0).all()
    receded = curve("receded")
    assert height(receded, 70.0 + 11.0) == 20.0  # the middle stands
    assert height(receded, 70.0 + 45.0) > 20.0 + 0.9 * 20.0
    m = curve("m-shape")
    assert height(m, 70.0 + 56.0) == pytest.approx(20.0 + 0.4 * 18.0, abs=0.05)


def test_a_peak_is_as_high_as_asked() -> None:
    flat = curve("widows-peak", peak_mm=0.0)
    np.testing.assert_allclose(flat, curve("rounded"), atol=1e-9)
    for asked in (3.0, 10.0):
        line = curve("widows-peak", peak_mm=asked)
        foot = 70.0 + 0.3 * 56.0
        np.testing.assert_allclose(height(line, foot) - height(flat, foot), asked, atol=1e-9)
        assert line[:, 1].min() == 20.0
    assert line[-1, 1] == pytest.approx(20.0 + 9.0 + 10.0)


def test_temple_points_come_forward() -> None:
    bare, pointed = curve("receded"), curve("receded", temple_points=True)
    side = pointed[pointed[:, 0] > bare[-1, 0] + 1e-9]
    assert bare[-1, 1] - side[:, 1].min() == pytest.approx(0.09 * WIDTH)
    assert side[np.argmin(side[:, 1]), 0] - bare[-1, 0] == pytest.approx(0.10 * WIDTH)
    assert side[-1] == pytest.approx([bare[-1, 0] + 0.20 * WIDTH, bare[-1, 1]])


def test_asymmetry_is_seeded_and_in_mm() -> None:
    plain = curve("rounded")
    sways = []
    for seed in range(200):
        sway = curve("rounded", asymmetry=1.0, seed=seed)[:, 1] - plain[:, 1]
        np.testing.assert_allclose(sway, -sway[::-1], atol=1e-12)
        sways.append(sway)
    ends = np.array(sways)[:, -1] - np.array(sways)[:, 0]
    assert ends.std() == pytest.approx(2.0, rel=0.15)
    assert abs(ends.mean()) < 0.45
    half = curve("rounded", asymmetry=0.5, seed=3)[:, 1] - plain[:, 1]
    np.testing.assert_allclose(half, 0.5 * sways[3], atol=1e-12)


def level(style: str | None, feather: float, seed: int = 4) -> DensityMap:
    """A level line at 20 mm, 200 mm wide."""
    edge = None if style is None else edge_of(style, seed)
    return DensityMap((), Hairline([(0.0, 20.0), (200.0, 20.0)], feather, edge=edge))


def front_mm(density: DensityMap, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the share is first reached, along the line."""
    x = np.arange(0.0, 200.0, 0.25)
    y = np.arange(15.0, 32.0, 0.05)
    grid = density.at(*(v.ravel() for v in np.meshgrid(x, y))).reshape(y.size, x.size)
    return x, y[np.argmax(grid >= share, axis=0)]


def test_a_natural_front_is_nowhere_straight() -> None:
    bands, tallest = [], []
    for seed in (4, 5, 6):
        x, front = front_mm(level("natural", 6.0, seed), 0.3)
        rough = front - front.mean()
        assert 0.5 < rough.std() < 1.3
        assert np.abs(rough).max() < 4.0
        # Each 8 mm of it have a recess or a cluster.
        assert np.ptp(front.reshape(-1, 32), axis=1).min() > 0.5
        power = np.abs(np.fft.rfft(rough)[1:]) ** 2
        wave = 1.0 / np.fft.rfftfreq(x.size, 0.25)[1:]
        scales = [power[(wave > low) & (wave < 2.0 * low)].sum() for low in (2.0, 4.0, 8.0)]
        bands.append(scales / power.sum())
        tallest.append(power.max() / power.sum())
    # There is some at each scale, and no wave is so strong that it could be seen as regular.
    assert (np.mean(bands, axis=0) > [0.13, 0.2, 0.1]).all()
    assert max(tallest) < 0.12


def test_nothing_lies_before_the_reach_of_a_curve() -> None:
    from shapely import LineString, Point

    line = curve("m-shape")
    density = DensityMap((), Hairline(line.tolist(), 6.0, smooth=False, edge=edge_of("natural", 4)))
    x, y = np.random.default_rng(3).uniform((15.0, 5.0), (125.0, 40.0), (4000, 2)).T
    above = y < np.interp(x, line[:, 0], line[:, 1])
    drawn = LineString(line)
    away = np.array([drawn.distance(Point(p)) for p in zip(x, y, strict=True)])
    share = density.at(x, y)
    assert (share[above & (away > 4.0)] == 0.0).all()
    assert (share[above & (away < 3.0)] > 0.0).mean() > 0.3
    assert (share[~above & (away > 8.2)] == 1.0).all()


def test_a_defined_front_is_nearly_as_drawn() -> None:
    _, front = front_mm(level("defined", 1.5), 0.3)
    assert 0.05 < front.std() < 0.3
    assert np.abs(front - front.mean()).max() < 0.5


def test_how_dense_a_natural_edge_is() -> None:
    density = level("natural", 6.0)
    x = np.arange(0.0, 200.0, 0.2)
    mean = {y: density.at(x, np.full(x.size, 20.0 + y)).mean() for y in (-4, -2, 0, 1, 3, 5, 8.3)}
    assert mean[-4] == 0.0
    assert 0.0 < mean[-2] < 0.03
    assert mean[-2] < mean[0] < mean[1] < mean[3] < mean[5] < 1.0
    assert 0.35 < mean[3] < 0.65
    assert mean[8.3] == 1.0
    assert density.largest == 1.0


def plan(**line: Any) -> smp.Plan:
    scalp = {"extent_mm": [140.0, 70.0], "hairline": line}
    return smp.Plan.from_dict({"version": 1, "seed": 9, "treatment": "natural", "scalp": scalp})


def test_stray_dots_exist_but_are_few() -> None:
    straight = {"shape": "straight", "recession_mm": 0.0, "centre_mm": [70.0, 20.0]}
    drawn, natural = (plan(**straight, **s).scene().impressions for s in ({}, {"style": "natural"}))
    assert drawn.y_mm.min() > 20.0
    before = 20.0 - natural.y_mm
    assert before.max() < STYLES["natural"][2] == 4.0
    # Before 140 mm of line; a millimetre of the whole density would be 590.
    counts = [np.count_nonzero(before > 0.8), np.count_nonzero(before > 2.0)]
    assert 15 < counts[0] < 90
    assert 2 <= counts[1] < 30
    defined = plan(**straight, style="defined").scene().impressions
    assert (20.0 - defined.y_mm).max() < 0.4


@pytest.mark.parametrize("shape", ["rounded", "m-shape"])
def test_left_and_right_have_the_same_density(shape: str) -> None:
    for style in ({}, {"style": "natural"}, {"style": "defined"}):
        dots = plan(shape=shape, **style).scene().impressions
        left = np.count_nonzero(dots.x_mm < 70.0)
        assert abs(2.0 * left / len(dots) - 1.0) < 0.02


def test_a_style_brings_its_feather() -> None:
    assert (
        plan(shape="rounded", style="defined").resolved()["scalp"]["hairline"]["feather_mm"] == 1.5
    )
    assert (
        plan(shape="rounded", style="natural").resolved()["scalp"]["hairline"]["feather_mm"] == 6.0
    )
    own = plan(shape="rounded", style="defined", feather_mm=2.0)
    assert own.resolved()["scalp"]["hairline"]["feather_mm"] == 2.0
    points = [[10.0, 20.0], [70.0, 12.0], [130.0, 20.0]]
    assert plan(points_mm=points).density.fields.layout[0, 3] == 0
    assert plan(points_mm=points, style="natural").density.fields.layout[0, 3] == 48


@pytest.mark.parametrize("fault", ["straight-hairline", "sharp-border"])
def test_faults_of_the_border_hold_for_shapes_and_styles(fault: str) -> None:
    wrong = plan(shape="m-shape", style="natural").with_faults(fault).density
    x = np.linspace(0.5, 139.5, 300)
    y = np.arange(0.0, 60.0, 0.02)
    grid = wrong.at(*(v.ravel() for v in np.meshgrid(x, y))).reshape(y.size, x.size)
    begins = y[np.argmax(grid > 0.0, axis=0)]
    if fault == "straight-hairline":
        assert np.ptp(begins) == 0.0
        line = plan(shape="m-shape").table.scalp.hairline
        assert line is not None
        made = shape_curve("m-shape", (70.0, 17.5), 112.0)
        mean = np.interp(np.linspace(0, 140, 2001), made[:, 0], made[:, 1]).mean()
        assert begins[0] == pytest.approx(mean, abs=0.05)
    else:
        assert set(np.unique(grid)) == {0.0, 1.0}
        assert np.ptp(begins) > 15.0
