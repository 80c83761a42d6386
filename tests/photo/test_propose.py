"""Proposals of masks, against pictures whose truth is known; and their review."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.errors import InputError
from smpengine.photo.polygons import polygon_mask
from smpengine.photo.propose import Proposal, propose
from smpengine.photo.review import review

SCALE = 6.0  # px/mm
SIZE_MM = 64.0, 48.0
BALD_MM = [[10, 38], [8, 20], [16, 9], [32, 6], [48, 9], [56, 20], [54, 38], [42, 33], [22, 33]]


def px(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(SCALE * x, SCALE * y) for x, y in points]


INSIDE = [px((19, 23), (32, 16), (45, 23))]
OUTSIDE = [
    px((3, 12), (3, 40)),
    px((14, 3), (50, 3)),
    px((61, 12), (61, 40)),
    px((20, 44), (44, 44)),
]
BOX = (5 * SCALE, 3 * SCALE, 59 * SCALE, 41 * SCALE)
TRUTH = polygon_mask([px(*[(x, y) for x, y in BALD_MM])], (288, 384)) > 0.5


def picture(skin: str, colour: str, length_mm: float) -> np.ndarray[Any, Any]:
    """Return a bald patch among hair, as the engine renders it."""
    width, height = SIZE_MM
    whole = [[-1, -1], [width + 1, -1], [width + 1, height + 1], [-1, height + 1]]
    regions = [
        {"polygon_mm": whole, "density": 1.0},
        {"polygon_mm": BALD_MM, "density": 0.0, "feather_mm": 0.5},
    ]
    plan = smp.Plan.from_dict(
        {
            "version": 1,
            "seed": 3,
            "treatment": "natural",
            "skin": {"type": skin, "complexion": {}},
            "scalp": {"extent_mm": list(SIZE_MM)},
            "hair": {"length_mm": length_mm, "colour": colour, "regions": regions},
        }
    )
    return smp.render(plan.scene(sessions=0), SCALE)


@pytest.fixture(scope="module")
def dark() -> np.ndarray[Any, Any]:
    return picture("III-IV", "dark-brown", 1.5)


def overlap(found: Proposal) -> float:
    """Return the share of what either is that both are."""
    return float((found.hard & TRUTH).sum() / (found.hard | TRUTH).sum())


HINTS: list[dict[str, Any]] = [
    {"inside": INSIDE, "outside": OUTSIDE},
    {"inside": INSIDE},
    {"box": BOX},
    {"box": BOX, "inside": INSIDE},
]


@pytest.mark.parametrize("hints", HINTS, ids=["strokes", "inside", "box", "box and inside"])
def test_skin_is_told_from_hair(dark: np.ndarray[Any, Any], hints: dict[str, Any]) -> None:
    found = propose(dark, **hints)
    assert overlap(found) > 0.92
    assert found.mask.dtype == np.float32
    assert ((found.mask > 0.55) <= found.hard).all()


@pytest.mark.parametrize(
    ("skin", "colour", "length"), [("I-II", "blond", 2.0), ("VI", "black", 1.0)]
)
def test_light_and_dark_hair_and_skin(skin: str, colour: str, length: float) -> None:
    found = propose(picture(skin, colour, length), inside=INSIDE, outside=OUTSIDE)
    assert overlap(found) > 0.93


def test_grey_pictures_are_told_apart_too(dark: np.ndarray[Any, Any]) -> None:
    grey = np.repeat(dark[..., 1:2], 3, 2)
    assert overlap(propose(grey, inside=INSIDE, outside=OUTSIDE)) > 0.92


def test_large_pictures_are_decided_small_and_their_edge_found_at_full_size(
    dark: np.ndarray[Any, Any],
) -> None:
    large = np.kron(dark, np.ones((5, 5, 1), np.uint8))
    more: dict[str, Any] = {}
    for name, strokes in (("inside", INSIDE), ("outside", OUTSIDE)):
        more[name] = [[(5 * x, 5 * y) for x, y in stroke] for stroke in strokes]
    found = propose(large, **more)
    truth = np.kron(TRUTH, np.ones((5, 5), bool))
    assert (found.hard & truth).sum() / (found.hard | truth).sum() > 0.92


def test_on_even_skin_the_edge_comes_halfway_between_strokes() -> None:
    rng = np.random.default_rng(2)
    skin = np.clip(rng.normal((200, 160, 140), 3.0, (200, 300, 3)), 0, 255).astype(np.uint8)
    found = propose(skin, inside=[[(60, 60), (60, 140)]], outside=[[(240, 60), (240, 140)]])
    edge = found.hard[70:130].sum(1)  # columns left of it
    assert np.abs(edge - 150).mean() < 30


def test_only_what_strokes_touch_is_proposed(dark: np.ndarray[Any, Any]) -> None:
    two = np.hstack([dark, dark])
    found = propose(two, inside=INSIDE, outside=OUTSIDE)
    assert found.hard[:, :384].sum() > 0.9 * TRUTH.sum()
    assert not found.hard[:, 400:].any()


def test_it_says_why_in_numbers(dark: np.ndarray[Any, Any]) -> None:
    found = propose(dark, box=BOX, inside=INSIDE)
    text = "\n".join(found.why)
    assert f"{found.hard.sum():,} px" in text
    assert "1 stroke inside, a box of 324 x 228 px" in text
    for word in ("lightness +", "redness", "yellowness", "texture -", "Mean colour", "uncertain"):
        assert word in text
    assert all("\n" not in line for line in found.why)


def test_same_hints_same_mask(dark: np.ndarray[Any, Any]) -> None:
    first, second = (propose(dark, box=BOX) for _ in range(2))
    assert (first.mask == second.mask).all()
    assert first.why == second.why


@pytest.mark.parametrize(
    ("hints", "word"),
    [
        ({}, "box or inside must be given, got neither"),
        ({"outside": OUTSIDE}, "only strokes outside"),
        (
            {"box": (0, 0, 400, 100)},
            r"box must be \(x0, y0, x1, y1\) within the picture, 384 x 288",
        ),
        ({"box": (50, 50, 40, 90)}, "x0 < x1"),
        ({"box": (50, 50, 52, 90)}, "at least 8 pixels"),
        ({"inside": [[(500, 5)]]}, r"inside\[0\]\[0\] must be in the picture"),
        ({"inside": [[(float("nan"), 5)]]}, "must be in the picture"),
        ({"inside": [[]]}, r"inside\[0\] must list points"),
        ({"inside": INSIDE, "outside": INSIDE}, "not cross strokes outside, got both near"),
        ({"inside": [[(5, 5)]], "box": BOX}, "not cross what is beyond the box"),
        ({"inside": INSIDE, "stroke_px": 0.0}, "stroke_px must be"),
        ({"inside": INSIDE, "feather_px": -1.0}, "feather_px must be"),
    ],
)
def test_hints_that_cannot_be_are_refused(hints: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        propose(np.full((288, 384, 3), 128, np.uint8), **hints)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("hints", HINTS, ids=["strokes", "inside", "box", "box and inside"])
def test_a_picture_of_one_colour_breaks_nothing(hints: dict[str, Any]) -> None:
    flat = np.full((288, 384, 3), 128, np.uint8)
    try:
        found = propose(flat, **hints)
    except InputError as error:
        assert "find a part of the picture" in str(error)  # noqa: PT017 - either is right
    else:
        assert 0 < found.hard.sum() < flat[..., 0].size


def test_a_review_shows_the_mask_and_where_it_ends(dark: np.ndarray[Any, Any]) -> None:
    mask = polygon_mask([px(*[(x, y) for x, y in BALD_MM])], (288, 384), 20.0)
    shown = review(dark, mask)
    assert shown.shape == dark.shape
    far = mask == 0.0
    far[:, 1:-1] &= (mask[:, :-2] == 0) & (mask[:, 2:] == 0)
    deep = np.zeros(TRUTH.shape, bool)
    deep[100:140, 150:230] = True
    outer, inner = shown[far & ~_near(mask)], shown[deep]
    assert np.ptp(outer.astype(int), axis=1).max() == 0  # grey
    assert outer.mean() < dark[far].mean()
    assert (inner[:, 2].astype(int) - inner[:, 0]).mean() > (
        dark[deep][:, 2].astype(int) - dark[deep][:, 0]
    ).mean() + 20  # tinted blue
    half = np.abs(mask - 0.5) < 0.05
    assert shown[half].min(-1).max() > 225  # a white line
    with pytest.raises(InputError, match="mask must have the picture's size, 384 x 288"):
        review(dark, mask[1:])


def _near(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return what is within a few pixels of the mask, where its line is drawn."""
    import cv2

    return cv2.dilate((mask > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
