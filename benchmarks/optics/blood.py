"""What blood in the upper dermis does to the reflectance of bare skin: transport, and its fit.

    python benchmarks/optics/blood.py

Writes blood.csv beside it (R0 per band, scattering, melanosome fraction and blood fraction; two
minutes on two cores) and prints the constants of src/smpengine/optics/blood.py. One run serves all
fractions, which change only absorptions, so noise all but cancels in their ratios.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.blood import POWERS, UPPER_MM, USUAL
from smpengine.optics.tissue import Tissue
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.slab import slab
from smpengine.workers import Workers

FRACTIONS = (0.02, 0.05, 0.12, 0.20, 0.30)
BLOOD = (0.00125, 0.0025, USUAL, 0.01, 0.02, 0.04, 0.08)
SCATTERING = (0.4, 0.7, 1.0, 1.6)
BANDS_NM = {"R": 610.0, "G": 545.0, "B": 460.0}
PHOTONS = 400_000
TABLE = Path(__file__).with_name("blood.csv")


def write_table(workers: Workers) -> None:
    """Write R0 of every band, scattering, melanosome fraction and blood fraction."""
    made = list(itertools.product(FRACTIONS, BLOOD))
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["band", "scattering", "melanosome_fraction", *BLOOD])
        for (b, (band, lam)), (c, factor) in itertools.product(
            enumerate(BANDS_NM.items()), enumerate(SCATTERING)
        ):
            some = [Tissue(m, blood, scattering=factor).properties(lam) for m, blood in made]
            below = float(Tissue(FRACTIONS[0], USUAL).properties(lam)[2])
            mua = np.array([[float(first), float(upper), below] for _, first, upper in some])
            mus = float(some[0][0]) / 0.2
            medium = Medium((0.06, UPPER_MM, math.inf), (mus,) * 3, (0.0,) * 3, 0.8)
            found = slab(medium, PHOTONS, 100 * b + c, mua, workers).reflectance.value
            for m, row in zip(FRACTIONS, found.reshape(len(FRACTIONS), -1), strict=True):
                writer.writerow([band, factor, m, *(f"{value:.6f}" for value in row)])


def fit(band: str) -> tuple[NDArray[np.float64], float]:
    """Return a band's coefficients, and the rms residual of -ln(R0 / R0 at the usual blood)."""
    with TABLE.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] == band]
    terms, values = [], []
    for _, scattering, fraction, *given in rows:
        u, v = float(fraction) ** 0.5, np.log(float(scattering))
        row = np.log(np.array(given, float))
        for blood, value in zip(BLOOD, row, strict=True):
            x = np.log(blood / USUAL)
            terms.append([x**i * u**j * v**k for i, j, k in POWERS])
            values.append(row[BLOOD.index(USUAL)] - value)
    matrix, wanted = np.array(terms), np.array(values)
    found = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    return found, float(np.sqrt(np.mean((matrix @ found - wanted) ** 2)))


def main() -> None:
    """Write the table, and print the constants."""
    parser = argparse.ArgumentParser(description="Monte Carlo of skin with more blood")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fit-only", action="store_true", help="from the table that is there")
    options = parser.parse_args()
    if not options.fit_only:
        write_table(Workers(options.threads))
    for band in BANDS_NM:
        found, residual = fit(band)
        print(f"    ({', '.join(f'{value:.5f}' for value in found)}),  # rms {residual:.4f}")


if __name__ == "__main__":
    main()
