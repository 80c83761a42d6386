"""The verdict against pictures whose answer is known: `benchmarks/verdict` does it at length."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.verdict.dots import find
from smpengine.verdict.index import features, stubble_index
from smpengine.verdict.picture import prepare
from smpengine.verdict.report import Report, report
from smpengine.verdict.spectrum import spectrum

_FILE = Path(__file__).parents[2] / "benchmarks" / "verdict" / "pictures.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verdict_pictures", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


P: Any = _load()


def index(image: np.ndarray, px_per_mm: float) -> float:
    """Return the index alone: the other measures take longer."""
    picture = prepare(image, px_per_mm)
    return stubble_index(features(picture, find(picture)), picture.px_per_mm)


@pytest.fixture(scope="module")
def natural() -> np.ndarray:
    return P.plan_picture(1, "III-IV", "natural", 20.0)


@pytest.mark.parametrize("skin", P.SKINS)
@pytest.mark.parametrize("scale", P.SCALES)
def test_treatments_and_flat_presets_do_not_overlap(skin: str, scale: float) -> None:
    high, low = [], []
    for treatment in ("natural", "strong", "flat-shadow", "bare"):
        image = P.plan_picture(11, skin, treatment, scale)
        values = high if treatment in ("natural", "strong") else low
        values += [index(P.worn(image, kind, 11), scale) for kind in P.KINDS[1:]]
    assert min(high) > 0.5, min(high)
    assert max(low) < 0.2, max(low)


@pytest.mark.parametrize("scale", P.SCALES)
def test_stubble_that_this_engine_did_not_make(scale: float) -> None:
    values = [index(P.painted(np.random.default_rng([s, 7]), scale), scale) for s in range(5)]
    assert np.median(values) > 0.8
    assert sum(v > 0.5 for v in values) >= 4, values


@pytest.mark.parametrize("name", [n for n in P.NEGATIVES if n != "texture"])
def test_what_is_not_stubble(name: str) -> None:
    for scale in P.SCALES:
        image = P.NEGATIVES[name](np.random.default_rng([21, 3]), scale, 8.0)
        assert index(image, scale) < 0.5, scale


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "moon", "coins"])
def test_textures_are_not_stubble(name: str) -> None:
    from skimage import data

    depth = -np.log(np.maximum(getattr(data, name)() / 255.0, 0.03))[:240, :240]
    light = P.linear(np.array(P.CODES["III-IV"])) * np.exp(-0.4 * (depth - depth.mean()))[..., None]
    assert index(P.encode(light), 20.0) < 0.5


@pytest.mark.parametrize(("skin", "treatment"), [("I-II", "strong"), ("VI", "natural")])
@pytest.mark.parametrize("scale", [20.0, 40.0])
def test_the_texture_dial_raises_it(skin: str, treatment: str, scale: float) -> None:
    means = []
    for texture in (0.0, 0.25, 0.5, 0.75, 1.0):
        pictures = [P.plan_picture(s, skin, treatment, scale, 9.0, texture=texture) for s in (1, 2)]
        means.append(np.mean([index(image, scale) for image in pictures]))
    assert np.all(np.diff(means) > 0.0), means


def test_it_forgives_a_wrong_scale_light_and_a_small_crop(natural: np.ndarray) -> None:
    flat = P.plan_picture(1, "III-IV", "flat-shadow", 20.0)
    for image, right in ((natural, lambda v: v > 0.8), (flat, lambda v: v < 0.1)):
        light = P.linear(image)
        for factor in (0.8, 1.25):
            assert right(index(image, 20.0 * factor)), factor
        for gain in (0.7, 1.3, np.array([1.15, 1.0, 0.8]), np.array([0.85, 1.0, 1.2])):
            assert right(index(P.encode(light * gain), 20.0)), gain
        assert right(index(image[37 : 37 + 120, 50 : 50 + 120], 20.0))


def test_turned_and_mirrored_it_is_the_same(natural: np.ndarray) -> None:
    wanted = index(natural, 20.0)
    for turned in (np.rot90(natural), natural[::-1], natural[:, ::-1], natural[::-1, ::-1]):
        assert abs(index(turned, 20.0) - wanted) < 0.02


def test_the_same_picture_gives_the_same_numbers(natural: np.ndarray) -> None:
    first, second = (json.dumps(report(natural, 20.0).as_dict()) for _ in range(2))
    assert first == second


def test_dots_are_where_they_are() -> None:
    """Found by truth: positions, and few besides."""
    plan = {"version": 1, "seed": 5, "scalp": {"extent_mm": [12.0, 12.0]}, "treatment": "natural"}
    scene = smp.Plan.from_dict(plan).scene()
    picture = prepare(smp.render(scene, 20.0, device="cpu"), 20.0)
    dots = find(picture).dots
    true = smp.truth(scene, 20.0, device="cpu")
    from scipy.spatial import cKDTree

    gap = cKDTree(np.column_stack([true.x_px, true.y_px]) / 20.0).query(
        np.column_stack([dots.x_mm, dots.y_mm])
    )[0]
    assert np.median(gap) < 0.03
    assert (gap < 0.08).mean() > 0.97
    assert len(dots) > 0.6 * (true.contrast > 0.05).sum()


def test_a_lone_dot_has_its_size_and_contrast() -> None:
    y, x = np.mgrid[0:200, 0:200] / 20.0 + 0.025
    for fwhm, contrast in ((0.15, 0.4), (0.25, 0.2)):
        plane = np.zeros((200, 200))
        for cx in np.arange(1, 10):
            for cy in np.arange(1, 10):
                s = fwhm / 2.355
                plane += contrast * np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / s**2)
        light = P.linear(np.array([180, 150, 140])) * np.exp(-plane)[..., None]
        found = report(P.encode(light), 20.0)
        assert found["dot_fwhm_mm"] == pytest.approx(fwhm, rel=0.12)
        assert found["dot_contrast"] == pytest.approx(contrast, rel=0.15)
        assert found["density_per_cm2"] == pytest.approx(81.0, rel=0.02)
        assert found["clark_evans"] > 1.5
        assert found["twin_share"] == 1.0
        assert abs(found["dot_db"]) < 12.0


def test_power_of_white_noise_is_flat_and_right() -> None:
    rng = np.random.default_rng(3)
    image = P.noisy(np.full((400, 400, 3), 128, np.uint8), 6.0, rng)
    picture = prepare(image, 20.0)
    found = spectrum(picture)
    assert abs(found.slope) < 0.2
    want = picture.absorbance.var() / 400.0
    assert np.median(found.power[-10:]) == pytest.approx(want, rel=0.1)


def test_a_valid_picture_is_never_refused() -> None:
    rng = np.random.default_rng(4)
    cases = [np.zeros((30, 40, 3)), np.full((17, 300, 3), 255), rng.integers(0, 256, (64, 48, 3))]
    for image in cases:
        for scale in (0.5, 3.0, 10.0, 16.0):
            found = report(image.astype(np.uint8), scale)
            assert isinstance(found, Report)
            assert np.isnan(found.stubble_index) == (scale < 5.0)
            json.dumps(found.as_dict(), allow_nan=False)
    half = np.zeros((64, 48), bool)
    half[:, :20] = True
    for mask in (half, ~half, half & False):
        report(cases[2].astype(np.uint8), 10.0, mask=mask)


@pytest.mark.parametrize(
    ("image", "scale", "said"),
    [
        (np.zeros((40, 40), np.uint8), 10.0, r"image must have shape .* np.repeat"),
        (np.zeros((40, 40, 4), np.uint8), 10.0, r"image must have shape .* alpha"),
        (np.zeros((40, 40, 3)), 10.0, "image must be uint8 sRGB, got dtype float64"),
        (np.zeros((9, 40, 3), np.uint8), 5.0, "image must be at least 16 pixels and 1 mm"),
        ([[0]], 10.0, "image must be a numpy array, got list"),
        (np.zeros((40, 40, 3), np.uint8), 0.0, "px_per_mm must be 0.1 to 10000"),
        (np.zeros((40, 40, 3), np.uint8), float("nan"), "px_per_mm must be 0.1 to 10000"),
        (np.zeros((40, 40, 3), np.uint8), None, "px_per_mm must be a number, got None"),
    ],
)
def test_what_cannot_be_measured_is_said(image: Any, scale: Any, said: str) -> None:
    with pytest.raises(smp.InputError, match=said):
        smp.report(image, scale)


def test_a_mask_must_fit(natural: np.ndarray) -> None:
    with pytest.raises(smp.InputError, match="mask must have the picture's shape"):
        smp.report(natural, 20.0, mask=np.ones((3, 3), bool))
    with pytest.raises(smp.InputError, match="mask must be a bool array, got float64"):
        smp.report(natural, 20.0, mask=np.ones(natural.shape[:2]))
