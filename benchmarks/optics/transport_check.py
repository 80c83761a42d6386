"""Hold the shipped optics against the Monte Carlo tables: dots and lattices.

    python benchmarks/optics/transport_check.py [--data tests/data]

Prints relative errors of absorbance, median / 95th percentile / worst. Rows whose standard error
is over 1/15 of the value, or whose absorbance is under 0.02, are left out.
"""

from __future__ import annotations

import argparse
import csv
import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.optics.crowding import relative_reflectance_reference
from smpengine.optics.scatter import scatter
from smpengine.scene import BANDS, MELANOSOME_FRACTION
from smpengine.workers import Workers

Rows = list[dict[str, str]]
_PX_PER_MM = 1000.0  # one splat is looked at in microns, so that nothing is widened


def read(path: Path) -> Rows:
    """Read a table, compressed or not."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def usable(rows: Rows) -> Rows:
    """Leave out what is too noisy or too weak to be judged."""
    keep = []
    for row in rows:
        value, error = float(row["A"]), float(row["A_se"])
        if value >= 0.02 and error <= value / 15.0:
            keep.append(row)
    return keep


def column(rows: Rows, name: str) -> NDArray[np.float64]:
    """Return a numeric column."""
    return np.array([float(row[name]) for row in rows])


def dot_errors(rows: Rows, samples: int = 24) -> NDArray[np.float64]:
    """Return model / transport - 1 of -ln of ring means of reflectance, one for each row."""
    errors = np.empty(len(rows))
    skins = np.array([row["skin"] for row in rows])
    bands = np.array([BANDS.index(row["band"]) for row in rows])
    low, high = column(rows, "rho_lo_mm"), column(rows, "rho_hi_mm")
    truth = column(rows, "A")
    share = (np.arange(samples) + 0.5) / samples
    for skin in np.unique(skins):
        at = np.flatnonzero(skins == skin)
        part = [rows[i] for i in at]
        names = ("z_mm", "r_mm", "t_mm", "mua_per_mm")
        dots = smp.Impressions(
            np.zeros(at.size), np.zeros(at.size), *(column(part, n) for n in names)
        )
        splats = scatter(dots, smp.Skin(str(skin)), _PX_PER_MM, Workers(1), min_sigma_px=0.0)
        b = bands[at]
        # Equal shares of a ring's area.
        rho2 = low[at, None] ** 2 + share * (high[at, None] ** 2 - low[at, None] ** 2)
        rho2 *= _PX_PER_MM**2
        n = np.arange(at.size)
        variance = splats.halos.sigma_px.astype(float).reshape(at.size, -1) ** 2
        peak = splats.halos.peak.astype(float).reshape(at.size, variance.shape[1], -1)
        shape = np.exp(-rho2[:, :, None] / (2.0 * variance[:, None, :]))
        halo = (shape * peak[n, :, b][:, None, :]).sum(axis=2)
        halo_reach = (shape * peak[n, :, b + 3][:, None, :]).sum(axis=2)
        edge = splats.cores.edge.astype(float)[:, None]
        spread = splats.cores.inv_spread_per_px2.astype(float)[:, None]
        disc = (1 + np.exp(-edge)) / (1 + np.exp(np.minimum(rho2 * spread - edge, 60.0)))
        core = -np.log1p(-np.minimum(splats.cores.cap[n, b].astype(float)[:, None] * disc, 0.9995))
        mean = relative_reflectance_reference(core, halo, halo_reach).mean(axis=1)
        errors[at] = -np.log(mean) / truth[at] - 1.0
    return errors


def lattice_errors(rows: Rows, cells: int = 24) -> NDArray[np.float64]:
    """Return model / transport - 1 of the mean absorbance of square lattices."""
    errors = np.empty(len(rows))
    groups: dict[tuple[str, ...], list[int]] = {}
    names = ("skin", "z_mm", "r_mm", "t_mm", "pitch_mm", "mua_per_mm")
    for i, row in enumerate(rows):
        groups.setdefault(tuple(row[n] for n in names), []).append(i)
    for (skin, *numbers), members in groups.items():
        z, r, t, pitch, mua = map(float, numbers)
        count = int(np.ceil(9.0 / pitch))
        axis = (np.arange(2 * count + 1) + 0.5) * pitch
        x, y = (grid.ravel() for grid in np.meshgrid(axis, axis))
        dots = smp.Impressions(x, y, z, r, t, mua)
        side = (2 * count + 1) * pitch
        scene = smp.Scene(smp.Skin(skin), dots, (side, side))
        cell = (count * pitch, count * pitch, (count + 1) * pitch, (count + 1) * pitch)
        # A whole number of pixels to the cell, fine enough for its dot.
        a = smp.render(scene, max(cells, round(80 * pitch)) / pitch, cell, "absorbance")
        mean = -np.log(np.exp(-a.astype(float)).mean(axis=(0, 1)))
        for i in members:
            errors[i] = mean[BANDS.index(rows[i]["band"])] / float(rows[i]["A"]) - 1.0
    return errors


def summary(errors: NDArray[np.float64]) -> str:
    """Return median / 95th percentile / worst, in per cent."""
    size = 100.0 * np.abs(errors)
    return (
        f"{np.median(size):5.1f} / {np.percentile(size, 95):5.1f} / {size.max():5.1f} %"
        f"   (n = {size.size})"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(__file__).parents[2] / "tests" / "data"
    parser.add_argument("--data", type=Path, default=data)
    folder = parser.parse_args().data
    known = [*MELANOSOME_FRACTION]
    dots = [row for row in usable(read(folder / "dots.csv.xz")) if row["skin"] in known]
    errors = dot_errors(dots)
    mua = column(dots, "mua_per_mm")
    print("dots, relative error of absorbance: median / 95th percentile / worst")
    print(f"  up to 40 per mm       {summary(errors[mua <= 40.0])}")
    print(f"  70 to 10,000 per mm   {summary(errors[mua >= 70.0])}")
    for name in ("z_mm", "r_mm", "t_mm", "band", "skin"):
        for value in sorted({row[name] for row in dots}):
            chosen = np.array([row[name] == value for row in dots])
            print(f"    {name:6s} {value:>8s}  {summary(errors[chosen])}")
    lattices = [row for row in usable(read(folder / "lattices.csv")) if row["skin"] in known]
    print("lattices, relative error of mean absorbance")
    print(f"  all                   {summary(lattice_errors(lattices))}")


if __name__ == "__main__":
    main()
