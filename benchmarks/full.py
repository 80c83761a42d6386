"""What each part of a picture adds: granules, hair, complexion, and a head.

The same treatment of 180 x 220 mm at 40 px/mm, medians of interleaved runs on all threads, and each
over the bare render (even discs, even skin). The head is seen from above at the same scale.

python benchmarks/full.py [--runs 3] [--device cpu] [--scale 1.0] [--no-head]
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

import smpengine as smp
from smpengine.bench.run import PLAN_PX_PER_MM, PLANS, planned

NAMES = ("plan", "healed", "hair", "complexion", "full")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--scale", type=float, default=1.0, help="of the area")
    parser.add_argument("--no-head", action="store_true")
    given = parser.parse_args()
    scenes = {name: planned(name, given.scale, 1)() for name in NAMES}
    times: dict[str, list[float]] = {name: [] for name in NAMES}
    out = np.empty_like(smp.render(scenes["plan"], PLAN_PX_PER_MM, device=given.device))
    for run in range(given.runs + 1):
        for name in NAMES:
            start = time.perf_counter()
            smp.render(scenes[name], PLAN_PX_PER_MM, device=given.device, out=out)
            if run:
                times[name].append(time.perf_counter() - start)
    bare = statistics.median(times["plan"])
    pixels = out.shape[0] * out.shape[1]
    for name in NAMES:
        _say(name, statistics.median(times[name]), bare, pixels)
    if not given.no_head:
        _head(given, bare / pixels)


def _head(given: argparse.Namespace, bare_s_per_px: float) -> None:
    """Measure the full scene on a head, and the same head bare."""
    side = 280.0 * given.scale**0.5
    for name, parts in (("head, bare", PLANS["plan"]), ("head, full", PLANS["full"])):
        data: dict[str, Any] = {
            "version": 1, "seed": 1, "treatment": "strong", "head": {}, "light": {},
            "scalp": {"extent_mm": [side, side]}, **parts,
        }  # fmt: skip
        scene = smp.Plan.from_dict(data).scene()
        smp.render_view(scene, "above", 4.0, device=given.device)
        start = time.perf_counter()
        picture = smp.render_view(scene, "above", PLAN_PX_PER_MM, device=given.device)
        pixels = picture.shape[0] * picture.shape[1]
        _say(name, time.perf_counter() - start, bare_s_per_px * pixels, pixels)


def _say(name: str, seconds: float, bare: float, pixels: int) -> None:
    each = 1e9 * seconds / pixels
    print(f"{name:12s} {seconds:7.2f} s  {each:6.1f} ns/px  {seconds / bare:5.2f} x", flush=True)


if __name__ == "__main__":
    main()
