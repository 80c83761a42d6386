"""Fades, parts, scars, SVG outlines and masks, in numbers and in windows."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from shapely import LineString, Point, Polygon, contains_xy

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.plan import curves
from smpengine.plan.curves import flattened
from smpengine.plan.density import DensityMap, Gradient, Mask, Region, Stroke
from smpengine.plan.outlines import OutlineError, check_path, path_rings, read_mask

SQUARE = [(0.0, 0.0), (60.0, 0.0), (60.0, 40.0), (0.0, 40.0)]
RNG = np.random.default_rng(5)
X, Y = RNG.uniform((-2.0, -2.0), (62.0, 42.0), (4000, 2)).T


def plan(folder: Path | None = None, **scalp: Any) -> smp.Plan:
    data = {"version": 1, "seed": 3, "treatment": "natural"}
    data["scalp"] = {"extent_mm": [60.0, 40.0], **scalp}
    if folder is None:
        return smp.Plan.from_dict(data)
    (folder / "plan.json").write_text(json.dumps(data))
    return smp.load_plan(folder / "plan.json")


def same(a: smp.Impressions, b: smp.Impressions) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


def test_a_fade_is_linear() -> None:
    fade = Gradient((10.0, 20.0), (50.0, 20.0), (1.0, 0.2))
    density = DensityMap([Region(SQUARE, 1.5, 0.0, gradient=fade)])
    x = np.array([1.0, 10.0, 20.0, 30.0, 50.0, 59.0])
    expected = 1.5 * np.array([1.0, 1.0, 0.8, 0.6, 0.2, 0.2])
    np.testing.assert_allclose(density.at(x, np.linspace(5.0, 35.0, 6)), expected, atol=1e-12)
    assert density.largest == 1.5
    # Slanted: level across, and rising factors bound it too.
    slanted = Gradient((10.0, 10.0), (30.0, 20.0), (0.5, 3.0))
    density = DensityMap([Region(SQUARE, 1.0, 0.0, gradient=slanted)])
    at = density.at(np.array([20.0, 18.0, 22.0]), np.array([15.0, 19.0, 11.0]))
    np.testing.assert_allclose(at, 1.75)
    assert density.largest == 3.0


def test_dots_follow_a_fade_within_noise() -> None:
    fade = {"from_mm": [0.0, 0.0], "to_mm": [60.0, 0.0], "density": [1.0, 0.0]}
    region = {"polygon_mm": SQUARE, "gradient": fade}
    full, faded = (plan(regions=[r]).scene().impressions for r in ({"polygon_mm": SQUARE}, region))
    bins = np.linspace(0.0, 60.0, 7)
    share = np.histogram(faded.x_mm, bins)[0] / np.histogram(full.x_mm, bins)[0]
    middles = 0.5 * (bins[1:] + bins[:-1])
    np.testing.assert_allclose(share, 1.0 - middles / 60.0, atol=0.025)


def test_a_part_line_is_raised_and_a_scar_lies_on_top() -> None:
    part = Stroke([(30.0, -1.0), (30.0, 41.0)], 6.0, 2.0, 4.0)
    scar = Stroke([(10.0, 20.0), (50.0, 20.0)], 4.0, 1.5, 0.0)
    density = DensityMap([Region(SQUARE, 0.5, 0.0)], strokes=[part, scar])
    x = np.array([30.0, 32.0 - 1e-9, 33.0, 35.0, 20.0, 30.0, 20.0, 20.0, 51.9, 52.1])
    y = np.array([5.0, 5.0, 5.0, 5.0, 5.0, 20.0, 21.9, 22.1, 20.0, 20.0])
    expected = np.array([2.0, 1.84375, 1.5, 1.0, 1.0, 1.5, 1.5, 1.0, 1.5, 1.0])
    expected[1] = 1.0 + 0.75 * 0.75 * (3.0 - 2.0 * 0.75)
    np.testing.assert_allclose(density.at(x, y), 0.5 * expected, atol=1e-6)
    assert density.largest == 1.0
    assert DensityMap(strokes=[Stroke([(0, 0), (1, 0)], 1.0, 0.2, 0.0)]).largest == 1.0

    points = [[30.0, 0.0], [31.0, 20.0], [29.0, 40.0]]
    filled = plan(parts=[{"points_mm": points, "density": 2.0, "width_mm": 6.0, "feather_mm": 2.0}])
    bare, dots = plan().scene().impressions, filled.scene().impressions
    near, far = (lambda d: (np.abs(d.x_mm - 30.0) < 1.5).sum()), (lambda d: (d.x_mm < 24.0).sum())
    assert near(dots) == pytest.approx(2.0 * near(bare), rel=0.06)
    assert far(dots) == far(bare)


CURVED = "M 10 10 C 20 -5 40 5 50 10 S 55 30 40 35 Q 30 30 20 35 T 8 25 A 9 6 20 0 1 10 10 Z"
HOLED = "m10,10h40v20h-40z m10 5 v10 h20 v-10z"


def test_svg_paths_are_their_polygons() -> None:
    (ring,) = path_rings("M 10 10 L 50 12 H 40 V 30 l -20 -3 z")
    assert ring == [(10, 10), (50, 12), (40, 12), (40, 30), (20, 27)]
    outer, inner = path_rings(HOLED)
    density = DensityMap([Region(outer, 1.0, 0.0, [inner])])
    shape = Polygon(outer, [inner])
    np.testing.assert_array_equal(density.at(X, Y) > 0.0, contains_xy(shape, X, Y))
    # Feathers run along the hole's edge as along the outer one.
    soft = DensityMap([Region(outer, 1.0, 4.0, [inner])])
    signed = np.array([shape.boundary.distance(Point(p)) for p in zip(X, Y, strict=True)])
    signed *= np.where(contains_xy(shape, X, Y), 1.0, -1.0)
    t = np.clip(0.5 + signed / 4.0, 0.0, 1.0)
    np.testing.assert_allclose(soft.at(X, Y), t * t * (3.0 - 2.0 * t), atol=1e-12)


def test_curves_are_flattened_within_two_hundredths_of_a_mm() -> None:
    from svgelements import Path as SvgPath

    (ring,) = path_rings(CURVED)
    assert len(ring) < 400
    line = Polygon(ring).exterior
    away = [
        line.distance(Point(*segment.point(t)))
        for segment in SvgPath(CURVED)[1:]
        for t in np.linspace(0.0, 1.0, 501)
    ]
    assert 0.002 < max(away) < 0.02
    circle = path_rings("M 20 20 a 10 10 0 1 0 20 0 a 10 10 0 1 0 -20 0")
    assert Polygon(circle[0]).area == pytest.approx(np.pi * 100.0, rel=1e-3)


def one_by_one(curve: Any) -> list[tuple[float, float]]:
    """A curve's points after its start, by definition: cut in eight, and halved until near."""

    def place(t: float) -> np.ndarray:
        return np.array([curve.point(t).x, curve.point(t).y])

    def halved(t0: float, t1: float, deeper: int) -> list[tuple[float, float]]:
        a, b, t = place(t0), place(t1), 0.5 * (t0 + t1)
        between = [Point(place(t0 + share * (t1 - t0))) for share in (0.25, 0.5, 0.75)]
        line = LineString([a, b]) if (a != b).any() else Point(a)
        if deeper == 0 or max(p.distance(line) for p in between) <= 0.01:
            return [(b[0], b[1])]
        return halved(t0, t, deeper - 1) + halved(t, t1, deeper - 1)

    ends = np.linspace(0.0, 1.0, 9)
    return [p for t0, t1 in itertools.pairwise(ends) for p in halved(t0, t1, 16)]


def random_curves(rng: np.random.Generator, count: int, size: float) -> str:
    commands = []
    for letter in rng.choice(list("CcSsQqTtAa"), count):
        numbers = [*rng.uniform(-size, size, {"C": 6, "T": 2, "A": 2}.get(letter.upper(), 4))]
        if letter in "Aa":
            radii, flags = size * rng.uniform(0.1, 1.0, 2), rng.integers(0, 2, 2)
            numbers = [*radii, rng.uniform(0, 90), *flags, *numbers]
        commands.append(letter + " ".join(map(str, numbers)))
    return f"M {size} 0 " + " ".join(commands)


@pytest.mark.parametrize("size", [0.02, 1.0, 20.0, 300.0])
def test_curves_at_once_are_curves_one_by_one(size: float) -> None:
    from svgelements import Path as SvgPath

    drawn = SvgPath(random_curves(np.random.default_rng(int(size)), 24, size))[1:]
    for got, curve in zip(flattened(drawn, 10**6), drawn, strict=True):
        want = np.array(one_by_one(curve))
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-11 * size)


def test_many_curves_are_one_step_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    real = curves._from_line
    monkeypatch.setattr(curves, "_from_line", lambda *p: (steps.append(len(p[0])), real(*p))[1])
    path_rings(random_curves(np.random.default_rng(1), 1500, 20.0))
    assert len(steps) <= 3 * 3 * 17  # three kinds, three places, seventeen levels
    assert sum(steps) < 3 * 65_536 * 2


@pytest.mark.parametrize(
    ("data", "rule", "got"),
    [
        (
            "M 0 0 C 1e9 0 9 9 0 9 Z",
            "be an SVG path: numbers are at most 100,000",
            "'1e9 0 9 9 0 '",
        ),
        ("M 1e400 0 L 1 1 2 2 Z", "be an SVG path: numbers are at most 100,000", "'1e400 0 L 1 '"),
        ("M 0 0 h 9e4 h 9e4 v 9 z", "lie within 100,000 mm of the top left", "180000"),
        ("M 0 0 A 9e4 9e4 0 1 0 9 9 Z", "lie within 100,000 mm of the top left", "153644"),
        ("M 0 0" + " C 9e4 0 0 9e4 9 9" * 99 + "Z", "become at most 65,536 points", "more"),
        ("M 0 0" + " h 1" * 65_537 + " v 1 z", "become at most 65,536 points", "more"),
        ("M 0 0 h 1 v 1" + " z" * 65_537, "become at most 65,536 points", "more"),
    ],
    ids=range(7),
)
def test_what_would_take_long_is_refused(data: str, rule: str, got: str) -> None:
    with pytest.raises(OutlineError) as caught:
        path_rings(data)
    assert caught.value.rule == rule
    assert str(caught.value.got).startswith(got)


def test_a_path_goes_on_where_its_outline_began() -> None:
    rings = path_rings("M 1 2 h 9 v 9 z h -5 v -7 z , l 3 0 1 1 Z Z")
    assert rings == path_rings("M 1 2 h 9 v 9 z M 1 2 h -5 v -7 z M 1 2 l 3 0 1 1 Z")
    assert rings[1] == [(1, 2), (-4, 2), (-4, -5)]


def test_all_curves_of_a_plan_have_a_bound_too() -> None:
    region = {"svg": "M 0 0" + " h 1 v 1 h -1 v -1" * 15_000 + " h 9 v 9 z"}
    with pytest.raises(smp.PlanError) as caught:
        plan(regions=[region] * 9)
    first, *_, last = caught.value.problems
    rule = "svg must become at most 11,062 points after those before it, got more."
    assert first.startswith(f"plan: scalp.regions[2].{rule}")
    assert last.startswith("plan: scalp.regions[8].svg must become at most 0 points")


@pytest.mark.parametrize(
    ("data", "message", "place"),
    [
        ("", "it encloses an area", "its end at character 1"),
        ("M 1 2", "it encloses an area", "its end at character 6"),
        ("L 1 2 3 4", "it begins with M", "'L 1 2 3 4' at character 1"),
        ("1 2 L 3 4", "it begins with M", "'1 2 L 3 4' at character 1"),
        ("M 0 0 L 1", "L takes 2 numbers", "its end at character 10"),
        ("M 0 0 C 1 2 3 4 5 Z", "C takes 6 numbers", "'Z' at character 19"),
        ("M 0 0 C 1 2 3 4 5 6 7 Z", "C takes 6 numbers each time", "'Z' at character 23"),
        ("M 0 0 X 3", "commands are M L H", "'X 3' at character 7"),
        ("M 0 0 L 1 2; 3 4", "commands are M L H", "'; 3 4' at character 12"),
        ("M 0 0 A 5 5 0 2 1 9 9", "a flag of A is 0 or 1", "'2 1 9 9' at character 15"),
        ("M 0 0 L 1 1 Z 3", "Z takes no numbers", "'3' at character 15"),
    ],
)
def test_paths_that_are_none_say_where(data: str, message: str, place: str) -> None:
    with pytest.raises(OutlineError) as caught:
        check_path(data)
    assert message in caught.value.rule
    assert caught.value.got == place


@pytest.mark.parametrize(
    "data", [CURVED, HOLED, "M.5-3L1e1.5 2,3z", "M0 0A5 5 0 0110 0L5 9z", "M0 0 10 0 10 10z"]
)
def test_paths_that_are_some_have_outlines(data: str) -> None:
    assert path_rings(data)


def test_a_shape_of_an_svg_file(tmp_path: Path) -> None:
    (tmp_path / "regions.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 600 400">'
        '<g transform="translate(100 50)"><rect id="crown" width="300" height="200"/></g>'
        '<path id="front" d="M 0 0 H 600 V 100 Z"/></svg>'
    )
    made = plan(tmp_path, regions=[{"svg_file": "regions.svg", "id": "crown"}])
    inside = (X > 10.0) & (X < 40.0) & (Y > 5.0) & (Y < 25.0)
    np.testing.assert_array_equal(made.density.at(X, Y) > 0.0, inside)
    assert made.resolved()["scalp"]["regions"][0]["svg_file"] == "regions.svg"


def by_hand(pixels: np.ndarray, box: tuple[float, ...], x: float, y: float) -> float:
    """A mask's value: bilinear between centres, level from the outermost centres outwards."""
    rows, columns = pixels.shape
    if not (box[0] <= x <= box[2] and box[1] <= y <= box[3]):
        return 0.0
    i = np.clip((x - box[0]) / (box[2] - box[0]) * columns - 0.5, 0, columns - 1)
    j = np.clip((y - box[1]) / (box[3] - box[1]) * rows - 0.5, 0, rows - 1)
    left, top = int(i), int(j)
    total = 0.0
    for row, down in ((top, 1 - (j - top)), (top + 1, j - top)):
        for column, across in ((left, 1 - (i - left)), (left + 1, i - left)):
            if down * across > 0.0:
                total += down * across * pixels[row, column]
    return total


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_masks_are_what_brute_force_says(tmp_path: Path, dtype: type) -> None:
    top = np.iinfo(dtype).max
    pixels = RNG.integers(0, top, (7, 11), endpoint=True).astype(dtype)
    cv2.imwrite(str(tmp_path / "mask.png"), pixels)
    box = (5.0, 3.0, 47.0, 38.0)
    made = plan(tmp_path, regions=[{"mask": "mask.png", "box_mm": box, "density": 1.4}])
    expected = [1.4 * by_hand(pixels / top, box, x, y) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(made.density.at(X, Y), expected, atol=1e-12)
    assert made.density.largest == pytest.approx(1.4 * pixels.max() / top)
    assert made.density.at(X, Y).max() <= made.density.largest


def test_alpha_counts_and_polygons_cut_masks(tmp_path: Path) -> None:
    picture = RNG.integers(0, 256, (4, 6, 4)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "alpha.png"), picture)
    np.testing.assert_array_equal(read_mask(tmp_path / "alpha.png"), picture[..., 3] * 257.0)
    triangle = [(0.0, 0.0), (60.0, 0.0), (0.0, 40.0)]
    made = plan(tmp_path, regions=[{"mask": "alpha.png", "polygon_mm": triangle}]).density
    whole = plan(tmp_path, regions=[{"mask": "alpha.png"}]).density
    inside = contains_xy(Polygon(triangle), X, Y)
    np.testing.assert_array_equal(made.at(X, Y), np.where(inside, whole.at(X, Y), 0.0))


def scalps(folder: Path) -> list[dict[str, Any]]:
    cv2.imwrite(str(folder / "m.png"), RNG.integers(0, 256, (20, 30)).astype(np.uint8))
    fade = {"from_mm": [30, 0], "to_mm": [35, 40], "density": [1.2, 0.1]}
    part = {"points_mm": [[30, 0], [28, 40]]}
    scar = {"points_mm": [[5, 30], [40, 25], [50, 35]]}
    return [
        {"hairline": {"shape": "m-shape", "style": "natural", "asymmetry": 1.0}},
        {"hairline": {"shape": "widows-peak", "style": "defined", "temple_points": True}},
        {"regions": [{"svg": CURVED, "feather_mm": 3.0, "gradient": fade}]},
        {"parts": [part], "scars": [scar], "regions": [{"svg": HOLED, "density": 0.7}]},
        {"regions": [{"mask": "m.png", "density": 1.3}, {"svg": HOLED, "mask": "m.png"}]},
    ]


@pytest.mark.parametrize("number", range(5))
def test_windows_are_the_wholes_and_plans_go_round(tmp_path: Path, number: int) -> None:
    made = plan(tmp_path, **scalps(tmp_path)[number])
    whole = made.scene(threads=1).impressions
    assert 1000 < len(whole) < 25_000
    for x0, y0, x1, y1 in (
        (3.3, 0.1, 31.7, 19.9),
        (28.0, 8.0, 33.0, 40.0),
        (-5.0, 12.0, 70.0, 13.5),
    ):
        part = made.scene(window_mm=(x0, y0, x1, y1), threads=3).impressions
        x, y = whole.x_mm, whole.y_mm
        assert same(part, whole.rows((x >= x0) & (x < x1) & (y >= y0) & (y < y1)))
    (tmp_path / "again.json").write_text(json.dumps(made.resolved()))
    assert same(smp.load_plan(tmp_path / "again.json").scene().impressions, whole)
    share = made.density.at(X, Y)
    assert 0.3 * made.density.largest < share.max() <= made.density.largest
    sharp = made.with_faults("sharp-border", "straight-hairline")
    assert len(sharp.scene().impressions) > 500


def test_masks_made_of_floats_are_held_in_sixteen_bits() -> None:
    mask = Mask(np.array([[0, 65535]], np.uint16), (0.0, 0.0, 60.0, 40.0))
    density = DensityMap([Region(SQUARE, 2.0, 0.0, mask=mask)])
    np.testing.assert_allclose(density.at(np.array([15.0, 30.0, 45.0]), np.full(3, 9.0)), [0, 1, 2])


def test_the_map_bounds_itself() -> None:
    """No factor is larger than `largest`, whatever lies on what."""
    fade = Gradient((0.0, 0.0), (60.0, 0.0), (0.3, 2.0))
    mask = Mask(RNG.integers(0, 65536, (5, 5)).astype(np.uint16), (0.0, 0.0, 60.0, 40.0))
    strokes = [Stroke([(0, 5 * k), (60, 40 - 5 * k)], 9.0, 0.5 + 0.4 * k, 6.0) for k in range(6)]
    regions = [
        Region(SQUARE, 0.9, 2.0, gradient=fade),
        Region([(5, 5), (40, 5), (40, 30)], 1.5, 8.0, gradient=fade, mask=mask),
    ]
    density = DensityMap(regions, strokes=strokes)
    share = density.at(X, Y)
    assert 0.5 * density.largest < share.max() <= density.largest
