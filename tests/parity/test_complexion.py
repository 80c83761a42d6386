"""A complexion in OpenCL and in Numba against the reference."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.window import pixel_window

REFERENCE = 5e-4  # of the largest reflectance
NUMBA = 2e-5
WINDOW = (1.31, 0.77, 3.02, 2.11)


@pytest.fixture(scope="module")
def scenes() -> dict[str, smp.Scene]:
    rng = np.random.default_rng(12)
    nothing = smp.Impressions(*[np.zeros(0)] * 6)
    dots = smp.Impressions(
        rng.uniform(0, 4, 40), rng.uniform(0, 3, 40), 0.2, 0.07, 0.1, 80.0, granularity=0.5
    )
    hairs = smp.Hairs(
        rng.uniform(0, 4, 40), rng.uniform(0, 3, 40), rng.uniform(-3, 3, 40), 0.7, 0.8, 0.08
    )
    worn = smp.Complexion.typical(
        "I-II", 70.0, 5, freckles_per_cm2=20.0, wrinkles=1.0, vessels_per_cm2=2.0,
        age_spots_per_cm2=2.0, tan_line_mm=1.5, relief_mm=0.05, gloss=1.0,
    )  # fmt: skip
    fair, dark = smp.Skin("I-II", complexion=worn), smp.Skin("VI", complexion=worn)
    grazing = smp.Light(200.0, 10.0, 0.9, (1.2, 1.0, 0.7))
    return {
        "skin alone, an even sky": smp.Scene(fair, nothing, (4, 3)),
        "dots, hair and a lamp": smp.Scene(dark, dots, (4, 3), hair=hairs, light=smp.Light()),
        "a lamp that grazes": smp.Scene(fair, dots, (4, 3), light=grazing),
    }


@pytest.mark.parametrize("name", ["skin alone, an even sky", "dots, hair and a lamp",
                                  "a lamp that grazes"])  # fmt: skip
def test_a_complexion_is_that_of_the_reference(
    scenes: dict[str, smp.Scene], opencl_device: str, name: str
) -> None:
    for scale in (40.0, 20.0, 110.0):
        picture = {
            device: smp.render(scenes[name], scale, WINDOW, "linear", device)
            for device in ("reference", "cpu", opencl_device)
        }
        full = picture["reference"].max()
        assert np.abs(picture["cpu"] - picture["reference"]).max() <= REFERENCE * full
        assert np.abs(picture[opencl_device] - picture["reference"]).max() <= REFERENCE * full
        assert np.abs(picture[opencl_device] - picture["cpu"]).max() <= NUMBA * full


def test_same_bits_in_windows_on_a_device(scenes: dict[str, smp.Scene], opencl: str) -> None:
    for scale in (40.0, 13.0):
        for scene in scenes.values():
            whole = smp.render(scene, scale, output="linear", device=opencl)
            part = smp.render(scene, scale, WINDOW, "linear", opencl)
            at = pixel_window(scene.extent_mm, scale, WINDOW)
            rows = slice(at.row0, at.row0 + at.height)
            assert np.array_equal(part, whole[rows, at.col0 : at.col0 + at.width])
            kept = smp.render(smp.upload(scene, opencl), scale, output="linear")
            assert np.array_equal(kept, whole)
