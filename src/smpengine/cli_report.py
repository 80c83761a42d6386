"""The command ``smpengine report``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.errors import InputError, must

_PLANS: Final = (".toml", ".json")
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


@click.command("report")
@click.argument("source", type=click.Path(path_type=Path), metavar="PICTURE|PLAN")
@click.option("--px-per-mm", type=float, default=None,
              help="Scale; a file of this engine, or a plan, has its own.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write all measures.")  # fmt: skip
@click.option("--page", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Draw one page about it: .png or .pdf.")  # fmt: skip
def report_command(
    source: Path, px_per_mm: float | None, json_file: Path | None, page: Path | None
) -> None:
    """Say of PICTURE (.png, .jpg, .tif), or of PLAN (rendered first), whether it is stubble."""
    from smpengine.files import check_target

    if json_file is not None:
        check_target(json_file, "--json")
    if page is not None:
        from smpengine.verdict.page import check_page

        check_page(page)
    image, scale = _load(source, px_per_mm)
    from smpengine.verdict.report import report

    found = report(image, scale)
    for measure in found.measures:
        value = f"{measure.value:.4g}" if math.isfinite(measure.value) else "-"
        unit = "" if measure.unit == "1" else measure.unit
        click.echo(f"{measure.name:22s} {value:>10s} {unit:6s} {measure.definition}")
    if json_file is not None:
        found.write(json_file)
    if page is not None:
        found.write_page(page, source.name)


def _load(source: Path, px_per_mm: float | None) -> tuple[NDArray[np.uint8], float]:
    """Return the picture of a file or a plan, and its scale."""
    suffix = source.suffix.lower()
    if suffix in _PLANS:
        plan = smp.load_plan(source)
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
        scale = plan.px_per_mm if px_per_mm is None else px_per_mm
        seen: dict[str, Any] = {"exposure": plan.exposure, "illuminant": plan.illuminant}
        return smp.render(plan.scene(), scale, **seen), scale
    if suffix not in _PICTURES:
        rule = f"end in {', '.join((*_PICTURES, *_PLANS))}"
        raise InputError(must("PICTURE|PLAN", rule, repr(str(source))))
    scale = _scale(source) if px_per_mm is None else px_per_mm
    return _read(source), scale


def _scale(source: Path) -> float:
    """Return what the file says of its own scale."""
    from smpengine.image.write import own_px_per_mm

    if not source.is_file():
        raise InputError(must("PICTURE|PLAN", "be a file", repr(str(source))))
    return own_px_per_mm(source)


def _read(source: Path) -> NDArray[np.uint8]:
    """Return the pixels of a file; `report` says what is wrong with them."""
    import imageio.v3 as iio

    try:
        image: NDArray[np.uint8] = np.asarray(iio.imread(source))
    except Exception as error:  # a decoder raises whatever it likes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(must(str(source), "be a picture that can be read", reason)) from error
    return image
