"""Fit the constants of the stubble index, and print them for `smpengine/verdict/index.py`.

python benchmarks/verdict/fit.py [SEEDS]

Logistic regression on the features of `smpengine.verdict.index`, both classes of the same weight,
a small ridge, no coefficient below its bound: more of a feature is never less like stubble, and
crispness always counts. Training seeds begin at 100,000; `separate.py` and tests judge on others.
"""

from __future__ import annotations

import sys

import cv2
import numpy as np
from scipy.optimize import minimize

import pictures
import sets
from smpengine.verdict.dots import find
from smpengine.verdict.index import NAMES, features, fineness
from smpengine.verdict.picture import prepare

RIDGE = 1e-4
LEAST = {"one_sided": 2.0, "crisp": 5.0, "many": 1.0}  # what must count, whatever the fit says


def columns(seeds: int) -> tuple[np.ndarray, np.ndarray, list[tuple]]:
    """Return labels, features and names of the training pictures."""
    label, row, name = [], [], []
    for pictures_of, count in ((sets.ours, seeds), (sets.foreign, 6 * seeds)):
        for is_stubble, what, image, scale in pictures_of(sets.TRAIN, count):
            picture = prepare(image, scale)
            label.append(is_stubble)
            values = features(picture, find(picture)).values()
            row.append([*values, -fineness(picture.px_per_mm)])
            name.append(what)
    return np.array(label), np.array(row), name


def fit(label: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the constant, a coefficient for each feature, and what a fine grid asks for more."""
    weight = np.where(label, 0.5 / label.sum(), 0.5 / (~label).sum())
    sign = np.where(label, 1.0, -1.0)

    def loss(c: np.ndarray) -> float:
        margin = sign * (c[0] + row @ c[1:])
        return float((weight * np.logaddexp(0.0, -margin)).sum() + RIDGE * (c[1:] ** 2).sum())

    bounds = [(None, None), *((LEAST.get(name, 0.0), None) for name in NAMES), (0.0, None)]
    start = np.array([-10.0, *(max(b[0] or 0.0, 1.0) for b in bounds[1:])])
    return minimize(loss, start, bounds=bounds).x


def main() -> None:
    cv2.setNumThreads(1)
    label, row, name = columns(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
    c = fit(label, row)
    index = 1.0 / (1.0 + np.exp(-(c[0] + row @ c[1:])))
    print(f"{label.size} pictures, {label.sum()} of stubble, kinds {pictures.KINDS}")
    print(f"CONSTANT: Final = {c[0]:.2f}")
    print("COEFFICIENTS: Final =", tuple(round(float(v), 2) for v in c[1:-1]), NAMES)
    print(f"FINER: Final = {c[-1]:.2f}")
    for wanted in (True, False):
        shown = np.quantile(index[label == wanted], [0, 0.01, 0.05, 0.5, 0.95, 0.99, 1])
        print("stubble" if wanted else "not", shown.round(3))
    order = np.argsort(index)
    worst = [i for i in order if label[i]][:12] + [i for i in order[::-1] if not label[i]][:12]
    for i in worst:
        print(f"{index[i]:.3f}", bool(label[i]), name[i], row[i].round(2))


if __name__ == "__main__":
    main()
