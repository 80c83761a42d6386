"""How many pictures a second a sweep makes, and where the time goes.

    python benchmarks/sets.py --count 400 --jobs 2
    python benchmarks/sets.py --scaling            one process and two, in one run
    python benchmarks/sets.py --noop 100000        what a variant costs that does nothing
    python benchmarks/sets.py --noop 100000 --dask --chunk 50

A light plan at 512 x 512 with the truth of its dots. Steady: without the start of the processes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from pyarrow import parquet

import smpengine as smp
from smpengine.sets.dask_pool import LocalDask
from smpengine.sets.manifest import STAGES
from smpengine.sets.pools import Pool, run
from smpengine.sets.processes import Processes
from smpengine.sets.schema import TruthTable
from smpengine.sets.stores import PlainFiles
from smpengine.sets.work import Task


def sweep_of(count: int, kind: str, form: str) -> smp.Sweep:
    """Return a sweep of a light plan: skins, days, and a dial sampled."""
    base = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [40.0, 40.0]}}
    return smp.Sweep.from_dict(
        {
            "version": 1,
            "base": base,
            "limit": max(count, 1),
            "picture": {"px_per_mm": 40, "size_px": [512, 512], "format": form},
            "axes": [{"key": "fullness", "uniform": {"low": 0.2, "high": 0.8}},
                     {"key": "skin.type", "choice": {"values": ["I-II", "III-IV", "V", "VI"]}}],
            "sample": {"count": count},
            "truth": {"table": True},
            "output": {"kind": kind, "shard_count": 100},
        }
    )  # fmt: skip


def measure(sweep: smp.Sweep, jobs: int) -> dict[str, float]:
    """Render a sweep; return pictures a second and milliseconds of one process a picture."""
    at: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        smp.batch(sweep, name, jobs=jobs, progress=lambda *_: at.append(time.perf_counter()))
        whole = time.perf_counter() - began
        table = parquet.read_table(Path(name) / "manifest.parquet").to_pydict()
        files: list[list[dict[str, Any]]] = table["files"]
    first = min(4 * jobs, len(at) // 4)
    steady = (len(at) - 1 - first) / (at[-1] - at[first])
    found = {"whole_per_s": len(sweep) / whole, "steady_per_s": steady, "start_s": at[0] - began}
    found["finish_s"] = whole - (at[-1] - began)
    told = 0.0
    for stage in STAGES:
        if f"time_{stage}_s" in table:
            times = table[f"time_{stage}_s"][first:]
            found[f"{stage}_ms"] = 1e3 * statistics.median(times)
            told += 1e3 * statistics.fmean(times)
    found["rest_ms"] = 1e3 * jobs / steady - told
    found["kB"] = statistics.fmean(sum(f["bytes"] for f in each) for each in files) / 1e3
    return found


def noop(tasks: int, jobs: int, dask: bool) -> float:
    """Return microseconds a task that renders nothing."""
    store = PlainFiles(Path(), "png", TruthTable())
    pool: Pool = LocalDask(jobs) if dask else Processes(jobs)
    for _ in run(pool, [Task((), TruthTable(), store)] * 8):
        pass
    began = time.perf_counter()
    for _ in run(pool, [Task((), TruthTable(), store)] * tasks):
        pass
    spent = time.perf_counter() - began
    pool.close()
    return 1e6 * spent / tasks


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", choices=["files", "webdataset", "zarr"], default="files")
    parser.add_argument("--format", choices=["png", "tif", "npy"], default="png")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--noop", type=int, default=0)
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--chunk", type=int, default=1)
    given = parser.parse_args()
    if given.noop:
        tasks = -(-given.noop // given.chunk)
        spent = noop(tasks, given.jobs, given.dask)
        print(f"{given.noop:,} variants of nothing in {tasks:,} tasks: {spent:.0f} us a task, "
              f"{spent / given.chunk:.0f} us a variant")  # fmt: skip
        return
    began = time.perf_counter()
    sweep = sweep_of(given.count, given.kind, given.format)
    planned = 1e3 * (time.perf_counter() - began) / len(sweep)
    print(f"{len(sweep):,} variants, planned in {planned:.2f} ms each")
    for jobs in (1, 2) if given.scaling else (given.jobs,):
        found = measure(sweep, jobs)
        print(f"{jobs} processes:", ", ".join(f"{k} {v:.4g}" for k, v in found.items()))


if __name__ == "__main__":
    main()
