"""Heads by closed forms: charts, true densities, Lambert's light, foreshortening."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import smpengine as smp
from smpengine.surface.head import Surface
from smpengine.views.view import View

RADIUS_MM = 90.0
BALL = (RADIUS_MM, RADIUS_MM, RADIUS_MM)
NOTHING = smp.Impressions(*[np.zeros(0)] * 6)
MATT = smp.Head(BALL, (150.0, 150.0), gloss=0.0, texture=0.0)


def scanned() -> smp.Head:
    """Return the default head as a scan would have it: heights, and nothing beyond the sides."""
    y, x = np.mgrid[-95:96, -75:76].astype(float)
    inside = 1.0 - (x / 77.0) ** 2 - (y / 98.0) ** 2
    heights = np.where(inside > 0.05, 90.0 * np.sqrt(np.maximum(inside, 0.0)), np.nan)
    return smp.Head(heights_mm=heights)


@pytest.fixture(scope="module", params=["ellipsoid", "heights"])
def surface(request: pytest.FixtureRequest) -> Surface:
    return (smp.Head() if request.param == "ellipsoid" else scanned()).surface


def places(n: int, most_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(n)
    distance, angle = rng.uniform(0.0, most_mm, n), rng.uniform(0.0, 2.0 * np.pi, n)
    return distance * np.cos(angle), distance * np.sin(angle)


def test_there_and_back(surface: Surface) -> None:
    x, y = places(3000, 70.0)
    points, ratio = surface.on_surface(x, y)
    assert (ratio > 0.0).all()
    back = surface.in_chart(points)
    np.testing.assert_allclose(back, (x, y), rtol=0, atol=1e-6)


def test_a_tape_from_the_crown_tells_the_distance(surface: Surface) -> None:
    for angle in (0.0, 0.4, 1.9, 4.0):
        s = np.linspace(0.0, 70.0, 4001)
        points, _ = surface.on_surface(s * math.cos(angle), s * math.sin(angle))
        length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        assert length == pytest.approx(70.0, abs=2e-3)


def test_the_area_ratio_is_that_of_small_squares(surface: Surface) -> None:
    x, y = places(400, 65.0)
    h = 0.4
    at = [surface.on_surface(x + a, y + b)[0] for a, b in ((h, 0), (-h, 0), (0, h), (0, -h))]
    across, down = (at[0] - at[1]) / (2 * h), (at[2] - at[3]) / (2 * h)
    area = np.linalg.norm(np.cross(across, down), axis=1)
    np.testing.assert_allclose(surface.on_surface(x, y)[1], area, rtol=4e-3)


def test_a_scan_is_what_was_scanned() -> None:
    x, y = places(1000, 75.0)
    (want, ratio), (got, scan_ratio) = (h.surface.on_surface(x, y) for h in (smp.Head(), scanned()))
    got[:, 2] += (want - got)[:, 2].mean()  # heights have an origin of their own
    np.testing.assert_allclose(got, want, atol=0.02)
    np.testing.assert_allclose(scan_ratio, ratio, rtol=2e-3)


def test_densities_are_true_from_the_crown_to_the_temples() -> None:
    data = {
        "version": 1,
        "seed": 3,
        "scalp": {"extent_mm": [340, 340]},
        "sessions": [{"preset": "foundation", "density_per_cm2": 150}],
        "hair": {"density_units_per_cm2": 70.0, "hairs_per_unit": [1.0, 0.0, 0.0, 0.0]},
        "head": {},
    }
    scene = smp.Plan.from_dict(data).scene()
    head, hairs = scene.surface, scene.hair
    assert head is not None
    assert hairs is not None
    # Rings of the head between heights; its area there by fine steps.
    a, b, c = head.axes_mm
    t, phi = np.meshgrid(np.linspace(0.0, np.pi / 2, 2001)[1:], np.linspace(0, 2 * np.pi, 721)[1:])
    sin, cos = np.sin(t), np.cos(t)
    flat = np.hypot(b * np.cos(phi), a * np.sin(phi))
    cell = sin * np.hypot(a * b * cos, c * sin * flat) * (np.pi / 2 / 2000) * (2 * np.pi / 720)
    edges = np.array([0.0, 0.12, 0.3, 0.55, 0.8, 0.999])
    for column, asked in ((scene.impressions, 150.0), (hairs, 70.0)):
        points, _ = head.surface.on_surface(column.x_mm - 170.0, column.y_mm - 170.0)
        for low, high in itertools.pairwise(edges):
            count = ((points[:, 2] / c > low) & (points[:, 2] / c <= high)).sum()
            area_cm2 = cell[(cos > low) & (cos <= high)].sum() / 100.0
            assert count / area_cm2 == pytest.approx(asked, rel=0.02)


def test_a_ball_under_a_lamp_is_lamberts() -> None:
    lamp = smp.Light(azimuth_deg=20.0, elevation_deg=40.0, share=1.0, colour=(1.0, 0.8, 0.5))
    scene = smp.Scene(smp.Skin("III-IV"), NOTHING, (300, 300), surface=MATT, light=lamp)
    view = View(-70.0, 30.0)
    picture = smp.render_view(scene, view, 1.0, output="linear", device="cpu")
    bare = smp.render(replace(scene, extent_mm=(1.0, 1.0)), 40.0, output="linear")[0, 0]
    right, down, toward = view.basis
    middle = RADIUS_MM + view.margin_mm
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5 - middle
    seen = np.hypot(x, y) < RADIUS_MM - 3.0
    z = np.sqrt(np.maximum(RADIUS_MM**2 - x**2 - y**2, 0.0))
    normal = (x[..., None] * right + y[..., None] * down + z[..., None] * toward) / RADIUS_MM
    cosine = normal @ np.array(lamp.direction)
    want = bare * np.array(lamp.colour) * cosine[..., None]
    seen &= cosine > math.sin(math.radians(12.0)) + 0.01  # the lamp is whole there
    assert seen.sum() > 5000
    np.testing.assert_allclose(picture[seen], want[seen], rtol=2e-4)
    assert np.abs(picture[(np.hypot(x, y) < 85) & (cosine < -0.22)]).max() == 0.0


def dot_widths(picture: NDArray[np.float32]) -> tuple[float, float]:
    """Return a dot's widths at half of its depth, across and down, in pixels, from its area."""
    light = picture[..., 1].astype(float)
    level = 0.5 * (np.median(light) + light.min())
    dark = np.clip((level - light) / (0.1 * level) + 0.5, 0.0, 1.0)
    return float(dark.sum(1).max()), float(dark.sum(0).max())


def test_a_dot_at_45_degrees_is_narrower_along_the_tilt_alone() -> None:
    widths = []
    for angle in (0.0, 45.0):
        down_mm = RADIUS_MM * math.radians(angle)
        dot = smp.Impressions([150.0], [150.0 + down_mm], 0.12, 0.5, 0.1, 300.0)
        scene = smp.Scene(smp.Skin("I-II"), dot, (300, 300), surface=MATT)
        at = RADIUS_MM + 12.0, RADIUS_MM + 12.0 + RADIUS_MM * math.sin(math.radians(angle))
        window = at[0] - 3.0, at[1] - 3.0, at[0] + 3.0, at[1] + 3.0
        widths.append(dot_widths(smp.render_view(scene, "above", 40.0, window, "linear")))
    (across, down), (across_45, down_45) = widths
    assert across == pytest.approx(down, rel=0.01)
    assert across_45 == pytest.approx(across, rel=0.02)
    assert down_45 == pytest.approx(down * math.cos(math.radians(45.0)), rel=0.02)


def test_the_crown_from_above_is_the_flat_picture() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(145.0, 155.0, (2, 250))
    dots = smp.Impressions(x, y, rng.uniform(0.1, 0.4, 250), 0.06, 0.1, 60.0, granularity=0.5)
    scene = smp.Scene(smp.Skin("I-II"), dots, (300, 300), surface=MATT)
    middle = RADIUS_MM + 12.0
    part = (middle - 3.0, middle - 3.0, middle + 3.0, middle + 3.0)
    seen = smp.render_view(scene, "above", 40.0, part, "linear")
    flat = smp.render(scene, 40.0, (147.0, 147.0, 153.0, 153.0), "linear")
    bare = float(flat.max())
    # The filter is a little softer than a pixel's square: dots differ, their light does not.
    assert np.abs(seen.mean((0, 1)) / flat.mean((0, 1)) - 1.0).max() < 2e-3
    assert np.sqrt(((seen - flat) ** 2).mean()) < 0.02 * bare
    assert np.corrcoef(seen[..., 1].ravel(), flat[..., 1].ravel())[0, 1] > 0.99


def test_tips_of_hair_lean_away_from_the_eye() -> None:
    """An upright shaft at 45 degrees hides its own height of skin behind it."""
    down_mm = RADIUS_MM * math.radians(45.0)
    hair = smp.Hairs([150.0], [150.0 + down_mm], 0.0, 0.5 * math.pi, 2.0, 0.1, 8.0, shadow=0.0)
    scene = smp.Scene(smp.Skin("I-II"), NOTHING, (300, 300), hair=hair, surface=MATT)
    root = 102.0 + RADIUS_MM * math.sin(math.radians(45.0))
    window = (100.0, root - 1.0, 104.0, root + 3.0)
    picture = smp.render_view(scene, "above", 40.0, window, "linear")
    # Seen from above, the shaft is 2 mm long at 45 degrees to the eye: it ends 1.41 mm outward.
    dark = np.flatnonzero(picture[..., 1].min(1) < 0.5 * picture[..., 1].max()) / 40.0 - 1.0
    assert dark.min() == pytest.approx(0.0, abs=0.08)
    assert dark.max() == pytest.approx(2.0 * math.sin(math.radians(45.0)), abs=0.08)


def test_tips_stick_out_beyond_the_limb() -> None:
    """Upright shafts all around the limb, 1 mm long: dark out to there, and no further."""
    angle = np.arange(0.0, 2.0 * np.pi, 0.05 / RADIUS_MM)
    down_mm = RADIUS_MM * 0.5 * math.pi
    x, y = 150.0 + down_mm * np.cos(angle), 150.0 + down_mm * np.sin(angle)
    hair = smp.Hairs(x, y, 0.0, 0.5 * math.pi, 1.0, 0.1, 8.0, shadow=0.0)
    scene = smp.Scene(smp.Skin("I-II"), NOTHING, (300, 300), hair=hair, surface=MATT)
    window = (190.0, 100.0, 196.0, 104.0)
    picture = smp.render_view(scene, "above", 20.0, window, "linear")
    bald = smp.render_view(replace(scene, hair=None), "above", 20.0, window, "linear")
    y_px, x_px = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    out_mm = np.hypot(x_px / 20.0 + 190.0 - 102.0, y_px / 20.0 + 100.0 - 102.0) - RADIUS_MM
    share = picture[..., 1] / bald[..., 1]
    assert share[(out_mm > 0.2) & (out_mm < 0.8)].max() < 0.4
    assert (share[(out_mm > 1.15) | (out_mm < -1.0)] == 1.0).all()


def test_a_near_eye_sees_less_of_the_head() -> None:
    scene = smp.Scene(smp.Skin("I-II"), NOTHING, (300, 300), surface=MATT)
    far, near = (
        smp.render_view(scene, View(distance_mm=distance), 1.0, output="linear")
        for distance in (None, 300.0)
    )
    sizes = [int((picture[..., 0] > 1.3 * picture[..., 2]).sum()) for picture in (far, near)]
    # In the plane that touches the crown: tan of the limb's angle times the distance.
    sine = RADIUS_MM / (RADIUS_MM + 300.0)
    radius = 300.0 * sine / math.sqrt(1.0 - sine * sine)
    assert sizes[0] == pytest.approx(math.pi * RADIUS_MM**2, rel=0.01)
    assert sizes[1] == pytest.approx(math.pi * radius**2, rel=0.01)


def test_a_scan_is_seen_as_what_was_scanned() -> None:
    scene = smp.Scene(smp.Skin("I-II"), NOTHING, (100, 100), light=smp.Light(), surface=smp.Head())
    near = (60.0, 80.0, 110.0, 130.0)
    whole = smp.render_view(scene, "above", 2.0, near, "linear")
    scan = scanned()
    left = 77.0 - float(-scan.surface.facing(np.array([-1.0, 0.0, 0.0])) * -1.0)
    top = 98.0 - scan.surface.facing(np.array([0.0, -1.0, 0.0]))
    shifted = (near[0] - left, near[1] - top, near[2] - left, near[3] - top)
    part = smp.render_view(replace(scene, surface=scan), "above", 2.0, shifted, "linear")
    assert part.mean() == pytest.approx(whole.mean(), rel=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: smp.Head((77, 98)), "head.axes_mm must be 3 finite numbers, got (77, 98)."),
        (lambda: smp.Head((7.7, 98, 90)), "head.axes_mm must be 20 to 500 mm, got (7.7, 98, 90)."),
        (lambda: smp.Head(gloss=2), "head.gloss must be 0 to 1, got 2.0."),
        (lambda: smp.Head(texture="much"), "head.texture must be"),  # type: ignore[arg-type]
        (lambda: smp.Head(heights_mm=np.zeros(9)), "head.heights_mm must be (rows, columns), 8 or"),
        (lambda: View(elevation_deg=91), "view.elevation_deg must be -30 to 90, got 91."),
        (lambda: View(distance_mm=20), "view.distance_mm must be 150 to 100000, got 20."),
        (
            lambda: smp.Scene(smp.Skin(), NOTHING, (9, 9), surface=3),  # type: ignore[arg-type]
            "surface must be a Head or None, got int.",
        ),
        (lambda: smp.render_view(3), "scene must be a Scene or a Plan, got int."),
        (lambda: smp.render_view(BARE, "behind"), "view must be a View, or one of 'above', 'front"),
        (lambda: smp.render_view(BARE, output="absorbance"), "output must be one of srgb8, srgb16"),
        (lambda: smp.render_view(BARE, window_mm=(900, 0, 910, 9)), "window_mm must touch the"),
    ],
)  # fmt: skip
def test_messages(make: object, message: str) -> None:
    with pytest.raises(smp.SceneError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)


BARE = smp.Scene(smp.Skin(), NOTHING, (9, 9))


def test_a_depth_map_beside_the_plan(tmp_path: Path) -> None:
    import cv2

    heights = np.nan_to_num(np.asarray(scanned().heights_mm), nan=-1.0)
    grey = np.where(heights < 0.0, 0, np.floor(heights / 90.0 * 65534.0 + 0.5) + 1)
    cv2.imwrite(str(tmp_path / "head.png"), grey.astype(np.uint16))
    text = 'version = 1\ntreatment = "natural"\nscalp.extent_mm = [60.0, 50.0]\n[head]\n'
    given = text + 'depth_map = "head.png"\nmm_per_px = 1.0\nrange_mm = [0.0, 90.0]\n'
    (tmp_path / "plan.toml").write_text(given)
    head = smp.load_plan(tmp_path / "plan.toml").scene().surface
    assert head is not None
    assert head.heights_mm is not None
    np.testing.assert_allclose(np.nan_to_num(head.heights_mm, nan=-1.0), heights, atol=1e-3)
    for wrong, said in (
        (text + 'depth_map = "head.png"\n', "head must have mm_per_px and range_mm beside"),
        (given.replace("head.png", "no.png"), "head.depth_map must be a file beside the plan"),
        (text + "axes = [1,2,3]\n", "head.axes must be a known key, got [1, 2, 3]. Did you mean"),
    ):
        (tmp_path / "plan.toml").write_text(wrong)
        with pytest.raises(smp.PlanError) as caught:
            smp.load_plan(tmp_path / "plan.toml")
        assert said in str(caught.value)
