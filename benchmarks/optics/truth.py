"""The Monte Carlo truth that ships with the tests: dots, lattices, fields."""

from __future__ import annotations

import csv
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smpengine.scene import BANDS, MELANOSOME_FRACTION

DATA = Path(__file__).parents[2] / "tests" / "data"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Rows of a table that are neither too noisy nor too weak to be judged."""

    fraction: Array
    band: NDArray[np.intp]
    columns: dict[str, Array]

    def __getitem__(self, name: str) -> Array:
        """Return a column by its name in the file."""
        return self.columns[name]


def read(name: str) -> Rows:
    """Read dots or lattices; absorbance at least 0.02, standard error at most 1/15 of it."""
    path = DATA / name
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    if "skin" in table[0]:
        table = [row for row in table if row["skin"] in MELANOSOME_FRACTION]
        fraction = [MELANOSOME_FRACTION[row["skin"]] for row in table]
    else:
        fraction = [float(row["melanosome_fraction"]) for row in table]
    numbers = [key for key in table[0] if key not in ("skin", "band", "melanosome_fraction")]
    columns = {key: np.array([float(row[key]) for row in table]) for key in numbers}
    keep = (columns["A"] >= 0.02) & (columns["A_se"] <= columns["A"] / 15.0)
    band = np.array([BANDS.index(row["band"]) for row in table])
    kept = {key: values[keep] for key, values in columns.items()}
    return Rows(np.array(fraction)[keep], band[keep], kept)


@dataclass(frozen=True)
class Field:
    """A layered treatment in a periodic cell of 4 x 4 mm, seen on 40 x 40 cells."""

    name: str
    fraction: float
    dots: Array  # x, y, depth, radius, thickness in mm, absorption per mm
    ratio: Array  # R / R0 (40, 40, band)
    error: Array

    CELL_MM = 4.0


_FIELDS = (  # scene, skin, file of the dots
    ("natural_I-II", 0.02, "natural_I-II"),
    ("strong_III-IV", 0.12, "strong_III-IV"),
    ("dense_I-II", 0.02, "dense_I-II"),
    ("random_VI", 0.30, "random_VI"),
    ("natural_0.05", 0.05, "natural_I-II"),
    ("strong_0.05", 0.05, "strong_III-IV"),
    ("natural_0.20", 0.20, "natural_I-II"),
    ("strong_0.20", 0.20, "strong_III-IV"),
)


def fields() -> list[Field]:
    """Read all fields."""
    found = []
    for name, fraction, dots in _FIELDS:
        columns = np.loadtxt(DATA / "fields" / f"{dots}.dots.csv", delimiter=",", skiprows=1)
        with np.load(DATA / "fields" / f"{name}.image.npz") as image:
            ratio = np.stack([image[f"R_{band}"] for band in BANDS], axis=2).astype(float)
            error = np.stack([image[f"se_{band}"] for band in BANDS], axis=2).astype(float)
        found.append(Field(name, fraction, columns, ratio, error))
    return found
