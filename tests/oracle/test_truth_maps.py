"""Maps of what a picture shows, against brute force; and the clean skin."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp

WIDTH_MM, HEIGHT_MM = 9.0, 7.0


def crowded(n: int = 220, seed: int = 4) -> smp.Scene:
    """Dots that overlap, some narrower than a pixel, some with equal tops, some outside."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-0.5, WIDTH_MM + 0.5, n), rng.uniform(-0.5, HEIGHT_MM + 0.5, n)
    depth = rng.choice([0.12, 0.2, 0.3], n)  # of three tops, so that many are equal
    radius = np.exp(rng.uniform(np.log(0.002), np.log(0.3), n))
    dots = smp.Impressions(x, y, depth, radius, 0.1, 40.0, rng.integers(0, 4, n))
    return smp.Scene(smp.Skin("III-IV"), dots, (WIDTH_MM, HEIGHT_MM))


def brute_instances(scene: smp.Scene, scale: float, width: int, height: int) -> np.ndarray:
    dots = scene.impressions
    out = np.zeros((height, width), np.int64)
    tops = dots.depth_mm - 0.5 * dots.thickness_mm
    for j in range(height):
        for i in range(width):
            dx, dy = i + 0.5 - dots.x_mm * scale, j + 0.5 - dots.y_mm * scale
            covers = dx**2 + dy**2 <= (dots.radius_mm * scale) ** 2
            covers |= (np.floor(dots.x_mm * scale) == i) & (np.floor(dots.y_mm * scale) == j)
            if covers.any():
                rows = np.flatnonzero(covers)
                out[j, i] = rows[np.argmin(tops[rows])] + 1  # of equals the first
    return out


def brute_density(scene: smp.Scene, x: np.ndarray, y: np.ndarray, sd: float) -> np.ndarray:
    """Sum each dot's Gaussian and its mirror images over the extent's edges, per cm2."""
    dots, total = scene.impressions, np.zeros((y.size, x.size))
    for px, py in zip(dots.x_mm, dots.y_mm, strict=True):
        if not (0.0 <= px <= WIDTH_MM and 0.0 <= py <= HEIGHT_MM):
            continue
        factors = []
        for place, at, length in ((px, x, WIDTH_MM), (py, y, HEIGHT_MM)):
            images = [2 * k * length + sign * place for k in range(-9, 10) for sign in (1, -1)]
            apart = (at[:, None] - np.array(images)) / sd
            factors.append(np.exp(-0.5 * apart**2).sum(axis=1) / (sd * np.sqrt(2.0 * np.pi)))
        total += 100.0 * factors[1][:, None] * factors[0]
    return total


def test_instances_are_those_of_brute_force() -> None:
    scene, scale = crowded(), 11.0
    found = smp.truth_maps(scene, scale, threads=2)
    assert found.instance.shape == smp.render(scene, scale).shape[:2]
    want = brute_instances(scene, scale, 99, 77)
    assert np.array_equal(found.instance, want)
    assert found.instance.dtype == np.int32
    assert 0.05 < (want == 0).mean() < 0.95
    there = want > 0
    rows = want[there] - 1
    assert np.array_equal(found.depth_mm[there], scene.impressions.depth_mm[rows].astype("f4"))
    assert np.array_equal(found.session[there], scene.impressions.session[rows])
    assert np.isnan(found.depth_mm[~there]).all()
    assert (found.session[~there] == -1).all()


@pytest.mark.parametrize("kernel_mm", [0.4, 2.0, 15.0, 1e6])
def test_density_is_that_of_brute_force(kernel_mm: float) -> None:
    scene, scale = crowded(), 11.0
    found = smp.truth_maps(scene, scale, kernel_mm=kernel_mm).density_per_cm2
    x, y = (np.arange(99) + 0.5) / scale, (np.arange(77) + 0.5) / scale
    dots = scene.impressions
    inside = (np.abs(dots.x_mm - 4.5) <= 4.5) & (np.abs(dots.y_mm - 3.5) <= 3.5)
    mean = np.count_nonzero(inside) * 100.0 / (WIDTH_MM * HEIGHT_MM)
    want = mean if kernel_mm > 100.0 else brute_density(scene, x, y, kernel_mm)
    assert np.abs(found - want).max() < 1e-4 * np.max(want)
    assert found.mean() == pytest.approx(mean, rel=1e-4)  # it integrates to the number of dots


@pytest.mark.parametrize("place", [(4.5, 3.5), (4.55, 3.43), (0.01, 6.9)])
def test_the_density_of_one_dot(place: tuple[float, float]) -> None:
    dots = smp.Impressions([place[0]], [place[1]], 0.2, 0.05, 0.1, 40.0)
    scene = smp.Scene(smp.Skin("VI"), dots, (WIDTH_MM, HEIGHT_MM))
    found = smp.truth_maps(scene, 20.0, kernel_mm=0.8).density_per_cm2
    x, y = (np.arange(180) + 0.5) / 20.0, (np.arange(140) + 0.5) / 20.0
    want = brute_density(scene, x, y, 0.8)
    assert np.abs(found - want).max() < 4e-5 * want.max()


def test_density_does_not_sag_at_the_edges() -> None:
    """Of a lattice: the same everywhere."""
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.arange(40) * 0.5 + 0.25, np.arange(30) * 0.5 + 0.25)
    )
    dots = smp.Impressions(x, y, 0.2, 0.05, 0.1, 40.0)
    found = smp.truth_maps(smp.Scene(smp.Skin("VI"), dots, (20.0, 15.0)), 5.0, kernel_mm=1.5)
    assert np.allclose(found.density_per_cm2, 400.0, rtol=1e-4)


@pytest.mark.parametrize(
    "window", [(2.0, 1.0, 7.0, 6.0), (0.03, 3.3, 4.4, 6.97), (-1.0, -2.0, 3.0, 9.0)]
)
def test_a_window_is_the_crop_of_the_whole(window: tuple[float, float, float, float]) -> None:
    scene, scale = crowded(), 57.0
    whole = smp.truth_maps(scene, scale, kernel_mm=0.7)
    part = smp.truth_maps(scene, scale, window, kernel_mm=0.7, threads=1)
    x0, y0, x1, y1 = (int(np.floor(edge * scale + 0.5)) for edge in window)
    assert part.instance.shape == (y1 - y0, x1 - x0)
    cut = np.s_[max(y0, 0) : y1, max(x0, 0) : x1]
    height, width = whole.instance[cut].shape
    same = np.s_[max(-y0, 0) : max(-y0, 0) + height, max(-x0, 0) : max(-x0, 0) + width]
    for name in ("instance", "density_per_cm2", "depth_mm", "session"):
        assert np.array_equal(
            getattr(part, name)[same], getattr(whole, name)[cut], equal_nan=name == "depth_mm"
        ), name
    if x0 < 0:
        assert (part.density_per_cm2[:, :-x0] == 0.0).all()


def test_a_dot_smaller_than_a_pixel_has_one() -> None:
    dots = smp.Impressions([1.27, 2.0], [0.61, 1.5], 0.2, [1e-4, 0.051], 0.1, 40.0, [3, 5])
    found = smp.truth_maps(smp.Scene(smp.Skin("VI"), dots, (3.0, 2.0)), 10.0)
    assert np.argwhere(found.instance == 1).tolist() == [[6, 12]]
    assert np.count_nonzero(found.instance == 2) == 1  # between four pixels, wider than none
    assert set(np.unique(found.session)) == {-1, 3, 5}


def test_maps_of_no_dots_and_files(tmp_path: Path) -> None:
    bare = smp.Scene(smp.Skin("VI"), smp.Impressions(*[np.zeros(0)] * 6), (2.0, 2.0))
    found = smp.truth_maps(bare, 20.0)
    assert not found.instance.any()
    assert not found.density_per_cm2.any()
    found = smp.truth_maps(crowded(), 20.0)
    found.write(tmp_path / "maps.npz")
    with np.load(tmp_path / "maps.npz") as file:
        assert set(file.files) == {each.name for each in dataclasses.fields(found)}
        for name in file.files:
            assert np.array_equal(file[name], getattr(found, name), equal_nan=name == "depth_mm")
    with pytest.raises(smp.InputError, match=r"path must end in \.npz, got 'maps\.png'\."):
        found.write("maps.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_mm": 0.0}, r"kernel_mm must be over 0 and finite, got 0\.0\."),
        ({"kernel_mm": float("nan")}, r"kernel_mm must be over 0 and finite, got nan\."),
        ({"kernel_mm": "wide"}, r"kernel_mm must be a number, got 'wide'\."),
        (
            {"kernel_mm": 1e-3},
            r"kernel_mm must be about 0\.0059 or more for an extent of 9 x 7 mm,",
        ),
        ({"px_per_mm": 0.0}, r"px_per_mm must be 0\.01 to 10000"),
        ({"window_mm": (20, 20, 30, 30)}, r"window_mm must touch the extent"),
        ({"threads": 0}, r"threads must be a whole number"),
    ],
)
def test_what_cannot_be_mapped(options: dict[str, object], message: str) -> None:
    with pytest.raises(smp.InputError, match=message):
        smp.truth_maps(crowded(), **options)  # type: ignore[arg-type]


def test_a_session_that_a_map_cannot_hold() -> None:
    dots = smp.Impressions([1.0, 1.0], [1.0, 1.0], 0.2, 0.05, 0.1, 40.0, [0, 40_000])
    with pytest.raises(
        smp.SceneError, match=r"session must be under 32768 .* got 40000 at row 1\."
    ):
        smp.truth_maps(smp.Scene(smp.Skin("VI"), dots, (2.0, 2.0)))


def test_the_clean_skin_is_the_picture_without_dots() -> None:
    """The same pixels where no dot is near, and those of bare skin everywhere."""
    dots = smp.Impressions([1.0], [1.0], 0.2, 0.05, 0.1, 40.0)
    scene = smp.Scene(smp.Skin("V"), dots, (9.0, 9.0), provenance={"seed": 3})
    bare = smp.clean(scene)
    assert len(bare.impressions) == 0
    assert len(scene.impressions) == 1
    assert (bare.skin, bare.extent_mm, bare.provenance) == (
        scene.skin,
        scene.extent_mm,
        scene.provenance,
    )
    before, after = smp.render(bare, 20.0), smp.render(scene, 20.0)
    changed = (before != after).any(axis=2)
    assert changed[20, 20]
    assert not changed[-1, -1]
    assert np.ptp(smp.render(bare, 20.0, output="linear"), axis=(0, 1)).max() == 0.0
