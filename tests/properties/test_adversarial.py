"""Scenes made to be hard: at the switches, giant, outside, crowded, in thin pictures."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

import smpengine as smp
from smpengine.raster.grid import TILE
from smpengine.raster.settle import threshold

GOAL = 5e-4  # of the field's maximum
NUMBA = 2e-5  # between two devices that draw on the same levels
SWITCHES = [threshold(level) ** 0.5 for level in range(1, 8)]

at_a_switch = st.builds(
    lambda switch, off: switch * (1.0 + off), st.sampled_from(SWITCHES), st.floats(-1e-3, 1e-3)
)
sigmas = st.one_of(at_a_switch, st.floats(0.3, 4.0), st.floats(4.0, 60.0), st.floats(60.0, 5000.0))
shapes = st.one_of(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.tuples(st.just(1), st.integers(1, 600)),
    st.tuples(st.integers(1, 600), st.just(1)),
)
origins = st.tuples(st.integers(-2 * TILE, 2 * TILE), st.integers(-(10**6), 10**6))


@st.composite
def hard_scenes(draw):
    shape, origin = draw(shapes), draw(origins)
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["one sigma", "mixed", "pile", "outside"]))
    if kind == "mixed":
        sigma = np.array(draw(st.lists(sigmas, min_size=n, max_size=n)))
    else:
        sigma = np.full(n, draw(sigmas))
    spread = 4.0 * sigma
    if kind == "pile":  # all on one spot
        x, y = (np.full(n, rng.uniform(0, edge)) for edge in (shape[1], shape[0]))
    else:
        x, y = rng.uniform(-spread, shape[1] + spread), rng.uniform(-spread, shape[0] + spread)
    if kind == "outside":
        x += shape[1] + 3.0 * spread
    peak = rng.uniform(-1.0 if draw(st.booleans()) else 0.0, 1.0, (n, draw(st.integers(1, 4))))
    return (x + origin[1], y + origin[0], sigma, peak), shape, origin


def maximum(columns) -> float:
    """Return the field's maximum, at any centre, in the picture or not; signs taken off."""
    x, y, sigma, peak = columns
    rho2 = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    return float((np.exp(-rho2 / (2.0 * sigma**2)) @ np.abs(peak)).max())


@pytest.mark.slow
@settings(
    max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(hard_scenes())
def test_the_worst_of_two_thousand(scene) -> None:
    columns, shape, origin = scene
    got = smp.rasterise(*columns, shape, origin, "cpu")
    want = smp.rasterise(*columns, shape, origin, "reference")
    error = float(np.abs(got - want).max()) / maximum(columns)
    target(error)
    assert error <= GOAL


@pytest.mark.slow
@settings(
    max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(scene=hard_scenes())
def test_the_worst_of_two_thousand_in_opencl(opencl_device: str, scene) -> None:
    columns, shape, origin = scene
    got = smp.rasterise(*columns, shape, origin, opencl_device)
    want = smp.rasterise(*columns, shape, origin, "reference")
    numba = smp.rasterise(*columns, shape, origin, "cpu")
    error, most = float(np.abs(got - want).max()), maximum(columns)
    target(error / most)
    assert error <= GOAL * most
    assert float(np.abs(got - numba).max()) <= NUMBA * most


def test_every_offset_of_the_coarsest_cell() -> None:
    """Splats of five levels: a sample of the coarsest stands for 16 pixels, a mask reaches 5."""
    rng = np.random.default_rng(3)
    n, side = 300, 700
    x, y = rng.uniform(0, side, (2, n))
    sigma = np.exp(rng.uniform(np.log(0.5), np.log(40.0), n))
    splats = x, y, sigma, rng.uniform(0, 1, (n, 3))
    whole = smp.rasterise(*splats, (side, side), device="cpu")
    for k in range(32):
        row, col = 200 + k, 230 + (k * 7) % 32
        part = smp.rasterise(*splats, (90, 110), (row, col), "cpu")
        assert np.array_equal(part, whole[row : row + 90, col : col + 110])


def test_rows_of_a_heavy_tile_are_the_tile() -> None:
    rng = np.random.default_rng(4)
    n = 30_000
    x, y = rng.uniform(0, 250, (2, n))
    columns = x, y, rng.uniform(0.5, 20.0, n), rng.uniform(0, 1, (n, 3))
    one = smp.rasterise(*columns, (300, 300), device="cpu", threads=1)
    for threads in (2, 3, 16):
        assert np.array_equal(
            one, smp.rasterise(*columns, (300, 300), device="cpu", threads=threads)
        )


SCRIPT = """
import hashlib, numpy as np, smpengine as smp
rng = np.random.default_rng(1)
x, y = rng.uniform(-20, 420, (2, 4000))
sigma = np.exp(rng.uniform(np.log(0.4), np.log(50.0), 4000))
for bands in (1, 3, 5):
    field = smp.rasterise(x, y, sigma, rng.uniform(0, 1, (4000, bands)), (400, 391), (3, -5))
    print(hashlib.sha256(field.tobytes()).hexdigest())
dots = smp.Impressions(x[:300] / 40, y[:300] / 40, 0.2, 0.07, 0.1, 40.0)
picture = smp.render(smp.Scene(smp.Skin("III-IV"), dots, (10.0, 10.0)))
print(hashlib.sha256(picture.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_instruction_set_does_not_change_a_bit(tmp_path) -> None:
    """AVX-512, AVX2, and neither; whatever of them this machine has."""
    from llvmlite.binding import get_host_cpu_features

    host = get_host_cpu_features()
    if "avx2" not in host:
        pytest.skip("this processor has no AVX2 to turn off")
    without = {"host": []}
    without["avx2"] = [name for name in host if name.startswith(("avx512", "avx10"))]
    without["sse"] = [*without["avx2"], "avx", "avx2", "f16c", "vaes", "vpclmulqdq"]
    hashes = {}
    for kind, names in without.items():
        flags = [("-" if name in names or not on else "+") + name for name, on in host.items()]
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / kind)}
        if kind != "host":
            environment |= {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ",".join(flags)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        hashes[kind] = done.stdout
    assert hashes["avx2"] == hashes["host"]
    assert hashes["sse"] == hashes["host"]
