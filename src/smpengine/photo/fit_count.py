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

_SPACINGS: Final = (0.0, 0.25, 0.40, 0.50, 0.58, 0.65)
"""Tried least distances between dots, in units of 1 / sqrt(density): random to very even."""
_MERGED_MM: Final = 0.10
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
    """

    found: int
    present: float
    log_sigma: float

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
    present, missed, seen_of = wanted / 0.97, 1.0, []
    for _ in range(_ROUNDS):
        n = max(round(present), 1)
        x, y = _alike(n, dots, light, rng)
        swell = np.exp(radius_spread * rng.standard_normal(x.size))
        drawn = model.seen(model.scene(solution.values, x, y, swell), solution.values)
        image = remainder.picture(next(remainder.elsewhere(drawn, 1)))
        seen = len(found_in(image, light))
        seen_of.append(min(max(seen / x.size, 0.05), 1.2))
        # A fraction is missed, whatever the number; fewer of them where dots are sparser.
        present = wanted / seen_of[-1]
        missed = max(present - wanted, 0.0)
    relative = math.sqrt(2.0 * missed + 1.0) / max(wanted, 1.0)
    lack = max(1.0 - seen_of[-1], 0.0)
    sigma = math.sqrt(relative**2 + (0.15 * lack) ** 2 + (0.3 * false_share) ** 2 + _FLOOR**2)
    return Count(len(dots), present, sigma)


def _alike(n: int, dots: Blobs, light: Light, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return `n` places in the treated area, about as evenly spaced as the dots found."""
    from scipy.spatial import cKDTree

    at = np.column_stack([dots.x_mm, dots.y_mm])
    goal = float(cKDTree(at).query(at, k=2)[0][:, 1].mean())
    best: tuple[float, Array] = (math.inf, np.empty((0, 2)))
    for spacing in _SPACINGS:
        placed = _thrown(n, spacing, light, rng)
        kept = placed[_unmerged(placed)]
        off = abs(float(cKDTree(kept).query(kept, k=2)[0][:, 1].mean()) - goal)
        if off < best[0]:
            best = off, placed
    return best[1][:, 0], best[1][:, 1]


def _thrown(n: int, spacing: float, light: Light, rng: np.random.Generator) -> Array:
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


def _unmerged(at: Array) -> NDArray[np.bool_]:
    """Return places less those so near to another that the detector sees one."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(at).query_pairs(_MERGED_MM, output_type="ndarray")
    kept = np.ones(len(at), bool)
    kept[pairs.max(axis=1)] = False
    return kept
