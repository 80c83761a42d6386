"""All parts of a picture at once: OpenCL and Numba against the reference."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp

REFERENCE = 5e-4  # of the largest reflectance
NUMBA = 1e-4


def plan() -> smp.Plan:
    return smp.Plan.from_dict(
        {
            "version": 1, "seed": 6, "treatment": "strong",
            "skin": {"type": "III-IV", "complexion": {"freckles_per_cm2": 3.0}},
            "scalp": {
                "extent_mm": [6, 5], "scars": [{"points_mm": [[1, 3], [5, 4]], "width_mm": 0.8}]
            },
            "hair": {"length_mm": 0.6, "grey_share": 0.3},
            "light": {"azimuth_deg": -70.0, "elevation_deg": 45.0},
        }
    )  # fmt: skip


@pytest.mark.parametrize("scale", [40.0, 20.0])
def test_all_at_once(opencl: str, scale: float) -> None:
    scene = plan().scene(day=31.0)
    window = (1.3, 0.9, 3.1, 2.5)
    picture = {
        device: smp.render(scene, scale, window, "linear", device).astype(float)
        for device in ("reference", "cpu", opencl)
    }
    full = picture["reference"].max()
    assert np.abs(picture["cpu"] - picture["reference"]).max() <= REFERENCE * full
    assert np.abs(picture[opencl] - picture["reference"]).max() <= REFERENCE * full
    assert np.abs(picture[opencl] - picture["cpu"]).max() <= NUMBA * full


def test_on_a_head_the_device_draws_the_skin_and_the_host_the_rest(opencl: str) -> None:
    scene = plan().scene()
    window = (84.0, 105.0, 94.0, 115.0)  # the crown
    first, second = (
        smp.render_view(scene, "above", 10.0, window, "linear", device)
        for device in ("cpu", opencl)
    )
    assert np.abs(first - second).max() <= 2e-3 * first.max()
