"""What variants spare each other: six skins x five dates x 20 seeds, and five exposures of each.

    python benchmarks/shared.py [--seeds 4]

Three ways, one thread each: *naive* loads the plan, places all of its scalp and renders the window;
*window* places what can reach it; *shared* also keeps dots and R / R0 for the next (`Stages`).
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from typing import Any

import smpengine as smp
from smpengine.sets.place import scene_of

SKINS = (0.02, 0.05, 0.09, 0.14, 0.20, 0.30)
DAYS = (1.0, 14.0, 120.0, 700.0, 1800.0)
TONES = (0.8, 0.9, 1.0, 1.1, 1.25)
SCALE = 40.0
Keys = tuple[int, float, float, float]


def table(extent: tuple[float, float], keys: Keys) -> dict[str, Any]:
    """Return a variant's plan."""
    return {"version": 1, "treatment": "natural", "seed": keys[0],
            "skin": {"melanosome_fraction": keys[2]}, "scalp": {"extent_mm": extent}}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--one-exposure", action="store_true", help="leave out those of five")
    given = parser.parse_args()
    seeds = range(given.seeds)
    for name, extent in (("scalp", (180.0, 220.0)), ("patch", (40.0, 30.0))):
        x, y = (0.5 * side - 256.0 / SCALE for side in extent)
        window = x, y, x + 512.0 / SCALE, y + 512.0 / SCALE
        for what, tones in (("one exposure", (1.0,)), ("five exposures", TONES)):
            if given.one_exposure and len(tones) > 1:
                continue
            variants = list(itertools.product(seeds, DAYS, SKINS, tones))
            _compare(f"{name} {extent[0]:g} x {extent[1]:g} mm, {what}", extent, window, variants)


def _compare(
    title: str, extent: tuple[float, float], window: tuple[float, float, float, float],
    variants: list[Keys],
) -> None:  # fmt: skip
    stages = smp.Stages()
    how: dict[str, Any] = {"device": "cpu", "threads": 1}
    spent = dict.fromkeys(("naive", "window", "shared"), 0.0)
    for keys in variants:
        picture = {"px_per_mm": SCALE, "window_mm": window, "day": keys[1]}
        pictures = []
        start = time.perf_counter()
        scene = smp.Plan.from_dict(table(extent, keys)).scene(keys[1], threads=1)
        pictures.append(smp.render(scene, SCALE, window, exposure=keys[3], **how))
        spent["naive"] += time.perf_counter() - start
        start = time.perf_counter()
        scene = scene_of(smp.Plan.from_dict(table(extent, keys)), picture, False, 1)[0]
        pictures.append(smp.render(scene, SCALE, window, exposure=keys[3], **how))
        spent["window"] += time.perf_counter() - start
        start = time.perf_counter()
        scene = scene_of(stages.plan(table(extent, keys), "plan", Path()), picture, False, 1)[0]
        pictures.append(stages.render(scene, SCALE, window, exposure=keys[3], **how))
        spent["shared"] += time.perf_counter() - start
        assert all((each == pictures[0]).all() for each in pictures)
    each = {name: 1e3 * seconds / len(variants) for name, seconds in spent.items()}
    print(f"{title}: {len(variants)} variants, ms each: "
          + ", ".join(f"{name} {ms:.1f}" for name, ms in each.items())
          + f"; naive / shared {each['naive'] / each['shared']:.2f}, "
          f"window / shared {each['window'] / each['shared']:.2f}", flush=True)  # fmt: skip
    print("   made of asked: " + ", ".join(
        f"{stage} {stages.saved.made[stage]} of {count}"
        for stage, count in stages.saved.asked.items()))  # fmt: skip


if __name__ == "__main__":
    main()
