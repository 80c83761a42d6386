"""What an OpenCL device can do: measured in the same run as what is compared with it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from smpengine.bench.ceilings import DeviceCeilings
from smpengine.raster.opencl_engine import Engine

_COPY_BYTES = 256 * 2**20
_MOVED_BYTES = 64 * 2**20
_ITEMS = 2**17
_CHAINS, _EXPS = 8, 2
_MOST_ROUNDS = 2**14
_LONG_S = 0.02  # of a measurement: a launch is a few millionths


def seconds_of(event: Any) -> float:
    """Return how long a device took over what an event stands for, once that is over."""
    return float(event.profile.end - event.profile.start) * 1e-9


def measure(engine: Engine, runs: int = 5) -> DeviceCeilings:
    """Measure a device, best of some runs: a ceiling is what can be reached."""
    with engine.session():
        size = min(_COPY_BYTES, engine.max_alloc_bytes // 4) // 4096 * 4096
        source, target = engine.scratch("ceiling source", size), engine.scratch("ceiling", size)
        begun = engine.fill_zero(source, size)
        copy = engine.kernel("ceilings", "copy_floats")
        moved = np.ones(min(_MOVED_BYTES, size) // 4, np.float32)
        pinned = engine.memory.pinned("ceiling", moved.nbytes)

        def best(enqueue: Callable[[], Any], times_run: int = runs) -> float:
            times = []
            for _ in range(times_run + 1):
                event = enqueue()
                event.wait()
                times.append(seconds_of(event))
            return min(times[1:])

        def rate(name: str, factors: tuple[float, ...], chains: int) -> float:
            """Return how many a second, over enough rounds to last."""
            kernel, rounds = engine.kernel("ceilings", name), 16
            numbers = tuple(np.float32(factor) for factor in factors)
            while True:
                arguments = (*numbers, np.int32(rounds), target)
                call = functools.partial(engine.run_each, "ceiling", kernel, _ITEMS, *arguments)
                if best(call, 1) >= _LONG_S or rounds >= _MOST_ROUNDS:
                    return chains * rounds * _ITEMS / best(call, runs)
                rounds *= 4

        return DeviceCeilings(
            2.0 * size / best(lambda: engine.run_each("ceiling", copy, size // 16, source, target)),
            rate("multiply_add", (0.5, 0.25), _CHAINS),
            rate("exponentials", (1.0,), _EXPS),
            moved.nbytes / _best_of(runs, lambda: engine.upload(moved, "ceiling source")),
            moved.nbytes / _best_of(runs, lambda: engine.read_now(source, moved)),
            moved.nbytes / best(lambda: engine.read_later(source, pinned, begun)),
            _best_of(runs * 10, lambda: _launch(engine, target)),
        )


def _launch(engine: Engine, room: Any) -> None:
    kernel = engine.kernel("ceilings", "multiply_add")
    none = np.float32(0.0), np.float32(0.0), np.int32(0)
    engine.run_each("ceiling", kernel, 1, *none, room).wait()


def _best_of(runs: int, call: Callable[[], object]) -> float:
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times[1:])
