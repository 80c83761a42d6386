"""What `truth` says of dots, against what is in the picture."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.feature import blob_log

import smpengine as smp
from smpengine.image.contrast import contrast_sensitivity, weber_contrast


def plain_contrast(
    luminance: NDArray[np.float64], x: float, y: float, inner: float, outer: float
) -> float:
    j, i = np.mgrid[0 : luminance.shape[0], 0 : luminance.shape[1]] + 0.5
    rho = np.hypot(i - x, j - y)
    around = luminance[(rho >= max(1.5 * outer, 2.0)) & (rho <= max(2.5 * outer, 3.5))]
    here = luminance[rho <= inner]
    if here.size == 0:
        here = luminance[int(y), int(x)]
    if around.size == 0:
        return float("nan")
    return float(1.0 - here.mean() / np.median(around)) if np.median(around) > 0.0 else 0.0


@pytest.mark.parametrize("levels", [0, 1, 4, 2**40])  # few: most of a surround is equal
def test_contrast_is_that_of_the_plain_formula(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for height, width in ((1, 1), (3, 2), (40, 25), (64, 64)):
        luminance = rng.integers(0, levels, (height, width), endpoint=True) / max(levels, 1)
        # Halves lie on the rims of whole radii.
        x, y = rng.integers(0, 2 * width, 60) / 2.0, rng.integers(0, 2 * height, 60) / 2.0
        outer = rng.integers(1, 16, 60) / 2.0
        found = np.empty(60)
        weber_contrast(luminance, x, y, 0.5 * outer, outer, found)
        want = [
            plain_contrast(luminance, *each) for each in zip(x, y, 0.5 * outer, outer, strict=True)
        ]
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


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
        assert set(file.files) == {each.name for each in fields(found)}
        for name in file.files:
            assert np.array_equal(file[name], getattr(found, name), equal_nan=name == "contrast")


def test_it_is_a_parquet_file(strong_scene: smp.Scene, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the dev group brings pyarrow")
    found = smp.truth(strong_scene, 20.0, eye_mm=400.0)
    found.write(tmp_path / "dots.parquet")
    table = parquet.read_table(tmp_path / "dots.parquet")
    single = {"eye_mm", "px_per_mm", "width_px", "height_px"}
    assert set(table.column_names) == {each.name for each in fields(found)} - single
    for name in table.column_names:
        want, got = getattr(found, name), table[name].to_numpy()
        assert got.dtype == want.dtype
        assert np.array_equal(got, want, equal_nan=name == "contrast")
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert metadata["smpengine"] == smp.__version__
    assert {key: float(metadata[key]) for key in single} == {
        "eye_mm": 400.0, "px_per_mm": 20.0, "width_px": found.width_px, "height_px": found.height_px
    }  # fmt: skip


def test_the_table_has_the_dots_of_the_picture_and_none_besides() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-2.0, 8.0, (2, 400))
    x[:4], y[:4] = [2.0, 5.0, 3.0, 3.0], [3.0, 3.0, 1.0, 4.0]  # on the window's edges
    scene = smp.Scene(smp.Skin("V"), smp.Impressions(x, y, 0.2, 0.05, 0.1, 9.0), (6.0, 6.0))
    found = smp.truth(scene, 20.0, (2.0, 1.0, 5.0, 4.0))
    assert (found.width_px, found.height_px, found.px_per_mm) == (60, 60, 20.0)
    want = np.flatnonzero((x >= 2.0) & (x < 5.0) & (y >= 1.0) & (y < 4.0))
    assert {0, 2} <= set(want.tolist())
    assert np.array_equal(found.id, want)


def test_it_is_coco(tmp_path: Path) -> None:
    """A dot in the middle, one over a corner, one that a picture of one pixel cannot judge."""
    dots = smp.Impressions([2.0, 0.02, 3.0], [1.0, 0.01, 1.5], [0.2, 0.3, 0.2], 0.1, 0.1, 40.0,
                           [2, 0, 2])  # fmt: skip
    scene = smp.Scene(smp.Skin("VI"), dots, (4.0, 2.0))
    found = smp.truth(scene, 40.0)
    found.write(tmp_path / "dots.json", "scalp.png")
    read = json.loads((tmp_path / "dots.json").read_text())
    assert read == json.loads(json.dumps(smp.coco(found, "scalp.png")))
    assert read["images"] == [{"id": 1, "file_name": "scalp.png", "width": 160, "height": 80}]
    assert [(each["id"], each["name"]) for each in read["categories"]] == [
        (1, "session-0"), (3, "session-2")
    ]  # fmt: skip
    assert [each["id"] for each in read["annotations"]] == [1, 2, 3]
    assert [each["category_id"] for each in read["annotations"]] == [3, 1, 3]
    needed = {"id", "image_id", "category_id", "bbox", "area", "segmentation", "iscrowd"}
    for row, each in enumerate(read["annotations"]):
        assert needed < set(each)
        assert each["image_id"] == 1
        assert each["iscrowd"] == 0
        (outline,) = each["segmentation"]
        corners = np.reshape(outline, (16, 2))
        assert np.allclose(each["bbox"][:2], corners.min(axis=0))
        assert np.allclose(each["bbox"][2:], np.ptp(corners, axis=0))
        assert each["attributes"] == {
            "depth_mm": dots.depth_mm[row],
            "session": dots.session[row],
            "contrast": found.contrast[row],
            "visible": bool(found.visible[row]),
        }
    middle, corner, _ = read["annotations"]
    assert middle["bbox"] == [76.0, 36.0, 8.0, 8.0]
    assert middle["area"] == pytest.approx(8.0 * np.sin(np.pi / 8.0) * 16.0, rel=1e-3)
    assert corner["bbox"] == [0.0, 0.0, 4.8, 4.4]
    assert 0.0 < corner["area"] < 4.8 * 4.4
    inside = smp.coco(smp.truth(scene, 40.0, (2.5, 1.0, 4.0, 2.0)), "part.png", image_id=7)
    (left,) = inside["annotations"]
    assert (left["id"], left["image_id"], left["bbox"][:2]) == (3, 7, [16.0, 16.0])


def test_what_coco_cannot_say_is_null(tmp_path: Path) -> None:
    dots = smp.Impressions([0.5], [0.5], 0.2, 0.1, 0.1, 40.0)
    found = smp.truth(smp.Scene(smp.Skin("VI"), dots, (1.0, 1.0)), 1.0)  # one pixel: no surround
    assert np.isnan(found.contrast).all()
    found.write(tmp_path / "one.json")
    read = json.loads((tmp_path / "one.json").read_text(), parse_constant=pytest.fail)
    assert read["annotations"][0]["attributes"]["contrast"] is None
    assert read["images"][0]["file_name"] == "one.png"
    bare = smp.truth(smp.Scene(smp.Skin("VI"), dots, (1.0, 1.0)), 10.0, (0.0, 0.0, 0.2, 0.2))
    assert smp.coco(bare, "a.png")["annotations"] == []


def test_a_table_that_cannot_be_written(
    strong_scene: smp.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = smp.truth(strong_scene, 5.0)
    with pytest.raises(smp.InputError, match=r"path must end in .npz, .parquet, .json, got 'a.c'"):
        found.write("a.c")
    with pytest.raises(smp.OutputError, match="could not be written: No such file"):
        found.write(tmp_path / "no" / "dots.json")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(smp.InputError, match=r"pip install 'smpengine\[parquet\]'\.$"):
        found.write(tmp_path / "dots.parquet")
    assert not list(tmp_path.iterdir())


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
