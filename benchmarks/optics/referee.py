"""Hold the transport code against published values, and an independent code's dots and fields.

    python benchmarks/optics/referee.py [--photons 40000] [--beside TRANSPORT]

Published: a slab (H. C. van de Hulst, Multiple Light Scattering, 1980) and a semi-infinite medium
(R. G. Giovanelli, Opt. Acta 2, 1955), as in L. Wang, S. L. Jacques, L. Zheng, Comput. Methods
Programs Biomed. 47 (1995) 131. The other code's are tests/data: standard scores, and mean ratios
weighted by certainty. TRANSPORT is that code compiled, if you have it, to be timed in turns with
ours: `TRANSPORT mus g mua_epi mua_derm seed DOTS RINGS MODE`.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.tissue import Tissue
from smpengine.optics.transport.cylinders import Cylinders, lattice_absorbance, ring_absorbance
from smpengine.optics.transport.field import field_reflectance
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.slab import slab
from smpengine.scene import BANDS
from smpengine.workers import Workers
from truth import Rows, fields, read

Array = NDArray[np.float64]
BANDS_NM = (610.0, 545.0, 460.0)


def medium_of(fraction: float, band: int) -> Medium:
    """Return the skin that the tables and tests/data were made for, in a band."""
    musp, epidermis, dermis = (
        np.round(value, places)
        for value, places in zip(
            Tissue(float(fraction)).properties(BANDS_NM[band]), (3, 4, 5), strict=True
        )
    )
    return Medium.of_skin(float(musp), (float(epidermis), float(dermis)))


def published(workers: Workers) -> None:
    """Print reflectances and transmittances that are known."""
    thin = slab(Medium((0.2,), (9.0,), (1.0,), 0.75, 1.0), 20_000_000, 1, workers=workers)
    half = slab(Medium((math.inf,), (9.0,), (1.0,), 0.0, 1.5), 8_000_000, 1, workers=workers)
    inside = 1.0 - half.specular
    rows = (
        ("slab, reflectance", 0.09734, thin.reflectance.value[0], thin.reflectance.error[0]),
        ("slab, transmittance", 0.66096, thin.transmittance.value[0], thin.transmittance.error[0]),
        ("semi-infinite, reflectance", 0.2600, half.specular + inside * half.reflectance.value[0],
         inside * half.reflectance.error[0]),
    )  # fmt: skip
    for name, want, got, error in rows:
        print(f"{name:28s} {want:.5f}  got {got:.5f} +- {error:.5f} ({error / got:.3%}),"
              f" off by {(got - want) / error:+.2f} errors")  # fmt: skip


def scores(ours: Array, error: Array, theirs: Array, their_error: Array) -> str:
    """Return how alike two codes are: mean ratio, and mean and deviation of standard scores."""
    both = np.hypot(error, their_error)
    # Of rows alike in certainty: where an error is small by chance, so is the value.
    ratio = float(np.average(ours / theirs, weights=(theirs / both) ** 2))
    z = (ours - theirs) / both
    certain = 1.0 / math.sqrt(float(np.sum((theirs / both) ** 2)))
    return (
        f"mean ratio {ratio:.4f} (+- {certain:.4f}), scores {z.mean():+.3f} +- {z.std():.3f},"
        f" largest {np.abs(z).max():.1f} of {z.size}"
    )


def dots(rows: Rows, photons: int, workers: Workers) -> tuple[Array, Array]:
    """Return the absorbance of all rows, and its error; those of a skin and ring share photons."""
    value, error = np.full(rows.band.size, np.nan), np.full(rows.band.size, np.nan)
    group = np.stack([rows.fraction, rows.band, rows["rho_lo_mm"], rows["rho_hi_mm"]], axis=1)
    columns = ("z_mm", "r_mm", "t_mm")
    for number, key in enumerate(np.unique(group, axis=0)):
        here = np.flatnonzero((group == key).all(axis=1))
        shapes, at = np.unique(
            np.stack([rows[name][here] for name in columns], 1), axis=0, return_inverse=True
        )
        mua, which = np.unique(rows["mua_per_mm"][here], return_inverse=True)
        medium = medium_of(key[0], int(key[1]))
        found = ring_absorbance(
            medium, Cylinders(*shapes.T), mua, [key[2:]], photons, number, workers
        )
        value[here] = found.value[0, at.ravel(), which]
        error[here] = found.error[0, at.ravel(), which]
    return value, error


def lattices(rows: Rows, photons: int, workers: Workers) -> tuple[Array, Array]:
    """Return the absorbance of all rows, and its error."""
    value, error = np.full(rows.band.size, np.nan), np.full(rows.band.size, np.nan)
    group = np.stack([rows.fraction, rows.band], axis=1)
    for number, key in enumerate(np.unique(group, axis=0)):
        here = np.flatnonzero((group == key).all(axis=1))
        columns = ("z_mm", "r_mm", "t_mm", "pitch_mm")
        shapes, at = np.unique(
            np.stack([rows[name][here] for name in columns], 1), axis=0, return_inverse=True
        )
        mua, which = np.unique(rows["mua_per_mm"][here], return_inverse=True)
        z, r, t, pitch = shapes.T
        medium = medium_of(key[0], int(key[1]))
        found = lattice_absorbance(
            medium, Cylinders(z, r, t), mua, pitch, photons, 1000 + number, workers
        )
        value[here] = found.value[at.ravel(), which]
        error[here] = found.error[at.ravel(), which]
    return value, error


def _error_of_mean(error: Array) -> float:
    return float(np.sqrt((error**2).sum()) / error.size)


def race(program: Path, photons: int) -> None:
    """Print photons per second of one core, ours and the other code's, in turns."""
    deposits = Cylinders([0.35, 0.2, 0.13], [0.1, 0.07, 0.055], [0.12, 0.1, 0.08])
    mua, ring = (8.0, 200.0), (0.0, 0.06)
    with tempfile.TemporaryDirectory() as folder:
        dots_file, rings_file = Path(folder) / "dots", Path(folder) / "rings"
        dots_file.write_text("0.35 0.1 0.12 0\n0.2 0.07 0.1 0\n0.13 0.055 0.08 0\n")
        rings_file.write_text(f"2 8 200\n{ring[0]} {ring[1]} {photons}\n")
        for name, fraction, band in (("R, I-II", 0.02, 0), ("G, III-IV", 0.12, 1)):
            medium = medium_of(fraction, band)
            arguments = [medium.mus_per_mm[0], medium.g, *medium.mua_per_mm, 1]
            command = [str(program), *map(str, arguments), str(dots_file), str(rings_file), "0"]
            ours, theirs = [], []
            for turn in range(6):
                start = time.perf_counter()
                ring_absorbance(medium, deposits, mua, [ring], photons, turn, Workers(1))
                middle = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                ours.append(middle - start)
                theirs.append(time.perf_counter() - middle)
            a, b = np.median(ours[1:]), np.median(theirs[1:])
            print(f"{name}: {photons / a:,.0f} photons/s on a core, the other {photons / b:,.0f}:"
                  f" {b / a:.2f} times as fast")  # fmt: skip
    start = time.perf_counter()
    ring_absorbance(medium_of(0.02, 0), deposits, mua, [ring], 4 * photons, 9, Workers(2))
    print(f"R, I-II, two threads: {4 * photons / (time.perf_counter() - start):,.0f} photons/s")


def main() -> None:
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photons", type=int, default=40_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    workers, photons = Workers(options.threads), options.photons
    published(workers)
    rows = read("dots.csv.xz")
    value, error = dots(rows, photons, workers)
    sound = np.isfinite(value) & (error > 0.0)
    print("dots: " + scores(value[sound], error[sound], rows["A"][sound], rows["A_se"][sound]))
    rows = read("lattices.csv")
    value, error = lattices(rows, 4 * photons, workers)
    print("lattices: " + scores(value, error, rows["A"], rows["A_se"]))
    for field in fields():
        for b, band in enumerate(BANDS):
            medium = medium_of(field.fraction, b)
            picture, mean = field_reflectance(
                medium, field.dots[:, :5], field.dots[:, 5], field.CELL_MM, 40, photons // 100,
                b, workers,
            )  # fmt: skip
            their = field.ratio[..., b]
            print(
                f"{field.name} {band}: "
                + scores(picture.value, picture.error, their, field.error[..., b])
                + f"; mean R / R0: ratio {np.exp(-mean.value) / their.mean():.4f} +-"
                + f" {np.hypot(mean.error, _error_of_mean(field.error[..., b]) / their.mean()):.4f}"
            )
    if options.beside:
        race(options.beside, 5 * photons)


if __name__ == "__main__":
    main()
