"""The command ``smpengine photo``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

import smpengine as smp
from smpengine.errors import InputError, must
from smpengine.files import take_file
from smpengine.progress import progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smpengine.photo.photograph import Photograph
    from smpengine.photo.placing import Placing
    from smpengine.photo.simulation import Simulation

_WAYS = ("px_per_mm", "landmarks", "corners", "depth")
_FLAGS = {name: f"--{name.replace('_', '-')}" for name in _WAYS}
_YEAR_DAYS = 365.25


@click.command("photo")
@click.argument("photo", type=click.Path(path_type=Path), metavar="PHOTO")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), required=True, metavar="PLAN",
              help="The treatment; its regions and hairline are not used.")  # fmt: skip
@click.option("--mask", "mask_file", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="Grey picture of the photo's size: white is treated. See `smpengine mask`.")  # fmt: skip  # noqa: E501
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="Photo to write: .jpg, .png, .tif, .heic.")  # fmt: skip
@click.option("--px-per-mm", type=float, default=None, help="Scale of the photo.")
@click.option("--landmarks", type=float, nargs=5, default=None, metavar="X0 Y0 X1 Y1 MM",
              help="Two points in pixels as displayed, and how far apart they are.")  # fmt: skip
@click.option("--corners", type=float, nargs=10, default=None, metavar="X0 Y0 ... X3 Y3 W H",
              help="A rectangle of W x H mm seen aslant: clockwise from the top left.")  # fmt: skip
@click.option("--depth", type=(click.Path(path_type=Path), float), default=None,
              metavar="FILE PX", help="Distances in mm (.npy), and the focal length.")  # fmt: skip
@click.option("--skin", default=None, metavar="TYPE", help="I-II to VI; estimated if not given.")
@click.option("--gloss", type=float, default=None, help="0 matt to 1; estimated if not given.")
@click.option("--sharpness", type=float, default=None, metavar="PX",
              help="Blur of the camera; estimated if not given.")  # fmt: skip
@click.option("--noise", type=float, default=None, metavar="SHARE",
              help="Of the camera, as a share of white; estimated if not given.")  # fmt: skip
@click.option("--neutral", type=float, nargs=2, default=None, metavar="X Y",
              help="A pixel of something grey or white, for the white balance.")  # fmt: skip
@click.option("--over-hair", is_flag=True,
              help="Place dots on the hair in the photo too, not only beside it.")  # fmt: skip
@click.option("--day", type=float, default=None,
              help="Of the picture, healed so far; everything settled if not given.")  # fmt: skip
@click.option("--sessions", type=int, default=None, help="Only the first so many sessions.")
@click.option("--overlay", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also the pigment alone, with alpha: .png.")  # fmt: skip
@click.option("--pair", "pair_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also both pictures side by side.")  # fmt: skip
@click.option("--slider", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also a page that compares them, session by session: .html.")  # fmt: skip
@click.option("--film", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also an animation over sessions and years: .mp4, .webp, .gif.")  # fmt: skip
@click.option("--sheet", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also a treatment sheet to print: sessions, counts, shades: .html.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="See `smpengine devices`.")
@click.option("--threads", type=int, default=None, help="Number of threads; the bits are the same.")
def photo_command(photo: Path, plan_file: Path, mask_file: Path, out: Path, **options: Any) -> None:
    """Draw a plan into PHOTO, in light: before and after, healed at any day."""
    from smpengine.photo.masks import read_mask
    from smpengine.photo.write_photo import check_photo_output, write_photo

    plan = smp.load_plan(plan_file)
    source = smp.read_photo(photo)
    check_photo_output(out, source, "--out")
    _check_beside({**options, "plan": plan_file, "mask": mask_file}, out, source)
    mask = read_mask(mask_file, source.shape)
    camera = smp.Camera(options["sharpness"], options["noise"])
    prepared = smp.simulate(
        source, mask, plan, _placing(options), skin=options["skin"], camera=camera,
        white=_white(source, options["neutral"]), gloss=options["gloss"],
        over_hair=options["over_hair"],
    )  # fmt: skip
    for note in prepared.notes:
        click.echo(f"note: {note}", err=True)
    drawn = {"device": options["device"], "threads": options["threads"]}
    when = options["day"], options["sessions"]
    with progress_bar(f"drawing on {photo.name}", "row") as report:
        after = prepared.picture(*when, progress=report, **drawn)
    metadata = {
        "plan": plan.resolved(), "seed": plan.seed, "px_per_mm": prepared.ground.px_per_mm,
        "day": when[0], "sessions": when[1], "photo": photo.name,
    }  # fmt: skip
    write_photo(out, source, after, metadata)
    _write_beside(options, prepared, after, metadata, drawn)
    height, width = source.shape
    click.echo(
        f"{out}: {width} x {height} px, {prepared.ground.area_cm2():.1f} cm2 treated, "
        f"{prepared.ground.px_per_mm:.3g} px/mm"
    )


def _placing(options: dict[str, Any]) -> Placing:
    """Return how the photograph lies on the scalp, by the one option that says so."""
    given = [name for name in _WAYS if options[name] is not None]
    if len(given) != 1:
        got = ", ".join(_FLAGS[name] for name in given) or "none"
        rule = "be given once: one of " + ", ".join(_FLAGS.values())
        remedy = "Measure something in the photo, for example --landmarks 100 200 500 200 25."
        raise InputError(must("the scale", rule, got, remedy=remedy))
    value = options[given[0]]
    if given[0] == "landmarks":
        return smp.Placing.landmarks(value[:2], value[2:4], value[4])
    if given[0] == "corners":
        points = [value[k : k + 2] for k in range(0, 8, 2)]
        return smp.Placing.rectangle(points, value[8:])
    if given[0] == "depth":
        return smp.Placing.depth(_depth(value[0]), value[1])
    return smp.Placing.scale(value)


def _depth(file: Path) -> NDArray[Any]:
    try:
        depth: NDArray[Any] = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        rule = "be an array that NumPy saved (.npy)"
        raise InputError(must("--depth", rule, f"{str(file)!r} ({error})")) from error
    return depth


def _white(photo: Photograph, place: tuple[float, float] | None) -> Any:
    """Return linear sRGB around a pixel that is neutral."""
    if place is None:
        return None
    height, width = photo.shape
    col, row = int(place[0]), int(place[1])
    if not (0 <= col < width and 0 <= row < height):
        rule = f"be a pixel of the photo, {width} x {height}"
        raise InputError(must("--neutral", rule, f"{place[0]:g} {place[1]:g}"))
    light = photo.linear(slice(max(row - 2, 0), row + 3))[:, max(col - 2, 0) : col + 3]
    return tuple(float(v) for v in np.median(light.reshape(-1, 3), axis=0))


def _check_beside(options: dict[str, Any], out: Path, photo: Photograph) -> None:
    """Refuse, before the work, further files that cannot be written, or are one another."""
    from smpengine.files import check_target
    from smpengine.photo.write_photo import refuse_original

    suffixes = {
        "overlay": (".png",), "pair_file": (".png", ".jpg", ".jpeg"), "slider": (".html", ".htm"),
        "film": (".mp4", ".webp", ".gif"), "sheet": (".html", ".htm"),
    }  # fmt: skip
    taken: dict[Path, str] = {}
    for name, file in (("--plan", options["plan"]), ("--mask", options["mask"]), ("--out", out)):
        take_file(taken, name, file)
    for name, allowed in suffixes.items():
        file = options[name]
        if file is None:
            continue
        flag = f"--{name.removesuffix('_file')}"
        if file.suffix.lower() not in allowed:
            raise InputError(must(flag, f"end in {', '.join(allowed)}", repr(str(file))))
        take_file(taken, flag, file)
        check_target(file, flag)
        refuse_original(file, photo, flag)


def _write_beside(
    options: dict[str, Any], prepared: Simulation, after: NDArray[Any],
    metadata: dict[str, Any], drawn: dict[str, Any],
) -> None:  # fmt: skip
    """Write what else was asked for."""
    photo = prepared.photo
    if options["overlay"] is not None:
        from smpengine.photo.overlay import overlay_of, write_overlay

        write_overlay(options["overlay"], photo, overlay_of(photo.pixels, after), metadata)
    if options["pair_file"] is not None:
        from smpengine.photo.pairs import pair
        from smpengine.photo.shown_files import write_shown

        both = pair(photo.srgb8(), photo.showing(after).srgb8())
        write_shown(options["pair_file"], both, "Before, and a simulation of after.")
    _write_stages(options["slider"], options["film"], prepared, drawn)
    if options["sheet"] is not None:
        _write_sheet(options["sheet"], prepared, after)


def _write_stages(
    slider: Path | None, film: Path | None, prepared: Simulation, drawn: dict[str, Any]
) -> None:
    """Write what shows all stages; each is drawn once, and kept as small as the film has it."""
    from smpengine.photo.film import LONGEST_PX, write_film
    from smpengine.photo.shown import shrunk
    from smpengine.photo.slider import write_slider

    if slider is None and film is None:
        return
    photo, stages = prepared.photo, _stages(prepared)
    before = photo.srgb8()
    shown = (
        (label, photo.showing(prepared.picture(day, count, **drawn)).srgb8())
        for label, day, count in stages
    )
    frames: Iterable[NDArray[np.uint8]] = (picture for _, picture in shown)
    if slider is not None:
        kept: list[NDArray[np.uint8]] = []

        def keeping() -> Iterator[tuple[str, NDArray[np.uint8]]]:
            for label, picture in shown:
                if film is not None:
                    kept.append(shrunk(picture, LONGEST_PX[film.suffix.lower()]))
                yield label, picture

        write_slider(slider, before, keeping())
        before = before if film is None else shrunk(before, LONGEST_PX[film.suffix.lower()])
        frames = kept
    if film is not None:
        labels = ["Before", *(label for label, _, _ in stages)]
        write_film(film, chain([before], frames), labels)


def _write_sheet(file: Path, prepared: Simulation, after: NDArray[Any]) -> None:
    """Write what is done in each session, for the one who does it."""
    from smpengine.photo.review import review
    from smpengine.photo.sheet import write_sheet

    photo, plan = prepared.photo, prepared.plan
    dots = np.bincount(prepared.scene().impressions.session, minlength=len(plan.sessions))
    pictures = {
        "Before": photo.srgb8(),
        "After, simulated": photo.showing(after).srgb8(),
        "Treated area": review(photo.srgb8(), prepared.mask),
    }
    write_sheet(
        file, plan, dots=dots.tolist(), area_cm2=prepared.ground.area_cm2(),
        px_per_mm=prepared.ground.px_per_mm, notes=prepared.notes, pictures=pictures,
    )  # fmt: skip


def _stages(prepared: Simulation) -> list[tuple[str, float | None, int | None]]:
    """Return what a page or a film shows: each session settled, then years after the last."""
    sessions = prepared.plan.sessions
    stages: list[tuple[str, float | None, int | None]] = [
        (f"Session {n}", None, n) for n in range(1, len(sessions) + 1)
    ]
    if sessions:
        last = sessions[-1].day
        stages += [
            (f"{years} year{'s' if years > 1 else ''}", last + years * _YEAR_DAYS, None)
            for years in (1, 3, 5)
        ]
    return stages
