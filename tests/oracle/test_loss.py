"""Loss of hair: how many hairs a pattern leaves, where, and how thick."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import smpengine as smp
from smpengine.plan.borders import growth_of
from smpengine.plan.hair import extracted
from smpengine.plan.loss import PATTERNS

EXTENT_MM = [180.0, 220.0]
WHORL_MM = [90.0, 165.0]
FRONT_MM = [90.0, 15.0]


def grown(loss: dict[str, object] | None, client: dict[str, object] | None = None) -> smp.Hairs:
    hair: dict[str, object] = {"whorl_mm": WHORL_MM, "diameter_spread_mm": 0.0}
    if loss is not None:
        hair["loss"] = {"front_mm": FRONT_MM, **loss}
    found = smp.Plan.from_dict(
        {
            "version": 1, "seed": 5, "treatment": "natural", "scalp": {"extent_mm": EXTENT_MM},
            "hair": hair, "client": client or {},
        }
    ).hair()  # fmt: skip
    assert found is not None
    return found


def share_near(hairs: smp.Hairs, full: smp.Hairs, u: float, v: float, mm: float = 6.0) -> float:
    """Return what is left around a place in the pattern's coordinates."""
    x, y = 90.0 + 65.0 * u, 15.0 + 150.0 * v

    def count(h: smp.Hairs) -> int:
        return int(np.count_nonzero(np.hypot(h.x_mm - x, h.y_mm - y) < mm))

    return count(hairs) / count(full)


@pytest.fixture(scope="module")
def full() -> smp.Hairs:
    return grown(None)


def test_each_stage_leaves_less_than_the_one_before(full: smp.Hairs) -> None:
    for family, last in (("norwood", 7), ("ludwig", 3)):
        left = [len(grown({"pattern": f"{family}-{k}"})) for k in range(1, last + 1)]
        assert left[0] <= len(full)
        assert all(b < 0.98 * a for a, b in itertools.pairwise(left))


# Places by the drawings: u across from the middle to the temples, v from the hairline to the whorl.
@pytest.mark.parametrize(
    ("pattern", "bald", "kept"),
    [
        ("norwood-2", [], [(0.0, 0.1), (0.0, 1.0), (0.7, 0.4)]),
        ("norwood-3", [(0.66, 0.1), (-0.66, 0.1)], [(0.0, 0.1), (0.0, 0.6), (0.0, 1.0)]),
        ("norwood-3-vertex", [(0.66, 0.1)], [(0.0, 0.1), (0.0, 0.6), (0.9, 1.0)]),
        ("norwood-4", [(0.6, 0.15), (0.0, 1.0)], [(0.8, 0.7), (-0.8, 0.7)]),
        ("norwood-5", [(0.0, 0.1), (0.5, 0.2), (0.0, 1.0)], [(1.1, 0.7), (0.0, 1.34)]),
        ("norwood-6", [(0.0, 0.1), (0.0, 0.6), (0.4, 0.9)], [(1.1, 0.5), (-1.1, 1.0)]),
        ("norwood-7", [(0.0, 0.1), (0.0, 0.6), (0.7, 0.9)], [(1.25, 0.9)]),
        ("ludwig-3", [], [(0.0, -0.05), (0.9, 0.5), (0.0, 1.3)]),
    ],
)
def test_patterns_are_where_the_drawings_have_them(
    full: smp.Hairs, pattern: str, bald: list[tuple[float, float]], kept: list[tuple[float, float]]
) -> None:
    hairs = grown({"pattern": pattern})
    for place in bald:
        assert share_near(hairs, full, *place) < 0.15, place
    for place in kept:
        assert share_near(hairs, full, *place) > 0.85, place


def test_both_sides_lose_alike() -> None:
    for pattern in PATTERNS:
        if pattern == "patchy":
            continue
        hairs = grown({"pattern": pattern})
        left = np.count_nonzero(hairs.x_mm < 90.0)
        assert left == pytest.approx(len(hairs) - left, rel=0.02), pattern


def test_what_is_being_lost_is_finer_and_strength_is_how_much() -> None:
    hairs = grown({"pattern": "ludwig-2"})
    middle = np.hypot(hairs.x_mm - 90.0, hairs.y_mm - 90.0) < 10.0
    # 0.36 of the hair is left there, so 0.55 + 0.45 * 0.36 of the diameter.
    assert hairs.diameter_mm[middle].mean() == pytest.approx(0.08 * 0.712, rel=0.02)
    assert hairs.diameter_mm[hairs.y_mm > 200.0].mean() == pytest.approx(0.08, rel=0.01)
    half = grown({"pattern": "ludwig-2", "strength": 0.5})
    middle = np.hypot(half.x_mm - 90.0, half.y_mm - 90.0) < 10.0
    assert half.diameter_mm[middle].mean() == pytest.approx(0.08 * 0.856, rel=0.02)
    assert len(grown({"pattern": "norwood-7", "strength": 0.0})) == len(grown(None))


def test_patches_are_bald_and_belong_to_the_seed(full: smp.Hairs) -> None:
    hairs = grown({"pattern": "patchy"})
    share = len(hairs) / len(full)
    assert 0.85 < share < 0.99
    assert np.array_equal(hairs.x_mm, grown({"pattern": "patchy"}).x_mm)


def test_age_and_sex() -> None:
    young = len(grown(None, {"age_years": 25}))
    assert young == len(grown(None))
    men, women = (len(grown(None, {"age_years": 75, "sex": s})) for s in ("male", "female"))
    assert men / young == pytest.approx(1.0 - 0.003 * 40, abs=0.01)
    assert women / young == pytest.approx(1.0 - 0.004 * 40, abs=0.01)
    old = grown(None, {"age_years": 75})
    assert old.diameter_mm.mean() == pytest.approx(0.08 * (1.0 - 0.003 * 30), rel=0.01)


def test_units_that_were_taken_and_scars() -> None:
    area = {"polygon_mm": [[20, 150], [160, 150], [160, 210], [20, 210]], "density": 0.4}
    scar = {"points_mm": [[30, 120], [150, 120]], "width_mm": 3.0, "feather_mm": 0.5}
    plan = smp.Plan.from_dict(
        {
            "version": 1, "treatment": "natural", "hair": {"extractions": [area]},
            "scalp": {"extent_mm": EXTENT_MM, "scars": [scar]},
        }
    )  # fmt: skip
    assert plan.table.hair is not None
    hairs = plan.hair()
    assert hairs is not None
    growth = growth_of(plan.table, plan._folder, None)
    x, y = extracted(plan.table.hair, growth, plan.extent_mm, plan.seed)
    inside = (x > 20) & (x < 160) & (y > 150) & (y < 210)
    assert inside.all()
    # 80 units per cm2 over 84 cm2, 0.4 of them taken.
    assert x.size == pytest.approx(0.4 * 80 * 84, rel=0.03)
    whole = plan.hair()
    some = plan.hair((40.0, 160.0, 60.0, 180.0))
    assert whole is not None
    assert some is not None
    assert len(some) > 0
    on_scar = (np.abs(hairs.y_mm - 120.0) < 1.0) & (hairs.x_mm > 32.0) & (hairs.x_mm < 148.0)
    assert not on_scar.any()


def test_messages() -> None:
    for loss, message in (
        ({"pattern": "norwood-8"}, "hair.loss.pattern must be one of"),
        ({"pattern": "norwood-3", "strength": 2}, "hair.loss.strength must be less than or equal"),
    ):
        with pytest.raises(smp.PlanError) as caught:
            grown(loss)
        assert message in str(caught.value), str(caught.value)
