"""With hair, granules, blood, complexion, scars and a lamp at once: same bits, and scales agree."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.window import pixel_window

PLAN: dict[str, Any] = {
    "version": 1, "seed": 6, "treatment": "strong",
    "skin": {"type": "I-II", "complexion": {"freckles_per_cm2": 3.0, "tan_line_mm": 6.0}},
    "client": {"age_years": 62},
    "scalp": {
        "extent_mm": [14, 11],
        "hairline": {"shape": "rounded", "style": "natural", "centre_mm": [7, 2]},
        "scars": [{"points_mm": [[2, 8], [12, 9]], "width_mm": 1.0}],
    },
    "hair": {
        "length_mm": 0.6, "grey_share": 0.3,
        "loss": {"pattern": "norwood-4", "front_mm": [7, 1], "vertex_mm": [7, 12], "width_mm": 14},
        "extractions": [{"polygon_mm": [[0, 6], [14, 6], [14, 11], [0, 11]]}],
    },
    "light": {"azimuth_deg": -70.0, "elevation_deg": 45.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> smp.Scene:
    plan = smp.Plan.from_dict(PLAN)
    found = plan.scene(day=plan.sessions[-1].day + 2.0)
    assert found.blood is not None
    assert len(found.blood)
    assert found.impressions.is_granular
    assert found.hair is not None
    assert found.scars is not None
    return found


def test_windows_and_threads(scene: smp.Scene) -> None:
    rng = np.random.default_rng(5)
    for scale in (7.3, 20.0, 40.0):
        whole = smp.render(scene, scale, device="cpu", threads=1)
        assert np.array_equal(whole, smp.render(scene, scale, device="cpu", threads=3))
        for _ in range(4):
            x0, y0 = rng.uniform(0, 10), rng.uniform(0, 8)
            window = (x0, y0, x0 + rng.uniform(0.4, 4.0), y0 + rng.uniform(0.4, 3.0))
            part = smp.render(scene, scale, window, device="cpu", threads=2)
            at = pixel_window(scene.extent_mm, scale, window)
            rows = slice(at.row0, at.row0 + at.height)
            assert np.array_equal(part, whole[rows, at.col0 : at.col0 + at.width])


def test_panels_join(scene: smp.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = smp.render(scene, 25.0, device="cpu")
    monkeypatch.setattr(importlib.import_module("smpengine.picture"), "_PANEL_PX", 192)
    assert np.array_equal(smp.render(scene, 25.0, device="cpu"), whole)


def test_a_zoomed_out_picture_is_the_mean_of_the_finer_one(scene: smp.Scene) -> None:
    fine = smp.render(scene, 40.0, output="linear", device="cpu").astype(float)
    for scale, side in ((20.0, 2), (10.0, 4), (5.0, 8)):
        coarse = smp.render(scene, scale, output="linear", device="cpu")
        height, width = coarse.shape[:2]
        cut = fine[: height * side, : width * side]
        mean = cut.reshape(height, side, width, side, 3).mean((1, 3))
        assert np.abs(coarse - mean).max() < 1e-5
