"""Hold the shipped optics against Monte Carlo transport: dots, lattices, fields.

    python benchmarks/optics/transport_check.py

Prints relative errors of absorbance, median / 95th percentile / worst. Rows whose standard error
is over 1/15 of the value, or whose absorbance is under 0.02, are left out. Lattices and fields are
rendered, at 60 px/mm or finer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from shapes import ring_absorbance, shapes_of
from smpengine.scene import BANDS
from truth import Field, Rows, fields, read

Array = NDArray[np.float64]
PX_PER_MM = 60.0


def dot_errors(rows: Rows, samples: int = 24) -> Array:
    """Return model / transport - 1 of -ln of ring means of reflectance, one for each row."""
    columns = (rows[name] for name in ("z_mm", "r_mm", "t_mm", "mua_per_mm"))
    shapes = shapes_of(rows.fraction, rows.band, *columns)
    return ring_absorbance(shapes, rows["rho_lo_mm"], rows["rho_hi_mm"], samples) / rows["A"] - 1.0


def lattice_errors(rows: Rows) -> Array:
    """Return model / transport - 1 of the mean absorbance of square lattices, rendered."""
    errors = np.empty(rows.band.size)
    names = ("z_mm", "r_mm", "t_mm", "pitch_mm", "mua_per_mm")
    keys = np.stack([rows.fraction, *(rows[name] for name in names)], axis=1)
    for key in np.unique(keys, axis=0):
        fraction, z, r, t, pitch, mua = key
        count = int(np.ceil(9.0 / pitch))
        axis = (np.arange(2 * count + 1) + 0.5) * pitch
        x, y = (grid.ravel() for grid in np.meshgrid(axis, axis))
        dots = smp.Impressions(x, y, z, r, t, mua)
        side = (2 * count + 1) * pitch
        scene = smp.Scene(smp.Skin(melanosome_fraction=fraction), dots, (side, side))
        cell = (count * pitch, count * pitch, (count + 1) * pitch, (count + 1) * pitch)
        # A whole number of pixels to the cell, fine enough for its dot.
        a = smp.render(scene, max(24, round(80 * pitch)) / pitch, cell, "absorbance")
        mean = -np.log(np.exp(-a.astype(float)).mean(axis=(0, 1)))
        for i in np.flatnonzero((keys == key).all(axis=1)):
            errors[i] = mean[rows.band[i]] / rows["A"][i] - 1.0
    return errors


def field_picture(field: Field, skin: smp.Skin) -> Array:
    """Return R / R0 of a periodic field as rendered, in the cells of transport's picture."""
    side = field.CELL_MM
    copies = [(i * side, j * side) for i in range(5) for j in range(5)]
    x = np.concatenate([field.dots[:, 0] + i for i, _ in copies])
    y = np.concatenate([field.dots[:, 1] + j for _, j in copies])
    dots = smp.Impressions(x, y, *(np.tile(column, 25) for column in field.dots[:, 2:].T))
    scene = smp.Scene(skin, dots, (5 * side, 5 * side))
    window = (2 * side, 2 * side, 3 * side, 3 * side)
    ratio = np.exp(-smp.render(scene, PX_PER_MM, window, "absorbance").astype(float))
    cells = field.ratio.shape[0]
    part = ratio.shape[0] // cells
    picture: Array = ratio.reshape(cells, part, cells, part, 3).mean(axis=(1, 3))
    return picture


def field_figures(field: Field) -> list[tuple[float, float, float]]:
    """Return the figures of a field in its own skin; see `figures_of`."""
    return figures_of(field, field_picture(field, smp.Skin(melanosome_fraction=field.fraction)))


def figures_of(field: Field, picture: Array) -> list[tuple[float, float, float]]:
    """Return (error of the mean absorbance, slope, unexplained variance) of each band.

    The slope is that of transport's picture on ours; what is unexplained is what remains of the
    variance of transport's picture beyond its noise.
    """
    figures = []
    for b in range(len(BANDS)):
        x, y = picture[..., b], field.ratio[..., b]
        slope = float(np.cov(x.ravel(), y.ravel())[0, 1] / x.var(ddof=1))
        rest = y - y.mean() - slope * (x - x.mean())
        noise = (field.error[..., b] ** 2).mean()
        mean = float(np.log(x.mean()) / np.log(y.mean()) - 1.0)
        figures.append((mean, slope, float((rest.var() - noise) / (y.var() - noise))))
    return figures


def summary(errors: Array) -> str:
    """Return median / 95th percentile / worst, in per cent."""
    size = 100.0 * np.abs(errors)
    return (
        f"{np.median(size):5.1f} / {np.percentile(size, 95):5.1f} / {size.max():5.1f} %"
        f"   (n = {size.size})"
    )


def print_dots(title: str, rows: Rows, by: tuple[str, ...]) -> None:
    """Print the table of dots."""
    errors = dot_errors(rows)
    mua = rows["mua_per_mm"]
    print(f"{title}, relative error of absorbance: median / 95th percentile / worst")
    print(f"  5 to 40 per mm          {summary(errors[mua <= 40.0])}")
    print(f"  100 to 10,000 per mm    {summary(errors[mua >= 100.0])}")
    groups = {name: rows[name] for name in by}
    groups |= {"band": np.array(list(BANDS))[rows.band], "fraction": rows.fraction}
    for name, values in groups.items():
        for value in np.unique(values):
            print(f"    {name:10s} {value!s:>8s}  {summary(errors[values == value])}")


def main() -> None:
    """Print the tables."""
    print_dots("dots", read("dots.csv.xz"), ("z_mm", "r_mm", "t_mm", "mua_per_mm"))
    print_dots("dots in skins between", read("dots_between.csv.xz"), ("z_mm",))
    lattices = read("lattices.csv")
    errors = lattice_errors(lattices)
    deep = lattices["z_mm"] >= 0.2
    print("lattices, relative error of mean absorbance")
    print(f"  all                     {summary(errors)}")
    print(f"  from 0.2 mm on          {summary(errors[deep])}")
    print(f"  above                   {summary(errors[~deep])}")
    print("fields: error of mean absorbance; slope of transport on render; variance unexplained")
    for field in fields():
        for band, (mean, slope, rest) in zip(BANDS, field_figures(field), strict=True):
            print(f"  {field.name:14s} {band}  {mean:+6.1%}  {slope:.3f}  {rest:6.1%}")


if __name__ == "__main__":
    main()
