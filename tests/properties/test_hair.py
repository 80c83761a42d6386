"""Hair has the same bits in any window and panel, on any threads; its order does not matter."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import smpengine as smp
from smpengine.hairs import COLUMNS
from smpengine.window import pixel_window


def random_hairs(n: int, width_mm: float, height_mm: float, longest_mm: float = 2.0) -> smp.Hairs:
    rng = np.random.default_rng(n)
    azimuth = rng.uniform(-7.0, 7.0, n)
    azimuth[: n // 8] = np.arange(n // 8) * 0.5 * np.pi  # along the axes
    return smp.Hairs(
        rng.uniform(-1.0, width_mm + 1.0, n), rng.uniform(-1.0, height_mm + 1.0, n), azimuth,
        rng.uniform(0.0, 0.5 * np.pi, n), longest_mm * rng.integers(0, 4, n) / 3.0,
        rng.uniform(0.03, 0.2, n), rng.choice([0.0, 0.3, 8.0], n), rng.choice([0.0, 2.0], n),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scene(strong_scene: smp.Scene) -> smp.Scene:
    return smp.Scene(
        smp.Skin("III-IV"), strong_scene.impressions, (9.0, 7.0), hair=random_hairs(300, 9, 7)
    )


def test_windows_equal_crops_for_any_threads(scene: smp.Scene) -> None:
    rng = np.random.default_rng(4)
    for scale in (7.3, 20.0, 40.0):
        whole = smp.render(scene, scale, output="linear", device="cpu", threads=1)
        assert np.array_equal(whole, smp.render(scene, scale, output="linear", device="cpu"))
        for _ in range(8):
            x0, y0 = rng.uniform(0, 6), rng.uniform(0, 5)
            window = (x0, y0, x0 + rng.uniform(0.3, 3.0), y0 + rng.uniform(0.3, 2.0))
            part = smp.render(scene, scale, window, "linear", device="cpu", threads=2)
            at = pixel_window(scene.extent_mm, scale, window)
            rows = slice(at.row0, at.row0 + at.height)
            assert np.array_equal(part, whole[rows, at.col0 : at.col0 + at.width])


def test_panels_join(scene: smp.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = smp.render(scene, 25.0, device="cpu")
    module = importlib.import_module("smpengine.picture")
    monkeypatch.setattr(module, "_PANEL_PX", 192)
    assert np.array_equal(smp.render(scene, 25.0, device="cpu"), whole)


def test_the_order_of_hairs_changes_no_more_than_rounding() -> None:
    hairs = random_hairs(400, 4, 3)
    nothing = smp.Impressions(*[np.zeros(0)] * 6)
    turned = hairs.rows(slice(None, None, -1))
    pictures = [
        smp.render(smp.Scene(smp.Skin(), nothing, (4, 3), hair=each), 40.0, output="linear")
        for each in (hairs, turned)
    ]
    assert np.abs(pictures[0] - pictures[1]).max() < 2e-6


def test_windows_of_a_plan_hold_the_hairs_of_the_whole() -> None:
    plan = smp.Plan.from_dict(
        {
            "version": 1,
            "seed": 9,
            "scalp": {"extent_mm": [80, 70]},
            "treatment": "natural",
            "hair": {"density_units_per_cm2": 100},
        }
    )
    whole = plan.hair()
    assert whole is not None
    for window in ((0.0, 0.0, 80.0, 70.0), (10.2, 5.5, 13.3, 9.9), (-5.0, 60.0, 20.0, 90.0)):
        x0, y0, x1, y1 = window
        inside = (whole.x_mm >= x0) & (whole.x_mm < x1) & (whole.y_mm >= y0) & (whole.y_mm < y1)
        part = plan.scene(window_mm=window, threads=2).hair
        assert part is not None
        for name in COLUMNS:
            assert np.array_equal(getattr(part, name), getattr(whole, name)[inside]), name
