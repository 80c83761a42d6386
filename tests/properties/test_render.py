"""Windows, scales, threads and outputs of whole renders."""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import smpengine as smp
from smpengine.window import pixel_window

SCALES = (7.3, 20.0, 40.0)


@pytest.mark.parametrize("output", ["srgb8", "srgb16", "linear", "absorbance"])
def test_windows_equal_crops(strong_scene: smp.Scene, output: str) -> None:
    rng = np.random.default_rng(4)
    for scale in SCALES:
        whole = smp.render(strong_scene, scale, output=output)
        for _ in range(10):
            x0, y0 = rng.uniform(0, 8), rng.uniform(0, 6)
            window = (x0, y0, x0 + rng.uniform(0.3, 4.0), y0 + rng.uniform(0.3, 3.0))
            part = smp.render(strong_scene, scale, window, output)
            at = pixel_window(strong_scene.extent_mm, scale, window)
            rows = slice(at.row0, at.row0 + at.height)
            cols = slice(at.col0, at.col0 + at.width)
            assert np.array_equal(part, whole[rows, cols])


def test_panels_join(strong_scene: smp.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = smp.render(strong_scene, 25.0)
    module = importlib.import_module("smpengine.picture")
    monkeypatch.setattr(module, "_PANEL_PX", 192)
    assert np.array_equal(smp.render(strong_scene, 25.0), whole)


def test_threads_give_the_same_bits(strong_scene: smp.Scene) -> None:
    one = smp.render(strong_scene, 40.0, threads=1)
    for threads in (2, 7):
        assert np.array_equal(smp.render(strong_scene, 40.0, threads=threads), one)


def test_another_process_with_seven_threads_gives_the_same_bits() -> None:
    code = (
        "import hashlib, numpy as np, smpengine as smp\n"
        "rng = np.random.default_rng(8)\n"
        "n = 400\n"
        "places, depths = rng.uniform(0, 9, (2, n)), rng.uniform(0.1, 0.4, n)\n"
        "dots = smp.Impressions(*places, depths, 0.07, 0.1, 60)\n"
        "scene = smp.Scene(smp.Skin('VI'), dots, (9, 9))\n"
        "print(hashlib.sha256(smp.render(scene, 30.0, output='srgb16').tobytes()).hexdigest())\n"
    )
    digests = set()
    for threads in ("1", "2", "7"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_several_python_threads_may_render_at_once(strong_scene: smp.Scene) -> None:
    want = smp.render(strong_scene, 40.0)
    pictures: list[np.ndarray] = []

    def work() -> None:
        pictures.extend(smp.render(strong_scene, 40.0, threads=2) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 12
    assert all(np.array_equal(picture, want) for picture in pictures)


def test_a_zoomed_out_picture_is_the_mean_of_the_finer_one(strong_scene: smp.Scene) -> None:
    # 20 px/mm is defined by 40 px/mm, so the means agree to rounding.
    fine = smp.render(strong_scene, 40.0, output="linear").astype(float)
    mean = fine.reshape(180, 2, 240, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(smp.render(strong_scene, 20.0, output="linear"), mean, rtol=2e-6)


def test_ten_px_per_mm_agree_with_a_hundred_and_sixty(strong_scene: smp.Scene) -> None:
    bare = smp.render(smp.Scene(strong_scene.skin, empty(), (1, 1)), 40.0, output="linear")[0, 0]
    coarse = smp.render(strong_scene, 10.0, output="linear")
    fine = smp.render(strong_scene, 160.0, output="linear").astype(float)
    mean = fine.reshape(90, 16, 120, 16, 3).mean(axis=(1, 3))
    error = np.abs(coarse - mean) / bare
    assert np.sqrt((error**2).mean()) <= 0.003
    assert error.max() <= 0.03


def empty() -> smp.Impressions:
    nothing = np.zeros(0)
    return smp.Impressions(nothing, nothing, nothing, nothing, nothing, nothing)


def test_a_pixel_may_be_larger_than_a_tile(strong_scene: smp.Scene) -> None:
    tiny = smp.render(strong_scene, 0.15, output="linear")
    want = smp.render(strong_scene, 0.15, output="linear", device="cpu", threads=1)
    assert tiny.shape == (1, 2, 3)
    assert np.array_equal(tiny, want)
    assert np.isfinite(tiny).all()


def test_absorbance_is_of_the_finished_reflectance(strong_scene: smp.Scene) -> None:
    bare = smp.render(smp.Scene(strong_scene.skin, empty(), (1, 1)), 40.0, output="linear")[0, 0]
    linear = smp.render(strong_scene, 13.0, output="linear")
    absorbance = smp.render(strong_scene, 13.0, output="absorbance")
    np.testing.assert_allclose(np.exp(-absorbance) * bare, linear, rtol=1e-5)


def test_outside_the_extent_is_bare_skin(strong_scene: smp.Scene) -> None:
    far = smp.render(strong_scene, 10.0, (-60.0, -60.0, 1.0, 1.0), "absorbance")
    assert not far[:100, :100].any()


def test_any_input_stays_finite() -> None:
    rng = np.random.default_rng(9)
    n = 400
    thickness = rng.choice([0.001, 0.1, 2.0], n)
    dots = smp.Impressions(
        rng.normal(2, 0.05, n),
        rng.normal(2, 0.05, n),
        thickness / 2 + rng.choice([0.0, 0.1, 3.0, 50.0], n),
        rng.choice([0.001, 0.05, 1.0, 20.0], n),
        thickness,
        rng.choice([0.0, 1e-6, 40.0, 10_000.0], n),
    )
    scene = smp.Scene(smp.Skin("VI"), dots, (4, 4))
    for output in ("linear", "absorbance"):
        for device in ("cpu", "reference"):
            picture = smp.render(scene, 8.0, None, output, device)
            assert np.isfinite(picture).all()
            assert picture.min() >= 0.0


def test_progress_ends_and_cancel_stops(strong_scene: smp.Scene) -> None:
    seen: list[tuple[int, int]] = []
    smp.render(strong_scene, 60.0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 1
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen))
    with pytest.raises(smp.Cancelled):
        smp.render(strong_scene, 60.0, cancel=lambda: True)


def test_out_is_used(strong_scene: smp.Scene) -> None:
    out = np.zeros((90, 120, 3), np.uint8)
    assert smp.render(strong_scene, 10.0, out=out) is out
    assert np.array_equal(out, smp.render(strong_scene, 10.0))


@pytest.mark.parametrize("scale", [40.0, 9.0, 0.2])
def test_bare_windows_equal_the_crop(scale: float) -> None:
    """No impression near a window: nothing is drawn there, and the bits are the same."""
    one = np.ones(1)
    dot = smp.Impressions(3.0 * one, 3.0 * one, 0.3 * one, 0.05 * one, 0.1, 40.0)
    scene = smp.Scene(smp.Skin("I-II"), dot, (150.0, 40.0))
    for output in ("srgb8", "linear"):
        whole = smp.render(scene, scale, (0.0, 0.0, 140.0, 25.0), output, "cpu")
        part = smp.render(scene, scale, (100.0, 5.0, 140.0, 25.0), output, "cpu")
        assert np.array_equal(whole[-part.shape[0] :, -part.shape[1] :], part)
        assert not np.array_equal(whole[: part.shape[0], : part.shape[1]], part)


@pytest.mark.slow
def test_far_and_coarse_windows_are_quick() -> None:
    """90,000 pixels of 4096 x 4096 subpixels, one of which a dot reaches."""
    one = np.ones(1)
    dot = smp.Impressions(3.0 * one, 3.0 * one, 0.3 * one, 0.05 * one, 0.1, 40.0)
    scene = smp.Scene(smp.Skin("I-II"), dot, (100.0, 100.0))
    image = smp.render(scene, 0.01, (0.0, 0.0, 9e6, 100.0), "linear", "cpu")
    assert image.shape == (1, 90_000, 3)
    assert (image[0, 1:] == image[0, 1]).all()
    assert (image[0, 0] < image[0, 1]).all()


@pytest.mark.parametrize("px_per_mm", [7.0, 33.0, 200.0])
@pytest.mark.parametrize("granularity", [0.0, 1.0])
def test_no_core_is_left_out_that_a_window_shows(px_per_mm: float, granularity: float) -> None:
    """Windows of a few pixels all about the widest, densest dots there may be."""
    rng = np.random.default_rng(3)
    n = 12
    dots = smp.Impressions(
        rng.uniform(0.0, 6.0, n), rng.uniform(0.0, 6.0, n), rng.uniform(0.3, 1.5, n),
        rng.choice([0.02, 0.1, 0.5, 1.2], n), rng.uniform(0.02, 0.5, n),
        rng.choice([0.5, 20.0, 10_000.0], n), granularity=granularity,
    )  # fmt: skip
    scene = smp.Scene(smp.Skin(scattering=0.5), dots, (6.0, 6.0))
    whole = smp.render(scene, px_per_mm, output="linear", device="cpu")
    side = whole.shape[0]
    for row, col in rng.integers(0, max(side - 3, 1), (60, 2)):
        box = [edge / px_per_mm for edge in (col, row, col + 3, row + 3)]
        part = smp.render(scene, px_per_mm, tuple(box), "linear", "cpu")
        assert (part == whole[row : row + 3, col : col + 3]).all()
