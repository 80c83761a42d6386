"""Each fault does what it says, in numbers, beside the same plan without it."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from scipy.spatial import cKDTree

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.philox import salted_key
from smpengine.plan.density import DensityMap, Hairline, Region, catmull_rom, patch_waves
from smpengine.plan.faults import FAULTS, faulty_density, faulty_layers, place_with
from smpengine.plan.misplaced import REACH_MM
from smpengine.plan.placement import Layer, place
from smpengine.plan.schema import FaultName

CURVE = [(0.0, 8.0), (12.0, 4.0), (24.0, 3.0), (40.0, 9.0)]
EXTENT = (40.0, 30.0)


def plan(**more: Any) -> smp.Plan:
    scalp = {"extent_mm": EXTENT, "hairline": {"points_mm": CURVE, "feather_mm": 5.0}}
    plain = {"granularity": 0.0, "faint_share": 0.0, "blown_share": 0.0}  # dots as they are placed
    data = {"version": 1, "seed": 31, "treatment": "natural", "scalp": scalp, "healing": plain}
    data = {**data, **more}
    return smp.Plan.from_dict({key: part for key, part in data.items() if part is not None})


def dots(*names: str, **more: Any) -> smp.Impressions:
    return plan(**more).with_faults(*names).scene().impressions


def same(a: smp.Impressions, b: smp.Impressions, but: tuple[str, ...] = ()) -> bool:
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in COLUMNS if n not in but)


def mass(d: smp.Impressions) -> np.ndarray:
    return d.mua_per_mm[:, 0] * d.radius_mm**2 * d.thickness_mm


def test_the_registry_has_the_names_of_the_schema() -> None:
    assert set(FAULTS) == set(get_args(FaultName))
    assert all(fault != type(fault)() for fault in FAULTS.values())


def test_without_faults_not_a_bit_differs() -> None:
    healthy = plan()
    direct = place(healthy.layers(), DensityMap((), Hairline(CURVE, 5.0)), EXTENT, healthy.seed)
    assert same(healthy.scene().impressions, direct)
    assert same(healthy.with_faults().scene().impressions, direct)
    assert healthy.resolved()["faults"] == []


def test_too_deep_lies_in_the_deep_dermis_and_is_wider() -> None:
    good, bad = dots(), dots("too-deep")
    for session in range(3):
        mean = bad.depth_mm[bad.session == session].mean()
        assert 0.6 < mean < 0.92
        assert mean > good.depth_mm[good.session == session].max()
    assert same(good, bad, ("depth_mm", "radius_mm"))
    assert bad.radius_mm.mean() == pytest.approx(1.8 * good.radius_mm.mean(), rel=1e-3)
    for depth, becomes in ((0.7, 0.9), (1.2, 1.2)):  # at most 0.9, but never shallower
        deep = [{"preset": "flat-shadow", "depth_mm": depth}]
        wrong = plan(treatment=None, sessions=deep).with_faults("too-deep")
        assert wrong.layers()[0].depth_mm == becomes


def test_too_dark_absorbs_eight_times_as_much() -> None:
    good, bad = dots(), dots("too-dark")
    assert same(good, bad, ("mua_per_mm", "depth_mm", "thickness_mm"))
    np.testing.assert_allclose(bad.mua_per_mm, np.minimum(8.0 * good.mua_per_mm, 10_000.0))
    tops = [d.depth_mm - 0.5 * d.thickness_mm for d in (good, bad)]
    for session in range(3):
        mine = good.session == session
        assert tops[1][mine].mean() == pytest.approx(0.5 * tops[0][mine].mean(), rel=0.15)


def test_too_big_has_more_pigment_of_the_same_strength() -> None:
    good, bad = dots(), dots("too-big")
    assert same(good, bad, ("radius_mm",))
    np.testing.assert_allclose(bad.radius_mm, 1.8 * good.radius_mm)
    np.testing.assert_allclose(mass(bad), 3.24 * mass(good))


def cover(layer: Layer) -> float:
    return layer.density_per_cm2 * np.pi * (0.1 * layer.radius_mm) ** 2


def test_too_dense_goes_as_far_as_discs_have_room() -> None:
    good, bad = dots(), dots("too-dense")
    assert len(bad) == pytest.approx(2.5 * len(good), rel=0.02)
    full = [{"preset": "foundation", "density_per_cm2": 2000.0}]
    crowded = plan(treatment=None, sessions=full).with_faults("too-dense").layers()[0]
    assert cover(crowded) == pytest.approx(0.9)
    assert crowded.radius_mm == 0.10
    # Where radii are what has no room, they are held; the density was there before.
    both = plan(treatment=None, sessions=full).with_faults("too-dense", "too-big").layers()[0]
    assert cover(both) == pytest.approx(0.9)
    assert both.density_per_cm2 == 2000.0
    # A region of twice the density halves what a session may have.
    region = {"polygon_mm": [[0, 0], [40, 0], [40, 30]], "density": 2.0}
    scalp = {"extent_mm": EXTENT, "regions": [region]}
    less = [{"preset": "foundation", "density_per_cm2": 1200.0}]
    held = plan(treatment=None, sessions=less, scalp=scalp).with_faults("too-dense").layers()[0]
    assert 2.0 * cover(held) == pytest.approx(0.9)


def test_merged_dots_touch() -> None:
    good, bad = dots(), dots("merged")
    assert same(good, bad, ("x_mm", "y_mm"))
    step = np.hypot(bad.x_mm - good.x_mm, bad.y_mm - good.y_mm)
    moved = step > 0.0
    assert 0.4 < moved.mean() < 0.6
    assert step.max() < REACH_MM

    places = np.stack([bad.x_mm, bad.y_mm], axis=1)
    stayed = np.flatnonzero(~moved)
    away, near = cKDTree(places[stayed]).query(places[moved], k=8)
    radius = bad.radius_mm[moved][:, None] + bad.radius_mm[stayed[near]]
    earlier = bad.session[stayed[near]] <= bad.session[moved][:, None]
    assert (np.isclose(away, radius, atol=1e-9) & earlier).any(axis=1).all()

    def touching(d: smp.Impressions) -> float:
        place = np.stack([d.x_mm, d.y_mm], axis=1)
        distance, other = cKDTree(place).query(place, k=2)
        return float((distance[:, 1] < d.radius_mm + d.radius_mm[other[:, 1]] + 1e-9).mean())

    assert touching(good) < 0.05
    assert touching(bad) > 0.6


def test_merged_leaves_an_earlier_session_where_it_is() -> None:
    wrong = plan().with_faults("merged")
    first, every = wrong.scene(sessions=1).impressions, wrong.scene().impressions
    assert same(first, every.rows(every.session == 0))


def test_ink_that_migrated_keeps_its_mass() -> None:
    good, bad = dots(), dots("ink-migration")
    assert same(good, bad, ("radius_mm", "depth_mm", "mua_per_mm"))
    factor = bad.radius_mm / good.radius_mm
    far = factor > 1.5
    assert far.mean() == pytest.approx(0.35, abs=0.03)
    assert 2.0 <= factor[far].min() < 2.1
    assert 3.3 < factor[far].max() <= 3.5
    np.testing.assert_allclose(factor[~far], 1.25)
    np.testing.assert_allclose(mass(bad), mass(good))
    np.testing.assert_allclose(bad.depth_mm - good.depth_mm, np.where(far, 0.10, 0.0), atol=1e-12)


def test_what_fades_to_blue_green_absorbs_red() -> None:
    good, bad = dots(), dots("blue-green-fading")
    left = bad.mua_per_mm / good.mua_per_mm
    np.testing.assert_allclose(left, np.broadcast_to([1.0, 0.04, 0.04], left.shape))
    assert (bad.depth_mm > good.depth_mm).all()
    # It is seen: bare skin is redder than what the pigment makes of it, in green and blue alike.
    extent = {"extent_mm": [8.0, 8.0]}
    for skin in ("I-II", "VI"):
        base = plan(scalp=extent, skin={"type": skin})
        faded = smp.render(base.with_faults("blue-green-fading").scene(), 10.0, output="absorbance")
        red, green, blue = faded.mean(axis=(0, 1))
        assert red > 2.0 * max(green, blue)


def test_fading_runs_smoothly_over_many_bands() -> None:
    nm = tuple(np.arange(400.0, 701.0, 5.0))
    layer = Layer(100.0, 1.0, 0.07, 0.0, 0.2, 0.0, 0.1, (50.0,) * len(nm), 0.0)
    (faded,) = faulty_layers(["blue-green-fading"], [layer], nm, 1.0)
    left = np.array(faded.mua_per_mm) / 50.0
    assert (np.diff(left) >= 0.0).all()
    assert np.diff(left).max() < 0.13
    np.testing.assert_allclose(left[[nm.index(545.0), nm.index(610.0), -1]], [0.04, 1.0, 1.0])


def transition_mm(density: DensityMap, x: float) -> tuple[float, float]:
    """Return where the density begins, and over how many mm it goes from 5 to 95 %."""
    y = np.linspace(0.0, 30.0, 30_001)
    share = density.at(np.full(y.size, x), y)
    low, high = (y[np.argmax(share > part)] for part in (0.05, 0.95))
    return float(y[np.argmax(share > 0.0)]), float(high - low)


def test_a_straight_hairline_is_level_and_narrow() -> None:
    bad = plan().with_faults("straight-hairline").density
    curve = catmull_rom(CURVE)
    mean = (0.5 * (curve[1:, 1] + curve[:-1, 1]) * np.diff(curve[:, 0])).sum() / 40.0
    for x in (0.5, 20.0, 39.5):
        begins, width = transition_mm(bad, x)
        assert begins == pytest.approx(mean, abs=0.02)
        assert 0.15 < width < 0.3
    assert transition_mm(plan().density, 20.0)[1] > 3.0
    none = plan(scalp={"extent_mm": EXTENT}).with_faults("straight-hairline").density
    assert transition_mm(none, 20.0)[0] == pytest.approx(7.5, abs=0.002)


def test_a_sharp_border_has_no_transition() -> None:
    region = {"polygon_mm": [[5, 5], [35, 5], [35, 25], [5, 25]], "feather_mm": 4.0}
    hairline = {"points_mm": CURVE, "feather_mm": 5.0}
    scalp = {"extent_mm": EXTENT, "regions": [region], "hairline": hairline}
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, 40, 160), np.linspace(0, 30, 120)))
    for given in (scalp, {**scalp, "regions": []}, {**scalp, "hairline": None}):
        good = plan(scalp=given)
        assert set(good.with_faults("sharp-border").density.at(x, y)) == {0.0, 1.0}
        soft = good.density.at(x, y)
        assert ((soft > 0.0) & (soft < 1.0)).mean() > 0.05
    ruled = plan().with_faults("straight-hairline", "sharp-border").density
    assert transition_mm(ruled, 20.0)[1] == 0.0


@pytest.mark.parametrize("width", [40.0, 33.7])
def test_mirrored_dots_have_their_twins(width: float) -> None:
    scalp = {"extent_mm": [width, 30.0], "hairline": {"points_mm": CURVE, "feather_mm": 5.0}}
    good, bad = dots(scalp=scalp), dots("mirrored", scalp=scalp)
    on_left = bad.x_mm < 0.5 * width
    left, right = bad.rows(on_left), bad.rows(~on_left)
    assert same(left, good.rows(good.x_mm < 0.5 * width))
    assert same(left, right, ("x_mm",))
    assert np.array_equal(right.x_mm, width - left.x_mm)
    assert (np.diff(bad.session) >= 0).all()


def test_mirrored_comes_last() -> None:
    others = [name for name in FAULTS if name not in ("mirrored", "straight-hairline")]
    bad = dots(*others, "mirrored")
    on_left = bad.x_mm < 20.0
    assert same(bad.rows(on_left), bad.rows(~on_left), ("x_mm",))


def test_uneven_has_patches_of_5_to_15_mm() -> None:
    side = 200.0
    waves = patch_waves(*salted_key(5, 3))
    field = DensityMap(waves=waves)
    assert field.largest == 1.8
    axis = np.arange(0.0, side, 1.0)
    x, y = (v.ravel() for v in np.meshgrid(axis, axis))
    share = field.at(x, y).reshape(axis.size, -1)
    assert 0.2 < share.min() < 0.25
    assert 1.75 < share.max() < 1.8
    assert share.mean() == pytest.approx(1.0, abs=0.1)
    assert share.std() > 0.4
    power = np.abs(np.fft.fft2(share - share.mean())) ** 2
    f = np.fft.fftfreq(axis.size, 1.0)
    wave = 1.0 / np.maximum(np.hypot(f[:, None], f[None, :]), 1e-9)
    assert power[(wave > 9.0) & (wave < 33.0)].sum() > 0.85 * power.sum()


def test_uneven_varies_and_its_twin_does_not() -> None:
    extent = {"extent_mm": [80.0, 80.0]}

    def counts(d: smp.Impressions) -> np.ndarray:
        return np.histogram2d(d.x_mm, d.y_mm, bins=16, range=[[0, 80]] * 2)[0]

    good, bad = counts(dots(scalp=extent)), counts(dots("uneven", scalp=extent))
    assert good.std() < 0.06 * good.mean()
    assert bad.std() > 0.3 * bad.mean()
    other = counts(dots("uneven", scalp=extent, seed=32))
    assert abs(np.corrcoef(bad.ravel(), other.ravel())[0, 1]) < 0.5
    # Each layer follows the field, and its dots stay evenly spaced in a patch.
    wrong = plan(scalp=extent).with_faults("uneven")
    made = wrong.scene().impressions
    share = wrong.density.at(made.x_mm, made.y_mm)
    assert share.mean() > 1.15


def test_faults_are_the_same_in_any_order_and_twice() -> None:
    names = ["merged", "uneven", "too-deep", "mirrored", "merged"]
    layer = plan().layers()
    a = place_with(names, layer, plan().density, EXTENT, 4)
    b = place_with(names[::-1], layer, plan().density, EXTENT, 4)
    assert same(a, b)
    region = Region([(0, 0), (40, 0), (40, 30)], 1.0, 2.0)
    one = faulty_density(["uneven", "sharp-border"], [region], None, EXTENT, 4)
    two = faulty_density(["sharp-border", "uneven"], [region], None, EXTENT, 4)
    assert np.array_equal(one.waves, two.waves)
    assert one.feather_mm[0] == two.feather_mm[0] == 0.0
