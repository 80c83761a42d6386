"""Draw the evidence of `transport_check.py`: profiles, errors, a field beside transport's picture.

python benchmarks/optics/figures.py [--out docs]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import smpengine as smp
from shapes import ring_absorbance, shapes_of
from smpengine.scene import BANDS
from transport_check import dot_errors, field_picture
from truth import Rows, fields, read

COLOURS = ("tab:red", "tab:green", "tab:blue")
PROFILES = (  # depth, radius, absorption: from shallow and opaque to deep and grey
    (0.10, 0.10, 10_000.0),
    (0.20, 0.10, 100.0),
    (0.30, 0.20, 20.0),
    (0.50, 0.10, 400.0),
)


def profile(axes: Axes, rows: Rows, z: float, r: float, mua: float) -> None:
    """Draw rings of transport as points, the model as lines; skin III-IV."""
    for b, colour in enumerate(COLOURS):
        chosen = (rows.fraction == 0.12) & (rows.band == b) & (rows["t_mm"] == 0.1)
        for name, value in (("z_mm", z), ("r_mm", r), ("mua_per_mm", mua)):
            chosen &= rows[name] == value
        middle = 0.5 * (rows["rho_lo_mm"] + rows["rho_hi_mm"])[chosen]
        axes.errorbar(
            middle, rows["A"][chosen], 2.0 * rows["A_se"][chosen], fmt="o", color=colour, ms=3
        )
        rho = np.linspace(0.0, middle.max(), 200)
        ones = np.ones(rho.size)
        shapes = shapes_of(0.12 * ones, np.full(rho.size, b), z * ones, r * ones, 0.1 * ones,
                           mua * ones)  # fmt: skip
        axes.plot(rho, ring_absorbance(shapes, rho, rho + 1e-4, 1), color=colour, lw=1)
    axes.set_yscale("log")
    axes.set_title(f"z {z:g}, r {r:g} mm, {mua:g} per mm", fontsize=8)
    axes.set_xlabel("distance, mm", fontsize=7)


def errors_by(axes: Axes, values: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
    """Draw quartiles, and the 5th and 95th percentile, of errors for each value."""
    levels = np.unique(values)
    groups = [100.0 * errors[values == level] for level in levels]
    axes.boxplot(groups, whis=(5, 95), showfliers=False, widths=0.6)
    axes.set_xticklabels([f"{level:g}" for level in levels], fontsize=6)
    axes.axhline(0.0, color="0.7", lw=0.6, zorder=0)
    axes.set_ylim(-20, 20)


def dots_figure(path: Path) -> None:
    """Draw profiles above, errors below."""
    rows = read("dots.csv.xz")
    figure, axes = plt.subplots(2, 4, figsize=(10, 4.8), constrained_layout=True)
    for panel, (z, r, mua) in zip(axes[0], PROFILES, strict=True):
        profile(panel, rows, z, r, mua)
    axes[0, 0].set_ylabel("absorbance (points: transport)", fontsize=7)
    errors = dot_errors(rows)
    titles = {"z_mm": "depth, mm", "r_mm": "radius, mm", "t_mm": "thickness, mm"}
    titles["mua_per_mm"] = "absorption, per mm"
    for panel, (name, title) in zip(axes[1], titles.items(), strict=True):
        errors_by(panel, rows[name], errors)
        panel.set_xlabel(title, fontsize=7)
    axes[1, 0].set_ylabel("error of absorbance, %", fontsize=7)
    for panel in axes.ravel():
        panel.tick_params(which="both", labelsize=6)
    figure.savefig(path, dpi=110)


def field_figure(path: Path) -> None:
    """Draw a treatment as transport sees it, as we do, and the difference."""
    field = next(field for field in fields() if field.name == "strong_III-IV")
    ours = field_picture(field, smp.Skin(melanosome_fraction=field.fraction))
    figure, axes = plt.subplots(3, 3, figsize=(6.4, 6.4), constrained_layout=True)
    for b, band in enumerate(BANDS):
        truth = field.ratio[..., b]
        for panel, picture in zip(axes[b], (truth, ours[..., b]), strict=False):
            panel.imshow(picture, cmap="gray", vmin=0.3, vmax=1.0)
        panel = axes[b, 2]
        panel.imshow(ours[..., b] - truth, cmap="RdBu", vmin=-0.1, vmax=0.1)
        axes[b, 0].set_ylabel(f"{band}, R / R0", fontsize=8)
    for panel, title in zip(axes[0], ("transport", "smpengine", "difference, +-0.1"), strict=True):
        panel.set_title(title, fontsize=8)
    for panel in axes.ravel():
        panel.set_xticks([])
        panel.set_yticks([])
    figure.savefig(path, dpi=90)


def main() -> None:
    """Draw both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    out = parser.parse_args().out
    dots_figure(out / "optics-dots.png")
    field_figure(out / "optics-field.png")


if __name__ == "__main__":
    main()
