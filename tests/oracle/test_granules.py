"""Granules of a healed impression: the pigment of the whole, in pieces, the same on all devices."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.granules import GRANULES, concentration, granule, place_word


def scene(granularity: object, mua_per_mm: float = 60.0, n: int = 300) -> smp.Scene:
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0.0, 8.0, (2, n))
    depth, radius = rng.uniform(0.1, 0.35, n), rng.uniform(0.05, 0.11, n)
    dots = smp.Impressions(x, y, depth, radius, 0.1, mua_per_mm, 0, granularity)
    return smp.Scene(smp.Skin("I-II"), dots, (8.0, 8.0))


def test_granules_keep_the_pigment() -> None:
    """Weak pigment takes as much light in pieces as whole; strong pigment a little less."""
    for mua, most in ((0.2, 2e-3), (200.0, 0.1)):
        whole, pieces = (
            smp.render(scene(g, mua), 40.0, output="absorbance", device="cpu") for g in (0.0, 1.0)
        )
        ratio = pieces.mean(axis=(0, 1), dtype=float) / whole.mean(axis=(0, 1), dtype=float)
        assert (1.0 - most < ratio).all()
        assert (ratio < 1.0 + min(most, 0.01)).all()


def test_none_is_an_even_cylinder() -> None:
    """A scene with some granular impressions draws the even ones with the same bits as before."""
    even = scene(0.0, n=1)
    x, y = even.impressions.x_mm[0], even.impressions.y_mm[0]
    both = smp.Impressions(
        [x, x + 500.0], [y, y], even.impressions.depth_mm[0], even.impressions.radius_mm[0],
        0.1, 60.0, 0, [0.0, 1.0],
    )  # fmt: skip
    mixed = smp.Scene(even.skin, both, even.extent_mm)
    assert np.array_equal(
        smp.render(even, 40.0, device="cpu"), smp.render(mixed, 40.0, device="cpu")
    )


def test_pieces_are_irregular_and_stay_near() -> None:
    bits = np.random.default_rng(1).uniform(0, 100, (400, 2)).view(np.uint64)
    words = [place_word(x, y) for x, y in bits]
    assert len(set(words)) == len(words)
    layouts = np.array([[granule(w, k, 1.0) for k in range(GRANULES)] for w in words])
    reach = np.hypot(layouts[..., 0], layouts[..., 1]) + layouts[..., 2]
    assert reach.max() < 2.0  # what `reach_mm` allows for is more
    assert 0.5 < layouts[:, 0, 2].min() < layouts[:, 0, 2].max() < 0.9
    areas = (layouts[..., 3] * layouts[..., 2] ** 2).sum(axis=1)
    assert areas * [concentration(w, 1.0) for w in words] == pytest.approx(1.0)
    # a dot's outline: how far it goes in eight directions differs by a fifth of its radius or more
    lopsided = np.abs((layouts[:, 1:, :2] * layouts[:, 1:, 3:]).sum(axis=1)).max(axis=1)
    assert np.median(lopsided) > 0.2


def test_windows_and_threads() -> None:
    whole = smp.render(scene(0.6), 40.0, device="cpu", threads=1)
    part = smp.render(scene(0.6), 40.0, (2.0, 1.0, 5.0, 4.0), device="cpu", threads=2)
    assert np.array_equal(part, whole[40:160, 80:200])


def test_devices_agree(opencl_device: str) -> None:
    mixed = np.where(np.arange(300) % 3 == 0, 0.0, np.linspace(0.1, 1.0, 300))
    cpu, ours, exact = (
        smp.render(scene(mixed), 40.0, output="absorbance", device=device)
        for device in ("cpu", opencl_device, "reference")
    )
    assert np.abs(cpu - exact).max() < 5e-4 * exact.max()
    assert np.abs(ours - exact).max() < 5e-4 * exact.max()
    part = smp.render(scene(mixed), 40.0, (2.0, 1.0, 5.0, 4.0), "absorbance", opencl_device)
    assert np.array_equal(part, ours[40:160, 80:200])


def test_it_is_checked() -> None:
    with pytest.raises(smp.SceneError, match=r"granularity must be 0 to 1, got 1.5 at row 2"):
        scene(np.where(np.arange(300) == 2, 1.5, 0.0))
