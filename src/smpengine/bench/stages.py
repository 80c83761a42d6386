"""Where the time of a scene goes, and how near each stage comes to what the machine can do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.bench.ceilings import Ceilings
from smpengine.bench.scenes import Splats
from smpengine.lanes import LANES
from smpengine.raster import cpu
from smpengine.raster.grid import GROUP, TILE
from smpengine.raster.profile import MASK_VARIANCE_PX2, REACH
from smpengine.raster.settle import threshold
from smpengine.raster.splats import Gaussians, PixelWindow
from smpengine.workers import Workers


@dataclass(frozen=True)
class Stage:
    """One stage of a scene.

    Attributes
    ----------
    name
        What it does.
    seconds
        Median.
    per_s, unit
        How much of what a second.
    share, ceiling
        Of which ceiling it reaches how much, 0 to 1; None where there is none to compare with.
    """

    name: str
    seconds: float
    per_s: float
    unit: str
    share: float | None = None
    ceiling: str | None = None


def rasterise_stages(splats: Splats, threads: int, runs: int, ceilings: Ceilings) -> list[Stage]:
    """Time the stages of rasterising a scene into an array that exists.

    Coarse levels and the finest one draw, interpolate and write in one go. Their parts are told
    apart by drawing the scene again without its splats: first with, then without coarser levels.
    """
    height, width = splats.recipe.shape
    out = np.zeros((height, width, splats.peak.shape[1]), np.float32)
    times: dict[str, list[float]] = {}
    for _ in range(runs + 1):
        for name, seconds in _once(splats, threads, out).items():
            times.setdefault(name, []).append(seconds)
    median = {name: statistics.median(values[1:]) for name, values in times.items()}
    writing, empty = median["writing"], median["upsampling"]
    n, floats = splats.count, float(out.size)
    bytes_a_splat = 2.0 * (8 + 8 + 4 + 4 * out.shape[2]) + 40.0
    added, levels = _vector_adds(splats)
    taps = 3.0 * 1.5 * floats if levels > 1 else 0.0  # vertical and horizontal, a level
    drawing = max(median["coarse levels"] + median["finest level"] - empty, 1e-9)
    stages = [
        Stage("placing", median["placing"], n / median["placing"], "splats",
              n * bytes_a_splat / median["placing"] / ceilings.copy_bytes_per_s, "copy"),
        Stage("binning", median["binning"], n / median["binning"], "splats",
              n * 24.0 / median["binning"] / ceilings.copy_bytes_per_s, "copy"),
        Stage("drawing", drawing, n / drawing, "splats",
              added / drawing / ceilings.add_per_s, "add in L1"),
    ]  # fmt: skip
    if taps:
        upsampling = max(empty - writing, 1e-9)
        share = taps / upsampling / ceilings.fma_per_s
        stages.append(
            Stage("upsampling", upsampling, height * width / upsampling, "px", share, "FMA")
        )
    share = floats * 4.0 / writing / ceilings.fill_bytes_per_s
    stages.append(Stage("writing", writing, height * width / writing, "px", share, "fill"))
    return stages


def _once(splats: Splats, threads: int, out: NDArray[np.float32]) -> dict[str, float]:
    """Time each stage once; "upsampling" and "writing" are whole pictures without splats."""
    gaussians = Gaussians(*splats.columns)
    window = PixelWindow(*splats.recipe.origin_px, *splats.recipe.shape)
    workers, times = Workers(threads), {}
    clock = _Clock()
    cpu.rasterise(gaussians, window, out, workers, mapped=True, mark=clock)
    times.update(clock.times)
    widest = float(splats.sigma_px.max())
    for name, sigma in (("upsampling", widest), ("writing", 1.0)):
        none = np.zeros((1, out.shape[2]), np.float32)  # decides the levels, and draws nothing
        place = np.array([window.col0 + 0.5]), np.array([window.row0 + 0.5])
        nothing = Gaussians(*place, np.array([sigma], np.float32), none)
        start = time.perf_counter()
        cpu.rasterise(nothing, window, out, workers, mapped=True)
        times[name] = time.perf_counter() - start
    return times


class _Clock:
    """Notes how long it was since the last mark."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self.times[stage] = self.times.get(stage, 0.0) + now - self._last
        self._last = now


def _vector_adds(splats: Splats) -> tuple[float, int]:
    """Return how many floats drawing adds to, whole vectors each, and how many levels there are."""
    sigma = splats.sigma_px.astype(np.float64)
    level = np.zeros(sigma.size, np.int64)
    levels = 1
    while (sigma**2).max() >= threshold(levels):
        level[sigma**2 >= threshold(levels)] = levels
        levels += 1
    drawn = np.sqrt(sigma**2 - MASK_VARIANCE_PX2 * (4.0**level - 1.0)) * 0.5**level
    side = 2.0 * REACH * drawn
    groups = splats.peak.shape[1] / GROUP
    copies = (1.0 + side / TILE) ** 2
    vectors = (GROUP * side / copies**0.5 + LANES - 1.0) / LANES
    rows = side / copies**0.5
    return float((copies * rows * vectors * LANES).sum() * groups), levels


def render_stages(scene: smp.Scene, px_per_mm: float, runs: int) -> list[Stage]:
    """Time the stages of `render` on one thread, where they follow each other."""
    from smpengine import panel, panel_hair, panel_skin

    owners: list[tuple[object, str, str]] = [
        (panel, "_splats_for", "optics"),
        (cpu.GaussianField, "__init__", "halos: placing, binning, coarse levels"),
        (cpu.GaussianField, "draw_tile", "halos: finest level"),
        (cpu.DiscField, "__init__", "cores: placing, binning"),
        (cpu.DiscField, "draw_tile", "cores: drawing"),
        (panel, "relative_reflectance", "crowding"),
        (panel_skin.SkinField, "__init__", "complexion: maps, placing, coarse levels"),
        (panel_skin.SkinField, "lay_over", "complexion: drawing, relief"),
        (panel_hair.HairField, "__init__", "hair: shafts and shadows, placing, coarse levels"),
        (panel_hair.HairField, "lay_over", "hair: drawing"),
        (panel, "reduce_samples", "subpixels"),
        (panel.Finish, "__call__", "colour, tone, dither"),
    ]
    runs_of: list[dict[str, float]] = []
    for _ in range(runs + 1):
        with _Timed(owners) as times:
            start = time.perf_counter()
            picture = smp.render(scene, px_per_mm, threads=1)
            whole = time.perf_counter() - start
        runs_of.append({**times, "the rest": whole - sum(times.values())})
    pixels = picture.shape[0] * picture.shape[1]
    return [
        Stage(name, seconds, pixels / max(seconds, 1e-9), "px")
        for name in runs_of[-1]
        for seconds in [statistics.median(run[name] for run in runs_of[1:])]
    ]


class _Timed:
    """Wrap functions for the time of a block; one thread only.

    What is called within one of them counts for that one: shadows of hair are hair, not halos.
    """

    def __init__(self, owners: list[tuple[object, str, str]]) -> None:
        self._owners = owners
        self._times: dict[str, float] = {}
        self._whole: list[Callable[..., object]] = []
        self._busy = False

    def __enter__(self) -> dict[str, float]:
        for owner, name, label in self._owners:
            whole = getattr(owner, name)
            self._whole.append(whole)
            setattr(owner, name, self._wrapped(whole, label))
        return self._times

    def _wrapped(self, whole: Callable[..., object], label: str) -> Callable[..., object]:
        def timed(*args: object, **kwargs: object) -> object:
            if self._busy:
                return whole(*args, **kwargs)
            self._busy = True
            start = time.perf_counter()
            try:
                return whole(*args, **kwargs)
            finally:
                self._times[label] = self._times.get(label, 0.0) + time.perf_counter() - start
                self._busy = False

        return timed

    def __exit__(self, *_error: object) -> None:
        for (owner, name, _), whole in zip(self._owners, self._whole, strict=True):
            setattr(owner, name, whole)
