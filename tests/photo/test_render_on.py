"""Pigment drawn into photographs: what stays, what is exact, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import smpengine as smp
from smpengine.photo.grain import noise_of
from smpengine.photo.icc import srgb
from smpengine.photo.overlay import overlay_of
from smpengine.photo.sharpness import sharpness_of
from smpengine.photo.skin import estimate_skin


def plan_on(skin: str = "I-II") -> smp.Plan:
    table = {"version": 1, "treatment": "natural", "skin": {"type": skin}}
    return smp.Plan.from_dict({**table, "seed": 3, "scalp": {"extent_mm": [20, 16]}})


def soft_mask(shape: tuple[int, int], edge_px: float = 40.0) -> NDArray[np.float32]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.minimum(np.minimum(x, shape[1] - 1 - x), np.minimum(y, shape[0] - 1 - y))
    t = np.clip((inside - 10) / edge_px, 0.0, 1.0)
    return (t**3 * (t * (6.0 * t - 15.0) + 10.0)).astype(np.float32)


@pytest.mark.parametrize("skin", ["I-II", "III-IV", "VI"])
@pytest.mark.parametrize("px_per_mm", [9.0, 20.0, 40.0])
def test_pigment_on_a_rendered_scalp_equals_the_render_of_both(skin: str, px_per_mm: float) -> None:
    plan = plan_on(skin)
    for output, most in (("srgb8", 1), ("srgb16", 8)):
        bare = smp.render(plan.scene(sessions=0), px_per_mm, output=output)
        both = smp.render(plan.scene(), px_per_mm, output=output)
        camera = smp.Camera(0.0, 0.0)
        whole = np.ones(bare.shape[:2], np.float32)
        got = smp.render_on(bare, whole, plan, px_per_mm, skin=skin, camera=camera)
        assert np.abs(got.astype(np.int64) - both).max() <= most
        assert np.abs(got.astype(np.int64) - bare).max() > 8 * most  # there is pigment


def test_the_skin_and_camera_of_a_render_are_found() -> None:
    plan = plan_on("III-IV")
    bare = smp.render(plan.scene(sessions=0), 20.0)
    found = smp.simulate(bare, np.ones(bare.shape[:2]), plan, 20.0)
    assert found.skin.skin.melanosome == pytest.approx(0.12, rel=0.03)
    assert found.skin.exposure == pytest.approx(1.0, abs=0.02)
    assert found.camera.sharpness.sigma_px == 0.0
    assert found.camera.noise.is_silent
    both = smp.render(plan.scene(), 20.0)
    assert np.abs(found.picture().astype(int) - both).max() <= 2


@pytest.mark.parametrize("kind", ["8", "16", "grey", "grey 16"])
def test_pixels_outside_the_mask_are_the_same_bits(kind: str) -> None:
    rng = np.random.default_rng(1)
    plan = plan_on()
    bare = smp.render(plan.scene(sessions=0), 20.0, output="srgb16").astype(np.float64)
    codes = np.clip(bare + rng.normal(0.0, 500.0, bare.shape), 0, 65535).astype(np.uint16)
    photo: NDArray[Any] = codes if "16" in kind else (codes >> 8).astype(np.uint8)
    photo = photo[..., 1].copy() if "grey" in kind else photo
    mask = soft_mask((photo.shape[0], photo.shape[1]))
    before = photo.copy()
    after = smp.render_on(photo, mask, plan, 20.0)
    assert after.dtype == photo.dtype
    assert after.shape == photo.shape
    assert (photo == before).all()
    assert (after[mask == 0.0] == photo[mask == 0.0]).all()
    assert (after[mask > 0.9].mean() < 0.97 * photo[mask > 0.9].mean()) == True  # noqa: E712
    again = smp.render_on(photo, mask, plan, 20.0, threads=1)
    assert (again == after).all()


def test_a_layer_over_the_photo_gives_the_simulation() -> None:
    rng = np.random.default_rng(2)
    before = rng.integers(40, 220, (50, 60, 3), dtype=np.uint8)
    after = (before * rng.uniform(0.3, 1.0, (50, 60, 1))).astype(np.uint8)
    layer = overlay_of(before, after)
    alpha = layer[..., 3:] / 255.0
    laid = np.floor((1.0 - alpha) * before + alpha * layer[..., :3] + 0.5)
    assert np.abs(laid - after).max() <= 1.0
    assert (overlay_of(before, before)[..., 3] == 0).all()


def test_noise_is_learnt_and_its_grain_made_again() -> None:
    from smpengine.photo.grain import grain

    rng = np.random.default_rng(3)
    white = rng.normal(0.0, 1.0, (400, 400, 3))
    coarse = (white + np.roll(white, 1, 0) + np.roll(white, 1, 1)) / np.sqrt(3.0)
    slope = np.linspace(90.0, 170.0, 400)[:, None]
    photo = np.clip(np.rint(slope[..., None] + 3.0 * coarse), 0, 255).astype(np.uint8)
    noise = noise_of(photo, 255)
    assert noise.at(130.0, 255) == pytest.approx(3.0, rel=0.15)
    made = grain(noise, 0, 0, 200, 200)
    assert made.std() == pytest.approx(1.0, abs=0.05)

    def beside(field: NDArray[Any]) -> float:
        return float(np.corrcoef(field[1:].ravel(), field[:-1].ravel())[0, 1])

    assert beside(made[..., 0]) == pytest.approx(beside(coarse[..., 0]), abs=0.08)
    assert (grain(noise, 30, 40, 20, 20) == made[30:50, 40:60]).all()


@pytest.mark.parametrize("blur_px", [0.8, 1.3, 2.0])
def test_sharpness_is_found_from_edges(blur_px: float) -> None:
    import cv2

    rng = np.random.default_rng(4)
    scene = np.full((500, 500), 0.3, np.float32)
    for _ in range(120):
        x, y = (int(v) for v in rng.integers(20, 480, 2))
        shade = float(rng.uniform(0.05, 0.6))
        cv2.circle(scene, (x, y), int(rng.integers(8, 30)), shade, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(scene, (0, 0), blur_px)
    found = sharpness_of(soft)
    assert found.is_estimated
    assert found.sigma_px == pytest.approx(np.hypot(blur_px, 0.35), rel=0.12)


def test_a_grey_card_tells_skin_under_any_light() -> None:
    bare = smp.render(plan_on("V").scene(sessions=0), 2.0, output="srgb16")
    colour = srgb().light(65535)[0][bare].reshape(-1, 3).mean(0).astype(np.float64)
    white = (1.5, 1.0, 0.6)
    plain = estimate_skin(colour)
    found = estimate_skin(colour * white, white)
    assert plain.skin.melanosome == pytest.approx(0.20, rel=0.1)
    assert found.skin.melanosome == pytest.approx(0.20, rel=0.1)
    assert found.white == pytest.approx(white, rel=0.02)


def test_a_rectangle_seen_straight_on_is_the_level_scale() -> None:
    plan = plan_on()
    bare = smp.render(plan.scene(sessions=0), 20.0, output="srgb16")
    mask = soft_mask((bare.shape[0], bare.shape[1]))
    corners = [(100, 100), (300, 100), (300, 200), (100, 200)]
    aslant = smp.simulate(bare, mask, plan, smp.Placing.rectangle(corners, (10.0, 5.0)))
    depth = smp.Placing.depth(np.full(mask.shape, 500.0), 10_000.0)
    relief = smp.simulate(bare, mask, plan, depth)
    level = smp.simulate(bare, mask, plan, 20.0)
    for other in (aslant, relief):
        assert other.ground.px_per_mm == pytest.approx(20.0, rel=1e-6)
        assert other.ground.area_cm2() == pytest.approx(level.ground.area_cm2(), rel=1e-3)
        count = len(level.scene().impressions)
        assert len(other.scene().impressions) == pytest.approx(count, rel=0.05)
        darker = bare.astype(float).mean() - other.picture().astype(float).mean()
        wanted = bare.astype(float).mean() - level.picture().astype(float).mean()
        assert darker == pytest.approx(wanted, rel=0.06)


def test_wrong_inputs_say_what_is_wrong() -> None:
    plan, photo = plan_on(), np.full((40, 60, 3), 150, np.uint8)
    mask = np.ones((40, 60), np.float32)
    wrong: list[tuple[Any, Any, Any, str]] = [
        (photo, mask, None, "px_per_mm must be given"),
        (photo, mask[:, :50], 10.0, r"mask must have the photo's shape \(40, 60\)"),
        (photo, mask.T.copy(), 10.0, "lies on its side"),
        (photo, 0.0 * mask, 10.0, "mask must be over 0 somewhere"),
        (photo, 2.0 * mask, 10.0, "mask must be 0 to 1"),
        (photo.astype(np.float32), mask, 10.0, "photo must be uint8 or uint16"),
        (photo, mask, "wide", "px_per_mm must be a number"),
        (0 * photo, mask, 10.0, "photo must show skin under the mask"),
    ]
    for given, where, scale, message in wrong:
        with pytest.raises(smp.InputError, match=message):
            smp.render_on(given, where, plan, scale)


def test_a_photo_of_one_pixel_is_drawn_on() -> None:
    photo = np.full((1, 1, 3), 150, np.uint8)
    after = smp.render_on(photo, np.ones((1, 1)), plan_on(), 10.0)
    assert after.shape == (1, 1, 3)
