"""The least time that real GPUs could take, from what the pipeline's stages move and compute.

    python benchmarks/opencl_model.py [--scale 1.0] [--device opencl]

Every stage counts its bytes, multiply-adds, exponentials and loads from local memory where it is
enqueued (`raster/opencl_work.py`), of pairs of tile and splat exactly. The scenes of `smpengine
bench` are drawn once on the OpenCL device that is here, with those counters on; its speed does not
matter. A stage takes at least as long as the slowest of the four would alone, if the device did it
at its data sheet's peak, and as its launches, 3 us each. Prints what opencl_model.md holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import smpengine as smp
from smpengine.bench import scenes
from smpengine.bench.opencl_run import trace
from smpengine.bench.run import PLAN_PX_PER_MM, PLANS, planned
from smpengine.raster.opencl_engine import TRANSFERS, Engine, engine_for
from smpengine.raster.opencl_work import Work

LAUNCH_S = 3e-6


@dataclass(frozen=True)
class Gpu:
    """A GPU by its data sheet.

    Attributes
    ----------
    bytes_per_s
        Of its memory.
    units, clock_hz
        Multiprocessors, and their boost clock.
    fmas, exps, local_loads
        What each does a clock: float32 lanes, special functions, lanes of local memory.
    """

    name: str
    bytes_per_s: float
    units: int
    clock_hz: float
    fmas: int
    exps: int
    local_loads: int

    def seconds(self, work: Work) -> dict[str, float]:
        """Return the least time by each of what may bind."""
        rate = self.units * self.clock_hz
        return {
            "memory": work.moved_bytes / self.bytes_per_s,
            "FMA": work.fmas / (rate * self.fmas),
            "exp": work.exps / (rate * self.exps),
            "local": work.local_loads / (rate * self.local_loads),
        }


# NVIDIA's Ada and Hopper white papers; AMD's RDNA 3 instruction set guide and data sheet, without
# dual issue, which no OpenCL compiler can be counted on to find.
GPUS = (
    Gpu("RTX 4090", 1008e9, 128, 2.52e9, 128, 16, 32),
    Gpu("H100 SXM", 3350e9, 132, 1.98e9, 128, 16, 32),
    Gpu("RX 7900 XTX", 960e9, 96, 2.50e9, 64, 16, 32),
)


def counted(engine: Engine, call: Callable[[], object]) -> tuple[dict[str, Work], dict[str, int]]:
    """Return what each stage of a call did, and how often it was launched."""
    traced = trace(engine, call, count=True)
    stages = {name: work for name, work in traced.work.items() if name not in TRANSFERS}
    return stages, {name: traced.launches.get(name, 0) for name in stages}


def call_for(name: str, scale: float, device: str) -> tuple[str, Callable[[], object]]:
    """Return a scene in words, and what draws it."""
    if name in PLANS:
        scene = planned(name, scale, 1)()
        words = f"{len(scene.impressions):,} impressions at {PLAN_PX_PER_MM:g} px/mm"
        return words, lambda: smp.render(scene, PLAN_PX_PER_MM, device=device)
    splats = scenes.make(scenes.recipe_for(name, scale))
    shape, origin = splats.recipe.shape, splats.recipe.origin_px
    out = np.zeros((*shape, splats.peak.shape[1]), np.float32)
    low, high = splats.recipe.sigma_px
    words = f"{splats.count:,} splats, sigma {low:g} to {high:g} px, {shape[1]} x {shape[0]} px"
    return words, lambda: smp.rasterise(*splats.columns, shape, origin, device, out=out)


def print_scene(words: str, stages: dict[str, Work], launches: dict[str, int]) -> None:
    """Print a table of stages."""
    print(f"{words}\n")
    heads = "".join(f" {gpu.name} |" for gpu in GPUS)
    print(f"| stage | MB | M FMA | M exp | M local loads |{heads}")
    print("|---|---:|---:|---:|---:|" + "---:|" * len(GPUS))
    totals = [0.0] * len(GPUS)
    for name, work in stages.items():
        cells = []
        for k, gpu in enumerate(GPUS):
            by = gpu.seconds(work)
            binds = max(by, key=lambda key: by[key])
            seconds = by[binds] + launches[name] * LAUNCH_S
            totals[k] += seconds
            cells.append(f" {seconds * 1e3:.3f} ms, {binds} |")
        numbers = (work.moved_bytes, work.fmas, work.exps, work.local_loads)
        print(
            f"| {name} | " + " | ".join(f"{v / 1e6:,.1f}" for v in numbers) + " |" + "".join(cells)
        )
    print("| **all** | | | | |" + "".join(f" **{total * 1e3:.2f} ms** |" for total in totals))
    print()


def main() -> None:
    """Draw the scenes with the counters on, and print what GPUs would take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--device", default="opencl")
    options = parser.parse_args()
    engine = engine_for(options.device)
    for name in ("sharp", "mixed", "deep", "plan"):
        words, call = call_for(name, options.scale, engine.found.name)
        print(f"## {name}\n")
        print_scene(words, *counted(engine, call))


if __name__ == "__main__":
    main()
