"""Draw what `smpengine bench --series --json` measured, as SVG.

python benchmarks/plots.py bench.json docs/
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import matplotlib.ticker

matplotlib.use("svg")
import matplotlib.pyplot as plt

from smpengine.bench.record import Record, Series, read

PLOTS = {
    "splats": ("Splats of 1 to 4 px on 4096 x 4096 x 3", "splats", "ms"),
    "pixels": ("1,000,000 splats of 1 to 4 px", "pixels", "ms"),
    "sigma": ("Cost of a splat over an empty scene", "sigma, px", "ns"),
    "threads": ("The mixed scene", "threads", "ms"),
}


def draw(axes, series: Series) -> None:
    """Draw one series."""
    title, x_label, unit = PLOTS[series.name]
    x = [point.x for point in series.points]
    y = [point.seconds * (1e9 if unit == "ns" else 1e3) for point in series.points]
    axes.plot(x, y, "o-", color="#333", markersize=3, linewidth=1)
    axes.set_title(title, fontsize=8)
    axes.set_xlabel(x_label, fontsize=8)
    axes.set_ylabel(unit, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(color="#ddd", linewidth=0.5)
    if series.name == "threads":
        axes.set_xticks(x)
        axes.plot(x, [y[0] * x[0] / k for k in x], ":", color="#999", linewidth=1)
    else:
        axes.set_xscale("log")
    if series.name in ("splats", "pixels"):
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    else:
        axes.set_ylim(bottom=0.0)


def plot(record: Record, folder: Path) -> Path:
    """Draw all series of a run into one file."""
    shown = [series for series in record.series if series.name in PLOTS]
    matplotlib.rcParams.update({"svg.hashsalt": "smpengine", "svg.fonttype": "none"})
    figure, axes = plt.subplots(1, len(shown), figsize=(2.6 * len(shown), 2.5))
    for axis, series in zip(axes, shown, strict=True):
        draw(axis, series)
    m = record.machine
    figure.suptitle(
        f"{m['processor']} ({m['kind']}), {record.threads} threads, smpengine"
        f" {record.versions['smpengine']}, {record.date[:10]}",
        fontsize=7,
        color="#666",
    )
    figure.tight_layout()
    path = folder / "bench.svg"
    figure.savefig(path, metadata={"Date": None})
    return path


if __name__ == "__main__":
    print(plot(read(Path(sys.argv[1])), Path(sys.argv[2])))
