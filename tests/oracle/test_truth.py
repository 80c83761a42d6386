"""What `truth` says of dots, against what is in the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from skimage.feature import blob_log

import smpengine as smp
from smpengine.image.contrast import contrast_sensitivity


def test_every_dot_is_where_it_is_said_to_be() -> None:
    """The centre of what each lone dot takes, within a tenth of a pixel; and nothing besides."""
    rng = np.random.default_rng(1)
    grid = np.meshgrid(np.arange(6) * 2.0 + 1.0, np.arange(5) * 2.0 + 1.0)
    x, y = (axis.ravel() for axis in grid)
    x, y = x + rng.uniform(-0.2, 0.2, x.size), y + rng.uniform(-0.2, 0.2, y.size)
    depth, radius = rng.uniform(0.15, 0.4, x.size), rng.uniform(0.05, 0.12, x.size)
    dots = smp.Impressions(x, y, depth, radius, 0.1, 30.0, np.arange(x.size) % 3)
    scene = smp.Scene(smp.Skin("III-IV"), dots, (12.0, 10.0))
    found = smp.truth(scene, 25.0)
    taken = 1.0 - np.exp(-smp.render(scene, 25.0, output="absorbance")[..., 1].astype(float))
    assert np.array_equal(found.id, np.arange(x.size))
    assert np.array_equal(found.session, dots.session)
    assert np.allclose(found.radius_px, 25.0 * radius)
    j, i = np.mgrid[0 : taken.shape[0], 0 : taken.shape[1]] + 0.5
    for n in range(len(found)):
        rho = np.hypot(i - found.x_px[n], j - found.y_px[n])
        beside = np.median(taken[(rho > 4.0) & (rho < 6.0)])  # halos, of others too
        weight = np.where(rho < 6.0, np.maximum(taken - beside, 0.0), 0.0)
        assert abs((i * weight).sum() / weight.sum() - found.x_px[n]) < 0.1
        assert abs((j * weight).sum() / weight.sum() - found.y_px[n]) < 0.1
    assert found.visible.all()
    assert ((found.contrast > 0.02) & (found.contrast < 1.0)).all()


def test_a_window_has_its_own_dots(strong_scene: smp.Scene) -> None:
    whole = smp.truth(strong_scene, 30.0)
    part = smp.truth(strong_scene, 30.0, (2.0, 1.0, 7.0, 6.0))
    inside = (whole.x_px >= 60) & (whole.x_px < 210) & (whole.y_px >= 30) & (whole.y_px < 180)
    assert np.array_equal(part.id, whole.id[inside])
    assert np.allclose(part.x_px, whole.x_px[inside] - 60.0)
    assert np.allclose(part.y_px, whole.y_px[inside] - 30.0)
    deep = (part.x_px > 20) & (part.x_px < 130) & (part.y_px > 20) & (part.y_px < 130)
    assert np.allclose(part.contrast[deep], whole.contrast[inside][deep], atol=1e-5)


def test_what_cannot_be_seen() -> None:
    x, one = np.array([1.0, 3.0, 5.0]), np.ones(3)
    dots = smp.Impressions(x, 2.0 * one, 0.2 * one, 0.06 * one, 0.1, [0.0, 0.05, 40.0])
    scene = smp.Scene(smp.Skin("I-II"), dots, (6.0, 4.0))
    near, far = smp.truth(scene, 40.0), smp.truth(scene, 40.0, eye_mm=20_000.0)
    assert near.visible.tolist() == [False, False, True]
    assert abs(near.contrast[0]) < 2e-3  # the far halos of the third
    assert not far.visible.any()
    bare = smp.Scene(smp.Skin("VI"), smp.Impressions(*[np.zeros(0)] * 6), (2.0, 2.0))
    assert len(smp.truth(bare)) == 0
    with pytest.raises(smp.SceneError, match=r"eye_mm must be over 0 and finite, got 0.0"):
        smp.truth(scene, eye_mm=0.0)


def test_contrast_sensitivity_has_its_peak_where_it_was_measured() -> None:
    f = np.linspace(0.1, 60.0, 6000)
    curve = contrast_sensitivity(f)
    assert 7.0 < f[np.argmax(curve)] < 9.0
    assert curve.max() == pytest.approx(250.0, rel=0.01)


def test_it_is_a_file(strong_scene: smp.Scene, tmp_path: Path) -> None:
    found = smp.truth(strong_scene, 20.0)
    found.write(tmp_path / "dots.npz")
    with np.load(tmp_path / "dots.npz") as file:
        for name in ("id", "x_px", "y_px", "contrast", "visible", "depth_mm"):
            assert np.array_equal(file[name], getattr(found, name), equal_nan=name == "contrast")


@pytest.mark.parametrize(("treatment", "skin"), [("natural", "VI"), ("strong", "I-II")])
def test_a_blob_detector_finds_what_is_called_visible(treatment: str, skin: str) -> None:
    """Laplacian of Gaussians on absorbance; found is within four pixels of a dot."""
    plan = smp.Plan.from_dict(
        {"version": 1, "seed": 5, "skin": {"type": skin}, "treatment": treatment,
         "scalp": {"extent_mm": [9.0, 8.0]}}
    )  # fmt: skip
    scene = plan.scene()
    found = smp.truth(scene, 40.0)
    absorbance = smp.render(scene, 40.0, output="absorbance")[..., 1].astype(float)
    blobs = blob_log(absorbance, 1.0, 6.0, 12, threshold=0.01, overlap=0.9)[:, [1, 0]] + 0.5
    dots = np.stack([found.x_px, found.y_px], axis=1)
    inside = ((dots > 4.0) & (dots < [356.0, 316.0])).all(axis=1)  # blobs need room
    assert 200 < found.visible.sum() <= len(found)
    assert (cKDTree(blobs).query(dots[found.visible & inside])[0] < 4.0).mean() >= 0.9
    assert (cKDTree(dots).query(blobs)[0] > 4.0).mean() <= 0.05
