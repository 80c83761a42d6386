"""Fits of the engine's own pictures, whose dots are known, and `smpengine fit` as it is typed."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

import smpengine as smp
from smpengine.cli import main
from smpengine.photo.fit_codec import passed, quality_of
from smpengine.photo.fit_result import CORRELATED, Fit
from smpengine.plan.load import read_mapping
from smpengine.skintable import RGB_NM, SkinBand, SkinTable

WIDTH_MM, HEIGHT_MM = 15.0, 12.0
_FILE = Path(__file__).parents[2] / "benchmarks" / "fit.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fit_benchmark", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCH: Any = _load()


@dataclass(frozen=True)
class Truth:
    """What a picture is of, and how it is taken."""

    skin: str
    radius_mm: float
    density_per_cm2: float
    mua_per_mm: float
    scattering: float
    px_per_mm: float
    noise: float = 0.0
    blur_px: float = 0.0
    granularity: float = 0.0
    spacing: float = 0.5
    treated_mm: float = WIDTH_MM


LIGHT_SKIN = Truth("I-II", 0.070, 130.0, 35.0, 0.9, 20.0, noise=1.0, blur_px=0.6)
MEDIUM_SKIN = Truth("III-IV", 0.060, 180.0, 50.0, 1.15, 20.0)
DARK_SKIN = Truth("V", 0.075, 120.0, 60.0, 0.8, 10.0, noise=0.5, blur_px=0.5, granularity=0.5)
AT_RANDOM = replace(LIGHT_SKIN, skin="III-IV", density_per_cm2=200.0, spacing=0.0)
BESIDE_BARE = replace(LIGHT_SKIN, radius_mm=0.055, granularity=0.6, treated_mm=10.0)


def picture(
    truth: Truth, seed: int = 1
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, float]:
    """Return a picture, its mask where bare skin is in it, and the density it really has."""
    rng = np.random.default_rng(seed)
    wide = truth.treated_mm
    n = round(truth.density_per_cm2 * wide * HEIGHT_MM / 100.0)
    least = truth.spacing / np.sqrt(truth.density_per_cm2 / 100.0)
    dots = smp.Impressions(
        *BENCH.thrown(n, (wide, HEIGHT_MM), least, rng).T,
        0.2,
        truth.radius_mm,
        0.1,
        truth.mua_per_mm,
        granularity=truth.granularity,
    )
    skin = smp.Skin(truth.skin, scattering=truth.scattering)
    scene = smp.Scene(skin, dots, (WIDTH_MM, HEIGHT_MM))
    image = smp.render(scene, truth.px_per_mm, device="cpu")
    image = BENCH.photographed(image, BENCH.Kind(blur_px=truth.blur_px, noise=truth.noise), rng)
    mask = None
    if wide < WIDTH_MM:
        mask = np.zeros(image.shape[:2], bool)
        mask[:, : round(wide * truth.px_per_mm)] = True
    return image, mask, 100.0 * n / (wide * HEIGHT_MM)


@functools.cache
def fitted(truth: Truth) -> Fit:
    """Return the fit of its picture, skin and sharpness told."""
    image, mask, _ = picture(truth)
    skin = smp.Skin(truth.skin)
    return smp.fit(image, truth.px_per_mm, mask, skin=skin, sharpness_px=truth.blur_px)


# Percent: radius, density, absorption, scattering. What dots that take all light could take more
# of hardly shows, so absorption is known least.
@pytest.mark.parametrize(
    ("truth", "percent"),
    [
        pytest.param(LIGHT_SKIN, (4, 3, 25, 3), id="light, noise"),
        pytest.param(MEDIUM_SKIN, (4, 4, 30, 3), id="medium, clean"),
        pytest.param(DARK_SKIN, (5, 6, 55, 5), id="dark, coarse"),
        pytest.param(BESIDE_BARE, (4, 4, 35, 3), id="beside bare skin"),
        pytest.param(AT_RANDOM, (5, 5, 25, 5), id="at random, some hidden"),
    ],
)
def test_known_dots_are_found_within_their_errors(truth: Truth, percent: tuple[int, ...]) -> None:
    found, density = fitted(truth), picture(truth)[2]
    true = {name: getattr(truth, name) for name in CORRELATED} | {"density_per_cm2": density}
    for name, most in zip(CORRELATED, percent, strict=True):
        e = found[name]
        off = f"{name}: {e.value:.4g} +- {e.sigma:.2g}, truly {true[name]:.4g}"
        assert abs(e.value / true[name] - 1.0) < most / 100.0, off
        assert abs(e.value - true[name]) < 2.5 * e.sigma, off
        assert e.sigma / e.value < most / 100.0, f"{off}: too unsure to be of use"
    assert found.misfit < 2.0
    present = density * truth.treated_mm * HEIGHT_MM / 100.0
    assert found.dots_found == pytest.approx(present, rel=0.05 if truth.spacing else 0.12)
    has_level = not any(note.startswith("level:") for note in found.notes)
    assert has_level == (truth.treated_mm < WIDTH_MM)


def test_dots_that_jpeg_flattened_are_found_too() -> None:
    image, _, density = picture(LIGHT_SKIN)
    skin, blur_px = smp.Skin(LIGHT_SKIN.skin), LIGHT_SKIN.blur_px
    found = smp.fit(passed(image, 92), LIGHT_SKIN.px_per_mm, skin=skin, sharpness_px=blur_px)
    for name, most in (("radius_mm", 0.10), ("scattering", 0.08), ("density_per_cm2", 0.03)):
        true = density if name == "density_per_cm2" else getattr(LIGHT_SKIN, name)
        e = found[name]
        assert abs(e.value / true - 1.0) < most, name
        assert abs(e.value - true) < 2.5 * e.sigma, name
    assert found["radius_mm"].sigma > 1.5 * fitted(LIGHT_SKIN)["radius_mm"].sigma
    assert found.misfit < 2.0
    assert any("JPEG of quality 92" in note for note in found.notes)
    assert not any("JPEG" in note for note in fitted(LIGHT_SKIN).notes)


def test_a_picture_tells_the_quality_it_was_encoded_with() -> None:
    image = picture(LIGHT_SKIN)[0]
    assert quality_of(image) is None
    for quality in (75, 85, 92, 95):
        assert quality_of(passed(image, quality)) == quality


def test_the_same_picture_gives_the_same_bits() -> None:
    image = picture(LIGHT_SKIN)[0]
    told: dict[str, Any] = {"skin": smp.Skin(LIGHT_SKIN.skin), "sharpness_px": LIGHT_SKIN.blur_px}
    for threads in (1, 2):
        again = smp.fit(image, LIGHT_SKIN.px_per_mm, threads=threads, **told)
        assert again.as_dict() == fitted(LIGHT_SKIN).as_dict()


def test_errors_grow_with_noise() -> None:
    noisy, calm = fitted(replace(LIGHT_SKIN, noise=4.0)), fitted(LIGHT_SKIN)
    for name in ("radius_mm", "mua_per_mm", "scattering"):
        relative = [fit[name].sigma / fit[name].value for fit in (noisy, calm)]
        assert relative[0] > 1.2 * relative[1], name


def test_what_is_not_told_is_estimated_and_said() -> None:
    truth = replace(LIGHT_SKIN, skin="III-IV", blur_px=1.0)
    found, told = smp.fit(picture(truth)[0], truth.px_per_mm), fitted(truth)
    for name in ("radius_mm", "scattering"):
        assert abs(found[name].value - getattr(truth, name)) < 2.5 * found[name].sigma, name
        assert found[name].sigma > told[name].sigma, name
    said, known = ({note.split(":")[0] for note in each.notes} for each in (found, told))
    assert {"skin", "blur"} <= said
    assert not {"skin", "blur"} & known


def test_what_was_fitted_is_a_plan_that_draws_it() -> None:
    found = fitted(BESIDE_BARE)
    plan = smp.Plan.from_dict(found.plan_keys())
    assert plan.extent_mm == (WIDTH_MM, HEIGHT_MM)
    dots = plan.scene().impressions
    area_cm2 = WIDTH_MM * HEIGHT_MM / 100.0
    assert len(dots) / area_cm2 == pytest.approx(found["density_per_cm2"].value, rel=0.03)
    assert np.median(dots.radius_mm) == pytest.approx(found["radius_mm"].value, rel=0.02)
    assert smp.render(plan.scene(), plan.px_per_mm).shape == picture(BESIDE_BARE)[0].shape


def test_progress_ends_at_its_total_and_cancel_stops_it() -> None:
    image = picture(LIGHT_SKIN)[0]
    told: dict[str, Any] = {"skin": smp.Skin(LIGHT_SKIN.skin), "sharpness_px": LIGHT_SKIN.blur_px}
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        seen.append((done, total))

    with pytest.raises(smp.Cancelled):
        smp.fit(image, 20.0, progress=report, cancel=lambda: len(seen) == 2, **told)
    assert len(seen) == 2
    seen.clear()
    smp.fit(image, 20.0, progress=report, **told)
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))
    assert len({total for _, total in seen}) == 1


SMALL = np.full((90, 90, 3), 150, np.uint8)
BANDS = (
    SkinBand(nm, 1.5, 0.5, 0.1, 0.4, 0.001, 0.01, np.full((36, 6), 0.1), np.ones(36))
    for nm in RGB_NM
)
OWN_TABLE = smp.Skin(table=SkinTable(tuple(BANDS), 0.08))


@pytest.mark.parametrize(
    ("px_per_mm", "more", "said"),
    [
        (3.0, {}, "px_per_mm must be at least 6 pixels per mm, for dots to show their size, got 3"),
        (math.nan, {}, "px_per_mm must be 0.1 to 10000 pixels per mm, got nan"),
        (20.0, {"mask": np.zeros((90, 90), bool)}, "mask must have a treated area, got none"),
        (20.0, {"mask": np.ones((90, 80), bool)}, "mask must have the picture's shape (90, 90)"),
        (20.0, {"sharpness_px": 0.0}, "image must show at least 12 dots that stand alone, got 0"),
        (20.0, {"depth_mm": 0.04}, "depth_mm must be at least half of thickness_mm, got 0.04"),
        (20.0, {"depth_mm": 3.0}, "depth_mm must be over 0 and at most 2.5 mm, got 3"),
        (20.0, {"thickness_mm": 1.2}, "thickness_mm must be over 0 and at most 1 mm, got 1.2"),
        (20.0, {"granularity": 2}, "granularity must be 0 to 1, got 2"),
        (20.0, {"sharpness_px": -1}, "sharpness_px must be 0 to 20 pixels, got -1"),
        (20.0, {"skin": OWN_TABLE}, "skin must be given by type or melanosome_fraction, got a tab"),
        (20.0, {"skin": "V"}, "skin must be a Skin, got str"),
    ],
)
def test_what_cannot_be_fitted_is_said_in_a_line(
    px_per_mm: float, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(smp.InputError) as caught:
        smp.fit(SMALL, px_per_mm, **{"skin": smp.Skin("V"), **more})
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold a picture of this engine, a camera's of the same, and a mask."""
    from smpengine.image.write import write_image

    path = tmp_path_factory.mktemp("fit")
    image, mask, _ = picture(BESIDE_BARE)
    assert mask is not None
    write_image(path / "own.png", image, {"px_per_mm": BESIDE_BARE.px_per_mm, "output": "srgb8"})
    Image.fromarray(image).save(path / "camera.png")
    Image.fromarray(np.where(mask, 128, 127).astype(np.uint8)).save(path / "mask.png")
    return path


def run(folder: Path, *arguments: str) -> Result:
    words = [str(folder / a) if a.endswith((".png", ".json", ".toml")) else a for a in arguments]
    return CliRunner().invoke(main, ["fit", *words])


TOLD = ("--skin", BESIDE_BARE.skin, "--sharpness", str(BESIDE_BARE.blur_px))


def test_the_command_prints_writes_and_plans_what_was_fitted(folder: Path) -> None:
    files = ("--json", "a.json", "--plan", "a.toml")
    done = run(folder, "own.png", "--mask", "mask.png", *TOLD, *files)
    assert done.exit_code == 0, done.output
    found = fitted(BESIDE_BARE)
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    for e in found.estimates:
        assert rows[e.name].split()[1:4] == [f"{e.value:.4g}", "+-", f"{e.sigma:.2g}"]
        assert rows[e.name].endswith(e.definition)
    assert rows["dots_fitted"].split()[1] == str(found.dots_fitted)
    for note in found.notes:
        assert f"note: {note}" in done.stderr
    assert json.loads((folder / "a.json").read_text()) == found.as_dict()
    values = [(e["value"], e["sigma"]) for e in found.as_dict()["estimates"]]
    assert np.isfinite(np.array(values, float)).all()
    assert read_mapping(folder / "a.toml") == found.plan_keys()
    assert smp.load_plan(folder / "a.toml").px_per_mm == BESIDE_BARE.px_per_mm


def test_a_measured_distance_is_a_scale(folder: Path) -> None:
    measured = ("--landmarks", "10", "10", "210", "10", "10")
    done = run(folder, "camera.png", "--mask", "mask.png", *TOLD, *measured, "--json", "b.json")
    assert done.exit_code == 0, done.output
    assert json.loads((folder / "b.json").read_text()) == fitted(BESIDE_BARE).as_dict()


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (2, ("camera.png",), "--px-per-mm must be given, got none in"),
        (2, ("own.png", "--px-per-mm", "20", "--landmarks", "0", "0", "9", "9", "1"),
         "the scale must be given once: --px-per-mm or --landmarks"),
        (2, ("own.png", "--px-per-mm", "3"), "px_per_mm must be at least 6"),
        (2, ("none.png",), "photo must be a file that can be read"),
        (1, ("own.png", "--json", "own.png"), "--json must be another file than the photo"),
        (2, ("own.png", "--mask", "mask.png", "--json", "mask.png"),
         "--json must be another file than that of --mask"),
        (2, ("own.png", "--plan", "c.json"), "--plan must end in .toml"),
        (1, ("own.png", "--json", "no/c.json"), "--json must be in a folder that exists"),
        (2, ("own.png", "--skin", "VII"), "skin.type must be one of 'I-II'"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong_and_writes_nothing(
    folder: Path, code: int, arguments: tuple[str, ...], said: str
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    done = run(folder, *arguments)
    assert done.exit_code == code
    assert done.stderr.startswith(f"smpengine: {said}")
    assert done.stderr.count("\n") == 1
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
