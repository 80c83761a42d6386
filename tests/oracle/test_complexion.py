"""A complexion against what it is defined by: optics, statistics, counts, the lamp's side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.blood import (
    UPPER_MM,
    blood_absorbance,
    blood_slope,
    melanin_absorbance,
    melanin_slope,
)
from smpengine.optics.skin import bare_reflectance
from smpengine.optics.tissue import Tissue
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.slab import slab
from smpengine.raster.splats import PixelWindow
from smpengine.texture.lines import vessels
from smpengine.texture.maps import BLOOD_SHARES, MELANIN_SHARES, SCALES_MM, maps_of
from smpengine.texture.marks import AGE_SPOT, FRECKLE, pores, spots
from smpengine.texture.shading import Lamp
from smpengine.texture.sheet import Sheet
from smpengine.workers import Workers

EVEN = smp.Complexion(
    melanin_spread=0.0, blood_spread=0.0, pores_per_cm2=0.0, relief_mm=0.0, gloss=0.0
)
NOTHING = smp.Impressions(*[np.zeros(0)] * 6)


def picture(
    complexion: smp.Complexion | None, skin_type: str = "III-IV", light: smp.Light | None = None,
    impressions: smp.Impressions = NOTHING, px_per_mm: float = 40.0,
    window: tuple[float, float, float, float] = (0.0, 0.0, 5.0, 5.0),
) -> np.ndarray:  # fmt: skip
    skin = smp.Skin(skin_type, complexion=complexion)
    scene = smp.Scene(skin, impressions, (60.0, 60.0), light=light)
    return smp.render(scene, px_per_mm, window, "linear", device="cpu").astype(float)


@pytest.mark.parametrize("skin_type", ["I-II", "III-IV", "V"])
def test_tanned_skin_is_skin_with_that_melanin(skin_type: str) -> None:
    skin = smp.Skin(skin_type)
    tanned = smp.Skin(melanosome_fraction=1.4 * skin.melanosome)
    complexion = replace(EVEN, tan_line_mm=30.0, tan=1.4)
    front = picture(complexion, skin_type)
    behind = picture(complexion, skin_type, window=(0.0, 55.0, 5.0, 60.0))
    # One level's interpolation is within 2.6e-4 of what is drawn, at most 0.5 here.
    assert np.allclose(front, bare_reflectance(tanned), rtol=3e-4)
    assert np.allclose(behind, bare_reflectance(skin), rtol=3e-4)


def test_red_skin_is_skin_with_that_blood() -> None:
    """Transport of skin with twice the blood, photon for photon."""
    skin = smp.Skin("I-II")
    found = picture(replace(EVEN, redness=2.0), "I-II") / bare_reflectance(skin)
    for b, lambda_nm in enumerate((610.0, 545.0, 460.0)):
        (musp, first, usual), (_, _, more) = (
            Tissue(0.02, blood).properties(lambda_nm) for blood in (0.005, 0.01)
        )
        mua = np.array([(first, usual, usual), (first, more, usual)])
        mus = float(musp) / 0.2
        medium = Medium((0.06, UPPER_MM, np.inf), (mus,) * 3, (0.0,) * 3, 0.8)
        value = slab(medium, 100_000, 5, mua, Workers(2)).reflectance.value
        absorbance = -np.log(value[1] / value[0])
        assert np.allclose(-np.log(found[..., b]), absorbance, atol=0.004 + 0.02 * absorbance)


def test_slopes_are_those_of_absorbance() -> None:
    for skin_type in ("I-II", "III-IV", "V", "VI"):
        skin = smp.Skin(skin_type)
        assert np.allclose(0.01 * blood_slope(skin), blood_absorbance(skin, 0.01), rtol=0.01)
        step = 1.05 if skin_type == "I-II" else 0.95
        change = melanin_absorbance(skin, step * skin.melanosome)
        assert np.allclose(np.log(step) * melanin_slope(skin), change, rtol=0.1)


@pytest.mark.parametrize(
    ("name", "shares", "slope"),
    [
        ("melanin_spread", MELANIN_SHARES, melanin_slope),
        ("blood_spread", BLOOD_SHARES, blood_slope),
    ],
)
def test_maps_have_the_spread_and_scales_that_are_asked_for(name, shares, slope) -> None:  # type: ignore[no-untyped-def]
    skin = smp.Skin("III-IV", complexion=replace(EVEN, **{name: 0.1}))
    side, scale = 800, 2.0
    maps = maps_of(smp.Scene(skin, NOTHING, (400, 400)), scale, PixelWindow(0, 0, side, side))
    field = smp.rasterise(maps.x_px, maps.y_px, maps.sigma_px, maps.peak, (side, side))
    values = field / slope(skin)
    assert np.abs(values - values[..., :1]).max() < 1e-3  # one quantity, three bands
    one = values[..., 1].astype(float)
    # 200 patches of 8 mm: a standard error of 0.004.
    assert abs(one.mean()) < 0.016
    # Deviates are clipped at 2.5, which takes 2 % of their spread.
    assert one.std() == pytest.approx(0.1, rel=0.06)
    for lag_mm in (1.0, 4.0):
        lag = int(lag_mm * scale)
        want = sum(
            s * np.exp(-((lag_mm / (2 * w)) ** 2)) for s, w in zip(shares, SCALES_MM, strict=True)
        )
        for a, b in ((one[lag:], one[:-lag]), (one[:, lag:], one[:, :-lag])):
            assert (a * b).mean() / one.var() == pytest.approx(want, abs=0.05)


def sheet(complexion: smp.Complexion, side_mm: float = 300.0) -> Sheet:
    box = (0.0, 0.0, side_mm, side_mm)
    return Sheet(complexion, smp.Skin("I-II"), Lamp.of(None), box, 40.0)


def inside(marks, side_mm: float = 300.0) -> np.ndarray:  # type: ignore[no-untyped-def]
    x, y = marks.x_mm, marks.y_mm
    return (x >= 0.0) & (x < side_mm) & (y >= 0.0) & (y < side_mm)


def test_there_are_as_many_marks_as_are_asked_for() -> None:
    area_cm2 = 900.0
    for name, kind, per_cm2 in (
        ("freckles_per_cm2", FRECKLE, 1.5), ("age_spots_per_cm2", AGE_SPOT, 0.4)
    ):  # fmt: skip
        found = spots(sheet(replace(EVEN, **{name: per_cm2})))
        count = inside(found).sum() / kind.lobes
        assert abs(count - per_cm2 * area_cm2) < 4.0 * np.sqrt(per_cm2 * area_cm2)
    found = pores(sheet(replace(EVEN, pores_per_cm2=100.0)))
    # Of each pore a hollow and a rim; no lamp.
    assert 0.5 * inside(found).sum() == pytest.approx(100.0 * area_cm2, rel=0.01)
    found = vessels(sheet(replace(EVEN, vessels_per_cm2=1.0)))
    assert len(np.unique(found.sigma_mm)) == pytest.approx(area_cm2, rel=0.15)


def test_a_freckle_is_skin_with_more_melanin() -> None:
    found = spots(sheet(replace(EVEN, freckles_per_cm2=2.0)))
    skin = smp.Skin("I-II")
    least, most = (melanin_absorbance(skin, skin.melanosome + more) for more in FRECKLE.more)
    middle = found.peak[:: FRECKLE.lobes] / 0.62
    assert np.all(middle >= least - 1e-9)
    assert np.all(middle <= most + 1e-9)
    # From the same table of melanin in all bands: more in one is more in the others.
    order = np.argsort(middle[:, 1])
    assert np.all(np.diff(middle[order], axis=0) >= -1e-12)


def test_dots_are_seen_through_the_maps() -> None:
    rng = np.random.default_rng(3)
    dots = smp.Impressions(*rng.uniform(0, 5, (2, 30)), 0.2, 0.07, 0.1, 80.0)
    uneven = replace(EVEN, melanin_spread=0.2, blood_spread=0.3, pores_per_cm2=150.0)
    pigment = picture(None, impressions=dots) / picture(None)
    assert np.allclose(picture(uneven, impressions=dots) / picture(uneven), pigment, rtol=1e-5)


def test_gloss_adds_the_same_light_to_all_bands_and_skins() -> None:
    relief = replace(EVEN, relief_mm=0.03)
    for light in (None, smp.Light(azimuth_deg=20.0)):
        added = [
            picture(replace(relief, gloss=0.8), skin, light) - picture(relief, skin, light)
            for skin in ("I-II", "VI")
        ]
        assert added[0].min() >= 0.0
        assert added[0].mean() > 0.01
        assert np.abs(added[0] - added[0][..., :1]).max() < 1e-6
        assert np.abs(added[0] - added[1]).max() < 1e-6


def test_relief_is_lit_from_the_side_of_the_lamp() -> None:
    relief = replace(EVEN, relief_mm=0.03)
    light = smp.Light(azimuth_deg=0.0)
    lights = (light, replace(light, azimuth_deg=180.0), replace(light, azimuth_deg=90.0), None)
    here, there, across, sky = (picture(relief, light=each)[..., 1] for each in lights)
    here, there, across = here - sky, there - sky, across - sky
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] < -0.95
    assert abs(np.corrcoef(here.ravel(), across.ravel())[0, 1]) < 0.15
    # A furrow's wall that faces the lamp on the right falls away from it on its left: brighter.
    pit = replace(EVEN, pores_per_cm2=200.0, seed=2)
    lit, even = picture(pit, light=light)[..., 1], picture(pit)[..., 1]
    found = pores(sheet(pit, 5.0))
    n = len(found.x_mm) // 2
    x, y, deep = found.x_mm[:n], found.y_mm[:n], found.peak[:n, 1]
    good = (x > 0.3) & (x < 4.7) & (y > 0.3) & (y < 4.7) & (deep > 0.08)
    row, col = (y[good] * 40).astype(int), (x[good] * 40).astype(int)
    change = lit / even
    assert np.all(change[row, col - 3] > 1.01)
    assert np.all(change[row, col + 3] < 0.99)


def test_relief_and_lamp_leave_the_mean_of_the_skin() -> None:
    bare = bare_reflectance(smp.Skin("III-IV"))
    uneven = replace(EVEN, relief_mm=0.02, melanin_spread=0.05, blood_spread=0.15)
    for light in (None, smp.Light(), smp.Light(elevation_deg=20.0, share=0.9)):
        mean = picture(uneven, light=light, window=(0, 0, 40, 40), px_per_mm=8.0).mean((0, 1))
        assert np.allclose(mean, bare, rtol=0.06)


def test_what_cannot_be_is_said_in_one_line() -> None:
    for values, message in (
        ({"gloss": 1.5}, r"^complexion.gloss must be 0 to 1, got 1.5\.$"),
        ({"tan": "x"}, r"^complexion.tan must be a number, got 'x'\.$"),
        ({"seed": -1}, r"^complexion.seed must be 0 to 2\^63 - 1, got -1\.$"),
        ({"seed": 0.5}, r"^complexion.seed must be a whole number, got 0.5\.$"),
        ({"tan_line_mm": float("nan")}, r"^complexion.tan_line_mm must be finite, got nan\.$"),
    ):
        with pytest.raises(smp.SceneError, match=message):
            smp.Complexion(**values)  # type: ignore[arg-type]
    with pytest.raises(smp.SceneError, match=r"^skin.complexion must be a Complexion or None, got"):
        smp.Skin(complexion=3)  # type: ignore[arg-type]
    with pytest.raises(smp.SceneError, match=r"^skin_type must be one of 'I-II'.* got 'VII'\.$"):
        smp.Complexion.typical("VII")
    with pytest.raises(smp.SceneError, match=r"^complexion.age_years must be 16 to 110, got 7"):
        smp.Complexion.typical(age_years=7)
    with pytest.raises(smp.SceneError, match=r"must be one of melanin_spread, .* got 'spots'\.$"):
        smp.Complexion.typical(spots=3)


def test_a_skin_with_a_table_has_none(tmp_path: Path) -> None:
    message = r"^skin.complexion must be None where skin.table is given, got a Complexion\. Leave"
    with pytest.raises(smp.SceneError, match=message):
        smp.Skin(table=tmp_path / "own.json", complexion=EVEN)  # type: ignore[arg-type]
    plan = {
        "version": 1,
        "treatment": "natural",
        "scalp": {"extent_mm": [9, 7]},
        "skin": {"table": "own.json", "complexion": {}},
    }
    message = r"skin.complexion must be left out where skin.table is given, got 'own.json'\."
    with pytest.raises(smp.PlanError, match=message):
        smp.Plan.from_dict(plan)


def test_a_plan_says_what_its_skin_is_like() -> None:
    plan = {
        "version": 1,
        "seed": 5,
        "treatment": "natural",
        "scalp": {"extent_mm": [9, 7]},
        "client": {"age_years": 60},
        "skin": {"type": "V", "complexion": {"gloss": 0.7}},
    }
    assert smp.Plan.from_dict(plan).skin.complexion == smp.Complexion.typical("V", 60, 5, gloss=0.7)
    plan["skin"] = {"complexion": {"age_years": 20, "seed": 3}}
    again = smp.Plan.from_dict(smp.Plan.from_dict(plan).resolved())
    assert again.skin.complexion == smp.Complexion.typical("I-II", 20, 3)
    plan["skin"] = {"complexion": {"glos": 0.7}}
    with pytest.raises(smp.PlanError, match=r"skin\.complexion\.glos.*Did you mean gloss\?"):
        smp.Plan.from_dict(plan)


def test_a_fraction_of_melanin_says_the_type() -> None:
    def spread(skin: dict[str, object]) -> float:
        plan = smp.Plan.from_dict(
            {"version": 1, "skin": {**skin, "complexion": {}}, "treatment": "natural",
             "scalp": {"extent_mm": [5, 5]}}
        )  # fmt: skip
        found = plan.skin.complexion
        assert found is not None
        return found.melanin_spread

    # Else a dark skin that is given by its melanin would be as patchy as a fair one.
    for fraction, name in ((0.02, "I-II"), (0.1, "III-IV"), (0.22, "V"), (0.3, "VI")):
        assert spread({"melanosome_fraction": fraction}) == spread({"type": name})
