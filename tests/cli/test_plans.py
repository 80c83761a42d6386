"""Plans: what they may say, what they are told when they are wrong, and what becomes of them."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.plan.schema import json_schema

HEAD = 'version = 1\ntreatment = "natural"\nscalp.extent_mm = [9.0, 7.0]\n'
LISTED = "version = 1\nscalp.extent_mm = [9.0, 7.0]\n"


def problems(text: str, folder: Path, name: str = "plan.toml") -> list[str]:
    path = folder / name
    path.write_text(text)
    with pytest.raises(smp.PlanError) as caught:
        smp.load_plan(path)
    lines = [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]
    assert str(caught.value).count("\n") == len(lines) - 1
    return lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "sede = 3\n", "sede must be a known key, got 3. Did you mean seed?"),
        (HEAD + "seed = -1\n", "seed must be greater than or equal to 0, got -1."),
        (HEAD + 'fullness = "high"\n', "fullness must be a number"),
        (HEAD + "texture = 1.5\n", "texture must be less than or equal to 1, got 1.5."),
        (HEAD.replace("1", "2", 1), "version must be 1, got 2."),
        (HEAD.replace("natural", "natrual"), "treatment must be one of natural, strong,"),
        (HEAD.replace("[9.0, 7.0]", "[9.0]"), "scalp.extent_mm[1] must be given, got nothing."),
        (HEAD.replace("9.0", "nan"), "scalp.extent_mm[0] must be"),
        (HEAD + "skin = 3\n", "skin must be a table of keys, got 3."),
        (HEAD + "seed = 1.5\n", "seed must be a whole number, got 1.5."),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm = [[0,0],[1,1]]\n",
            "scalp.regions[0].polygon_mm must have at least 3 entries, got [[0, 0], [1, 1]].",
        ),
        (HEAD + 'skin.type = "VII"\n', "skin.type must be 'I-II', 'III-IV', 'V' or 'VI', got"),
        (HEAD + "skin.scattering = 3\n", "skin.scattering must be less than or equal to 1.6, got"),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm = [[0,0],[5,5],[5,0],[0,5]]\n",
            "scalp.regions[0].polygon_mm must not cross itself, got Self-intersection[2.5 2.5]",
        ),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm = [[0,0],[1,1],[2,2]]\n",
            "scalp.regions[0].polygon_mm must enclose an area",
        ),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm = [[90,90],[91,90],[91,91]]\n",
            "scalp.regions[0].polygon_mm must touch the extent of 9 x 7 mm",
        ),
        (
            HEAD + "[scalp.hairline]\npoints_mm = [[5,1],[2,2]]\n",
            "scalp.hairline.points_mm must go from left to right",
        ),
        (
            HEAD + '[scalp.hairline]\nshape = "roundd"\n',
            "scalp.hairline.shape must be one of rounded, straight, widows-peak, receded, m-shape, "
            "got 'roundd'. Did you mean rounded?",
        ),
        (
            HEAD + '[scalp.hairline]\nshape = "rounded"\npoints_mm = [[0,1],[9,1]]\n',
            "scalp.hairline.shape must be left out where points_mm is given, got 'rounded'. Choose",
        ),
        (
            HEAD + '[scalp.hairline]\nstyle = "natural"\n',
            "scalp.hairline.points_mm must be given, or shape, got neither.",
        ),
        (
            HEAD + "[scalp.hairline]\npoints_mm = [[0,1],[9,1]]\nrecession_mm = 3\n",
            "scalp.hairline.recession_mm must be left out without shape, got 3.0.",
        ),
        (
            HEAD + '[scalp.hairline]\nshape = "rounded"\npeak_mm = 3\n',
            "scalp.hairline.peak_mm must be left out for shape 'rounded', got 3.0. Or: widows-peak",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg = "M 0 0 C 1 2 3 Z"\n',
            "scalp.regions[0].svg must be an SVG path: C takes 6 numbers, got 'Z' at character 15.",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg = "M 80 80 H 90 V 90 Z"\n',
            "scalp.regions[0].svg must touch the extent of 9 x 7 mm, got [80.0, 80.0, 90.0, 90.0].",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg = "M 0 0 H 9 Z"\n',
            "scalp.regions[0].svg must enclose an area, got",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg = "M 0 0 H 9 V 9 Z"\npolygon_mm=[[0,0],[5,5],[5,0]]\n',
            "scalp.regions[0].svg must be left out where polygon_mm is given, got",
        ),
        (
            HEAD + '[[scalp.regions]]\nname = "crown"\n',
            "scalp.regions[0].polygon_mm must be given, or svg, svg_file or mask, got none",
        ),
        (
            HEAD + '[[scalp.regions]]\nmask = "none.png"\n',
            "scalp.regions[0].mask must be a file beside the plan, got",
        ),
        (
            HEAD + '[[scalp.regions]]\nmask = "plan.toml"\n',
            "scalp.regions[0].mask must be a picture, got",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg_file = "none.svg"\nid = "a"\n',
            "scalp.regions[0].svg_file must be a file beside the plan, got",
        ),
        (
            HEAD + '[[scalp.regions]]\nsvg_file = "plan.toml"\n',
            "scalp.regions[0].svg_file must be an SVG file, got",
        ),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm=[[0,0],[5,5],[5,0]]\nbox_mm = [0,0,1,1]\n",
            "scalp.regions[0].box_mm must be left out without mask, got [0.0, 0.0, 1.0, 1.0].",
        ),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm=[[0,0],[5,5],[5,0]]\n"
            "gradient = {from_mm = [1,1], to_mm = [1,1]}\n",
            "scalp.regions[0].gradient.to_mm must be another place than from_mm, got [1.0, 1.0].",
        ),
        (
            HEAD + "[[scalp.regions]]\npolygon_mm=[[0,0],[5,5],[5,0]]\n"
            "gradient = {from_mm = [1,1], too_mm = [1,2], to_mm = [1,3]}\n",
            "scalp.regions[0].gradient.too_mm must be a known key, got [1, 2]. Did you mean to_mm?",
        ),
        (
            HEAD + "[[scalp.parts]]\npoints_mm = [[3,1],[3,1]]\n",
            "scalp.parts[0].points_mm must have a length, got",
        ),
        (
            HEAD + "[[scalp.scars]]\npoints_mm = [[30,1],[30,4]]\n",
            "scalp.scars[0].points_mm must touch the extent of 9 x 7 mm, got",
        ),
        (
            HEAD + "[[scalp.scars]]\npoints_mm = [[3,1],[3,4]]\nwidht_mm = 3\n",
            "scalp.scars[0].widht_mm must be a known key, got 3. Did you mean width_mm?",
        ),
        (LISTED + 'sessions = ["fundation"]\n', "sessions[0].preset must be one of foundation,"),
        (
            LISTED + '[[sessions]]\npreset = "texture"\nradius_mm = 70\n',
            "sessions[0].radius_mm must be less than or equal to 0.5, got 70. Lengths are in mm:",
        ),
        (
            LISTED + '[[sessions]]\npreset = "texture"\ndepth_mm = 3.0\n',
            "sessions[0].depth_mm must be less than or equal to 2.5, got 3.0.",
        ),
        (
            LISTED + '[[sessions]]\npreset = "texture"\ndepth_mm = 0.02\n',
            "sessions[0].depth_mm must be at least thickness_mm / 2 = 0.04, got 0.02.",
        ),
        (
            LISTED + '[[sessions]]\npreset = "foundation"\ndensity_per_cm2 = 90000\n',
            "sessions[0].density_per_cm2 must be at most 2865 for this radius_mm, got 90000.0.",
        ),
        (
            LISTED + '[[sessions]]\npreset = "texture"\npigment = "grey-9"\n',
            "sessions[0].pigment must be one of grey-1,",
        ),
        (
            LISTED + '[[sessions]]\npreset = "texture"\nday = 9\n[[sessions]]\npreset = "texture"\n'
            "day = 3\n",
            "sessions[1].day must be at least 9, that of the session before, got 3.0.",
        ),
        (
            HEAD + 'faults = ["too-dep"]\n',
            "faults[0] must be one of too-deep, too-dark,",
        ),
        (HEAD + 'faults = "merged"\n', "faults must be "),
        (LISTED, "sessions must list at least one session, or treatment be given, got neither."),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    lines = problems(text, tmp_path)
    assert len(lines) == 1, lines
    assert lines[0].startswith(message)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = HEAD + 'seed = -1\nskin.tint = "x"\nfullness = 7\nscalp.regions = [{polygon_mm = 3}]\n'
    found = [line.split(" ")[0] for line in problems(text, tmp_path)]
    assert sorted(found) == ["fullness", "scalp.regions[0].polygon_mm", "seed", "skin.tint"]


def test_syntax_errors_name_the_line(tmp_path: Path) -> None:
    assert "(at line 2, column 8)" in problems("version = 1\nseed = x\n", tmp_path)[0]
    wrong = problems('{"version": 1,\n "seed" 3}', tmp_path, "plan.json")[0]
    assert "(at line 2, column 9)" in wrong
    assert problems("", tmp_path, "plan.yaml")[0].startswith("a plan must end in .toml or .json")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(smp.PlanError, match=r"must be UTF-8 text, got byte 0 otherwise"):
        smp.load_plan(tmp_path / "bytes.toml")


def same(a: smp.Scene, b: smp.Scene) -> bool:
    left, right = a.impressions, b.impressions
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in COLUMNS)


def test_toml_json_and_resolved_plans_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD)
    data = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [9.0, 7.0]}}
    (tmp_path / "b.json").write_text(json.dumps({"$schema": "plan.schema.json", **data}))
    first, second = (smp.load_plan(tmp_path / name) for name in ("a.toml", "b.json"))
    assert same(first.scene(), second.scene())
    (tmp_path / "c.json").write_text(json.dumps(first.resolved()))
    assert same(first.scene(), smp.load_plan(tmp_path / "c.json").scene())


def test_the_published_schema_is_the_schema() -> None:
    """SMP_REGENERATE=1 publishes it again."""
    published = resources.files("smpengine.plan").joinpath("plan.schema.json")
    if os.environ.get("SMP_REGENERATE") == "1":
        with resources.as_file(published) as path:
            path.write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    assert json.loads(published.read_text(encoding="utf-8")) == json_schema()


def test_unknown_faults_are_told(tmp_path: Path) -> None:
    (line,) = problems(HEAD + 'faults = ["merged", "mirored"]\n', tmp_path)
    assert line.startswith("faults[1] must be one of ")
    assert line.endswith("got 'mirored'. Did you mean mirrored?")
    good = smp.Plan.from_dict(
        {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [9, 7]}}
    )
    with pytest.raises(smp.PlanError, match=r"got 'unevn'\. Did you mean uneven\?$") as caught:
        good.with_faults("unevn")
    assert len(caught.value.problems) == 1


def test_days_bring_sessions(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(HEAD)
    plan = smp.load_plan(tmp_path / "plan.toml")
    counts = [len(plan.scene(day).impressions) for day in (-1, 0, 14, 28, None)]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[3] == counts[4]
    first = plan.scene(0).impressions
    assert np.array_equal(first.x_mm, plan.scene().impressions.x_mm[: len(first)])


def test_pigments_and_dilution() -> None:
    def mua(pigment: object, dilution: float) -> np.ndarray:
        session = {"preset": "texture", "pigment": pigment, "dilution": dilution, "mua_spread": 0}
        scalp = {"extent_mm": [9, 7]}
        plan = smp.Plan.from_dict({"version": 1, "scalp": scalp, "sessions": [session]})
        return plan.scene().impressions.mua_per_mm[0]

    np.testing.assert_allclose(mua("grey-5", 1), [120, 120, 120])
    np.testing.assert_allclose(mua("black", 4), [50, 50, 50])
    np.testing.assert_allclose(mua({"mua_per_mm": 30}, 2), [15, 15, 15])
    np.testing.assert_allclose(mua({"mua_per_mm": [10, 20, 30]}, 1), [10, 20, 30])


def test_crowds_are_told() -> None:
    session = {"preset": "texture", "density_per_cm2": 3000}
    data = {"version": 1, "scalp": {"extent_mm": [9, 7]}, "sessions": [session]}
    notes = smp.Plan.from_dict(data).notes
    assert len(notes) == 1
    assert notes[0].startswith("3000 dots per cm2 in all are more than the 2500")


def test_fullness_darkens_and_texture_raises_contrast() -> None:
    data = {"version": 1, "seed": 5, "treatment": "natural", "scalp": {"extent_mm": [24, 24]}}

    def red(**dials: float) -> np.ndarray:
        scene = smp.Plan.from_dict({**data, **dials}).scene()
        return smp.render(scene, 30.0, (2, 2, 22, 22), "linear")[..., 0].astype(float)

    steps = np.linspace(0.0, 1.0, 11)
    means = [red(fullness=float(f)).mean() for f in steps]
    assert (np.diff(means) < 0.0).all()
    pictures = [red(texture=float(t)) for t in steps]
    contrast = [picture.std() / picture.mean() for picture in pictures]
    assert (np.diff(contrast) > 0.0).all()
