"""How many dots there are, where some hide behind others and some in noise.

Dots are found by the verdict's detector. How many it misses is asked of itself: it looks at a
picture of fitted dots whose number is known, in this picture's own noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.fit_light import Array, Light
from smpengine.photo.fit_model import Model
from smpengine.photo.fit_noise import Remainder
from smpengine.photo.fit_solve import Solution
from smpengine.verdict.dots import Blobs, find
from smpengine.verdict.picture import prepare

_SPACINGS: Final = (0.0, 0.2, 0.35, 0.5, 0.65)
"""Tried least distances between dots, in units of 1 / sqrt(density): random to very even."""
_EVENNESS_SD: Final = 0.26
"""Of one dot's distance to its nearest neighbour, in the same units: random dots' is 0.26."""
_USUAL_SHARE: Final = 0.95
_LEAST_SHARE: Final = 0.05
_ROUNDS: Final = 2
_TRIES: Final = 60
_SEED: Final = 31_337
_FLOOR: Final = 0.004


@dataclass(frozen=True)
class Count:
    """How many dots there are in a part of a picture.

    Attributes
    ----------
    found, present
        How many the detector found, and how many there must be for that.
    log_sigma
        Standard error of the logarithm of `present`.
    spacing
        Least distance between them that explains how even they look, in units of 1 / sqrt(density).
    """

    found: int
    present: float
    log_sigma: float
    spacing: float

    @property
    def share(self) -> float:
        """What share of them is found."""
        return self.found / max(self.present, 1.0)


def found_in(image: NDArray[np.uint8], light: Light) -> Blobs:
    """Return the dots found in a picture, those of its treated area."""
    dots = find(prepare(image, light.px_per_mm, light.mask)).dots
    return dots.rows(inside(dots.x_mm, dots.y_mm, light))


def area_cm2(light: Light) -> float:
    """Return the treated area."""
    pixels = light.bands[..., 0].size if light.mask is None else int(light.mask.sum())
    return pixels / light.px_per_mm**2 / 100.0


def inside(x_mm: Array, y_mm: Array, light: Light) -> NDArray[np.bool_]:
    """Return which places lie in the treated area."""
    if light.mask is None:
        return np.ones(x_mm.size, bool)
    height, width = light.mask.shape
    row = np.clip((y_mm * light.px_per_mm).astype(int), 0, height - 1)
    col = np.clip((x_mm * light.px_per_mm).astype(int), 0, width - 1)
    return np.asarray(light.mask[row, col])


def count_of(
    dots: Blobs,
    light: Light,
    model: Model,
    solution: Solution,
    remainder: Remainder,
    radius_spread: float,
    false_share: float,
) -> Count:
    """Work out how many dots there must be for so many to be found.

    Parameters
    ----------
    dots
        As found in that part.
    light, model, solution, remainder
        The part, the fit's model of it, what was fitted, and what that leaves.
    radius_spread
        Standard deviation of the logarithm of radii.
    false_share
        What share of the dots is skin that looks like one.
    """
    wanted = len(dots) * (1.0 - false_share)
    rng = np.random.Generator(np.random.Philox(_SEED))

    def seen_at(present: float, spacing: float) -> tuple[float, float]:
        """Return the share of dots that is found, and how evenly those lie."""
        x, y = thrown(max(round(present), 2), spacing, light, rng).T
        swell = np.exp(radius_spread * rng.standard_normal(x.size))
        drawn = model.seen(model.scene(solution.values, x, y, swell), solution.values)
        seen = found_in(remainder.picture(next(remainder.elsewhere(drawn, 1))), light)
        return float(np.clip(len(seen) / x.size, _LEAST_SHARE, 1.2)), _evenness(seen, light)

    # Where dots hide behind each other depends on how evenly they lie, and that is seen as well.
    goal, share = _evenness(dots, light), _USUAL_SHARE
    for _ in range(_ROUNDS):
        tried = np.array([seen_at(wanted / share, spacing) for spacing in _SPACINGS])
        off = (tried[:, 1] - goal) / (_EVENNESS_SD * math.sqrt(2.0 / max(len(dots), 1)))
        weight = np.exp(-0.5 * (off**2 - (off**2).min()))
        weight /= weight.sum()
        share = float(weight @ tried[:, 0])
    unsure = math.sqrt(float(weight @ (tried[:, 0] - share) ** 2))
    present = wanted / share
    missed = max(present - wanted, 0.0)
    relative = math.sqrt(2.0 * missed + 1.0) / max(wanted, 1.0)
    sigma = math.sqrt(relative**2 + (unsure / share) ** 2 + (0.3 * false_share) ** 2 + _FLOOR**2)
    return Count(len(dots), present, sigma, float(weight @ np.array(_SPACINGS)))


def _evenness(dots: Blobs, light: Light) -> float:
    """Return the mean distance to the nearest neighbour, times the root of density."""
    from scipy.spatial import cKDTree

    if len(dots) < 2:
        return 0.5
    at = np.column_stack([dots.x_mm, dots.y_mm])
    near = cKDTree(at).query(at, k=2)[0][:, 1]
    return float(near.mean()) * math.sqrt(len(dots) / (100.0 * area_cm2(light)))


def thrown(n: int, spacing: float, light: Light, rng: np.random.Generator) -> Array:
    """Return random places, none nearer to another than allowed, as far as that goes."""
    s = light.px_per_mm
    height, width = light.bands.shape[:2]
    area = float(height * width if light.mask is None else light.mask.sum()) / s**2
    least = spacing * math.sqrt(area / n)
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    size = max(least, 1e-3)
    placed: list[tuple[float, float]] = []
    many = _TRIES * n
    xs, ys = rng.uniform(0.0, width / s, many), rng.uniform(0.0, height / s, many)
    for x, y, fits in zip(xs.tolist(), ys.tolist(), inside(xs, ys, light).tolist(), strict=True):
        if len(placed) == n:
            break
        if not fits:
            continue
        i, j = int(x / size), int(y / size)
        near = (
            other
            for di in (-1, 0, 1)
            for dj in (-1, 0, 1)
            for other in cells.get((i + di, j + dj), ())
        )
        if any((x - u) ** 2 + (y - v) ** 2 < least**2 for u, v in near):
            continue
        cells.setdefault((i, j), []).append((x, y))
        placed.append((x, y))
    return np.array(placed)
