"""How well `match = "native"` matches: a head half treated, half its own hair.

For each skin and seed a scalp of 80 x 50 mm has all of its hair on the left, none on the right, and
less and less over 20 mm in between; the treatment fills what is missing. Measured:

- the mean colour of both ends, dE00;
- the median width of dots at both ends (`smp.report`);
- a border: gradients along x of lightness, and of the contrast of dots, averaged over the height
  and smoothed by 2 mm. One is found where the steepest in the transition is over the largest that
  pictures of hair alone have anywhere (largest of as many seeds).

python benchmarks/match.py [--seeds 20] [--out match.csv]
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path

import colour
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

import smpengine as smp
from smpengine.verdict.colour import to_lab
from smpengine.verdict.picture import to_linear

MELANOSOMES = (0.02, 0.05, 0.12, 0.16, 0.20, 0.30)
COLOURS = ("dark-brown", "brown", "black", "dark-brown", "black", "black")
EXTENT_MM = (80.0, 50.0)
FADE_MM = (30.0, 50.0)
PX_PER_MM = 20.0
MARGIN_MM = 5.0


def plan_for(seed: int, skin: int, length_mm: float, mixed: bool) -> smp.Plan:
    """Return a scalp with hair on its left, treated on its right; or with hair all over."""
    width, height = EXTENT_MM
    everywhere = [[-20, -20], [width + 20, -20], [width + 20, height + 20], [-20, height + 20]]
    ends = {"from_mm": [FADE_MM[0], 0], "to_mm": [FADE_MM[1], 0], "density": [1, 0]}
    fade = [{"polygon_mm": everywhere, "gradient": ends}] if mixed else []
    hair = {
        "length_mm": length_mm, "length_spread_mm": 0.02, "colour": COLOURS[skin],
        "whorl_mm": [40, 200], "regions": fade,
    }  # fmt: skip
    data = {
        "version": 1, "seed": seed, "skin": {"melanosome_fraction": MELANOSOMES[skin]},
        "treatment": "natural", "scalp": {"extent_mm": EXTENT_MM}, "hair": hair,
    }  # fmt: skip
    return smp.Plan.from_dict({**data, "match": "native"} if mixed else data)


def gradients(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how lightness and contrast of dots run along x, per mm; without margins."""
    lab = to_lab(to_linear(picture))
    edge = int(MARGIN_MM * PX_PER_MM)
    light = lab[edge:-edge, :, 0]
    fine = light - gaussian_filter(light, 0.4 * PX_PER_MM)
    runs = []
    for profile in (light.mean(0), np.sqrt(np.square(fine).mean(0))):
        smooth = gaussian_filter1d(profile, 2.0 * PX_PER_MM)
        runs.append(np.abs(np.gradient(smooth) * PX_PER_MM)[edge:-edge])
    return runs[0], runs[1]


def measure(plan: smp.Plan, mixed: bool) -> tuple[list[float], tuple[float, float]]:
    """Return dE00 and the ratio of widths of both ends; the steepest gradients."""
    scene = plan.scene() if mixed else plan.scene(sessions=0)
    picture = smp.render(scene, PX_PER_MM)
    edge, at = int(MARGIN_MM * PX_PER_MM), [int(v * PX_PER_MM) for v in FADE_MM]
    halves = picture[edge:-edge, edge : at[0]], picture[edge:-edge, at[1] : -edge]
    lab = [to_lab(to_linear(half).mean((0, 1))) for half in halves]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apart = float(colour.delta_E(*lab, method="CIE 2000"))
    native, treated = (smp.report(half, PX_PER_MM)["dot_fwhm_mm"] for half in halves)
    light, contrast = gradients(picture)
    inside = slice(at[0] - edge, at[1] - edge) if mixed else slice(None)
    return [apart, treated / native], (float(light[inside].max()), float(contrast[inside].max()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--length-mm", type=float, default=0.1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for skin, fraction in enumerate(MELANOSOMES):
        usual = [
            measure(plan_for(seed + 1000, skin, options.length_mm, False), False)[1]
            for seed in range(options.seeds)
        ]
        limits = np.max(usual, 0)
        found = []
        for seed in range(options.seeds):
            (apart, ratio), steep = measure(plan_for(seed, skin, options.length_mm, True), True)
            found.append([apart, ratio, *(np.array(steep) / limits)])
            rows.append([fraction, COLOURS[skin], seed, *found[-1]])
        table = np.array(found)
        middle, worst = np.median(table, 0), table.max(0)
        print(
            f"melanosomes {fraction:4.2f} {COLOURS[skin]:10s}  dE00 {middle[0]:.2f} "
            f"(worst {worst[0]:.2f})  width ratio {middle[1]:.3f} ({table[:, 1].min():.3f} to "
            f"{worst[1]:.3f})  steepest / limit: light {middle[2]:.2f} ({worst[2]:.2f}), contrast "
            f"{middle[3]:.2f} ({worst[3]:.2f})",
            flush=True,
        )
    if options.out is not None:
        with options.out.open("w", newline="") as file:
            names = "melanosome_fraction colour seed de00 width_ratio light contrast"
            csv.writer(file).writerows([names.split(), *rows])


if __name__ == "__main__":
    main()
