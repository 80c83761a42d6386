"""One page about a picture: the index, and what it comes from."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smpengine.errors import InputError, OutputError, must
from smpengine.files import check_target, write_files
from smpengine.verdict.pattern import density_map
from smpengine.verdict.spectrum import DOT_CYCLES_PER_MM

if TYPE_CHECKING:
    from smpengine.verdict.report import Measure, Report

SIZE_PX: Final = (1240, 1754)
"""A4 upright at 150 dots per inch."""
_DPI: Final = 150
_DARK, _MID, _LIGHT, _MARK = "#222222", "#777777", "#dddddd", "#a5532a"
_CROP_MM: Final = 14.0
_ROWS: Final = 16  # of a column of the table


def check_page(path: Path) -> None:
    """Say before the work whether a page can be written there.

    Raises
    ------
    InputError
        The suffix is neither .png nor .pdf, or matplotlib is missing.
    OutputError
        The folder does not exist or cannot be written to.
    """
    if path.suffix.lower() not in (".png", ".pdf"):
        raise InputError(must("--page", "end in .png or .pdf", repr(str(path))))
    check_target(path, "--page")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        remedy = "Install it: pip install 'smpengine[report]'"
        raise InputError(f"--page needs matplotlib, which is not installed. {remedy}") from error


def write_page(found: Report, path: Path, title: str = "") -> None:
    """Write the page, 1240 x 1754 px as PNG, or A4 as PDF.

    Raises
    ------
    InputError, OutputError
        As `check_page`; or the file could not be written.
    """
    check_page(path)
    figure = _draw(found, title)
    kind = path.suffix.lower()[1:]
    # A page is a function of the picture: no date in it.
    notes: dict[str, Any] = {"CreationDate": None} if kind == "pdf" else {"Software": "smpengine"}

    def save(name: Path) -> None:
        figure.savefig(name, format=kind, dpi=_DPI, metadata=notes)

    try:
        write_files({path: save})
    except ValueError as error:
        raise OutputError(f"{path} could not be written: {error}") from error


def _draw(found: Report, title: str) -> Any:
    """Return the page as a matplotlib figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = SIZE_PX
    figure = Figure(figsize=(width / _DPI, height / _DPI), facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.06, 0.965, title or "Verdict", fontsize=13, color=_DARK, va="center")
    tall, wide = found.shape
    scale = found.px_per_mm
    line = f"{wide} x {tall} px, {scale:g} px/mm, {wide / scale:.1f} x {tall / scale:.1f} mm"
    figure.text(0.94, 0.965, line, fontsize=8, color=_MID, ha="right", va="center")
    _picture(figure.add_axes((0.06, 0.665, 0.38, 0.27)), found)
    _big_number(figure.add_axes((0.50, 0.665, 0.44, 0.27)), found)
    _sizes(figure.add_axes((0.10, 0.492, 0.36, 0.115)), found)
    _spectrum(figure.add_axes((0.58, 0.492, 0.36, 0.115)), found)
    _contrast(figure.add_axes((0.10, 0.316, 0.36, 0.115)), found)
    _density(figure, figure.add_axes((0.58, 0.316, 0.30, 0.115)), found)
    _table(figure.add_axes((0.06, 0.02, 0.88, 0.25)), found)
    return figure


def _style(axes: Any, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=8.5, color=_DARK, loc="left")
    axes.set_xlabel(x, fontsize=7.5, color=_MID, labelpad=2)
    axes.set_ylabel(y, fontsize=7.5, color=_MID, labelpad=2)
    axes.tick_params(labelsize=7, colors=_MID, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_LIGHT)


def _picture(axes: Any, found: Report) -> None:
    """Show the picture, or its middle if it is larger than that."""
    image, scale = found.picture.given, found.px_per_mm
    side = max(round(_CROP_MM * scale), 1)
    height, width = image.shape[:2]
    top, left = max((height - side) // 2, 0), max((width - side) // 2, 0)
    part = image[top : top + side, left : left + side]
    right, bottom = left + part.shape[1], top + part.shape[0]
    extent = left / scale, right / scale, bottom / scale, top / scale
    axes.imshow(part, interpolation="antialiased", extent=extent)
    axes.set_anchor("W")
    axes.tick_params(labelsize=7, colors=_MID, length=2)
    axes.set_xlabel("mm" if part.shape == image.shape else "mm (a part)", fontsize=7.5, color=_MID)
    for side_name in ("top", "right", "left", "bottom"):
        axes.spines[side_name].set_color(_LIGHT)


def _big_number(axes: Any, found: Report) -> None:
    """Show the index, a bar, and what it is made of."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axis("off")
    index = found.stubble_index
    known = math.isfinite(index)
    axes.text(0.0, 0.86, f"{index:.2f}" if known else "?", fontsize=46, color=_DARK, va="center")
    axes.text(0.42, 0.90, "stubble index", fontsize=12, color=_DARK, va="center")
    axes.text(0.42, 0.81, _said(index), fontsize=9, color=_MID, va="center")
    axes.barh(0.65, 1.0, 0.05, color=_LIGHT)
    axes.barh(0.65, index if known else 0.0, 0.05, color=_MARK)
    axes.text(0.0, 0.585, "0  flat shadow", fontsize=7.5, color=_MID, va="center")
    axes.text(1.0, 0.585, "stubble  1", fontsize=7.5, color=_MID, va="center", ha="right")
    features = vars(found.features)
    for row, (name, value) in enumerate(features.items()):
        y = 0.49 - 0.052 * row
        axes.text(0.0, y, name.replace("_", " "), fontsize=7.5, color=_DARK, va="center")
        axes.barh(y, 0.62, 0.022, left=0.24, color=_LIGHT)
        axes.barh(y, 0.62 * value, 0.022, left=0.24, color=_MID)
        axes.text(1.0, y, f"{value:.2f}", fontsize=7.5, color=_DARK, va="center", ha="right")


def _said(index: float) -> str:
    if not math.isfinite(index):
        return "too coarse a picture to tell"
    if index >= 0.8:
        return "reads as stubble"
    return "in between" if index > 0.2 else "no stubble"


def _sizes(axes: Any, found: Report) -> None:
    """Show how many dots are how wide."""
    edges = np.linspace(0.0, 0.40, 33)
    axes.hist(found.dots.fwhm_mm, edges, color=_MID)
    _style(axes, "Dot size", "seen width at half maximum, mm", "dots")
    middle = found["dot_fwhm_mm"]
    if not len(found.dots):
        axes.set_ylim(0.0, 1.0)
        axes.text(0.2, 0.5, "no dots found", fontsize=8, color=_MID, ha="center")
    if math.isfinite(middle):
        axes.axvline(middle, color=_MARK, linewidth=1)


def _spectrum(axes: Any, found: Report) -> None:
    """Show the power spectrum, and which part of it is dots."""
    waves = found.spectrum
    good = waves.power > 0.0
    axes.axvspan(*DOT_CYCLES_PER_MM, color="#f1e3da", linewidth=0)
    if good.any():
        axes.loglog(waves.cycles_per_mm[good], waves.power[good], color=_DARK, linewidth=1)
    _style(axes, "Power spectrum; shaded: dots", "cycles per mm", "absorbance\u00b2 mm\u00b2")


def _contrast(axes: Any, found: Report) -> None:
    """Show how dark dots of each size are."""
    dots = found.dots
    some = slice(None, None, max(len(dots) // 3000, 1))
    axes.plot(dots.fwhm_mm[some], dots.contrast[some], ".", color="#bbbbbb", markersize=2)
    edges = np.linspace(0.03, 0.40, 11)
    x, y = [], []
    for low, high in pairwise(edges):
        mine = (dots.fwhm_mm >= low) & (dots.fwhm_mm < high)
        if mine.sum() >= 5:
            x.append(0.5 * (low + high))
            y.append(float(np.median(dots.contrast[mine])))
    axes.plot(x, y, "o-", color=_MARK, markersize=3, linewidth=1)
    axes.set_xlim(0.0, 0.40)
    top = float(np.quantile(dots.contrast, 0.98)) if len(dots) else 1.0
    axes.set_ylim(0.0, 1.15 * top)
    _style(axes, "Contrast against size", "seen width, mm", "absorbance")


def _density(figure: Any, axes: Any, found: Report) -> None:
    """Show where the dots lie, and the middle."""
    density, _ = density_map(found.picture, found.dots)
    height, width = found.picture.shape_mm
    shown = axes.imshow(density, extent=(0, width, height, 0), cmap="Greys", vmin=0.0,
                        vmax=max(float(density.max()), 1.0), aspect="equal")  # fmt: skip
    axes.axvline(0.5 * width, color=_MARK, linewidth=0.8, linestyle="--")
    _style(axes, "Density, left and right", "mm", "mm")
    bar = figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.03)
    bar.ax.tick_params(labelsize=6.5, colors=_MID, length=2)
    bar.outline.set_visible(False)
    bar.set_label("dots per cm\u00b2", fontsize=7, color=_MID)


def _table(axes: Any, found: Report) -> None:
    """List all measures in two columns."""
    axes.set_xlim(0, 1)
    axes.set_ylim(_ROWS + 0.5, -1.0)
    axes.axis("off")
    rows = found.measures[1:]
    for number, measure in enumerate(rows):
        left = 0.52 * (number // _ROWS)
        y = number % _ROWS
        axes.text(left, y, measure.name, fontsize=7.5, color=_DARK, va="center")
        axes.text(left + 0.34, y, _number(measure), fontsize=7.5, color=_DARK, ha="right",
                  va="center")  # fmt: skip
        unit = "" if measure.unit == "1" else measure.unit
        axes.text(left + 0.355, y, unit, fontsize=7.5, color=_MID, va="center")
        axes.plot([left, left + 0.46], [y + 0.5, y + 0.5], color="#eeeeee", linewidth=0.5)


def _number(measure: Measure) -> str:
    return f"{measure.value:.3g}" if math.isfinite(measure.value) else "\u2013"
