"""Fit the constants of the stubble index, and print them for `smpengine/verdict/index.py`.

python benchmarks/verdict/fit.py [SEEDS]

Logistic regression on the features of `smpengine.verdict.index`, both classes of the same weight,
a small ridge, no coefficient below its bound: more of a feature is never less like stubble, and
crispness always counts. What comes out is divided by `SOFTER`, which moves nothing across 0.5 but
keeps the index from sticking at its ends. Training seeds begin at 100,000; `separate.py` and tests
judge on others.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
from scipy.optimize import minimize

import sets
from smpengine.verdict.dots import find
from smpengine.verdict.index import NAMES, features, fineness
from smpengine.verdict.picture import prepare

RIDGE = 2e-5
SOFTER = 2.0
LEAST = {"one_sided": 2.0, "crisp": 6.0, "many": 1.0}  # what must count, whatever the fit says
FOREIGN_PER_SEED = 8
OURS = 4.0  # weight of a picture of this engine over that of a foreign one
GATED_PER_CM2 = 8.0  # with fewer dots a picture is told by that alone, and fits nothing


def rows_of(task: tuple[str, int]) -> list[tuple[bool, list[float], tuple]]:
    """Return labels, features and names of a seed's pictures."""
    cv2.setNumThreads(1)
    kind, seed = task
    rows = []
    for label, name, image, scale in getattr(sets, kind)(seed, 1):
        picture = prepare(image, scale)
        values = features(picture, find(picture)).values()
        rows.append((label, [*values, -fineness(picture.px_per_mm)], name))
    return rows


def fit(label: np.ndarray, row: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Return the constant, a coefficient for each feature, and what a fine grid asks for more."""
    many = row[:, NAMES.index("many")]
    used = label | (many > GATED_PER_CM2 / (GATED_PER_CM2 + 30.0))
    weight = np.where(label, 1.0 / label.sum(), 1.0 / (~label).sum()) * np.where(ours, OURS, 1.0)
    weight *= used / (weight * used).sum()
    sign = np.where(label, 1.0, -1.0)

    def loss(c: np.ndarray) -> float:
        margin = sign * (c[0] + row @ c[1:])
        return float((weight * np.logaddexp(0.0, -margin)).sum() + RIDGE * (c[1:] ** 2).sum())

    least = [LEAST.get(name, 0.0) for name in NAMES] + [0.0]
    start = np.array([-10.0, *(max(value, 1.0) for value in least)])
    bounds = [(None, None), *((value, None) for value in least)]
    exact = {"ftol": 1e-13, "gtol": 1e-9, "maxiter": 5000, "maxfun": 200_000}
    return minimize(loss, start, bounds=bounds, options=exact).x / SOFTER


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    tasks = [("ours", sets.TRAIN + k) for k in range(seeds)]
    tasks += [("foreign", sets.TRAIN + k) for k in range(FOREIGN_PER_SEED * seeds)]
    with ProcessPoolExecutor(2) as pool:
        rows = [row for part in pool.map(rows_of, tasks) for row in part]
    label, row = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    c = fit(label, row, np.array([r[2][1] != "" for r in rows]))
    index = 1.0 / (1.0 + np.exp(-(c[0] + row @ c[1:])))
    print(f"{label.size} pictures, {label.sum()} of stubble")
    print(f"CONSTANT: Final = {c[0]:.2f}")
    print("COEFFICIENTS: Final =", tuple(round(float(v), 2) for v in c[1:-1]), NAMES)
    print(f"FINER: Final = {c[-1]:.2f}")
    for wanted in (True, False):
        shown = np.quantile(index[label == wanted], [0, 0.01, 0.05, 0.5, 0.95, 0.99, 1])
        print("stubble" if wanted else "not", shown.round(3))
    order = np.argsort(index)
    worst = [i for i in order if label[i]][:12] + [i for i in order[::-1] if not label[i]][:12]
    for i in worst:
        print(f"{index[i]:.3f}", bool(label[i]), rows[i][2], row[i].round(2))


if __name__ == "__main__":
    main()
