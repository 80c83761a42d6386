"""A view's windows are crops of it, whatever the threads; mirrored light makes a mirrored head."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.views.view import VIEWS
from smpengine.window import pixel_window

PLAN = {
    "version": 1,
    "seed": 2,
    "treatment": "natural",
    "scalp": {"extent_mm": [70, 80]},
    "hair": {"length_mm": 0.5},
    "head": {"axes_mm": [30.0, 36.0, 32.0]},
}


@pytest.fixture(scope="module")
def scene() -> smp.Scene:
    return smp.Plan.from_dict(PLAN).scene()


@pytest.mark.parametrize("view", ["above", "front", "profile"])
def test_windows_equal_crops_for_any_threads(scene: smp.Scene, view: str) -> None:
    rng = np.random.default_rng(4)
    assert scene.surface is not None
    extent = VIEWS[view].extent_mm(scene.surface.surface)
    for scale, output in ((4.0, "linear"), (7.3, "srgb8")):
        whole = smp.render_view(scene, view, scale, None, output, "cpu", threads=1)
        again = smp.render_view(scene, view, scale, None, output, "cpu", threads=3)
        assert np.array_equal(whole, again)
        for _ in range(3):
            x0, y0 = rng.uniform(0, 60, 2)
            window = (x0, y0, x0 + rng.uniform(2.0, 9.0), y0 + rng.uniform(2.0, 9.0))
            part = smp.render_view(scene, view, scale, window, output, "cpu", threads=2)
            at = pixel_window(extent, scale, window)
            rows = slice(at.row0, at.row0 + at.height)
            want = whole[rows, at.col0 : at.col0 + at.width]
            assert np.array_equal(part[: want.shape[0], : want.shape[1]], want)


def test_mirrored_light_makes_a_mirrored_head() -> None:
    nothing = smp.Impressions(*[np.zeros(0)] * 6)
    pictures = []
    for azimuth in (-60.0, -120.0):
        light = smp.Light(azimuth, 35.0, 0.8)
        head = smp.Head(texture=0.0)
        scene = smp.Scene(smp.Skin("V"), nothing, (200, 200), surface=head, light=light)
        pictures.append(smp.render_view(scene, "front", 2.0, output="linear"))
    np.testing.assert_allclose(pictures[0], pictures[1][:, ::-1], rtol=1e-4, atol=1e-5)
    assert np.abs(pictures[0] - pictures[1]).max() > 0.05


def test_blocks_leave_no_seams() -> None:
    """Even pigment on an even head: neighbours in a block differ as those across its edge."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.0, 120.0, (2, 60_000))
    dots = smp.Impressions(x, y, 0.5, 0.2, 0.1, 30.0)
    head = smp.Head((60.0, 60.0, 60.0), gloss=0.0, texture=0.0)
    scene = smp.Scene(smp.Skin("I-II"), dots, (120.0, 120.0), surface=head)
    picture = smp.render_view(scene, "above", 5.0, (32.0, 32.0, 112.0, 112.0), "linear")
    side = 84  # floor(0.28 x 60 x 5)
    steps = np.abs(np.diff(picture[..., 1], axis=1)).mean(0)
    first = 160
    edges = [k - first - 1 for k in range(side, 560, side) if first < k < 559]
    inner = np.delete(steps, edges)
    assert abs(steps[edges].mean() - inner.mean()) < 3.0 * inner.std() / np.sqrt(len(edges))


def test_without_a_head_the_default_one_is_taken(scene: smp.Scene) -> None:
    plan = smp.Plan.from_dict({**PLAN, "head": None, "light": None})
    assert plan.scene().surface is None
    picture = smp.render_view(plan, "above", 1.0)
    assert picture.shape == (220, 178, 3)
    assert scene.light is not None  # a plan with a head has a lamp


def test_flat_pictures_know_nothing_of_the_head(scene: smp.Scene) -> None:
    from dataclasses import replace

    flat = replace(scene, surface=None, light=None)
    assert np.array_equal(smp.render(scene, 8.0, (0, 0, 9, 9)), smp.render(flat, 8.0, (0, 0, 9, 9)))


def test_cancel_and_progress(scene: smp.Scene) -> None:
    seen: list[tuple[int, int]] = []
    smp.render_view(scene, "above", 2.0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 1
    with pytest.raises(smp.Cancelled):
        smp.render_view(scene, "above", 2.0, cancel=lambda: True)


def test_opencl_draws_the_same_view(scene: smp.Scene, opencl: str) -> None:
    window = (20.0, 20.0, 32.0, 30.0)
    cpu, there = (
        smp.render_view(scene, "front", 12.0, window, "linear", device)
        for device in ("cpu", opencl)
    )
    assert np.abs(cpu - there).max() <= 2e-3 * cpu.max()
