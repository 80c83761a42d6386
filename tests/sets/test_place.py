"""Only the dots near a picture are placed, and nothing of it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.sets.place import margin_mm, scene_of, window_of

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "settled": ({}, {}),
    "fresh": ({}, {"day": 1.0}),
    "old": ({}, {"day": 4000.0}),
    "merged, sunk": ({"faults": ["merged", "ink-migration", "too-deep", "mirrored"]}, {}),
    "hair, fresh": ({"hair": {"length_mm": 1.0}}, {"day": 3.0}),
    "uneven skin": ({"skin": {"type": "V", "complexion": {}}}, {}),
}


def plan_of(more: dict[str, Any]) -> smp.Plan:
    plan = {"version": 1, "seed": 5, "scalp": {"extent_mm": [70.0, 60.0]}}
    return smp.Plan.from_dict(
        {**plan, **(more if "sessions" in more else {"treatment": "natural", **more})}
    )


@pytest.mark.parametrize("case", CASES)
def test_a_picture_of_the_dots_near_it_is_that_of_all(case: str) -> None:
    more, shown = CASES[case]
    plan = plan_of(more)
    picture = {"px_per_mm": 16.0, "size_px": [97, 64], "centre_mm": [31.3, 30.1], **shown}
    scene, scale, window = scene_of(plan, picture, True, 1)
    whole = plan.scene(picture.get("day"))
    assert len(scene.impressions) < len(whole.impressions)
    near, every = (smp.render(each, scale, window, device="cpu") for each in (scene, whole))
    assert near.shape == (64, 97, 3)
    np.testing.assert_array_equal(near, every)
    of_near, of_every = (smp.truth(each, scale, window, "cpu") for each in (scene, whole))
    np.testing.assert_array_equal(of_near.x_px, of_every.x_px)
    np.testing.assert_array_equal(of_near.contrast, of_every.contrast)
    maps, all_maps = (smp.truth_maps(each, scale, window) for each in (scene, whole))
    np.testing.assert_array_equal(maps.density_per_cm2, all_maps.density_per_cm2)
    np.testing.assert_array_equal(maps.depth_mm, all_maps.depth_mm)
    shown_rows = np.unique(maps.instance[maps.instance > 0]) - 1
    np.testing.assert_array_equal(
        scene.impressions.x_mm[shown_rows],
        whole.impressions.x_mm[np.unique(all_maps.instance[all_maps.instance > 0]) - 1],
    )


def test_the_margin_is_what_the_widest_dot_reaches() -> None:
    plan = plan_of({})
    deeper = plan_of({"sessions": [{"preset": "foundation", "depth_mm": 2.0}]})
    assert margin_mm(deeper, 16.0, False, None) > margin_mm(plan, 16.0, False, None) + 5.0
    assert margin_mm(plan, 16.0, True, None) >= 14.0


def test_a_picture_has_the_size_that_was_asked_for_wherever_it_lies() -> None:
    plan = plan_of({})
    for centre in ([10.0, 10.0], [10.013, 33.37], [0.0, 0.0], [7.123456, 59.9]):
        for scale in (3.7, 16.0, 41.3):
            picture = {"px_per_mm": scale, "size_px": [101, 64], "centre_mm": centre}
            _, window = window_of(plan, picture)
            image = smp.render(smp.clean(plan.scene(sessions=0)), scale, window, device="cpu")
            assert image.shape == (64, 101, 3)
