"""Tell faulty treatments from their faultless twins by the named measures.

python benchmarks/verdict/faults.py [--seeds 50] [--px-per-mm 20]

Each fault is made here out of a sound plan of the same seed, and the measures that tell it best are
printed with the area under the ROC curve (over 0.5 where the fault has more of it).
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import cv2
import numpy as np

import smpengine as smp
from pictures import SKINS
from separate import auc
from smpengine.plan.presets import SESSIONS, TREATMENTS

HAIRLINE = [[0.0, 9.0], [10.0, 5.0], [20.0, 4.0], [30.0, 5.0], [40.0, 9.0]]
WIDE_MM, HIGH_MM = 40.0, 30.0
COLUMNS = ("x_mm", "y_mm", "depth_mm", "radius_mm", "thickness_mm", "mua_per_mm", "session")


def sound(seed: int) -> dict[str, Any]:
    hairline = {"points_mm": HAIRLINE, "feather_mm": 6.0}
    sessions = [{**SESSIONS[s["preset"]], **s} for s in TREATMENTS["natural"]]
    return {"version": 1, "seed": seed, "skin": {"type": SKINS[seed % 4]}, "sessions": sessions,
            "scalp": {"extent_mm": [WIDE_MM, HIGH_MM], "hairline": hairline}}  # fmt: skip


def in_plan(plan: dict[str, Any], fault: str) -> None:
    """Put a fault into a plan, if it is one that a plan can say."""
    for s in plan["sessions"]:
        s["depth_mm"] += 0.15 * (fault == "too-deep")
        s["radius_mm"] *= 1.4 if fault == "too-big" else 1.0
        s["density_per_cm2"] *= 1.6 if fault == "too-dense" else 1.0
        s["gap_share"] = 0.0 if fault == "clumped" else s["gap_share"]
        if fault == "too-dark":
            s["pigment"] = "black"
        if fault == "blue":
            s["pigment"] = {"mua_per_mm": [60.0, 30.0, 12.0]}
    hairline = plan["scalp"]["hairline"]
    if fault == "straight-hairline":
        hairline["points_mm"] = [[0.0, 6.0], [20.0, 6.0], [40.0, 6.0]]
    if fault == "sharp-border":
        hairline["feather_mm"] = 0.3
    if fault == "uneven":
        whole = [[0.0, 0.0], [WIDE_MM, 0.0], [WIDE_MM, HIGH_MM], [0.0, HIGH_MM]]
        thin, thick = (
            [[5, 12], [14, 12], [14, 22], [5, 22]],
            [[22, 14], [34, 14], [34, 26], [22, 26]],
        )
        plan["scalp"]["regions"] = [
            {"polygon_mm": whole},
            {"polygon_mm": thin, "density": 0.5, "feather_mm": 2.0},
            {"polygon_mm": thick, "density": 1.5, "feather_mm": 2.0},
        ]


def in_dots(scene: smp.Scene, fault: str, seed: int) -> smp.Scene:
    """Put a fault among the impressions, if it is one of theirs."""
    dots, rng = scene.impressions, np.random.default_rng(seed)
    columns = [getattr(dots, name).copy() for name in COLUMNS]
    if fault == "mirrored":
        left = dots.x_mm < 0.5 * WIDE_MM
        n = int(left.sum())
        columns = [np.concatenate([c[left], c[left]]) for c in columns]
        columns[0][n:] = WIDE_MM - columns[0][n:] + 0.02 * rng.normal(size=n)
    elif fault == "merged":
        some = rng.random(len(dots)) < 0.2
        n, angle = int(some.sum()), rng.uniform(0, 2 * np.pi, int(some.sum()))
        columns = [np.concatenate([c, c[some]]) for c in columns]
        columns[0][-n:] += 0.15 * np.cos(angle)
        columns[1][-n:] += 0.15 * np.sin(angle)
    elif fault == "ink-migration":
        some = rng.random(len(dots)) < 0.15
        columns[3][some] *= 3.0
        columns[2][some] += 0.3
        columns[5][some] /= 4.0
    return smp.Scene(scene.skin, smp.Impressions(*columns), scene.extent_mm)


FAULTS = ("too-deep", "too-dark", "too-big", "too-dense", "merged", "clumped", "ink-migration",
          "blue", "straight-hairline", "sharp-border", "mirrored", "uneven")  # fmt: skip


def measured(seed: int, px_per_mm: float) -> dict[str, dict[str, float]]:
    """Return the measures of a sound treatment ("") and of each fault of a seed."""
    cv2.setNumThreads(1)
    found = {}
    for fault in ("", *FAULTS):
        plan = sound(seed)
        in_plan(plan, fault)
        scene = in_dots(smp.Plan.from_dict(plan).scene(threads=1), fault, seed)
        picture = smp.render(scene, px_per_mm, device="cpu", threads=1)
        found[fault] = {m.name: m.value for m in smp.report(picture, px_per_mm).measures}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--px-per-mm", type=float, default=20.0)
    given = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        seeds = list(pool.map(partial(measured, px_per_mm=given.px_per_mm), range(given.seeds)))
    for fault in FAULTS:
        told = []
        for name in seeds[0][""]:
            good = np.array([s[""][name] for s in seeds])
            bad = np.array([s[fault][name] for s in seeds])
            if np.isfinite(good).all() and np.isfinite(bad).all():
                area = auc(bad, good)
                change = f"{np.median(good):.3g} -> {np.median(bad):.3g}"
                told.append((max(area, 1.0 - area), f"{name} {area:.3f} ({change})"))
        told.sort(reverse=True)
        print(f"{fault:18s}", "; ".join(text for _, text in told[:6]))


if __name__ == "__main__":
    main()
