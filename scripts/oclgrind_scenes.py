"""Small scenes that reach every kernel, for Oclgrind: run by scripts/check-kernels.

With the name of a fault as its argument, one kernel is built with that fault, for a test of the
check: what is seeded must be reported.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyopencl as cl

import smpengine as smp
from smpengine.raster import opencl_engine
from smpengine.raster.opencl_bins import add_up

# of each fault: the program, what stands there, and what is written instead
FAULTS = {
    "race": ("scan", "        now = 1 - now;\n        barrier(CLK_LOCAL_MEM_FENCE);\n",
             "        now = 1 - now;\n"),
    "bounds": ("scan", "last = min(first + SCAN_RUN, n)", "last = first + SCAN_RUN"),
    "uninitialised": ("sort", "        base[lane] = starts[lane * blocks + block];\n", ""),
}  # fmt: skip


def keep_buffers() -> None:
    """Give no buffer back: Oclgrind 21.10 then takes for uninitialised what its successor holds."""
    kept = []

    class Kept(cl.Buffer):  # type: ignore[misc]
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            kept.append(self)

        def release(self) -> None:
            pass

    cl.Buffer = Kept


def count_items() -> list[int]:
    """Return where the number of work-items of each launch will be noted."""
    sizes: list[int] = []
    enqueue = cl.enqueue_nd_range_kernel

    def counted(queue: Any, kernel: Any, size: tuple[int, ...], *more: Any) -> Any:
        sizes.append(int(np.prod(size)))
        return enqueue(queue, kernel, size, *more)

    cl.enqueue_nd_range_kernel = counted
    return sizes


def seed_fault(name: str) -> None:
    """Build one kernel with a fault."""
    program, sound, faulty = FAULTS[name]
    source_of = opencl_engine.source_of

    def seeded(wanted: str) -> str:
        source = source_of(wanted)
        assert wanted != program or sound in source, f"{program}.cl has changed: seed {name} anew"
        return source.replace(sound, faulty) if wanted == program else source

    opencl_engine.source_of = seeded  # type: ignore[assignment]


def draw_sums(engine: opencl_engine.Engine) -> None:
    """Add up more values than one block holds."""
    values = np.arange(1100, dtype=np.uint32)
    with engine.session():
        buffer, total = engine.upload(values, "values"), engine.scratch("total", 4)
        add_up(engine, buffer, values.size, total)
        engine.queue.finish()


def draw_fields(device: str, bands: tuple[int, ...], check: bool = True) -> None:
    """Draw Gaussians of several levels."""
    rng = np.random.default_rng(3)
    n = 24
    for count in bands:
        x, y = rng.uniform(-6, 46, (2, n))
        sigma, peak = rng.uniform(0.4, 7.0, n), rng.uniform(0, 1, (n, count))
        got = smp.rasterise(x, y, sigma, peak, (37, 40), (-2, 3), device=device)
        want = smp.rasterise(x, y, sigma, peak, (37, 40), (-2, 3), device="reference")
        assert not check or np.abs(got - want).max() <= 5e-4 * want.max()


def draw_pictures(device: str) -> None:
    """Draw skin, dots and hair in every kind of output, at scales drawn as they are and finer."""
    rng = np.random.default_rng(4)
    n = 10
    x, y = rng.uniform(0, 1.2, (2, n))
    depth, radius = rng.uniform(0.1, 0.4, n), rng.uniform(0.02, 0.3, n)
    dots = smp.Impressions(x, y, depth, radius, 0.1, rng.uniform(1, 60, (n, 3)))
    hair = smp.Hairs(x, y, 6.0 * depth, 0.9, 2.0 * radius, 0.08)
    bald = smp.Scene(smp.Skin("III-IV"), dots, (1.2, 1.2))
    hairy = smp.Scene(bald.skin, dots, (1.2, 1.2), hair=hair)
    # Pores alone are few Gaussians, and reach every kernel that other maps do.
    pores = smp.Complexion(4, melanin_spread=0.0, blood_spread=0.0)
    skin = smp.Skin("III-IV", complexion=pores)
    uneven = smp.Scene(skin, dots, (1.2, 1.2), hair=hair, light=smp.Light())
    wide, small = (0.3, 0.2, 1.0, 0.8), (0.3, 0.2, 0.5, 0.35)
    for drawn, output, scale, window in (
        (hairy, "srgb8", 40.0, wide), (bald, "srgb16", 17.0, wide), (bald, "linear", 40.0, wide),
        (hairy, "absorbance", 9.0, wide), (uneven, "linear", 40.0, small),
    ):  # fmt: skip
        smp.render(drawn, scale, window, output, device)


def run_ceilings(engine: opencl_engine.Engine) -> None:
    """Run the benchmark's kernels, a few rounds of them."""
    with engine.session():
        source = engine.upload(np.zeros(256, np.float32), "source")
        target = engine.scratch("target", 1024)
        half, rounds = np.float32(0.5), np.int32(2)
        for name, arguments in (
            ("copy_floats", (source, target)),
            ("multiply_add", (half, half, rounds, target)),
            ("exponentials", (half, rounds, target)),
        ):
            engine.run_each("ceiling", engine.kernel("ceilings", name), 64, *arguments)
        engine.queue.finish()


def main() -> None:
    """Draw on the first OpenCL device, and count what ran."""
    fault = sys.argv[1] if len(sys.argv) > 1 else None
    device = next(d.name for d in smp.devices(self_test=False) if d.name.startswith("opencl"))
    keep_buffers()
    sizes = count_items()
    if fault is not None:
        seed_fault(fault)
    engine = opencl_engine.engine_for(device)
    engine.trace = []
    if fault is None:
        run_ceilings(engine)
        draw_sums(engine)
        draw_fields(device, (1, 2, 6))
        draw_pictures(device)
    elif FAULTS[fault][0] == "scan":
        draw_sums(engine)
    else:
        draw_fields(device, (1,), check=False)
    kernels = sorted({kernel for stage, kernel, _ in engine.trace if kernel != stage})
    print(f"{len(sizes)} launches, {sum(sizes)} work-items, {len(kernels)} kernels:")
    print(" ".join(kernels))


if __name__ == "__main__":
    main()
