"""A complexion has the same bits in any window and panel, on any threads; its seed is all of it."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

import smpengine as smp
from smpengine.image.reduce import halve
from smpengine.window import pixel_window

WORN = smp.Complexion.typical(
    "I-II", 70.0, 9, freckles_per_cm2=10.0, wrinkles=1.0, vessels_per_cm2=2.0,
    age_spots_per_cm2=1.0, tan_line_mm=4.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def scene(strong_scene: smp.Scene) -> smp.Scene:
    skin = smp.Skin("I-II", complexion=WORN)
    hairs = smp.Hairs(np.arange(8.0), np.arange(8.0), 0.3, 0.8, 0.7)
    return smp.Scene(
        skin, strong_scene.impressions, (9.0, 7.0), hair=hairs, light=smp.Light(azimuth_deg=30.0)
    )


def test_windows_equal_crops_for_any_threads(scene: smp.Scene) -> None:
    rng = np.random.default_rng(4)
    for scale in (3.1, 7.3, 20.0, 40.0, 87.0):
        whole = smp.render(scene, scale, output="linear", device="cpu", threads=1)
        assert np.array_equal(whole, smp.render(scene, scale, output="linear", device="cpu"))
        for _ in range(6):
            x0, y0 = rng.uniform(-1, 6), rng.uniform(-1, 5)
            window = (x0, y0, x0 + rng.uniform(1.4, 3.0), y0 + rng.uniform(1.4, 2.0))
            window = (max(x0, 0.0), max(y0, 0.0), *window[2:])
            part = smp.render(scene, scale, window, "linear", device="cpu", threads=2)
            at = pixel_window(scene.extent_mm, scale, window)
            rows = slice(at.row0, at.row0 + at.height)
            cols = slice(at.col0, at.col0 + at.width)
            assert np.array_equal(part[: whole.shape[0] - at.row0], whole[rows, cols])


def test_panels_join(scene: smp.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = smp.render(scene, 25.0, device="cpu")
    module = importlib.import_module("smpengine.picture")
    monkeypatch.setattr(module, "_PANEL_PX", 192)
    assert np.array_equal(smp.render(scene, 25.0, device="cpu"), whole)


def test_zoomed_out_is_the_mean_of_the_fine_picture(scene: smp.Scene) -> None:
    fine = smp.render(scene, 40.0, output="linear", device="cpu")
    for halvings in (1, 2, 3):
        coarse = smp.render(scene, 40.0 / 2**halvings, output="linear", device="cpu")
        assert np.allclose(coarse, halve(fine, halvings), rtol=1e-6)


def test_scales_show_the_same_skin(scene: smp.Scene) -> None:
    """Samples of another pitch see the same relief: means of squares of 1 mm agree."""
    means = []
    for scale in (40.0, 56.0, 120.0):
        picture = smp.render(scene, scale, (1, 1, 7, 6), "linear", "cpu").astype(float)
        side = int(scale)
        means.append(picture.reshape(5, side, 6, side, 3).mean((1, 3)))
    assert np.ptp(means[1], axis=(0, 1)).min() > 0.01
    for other in means[1:]:
        assert np.allclose(other, means[0], rtol=0.01)


def test_the_seed_is_all_that_is_random(scene: smp.Scene) -> None:
    def drawn(seed: int) -> np.ndarray:
        skin = smp.Skin("I-II", complexion=replace(WORN, seed=seed))
        return smp.render(replace(scene, skin=skin), 20.0, output="linear", device="cpu")

    assert np.array_equal(drawn(9), smp.render(scene, 20.0, output="linear", device="cpu"))
    for seed in (10, 9 + 2**32):
        difference = drawn(seed) / drawn(9)
        assert difference.std() > 0.02


def test_other_parameters_move_no_mark() -> None:
    """More freckles leave those that are there, and all else, where it is."""
    nothing = smp.Impressions(*[np.zeros(0)] * 6)
    drawn = []
    for per_cm2 in (1.0, 4.0):
        skin = smp.Skin("I-II", complexion=replace(WORN, freckles_per_cm2=per_cm2))
        scene = smp.Scene(skin, nothing, (40, 40))
        drawn.append(smp.render(scene, 8.0, output="linear", device="cpu"))
    few, many = drawn
    assert np.all(many <= few * (1.0 + 1e-5))
    assert 0.1 < np.mean(many < 0.999 * few) < 0.9
