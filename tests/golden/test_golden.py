"""Tiny pictures, kept as arrays; SMP_REGENERATE=1 makes them again.

Another kind of processor may round differently, so a small tolerance is allowed: 1e-5 of the
reflectance, one step of an 8-bit pixel (the dither turns a rounding into a step).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp

KEPT = Path(__file__).parent / "pictures.npz"
TREATMENTS = ("natural", "strong", "flat-shadow")
SKINS = ("I-II", "VI")
PLAIN = {"granularity": 0.0, "faint_share": 0.0, "blown_share": 0.0}


def pictures() -> dict[str, np.ndarray]:
    found = {}
    for treatment in TREATMENTS:
        for skin in SKINS:
            data = {
                "version": 1,
                "seed": 12,
                "treatment": treatment,
                "skin": {"type": skin},
                "scalp": {"extent_mm": [6, 5]},
            }
            scene = smp.Plan.from_dict({**data, "healing": PLAIN}).scene()
            name = f"{treatment} {skin}"
            found[f"{name} linear"] = smp.render(scene, 8.0, (1, 1, 5, 4), "linear")
            found[f"{name} srgb8"] = smp.render(scene, 40.0, (2, 2, 3, 3))
            if treatment == "natural":
                for day in (28.5, None, 1500.0):
                    scene = smp.Plan.from_dict(data).scene(day)
                    found[f"{name} day {day}"] = smp.render(scene, 8.0, (2, 2, 4, 4), "linear")
    return found


def test_pictures_are_as_they_were() -> None:
    made = pictures()
    if os.environ.get("SMP_REGENERATE") == "1":
        np.savez_compressed(KEPT, **made)
    with np.load(KEPT) as kept:
        assert set(kept.files) == set(made)
        for name, picture in made.items():
            if picture.dtype == np.uint8:
                assert np.abs(picture.astype(int) - kept[name]).max() <= 1, name
            else:
                assert picture == pytest.approx(kept[name], abs=1e-5), name
