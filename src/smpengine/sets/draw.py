"""One variant drawn: plan -> scene -> picture -> truth, maps, clean skin. The one place for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import smpengine as smp
from smpengine.image.write import write_image
from smpengine.sets.place import scene_of
from smpengine.sets.schema import TruthTable
from smpengine.sets.stages import stages_here
from smpengine.sets.variants import Variant
from smpengine.truth import truth_in
from smpengine.truth_maps import TruthMaps
from smpengine.truth_table import Truth


@dataclass
class Drawn:
    """A variant's picture and what is beside it.

    Attributes
    ----------
    image
        (height, width, bands), of the kind that the picture's output says.
    metadata
        What its file says of it.
    truth, maps, clean
        None where not asked for. Rows of dots count within this picture's scene, which holds the
        dots near it; `maps.instance` is `truth.id` + 1.
    times_s
        Seconds by stage: place, render, truth, maps, clean.
    spared_s
        Seconds that earlier variants' work has spared it.
    """

    image: Any
    metadata: dict[str, Any]
    truth: Truth | None = None
    maps: TruthMaps | None = None
    clean: Any = None
    times_s: dict[str, float] = field(default_factory=dict)
    spared_s: float = 0.0


def draw(variant: Variant, wanted: TruthTable, threads: int = 1) -> Drawn:
    """Draw a variant.

    Parameters
    ----------
    variant
        Of a sweep.
    wanted
        What there is to be beside the picture.
    threads
        Number of threads; the bits do not depend on it.

    Raises
    ------
    SmpError
        The plan, the window or the day cannot be used, or the device failed.
    """
    clock = _Clock()
    picture, stages = variant.picture, stages_here()
    spared_s = stages.spared_s
    plan = stages.plan(variant.plan, variant.name, variant.folder)
    scene, scale, window = scene_of(plan, picture, wanted.maps, threads)
    clock.lap("place")
    exposure = picture.get("exposure", plan.exposure)
    light = picture.get("illuminant") or plan.illuminant
    device, output = picture["device"], picture["output"]

    def render(of: smp.Scene) -> Any:
        return stages.render(
            of, scale, window, output, device,
            exposure=exposure, illuminant=light, threads=threads,
        )  # fmt: skip

    metadata = {
        **scene.provenance, "px_per_mm": scale, "output": output, "exposure": exposure,
        "illuminant": light, "window_mm": list(window), "day": picture.get("day"),
        "variant": variant.name, "values": variant.values,
    }  # fmt: skip
    drawn = Drawn(render(scene), metadata, times_s=clock.times_s)
    clock.lap("render")
    if wanted.table:
        linear = stages.render(scene, scale, window, "linear", device, threads=threads)
        drawn.truth = truth_in(scene, scale, window, linear)
        clock.lap("truth")
    if wanted.maps:
        drawn.maps = smp.truth_maps(scene, scale, window, threads=threads)
        clock.lap("maps")
    if wanted.clean:
        drawn.clean = render(smp.clean(scene))
        clock.lap("clean")
    drawn.spared_s = stages.spared_s - spared_s
    return drawn


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.times_s: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.times_s[stage] = now - self._since
        self._since = now


def products(
    drawn: Drawn, suffix: str, truth_suffix: str = ".parquet"
) -> Mapping[str, Callable[[Path], object]]:
    """Return what writes each file of a variant, by what comes after its name.

    Parameters
    ----------
    drawn
        A variant, drawn.
    suffix
        Of pictures.
    truth_suffix
        Of the table of dots.
    """
    said = drawn.metadata
    made: dict[str, Callable[[Path], object]] = {
        f".{suffix}": lambda path: write_image(path, drawn.image, said)
    }
    truth, maps = drawn.truth, drawn.maps
    if truth is not None:
        made[f".truth{truth_suffix}"] = lambda path: truth.write(path)
    if maps is not None:
        made[".maps.npz"] = lambda path: maps.write(path)
    if drawn.clean is not None:
        bare = {**said, "clean": True}
        made[f".clean.{suffix}"] = lambda path: write_image(path, drawn.clean, bare)
    return made


def product_names(suffix: str, wanted: TruthTable) -> list[str]:
    """Return what comes after a variant's name in its files, without drawing it."""
    pictures = [f".{suffix}", *([f".clean.{suffix}"] if wanted.clean else [])]
    sides = [f"{name}.json" for name in pictures] if suffix == "npy" else []
    tables = [".truth.parquet"] if wanted.table else []
    return [*pictures, *sides, *tables, *([".maps.npz"] if wanted.maps else [])]
