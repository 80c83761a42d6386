"""Dots keep off the hair that a photograph shows, and stay as many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import smpengine as smp
from smpengine.photo.room import room_beside_hair

PX_PER_MM = 20.0
HAIR = {"length_mm": 0.5, "colour": "black"}


def plan_of(skin: str, hair: dict[str, Any] | None = None, wrinkles: float = 0.3) -> smp.Plan:
    table: dict[str, Any] = {
        "version": 1, "treatment": "natural", "seed": 3, "scalp": {"extent_mm": [24, 18]},
        "skin": {"type": skin, "complexion": {"wrinkles": wrinkles}}, "light": {},
    }  # fmt: skip
    return smp.Plan.from_dict(table if hair is None else {**table, "hair": hair})


def photo_of(plan: smp.Plan, px_per_mm: float = PX_PER_MM, noise: float = 2.0) -> NDArray[Any]:
    codes = smp.render(plan.scene(sessions=0), px_per_mm).astype(np.float64)
    codes += np.random.default_rng(1).normal(0.0, noise, codes.shape)
    return np.clip(np.round(codes), 0, 255).astype(np.uint8)


def on_hair(scene: smp.Scene, hair: NDArray[np.bool_]) -> float:
    rows = (scene.impressions.y_mm * PX_PER_MM).astype(int).clip(0, hair.shape[0] - 1)
    cols = (scene.impressions.x_mm * PX_PER_MM).astype(int).clip(0, hair.shape[1] - 1)
    return float(hair[rows, cols].mean())


@pytest.fixture(scope="module")
def shaved() -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return a photograph of a shaved scalp, and where its hair takes two fifths of the light."""
    with_hair = smp.render(plan_of("III-IV", HAIR).scene(sessions=0), PX_PER_MM, output="linear")
    without = smp.render(plan_of("III-IV").scene(sessions=0), PX_PER_MM, output="linear")
    return photo_of(plan_of("III-IV", HAIR)), (with_hair / without).mean(2) < 0.6


def test_dots_go_beside_hair_and_are_as_many(
    shaved: tuple[NDArray[Any], NDArray[np.bool_]],
) -> None:
    photo, hair = shaved
    whole = np.ones(photo.shape[:2], np.float32)
    beside = smp.simulate(photo, whole, plan_of("III-IV"), PX_PER_MM)
    over = smp.simulate(photo, whole, plan_of("III-IV"), PX_PER_MM, over_hair=True)
    share = float(hair.mean())
    assert share > 0.05
    assert on_hair(over.scene(), hair) == pytest.approx(share, rel=0.3)
    assert on_hair(beside.scene(), hair) < 0.05 * share
    counts = [len(each.scene().impressions) for each in (over, beside)]
    assert counts[1] == pytest.approx(counts[0], rel=0.03)
    assert any("hair: leaves no room" in note for note in beside.notes)
    assert not any("hair: leaves" in note for note in over.notes)


def test_shafts_are_not_beaded(shaved: tuple[NDArray[Any], NDArray[np.bool_]]) -> None:
    """Where hair is, the picture is darkened by halos alone: evenly."""
    photo, hair = shaved
    whole = np.ones(photo.shape[:2], np.float32)
    spread = []
    for over_hair in (True, False):
        after = smp.render_on(
            photo, whole, plan_of("III-IV"), PX_PER_MM, over_hair=over_hair,
            camera=smp.Camera(0.0, 0.0),
        )  # fmt: skip
        ratio = after[hair].astype(np.float64).mean(1) / photo[hair].mean(1)
        spread.append(float(np.quantile(ratio, 0.5) - np.quantile(ratio, 0.02)))
    assert spread[1] < 0.6 * spread[0]


@pytest.mark.parametrize("skin", ["I-II", "III-IV", "VI"])
@pytest.mark.parametrize("px_per_mm", [9.0, 20.0, 40.0])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_skin_without_hair_has_room_everywhere(skin: str, px_per_mm: float, noise: float) -> None:
    photo = smp.Photograph(photo_of(plan_of(skin), px_per_mm, noise))
    mask = np.ones(photo.shape, np.float32)
    room = room_beside_hair(photo, mask, px_per_mm, plan_of(skin))
    assert room.share is mask
    assert (room.most, room.hairy) == (1.0, 0.0)


def test_no_place_gets_more_than_twice_the_density(
    shaved: tuple[NDArray[Any], NDArray[np.bool_]],
) -> None:
    long = photo_of(plan_of("I-II", {"length_mm": 2.5, "colour": "black"}), 40.0)
    for photo, px_per_mm in ((long, 40.0), (shaved[0], PX_PER_MM)):
        mask = np.full(photo.shape[:2], 0.5, np.float32)
        room = room_beside_hair(smp.Photograph(photo), mask, px_per_mm, plan_of("I-II"))
        assert room.most <= 1.0  # twice the mask
        assert 0.0 < room.hairy < 1.0
        assert (room.share >= 0.0).all()
        assert room.share.max() == 1.0


def test_a_mask_that_is_all_hair_is_treated(
    shaved: tuple[NDArray[Any], NDArray[np.bool_]],
) -> None:
    photo, hair = shaved
    row, col = (int(v[len(v) // 2]) for v in np.nonzero(hair))
    mask = np.zeros(photo.shape[:2], np.float32)
    mask[row, col] = 1.0
    room = room_beside_hair(smp.Photograph(photo), mask, PX_PER_MM, plan_of("I-II"))
    assert room.share is mask


def test_a_photo_taken_aslant_keeps_dots_off_hair_too(
    shaved: tuple[NDArray[Any], NDArray[np.bool_]],
) -> None:
    photo, hair = shaved
    height, width = photo.shape[:2]
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    placing = smp.Placing.rectangle(corners, (width / PX_PER_MM, height / PX_PER_MM))
    whole = np.ones(photo.shape[:2], np.float32)
    beside = smp.simulate(photo, whole, plan_of("III-IV"), placing)
    assert on_hair(beside.scene(), hair) < 0.05 * float(hair.mean())


def test_grey_and_16_bits_see_the_same_hair(
    shaved: tuple[NDArray[Any], NDArray[np.bool_]],
) -> None:
    photo, _ = shaved
    mask = np.ones(photo.shape[:2], np.float32)
    rooms = [
        room_beside_hair(smp.Photograph(each), mask, PX_PER_MM, plan_of("III-IV")).hairy
        for each in (photo, photo.astype(np.uint16) * 257, np.ascontiguousarray(photo[..., 1]))
    ]
    assert rooms[1] == rooms[0]
    assert rooms[2] == pytest.approx(rooms[0], rel=0.15)
