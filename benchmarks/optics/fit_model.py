"""Fit the model of one deposit to transport: prints src/smpengine/optics/constants.py's numbers.

    python benchmarks/optics/fit_model.py [--steps 40]

Least squares on logarithms of absorbance of single dots and lattices, softened beyond 12 %, and on
the mean absorbance and slope of whole fields where they are off by more than the limits below.
Starts from the shipped numbers; takes some minutes. Skins in between are not part of the fit, so
that they test it.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from shapes import field_reflectance, lattice_absorbance, ring_absorbance, shapes_of
from smpengine.optics.constants import CONSTANTS, Constants
from smpengine.scene import BANDS, MELANOSOME_FRACTION
from truth import Field, fields, read

Array = NDArray[np.float64]
WEAK_WEIGHT = 1.8
LATTICE_WEIGHT = 0.5  # of all lattices to all dots
FIELD_WEIGHT = 100.0
LAYERED_LIMIT, CROWDED_LIMIT, SLOPE_LIMIT = 0.015, 0.035, 0.03
SOFT = 0.12


class Residuals:
    """What is made small, as a function of factors on the shipped constants."""

    def __init__(self) -> None:
        self.dots = read("dots.csv.xz")
        self.lattices = read("lattices.csv")
        tabulated = set(MELANOSOME_FRACTION.values()) - {0.20}
        self.fields = [field for field in fields() if field.fraction in tabulated]

    def __call__(self, factors: Array) -> Array:
        """Return all residuals."""
        constants = Constants(*(np.array(CONSTANTS) * factors))
        names = ("z_mm", "r_mm", "t_mm", "mua_per_mm")
        dots, lattices = self.dots, self.lattices
        shapes = shapes_of(dots.fraction, dots.band, *(dots[n] for n in names), constants)
        ours = ring_absorbance(shapes, dots["rho_lo_mm"], dots["rho_hi_mm"], 5)
        of_dots = np.log(np.maximum(ours, 1e-6) / dots["A"])
        of_dots *= np.where(dots["mua_per_mm"] <= 40.0, WEAK_WEIGHT, 1.0)
        columns = (lattices[n] for n in names)
        shapes = shapes_of(lattices.fraction, lattices.band, *columns, constants)
        ours = lattice_absorbance(shapes, lattices["pitch_mm"], 10)
        of_lattices = np.log(np.maximum(ours, 1e-6) / lattices["A"])
        of_lattices *= LATTICE_WEIGHT * np.sqrt(of_dots.size / of_lattices.size)
        of_fields = [value for field in self.fields for value in self.field(field, constants)]
        return np.concatenate([of_dots, of_lattices, of_fields])

    def field(self, field: Field, constants: Constants) -> list[float]:
        """Return how far mean absorbance and slope of a field are beyond their limits."""
        layered = field.name.startswith(("natural", "strong"))
        limit = LAYERED_LIMIT if layered else CROWDED_LIMIT
        residuals = []
        for b in range(len(BANDS)):
            truth = field.ratio[..., b]
            n = len(field.dots)
            band, fraction = np.full(n, b), np.full(n, field.fraction)
            shapes = shapes_of(fraction, band, *field.dots[:, 2:].T, constants)
            x, y = field.dots[:, 0], field.dots[:, 1]
            ours = field_reflectance(shapes, x, y, field.CELL_MM, truth.shape[0])
            mean = np.log(ours.mean()) / np.log(truth.mean()) - 1.0
            residuals.append(FIELD_WEIGHT * _beyond(mean, limit))
            if layered:
                slope = np.cov(ours.ravel(), truth.ravel())[0, 1] / ours.var(ddof=1) - 1.0
                residuals.append(0.7 * FIELD_WEIGHT * _beyond(slope, SLOPE_LIMIT))
        return residuals


def _beyond(value: float, limit: float) -> float:
    return float(np.sign(value) * max(abs(value) - limit, 0.0))


def main() -> None:
    """Print the constants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    steps = parser.parse_args().steps
    start = np.ones(len(CONSTANTS))
    found = least_squares(
        Residuals(), start, loss="soft_l1", f_scale=SOFT, diff_step=1e-3, max_nfev=steps, verbose=1
    )
    for name, value, factor in zip(Constants._fields, CONSTANTS, found.x, strict=True):
        print(f"    {name}: float = {value * factor:.5g}")


if __name__ == "__main__":
    main()
