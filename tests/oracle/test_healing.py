"""What skin makes of strikes over time: measured from pictures, and law by law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.impressions import COLUMNS
from smpengine.plan import laws
from smpengine.plan.course import course_of
from smpengine.plan.healing import heal

LUMINANCE = np.array((0.2126, 0.7152, 0.0722)) @ np.array(BAND_TO_LINEAR_SRGB)
SCALE = 60.0


def plan(**more: Any) -> smp.Plan:
    data = {"version": 1, "seed": 3, "treatment": "natural", "scalp": {"extent_mm": [10.0, 8.0]}}
    return smp.Plan.from_dict({**data, **more})


def seen(made: smp.Plan, session: int, day: float | None) -> np.ndarray:
    """Return diameter at half contrast, mm, and contrast of a session's dots, each alone."""
    dots = made.scene(sessions=session + 1).impressions
    rows = np.flatnonzero(dots.session == session)[:25]
    place = np.meshgrid(np.arange(5) * 2.0 + 1.0, np.arange(5) * 2.0 + 1.0)
    layer = made.layers()[session]
    rng = np.random.default_rng(7)
    spread = np.clip(rng.normal(size=(2, rows.size)), -2.0, 2.0)
    alone = smp.Impressions(
        place[0].ravel(), place[1].ravel(), layer.depth_mm + layer.depth_spread_mm * spread[0],
        layer.radius_mm + layer.radius_spread_mm * spread[1], layer.thickness_mm,
        np.array([layer.mua_per_mm] * rows.size), session,
    )  # fmt: skip
    table = made.table
    when = None if day is None else table.sessions[session].day + day
    course = course_of(table, table.sessions, when, made.skin)
    healed = heal(alone, course, made.skin.lambda_nm, 3)
    light = smp.render(smp.Scene(made.skin, healed, (10.0, 10.0)), SCALE, None, "linear", "cpu")
    luminance = light.astype(float) @ LUMINANCE
    j, i = np.mgrid[0 : luminance.shape[0], 0 : luminance.shape[1]] + 0.5
    found = []
    for x, y in zip(alone.x_mm, alone.y_mm, strict=True):
        rho = np.hypot(i / SCALE - x, j / SCALE - y)
        beside = np.median(luminance[(rho > 0.45) & (rho < 0.6)])
        rings = np.arange(0.0, 0.4, 0.01)
        profile = np.array(
            [1.0 - luminance[(rho >= a) & (rho < a + 0.02)].mean() / beside for a in rings]
        )
        below = int(np.argmax(profile < 0.5 * profile[0]))
        found.append((2.0 * (rings[below] + 0.005), profile[0]))
    return np.array(found)


@pytest.mark.parametrize("skin", ["I-II", "VI"])
@pytest.mark.parametrize("treatment", ["natural", "strong"])
def test_dots_are_as_wide_and_as_dark_as_they_are_seen(skin: str, treatment: str) -> None:
    """Fresh 0.15 to 0.30 mm across, healed 0.10 to 0.30, and a fifth to a half lighter."""
    made = plan(treatment=treatment, skin={"type": skin})
    for session in range(3):
        fresh, settled = seen(made, session, 1.0), seen(made, session, None)
        assert 0.14 <= np.median(fresh[:, 0]) <= 0.31, session
        assert 0.095 <= np.median(settled[:, 0]) <= 0.30, session
        lighter = 1.0 - np.median(settled[:, 1]) / np.median(fresh[:, 1])
        assert 0.2 <= lighter <= 0.5, session


def test_settled_deposits_are_what_the_plan_says() -> None:
    """Deposits 0.07 to 0.20 mm across; where no dot fails, the columns of the plan itself."""
    made = plan(healing={"granularity": 0.0, "faint_share": 0.0, "blown_share": 0.0})
    settled, last = made.scene().impressions, made.scene(day=28.0 + 90.0).impressions
    assert all(np.array_equal(getattr(settled, n), getattr(last, n)) for n in COLUMNS)
    for session, layer in enumerate(made.layers()):
        radius = settled.radius_mm[settled.session == session]
        assert radius.mean() == pytest.approx(layer.radius_mm, rel=0.02)
        assert 0.07 <= 2.0 * layer.radius_mm <= 0.20
    assert made.scene().blood is None


def test_time_goes_one_way() -> None:
    """A week lightens, six weeks more, years more still; redness is over in about a week."""
    made = plan(treatment="strong")
    days = (28.5, 35.0, 70.0, 28.0 + 730.0, 28.0 + 1826.0)
    mass = []
    for day in days:
        dots = made.scene(day).impressions
        mass.append(
            (dots.mua_per_mm[:, 1] * dots.radius_mm**2 * dots.thickness_mm).sum() / len(dots)
        )
    assert (np.diff(mass) < 0.0).all()
    assert mass[-1] < 0.5 * mass[2]
    blood = [made.scene(day).blood for day in (28.0, 31.0, 35.0, 45.0)]
    assert blood[-1] is None
    amounts = [0.0 if b is None else float(b.mua_per_mm[:, 1].sum()) for b in blood]
    assert amounts[0] > 3.0 * amounts[1] > 9.0 * amounts[2]
    assert amounts[2] < 0.07 * amounts[0]


def test_redness_is_haemoglobin() -> None:
    """Fresh skin between the dots takes green and blue, and hardly red."""
    red, pale = plan(), plan(healing={"redness": 0.0})
    fresh, same = (smp.render(p.scene(0.0), 20.0, output="absorbance") for p in (red, pale))
    extra = np.median(fresh - same, axis=(0, 1))
    assert extra[1] > 0.1
    assert extra[1] > 4.0 * extra[0] > 0.0


def test_windows_and_threads_see_the_same_day() -> None:
    made = plan(lasers=[{"day": 20.0}])
    for day in (2.0, 33.0, 400.0):
        whole = made.scene(day, threads=1)
        part = made.scene(day, window_mm=(2.0, 1.0, 6.0, 5.0), threads=2)
        x, y = whole.impressions.x_mm, whole.impressions.y_mm
        inside = whole.impressions.rows((x >= 2.0) & (x < 6.0) & (y >= 1.0) & (y < 5.0))
        for name in COLUMNS:
            assert np.array_equal(getattr(inside, name), getattr(part.impressions, name)), name


def test_a_scab_falls_from_each_dot_on_its_own_day() -> None:
    share = laws.epidermal_share(np.full(50, 6.5), np.linspace(0.0, 1.0, 50), 35.0)
    assert share[0] < 0.5
    assert share[-1] > 0.9
    days = np.linspace(0.0, 40.0, 200)
    for falls in (0.0, 0.5, 1.0):
        course = laws.epidermal_share(days, falls, 35.0)
        assert (np.diff(course) <= 0.0).all()
        assert course[0] == 1.0
        assert course[-1] == 0.0


def test_old_skin_heals_later() -> None:
    young, old = (plan(client={"age_years": age}) for age in (30.0, 75.0))
    amounts = [made.scene(35.0).impressions.thickness_mm.mean() for made in (young, old)]
    assert amounts[1] > amounts[0]
    assert laws.renewal_slowness(30.0) == 1.0
    assert laws.renewal_slowness(90.0) == 1.5


def test_lasers_clear_what_was_there_before_and_later_sessions_lie_over_it() -> None:
    sessions = [{"preset": "definition", "day": 0}, {"preset": "texture", "day": 300}]
    data = {"treatment": None, "sessions": sessions}
    bare, done = (
        smp.Plan.from_dict({k: v for k, v in {**plan().resolved(), **data, **more}.items()
                            if v is not None})
        for more in ({}, {"lasers": [{"day": 200.0, "clearance": 0.6}]})
    )  # fmt: skip
    before, after = (made.scene(400.0).impressions for made in (bare, done))
    ratio = (after.mua_per_mm / before.mua_per_mm)[:, 0]
    assert ratio[before.session == 0] == pytest.approx(0.4, abs=1e-5)
    assert (ratio[before.session == 1] == 1.0).all()
    assert done.scene(199.0).blood is None
    assert done.scene(201.0).blood is not None
    light, dark = laws.laser_clearance(1.5), laws.laser_clearance(6.0)
    assert 0.2 < dark < light < 0.6


def test_browns_turn_bluer_and_black_does_not() -> None:
    def faded(pigment: str) -> np.ndarray:
        made = smp.Plan.from_dict(
            {"version": 1, "scalp": {"extent_mm": [6.0, 6.0]},
             "sessions": [{"preset": "definition", "pigment": pigment}]}
        )  # fmt: skip
        then, now = (made.scene(day).impressions.mua_per_mm for day in (60.0, 1800.0))
        return (now / then).mean(axis=0)

    brown, black = faded("warm-brown-1"), faded("black")
    assert black[0] == pytest.approx(black[2])
    assert brown[2] < brown[1] < brown[0]


def test_some_dots_fail() -> None:
    made = plan(scalp={"extent_mm": [60.0, 60.0]})
    none = plan(scalp={"extent_mm": [60.0, 60.0]}, healing={"faint_share": 0, "blown_share": 0})
    dots, sound = made.scene().impressions, none.scene().impressions
    fainter = (dots.mua_per_mm[:, 0] / sound.mua_per_mm[:, 0]) < 0.55
    wider = dots.radius_mm / sound.radius_mm > 1.3
    assert 0.02 < (fainter & ~wider).mean() < 0.04
    assert 0.004 < wider.mean() < 0.012
    assert (dots.granularity == 0.6).all()


def test_needles_are_radii() -> None:
    made = smp.Plan.from_dict(
        {"version": 1, "scalp": {"extent_mm": [6.0, 6.0]},
         "sessions": [{"preset": "definition", "needle": "3RL-0.30"}]}
    )  # fmt: skip
    assert made.sessions[0].radius_mm == 0.080
    assert smp.Plan.from_dict(made.resolved()).resolved() == made.resolved()
    with pytest.raises(smp.PlanError, match=r"sessions\[0\].radius_mm must be left out, or 0.08"):
        smp.Plan.from_dict(
            {"version": 1, "scalp": {"extent_mm": [6.0, 6.0]},
             "sessions": [{"preset": "definition", "needle": "3RL-0.30", "radius_mm": 0.05}]}
        )  # fmt: skip


def test_what_a_scene_cannot_be() -> None:
    with pytest.raises(smp.SceneError, match=r"sessions must be 0 to 3, as the plan has, got 4"):
        plan().scene(sessions=4)
    with pytest.raises(smp.SceneError, match=r"day must be a number, got nan"):
        plan().scene(float("nan"))
    with pytest.raises(smp.PlanError, match=r"healing.settle_days.*Did you mean settles_days"):
        plan(healing={"settle_days": 30})


def test_devices_agree_on_a_fresh_scene(opencl_device: str) -> None:
    fresh = plan().scene(28.5)
    assert fresh.blood is not None
    cpu, ours = (
        smp.render(fresh, 20.0, output="absorbance", device=d) for d in ("cpu", opencl_device)
    )
    assert np.abs(cpu - ours).max() < 5e-4 * cpu.max()
