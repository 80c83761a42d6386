"""Closed forms prove the reference rasteriser."""

from __future__ import annotations

import math

import numpy as np
import pytest

import smpengine as smp
from smpengine.raster.reference import draw_discs, draw_gaussians
from smpengine.raster.splats import Discs, Gaussians, PixelWindow


def one_gaussian(x: float, y: float, sigma: float, peak: float) -> Gaussians:
    column = np.array([sigma], np.float32)
    return Gaussians(np.array([x]), np.array([y]), column, np.array([[peak]], np.float32))


def one_disc(inv_spread: float, edge: float, cap: float) -> Discs:
    middle = np.array([200.25])
    values = (np.array([v], np.float32) for v in (inv_spread, edge))
    return Discs(middle, middle, *values, np.array([[cap]], np.float32))


def test_a_gaussian_is_sampled_at_pixel_centres() -> None:
    field = draw_gaussians(one_gaussian(3.5, 2.5, 2.0, 0.75), PixelWindow(0, 0, 6, 7))
    assert field[2, 3, 0] == pytest.approx(0.75, rel=1e-12)
    assert field[4, 6, 0] == pytest.approx(0.75 * math.exp(-(4 + 9) / 8.0), rel=1e-12)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 3.0, 20.0])
def test_a_gaussian_keeps_its_mass(sigma: float) -> None:
    window = PixelWindow(-300, -300, 600, 600)
    field = draw_gaussians(one_gaussian(0.3, -0.2, sigma, 1.0), window)
    assert field.sum() == pytest.approx(2 * math.pi * sigma**2, rel=1e-3)


@pytest.mark.parametrize("edge", [-20.0, -1.0, 3.0, 40.0])
def test_a_disc_takes_the_light_that_its_area_says(edge: float) -> None:
    # The integral of D is pi B (1 + exp(-edge)) ln(1 + exp(edge)).
    inv_spread = (max(edge, 0.0) + 1.0) / 40.0**2
    field = draw_discs(one_disc(inv_spread, edge, 0.8), PixelWindow(0, 0, 400, 400))
    taken = (1.0 - np.exp(-field)).sum() / 0.8
    area = math.pi / inv_spread * (1 + math.exp(-edge)) * math.log1p(math.exp(edge))
    assert taken == pytest.approx(area, rel=2e-3)


def test_a_disc_is_flat_inside_and_capped() -> None:
    field = draw_discs(one_disc(40.0 / 30.0**2, 40.0, 0.9995), PixelWindow(190, 190, 20, 20))
    assert field.max() <= -math.log(1 - 0.9995) * (1 + 1e-3)
    assert field[10, 10, 0] == pytest.approx(field[12, 14, 0], rel=1e-4)


def test_rows_add_up() -> None:
    rng = np.random.default_rng(3)
    columns = rng.uniform(0, 40, (2, 30))
    sigma = rng.uniform(1, 5, 30)
    peak = rng.uniform(0, 1, (30, 2))
    whole = smp.rasterise(*columns, sigma, peak, (40, 40), device="reference")
    parts = sum(
        smp.rasterise(*columns[:, k], sigma[k], peak[k], (40, 40), device="reference")
        for k in (slice(0, 11), slice(11, 30))
    )
    np.testing.assert_allclose(whole, parts, rtol=1e-5, atol=1e-6)
