"""Hair in OpenCL and in Numba against the reference."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.window import pixel_window

REFERENCE = 5e-4  # of the largest reflectance
NUMBA = 5e-5
WINDOW = (1.31, 0.77, 3.02, 2.11)


@pytest.fixture(scope="module")
def scenes() -> dict[str, smp.Scene]:
    rng = np.random.default_rng(12)
    n = 150
    azimuth = rng.uniform(-7.0, 7.0, n)
    azimuth[:20] = np.arange(20) * 0.5 * np.pi  # along the axes
    hairs = smp.Hairs(
        rng.uniform(-0.5, 4.5, n), rng.uniform(-0.5, 3.5, n), azimuth,
        rng.uniform(0.0, 0.5 * np.pi, n), rng.choice([0.0, 0.03, 0.5, 1.0, 5.0], n),
        rng.uniform(0.03, 0.2, n), rng.choice([0.0, 0.3, 8.0], n), rng.choice([0.0, 2.0], n),
    )  # fmt: skip
    nothing = smp.Impressions(*[np.zeros(0)] * 6)
    dots = smp.Impressions(
        rng.uniform(0, 4, 40), rng.uniform(0, 3, 40), 0.2, 0.07, 0.1, 80.0, granularity=0.5
    )
    white = smp.Hairs(hairs.x_mm, hairs.y_mm, azimuth, 0.7, 1.0, 0.08, 0.0, shadow=0.0)
    return {
        "hair alone": smp.Scene(smp.Skin("I-II"), nothing, (4, 3), hair=hairs),
        "dots and hair": smp.Scene(smp.Skin("VI"), dots, (4, 3), hair=hairs),
        "white, unshaded": smp.Scene(smp.Skin("III-IV"), nothing, (4, 3), hair=white),
    }


@pytest.mark.parametrize("name", ["hair alone", "dots and hair", "white, unshaded"])
def test_hair_is_that_of_the_reference(
    scenes: dict[str, smp.Scene], opencl: str, name: str
) -> None:
    for scale in (40.0, 20.0, 110.0):
        picture = {
            device: smp.render(scenes[name], scale, WINDOW, "linear", device)
            for device in ("reference", "cpu", opencl)
        }
        full = picture["reference"].max()
        assert np.abs(picture["cpu"] - picture["reference"]).max() <= REFERENCE * full
        assert np.abs(picture[opencl] - picture["reference"]).max() <= REFERENCE * full
        assert np.abs(picture[opencl] - picture["cpu"]).max() <= NUMBA * full


@pytest.mark.parametrize("output", ["srgb8", "srgb16", "absorbance"])
def test_outputs(scenes: dict[str, smp.Scene], opencl: str, output: str) -> None:
    scene = scenes["dots and hair"]
    cpu, there = (
        smp.render(scene, 40.0, WINDOW, output, device).astype(float) for device in ("cpu", opencl)
    )
    assert np.abs(cpu - there).max() <= {"srgb8": 1.0, "srgb16": 60.0, "absorbance": 5e-3}[output]


def test_same_bits_in_windows_on_a_device(scenes: dict[str, smp.Scene], opencl: str) -> None:
    for scale in (40.0, 13.0):
        for scene in scenes.values():
            whole = smp.render(scene, scale, output="linear", device=opencl)
            part = smp.render(scene, scale, WINDOW, "linear", opencl)
            at = pixel_window(scene.extent_mm, scale, WINDOW)
            rows = slice(at.row0, at.row0 + at.height)
            assert np.array_equal(part, whole[rows, at.col0 : at.col0 + at.width])
            assert np.array_equal(
                smp.render(smp.upload(scene, opencl), scale, output="linear"), whole
            )
