"""Many bands to a picture: the observer, pigments by spectrum, and the three bands beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import colour
import numpy as np
import pytest
import tifffile

import smpengine as smp
from smpengine.calibrate.properties import SkinFile
from smpengine.calibrate.run import calibrate
from smpengine.image.observer import ILLUMINANTS, linear_srgb_weights
from smpengine.image.write import write_image
from smpengine.plan.pigments import MUA_PER_MM, mua_at, shade_at
from smpengine.skintable import RGB_NM, SkinTable
from smpengine.workers import Workers

BANDS_NM = tuple(float(nm) for nm in range(400, 701, 30))  # eleven: the last group fills up


@pytest.fixture(scope="session")
def table() -> SkinTable:
    skin = SkinFile(melanosome_fraction=0.07, lambda_nm=list(BANDS_NM))
    return calibrate(skin, 20_000, 1, Workers(2))


@pytest.fixture(scope="session")
def dots() -> smp.Impressions:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.0, 4.0, (2, 40))
    return smp.Impressions(x, y, rng.uniform(0.1, 0.5, 40), 0.06, 0.1, 60.0)


@pytest.mark.parametrize("illuminant", ILLUMINANTS)
def test_white_is_white(illuminant: str) -> None:
    weights = linear_srgb_weights(BANDS_NM, illuminant)
    assert np.allclose(weights.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_colours_are_those_of_colour_science() -> None:
    """Patches of the ColorChecker under D65, by the library's own integration."""
    chart = colour.SDS_COLOURCHECKERS["BabelColor Average"]
    nm = tuple(float(w) for w in range(380, 731, 10))
    weights = linear_srgb_weights(nm, "D65")
    for name in ("dark skin", "light skin", "blue sky", "neutral 5 (.70 D)"):
        patch = chart[name].copy()
        reflectance = np.interp(nm, patch.wavelengths, patch.values)
        xyz = colour.sd_to_XYZ(patch, illuminant=colour.SDS_ILLUMINANTS["D65"]) / 100.0
        want = colour.XYZ_to_sRGB(xyz, apply_cctf_encoding=False)
        assert np.abs(weights @ reflectance - want).max() < 2e-3


def test_groups_join_to_the_bands(table: SkinTable, dots: smp.Impressions) -> None:
    scene = smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0))
    linear = smp.render(scene, 40.0, output="linear")
    assert linear.shape == (160, 160, len(BANDS_NM))
    bare = np.array([band.reflectance for band in table.bands])
    assert (linear <= bare * (1.0 + 1e-6)).all()
    a = smp.render(scene, 40.0, output="absorbance")
    assert np.allclose(np.exp(-a) * bare, linear, rtol=1e-5)
    picture = smp.render(scene, 40.0, output="srgb16", exposure=1.0)
    light = linear.astype(float) @ linear_srgb_weights(BANDS_NM).T
    middle = (light > 0.05) & (light < 0.6)
    want = colour.cctf_encoding(light, function="sRGB")
    assert np.abs(picture / 65535.0 - want)[middle].max() < 2e-3


def test_windows_threads_and_devices_agree(
    table: SkinTable, dots: smp.Impressions, opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import smpengine.spectrum as spectrum

    scene = smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0))
    whole = smp.render(scene, 40.0, device="cpu")
    part = smp.render(scene, 40.0, (1.0, 0.5, 3.0, 2.0), device="cpu", threads=7)
    assert np.array_equal(part, whole[20:80, 40:120])
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(spectrum, "_AT_ONCE_PX", 160 * 50)
    again = smp.render(scene, 40.0, device="cpu", progress=lambda *each: seen.append(each))
    assert np.array_equal(again, whole)
    assert seen[-1] == (16, 16)
    with pytest.raises(smp.Cancelled):
        smp.render(scene, 40.0, device="cpu", cancel=lambda: len(seen) > 3)
    other = smp.render(scene, 40.0, device=opencl)
    assert np.abs(other.astype(int) - whole.astype(int)).max() <= 1
    reference = smp.render(scene, 40.0, (1.0, 0.5, 1.5, 1.0), device="reference")
    assert np.abs(reference.astype(int) - whole[20:40, 40:60].astype(int)).max() <= 1


def test_three_bands_are_near(table: SkinTable, dots: smp.Impressions) -> None:
    many = smp.render(smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0)), 40.0)
    three = smp.render(smp.Scene(smp.Skin(melanosome_fraction=0.07), dots, (4.0, 4.0)), 40.0)
    a, b = (colour.XYZ_to_Lab(colour.sRGB_to_XYZ(p[::8, ::8] / 255.0)) for p in (many, three))
    assert np.median(colour.delta_E(a, b, method="CIE 2000")) < 7.5


def test_an_illuminant_changes_little_and_is_checked(
    table: SkinTable, dots: smp.Impressions
) -> None:
    scene = smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0))
    day, lamp = (
        smp.render(scene, 40.0, illuminant=name).mean(axis=(0, 1)) for name in ("D65", "A")
    )
    assert 2.0 < np.abs(day - lamp).max() < 30.0
    with pytest.raises(smp.SceneError, match=r"illuminant must be one of D65, .*, got 'candle'"):
        smp.render(scene, 40.0, illuminant="candle")
    three = smp.Scene(smp.Skin(), dots, (4.0, 4.0))
    with pytest.raises(smp.SceneError, match="illuminant must be 'D65' for the bands R, G, B"):
        smp.render(three, 40.0, illuminant="A")
    few = SkinTable(table.bands[:5], table.epidermis_mm)
    with pytest.raises(
        smp.SceneError, match="bands of the skin must cover 440 to 660 nm in steps of at most 60"
    ):
        smp.render(smp.Scene(smp.Skin(table=few), dots, (4.0, 4.0)), 40.0)
    with pytest.raises(smp.SceneError, match="scene must have the bands R, G, B to be kept"):
        smp.upload(scene, "cpu")
    colours = smp.Impressions([1.0], [1.0], 0.2, 0.05, 0.1, [[1.0, 2.0, 3.0]])
    with pytest.raises(smp.SceneError, match=r"mua_per_mm must have shape \(n,\) or \(n, 11\)"):
        smp.Scene(smp.Skin(table=table), colours, (4.0, 4.0))


def test_pigments_have_spectra() -> None:
    for name, bands in MUA_PER_MM.items():
        assert shade_at(name, RGB_NM) == bands
        assert np.allclose(shade_at(name, (*RGB_NM, 500.0))[:3], bands, rtol=1e-12)
    assert len(set(shade_at("black", BANDS_NM))) == 1
    brown = shade_at("warm-brown-1", BANDS_NM)
    assert (np.diff(brown) < 0.0).all()
    assert mua_at((400.0, 500.0, 550.0), (600.0, 500.0), (10.0, 30.0)) == (30.0, 30.0, 20.0)


PLAN = """
version = 1
[skin]
table = "own.json"
[scalp]
extent_mm = [5.0, 4.0]
[[sessions]]
preset = "foundation"
pigment = { lambda_nm = [400, 550, 700], mua_per_mm = [60, 30, 20] }
[[sessions]]
preset = "definition"
pigment = "warm-brown-2"
"""


def test_plans_name_a_table(table: SkinTable, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    with pytest.raises(smp.PlanError, match=r"plan.toml: skin.table: .*own.json: cannot be read"):
        smp.load_plan(path)
    table.write(tmp_path / "own.json")
    plan = smp.load_plan(path)
    scene = plan.scene()
    assert scene.impressions.mua_per_mm.shape == (len(scene.impressions), len(BANDS_NM))
    first = plan.layers()[0].mua_per_mm
    assert first[0] / first[-1] == pytest.approx(3.0)
    assert scene.provenance["skin_table"]["photons"] == 20_000
    assert smp.render(scene, 20.0).shape == (80, 100, 3)
    path.write_text(PLAN.replace("[skin]", '[skin]\ntype = "VI"'))
    with pytest.raises(smp.PlanError, match="skin must have a table or other values"):
        smp.load_plan(path)
    path.write_text(PLAN.replace("[400, 550, 700]", "[400, 700, 550]"))
    with pytest.raises(smp.PlanError, match="lambda_nm that ascend"):
        smp.load_plan(path)


def test_bands_that_are_the_engines_own_among_others(
    table: SkinTable, dots: smp.Impressions
) -> None:
    """460, 545, 610 nm may be three of many: then they ascend, as all others."""
    of = dict(zip(BANDS_NM, table.bands, strict=True))
    some = [of[430.0], of[460.0], of[520.0], of[550.0]]
    for nm, band in zip((460.0, 545.0, 610.0, 650.0), some, strict=True):
        some[some.index(band)] = replace(band, lambda_nm=nm)
    four = SkinTable(tuple(some), table.epidermis_mm)
    mua = np.outer(np.ones(len(dots)), [80.0, 40.0, 20.0, 10.0])
    coloured = smp.Impressions(
        dots.x_mm, dots.y_mm, dots.depth_mm, dots.radius_mm, dots.thickness_mm, mua
    )
    scene = smp.Scene(smp.Skin(table=four), coloured, (4.0, 4.0))
    near = SkinTable((replace(some[0], lambda_nm=460.5), *some[1:]), table.epidermis_mm)
    other = smp.Scene(smp.Skin(table=near), coloured, (4.0, 4.0))
    seen = [smp.render(each, 20.0, output="linear") for each in (scene, other)]
    assert np.allclose(seen[0].max(axis=(0, 1)), [b.reflectance for b in some], rtol=0.05)
    assert np.allclose(seen[0], seen[1], rtol=1e-6)


def test_a_window_of_one_column_is_the_crop(table: SkinTable, dots: smp.Impressions) -> None:
    scene = smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0))
    whole = smp.render(scene, 20.0, output="srgb16")
    for column in (3, 40, 77):
        left = column / 20.0
        part = smp.render(scene, 20.0, (left, 0.0, left + 0.05, 4.0), "srgb16")
        assert np.array_equal(part, whole[:, column : column + 1])


def test_pictures_of_many_bands_are_files(
    table: SkinTable, dots: smp.Impressions, tmp_path: Path
) -> None:
    scene = smp.Scene(smp.Skin(table=table), dots, (4.0, 4.0))
    linear = smp.render(scene, 10.0, output="linear")
    for name in ("a.npy", "a.tif"):
        write_image(tmp_path / name, linear, {"px_per_mm": 10.0, "output": "linear"})
    assert np.array_equal(np.load(tmp_path / "a.npy"), linear)
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), linear)
    smp.write_impressions(tmp_path / "a.csv", scene.impressions)
    mua = np.outer(np.ones(len(dots)), np.arange(1.0, len(BANDS_NM) + 1))
    coloured = smp.Impressions(dots.x_mm, dots.y_mm, 0.2, 0.05, 0.1, mua)
    with pytest.raises(smp.InputError, match="mua_per_mm must be in R, G, B, or the same in all"):
        smp.write_impressions(tmp_path / "b.csv", coloured)
    flat = smp.Impressions(dots.x_mm, dots.y_mm, 0.2, 0.05, 0.1, mua[:, :1])
    smp.write_impressions(tmp_path / "c.csv", flat)
    assert np.array_equal(smp.read_impressions(tmp_path / "c.csv").mua_per_mm, np.ones((40, 3)))
    one = smp.Scene(smp.Skin(), flat, (4.0, 4.0))
    three = smp.Scene(smp.Skin(), smp.read_impressions(tmp_path / "c.csv"), (4.0, 4.0))
    assert np.array_equal(smp.render(one, 20.0), smp.render(three, 20.0))
