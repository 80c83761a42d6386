"""A treatment that is matched to the hair looks like it, and fills what is missing."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.plan.match import CRISPEST, MOST_MUA_PER_MM, MOST_TINT, _matched
from smpengine.verdict.colour import to_lab
from smpengine.verdict.picture import to_linear

EVERYWHERE = [[-20, -20], [90, -20], [90, 50], [-20, 50]]


def half_treated(skin: str, colour: str, match: bool = True) -> smp.Plan:
    """Return 70 x 30 mm: hair on the left, less and less from 25 to 45 mm, none on the right."""
    fade = {"from_mm": [25, 0], "to_mm": [45, 0], "density": [1, 0]}
    hair = {
        "length_mm": 0.1, "length_spread_mm": 0.02, "colour": colour, "whorl_mm": [35, 200],
        "regions": [{"polygon_mm": EVERYWHERE, "gradient": fade}],
    }  # fmt: skip
    data = {
        "version": 1, "seed": 3, "skin": {"type": skin}, "treatment": "natural",
        "scalp": {"extent_mm": [70, 30]}, "hair": hair,
    }  # fmt: skip
    return smp.Plan.from_dict({**data, "match": "native"} if match else data)


@pytest.mark.parametrize(
    ("skin", "colour"), [("I-II", "dark-brown"), ("III-IV", "black"), ("VI", "black")]
)
def test_both_halves_look_alike(skin: str, colour: str) -> None:
    plan = half_treated(skin, colour)
    picture = smp.render(plan.scene(), 20.0)
    halves = picture[80:-80, 80:500], picture[80:-80, 900:-80]
    lab = [to_lab(to_linear(half).mean((0, 1))) for half in halves]
    # dE*ab is never less than dE00 by much here, and mostly more.
    assert np.linalg.norm(lab[0] - lab[1]) < 3.0
    native, treated = (smp.report(half, 20.0)["dot_fwhm_mm"] for half in halves)
    assert treated / native == pytest.approx(1.0, abs=0.15)


def test_without_a_match_they_differ_more() -> None:
    apart = []
    for match in (False, True):
        picture = smp.render(half_treated("I-II", "blond", match=match).scene(), 20.0)
        lab = [
            to_lab(to_linear(half).mean((0, 1)))
            for half in (picture[80:-80, 80:500], picture[80:-80, 900:-80])
        ]
        apart.append(float(np.linalg.norm(lab[0] - lab[1])))
    assert apart[0] > 1.0
    assert apart[1] < 0.5 * apart[0]


def test_dots_fill_what_hair_leaves() -> None:
    plan = half_treated("III-IV", "black")
    scene = plan.scene()
    assert scene.hair is not None
    total = sum(session.density_per_cm2 for session in plan.sessions)
    for x, share in ((10.0, 0.0), (35.0, 0.5), (60.0, 1.0)):
        near = np.abs(scene.impressions.x_mm - x) < 5.0
        assert np.count_nonzero(near) == pytest.approx(share * total * 3.0, rel=0.06, abs=3)


def test_what_is_chosen_can_be_done() -> None:
    for skin, colour in (("I-II", "black"), ("VI", "blond"), ("I-II", "red")):
        plan = half_treated(skin, colour)
        match = plan.match
        assert match is not None
        # Light hair on dark skin is lighter than that: the plan says that nothing matches it.
        assert ["lighter than its skin" in note for note in plan.notes] == [True] * (skin == "VI")
        for session in match.sessions:
            assert not isinstance(session.pigment, str)
            mua = np.array(session.pigment.mua_per_mm)
            assert mua[0] <= MOST_MUA_PER_MM * 1.001
            assert (np.diff(mua) >= -1e-9).all()
            assert (mua <= mua[0] * np.array(MOST_TINT) * 2.0).all()
        depths = [session.depth_mm for session in match.sessions]
        natural = smp.Plan.from_dict(
            {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [5, 5]}}
        ).sessions
        assert depths == sorted(depths, reverse=True)
        spread = natural[0].depth_mm - natural[-1].depth_mm
        assert depths[0] - depths[-1] >= (1.0 - CRISPEST) * spread - 1e-9


def test_the_match_is_the_same_each_time_and_dials_go_on_top() -> None:
    first = half_treated("VI", "black")
    found = first.sessions
    _matched.cache_clear()
    assert half_treated("VI", "black").sessions == found
    fuller = smp.Plan.from_dict({**first.resolved(), "fullness": 0.9})
    assert fuller.sessions == first.sessions
    assert len(fuller.scene().impressions) > 1.05 * len(first.scene().impressions)
    whole = first.scene().impressions
    part = first.scene(window_mm=(30.0, 5.0, 50.0, 25.0)).impressions
    inside = (whole.x_mm >= 30) & (whole.x_mm < 50) & (whole.y_mm >= 5) & (whole.y_mm < 25)
    assert np.array_equal(part.x_mm, whole.x_mm[inside])


def test_messages() -> None:
    plain = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [5, 5]}}
    for more, message in (
        ({"match": "native"}, "match must be left out without hair, got 'native'."),
        ({"match": "dye", "hair": {}}, "match must be 'native'"),
    ):
        with pytest.raises(smp.PlanError) as caught:
            smp.Plan.from_dict({**plain, **more})
        assert message in str(caught.value)
