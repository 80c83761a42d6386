"""Hair: what is drawn of it, what colour it has, and what a plan grows."""

from __future__ import annotations

import math

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.shaft import shadows_of, shaft_reflectance, shafts_of
from smpengine.optics.skin import bare_reflectance
from smpengine.plan.hair import COLOURS
from smpengine.raster.reference import draw_shafts
from smpengine.raster.splats import PixelWindow

NOTHING = smp.Impressions(*[np.zeros(0)] * 6)
LIGHT, DARK = smp.Skin("I-II"), smp.Skin("VI")


def one(length_mm: float = 1.0, degrees: float = 0.0, **columns: float) -> smp.Hairs:
    azimuth = columns.pop("azimuth", 0.4)
    return smp.Hairs([2.013], [2.031], azimuth, math.radians(degrees), length_mm, **columns)


def picture(hairs: smp.Hairs | None, skin: smp.Skin = LIGHT, px_per_mm: float = 40.0) -> np.ndarray:
    scene = smp.Scene(skin, NOTHING, (4.0, 4.0), hair=hairs)
    return smp.render(scene, px_per_mm, output="linear", device="cpu")


def covered(hairs: smp.Hairs, px_per_mm: float) -> np.ndarray:
    side = round(4 * px_per_mm)
    return 1.0 - draw_shafts(shafts_of(hairs, LIGHT, px_per_mm), PixelWindow(0, 0, side, side))[0]


@pytest.mark.parametrize("px_per_mm", [32.0, 40.0, 150.0])
@pytest.mark.parametrize("azimuth", [0.0, 0.4, 1.6, 4.0])
def test_a_lying_shaft_covers_length_by_diameter(px_per_mm: float, azimuth: float) -> None:
    for diameter in (0.03, 0.08, 0.2):
        hairs = one(azimuth=azimuth, diameter_mm=diameter)
        area = covered(hairs, px_per_mm).sum() / px_per_mm**2
        assert area == pytest.approx(diameter, rel=0.01), diameter


def test_a_standing_shaft_covers_its_cross_section() -> None:
    for degrees in (30.0, 60.0, 90.0):
        rise = math.radians(degrees)
        area = covered(one(degrees=degrees), 60.0).sum() / 3600.0
        want = 0.08 * math.cos(rise) + math.pi * 0.04**2 * math.sin(rise)
        assert area == pytest.approx(want, rel=0.015), degrees


def test_a_shaved_hair_shows_its_cut_end() -> None:
    for degrees in (10.0, 50.0):
        area = covered(one(0.0, degrees), 100.0).sum() / 1e4
        assert area == pytest.approx(math.pi * 0.04**2, rel=0.02)
    assert picture(one(0.0, 50.0)).min() < 0.1 * picture(None).min()


def test_the_width_of_a_shaft_in_a_picture() -> None:
    """Light that is missing along a line across, over how much is missing in the middle."""
    for diameter in (0.06, 0.1, 0.14):
        hairs = smp.Hairs([1.0], [2.0], 0.0, 0.0, 2.0, diameter, shadow=0.0)
        line = picture(hairs, px_per_mm=100.0)[:, 200, 1]
        bare = picture(None, px_per_mm=100.0)[0, 0, 1]
        half = np.flatnonzero(line < 0.5 * (bare + line.min()))
        low, high = half[0], half[-1]
        edge = 0.5 * (bare + line.min())
        first = low - (edge - line[low]) / (line[low - 1] - line[low])
        last = high + (edge - line[high]) / (line[high + 1] - line[high])
        assert (last - first) / 100.0 == pytest.approx(diameter, rel=0.05)


def test_the_root_is_seen_where_the_hair_leaves_the_skin() -> None:
    roots = one(1.0, 50.0, azimuth=0.0).roots(LIGHT.lambda_nm)
    assert len(roots) == 1
    assert 1.95 < roots.x_mm[0] < 2.013
    assert len(one(eumelanin=0.0).roots(LIGHT.lambda_nm)) == 0
    assert len(smp.Scene(LIGHT, NOTHING, (4, 4), hair=one()).deposits) == 1
    assert len(smp.Scene(LIGHT, NOTHING, (4, 4)).deposits) == 0


def test_colours_are_in_order() -> None:
    light = {}
    for name, (eumelanin, pheomelanin) in COLOURS.items():
        hairs = one(eumelanin=eumelanin, pheomelanin=pheomelanin)
        light[name] = shaft_reflectance(hairs, LIGHT.lambda_nm)[0]
    order = ["black", "dark-brown", "brown", "light-brown", "blond"]
    greens = [light[name][1] for name in order]
    assert greens == sorted(greens)
    assert all(np.all(np.diff(v) < 0.0) for v in light.values())  # R over G over B
    warmth = {name: v[0] / v[1] for name, v in light.items()}
    assert warmth["red"] > warmth["light-brown"] > warmth["blond"]
    white = shaft_reflectance(one(eumelanin=0.0), LIGHT.lambda_nm)[0]
    assert np.all(white > light["blond"])
    assert white[0] / white[2] < 1.3


def test_black_hair_darkens_and_white_hair_lightens_dark_skin() -> None:
    bare = bare_reflectance(DARK)
    middle = slice(70, 90), slice(100, 110)
    white = picture(one(1.0, 30.0, azimuth=0.0, eumelanin=0.0), DARK)[middle]
    assert np.all(white.max((0, 1)) > 2.0 * bare)
    black = picture(one(1.0, 30.0, azimuth=0.0))[middle]
    assert np.all(black.min((0, 1)) < 0.25 * bare_reflectance(LIGHT))


def test_a_shadow_keeps_the_light_of_half_pi_areas() -> None:
    """Absorbance over its area is (pi / 2) length diameter, however the shaft stands."""
    for degrees in (0.0, 45.0, 90.0):
        shadows = shadows_of(one(1.0, degrees), 40.0)
        mass = (shadows.peak[:, 0] * 2.0 * np.pi * shadows.sigma_px**2).sum() / 1600.0
        assert mass == pytest.approx(0.5 * math.pi * 0.08, rel=0.01)
    assert shadows_of(one(1.0, shadow=0.0), 40.0).x_px.size == 0
    assert shadows_of(one(0.0), 40.0).x_px.size == 0


def test_no_hair_is_no_change(strong_scene: smp.Scene) -> None:
    empty = smp.Hairs([], [], 0.0, 0.0, 0.0)
    hairy = smp.Scene(strong_scene.skin, strong_scene.impressions, (12, 9), hair=empty)
    want = smp.render(strong_scene, 30.0, device="cpu")
    assert np.array_equal(smp.render(hairy, 30.0, device="cpu"), want)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"length_mm": 21.0}, "length_mm must be 0 to 20 mm, got 21.0 at row 0."),
        ({"diameter_mm": 80.0}, "diameter_mm must be 0.03 to 0.2 mm, got 80.0 at row 0."),
        ({"elevation_rad": 45.0}, "elevation_rad must be 0 to 1.571, got 45.0 at row 0."),
        ({"eumelanin": -1.0}, "eumelanin must be 0 to 20, got -1.0 at row 0."),
        ({"azimuth_rad": math.nan}, "azimuth_rad must be a finite angle, got nan at row 0."),
        ({"pheomelanin": [1.0, 2.0]}, "pheomelanin must have 1 rows as x_mm has, got 2 rows."),
        ({"x_mm": [math.inf]}, "x_mm must be finite mm, got inf at row 0."),
    ],
)
def test_messages(columns: dict[str, object], message: str) -> None:
    good = {"x_mm": [1.0], "y_mm": 1.0, "azimuth_rad": 0.0, "elevation_rad": 1.0, "length_mm": 1.0}
    with pytest.raises(smp.SceneError) as caught:
        smp.Hairs(**{**good, **columns})  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_hairs_are_frozen_and_a_scene_takes_no_other() -> None:
    hairs = one()
    with pytest.raises(AttributeError, match="frozen"):
        hairs.length_mm = np.zeros(1)
    with pytest.raises(ValueError, match="read-only"):
        hairs.length_mm[0] = 2.0
    with pytest.raises(smp.SceneError, match="hair must be Hairs or None, got str"):
        smp.Scene(LIGHT, NOTHING, (4, 4), hair="black")  # type: ignore[arg-type]


def plan(**hair: object) -> smp.Plan:
    data = {"version": 1, "seed": 3, "scalp": {"extent_mm": [60, 50]}, "treatment": "natural"}
    return smp.Plan.from_dict({**data, "hair": hair})


def grown(**hair: object) -> smp.Hairs:
    found = plan(**hair).hair()
    assert found is not None
    return found


def test_what_a_plan_grows() -> None:
    hairs = grown(colour="black", length_mm=1.0, grey_share=0.3)
    per_cm2 = len(hairs) / 30.0
    assert per_cm2 == pytest.approx(80.0 * 2.2, rel=0.05)
    assert hairs.diameter_mm.mean() == pytest.approx(0.08, rel=0.02)
    assert np.all((hairs.diameter_mm >= 0.03) & (hairs.diameter_mm <= 0.14))
    assert hairs.length_mm.std() == pytest.approx(0.05, rel=0.15)
    assert np.mean(hairs.eumelanin == 0.0) == pytest.approx(0.3, abs=0.03)
    assert np.degrees(hairs.elevation_rad).mean() == pytest.approx(50.0, abs=1.0)
    assert np.degrees(hairs.elevation_rad).std() == pytest.approx(8.0, rel=0.15)
    singles = len(grown(hairs_per_unit=[1, 0, 0, 0])) / 30.0
    assert singles == pytest.approx(80.0, rel=0.05)


def test_hair_runs_away_from_its_whorl_and_turns_about_it() -> None:
    hairs = grown(whorl_mm=[30, 25], azimuth_spread_deg=0.0)
    x, y = hairs.x_mm - 30.0, hairs.y_mm - 25.0
    away = np.cos(hairs.azimuth_rad) * x + np.sin(hairs.azimuth_rad) * y
    turned = np.sin(hairs.azimuth_rad) * x - np.cos(hairs.azimuth_rad) * y
    assert np.all(away > 0.0)
    assert np.all(turned > 0.0)  # clockwise: y goes down
    far = grown(azimuth_spread_deg=0.0)  # the whorl is behind: forward
    assert np.all(np.sin(far.azimuth_rad) < -0.8)


def test_regions_and_hairline_say_where_hair_grows() -> None:
    bald = {"polygon_mm": [[0, 0], [30, 0], [30, 50], [0, 50]], "density": 0.0}
    hairs = grown(regions=[bald])
    assert hairs.x_mm.min() > 30.0 - 0.23
    assert len(grown(coverage=0.5)) == pytest.approx(0.5 * len(grown()), rel=0.1)
    data = plan().resolved()
    data["scalp"]["hairline"] = {"points_mm": [[0, 20], [60, 20]], "feather_mm": 0.0}
    hairs = smp.Plan.from_dict(data).hair()
    assert hairs is not None
    assert hairs.y_mm.min() > 20.0 - 0.23


def test_sessions_and_hair_do_not_change_each_other() -> None:
    with_hair = plan().scene()
    without = plan().resolved()
    del without["hair"]
    bare = smp.Plan.from_dict(without).scene()
    assert bare.hair is None
    assert np.array_equal(bare.impressions.x_mm, with_hair.impressions.x_mm)
    assert np.array_equal(bare.impressions.mua_per_mm, with_hair.impressions.mua_per_mm)
    first, second = (
        with_hair.hair,
        smp.Plan.from_dict({**without, "sessions": ["texture"], "hair": {}}),
    )
    other = second.hair()
    assert first is not None
    assert other is not None
    assert np.array_equal(first.x_mm, other.x_mm)


@pytest.mark.parametrize(
    ("hair", "message"),
    [
        ({"colour": "blak"}, "hair.colour must be one of black, dark-brown"),
        ({"length": 1}, "hair.length must be a known key, got 1. Did you mean length_mm?"),
        ({"length_mm": 30}, "hair.length_mm must be less than or equal to 3, got 30."),
        ({"hairs_per_unit": [0, 0, 0, 0]}, "hair must have a share over 0 in hairs_per_unit"),
        (
            {"regions": [{"polygon_mm": [[0, 0], [1, 0], [1, 1]], "coverage": 1}]},
            "hair.regions[0].coverage must be a known key",
        ),
        (
            {"regions": [{"polygon_mm": [[0, 0], [9, 9], [9, 0], [0, 9]]}]},
            "hair.regions[0].polygon_mm must not cross itself",
        ),
    ],
)
def test_messages_of_a_plan(hair: dict[str, object], message: str) -> None:
    with pytest.raises(smp.PlanError) as caught:
        plan(**hair)
    assert f"plan: {message}" in str(caught.value)
