"""What the door lets through, and what it says to the rest."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import smpengine as smp

GOOD = {
    "x_mm": [1.0, 2.0],
    "y_mm": [1.0, 2.0],
    "depth_mm": 0.2,
    "radius_mm": 0.07,
    "thickness_mm": 0.1,
    "mua_per_mm": 40.0,
}
NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_mm": [1.0, NAN]}, "x_mm must be finite mm, got nan at row 1."),
        ({"y_mm": [INF, 2.0]}, "y_mm must be finite mm, got inf at row 0."),
        ({"y_mm": [1.0]}, "y_mm must have 2 rows as x_mm has, got 1 rows."),
        ({"x_mm": [[1.0], [2.0]]}, "x_mm must have shape (n,), got shape (2, 1)."),
        ({"x_mm": ["a", "b"]}, "x_mm must be real numbers, got dtype <U1."),
        ({"radius_mm": 0.0}, "radius_mm must be over 0 and under 100 mm, got 0.0 at row 0"),
        ({"mua_per_mm": -1.0}, "mua_per_mm must be 0 to 10000 per mm, got [-1.0, -1.0, -1.0]"),
        (
            {"mua_per_mm": [[1, 2]]},
            "mua_per_mm must have shape (2,) or (2, bands)",
        ),
        ({"depth_mm": 0.04}, "depth_mm must be at least half of thickness_mm, got 0.04 at row 0"),
        ({"session": 0.5}, "session must be a whole number from 0 on, got 0.5 at row 0"),
        (
            {"session": [0.5, -1.0]},
            "session must be a whole number from 0 on, got 0.5 at row 0 (and 1 more rows).",
        ),
        (
            {"depth_mm": [NAN, 200.0]},
            "depth_mm must be over 0 and under 100 mm, got nan at row 0 (and 1 more rows).",
        ),
        ({"radius_mm": 100.0}, "radius_mm must be over 0 and under 100 mm, got 100.0 at row 0"),
        ({"session": NAN}, "session must be a whole number from 0 on, got nan at row 0"),
    ],
)
def test_bad_columns(change: dict[str, object], message: str) -> None:
    with pytest.raises(smp.SceneError) as caught:
        smp.Impressions(**{**GOOD, **change})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"type": "VII"}, "skin.type must be one of 'I-II', 'III-IV', 'V', 'VI', got 'VII'."),
        ({"scattering": 2.0}, "skin.scattering must be 0.4 to 1.6, got 2.0."),
        ({"scattering": NAN}, "skin.scattering must be 0.4 to 1.6, got nan."),
        ({"melanosome_fraction": 0.5}, "skin.melanosome_fraction must be 0.02 to 0.30, got 0.5."),
        ({"melanosome_fraction": "x"}, "skin.melanosome_fraction must be a number, got 'x'."),
    ],
)
def test_bad_skins(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(smp.SceneError) as caught:
        smp.Skin(**arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"px_per_mm": 0.0}, "px_per_mm must be 0.01 to 10000 pixels per mm, got 0.0."),
        ({"px_per_mm": 1e9}, "px_per_mm must be 0.01 to 10000 pixels per mm, got 1000000000.0."),
        ({"px_per_mm": NAN}, "px_per_mm must be 0.01 to 10000 pixels per mm, got nan."),
        ({"window_mm": (20, 20, 30, 30)}, "window_mm must touch the extent of 10 x 10 mm"),
        ({"window_mm": (1, 1, 1.001, 2)}, "window_mm must hold at least one pixel"),
        ({"window_mm": (3, 1, 2, 2)}, "window_mm must be (x0, y0, x1, y1) with x0 < x1, y0 < y1"),
        ({"window_mm": (1, 2, 3)}, "window_mm must be four numbers (x0, y0, x1, y1) in mm"),
        ({"window_mm": (0, 0, INF, 1)}, "window_mm must be finite"),
        ({"output": "jpeg"}, "output must be one of srgb8, srgb16, linear, absorbance, got 'jpeg'"),
        ({"exposure": 0.0}, "exposure must be over 0 and at most 1000, got 0.0."),
        ({"threads": 0}, "threads must be a whole number from 1 on, got 0."),
        ({"out": np.zeros((3, 3, 3))}, "out must be uint8 of shape (400, 400, 3)"),
        ({"px_per_mm": 10_000.0}, "the picture must fit in"),
        ({"device": "opencl:99.0"}, "device must be one that is here, got 'opencl:99.0'."),
        ({"device": "gpu"}, "device must be 'auto', 'cpu', 'reference', 'opencl' or"),
    ],
)
def test_bad_renders(arguments: dict[str, object], message: str) -> None:
    scene = smp.Scene(smp.Skin(), smp.Impressions(**GOOD), (10, 10))
    with pytest.raises(smp.SmpError) as caught:
        smp.render(scene, **arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("extent", [(0, 1), (1, NAN), (1,), "ab", (1e9, 1)])
def test_bad_extents(extent: object) -> None:
    with pytest.raises(smp.SceneError, match="extent_mm must be"):
        smp.Scene(smp.Skin(), smp.Impressions(**GOOD), extent)


def test_bad_splats() -> None:
    for change, message in (
        ({"sigma_px": [0.0]}, "sigma_px must be over 0, got 0.0 at row 0."),
        ({"sigma_px": [NAN]}, "sigma_px must be finite, got nan at row 0."),
        ({"peak": [[NAN, 1.0]]}, "peak must be finite"),
        ({"x_px": [1.0, 2.0]}, "y_px must have 2 rows as x_px has"),
        ({"shape": (0, 5)}, "shape must be 1 to"),
        ({"origin_px": (0.5, 0)}, "origin_px must be two whole numbers"),
    ):
        good = {
            "x_px": [1.0],
            "y_px": [1.0],
            "sigma_px": [1.0],
            "peak": [[1.0, 2.0]],
            "shape": (5, 5),
        }
        with pytest.raises(smp.InputError) as caught:
            smp.rasterise(**{**good, **change})
        assert str(caught.value).startswith(message)


def test_an_empty_scene_is_bare_skin() -> None:
    nothing = np.zeros(0)
    dots = smp.Impressions(nothing, nothing, nothing, nothing, nothing, nothing)
    picture = smp.render(smp.Scene(smp.Skin(), dots, (3, 2)), 20.0, output="linear")
    assert picture.shape == (40, 60, 3)
    assert np.ptp(picture, axis=(0, 1)).max() == 0.0


def test_impressions_are_frozen_and_survive_pickling() -> None:
    dots = smp.Impressions(**GOOD)
    with pytest.raises(ValueError, match="read-only"):
        dots.x_mm[0] = 5.0
    with pytest.raises(AttributeError):
        dots.x_mm = np.zeros(2)
    again = pickle.loads(pickle.dumps(dots))
    assert np.array_equal(again.mua_per_mm, dots.mua_per_mm)
    assert len(again.rows(np.array([True, False]))) == 1
