"""Every device against the float64 reference: one contract."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.raster import cpu, reference
from smpengine.raster.grid import TILE, levels_for
from smpengine.raster.pool import borrow_pool
from smpengine.raster.splats import Discs, PixelWindow
from smpengine.workers import Workers

TOLERANCE = 5e-4  # of the field's maximum or the largest peak


def scene(rng: np.random.Generator, n: int, sigma: tuple[float, float], side: int):
    x, y = rng.uniform(-10, side + 10, (2, n))
    width = np.exp(rng.uniform(*np.log(sigma), n)).astype(np.float32)
    return x, y, width, rng.uniform(0, 1, (n, 3)).astype(np.float32)


def worst(got: np.ndarray, want: np.ndarray, peak: np.ndarray) -> float:
    return float(np.abs(got - want).max() / max(np.abs(want).max(), np.abs(peak).max()))


@pytest.mark.parametrize("device", ["cpu"])
@pytest.mark.parametrize(
    ("n", "sigma"),
    [
        (60, (0.3, 1.0)),
        (300, (1.0, 2.5)),
        (200, (1.0, 12.0)),
        (150, (3.6, 4.0)),  # all at the switch to the first level
        (60, (7.4, 8.2)),  # and to the second
        (20, (20.0, 300.0)),
        (3, (2000.0, 3000.0)),  # larger than the picture
    ],
)
def test_random_scenes(device: str, n: int, sigma: tuple[float, float]) -> None:
    columns = scene(np.random.default_rng(n), n, sigma, 200)
    got = smp.rasterise(*columns, (181, 203), (-3, 5), device=device)
    want = smp.rasterise(*columns, (181, 203), (-3, 5), device="reference")
    assert worst(got, want, columns[3]) <= TOLERANCE


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (TILE, TILE), (TILE + 1, 7)])
def test_shapes(shape: tuple[int, int]) -> None:
    columns = scene(np.random.default_rng(2), 80, (0.5, 60.0), 300)
    got = smp.rasterise(*columns, shape, (11, -7), device="cpu")
    want = smp.rasterise(*columns, shape, (11, -7), device="reference")
    assert worst(got, want, columns[3]) <= TOLERANCE


def test_a_crowd_in_one_tile() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    x, y = rng.uniform(20, 60, (2, n))
    sigma = rng.uniform(1.0, 3.0, n).astype(np.float32)
    peak = rng.uniform(0, 1, (n, 1)).astype(np.float32)
    got = smp.rasterise(x, y, sigma, peak, (80, 80), device="cpu")
    want = smp.rasterise(x, y, sigma, peak, (80, 80), device="reference")
    assert worst(got, want, peak) <= TOLERANCE


def test_discs() -> None:
    rng = np.random.default_rng(7)
    n = 300
    window = PixelWindow(-5, 3, 150, 170)
    edge = rng.uniform(-30, 45, n)
    radius2 = rng.uniform(0.6, 12.0, n) ** 2
    inv_spread = (np.maximum(edge, 0) + 1.0) / radius2
    cap = rng.uniform(1e-4, 0.9995, (n, 3)).astype(np.float32)
    discs = Discs(*rng.uniform(-10, 180, (2, n)), np.float32(inv_spread), np.float32(edge), cap)
    got = np.full((window.height, window.width, 3), np.nan, np.float32)
    scratch, level = cpu.Scratch.make(3), levels_for(window, 1)[0]
    with borrow_pool() as pool:
        field = cpu.DiscField(discs, window, Workers(1), pool)
        for number in range(level.tiles):
            field.draw_tile(number, scratch)
            part = level.part(number)
            rows, cols = (
                slice(part.top, part.top + part.height),
                slice(part.left, part.left + part.width),
            )
            used = scratch.group(0)[rows, cols]
            got[part.row0 : part.row0 + part.height, part.col0 : part.col0 + part.width] = used
    want = np.exp(-reference.draw_discs(discs, window))
    assert np.abs(got - want).max() <= TOLERANCE


def test_nothing_draws_nothing() -> None:
    empty = np.zeros(0)
    for device in ("cpu", "reference"):
        field = smp.rasterise(empty, empty, empty, np.zeros((0, 3)), (5, 4), device=device)
        assert field.shape == (5, 4, 3)
        assert not field.any()


def test_render_follows_the_reference(strong_scene: smp.Scene) -> None:
    window = (2.0, 1.0, 5.0, 4.0)
    for scale in (11.0, 40.0):
        for output, step in (("linear", 2e-4), ("srgb8", 1), ("srgb16", 40)):
            got = smp.render(strong_scene, scale, window, output, "cpu")
            want = smp.render(strong_scene, scale, window, output, "reference")
            assert got.dtype == want.dtype
            assert np.abs(got.astype(float) - want.astype(float)).max() <= step
