"""Dots are as soft as the photograph, whatever its noise; and colours are its own."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import smpengine as smp
from smpengine.photo.icc import adobe_rgb
from smpengine.raster.splats import PixelWindow
from smpengine.verdict.picture import to_codes, to_linear
from smpengine.workers import Workers

SIDE = 480
PX_PER_MM = 12.0


def plan() -> smp.Plan:
    table = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [40, 40]}, "seed": 3}
    return smp.Plan.from_dict(table)


def taken(blur_px: float, noise: float) -> NDArray[np.uint8]:
    """Return a photograph of discs on skin; its noise is coarse, as a camera's is."""
    rng = np.random.default_rng(4)
    skin = np.array([0.45, 0.28, 0.20])
    scene = np.tile(skin, (4 * SIDE, 4 * SIDE, 1)).astype(np.float32)
    for _ in range(60):
        x, y = (int(v) for v in rng.integers(80, 4 * SIDE - 80, 2))
        shade = tuple(float(v) for v in skin * rng.uniform(0.5, 0.8))
        cv2.circle(scene, (x, y), int(rng.integers(24, 56)), shade, -1, cv2.LINE_AA)
    scene = scene.reshape(SIDE, 4, SIDE, 4, 3).mean((1, 3))
    codes = to_codes(cv2.GaussianBlur(scene, (0, 0), blur_px).astype(np.float64))
    grain = cv2.GaussianBlur(rng.normal(0.0, 1.0, codes.shape), (0, 0), 0.6)
    return np.clip(np.rint(codes + noise * grain / grain.std()), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0.5, 1.5])
@pytest.mark.parametrize("blur_px", [0.8, 1.2, 1.8])
def test_dots_are_as_soft_as_the_photograph(blur_px: float, noise: float) -> None:
    photo = taken(blur_px, noise)
    drawn = smp.simulate(photo, np.ones(photo.shape[:2]), plan(), PX_PER_MM)
    assert drawn.camera.sharpness.is_estimated
    found = drawn.camera.sharpness.sigma_px
    assert found == pytest.approx(np.hypot(blur_px, np.sqrt(1.0 / 12.0)), rel=0.13)
    # The spectra of dots as they are drawn, as they would be by that camera, and crisp.
    window = PixelWindow(0, 0, SIDE, SIDE)
    crisp = drawn.ground.drawing(drawn.scene(), "cpu", Workers(2))
    f = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    band = (f > 0.05) & (f < 0.2)
    power = np.abs(np.fft.rfft2(crisp(window)[..., 1]))[band] ** 2
    soft = np.abs(np.fft.rfft2(drawn._blurred(crisp, window)[..., 1]))[band] ** 2
    camera = power * np.exp(-((2.0 * np.pi * f[band] * blur_px) ** 2))
    assert camera.sum() < 0.75 * power.sum()
    assert soft.sum() / power.sum() == pytest.approx(camera.sum() / power.sum(), abs=0.07)


@pytest.mark.parametrize("blur_px", [0.8, 1.8])
def test_noise_is_not_taken_for_sharpness(blur_px: float) -> None:
    calm, noisy = (
        smp.simulate(taken(blur_px, noise), np.ones((SIDE, SIDE)), plan(), PX_PER_MM)
        for noise in (0.5, 3.0)
    )
    assert noisy.camera.noise.at(128.0, 255) > 3.0 * calm.camera.noise.at(128.0, 255)
    found = noisy.camera.sharpness.sigma_px
    assert found == pytest.approx(calm.camera.sharpness.sigma_px, rel=0.18)


def wide_profile() -> bytes:
    """Return a profile of wide gamut: that of sRGB, with the primaries of Adobe RGB in it."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    for k in range(struct.unpack_from(">I", data, 128)[0]):
        name, offset, _ = struct.unpack_from(">4sII", data, 132 + 12 * k)
        if name in columns:
            struct.pack_into(">3i", data, offset + 8, *(round(v * 65536) for v in columns[name]))
    return bytes(data)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_wide_gamut_is_kept_and_understood(suffix: str, tmp_path: Path) -> None:
    narrow = taken(0.8, 1.5)
    to_wide = np.linalg.inv(adobe_rgb().to_srgb)
    codes = to_codes(np.clip(to_linear(narrow) @ to_wide.T, 0.0, 1.0))
    wide = np.rint(codes).astype(np.uint8)
    file = tmp_path / f"wide{suffix}"
    profile = wide_profile()  # has the time in it
    Image.fromarray(wide).save(file, icc_profile=profile)
    photo = smp.read_photo(file)
    assert photo.profile.to_srgb == pytest.approx(adobe_rgb().to_srgb, abs=2e-3)
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[100:300, 100:300] = 1.0
    given: dict[str, Any] = {"skin": "III-IV", "camera": smp.Camera(1.0, 0.0), "gloss": 0.0}
    after = smp.render_on(photo, mask, plan(), PX_PER_MM, **given)
    target = tmp_path / f"after{suffix}"
    smp.write_photo(target, photo, after, {})
    again = smp.read_photo(target)
    assert again.carried.icc == profile
    assert (again.pixels == after).all()
    assert (again.pixels[mask == 0.0] == wide[mask == 0.0]).all()
    assert (again.pixels[150:250, 150:250] != wide[150:250, 150:250]).any()
    # The same picture in sRGB darkens alike, but for the rounding of codes.
    same = smp.render_on(narrow, mask, plan(), PX_PER_MM, **given)
    in_srgb = to_codes(np.clip(to_linear(after) @ adobe_rgb().to_srgb.T, 0.0, 1.0))
    plain = np.abs(to_codes(np.clip(to_linear(wide) @ adobe_rgb().to_srgb.T, 0.0, 1.0)) - narrow)
    assert np.median(np.abs(in_srgb - same)) < 1.0
    assert np.quantile(np.abs(in_srgb - same), 0.999) < plain.max() + 2.0
