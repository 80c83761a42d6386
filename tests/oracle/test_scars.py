"""Scars of surgery: where hair was taken, and lines, are paler by less melanin and blood."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.blood import blood_absorbance, melanin_absorbance
from smpengine.texture.scars import BLOOD_LEFT, MELANIN_LEFT

EVEN = {"melanin_spread": 0, "blood_spread": 0, "pores_per_cm2": 0, "relief_mm": 0, "gloss": 0}
SKIN = smp.Skin("III-IV", complexion=smp.Complexion(**EVEN))  # type: ignore[arg-type]
NOTHING = smp.Impressions(*[np.zeros(0)] * 6)


def paler() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    melanin = melanin_absorbance(SKIN, MELANIN_LEFT * 0.12)
    return np.asarray(melanin + blood_absorbance(SKIN, np.array([math.log(BLOOD_LEFT)]))[0])


def test_the_middle_of_a_scar_is_as_pale_as_its_melanin_and_blood() -> None:
    scars = smp.Scars([3.0, 11.0], [3.0, 3.0], [2.0, 2.0], [1.0, 0.5])
    scene = smp.Scene(SKIN, NOTHING, (14, 6), scars=scars)
    shown = smp.render(scene, 40.0, output="absorbance", device="cpu")
    for x, pallor in ((120, 1.0), (440, 0.5)):
        assert shown[120, x] == pytest.approx(pallor * paler(), rel=0.015)
    assert np.abs(shown[10, 279]).max() < 2e-3
    assert (paler() < 0.0).all()


def test_a_plan_shows_lines_and_units_that_were_taken() -> None:
    data = {
        "version": 1, "seed": 2, "skin": {"type": "III-IV", "complexion": EVEN},
        "scalp": {
            "extent_mm": [40, 30],
            "scars": [{"points_mm": [[5, 5], [35, 5]], "width_mm": 3.0}],
        },
        "sessions": ["texture"],
        "hair": {"extractions": [{"polygon_mm": [[0, 15], [40, 15], [40, 30], [0, 30]]}]},
    }  # fmt: skip
    plan = smp.Plan.from_dict(data)
    scars = plan.scene(sessions=0).scars
    assert scars is not None
    spots = scars.y_mm > 10.0
    # 80 units per cm2 over 6 cm2, a quarter of them taken.
    assert np.count_nonzero(spots) == pytest.approx(120, rel=0.2)
    assert (scars.radius_mm[spots] == 0.45).all()
    bald = smp.Scene(SKIN, NOTHING, (40, 30), scars=scars)
    shown = smp.render(bald, 20.0, output="absorbance", device="cpu")
    along = shown[100, 200:600, 1]  # the middle of the line
    assert along.mean() == pytest.approx(paler()[1], rel=0.03)
    assert along.std() < 0.01 * abs(along.mean())
    part = plan.scene(window_mm=(10, 18, 30, 28), sessions=0)
    assert part.scars is not None
    inside = spots & (scars.x_mm >= 10) & (scars.x_mm < 30) & (scars.y_mm >= 18) & (scars.y_mm < 28)
    assert np.array_equal(part.scars.x_mm[part.scars.y_mm > 10.0], scars.x_mm[inside])
    del data["skin"]
    assert smp.Plan.from_dict(data).scene(sessions=0).scars is None


def test_windows_and_copies() -> None:
    rng = np.random.default_rng(3)
    scars = smp.Scars(*rng.uniform(0, 12, (2, 60)), rng.uniform(0.2, 1.5, 60))
    scene = smp.Scene(SKIN, NOTHING, (12, 12), scars=pickle.loads(pickle.dumps(scars)))
    whole = smp.render(scene, 20.0, device="cpu")
    part = smp.render(scene, 20.0, (3.0, 4.0, 8.0, 9.0), device="cpu")
    assert np.array_equal(part, whole[80:180, 60:160])


def test_messages() -> None:
    with pytest.raises(smp.SceneError, match="scars must be on a skin with a complexion, got 1 sc"):
        smp.Scene(smp.Skin(), NOTHING, (4, 4), scars=smp.Scars([1.0], [1.0]))
    with pytest.raises(smp.SceneError, match=r"radius_mm .*must be 0.001 to 20 mm, got -1"):
        smp.Scars([1.0], [1.0], -1.0)
    with pytest.raises(AttributeError, match="Scars are frozen"):
        smp.Scars([1.0], [1.0]).x_mm = 3  # type: ignore[assignment,misc]
