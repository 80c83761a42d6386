"""Run scenes on an OpenCL device: host to host; kernels, and each stage, by the device's clock."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

import smpengine as smp
from smpengine.bench import opencl_ceilings, scenes
from smpengine.bench.ceilings import DeviceCeilings
from smpengine.bench.opencl_ceilings import seconds_of
from smpengine.bench.record import Record, SceneRecord, Timing
from smpengine.bench.run import PLAN_PX_PER_MM, PLANS, Say, check_names, plan_error, planned
from smpengine.bench.scenes import Splats
from smpengine.bench.stages import Stage
from smpengine.devices import resolve
from smpengine.raster.opencl_engine import READ, READ_PINNED, TRANSFERS, UPLOAD, Engine, engine_for
from smpengine.raster.opencl_work import Work

_WINDOW_PX = 512


@dataclasses.dataclass(frozen=True)
class Traced:
    """One call: how long it took; of each stage how long on the device, how often, and what.

    `busy` is how long the device did anything: transfers may overlap kernels.
    """

    seconds: float
    stages: dict[str, float]
    launches: dict[str, int]
    work: dict[str, Work]
    busy: float

    @property
    def kernels(self) -> float:
        """Seconds in kernels."""
        return sum(s for name, s in self.stages.items() if name not in TRANSFERS)


def trace(engine: Engine, call: Callable[[], object], count: bool = False) -> Traced:
    """Run a call and return what the device's clock says of it; `count` what it did, too."""
    engine.trace, engine.work = [], {} if count else None
    try:
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
        engine.queue.finish()
        stages: dict[str, float] = {}
        launches: dict[str, int] = {}
        spans: list[tuple[int, int]] = []
        for stage, _, event in engine.trace:
            event.wait()
            stages[stage] = stages.get(stage, 0.0) + seconds_of(event)
            launches[stage] = launches.get(stage, 0) + 1
            spans.append((event.profile.start, event.profile.end))
        return Traced(seconds, stages, launches, engine.work or {}, _union_s(spans))
    finally:
        engine.trace = engine.work = None


def _union_s(spans: list[tuple[int, int]]) -> float:
    """Return how long any of some spans, in ns, lasted."""
    total, until = 0, 0
    for start, end in sorted(spans):
        total += max(end - max(start, until), 0)
        until = max(until, end)
    return total * 1e-9


def run(
    device: str, names: Sequence[str], runs: int, threads: int, scale: float, seed: int, say: Say
) -> Record:
    """Measure an OpenCL device and the named scenes on it.

    Parameters
    ----------
    device
        "opencl" or "opencl:<platform>.<index>".
    names
        Of `scenes.RECIPES`, or of `run.PLANS`.
    runs
        How often; the median counts. One more comes first and does not.
    threads
        Of Numba, which draws the scenes beside.
    scale, seed
        Share of each scene's splats and pixels; of the scenes.
    say
        Called with a line whenever something is done.

    Raises
    ------
    DeviceError
        There is no such device, or it failed.
    """
    check_names(names)
    engine = engine_for(resolve(device))
    say(f"{engine.found.name} {engine.found.label} ...")
    ceilings = opencl_ceilings.measure(engine)
    found = engine.found
    described = {
        "name": found.label,
        "driver": found.driver,
        "memory_gb": round(found.memory_bytes / 1e9, 1),
        "gpu": found.is_gpu,
    }
    record = Record(seed, threads, scale, ceilings, [], device=described)
    for name in names:
        say(f"{name} ...")
        if name in PLANS:
            record.scenes.append(_plan(name, engine, runs, threads, scale, seed, ceilings))
        else:
            splats = scenes.make(scenes.recipe_for(name, scale), seed)
            record.scenes.append(_splats(engine, name, splats, runs, threads, ceilings))
    return record


def _splats(
    engine: Engine, name: str, splats: Splats, runs: int, threads: int, ceilings: DeviceCeilings
) -> SceneRecord:
    shape, origin = splats.recipe.shape, splats.recipe.origin_px
    device = engine.found.name
    out = np.zeros((*shape, splats.peak.shape[1]), np.float32)
    ours = np.zeros_like(out)

    def drawn() -> None:
        smp.rasterise(*splats.columns, shape, origin, device, out=out)

    def numba() -> None:
        smp.rasterise(*splats.columns, shape, origin, "cpu", out=ours, threads=threads)

    counted = trace(engine, drawn, count=True)
    numba()
    traced, beside = [], []
    for _ in range(runs):
        traced.append(trace(engine, drawn))
        start = time.perf_counter()
        numba()
        beside.append(time.perf_counter() - start)
    n = float(splats.count)
    error = scenes.worst_error(out, splats)
    timings = [
        Timing("kernels only", [t.kernels for t in traced], error, n, "splats"),
        Timing("host to host", [t.seconds for t in traced], error, n, "splats"),
        Timing("Numba, out=", beside, scenes.worst_error(ours, splats), n, "splats"),
    ]
    return SceneRecord(name, timings, _stages(traced, counted.work, ceilings))


def _plan(
    name: str,
    engine: Engine,
    runs: int,
    threads: int,
    scale: float,
    seed: int,
    ceilings: DeviceCeilings,
) -> SceneRecord:
    scene, device = planned(name, scale, seed)(), engine.found.name
    extent = scene.extent_mm
    beside = smp.render(scene, PLAN_PX_PER_MM, threads=threads)
    out = np.empty_like(beside)
    side = min(_WINDOW_PX / PLAN_PX_PER_MM, *(edge * 0.999 for edge in extent))
    corner = [(edge - side) / 2.0 for edge in extent]
    window = (corner[0], corner[1], corner[0] + side, corner[1] + side)
    resident = smp.upload(scene, device)

    def drawn() -> None:
        smp.render(scene, PLAN_PX_PER_MM, device=device, out=out)

    def small() -> None:
        smp.render(resident, PLAN_PX_PER_MM, window)

    counted = trace(engine, drawn, count=True)
    traced, numba = [], []
    for _ in range(runs):
        traced.append(trace(engine, drawn))
        start = time.perf_counter()
        smp.render(scene, PLAN_PX_PER_MM, threads=threads, out=beside)
        numba.append(time.perf_counter() - start)
    for _ in range(2):  # scratch of the size that a window needs
        small()
    windows = [trace(engine, small) for _ in range(4 * runs)]
    pixels, error = float(out.shape[0] * out.shape[1]), plan_error(scene, device)
    seen = float(round(side * PLAN_PX_PER_MM) ** 2)
    timings = [
        Timing("kernels only", [t.kernels for t in traced], error, pixels, "px"),
        Timing("host to host, srgb8", [t.seconds for t in traced], error, pixels, "px"),
        Timing("Numba, out=", numba, None, pixels, "px"),
        Timing("resident window of 512 px", [t.seconds for t in windows], None, seen, "px"),
        Timing("of it, not in kernels", [t.seconds - t.kernels for t in windows], None, seen, "px"),
    ]
    return SceneRecord(name, timings, _stages(traced, counted.work, ceilings))


def _stages(
    traced: list[Traced], work: dict[str, Work], ceilings: DeviceCeilings
) -> list[Stage]:  # fmt: skip
    """Return the stages by their medians, each with the ceiling that it comes nearest to."""
    stages = []
    for name in traced[-1].stages:
        seconds = statistics.median(run.stages.get(name, 0.0) for run in traced)
        done = work.get(name, Work())
        rates: dict[str, float] = {
            "copy": done.moved_bytes / ceilings.copy_bytes_per_s,
            "FMA": done.fmas / ceilings.fma_per_s,
            "exp": done.exps / ceilings.exp_per_s,
        }
        if name in TRANSFERS:
            one_way = {
                UPLOAD: ("what pageable memory takes", ceilings.upload_bytes_per_s),
                READ: ("what pageable memory gives", ceilings.read_bytes_per_s),
                READ_PINNED: ("what pinned memory gives", ceilings.pinned_read_bytes_per_s),
            }
            rates = {one_way[name][0]: done.moved_bytes / one_way[name][1]}
        ceiling = max(rates, key=lambda key: rates[key])
        share = rates[ceiling] / max(seconds, 1e-9) if rates[ceiling] else None
        per_s = done.moved_bytes / max(seconds, 1e-9)
        stages.append(Stage(name, seconds, per_s, "B", share, ceiling if share else None))
    rest = statistics.median(run.seconds - run.busy for run in traced)
    stages.append(Stage("the host, and waiting", rest, 0.0, "B"))
    return stages
