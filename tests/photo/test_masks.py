"""Masks: read, drawn from outlines, softened."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from shapely import Polygon

from smpengine.errors import InputError
from smpengine.photo.masks import read_mask, soften
from smpengine.photo.polygons import polygon_mask, read_polygons
from smpengine.photo.shown_files import write_mask

SHAPE = (40, 60)
RAMP = np.linspace(0.0, 1.0, 40 * 60, dtype=np.float32).reshape(SHAPE)
TURNS = np.linspace(0.0, 2 * np.pi, 10, endpoint=False)
REACH = np.array([80.0, 35.0] * 5)
STAR = [
    (float(x), float(y))
    for x, y in zip(100 + REACH * np.cos(TURNS), 90 + REACH * np.sin(TURNS), strict=True)
]


@pytest.mark.parametrize(("bits", "step"), [(8, 1 / 255), (16, 1 / 65535)])
def test_a_mask_comes_back_as_it_was_written(tmp_path: Path, bits: int, step: float) -> None:
    write_mask(tmp_path / "m.png", RAMP, bits)
    assert np.abs(read_mask(tmp_path / "m.png", SHAPE) - RAMP).max() <= 0.51 * step
    with Image.open(tmp_path / "m.png") as file:
        assert str(file.info["Software"]).startswith("smpengine ")
        assert "Mask" in file.info["Comment"]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_is_grey_however_it_is_stored(tmp_path: Path, suffix: str, channels: int) -> None:
    codes = np.rint(255 * RAMP).astype(np.uint8)
    stored = codes if channels == 1 else np.repeat(codes[..., None], channels, 2)
    if channels == 4:
        stored[..., 3] = 255
    cv2.imwrite(str(tmp_path / f"m{suffix}"), stored)
    assert (read_mask(tmp_path / f"m{suffix}", SHAPE) == codes / np.float32(255)).all()


def refused(path: Path, picture: Any, word: str) -> None:
    if picture is not None:
        cv2.imwrite(str(path), picture)
    with pytest.raises(InputError, match=word) as caught:
        read_mask(path, SHAPE)
    assert "\n" not in str(caught.value)


def test_what_is_no_mask_is_refused_with_its_remedy(tmp_path: Path) -> None:
    grey = np.zeros(SHAPE, np.uint8)
    coloured = np.zeros((*SHAPE, 3), np.uint8)
    coloured[3, 7] = 9, 9, 8
    refused(tmp_path / "a.png", coloured, "be grey, got colours, the first in row 3, column 7")
    clear = np.zeros((*SHAPE, 4), np.uint8)
    refused(tmp_path / "b.png", clear, "alpha")
    refused(tmp_path / "c.png", grey.T.copy(), "40 x 60 .* as displayed, with its orientation")
    refused(tmp_path / "d.png", grey[::2, ::2], "60 x 40, got 30 x 20 .*scale it")
    refused(tmp_path / "e.png", grey[:30], "60 x 40, got 60 x 30")
    refused(tmp_path / "f.jpg", grey, "grey PNG")
    refused(tmp_path / "g.tif", np.zeros(SHAPE, np.float32), "8 or 16 bit")
    refused(tmp_path / "none.png", None, "No such file")
    (tmp_path / "h.png").write_bytes(b"no picture")
    refused(tmp_path / "h.png", None, "be a picture")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(25, 45), st.floats(-0.3, 0.3)), min_size=3, max_size=7),
    st.sampled_from([0.0, 6.0]),
)
def test_the_area_of_a_polygon_is_exact(corners: list[tuple[float, float]], feather: float) -> None:
    turn = 2.0 * math.pi / len(corners)  # around a middle, so that no two sides cross
    points = [
        (80.0 + radius * math.cos((k + by) * turn), 65.0 + radius * math.sin((k + by) * turn))
        for k, (radius, by) in enumerate(corners)
    ]
    shape = Polygon(points)
    assume(shape.area > 4.0 * shape.length)
    mask = polygon_mask([points], (130, 160), feather)
    assert float(mask.sum(dtype=np.float64)) == pytest.approx(shape.area, rel=1e-3)


def test_a_pixel_is_worth_its_share_and_lies_where_it_says() -> None:
    mask = polygon_mask([[(10.25, 5.5), (20, 5.5), (20, 8), (10.25, 8)]], SHAPE)
    wanted = np.zeros(SHAPE)
    wanted[5:8, 10:20] = 1.0
    wanted[5] *= 0.5
    wanted[:, 10] *= 0.75
    assert np.abs(mask - wanted).max() < 1e-6


def test_what_an_even_number_of_outlines_encloses_is_a_hole() -> None:
    outer = [(5, 5), (35, 5), (35, 35), (5, 35)]
    inner = [(10, 10), (20, 10), (20, 20), (10, 20)]
    mask = polygon_mask([outer, inner], SHAPE)
    assert mask.sum() == 800.0
    assert mask[15, 15] == 0.0


def test_outlines_may_go_beyond_the_picture() -> None:
    mask = polygon_mask([[(-500, -500), (30, -500), (30, 900), (-500, 900)]], SHAPE, 8.0)
    assert (mask[:, :26] == 1.0).all()
    assert (mask[:, 35:] == 0.0).all()
    assert np.abs(mask - mask[:1]).max() < 1e-6  # its edge is straight up to the picture's rim


@pytest.mark.parametrize("feather", [3.0, 12.0, 90.0])
def test_the_edge_of_a_polygon_is_as_wide_as_asked_and_has_no_kink(feather: float) -> None:
    mask = polygon_mask([[(200.0, -900.0), (900.0, -900.0), (900.0, 900.0), (200.0, 900.0)]],
                        (8, 400), feather)  # fmt: skip
    row = mask[4].astype(np.float64)
    # Half on each side, and rising all the way.
    assert row[: int(200 - feather / 2) - 1].max() < 1e-4
    assert row[int(200 + feather / 2) + 2 :].min() > 1 - 1e-4
    assert row[199] + row[200] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(row) > -1e-6).all()
    if feather >= 12.0:  # the slope bends by no more than that of 6 t^5 - 15 t^4 + 10 t^3
        assert np.abs(np.diff(row, 2)).max() < 1.1 * 5.78 / feather**2


def test_softening_follows_the_distance_and_keeps_half_on_each_side() -> None:
    y, x = np.mgrid[:201, :201] + 0.5
    away = np.hypot(x - 100.5, y - 100.5)
    soft = soften(away < 60.0, 20.0)
    t = np.clip(0.5 + (60.0 - away) / 20.0, 0.0, 1.0)
    wanted = t**3 * (t * (6 * t - 15) + 10)
    assert np.abs(soft - wanted).max() < 0.06  # half a pixel of 20, where it is steepest
    assert np.abs(soft - wanted).mean() < 0.004
    assert (soft[away < 48] == 1.0).all()
    assert (soft[away > 72] == 0.0).all()


@pytest.mark.parametrize(("feather", "most"), [(3.5, 1e-6), (16.0, 0.1)])
def test_softening_grows_inwards(feather: float, most: float) -> None:
    hard = polygon_mask([STAR], (180, 200)) > 0.5
    soft = soften(hard, feather)
    depth = cv2.distanceTransform(hard.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Sorted by depth; wide edges are smoothed over a pixel, which shows at the tips.
    values = soft[hard][np.argsort(depth[hard])]
    assert (np.maximum.accumulate(values) - values).max() < most
    assert values[-1] == 1.0
    assert soft[~hard].max() <= 0.52
    assert (soften(hard, 0.0) == hard).all()


@pytest.mark.parametrize("feather", [0.0, 2.0, 14.0])
def test_softening_does_not_leak(feather: float) -> None:
    hard = polygon_mask([STAR], (180, 200)) > 0.5
    within = np.zeros((180, 200), bool)
    within[:, 60:120] = True
    soft = soften(hard, feather, within)
    assert (soft[~within] == 0.0).all()
    assert soft[:, 85:95].max() == 1.0
    if feather:  # and the limit is no edge either
        assert soft[:, 60].max() < 0.5


def test_a_mask_that_is_all_or_nothing_stays_so() -> None:
    assert (soften(np.ones(SHAPE, bool), 9.0) == 1.0).all()
    assert (soften(np.zeros(SHAPE, bool), 9.0) == 0.0).all()


@pytest.mark.parametrize("mask", [RAMP * 2, RAMP[0], np.full(SHAPE, np.nan), RAMP.astype(np.uint8)])
def test_values_that_are_no_shares_are_refused(mask: Any) -> None:
    with pytest.raises(InputError, match="mask must"):
        soften(mask, 3.0)


def test_outlines_are_read_from_files(tmp_path: Path) -> None:
    square = [[5.0, 5.0], [35.0, 5.0], [35.0, 35.0], [5.0, 35.0]]
    (tmp_path / "a.json").write_text(json.dumps({"polygons": [square], "feather_px": 4}))
    (tmp_path / "a.toml").write_text(f"polygons = [{square}]\nfeather_px = 4")
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">'
        '<path d="M5 5H35V35H5Z"/></svg>'
    )
    for name, feather in (("a.json", 4.0), ("a.toml", 4.0), ("a.svg", 0.0)):
        outlines, width = read_polygons(tmp_path / name)
        assert width == feather
        assert polygon_mask(outlines, SHAPE).sum() == pytest.approx(900.0, rel=1e-6)


def test_each_problem_of_a_file_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('polygons = [[[1, 2], [3, "x"]]]\nfeather = 3\nfeather_px = -1')
    with pytest.raises(InputError) as caught:
        read_polygons(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert "polygons[0][1][1] must be a number" in lines[0] + lines[1] + lines[2]
    path.write_text("")
    with pytest.raises(InputError, match="polygons must be given"):
        read_polygons(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_polygons(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"be a \.toml, \.json or \.svg"):
        read_polygons(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("outlines", "word"),
    [
        ([], "at least one outline"),
        ([[(1, 1), (2, 2)]], r"polygons\[0\] must list at least 3 points"),
        ([[(1, 1), (2, 2), (np.nan, 3)]], r"polygons\[0\]\[2\] must be within"),
        ([[(-9, -9), (-5, -9), (-5, -5)]], "enclose a part of the photograph, 60 x 40"),
        ([[(1, 1), (2, 2), (3, 3)]], "enclose a part"),
    ],
)
def test_outlines_that_enclose_nothing_are_refused(outlines: Any, word: str) -> None:
    with pytest.raises(InputError, match=word):
        polygon_mask(outlines, SHAPE)
