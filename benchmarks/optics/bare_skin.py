"""Monte Carlo of bare skin: R0 for any melanin and scattering, and reflectance spectra.

    python benchmarks/optics/bare_skin.py --out FOLDER

Writes skin.csv (R0 per band, melanosome fraction and scattering; `fit_skin.py` reads it) and
skin_spectra.csv (400 to 700 nm; `fit_colour.py` reads it), a quarter of an hour on one core.
Adjoint: photons start straight down
inside the tissue, at the surface, and what escapes counts (uniform diffuse light, a camera straight
above). One run serves all melanosome fractions: they change only the absorption of the epidermis,
whose path length each photon carries.

Skin as in ARCHITECTURE.md, Optics. Haemoglobin: S. Prahl, tabulated molar extinction, Oregon
Medical Laser Center (1998); 150 g/l, 64,500 g/mol, saturation 0.75.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

FRACTIONS = np.array([0.02, 0.03, 0.05, 0.08, 0.12, 0.16, 0.20, 0.25, 0.30])
SCATTERING = (0.4, 0.55, 0.75, 1.0, 1.3, 1.6)
BANDS_NM = {"R": 610.0, "G": 545.0, "B": 460.0}
# At the bands, of the skin that the dots' tables were made for (per mm).
BAND_MUSP = {"R": 3.468, "G": 4.07, "B": 5.179}
BAND_DERMIS = {"R": 0.04228, "G": 0.18358, "B": 0.2127}
BLOOD = 0.005
EPIDERMIS_MM = 0.06
ANISOTROPY = 0.8
INDEX = 1.4
BATCHES = 64
# What it takes for a standard error of about 0.3 % at the darkest skin.
BAND_PHOTONS = {"R": 400_000, "G": 800_000, "B": 2_400_000}
SPECTRUM_PHOTONS = ((500.0, 500_000), (1000.0, 200_000))  # up to a wavelength
ROULETTE_WEIGHT = 0.1
ROULETTE_SURVIVAL = 0.3


def baseline_per_mm(lam: float) -> float:
    """Return the absorption of bloodless tissue without melanin (Jacques 1998)."""
    return 0.1 * (0.244 + 85.3 * math.exp(-(lam - 154.0) / 66.2))


def melanosome_per_mm(lam: float) -> float:
    """Return the absorption of melanosomes (Jacques 1998)."""
    return 0.1 * 6.6e11 * lam**-3.33


def musp_per_mm(lam: float) -> float:
    """Return the reduced scattering of skin (Jacques 2013)."""
    return 0.1 * 46.0 * (lam / 500.0) ** -1.421


def dermis_per_mm(lam: float) -> float:
    """Return the absorption of the dermis: 0.5 % blood in bloodless tissue."""
    with (Path(__file__).parent / "haemoglobin.csv").open(newline="") as file:
        rows = [list(map(float, row)) for row in list(csv.reader(file))[1:]]
    nm, oxy, deoxy = np.array(rows).T
    extinction = 0.75 * np.interp(lam, nm, oxy) + 0.25 * np.interp(lam, nm, deoxy)
    blood = 0.1 * math.log(10.0) * extinction * 150.0 / 64_500.0
    return float(BLOOD * blood + (1.0 - BLOOD) * baseline_per_mm(lam))


@njit(cache=True)
def _fresnel(cosine: float) -> float:
    """Return the share reflected from inside, unpolarised."""
    sine2 = INDEX * INDEX * (1.0 - cosine * cosine)
    if sine2 >= 1.0:
        return 1.0
    out = math.sqrt(1.0 - sine2)
    s = (INDEX * cosine - out) / (INDEX * cosine + out)
    p = (cosine - INDEX * out) / (cosine + INDEX * out)
    return 0.5 * (s * s + p * p)


@njit(cache=True)
def _scatter(ux: float, uy: float, uz: float):  # type: ignore[no-untyped-def]
    """Turn a direction by a Henyey-Greenstein angle."""
    g = ANISOTROPY
    q = (1.0 - g * g) / (1.0 - g + 2.0 * g * np.random.random())
    cosine = min(max((1.0 + g * g - q * q) / (2.0 * g), -1.0), 1.0)
    sine = math.sqrt(1.0 - cosine * cosine)
    phi = 2.0 * math.pi * np.random.random()
    px, py = math.cos(phi), math.sin(phi)
    if abs(uz) > 0.99999:
        return sine * px, sine * py, math.copysign(cosine, uz * cosine)
    d = math.sqrt(1.0 - uz * uz)
    x = sine * (ux * uz * px - uy * py) / d + ux * cosine
    y = sine * (uy * uz * px + ux * py) / d + uy * cosine
    z = -sine * px * d + uz * cosine
    norm = 1.0 / math.sqrt(x * x + y * y + z * z)
    return x * norm, y * norm, z * norm


@njit(cache=True)
def _photon(mus: float, lightest: float, dermis: float, paths) -> bool:  # type: ignore[no-untyped-def]
    """Follow one photon; True if it escapes, with its weight and epidermal path in `paths`."""
    z, ux, uy, uz = 0.0, 0.0, 0.0, 1.0
    weight, in_epidermis = 1.0, 0.0
    inside = True  # of the epidermis
    tau = -math.log(1.0 - np.random.random())
    while z < 40.0:
        step, event = tau / mus, 0
        ahead = z + uz * step
        if inside and ahead < 0.0:
            step, event = -z / uz, 1
        elif (inside and ahead > EPIDERMIS_MM) or (not inside and ahead < EPIDERMIS_MM):
            step, event = (EPIDERMIS_MM - z) / uz, 2
        step = max(step, 0.0)
        z += uz * step
        if inside:
            in_epidermis += step
        else:
            weight *= math.exp(-dermis * step)
        tau -= step * mus
        if event == 1:
            z = 0.0
            if np.random.random() >= _fresnel(-uz):
                paths[0], paths[1] = weight, in_epidermis
                return True
            uz = -uz
        elif event == 2:
            z = EPIDERMIS_MM
            inside = not inside
        else:
            if weight * math.exp(-lightest * in_epidermis) < ROULETTE_WEIGHT:
                if np.random.random() >= ROULETTE_SURVIVAL:
                    return False
                weight /= ROULETTE_SURVIVAL
            tau = -math.log(1.0 - np.random.random())
            ux, uy, uz = _scatter(ux, uy, uz)
    return False


@njit(cache=True)
def reflectance(mus, epidermis, dermis, photons, seed):  # type: ignore[no-untyped-def]
    """Return R0 for each absorption of the epidermis (per mm), by batches: (batches, n)."""
    result = np.zeros((BATCHES, epidermis.shape[0]))
    for batch in range(BATCHES):
        np.random.seed(seed * BATCHES + batch)
        paths = np.zeros(2)
        count = photons // BATCHES
        for _ in range(count):
            if _photon(mus, epidermis[0], dermis, paths):
                for k in range(epidermis.shape[0]):
                    result[batch, k] += paths[0] * math.exp(-epidermis[k] * paths[1])
        result[batch] /= count
    return result


def run(
    musp: float, melanosome: float, baseline: float, dermis: float, photons: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return R0 and its standard error for all melanosome fractions."""
    epidermis = FRACTIONS * melanosome + (1.0 - FRACTIONS) * baseline
    batches = reflectance(musp / (1.0 - ANISOTROPY), epidermis, dermis, photons, seed)
    return batches.mean(axis=0), batches.std(axis=0, ddof=1) / math.sqrt(BATCHES)


def write_bands(path: Path) -> None:
    """Write R0 of the three bands for every scattering and melanosome fraction."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["band", "scattering", *(f"{fraction:g}" for fraction in FRACTIONS)])
        for b, (band, lam) in enumerate(BANDS_NM.items()):
            worst = 0.0
            for c, factor in enumerate(SCATTERING):
                values, errors = run(
                    BAND_MUSP[band] * factor, melanosome_per_mm(lam), baseline_per_mm(lam),
                    BAND_DERMIS[band], BAND_PHOTONS[band], 100 * b + c,
                )  # fmt: skip
                worst = max(worst, float((errors / values).max()))
                writer.writerow([band, factor, *(f"{value:.6f}" for value in values)])
                file.flush()
            print(f"{band}: largest relative standard error {100 * worst:.2f} %", flush=True)


def write_spectra(path: Path) -> None:
    """Write R0 from 400 to 700 nm for every melanosome fraction."""
    worst = 0.0
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lambda_nm", *(f"{fraction:g}" for fraction in FRACTIONS)])
        for lam in range(400, 701, 10):
            photons = next(count for last, count in SPECTRUM_PHOTONS if lam <= last)
            values, errors = run(
                musp_per_mm(lam), melanosome_per_mm(lam), baseline_per_mm(lam), dermis_per_mm(lam),
                photons, 1000 + lam,
            )  # fmt: skip
            worst = max(worst, float((errors / values).max()))
            writer.writerow([lam, *(f"{value:.6f}" for value in values)])
            file.flush()
    print(f"spectra: largest relative standard error {100 * worst:.2f} %", flush=True)


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description="Monte Carlo of bare skin")
    parser.add_argument("--out", type=Path, default=Path())
    folder = parser.parse_args().out
    write_bands(folder / "skin.csv")
    write_spectra(folder / "skin_spectra.csv")


if __name__ == "__main__":
    main()
