"""What must hold for any splats: order, mass, additivity, windows, threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smpengine as smp
from smpengine.raster.profile import MASK_VARIANCE_PX2, SWITCH_SIGMA

seeds = st.integers(0, 2**32 - 1)


def columns(seed: int, n: int, side: int):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-side, 2 * side, (2, n))
    sigma = np.exp(rng.uniform(np.log(0.3), np.log(3.0 * side), n))
    return x, y, sigma, rng.uniform(0, 2, (n, 2))


@settings(max_examples=60, deadline=None)
@given(
    seeds, st.integers(-300, 300), st.integers(-300, 300), st.integers(1, 90), st.integers(1, 90)
)
def test_a_window_is_the_crop(seed: int, row: int, col: int, height: int, width: int) -> None:
    splats = columns(seed, 40, 150)
    whole = smp.rasterise(*splats, (height + 64, width + 64), (row - 31, col - 17), "cpu")
    part = smp.rasterise(*splats, (height, width), (row, col), "cpu")
    assert np.array_equal(part, whole[31 : 31 + height, 17 : 17 + width])


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([2, 3, 7]))
def test_threads_do_not_matter(seed: int, threads: int) -> None:
    splats = columns(seed, 300, 300)
    one = smp.rasterise(*splats, (300, 301), device="cpu", threads=1)
    many = smp.rasterise(*splats, (300, 301), device="cpu", threads=threads)
    assert np.array_equal(one, many)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.7, 60.0), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_mass_is_kept(sigma: float, x: float, y: float) -> None:
    side = 2 * math.ceil(6 * sigma) + 4
    origin = (-side // 2, -side // 2)
    field = smp.rasterise([x], [y], [sigma], [[1.0]], (side, side), origin, "cpu")
    assert field.sum(dtype=np.float64) == pytest.approx(2 * math.pi * sigma**2, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_sums_add_up(seed: int) -> None:
    splats = columns(seed, 60, 100)
    whole = smp.rasterise(*splats, (100, 100), device="cpu")
    first = smp.rasterise(*(c[:25] for c in splats), (100, 100), device="cpu")
    rest = smp.rasterise(*(c[25:] for c in splats), (100, 100), device="cpu")
    np.testing.assert_allclose(first + rest, whole, rtol=2e-5, atol=2e-6 * whole.max())


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_jump_at_a_level_switch(level: int) -> None:
    switch = math.sqrt(SWITCH_SIGMA**2 * 4**level + MASK_VARIANCE_PX2 * (4**level - 1))
    side = int(12 * switch)
    middle = side / 2 + 0.3
    fields = [
        smp.rasterise([middle], [middle], [switch * scale], [[1.0]], (side, side), device="cpu")
        for scale in (1 - 1e-6, 1 + 1e-6)
    ]
    assert np.abs(fields[1] - fields[0]).max() <= 3e-4


def test_out_is_filled_and_returned() -> None:
    out = np.full((20, 30, 2), np.nan, np.float32)
    splats = columns(1, 10, 30)
    assert smp.rasterise(*splats, (20, 30), device="cpu", out=out) is out
    assert np.array_equal(out, smp.rasterise(*splats, (20, 30), device="cpu"))


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_progress_ends_and_cancel_stops(device: str) -> None:
    seen: list[tuple[int, int]] = []
    columns = np.array([30.0, 600.0]), np.array([40.0, 700.0]), np.full(2, 2.0), np.ones((2, 1))
    smp.rasterise(*columns, (900, 800), device=device, progress=lambda *each: seen.append(each))
    assert seen[-1][0] == seen[-1][1] > 0
    assert seen == sorted(seen)
    with pytest.raises(smp.Cancelled):
        smp.rasterise(*columns, (900, 800), device=device, cancel=lambda: True)
