"""Named scenes on pytest-benchmark: `pytest benchmarks`, with all of its options.

Every scene's result is checked as well as timed. `smpengine bench` draws the same scenes beside a
plain loop, by stages, and beside what the machine can do.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

import smpengine as smp
from smpengine.bench import scenes
from smpengine.bench.run import PLAN_EXTENT_MM, PLAN_PX_PER_MM

SCALE = float(os.environ.get("SMP_BENCH_SCALE", "1.0"))
WORST = 5e-4


@pytest.mark.parametrize("name", list(scenes.RECIPES))
def test_scene(benchmark, name: str) -> None:
    splats = scenes.make(scenes.recipe_for(name, SCALE))
    shape, origin = splats.recipe.shape, splats.recipe.origin_px
    out = np.zeros((*shape, 3), np.float32)
    benchmark.extra_info.update(splats=splats.count, shape=shape, seed=scenes.SEED)
    benchmark.pedantic(
        lambda: smp.rasterise(*splats.columns, shape, origin, out=out),
        rounds=5,
        warmup_rounds=1,
    )
    benchmark.extra_info["worst_error"] = scenes.worst_error(out, splats)
    assert benchmark.extra_info["worst_error"] <= WORST


def test_plan(benchmark) -> None:
    extent = [edge * SCALE**0.5 for edge in PLAN_EXTENT_MM]
    plan = smp.Plan.from_dict(
        {"version": 1, "seed": 1, "treatment": "strong", "scalp": {"extent_mm": extent}}
    )
    scene = plan.scene()
    out = smp.render(scene, PLAN_PX_PER_MM)
    benchmark.pedantic(lambda: smp.render(scene, PLAN_PX_PER_MM, out=out), rounds=5)
    window = (1.0, 1.0, 2.5, 2.5)
    got = smp.render(scene, PLAN_PX_PER_MM, window).astype(int)
    want = smp.render(scene, PLAN_PX_PER_MM, window, device="reference").astype(int)
    assert np.abs(got - want).max() <= 1
    rows = slice(round(PLAN_PX_PER_MM), round(2.5 * PLAN_PX_PER_MM))
    assert np.array_equal(out[rows, rows], got)
