"""Fit the reflectance of bare skin: prints the constants of src/smpengine/optics/skin.py.

    python benchmarks/optics/fit_skin.py

ln R0 is a polynomial in sqrt(melanosome fraction) and ln(scattering), fitted to skin.csv
(`bare_skin.py`); it smooths the Monte Carlo noise.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.skin import POWERS


def table(band: str) -> tuple[NDArray[np.float64], ...]:
    """Return (fraction, scattering, ln R0) of all points of a band."""
    with (Path(__file__).parent / "skin.csv").open(newline="") as file:
        head, *rows = list(csv.reader(file))
    points = [
        (float(fraction), float(row[1]), np.log(float(value)))
        for row in rows
        if row[0] == band
        for fraction, value in zip(head[2:], row[2:], strict=True)
    ]
    return tuple(np.array(points).T)


def fit(band: str) -> tuple[NDArray[np.float64], float]:
    """Return a band's coefficients and the rms residual of ln R0."""
    fraction, scattering, log_r0 = table(band)
    u, v = np.sqrt(fraction), np.log(scattering)
    terms = np.stack([u**i * v**j for i, j in POWERS], axis=1)
    coefficients = np.linalg.lstsq(terms, log_r0, rcond=None)[0]
    return coefficients, float(np.sqrt(np.mean((terms @ coefficients - log_r0) ** 2)))


def main() -> None:
    """Print the constants."""
    for band in "RGB":
        coefficients, residual = fit(band)
        print(f"    ({', '.join(f'{value:.6f}' for value in coefficients)}),  # rms {residual:.4f}")


if __name__ == "__main__":
    main()
