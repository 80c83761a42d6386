"""Calibrate two skins that were never tabulated, and hold them against transport.

    python benchmarks/optics/new_skins.py [--photons 1000000]

The model's constants are the shipped ones. Dots lie on the depths, radii, thicknesses and
absorptions of tests/data/dots.csv.xz; fields are those there, in these skins. Errors are those of
transport_check.py.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from shapes import ring_absorbance as model_absorbance
from shapes import shapes_of
from smpengine.calibrate.properties import SkinFile
from smpengine.calibrate.run import PHOTONS, calibrate
from smpengine.optics.transport.cylinders import Cylinders, ring_absorbance
from smpengine.optics.transport.field import field_reflectance
from smpengine.optics.transport.medium import Medium
from smpengine.skintable import SkinBand, SkinTable
from smpengine.workers import Workers
from transport_check import field_picture, figures_of, summary
from truth import Field, fields

Array = NDArray[np.float64]
SKINS = {
    "freckled, flushed, loose": SkinFile(
        melanosome_fraction=0.07, blood_fraction=0.015, scattering=0.75
    ),
    "brown, pale, dense": SkinFile(
        melanosome_fraction=0.22, blood_fraction=0.003, oxygen_saturation=0.6, scattering=1.3
    ),
}
DEPTH_MM = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)
RADIUS_MM = (0.05, 0.1, 0.2)
MUA_PER_MM = (5.0, 20.0, 40.0, 100.0, 400.0, 10_000.0)
RINGS_MM = ((0.0, 0.03), (0.03, 0.06), (0.06, 0.09), (0.09, 0.12), (0.12, 0.15), (0.15, 0.2),
            (0.2, 0.25), (0.25, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (0.6, 0.8))  # fmt: skip
FIELDS = ("strong_III-IV", "natural_I-II")


def medium_of(skin: SkinFile, band: SkinBand) -> Medium:
    """Return a skin in a band."""
    mua = band.mua_epidermis_per_mm, band.mua_dermis_per_mm
    return Medium.of_skin(band.musp_per_mm, mua, skin.epidermis_mm, skin.g, skin.n)


def dots(skin: SkinFile, table: SkinTable, photons: int, workers: Workers) -> tuple[Array, Array]:
    """Return model / transport - 1 of every dot, ring and band that is certain, and its mua."""
    shapes = np.array([(z, r, 0.1) for z, r in itertools.product(DEPTH_MM, RADIUS_MM)])
    errors, strengths = [], []
    for b, band in enumerate(table.in_drawing_order().bands):
        found = ring_absorbance(
            medium_of(skin, band), Cylinders(*shapes.T), MUA_PER_MM, RINGS_MM, photons, b, workers
        )
        ring, dot, j = (
            index.ravel()
            for index in np.meshgrid(*map(np.arange, found.value.shape), indexing="ij")
        )
        value, error = found.value.ravel(), found.error.ravel()
        sound = np.isfinite(value) & (value >= 0.02) & (error <= value / 15.0)
        ring, dot, j = ring[sound], dot[sound], j[sound]
        mua = np.array(MUA_PER_MM)[j]
        ours = shapes_of(np.zeros(mua.size), np.full(mua.size, b), *shapes[dot].T, mua, table=table)
        low, high = np.array(RINGS_MM)[ring].T
        errors.append(model_absorbance(ours, low, high) / value[sound] - 1.0)
        strengths.append(mua)
    return np.concatenate(errors), np.concatenate(strengths)


def field_in(
    field: Field, skin: SkinFile, table: SkinTable, photons: int, workers: Workers
) -> Field:
    """Return a field as transport sees it in a skin."""
    cells = field.ratio.shape[0]
    found = [
        field_reflectance(medium_of(skin, band), field.dots[:, :5], field.dots[:, 5],
                          field.CELL_MM, cells, photons, 50 + b, workers)[0]
        for b, band in enumerate(table.in_drawing_order().bands)
    ]  # fmt: skip
    ratio = np.stack([part.value for part in found], axis=2)
    error = np.stack([part.error for part in found], axis=2)
    return Field(field.name, field.fraction, field.dots, ratio, error)


def main() -> None:
    """Print the tables of errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photons", type=int, default=PHOTONS)
    parser.add_argument("--dot-photons", type=int, default=240_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    workers = Workers(options.threads)
    for name, skin in SKINS.items():
        start = time.perf_counter()
        print(f"{name}: {skin.model_dump(exclude_defaults=True)}")
        table = calibrate(skin, options.photons, 1, workers, say=lambda line: print("  " + line))
        print(f"  calibrated in {time.perf_counter() - start:.0f} s")
        errors, mua = dots(skin, table, options.dot_photons, workers)
        print(f"  dots, 5 to 40 per mm          {summary(errors[mua <= 40.0])}")
        print(f"  dots, 100 to 10,000 per mm    {summary(errors[mua >= 100.0])}")
        for field in fields():
            if field.name in FIELDS:
                seen = field_in(field, skin, table, 800, workers)
                ours = field_picture(seen, smp.Skin(table=table))
                for band, figures in zip(
                    table.in_drawing_order().bands, figures_of(seen, ours), strict=True
                ):
                    mean, slope, rest = figures
                    print(f"  {field.name:14s} {band.lambda_nm:.0f} nm  {mean:+6.1%}  {slope:.3f}"
                          f"  {rest:6.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
