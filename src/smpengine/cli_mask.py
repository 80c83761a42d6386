"""The command ``smpengine mask``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smpengine.errors import InputError, must
from smpengine.files import take_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from smpengine.photo.strokes import Stroke


@click.command("mask")
@click.argument("photo", type=click.Path(path_type=Path), metavar="PHOTO")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="Mask to write: .png, grey, white is treated.")  # fmt: skip
@click.option("--box", type=float, nargs=4, default=None, metavar="X0 Y0 X1 Y1",
              help="Nothing outside is treated; pixels of the photo as displayed.")  # fmt: skip
@click.option("--inside", multiple=True, metavar='"X,Y X,Y ..."',
              help="A stroke on skin that is treated; may be given several times.")  # fmt: skip
@click.option("--outside", multiple=True, metavar='"X,Y X,Y ..."',
              help="A stroke on what is not: face, hair, background.")  # fmt: skip
@click.option("--polygons", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Outlines (.toml, .json, .svg): the mask, or a proposal's limit.")  # fmt: skip
@click.option("--feather", type=float, default=None, metavar="PX",
              help="Width of the soft edge; the outlines' own, or 0.6 % of the photo.")  # fmt: skip
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True,
              help="Of the mask.")  # fmt: skip
@click.option("--review", "review_file", type=click.Path(path_type=Path), default=None,
              metavar="FILE", help="Picture to judge the mask by: .jpg, .png.")  # fmt: skip
def mask_command(
    photo: Path,
    out: Path,
    box: tuple[float, float, float, float] | None,
    inside: tuple[str, ...],
    outside: tuple[str, ...],
    polygons: Path | None,
    feather: float | None,
    bits: str,
    review_file: Path | None,
) -> None:
    """Draw, or propose, where PHOTO is treated: outlines, or skin like a box or strokes show."""
    from smpengine.photo.read_photo import read_photo
    from smpengine.photo.review import review
    from smpengine.photo.shown_files import (
        check_mask_file,
        check_shown_file,
        write_mask,
        write_shown,
    )
    from smpengine.photo.write_photo import refuse_original

    check_mask_file(out, "--out")
    if review_file is not None:
        check_shown_file(review_file, "--review")
    strokes = {
        name: [_stroke(text, f"--{name}") for text in texts]
        for name, texts in (("inside", inside), ("outside", outside))
    }
    if box is None and not inside and not outside and polygons is None:
        remedy = 'For example --inside "900,400 1300,420", a stroke on the scalp.'
        message = must("--box, --inside or --polygons", "be given", "none", remedy=remedy)
        raise InputError(message)
    source = read_photo(photo)
    taken: dict[Path, str] = {}
    for name, file in (("--polygons", polygons), ("--out", out), ("--review", review_file)):
        if file is not None:
            take_file(taken, name, file)
            refuse_original(file, source, name)
    picture = source.srgb8()
    mask = _mask(picture, box, strokes, polygons, feather)
    write_mask(out, mask, int(bits))
    if review_file is not None:
        note = "Review of a mask by smpengine, not a photograph."
        write_shown(review_file, review(picture, mask), note)


def _mask(
    picture: NDArray[np.uint8],
    box: tuple[float, float, float, float] | None,
    strokes: dict[str, list[Stroke]],
    polygons: Path | None,
    feather_px: float | None,
) -> Any:
    """Return the mask; say how it was found."""
    from smpengine.photo.masks import soften
    from smpengine.photo.polygons import polygon_mask, read_polygons

    hinted = box is not None or strokes["inside"] or strokes["outside"]
    shape = picture.shape[0], picture.shape[1]
    limit = None
    if polygons is not None:
        outlines, own_px = read_polygons(polygons)
        if not hinted:
            return polygon_mask(outlines, shape, own_px if feather_px is None else feather_px)
        limit = polygon_mask(outlines, shape)
        feather_px = own_px if feather_px is None and own_px > 0.0 else feather_px
    from smpengine.photo.propose import propose

    found = propose(picture, box, strokes["inside"], strokes["outside"], feather_px=feather_px)
    for line in found.why:
        click.echo(line)
    return found.mask if limit is None else soften(found.hard, found.feather_px, limit)


def _stroke(text: str, name: str) -> Stroke:
    """Return the points that a person typed.

    Raises
    ------
    InputError
        They are no numbers in pairs.
    """
    try:
        points = [tuple(float(v) for v in pair.split(",")) for pair in text.split()]
        if not points or any(len(point) != 2 for point in points):
            raise ValueError
    except ValueError as error:
        remedy = f'For example {name} "900,400 1300,420".'
        rule = "be points x,y with spaces between"
        raise InputError(must(name, rule, repr(text), remedy=remedy)) from error
    return [(x, y) for x, y in points]
