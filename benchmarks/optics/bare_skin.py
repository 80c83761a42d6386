"""Reflectance of bare skin by transport: R0 for any melanin and scattering, and spectra.

    python benchmarks/optics/bare_skin.py --out FOLDER

Writes skin.csv (R0 per band, melanosome fraction and scattering; `fit_skin.py` reads it) and
skin_spectra.csv (400 to 700 nm; `fit_colour.py` reads it), some minutes on two cores. One run
serves all melanosome fractions: they change only the absorption of the epidermis.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.tissue import Tissue
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.slab import slab
from smpengine.workers import Workers

FRACTIONS = (0.02, 0.03, 0.05, 0.08, 0.12, 0.16, 0.20, 0.25, 0.30)
SCATTERING = (0.4, 0.55, 0.75, 1.0, 1.3, 1.6)
BANDS_NM = {"R": 610.0, "G": 545.0, "B": 460.0}
# What it takes for a standard error of about 0.3 % at the darkest skin.
BAND_PHOTONS = {"R": 400_000, "G": 800_000, "B": 2_400_000}
SPECTRUM_PHOTONS = ((500.0, 1_000_000), (1000.0, 400_000))  # up to a wavelength


def run(
    lam: float, scattering: float, photons: int, seed: int, workers: Workers
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return R0 and its standard error for all melanosome fractions."""
    made = [Tissue(fraction, scattering=scattering).properties(lam) for fraction in FRACTIONS]
    mua = np.array([[float(epidermis), float(dermis)] for _, epidermis, dermis in made])
    medium = Medium.of_skin(float(made[0][0]), (0.0, 0.0))
    found = slab(medium, photons, seed, mua, workers).reflectance
    return found.value, found.error


def write_bands(path: Path, workers: Workers) -> None:
    """Write R0 of the three bands for every scattering and melanosome fraction."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["band", "scattering", *(f"{fraction:g}" for fraction in FRACTIONS)])
        for b, (band, lam) in enumerate(BANDS_NM.items()):
            worst = 0.0
            for c, factor in enumerate(SCATTERING):
                values, errors = run(lam, factor, BAND_PHOTONS[band], 100 * b + c, workers)
                worst = max(worst, float((errors / values).max()))
                writer.writerow([band, factor, *(f"{value:.6f}" for value in values)])
                file.flush()
            print(f"{band}: largest relative standard error {100 * worst:.2f} %", flush=True)


def write_spectra(path: Path, workers: Workers) -> None:
    """Write R0 from 400 to 700 nm for every melanosome fraction."""
    worst = 0.0
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lambda_nm", *(f"{fraction:g}" for fraction in FRACTIONS)])
        for lam in range(400, 701, 10):
            photons = next(count for last, count in SPECTRUM_PHOTONS if lam <= last)
            values, errors = run(lam, 1.0, photons, 1000 + lam, workers)
            worst = max(worst, float((errors / values).max()))
            writer.writerow([lam, *(f"{value:.6f}" for value in values)])
            file.flush()
    print(f"spectra: largest relative standard error {100 * worst:.2f} %", flush=True)


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description="Monte Carlo of bare skin")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    workers = Workers(options.threads)
    write_bands(options.out / "skin.csv", workers)
    write_spectra(options.out / "skin_spectra.csv", workers)


if __name__ == "__main__":
    main()
