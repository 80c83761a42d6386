"""The files that `smpengine render` writes beside its picture: truth, maps, the clean skin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import smpengine as smp
from smpengine.files import check_target, take_file
from smpengine.truth_maps import check_maps_file
from smpengine.truth_table import check_table_file

_OPTIONS = (
    click.option("--truth", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
                 help="Also write where every dot is: .npz, .parquet, or .json (COCO). May be "
                      "given more than once."),
    click.option("--truth-maps", type=click.Path(path_type=Path), default=None, metavar="FILE",
                 help="Also write which dot each pixel shows, and how densely they lie: .npz."),
    click.option("--clean", type=click.Path(path_type=Path), default=None, metavar="FILE",
                 help="Also write the picture without pigment."),
)  # fmt: skip


def beside_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name such files to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Beside:
    """Files to write beside a picture.

    Attributes
    ----------
    truth
        Tables of dots, in the format of each one's suffix.
    truth_maps, clean
        Maps of the picture's size; the picture of the skin without pigment; None where not asked.
    """

    truth: tuple[Path, ...]
    truth_maps: Path | None
    clean: Path | None

    @classmethod
    def checked(cls, options: Mapping[str, Any], out: Path, kind: str) -> Beside:
        """Return what the options ask for, if all of it can be written.

        Raises
        ------
        InputError
            A suffix is unknown or cannot hold such pixels, a library is not installed, or two
            options name one file.
        OutputError
            A path is a folder, or its folder does not exist or cannot be written to.
        """
        from smpengine.image.write import check_output

        self = cls(options["truth"], options["truth_maps"], options["clean"])
        taken: dict[Path, str] = {}
        take_file(taken, "out", out)
        for file in self.truth:
            check_table_file(file, "--truth")
            check_target(file, "--truth")
            take_file(taken, "--truth", file)
        if self.truth_maps is not None:
            check_maps_file(self.truth_maps, "--truth-maps")
            check_target(self.truth_maps, "--truth-maps")
            take_file(taken, "--truth-maps", self.truth_maps)
        if self.clean is not None:
            check_output(self.clean, kind, "--clean")
            take_file(taken, "--clean", self.clean)
        return self

    def write(
        self,
        scene: smp.Scene,
        picture: Path,
        metadata: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        """Write them all.

        Parameters
        ----------
        scene
            What was rendered.
        picture, metadata
            Its file, and what `write_image` put into it.
        options
            The command's: device and threads.

        Raises
        ------
        SmpError
            As `truth`, `truth_maps`, `render` and `write_image`.
        """
        from smpengine.image.write import write_image

        view = metadata["px_per_mm"], metadata["window_mm"]
        device, threads = options["device"], options["threads"]
        if self.truth:
            dots = smp.truth(scene, *view, device, threads=threads)
            for file in self.truth:
                dots.write(file, picture.name)
        if self.truth_maps is not None:
            smp.truth_maps(scene, *view, threads=threads).write(self.truth_maps)
        if self.clean is not None:
            skin = smp.render(
                smp.clean(scene), *view, metadata["output"], device,
                exposure=metadata["exposure"], illuminant=metadata["illuminant"], threads=threads,
            )  # fmt: skip
            write_image(self.clean, skin, {**metadata, "clean": True})
