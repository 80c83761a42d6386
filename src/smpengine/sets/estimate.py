"""`--dry-run`: what a sweep will take, from a few of its variants really rendered."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from smpengine.sets.card import size_text
from smpengine.sets.manifest import STAGES
from smpengine.sets.stores import PlainFiles, bytes_of
from smpengine.sets.sweep import Sweep
from smpengine.sets.work import Task, work

_SAMPLE = 8
_SHORT_S = 20.0


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take.

    Attributes
    ----------
    variants, parts
        How many there are, and in each part of the split.
    sampled, failed
        How many were rendered to tell, and how many of them failed.
    seconds_each
        Mean of one render on one process, by stage.
    bytes_each
        Mean size of a variant's files, as plain files.
    """

    variants: int
    parts: dict[str, int]
    sampled: int
    failed: int
    seconds_each: dict[str, float]
    bytes_each: float

    def lines(self, jobs: int) -> list[str]:
        """Return what to tell of it, for so many processes."""
        parts = ", ".join(f"{count:,} {part}" for part, count in self.parts.items())
        each = sum(self.seconds_each.values())
        stages = ", ".join(f"{name} {1e3 * s:.0f}" for name, s in self.seconds_each.items())
        total = each * self.variants / jobs
        said = [
            f"{self.variants:,} variants ({parts})",
            f"time: {time_text(total)} on {jobs} process{'es' if jobs > 1 else ''}; "
            f"{1e3 * each:.0f} ms each ({stages}), from {self.sampled} rendered",
            f"disk: {size_text(self.bytes_each * self.variants)}; "
            f"{size_text(self.bytes_each)} each",
        ]
        if self.failed:
            said.append(f"{self.failed} of the {self.sampled} failed")
        return said


def estimate(sweep: Sweep, threads: int = 1) -> Estimate:
    """Render up to eight variants, evenly spread over a sweep, and say what all will take.

    Parameters
    ----------
    sweep
        As `load_sweep` returns it.
    threads
        Of one render.
    """
    variants, picture = sweep.variants, sweep.table.picture
    count = min(_SAMPLE, len(variants))
    chosen = tuple(variants[(2 * k + 1) * len(variants) // (2 * count)] for k in range(count))
    with tempfile.TemporaryDirectory(prefix="smpengine-") as name:
        store = PlainFiles(Path(name), picture.format, sweep.table.truth)

        def run() -> list[tuple[dict[str, float], int, str | None]]:
            task = Task(chosen, sweep.table.truth, store, threads)
            return [(r.times_s, bytes_of(r.files), r.error) for r in work(task).records]

        since = time.perf_counter()
        found = run()
        if time.perf_counter() - since < _SHORT_S:
            found = run()  # the first time compiled, and read, what all share
    good = [(times, size) for times, size, error in found if error is None]
    stages = dict.fromkeys(stage for times, _ in good for stage in times if stage in STAGES)
    seconds = {s: statistics.fmean(times.get(s, 0.0) for times, _ in good) for s in stages}
    size = statistics.fmean(size for _, size in good) if good else 0.0
    parts = dict(Counter(variant.part for variant in variants))
    return Estimate(len(variants), parts, count, count - len(good), seconds, size)


def time_text(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    minutes = seconds / 60.0
    return f"{minutes:.0f} min" if minutes < 90.0 else f"{minutes / 60.0:.1f} h"
