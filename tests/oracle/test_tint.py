"""A complexion on a head lies where the scalp has it, and is the same in any window."""

from __future__ import annotations

import numpy as np

import smpengine as smp
from smpengine.views.view import View

EVEN = {"melanin_spread": 0, "blood_spread": 0, "pores_per_cm2": 0, "relief_mm": 0, "gloss": 0}
NOTHING = smp.Impressions(*[np.zeros(0)] * 6)
HEAD = smp.Head(gloss=0.0, texture=0.0)


def on_head(x_mm: float, y_mm: float, pallor: float) -> smp.Scene:
    skin = smp.Skin("III-IV", complexion=smp.Complexion(**EVEN))  # type: ignore[arg-type]
    spot = smp.Scars([x_mm], [y_mm], 4.0, pallor)
    return smp.Scene(skin, NOTHING, (280, 300), surface=HEAD, scars=spot)


def test_a_spot_is_at_its_place_and_as_pale_as_on_flat_skin() -> None:
    scale = 4.0
    flat = smp.Scene(on_head(10, 10, 1.0).skin, NOTHING, (20, 20), scars=smp.Scars([10], [10], 4.0))
    paler = smp.render(flat, scale, output="absorbance", device="cpu")[40, 40]
    for x, y in ((140.0, 150.0), (170.0, 120.0), (140.0, 80.0)):
        with_spot, without = (
            smp.render_view(on_head(x, y, pallor), "above", scale, output="linear", device="cpu")
            for pallor in (1.0, 0.0)
        )
        change = -np.log(np.maximum(with_spot, 1e-6) / np.maximum(without, 1e-6))
        row, col = np.unravel_index(np.argmin(change[..., 1]), change.shape[:2])
        assert np.abs(change[row, col] - paler).max() < 0.02
        points, _ = HEAD.surface.on_surface(np.array([x - 140.0]), np.array([y - 150.0]))
        want = View(-90.0, 90.0).places_px(points, HEAD.surface, scale)[0]
        assert np.hypot(col + 0.5 - want[0], row + 0.5 - want[1]) < 2.0


def test_windows_of_a_view_are_crops_with_a_complexion() -> None:
    skin = smp.Skin("I-II", complexion=smp.Complexion(seed=5, freckles_per_cm2=3.0))
    scene = smp.Scene(skin, NOTHING, (280, 300), surface=smp.Head(), light=smp.Light())
    for view in ("above", "front"):
        whole = smp.render_view(scene, view, 2.0, device="cpu", threads=2)
        part = smp.render_view(scene, view, 2.0, (60, 40, 130, 95), device="cpu", threads=1)
        assert np.array_equal(part, whole[80:190, 120:260])
    even = smp.Scene(smp.Skin("I-II"), NOTHING, (280, 300), surface=smp.Head(), light=smp.Light())
    other = smp.render_view(even, "front", 2.0, device="cpu")
    assert not np.array_equal(other, whole)
