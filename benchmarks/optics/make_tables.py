"""Make src/smpengine/optics/model.csv anew: the shipped skins, by the package's own calibration.

    python benchmarks/optics/make_tables.py [--photons 6000000] [--out FILE]

A run a band serves the three melanosome fractions. Some minutes on two cores. `bare_skin.py` makes
the table of R0, `fit_skin.py` fits it.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from smpengine.calibrate.fit import fit_kernels
from smpengine.calibrate.run import kernels_of
from smpengine.optics.ladder import ladder
from smpengine.optics.skin import FRACTIONS
from smpengine.optics.tissue import Tissue
from smpengine.scene import AVERAGE_MUSP_PER_MM, BANDS, MUSP_PER_MM
from smpengine.skintable import KERNELS, RGB_NM
from smpengine.workers import Workers

MODEL = Path(__file__).parents[2] / "src" / "smpengine" / "optics" / "model.csv"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photons", type=int, default=6_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=MODEL)
    options = parser.parse_args()
    columns = {"z_mm": ladder()[0]}
    for b, (name, lambda_nm) in enumerate(zip(BANDS, RGB_NM, strict=True)):
        start = time.perf_counter()
        made = [Tissue(fraction).properties(lambda_nm) for fraction in FRACTIONS]
        mua = np.array([[float(epidermis), float(dermis)] for _, epidermis, dermis in made])
        kernels = kernels_of(
            MUSP_PER_MM[b], AVERAGE_MUSP_PER_MM, mua, 0.06, 0.8, 1.4, options.photons, b,
            Workers(options.threads),
        )  # fmt: skip
        for k, fraction in enumerate(FRACTIONS):
            fit = fit_kernels(kernels, k)
            for n in range(KERNELS):
                columns[f"a{n}_{name}_{fraction:.2f}"] = fit.weight[:, n]
            columns[f"reach_{name}_{fraction:.2f}"] = fit.reach
            print(
                f"{name} {fraction:.2f}: R0 {kernels.bare.value[k]:.4f} +- "
                f"{kernels.bare.error[k]:.4f}, rms {fit.error:.1%}, whole {fit.total_error:.1%}"
            )
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    with options.out.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([f"{value:.5g}" for value in row])


if __name__ == "__main__":
    main()
