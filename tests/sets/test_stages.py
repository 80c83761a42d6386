"""What variants share has the bits of what is made anew, and is made once."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smpengine as smp
from smpengine.sets.order import ordered
from smpengine.sets.place import scene_of
from smpengine.sets.stages import Stages
from smpengine.sets.variants import Variant, name_of

WINDOW = (8.0, 6.0, 12.0, 9.0)
FOLDER = Path()


def table(**keys: Any) -> dict[str, Any]:
    base = {"version": 1, "treatment": "natural", "seed": 1, "scalp": {"extent_mm": [24, 18]}}
    return {**base, **keys}


def shared(stages: Stages, keys: dict[str, Any], day: float | None, **how: Any) -> Any:
    plan = stages.plan(table(**keys), "plan", FOLDER)
    scene, scale, window = scene_of(
        plan, {"px_per_mm": 40.0, "window_mm": WINDOW, "day": day}, False, 1
    )
    return stages.render(scene, scale, window, **how)


def anew(keys: dict[str, Any], day: float | None, **how: Any) -> Any:
    scene = smp.Plan.from_dict(table(**keys)).scene(day)
    return smp.render(scene, 40.0, WINDOW, **how)


KEYS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(1, 2),
        "skin": st.sampled_from([{"type": "I-II"}, {"type": "VI"}, {"scattering": 0.8},
                                 {"type": "V", "complexion": {}}]),
        "fullness": st.sampled_from([0.5, 0.7]),
        "faults": st.sampled_from([[], ["merged"], ["too-dark"], ["mirrored"]]),
        "lasers": st.sampled_from([[], [{"day": 60}], [{"day": 60, "clearance": 0.4}]]),
        "client": st.sampled_from([{"age_years": 30}, {"age_years": 60}]),
        "healing": st.sampled_from([{}, {"granularity": 0.0}, {"faint_share": 0.2}]),
        "hair": st.just({"length_mm": 0.5}),
        "light": st.sampled_from([{}, {"elevation_deg": 30.0}]),
    },
)  # fmt: skip
DAYS = st.sampled_from([None, 1.0, 40.0, 400.0])
HOW = st.fixed_dictionaries(
    {}, optional={"output": st.sampled_from(["srgb16", "linear", "absorbance"]),
                  "exposure": st.sampled_from([0.5, 1.3])},
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(KEYS, DAYS, HOW), min_size=2, max_size=4))
def test_any_variants_one_after_the_other_are_those_made_anew(
    variants: list[tuple[dict[str, Any], float | None, dict[str, Any]]],
) -> None:
    stages = Stages()
    for keys, day, how in variants:
        how = {"device": "cpu", **how}
        assert (shared(stages, keys, day, **how) == anew(keys, day, **how)).all()


def test_each_stage_is_made_once_for_what_shares_it() -> None:
    stages = Stages()
    skins, days, seeds = ("I-II", "III-IV", "VI"), (30.0, 400.0), (1, 2)
    tones = ({}, {"exposure": 0.7}, {"output": "srgb16"})
    for seed, day, skin, how in itertools.product(seeds, days, skins, tones):
        shared(stages, {"seed": seed, "skin": {"type": skin}}, day, device="cpu", **how)
    assert stages.saved.asked == {"settled": 36, "healed": 36, "drawn": 36}
    assert stages.saved.made == {"settled": 2, "healed": 4, "drawn": 12}
    assert stages.spared_s > 0.0


def test_memory_is_bounded_and_what_went_is_made_again() -> None:
    stages = Stages(most_bytes=1_000_000)
    for seed in (1, 2, 3, 4, 5, 1, 2, 3, 4, 5):
        got = shared(stages, {"seed": seed}, None, device="cpu")
        assert (got == anew({"seed": seed}, None, device="cpu")).all()
        assert 0 < stages.held_bytes <= 1_000_000
    assert stages.saved.made["drawn"] > 5


def test_a_picture_that_would_push_out_the_rest_is_not_kept() -> None:
    stages = Stages(most_bytes=800_000)
    got = shared(stages, {}, None, device="cpu")
    assert (got == anew({}, None, device="cpu")).all()
    assert "drawn" not in stages.saved.asked


def test_kept_pictures_cannot_be_written_into_by_those_who_got_them() -> None:
    stages = Stages()
    for output in ("linear", "srgb8"):
        first = shared(stages, {}, None, device="cpu", output=output)
        before = first.copy()
        first[...] = 0
        assert (shared(stages, {}, None, device="cpu", output=output) == before).all()


def test_other_devices_and_illuminants_are_rendered_as_ever(opencl: str) -> None:
    stages = Stages()
    got = shared(stages, {}, None, device=opencl)
    assert (got == anew({}, None, device=opencl)).all()
    with pytest.raises(smp.SceneError, match="illuminant must be 'D65'"):
        shared(stages, {}, None, device="cpu", illuminant="A")
    with pytest.raises(smp.SceneError, match="output must be one of"):
        shared(stages, {}, None, device="cpu", output="png")


def test_variants_that_share_dots_come_one_after_the_other() -> None:
    days, skins, seeds = (10.0, 400.0), ("I-II", "VI"), (5, 3, 4)
    variants = []
    for day, skin, seed in itertools.product(days, skins, seeds):
        plan = table(seed=seed, skin={"type": skin})
        picture = {"px_per_mm": 20.0, "day": day, "output": "srgb8", "device": "cpu"}
        name = name_of(plan, picture, FOLDER)
        variants.append(Variant(len(variants), plan, picture, {}, FOLDER, name))
    found = ordered(variants)
    assert sorted(v.number for v in found) == list(range(12))
    assert [v.seed for v in found] == [5] * 4 + [3] * 4 + [4] * 4
    assert [v.picture["day"] for v in found] == [10.0, 10.0, 400.0, 400.0] * 3
    assert ordered(found) == sorted(found, key=found.index)  # in that order already
    rng = np.random.default_rng(1)
    assert len(ordered([variants[k] for k in rng.permutation(12)])) == 12
