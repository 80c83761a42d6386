"""Bare skin looks like skin; the tone path is what its formulas say."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import smpengine as smp
from smpengine.image.colour import BAND_TO_LINEAR_SRGB, EXPOSURE
from smpengine.image.tone import SHOULDER, TOE, encode, encode_reference
from smpengine.optics.skin import COEFFICIENTS, bare_reflectance

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # colour-science warns that it finds no plotting library
    import colour

OPTICS = Path(__file__).parents[2] / "benchmarks" / "optics"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, OPTICS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def closest(patch: tuple[int, int, int]) -> float:
    """Return CIEDE2000 of the bare skin that comes closest, at the engine's exposure."""
    white = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]

    def lab(srgb: np.ndarray) -> np.ndarray:
        return colour.XYZ_to_Lab(colour.sRGB_to_XYZ(srgb), white)

    differences = []
    for fraction in np.linspace(0.02, 0.30, 141):
        bare = bare_reflectance(smp.Skin(melanosome_fraction=float(fraction)))
        pixel = np.empty((1, 1, 3), np.uint16)
        encode(bare.astype(np.float32)[None, None], np.ones(3), pixel, 0, 0, EXPOSURE)
        seen = lab(pixel[0, 0] / 65535.0)
        differences.append(colour.delta_E(seen, lab(np.array(patch) / 255.0), method="CIE 2000"))
    return float(min(differences))


def test_bare_skin_comes_close_to_the_patches() -> None:
    assert closest((194, 150, 130)) <= 3.0
    assert closest((115, 82, 68)) <= 6.5


@pytest.mark.slow
def test_the_constants_are_those_of_the_fits() -> None:
    matrix, exposure, _ = load("fit_colour").fit()
    np.testing.assert_allclose(matrix, BAND_TO_LINEAR_SRGB, atol=2e-3)
    assert exposure == pytest.approx(EXPOSURE, abs=2e-3)
    fit_skin = load("fit_skin")
    for band, coefficients in zip("RGB", COEFFICIENTS, strict=True):
        np.testing.assert_allclose(fit_skin.fit(band)[0], coefficients, atol=1e-4)


def test_what_is_neutral_stays_neutral() -> None:
    np.testing.assert_allclose(np.sum(BAND_TO_LINEAR_SRGB, axis=1), 1.0, atol=1e-4)


def test_bare_reflectance_goes_through_the_tabulated_values() -> None:
    np.testing.assert_allclose(bare_reflectance(smp.Skin("I-II")), [0.4707, 0.3028, 0.2580])
    np.testing.assert_allclose(bare_reflectance(smp.Skin("VI")), [0.0808, 0.0325, 0.0097])
    darker = [bare_reflectance(smp.Skin(melanosome_fraction=f)) for f in np.linspace(0.02, 0.3, 57)]
    assert (np.diff(np.array(darker), axis=0) < 0.0).all()
    lighter = [bare_reflectance(smp.Skin(scattering=c)) for c in np.linspace(0.4, 1.6, 25)]
    assert (np.diff(np.array(lighter), axis=0) > 0.0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_encoding_in_float32_follows_float64(dtype: type) -> None:
    light = np.random.default_rng(0).uniform(0.0, 1.5, (61, 67, 3)).astype(np.float32)
    got, want = np.empty(light.shape, dtype), np.empty(light.shape, dtype)
    encode(light, np.ones(3), got, -40, -3, 1.1)
    encode_reference(light.astype(np.float64), want, -40, -3, 1.1)
    assert np.abs(got.astype(int) - want.astype(int)).max() <= 1


def test_tone_is_monotone_and_smooth_at_its_bends() -> None:
    ramp = np.linspace(0.0, 3.0, 30_001)
    light = np.repeat(ramp[None, :, None], 3, axis=2)
    out = np.empty(light.shape, np.uint16)
    encode_reference(light, out, 0, 0, 1.0)
    codes = out[0, :, 1].astype(int)
    assert (np.diff(codes) >= 0).all()
    assert codes[-1] < 65535  # bright skin bends, it does not clip
    for bend in (SHOULDER, TOE):
        at = int(np.searchsorted(ramp, bend))
        steps = np.diff(codes[at - 3 : at + 4])
        assert np.ptp(steps) <= max(3, 0.3 * steps.max())


def test_dither_is_unbiased_and_keyed_by_place() -> None:
    flat = np.full((256, 256, 3), 0.2, np.float32)
    out = np.empty(flat.shape, np.uint8)
    encode(flat, np.ones(3), out, 1000, -70, 1.0)
    exact = np.empty((1, 1, 3), np.uint16)
    encode(flat[:1, :1], np.ones(3), exact, 0, 0, 1.0)
    np.testing.assert_allclose(out.mean(axis=(0, 1)), exact[0, 0] / 257.0, atol=0.01)
    part = np.empty((50, 60, 3), np.uint8)
    encode(flat[:50, :60], np.ones(3), part, 1013, -31, 1.0)
    assert np.array_equal(part, out[13:63, 39:99])
