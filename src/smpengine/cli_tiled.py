"""`smpengine render --tiled`: a picture of any size, in tiles with a pyramid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

import smpengine as smp
from smpengine.errors import InputError, must
from smpengine.progress import progress_bar

_TILED_ONLY = {
    "tile": "--tile", "compression": "--compression", "quality": "--quality", "resume": "--resume",
}  # fmt: skip
_WHOLE_ONLY = {
    "view": "--view", "truth": "--truth", "truth_maps": "--truth-maps", "clean": "--clean",
}  # fmt: skip
_OPTIONS = (
    click.option("--tiled", is_flag=True,
                 help="Any size, in tiles with a pyramid: .tif (OME BigTIFF), .zarr, .dzi."),
    click.option("--tile", type=int, default=None, metavar="PX",
                 help="Side of a tile, a multiple of 16; 512 if not given."),
    click.option("--compression", default=None, metavar="NAME",
                 help=".tif: zstd, deflate, jpegxl, none; .zarr: zstd, deflate, none; "
                      ".dzi: png, jpeg, webp. The first if not given."),
    click.option("--quality", type=int, default=None, help="Of jpeg and webp, 1 to 100; 90."),
    click.option("--resume", is_flag=True,
                 help="There must be a stopped run to go on with; else it is looked for."),
)  # fmt: skip


def tiled_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of tiles to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_tiled(out: Path, output: str, options: Mapping[str, Any]) -> None:
    """Say before the work what cannot be had, with --tiled or without.

    Raises
    ------
    InputError
        The suffix, or an option, does not go with it.
    OutputError
        It cannot be written there.
    """
    from smpengine.image.write import check_output

    if not options["tiled"]:
        for name, option in _TILED_ONLY.items():
            if options[name]:
                raise InputError(must(option, "be beside --tiled", "it alone"))
        check_output(out, output)
        return
    from smpengine.tiled.layout import check_options, kind_of

    for name, option in _WHOLE_ONLY.items():
        if options[name]:
            raise InputError(must(option, "be left out beside --tiled", "both", remedy="One each."))
    check_options(kind_of(out), output, *_cut(options))


def _cut(options: Mapping[str, Any]) -> tuple[int, str | None, int]:
    """Return side of a tile, compression and quality."""
    tile = 512 if options["tile"] is None else options["tile"]
    return tile, options["compression"], 90 if options["quality"] is None else options["quality"]


def render_tiles(
    scene: smp.Scene, plan: Path, out: Path, output: str, metadata: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:  # fmt: skip
    """Render a scene into tiles and say what was written.

    Raises
    ------
    SmpError
        As `render_tiled`.
    """
    tile_px, compression, quality = _cut(options)
    try:
        with progress_bar(f"rendering {plan.name}", "band") as report:
            done = smp.render_tiled(
                scene, out, metadata["px_per_mm"], options["window"], output, options["device"],
                tile_px=tile_px, compression=compression, quality=quality,
                exposure=metadata["exposure"], illuminant=metadata["illuminant"],
                threads=options["threads"], resume=True if options["resume"] else None,
                metadata=metadata, progress=report,
            )  # fmt: skip
    except KeyboardInterrupt:
        part = out.with_name(out.name + ".part")
        if part.exists():
            click.echo(f"Finished bands are kept in {part}: the same command goes on.", err=True)
        raise
    again = f", {done.resumed} of {done.bands} bands from before" if done.resumed else ""
    click.echo(f"{out}: {done.width} x {done.height} px, {done.levels} levels, "
               f"{len(scene.impressions):,} impressions{again}")  # fmt: skip
