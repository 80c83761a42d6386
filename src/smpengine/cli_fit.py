"""The command ``smpengine fit``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import smpengine as smp
from smpengine.errors import InputError, must
from smpengine.files import check_target, take_file
from smpengine.progress import progress_bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from smpengine.photo.photograph import Photograph

_GIVEN = {"sharpness": "sharpness_px", "depth": "depth_mm", "thickness": "thickness_mm"}
_GIVEN |= {"granularity": "granularity"}
"""Options that are handed on as they are, where they are given."""


@click.command("fit")
@click.argument("photo", type=click.Path(path_type=Path), metavar="PHOTO")
@click.option("--px-per-mm", type=float, default=None,
              help="Scale of the photo; a file of this engine has its own.")  # fmt: skip
@click.option("--landmarks", type=float, nargs=5, default=None, metavar="X0 Y0 X1 Y1 MM",
              help="Instead: two points in pixels as displayed, and how far apart they are.")  # fmt: skip  # noqa: E501
@click.option("--mask", "mask_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Grey picture of the photo's size: over half white is treated, the rest is bare "
                   "skin. See `smpengine mask`.")  # fmt: skip
@click.option("--skin", default=None, metavar="TYPE", help="I-II to VI; estimated if not given.")
@click.option("--sharpness", type=float, default=None, metavar="PX",
              help="Blur of the camera; estimated if not given. 0 for a rendered picture.")  # fmt: skip  # noqa: E501
@click.option("--depth", type=float, default=None, metavar="MM",
              help="Of the deposits' centres; 0.2 if not given.")  # fmt: skip
@click.option("--thickness", type=float, default=None, metavar="MM",
              help="Of the deposits; 0.1 if not given.")  # fmt: skip
@click.option("--granularity", type=float, default=None, metavar="SHARE",
              help="0 even discs, 1 a few granules; estimated if not given.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write all numbers, with correlations and notes.")  # fmt: skip
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write a plan that renders what was found: .toml.")  # fmt: skip
@click.option("--threads", type=int, default=None, help="Number of threads; the bits are the same.")
def fit_command(
    photo: Path, mask_file: Path | None, json_file: Path | None, plan_file: Path | None,
    **options: Any,
) -> None:  # fmt: skip
    """Estimate size, density and strength of the dots in PHOTO, of healed work, and how sure it is.

    The engine draws dots at the places where PHOTO has them, until the mean dot is the same.
    """
    source = smp.read_photo(photo)
    _check_files(source, mask_file, json_file, plan_file)
    scale = _scale(photo, options["px_per_mm"], options["landmarks"])
    mask = _mask(mask_file, source)
    given = {name: options[key] for key, name in _GIVEN.items() if options[key] is not None}
    skin = None if options["skin"] is None else smp.Skin(options["skin"])
    with progress_bar(f"fitting {photo.name}", "step") as report:
        found = smp.fit(
            source.srgb8(), scale, mask, skin=skin, progress=report, threads=options["threads"],
            **given,
        )  # fmt: skip
    _say(found)
    if json_file is not None:
        found.write(json_file)
    if plan_file is not None:
        found.write_plan(plan_file)


def _check_files(
    photo: Photograph, mask: Path | None, json_file: Path | None, plan_file: Path | None
) -> None:
    """Refuse, before the work, files that cannot be written, or are one another."""
    from smpengine.photo.fit_result import check_plan_file
    from smpengine.photo.write_photo import refuse_original

    taken: dict[Path, str] = {}
    if mask is not None:
        take_file(taken, "--mask", mask)
    for name, file, check in (
        ("--json", json_file, check_target), ("--plan", plan_file, check_plan_file)
    ):  # fmt: skip
        if file is not None:
            check(file, name)
            take_file(taken, name, file)
            refuse_original(file, photo, name)


def _scale(
    photo: Path, px_per_mm: float | None, landmarks: tuple[float, float, float, float, float] | None
) -> float:
    """Return pixels per mm: as given, as measured, or as this engine wrote it into the file."""
    if px_per_mm is not None and landmarks is not None:
        rule = "be given once: --px-per-mm or --landmarks"
        raise InputError(must("the scale", rule, "both"))
    if landmarks is not None:
        x0, y0, x1, y1, apart_mm = landmarks
        measured = smp.Placing.landmarks((x0, y0), (x1, y1), apart_mm).px_per_mm
        assert measured is not None
        return measured
    if px_per_mm is not None:
        return px_per_mm
    from smpengine.image.write import own_px_per_mm

    return own_px_per_mm(photo)


def _mask(file: Path | None, photo: Photograph) -> NDArray[np.bool_] | None:
    """Return which pixels are treated."""
    if file is None:
        return None
    from smpengine.photo.masks import read_mask

    treated: NDArray[np.bool_] = read_mask(file, photo.shape) > 0.5
    return treated


def _say(found: smp.Fit) -> None:
    """Print what was found as a table, and what limits it."""
    for e in found.estimates:
        unit = "" if e.unit == "1" else e.unit
        sigma = f"{e.sigma:.2g}" if math.isfinite(e.sigma) else "-"
        click.echo(f"{e.name:16s} {e.value:>9.4g} +- {sigma:<8s} {unit:6s} {e.definition}")
    for name, value, definition in (
        ("dots_found", f"{found.dots_found}", "dots that the detector found"),
        ("dots_fitted", f"{found.dots_fitted}", "of them alone, and in the mean dot"),
        ("misfit", f"{found.misfit:.2g}", "of the mean dot; over 2 the engine does not explain it"),
    ):
        click.echo(f"{name:16s} {value:>9s} {'':18s} {definition}")
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
