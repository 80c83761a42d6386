"""Judge the stubble index, and the measures beside it, on pictures that it was not fitted on.

python benchmarks/verdict/separate.py [--seeds 50] [--part plans|foreign|dial|robust] [--jobs 2]

plans    treatments against flat shadow and bare skin: skins, scales, noise, JPEG, shading
foreign  pictures by plain NumPy, and textures of scikit-image
dial     the plan's texture dial, 0 to 1
robust   wrong scale, brightness, white balance, crops of 6 x 6 mm
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import cv2
import numpy as np
from scipy.stats import rankdata

import pictures
import sets
from smpengine.verdict.dots import find
from smpengine.verdict.index import features, stubble_index
from smpengine.verdict.picture import prepare

Rows = list[tuple[bool, tuple, float]]


def index_of(image: np.ndarray, px_per_mm: float) -> float:
    picture = prepare(image, px_per_mm)
    return stubble_index(features(picture, find(picture)), picture.px_per_mm)


def auc(high: np.ndarray, low: np.ndarray) -> float:
    """Return the chance that one of `high` is over one of `low` (Mann and Whitney)."""
    ranks = rankdata(np.concatenate([high, low]))
    return float((ranks[: high.size].sum() / high.size - 0.5 * (high.size + 1)) / low.size)


def compare(title: str, rows: Rows) -> None:
    """Print both distributions, and how they lie to each other."""
    high = np.array([value for label, _, value in rows if label])
    low = np.array([value for label, _, value in rows if not label])
    for name, values in (("stubble", high), ("not", low)):
        if values.size:
            shown = np.quantile(values, [0.0, 0.05, 0.5, 0.95, 1.0])
            said = "  ".join(f"{v:.4f}" for v in shown)
            print(f"{title:30s} {name:8s} n {values.size:6d}  min 5% 50% 95% max  {said}")
    if high.size and low.size:
        over = float((low >= high.min()).mean()), float((high <= low.max()).mean())
        wrong = int((high < 0.5).sum()), int((low > 0.5).sum())
        print(
            f"{title:30s} AUC {auc(high, low):.5f}  overlap: {over[0]:.4f} of not, "
            f"{over[1]:.4f} of stubble; wrong side of 0.5: {wrong[0]} stubble, {wrong[1]} not"
        )


def one_plans(seed: int) -> Rows:
    cv2.setNumThreads(1)
    return [(label, name, index_of(im, s)) for label, name, im, s in sets.ours(seed, 1)]


def one_foreign(seed: int) -> Rows:
    cv2.setNumThreads(1)
    return [(label, name, index_of(im, s)) for label, name, im, s in sets.foreign(seed, 1)]


def one_dial(seed: int) -> Rows:
    cv2.setNumThreads(1)
    rows: Rows = []
    for skin in pictures.SKINS:
        for scale in (20.0, 40.0):
            for treatment in ("natural", "strong"):
                for texture in (0.0, 0.25, 0.5, 0.75, 1.0):
                    image = pictures.plan_picture(seed, skin, treatment, scale, texture=texture)
                    name = (treatment, skin, scale, texture)
                    rows.append((True, name, index_of(image, scale)))
    return rows


def one_robust(seed: int) -> Rows:
    """Return indices of pictures that are misjudged, each with what was done to it."""
    cv2.setNumThreads(1)
    rows: Rows = []
    for skin in pictures.SKINS:
        for scale in pictures.SCALES:
            for treatment in ("natural", "strong", "flat-shadow", "bare"):
                image = pictures.plan_picture(seed, skin, treatment, scale)
                label = treatment in ("natural", "strong")
                rng = np.random.default_rng(seed)
                image = pictures.noisy(image, 2.0, rng)
                light = pictures.linear(image)
                side, at = round(6 * scale), rng.integers(0, round(6 * scale), 2)
                changed = {
                    "as it is": (image, scale),
                    "scale x 0.8": (image, 0.8 * scale),
                    "scale x 1.25": (image, 1.25 * scale),
                    "light x 0.7": (pictures.encode(0.7 * light), scale),
                    "light x 1.3": (pictures.encode(1.3 * light), scale),
                    "warm": (pictures.encode(light * [1.15, 1.0, 0.8]), scale),
                    "cold": (pictures.encode(light * [0.85, 1.0, 1.2]), scale),
                    "6 x 6 mm": (image[at[0] : at[0] + side, at[1] : at[1] + side], scale),
                }
                for what, (shown, px_per_mm) in changed.items():
                    name = (treatment, skin, scale, what)
                    rows.append((label, name, index_of(shown, px_per_mm)))
    return rows


def group(rows: Rows, *columns: int) -> dict[str, Rows]:
    """Return rows by some columns of their names."""
    found: dict[str, Rows] = defaultdict(list)
    for row in rows:
        found[" ".join(str(row[1][c]) for c in columns)].append(row)
    return found


def gather(what, seeds: int, jobs: int) -> Rows:
    with ProcessPoolExecutor(jobs) as pool:
        return [row for part in pool.map(what, range(sets.TEST, sets.TEST + seeds)) for row in part]


def show_groups(rows: Rows, *kinds: Iterable[int]) -> None:
    for kind in kinds:
        for name, part in group(rows, *kind).items():
            compare(name, part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--part", choices=["plans", "foreign", "dial", "robust"], action="append")
    given = parser.parse_args()
    for part in given.part or ["plans", "foreign", "dial", "robust"]:
        print(f"--- {part}, {given.seeds} seeds")
        rows = gather(globals()[f"one_{part}"], given.seeds, given.jobs)
        if part == "dial":
            for name, values in group(rows, 0, 1, 2).items():
                means = [np.mean([v for _, _, v in r]) for r in group(values, 3).values()]
                rising = all(b > a for a, b in pairwise(means))
                print(f"{name:24s}", *(f"{m:.5f}" for m in means), "rises" if rising else "FALLS")
            continue
        compare("all", rows)
        if part == "foreign":
            show_groups(rows, (2,), (0,))
        else:
            show_groups(rows, (3,), (2,), (1,), (0,))


if __name__ == "__main__":
    main()
