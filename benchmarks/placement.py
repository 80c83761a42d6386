"""Time and judge placement: one session, and three of which each goes wholly into the gaps.

    python benchmarks/placement.py [--runs 5]

Prints the time for about 1,000,000 impressions, nearest-neighbour distances in units of the mean
spacing 1 / sqrt(density), the radially averaged power spectrum over that of white noise against
frequency in units of sqrt(density), and the error of the density per cm2.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time

import numpy as np
from scipy.spatial import cKDTree

import smpengine as smp
from smpengine.plan.density import DensityMap
from smpengine.plan.placement import Layer, place

SIDE_MM = 204.8
EDGES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.5)


def layer(density_per_cm2: float) -> Layer:
    """Return a session that goes wholly into the gaps."""
    mua = (40.0, 40.0, 40.0)
    return Layer(density_per_cm2, 1.0, 0.07, 0.012, 0.2, 0.04, 0.1, mua, 0.25)


def timing(runs: int) -> None:
    """Print the median time for a million impressions."""
    layers = [layer(density) for density in (700.0, 900.0, 900.0)]
    count = 0
    seconds = []
    for _ in range(runs + 1):  # the first compiles
        start = time.perf_counter()
        count = len(place(layers, DensityMap(), (200.0, 200.0), 1))
        seconds.append(time.perf_counter() - start)
    print(f"{count:,} impressions: {statistics.median(seconds[1:]):.2f} s (median of {runs})")


def judge(name: str, dots: smp.Impressions) -> None:
    """Print distances, spectrum and density of the points."""
    n = len(dots)
    spacing = SIDE_MM / np.sqrt(n)
    points = np.stack([dots.x_mm, dots.y_mm], axis=1)
    nearest = cKDTree(points).query(points, 2)[0][:, 1] / spacing
    print(
        f"{name}: {n:,} dots; nearest neighbour: least {nearest.min():.2f}, 5 % "
        f"{np.percentile(nearest, 5):.2f}, median {np.median(nearest):.2f} (at random: 0, 0.13, "
        "0.47)"
    )
    cells = 4096
    counts, _, _ = np.histogram2d(dots.x_mm, dots.y_mm, bins=cells, range=[[0, SIDE_MM]] * 2)
    power = np.abs(np.fft.fft2(counts)) ** 2 / n
    f = np.fft.fftfreq(cells, SIDE_MM / cells) * spacing
    radius = np.hypot(f[:, None], f[None, :])
    for low, high in itertools.pairwise(EDGES):
        share = power[(radius > low) & (radius < high)].mean()
        print(f"    frequency {low:4.2f} to {high:4.2f}: {share:.3f} of white noise")


def density_error(name: str, dots: smp.Impressions, asked_per_cm2: float) -> None:
    """Print the mean and rms error of the density over squares of 1 cm2."""
    bins = int(SIDE_MM // 10)
    counts, _, _ = np.histogram2d(dots.x_mm, dots.y_mm, bins=bins, range=[[0, 10 * bins]] * 2)
    relative = counts / asked_per_cm2 - 1.0
    mean, rms = 100 * relative.mean(), 100 * np.sqrt((relative**2).mean())
    print(f"{name}: density wrong by {mean:+.2f} % on average, {rms:.1f} % rms per cm2")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    timing(parser.parse_args().runs)
    densities = (120.0, 150.0, 120.0)
    dots = place([layer(d) for d in densities], DensityMap(), (SIDE_MM, SIDE_MM), 3)
    sessions = [dots.rows(dots.session == k) for k in range(3)]
    judge("first session", sessions[0])
    judge("three sessions", dots)
    density_error("first session", sessions[0], densities[0])
    density_error("second session", sessions[1], densities[1])
    density_error("third session", sessions[2], densities[2])
    density_error("three sessions", dots, sum(densities))


if __name__ == "__main__":
    main()
