"""Known answers of the random numbers, closed forms of the density map, spectra of the points."""

from __future__ import annotations

import numpy as np
import pytest

from smpengine.philox import normals, philox
from smpengine.plan.bluenoise import MAX_DENSITY_PER_CM2, POINTS, TILE_MM, tile_mm
from smpengine.plan.density import DensityMap, Hairline, Region
from smpengine.plan.placement import Layer, place

SQUARE = [(10.0, 10.0), (40.0, 10.0), (40.0, 40.0), (10.0, 40.0)]


def layer(density: float, gap_share: float = 1.0) -> Layer:
    return Layer(density, gap_share, 0.07, 0.01, 0.2, 0.04, 0.1, (40.0, 40.0, 40.0), 0.25)


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [  # from the distribution of the generator's authors (kat_vectors)
        ((0,) * 4, (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], want: tuple[int, ...]
) -> None:
    assert tuple(int(word) for word in philox(*counter, *key)) == want


def test_normals_are_normal_and_clipped() -> None:
    words = [philox(n, 0, 0, 0, 5, 0) for n in range(20_000)]
    values = np.array([normals(w[0], w[1]) for w in words]).ravel()
    assert abs(values.mean()) < 0.015
    assert abs(values.std() - 0.98) < 0.02  # a little under 1, for it is clipped
    assert np.abs(values).max() == 2.5


def test_regions_feather_across_their_edge() -> None:
    density = DensityMap([Region(SQUARE, 2.0, 5.0)])
    x = np.array([7.5, 10.0, 11.25, 12.5, 25.0])
    got = density.at(x, np.full(5, 25.0))
    np.testing.assert_allclose(got, [0.0, 1.0, 2 * 0.84375, 2.0, 2.0], atol=1e-8)


def test_the_later_region_lies_on_top() -> None:
    density = DensityMap([Region(SQUARE, 1.5, 0.0), Region(SQUARE, 0.5, 0.0)])
    assert density.at(np.array([20.0]), np.array([20.0]))[0] == 0.5
    assert density.largest == 1.5


def test_regions_that_touch_show_no_seam() -> None:
    right = [(x + 30.0, y) for x, y in SQUARE]
    density = DensityMap([Region(SQUARE, 1.0, 6.0), Region(right, 1.0, 6.0)])
    x = np.linspace(20.0, 60.0, 401)
    np.testing.assert_allclose(density.at(x, np.full(401, 25.0)), 1.0, atol=1e-12)
    other = DensityMap([Region(SQUARE, 1.0, 6.0), Region(right, 0.4, 6.0)])
    steps = np.diff(other.at(x, np.full(401, 25.0)))
    assert (steps <= 1e-12).all()
    assert steps.min() > -0.02


def test_a_level_hairline_feathers_downwards() -> None:
    density = DensityMap((), Hairline([(10.0, 8.0), (20.0, 8.0)], 4.0))
    for x in (0.0, 15.0, 30.0):  # and goes on beyond its ends
        got = density.at(np.full(4, x), np.array([7.9, 8.0, 10.0, 12.0]))
        np.testing.assert_allclose(got, [0.0, 0.0, 0.5, 1.0], atol=1e-9)


def test_the_tile_has_no_seam() -> None:
    tile = tile_mm()
    assert tile.shape == (POINTS, 2)
    assert tile.min() >= 0.0
    assert tile.max() < TILE_MM
    # Strips along the tile's edges hold as many points as any strip, whatever the density.
    for ranks in (POINTS // 16, POINTS // 4, POINTS):
        for axis in (0, 1):
            counts, _ = np.histogram(tile[:ranks, axis], bins=128, range=(0.0, TILE_MM))
            z = (counts - ranks / 128) / np.sqrt(ranks / 128)
            assert np.abs(z[[0, -1]]).max() < 2.5
            assert z.std() < 0.9  # points at random have 1


def spectrum(x: np.ndarray, y: np.ndarray, side_mm: float, low: float, high: float) -> float:
    """Return power over that of white noise, between frequencies in units of sqrt(density)."""
    cells = 2048  # fine enough that hardly anything is aliased
    counts, _, _ = np.histogram2d(x, y, bins=cells, range=[[0, side_mm]] * 2)
    power = np.abs(np.fft.fft2(counts)) ** 2 / len(x)
    f = np.fft.fftfreq(cells, side_mm / cells) / np.sqrt(len(x) / side_mm**2)
    radius = np.hypot(f[:, None], f[None, :])
    return float(power[(radius > low) & (radius < high)].mean())


@pytest.mark.parametrize("densities", [[150.0], [60.0], [150.0, 250.0, 200.0]])
def test_low_frequencies_are_under_a_tenth_of_white_noise(densities: list[float]) -> None:
    side = 102.4
    dots = place([layer(d) for d in densities], DensityMap(), (side, side), 3)
    for low, high in ((0.02, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4)):
        assert spectrum(dots.x_mm, dots.y_mm, side, low, high) < 0.10
    assert 0.9 < spectrum(dots.x_mm, dots.y_mm, side, 1.5, 2.5) < 1.1


def test_density_is_what_was_asked_for() -> None:
    dots = place([layer(150.0)], DensityMap(), (120.0, 120.0), 9)
    counts, _, _ = np.histogram2d(dots.x_mm, dots.y_mm, bins=12, range=[[0, 120]] * 2)
    assert abs(counts.mean() / 150.0 - 1.0) < 0.01
    assert counts.std() / 150.0 < 0.05


def test_denser_than_the_tiles_goes_on() -> None:
    asked = 1.6 * MAX_DENSITY_PER_CM2
    dots = place([layer(asked)], DensityMap(), (30.0, 30.0), 2)
    assert len(dots) / 9.0 == pytest.approx(asked, rel=0.02)
    assert len(np.unique(np.stack([dots.x_mm, dots.y_mm]), axis=1).T) == len(dots)
