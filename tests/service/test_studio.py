"""What a service can show: every fault and kind of plan, and what it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import smpengine as smp
from smpengine.plan.schema import FaultName
from smpengine.service.limits import Limits
from smpengine.service.looks import Look
from smpengine.service.studio import Studio

BASE = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [8.0, 6.0]}}


@pytest.mark.parametrize(
    "more",
    [
        {"hair": {"length_mm": 0.3}},
        {"hair": {"loss": {"pattern": "norwood-4"}}, "match": "native"},
        {"skin": {"type": "V", "complexion": {"freckles_per_cm2": 2.0}}},
        {"head": {}, "scalp": {"extent_mm": [60.0, 40.0]}},
        {"faults": list(get_args(FaultName))},
        {"treatment": "flat-shadow"},
        {"lasers": [{"day": 90.0}], "client": {"age_years": 60}},
        {"render": {"px_per_mm": 7.0, "exposure": 0.9}},
    ],
)
def test_every_kind_of_plan_is_described_and_drawn(more: dict[str, Any]) -> None:
    plan = smp.Plan.from_dict({**BASE, **more})
    studio = Studio(plan, Limits(), "cpu")
    named = studio.plans.first
    about = studio.described(named)
    assert about["impressions"] == sum(each["impressions"] for each in about["sessions"])
    assert studio.plans.add(about["plan"]).id == named.id
    drawn = studio.pixels(studio.window(named, Look(), (1.0, 1.0, 6.0, 5.0), 31.0, "png"))
    own = smp.render(plan.scene(), 31.0, (1.0, 1.0, 6.0, 5.0), exposure=plan.exposure)
    np.testing.assert_array_equal(drawn, own)
    for fault in get_args(FaultName):
        look = Look(faults=(fault,), day=200.0)
        assert studio.pixels(studio.window(named, look, None, 2.0, "png")).size


def test_a_device_shows_what_it_renders(opencl: str) -> None:
    plan = smp.Plan.from_dict(BASE)
    studio = Studio(plan, Limits(), opencl)
    asked = studio.window(studio.plans.first, Look(), (1.0, 1.0, 6.0, 5.0), 40.0, "png")
    own = smp.render(plan.scene(), 40.0, (1.0, 1.0, 6.0, 5.0), device=opencl)
    np.testing.assert_array_equal(studio.pixels(asked), own)
    assert studio.tag(asked) != Studio(plan, Limits(), "cpu").tag(asked)


def test_a_skin_of_many_bands_is_refused_before_it_is_served(tmp_path: Path) -> None:
    bands = "lambda_nm = [450, 550, 650]\nmelanosome_fraction = 0.05\nblood_fraction = 0.01\n"
    (tmp_path / "own.toml").write_text(bands)
    from smpengine.calibrate.properties import read_skin
    from smpengine.calibrate.run import calibrate
    from smpengine.workers import Workers

    table = calibrate(read_skin(tmp_path / "own.toml"), 10_000, 0, Workers(2), None, print)
    table.write(tmp_path / "own.json")
    plan_file = tmp_path / "plan.toml"
    plan_file.write_text(
        'version = 1\ntreatment = "natural"\nscalp.extent_mm = [4, 3]\nskin.table = "own.json"\n'
    )
    with pytest.raises(smp.SceneError, match="scene must have the bands R, G, B to be shown"):
        Studio(smp.load_plan(plan_file), Limits(), "cpu")


def test_what_is_asked_for_has_the_tag_of_all_it_depends_on() -> None:
    studio = Studio(smp.Plan.from_dict(BASE), Limits(), "cpu")
    first, other = studio.plans.first, studio.plans.add({**BASE, "seed": 2})
    asked = [
        studio.window(first, Look(), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(other, Look(), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(day=3.0), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(sessions=(1,)), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(sessions=()), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(faults=("uneven",)), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(exposure=1.5), (1.0, 1.0, 3.0, 3.0), 20.0, "png"),
        studio.window(first, Look(), (1.0, 1.0, 3.0, 3.1), 20.0, "png"),
        studio.window(first, Look(), (1.0, 1.0, 3.0, 3.0), 21.0, "png"),
        studio.window(first, Look(), (1.0, 1.0, 3.0, 3.0), 20.0, "jpg"),
    ]
    assert len({studio.tag(each) for each in asked}) == len(asked)
    again = studio.window(first, Look(sessions=(2, 1, 2)), (1.0, 1.0, 3.0, 3.0), 20.0, "png")
    same = studio.window(first, Look(sessions=(1, 2)), (1.0, 1.0, 3.0, 3.0), 20.0, "png")
    assert studio.tag(again) == studio.tag(same)


def test_scenes_have_so_many_dots_together() -> None:
    plan = smp.Plan.from_dict(BASE)
    studio = Studio(plan, Limits(most_impressions=len(plan.scene().impressions)), "cpu")
    for day in range(6):
        studio.scenes.get(studio.plans.first, Look(day=200.0 + day))
        assert 0 < studio.scenes.dots <= 2 * len(plan.scene().impressions) + 9
    assert studio.scenes.count == 2
