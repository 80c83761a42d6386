"""Time `rasterise` beside a plain separable Numba loop, and `render` by stages.

    python benchmarks/raster.py [--runs 5]

Medians over runs of both in turn, the error of both beside them (against the float64 reference, on
a crop), and the ratio in the same run.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

import smpengine as smp

SIDE = 4096
SCENES = {  # splats, smallest and largest sigma in px
    "sharp": (1_000_000, 1.0, 2.5),
    "mixed": (1_000_000, 1.0, 12.0),
    "deep": (200_000, 8.0, 20.0),
}


@njit(parallel=True, cache=True)
def plain_loop(x, y, sigma, peak, order, start, out):  # type: ignore[no-untyped-def]
    """Draw by bands of 64 rows: rows + columns of exp per splat, cut off at 4 sigma.

    As a careful person writes it: planes that the compiler can vectorise, interleaved last.
    """
    height, width, _ = out.shape
    for band in prange(start.shape[0] - 1):
        top, bottom = band * 64, min((band + 1) * 64, height)
        planes = np.zeros((3, 64, width), np.float32)
        red, green, blue = planes[0], planes[1], planes[2]
        across = np.empty(width, np.float32)
        for q in range(start[band], start[band + 1]):
            n = order[q]
            reach = 4.0 * sigma[n]
            i0 = max(math.ceil(x[n] - reach - 0.5), 0)
            i1 = min(math.floor(x[n] + reach - 0.5) + 1, width)
            j0 = max(math.ceil(y[n] - reach - 0.5), top)
            j1 = min(math.floor(y[n] + reach - 0.5) + 1, bottom)
            k = np.float32(-0.5 / (sigma[n] * sigma[n]))
            for i in range(i0, i1):
                dx = np.float32(i + 0.5 - x[n])
                across[i] = math.exp(k * dx * dx)
            for j in range(j0, j1):
                dy = np.float32(j + 0.5 - y[n])
                down = np.float32(math.exp(k * dy * dy))
                r, g, b = down * peak[n, 0], down * peak[n, 1], down * peak[n, 2]
                for i in range(i0, i1):
                    red[j - top, i] += r * across[i]
                    green[j - top, i] += g * across[i]
                    blue[j - top, i] += b * across[i]
        for j in range(top, bottom):
            for i in range(width):
                out[j, i, 0] = red[j - top, i]
                out[j, i, 1] = green[j - top, i]
                out[j, i, 2] = blue[j - top, i]


def bands_of(y: NDArray[np.float64], sigma: NDArray[np.float32], height: int):  # type: ignore[no-untyped-def]
    """List the splats that touch each band of 64 rows."""
    bands = -(-height // 64)
    first = np.clip(np.floor((y - 4 * sigma) / 64).astype(int), 0, bands - 1)
    last = np.clip(np.floor((y + 4 * sigma) / 64).astype(int), 0, bands - 1)
    rows = np.concatenate([np.flatnonzero((first <= b) & (last >= b)) for b in range(bands)])
    counts = [np.count_nonzero((first <= b) & (last >= b)) for b in range(bands)]
    return rows.astype(np.int64), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def splats(count: int, low: float, high: float, seed: int = 1):  # type: ignore[no-untyped-def]
    """Return a named scene's columns, log-uniform in sigma."""
    rng = np.random.default_rng(seed)
    sigma = np.exp(rng.uniform(np.log(low), np.log(high), count)).astype(np.float32)
    x, y = rng.uniform(0, SIDE, (2, count))
    return x, y, sigma, rng.uniform(0, 1, (count, 3)).astype(np.float32)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call took."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def error(image: NDArray[np.float32], scene) -> float:  # type: ignore[no-untyped-def]
    """Return the worst error of a crop, relative to the field's maximum."""
    x, y, sigma, peak = scene
    low, side = 1900, 200
    near = (abs(x - low - side / 2) < side + 10 * sigma) & (
        abs(y - low - side / 2) < side + 10 * sigma
    )
    crop = (x[near], y[near], sigma[near], peak[near])
    want = smp.rasterise(*crop, (side, side), (low, low), "reference")
    return float(np.abs(image[low : low + side, low : low + side] - want).max() / image.max())


def compare(name: str, runs: int) -> None:
    """Print one scene's line."""
    scene = splats(*SCENES[name])
    x, y, sigma, peak = scene
    out, plain = (np.empty((SIDE, SIDE, 3), np.float32) for _ in range(2))

    def ours() -> None:
        smp.rasterise(*scene, (SIDE, SIDE), out=out)

    def fresh() -> None:
        smp.rasterise(*scene, (SIDE, SIDE))

    def loop() -> None:
        plain_loop(x, y, sigma, peak, *bands_of(y, sigma, SIDE), plain)

    ours(), loop()  # compile
    times = [(seconds(ours), seconds(fresh), seconds(loop)) for _ in range(runs)]
    a, b, c = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"{name:6s} rasterise {a:.3f} s (fresh {b:.3f}), plain loop {c:.3f} s: {c / a:.1f} times"
        f" faster; worst error {error(out, scene):.1e}, loop's {error(plain, scene):.1e}"
    )


def stages(px_per_mm: float, runs: int) -> None:
    """Print the stages of rendering the strong treatment on a whole scalp."""
    from smpengine.optics.scatter import scatter
    from smpengine.workers import Workers, thread_count

    plan = smp.Plan.from_dict(
        {"version": 1, "seed": 1, "treatment": "strong", "scalp": {"extent_mm": [180.0, 220.0]}}
    )
    workers = Workers(thread_count(None))
    scene = plan.scene()
    whole = {output: smp.render(scene, px_per_mm, output=output) for output in ("srgb8", "linear")}
    del whole
    rows = []
    for _ in range(runs):
        rows.append(
            (
                seconds(plan.scene),
                seconds(lambda: scatter(scene.impressions, scene.skin, px_per_mm, workers)),
                seconds(lambda: smp.render(scene, px_per_mm, output="linear")),
                seconds(lambda: smp.render(scene, px_per_mm)),
            )
        )
    place, optics, linear, srgb = (statistics.median(column) for column in zip(*rows, strict=True))
    side = (
        f"{180 * px_per_mm:.0f} x {220 * px_per_mm:.0f} px, {len(scene.impressions):,} impressions"
    )
    print(f"strong on 180 x 220 mm at {px_per_mm:g} px/mm: {side}")
    print(f"  placement {place:.2f} s, optics {optics:.2f} s, linear render {linear:.2f} s")
    print(f"  srgb8 render {srgb:.2f} s, of which tone and dither {srgb - linear:.2f} s")


def main() -> None:
    """Print all lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    for name in SCENES:
        compare(name, runs)
    stages(40.0, min(runs, 3))


if __name__ == "__main__":
    main()
