"""Tell faulty treatments from their faultless twins by the named measures.

python benchmarks/verdict/faults.py [--seeds 50] [--px-per-mm 20]

Each fault is put on a sound plan of the same seed, on four skins in turn. The measures that tell it
best are printed with the area under the ROC curve, over 0.5 where the fault has more of it. That
one cannot be measured on one side alone tells the fault too: nan counts as the least.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import cv2
import numpy as np

import smpengine as smp
from pictures import SKINS
from separate import auc
from smpengine.plan.faults import FAULTS

HAIRLINE = [[0.0, 9.0], [10.0, 5.0], [20.0, 4.0], [30.0, 5.0], [40.0, 9.0]]
EXTENT_MM = (40.0, 30.0)


def sound(seed: int) -> smp.Plan:
    hairline = {"points_mm": HAIRLINE, "feather_mm": 6.0}
    return smp.Plan.from_dict(
        {"version": 1, "seed": seed, "skin": {"type": SKINS[seed % 4]}, "treatment": "natural",
         "scalp": {"extent_mm": EXTENT_MM, "hairline": hairline}}
    )  # fmt: skip


def measured(seed: int, px_per_mm: float) -> dict[str, dict[str, float]]:
    """Return the measures of a sound treatment ("") and of each fault of a seed."""
    cv2.setNumThreads(1)
    found = {}
    for fault in ("", *FAULTS):
        plan = sound(seed).with_faults(*([fault] if fault else []))
        picture = smp.render(plan.scene(threads=1), px_per_mm, device="cpu", threads=1)
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
            good, bad = (np.nan_to_num(v, nan=-1e9) for v in (good, bad))
            if np.ptp(np.concatenate([good, bad])) > 0.0:
                area = auc(bad, good)
                change = f"{np.median(good):.3g} -> {np.median(bad):.3g}"
                told.append((max(area, 1.0 - area), f"{name} {area:.3f} ({change})"))
        told.sort(reverse=True)
        print(f"{fault:18s}", "; ".join(text for _, text in told[:6]))


if __name__ == "__main__":
    main()
