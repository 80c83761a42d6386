"""How time grows: over splats, pixels, sigma and threads; each point with its error."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.bench import scenes
from smpengine.bench.record import Point, Series
from smpengine.bench.run import seconds_of
from smpengine.bench.scenes import Recipe, Splats
from smpengine.devices import physical_memory_bytes
from smpengine.raster import cpu, reference
from smpengine.raster.grid import tile_count
from smpengine.raster.pool import borrow_pool
from smpengine.raster.settle import threshold
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.workers import Workers

# Splats are dearest just under a switch of levels, and cheapest just over it.
_SWITCHES: Final = tuple(threshold(level) ** 0.5 for level in range(1, 5))
SIGMAS_PX: Final = tuple(
    sorted(
        (
            *(0.5, 0.7, 1.0, 1.4, 2.0, 4.0, 8.0, 16.0, 32.0, 40.0),
            *(switch * share for switch in _SWITCHES for share in (0.995, 1.005)),
        )
    )
)
_BYTES_A_SPLAT: Final = 100


def _time(splats: Splats, threads: int, runs: int) -> tuple[float, NDArray[np.float32]]:
    out = np.zeros((*splats.recipe.shape, splats.peak.shape[1]), np.float32)
    shape, origin = splats.recipe.shape, splats.recipe.origin_px

    def draw() -> None:
        smp.rasterise(*splats.columns, shape, origin, out=out, threads=threads)

    draw()
    return statistics.median(seconds_of(draw) for _ in range(runs)), out


def over_splats(threads: int, runs: int, scale: float, seed: int) -> Series:
    """From ten thousand to a hundred million splats of 1 to 4 px, as far as memory reaches."""
    points = []
    memory = physical_memory_bytes() or 8 * 2**30
    for power in range(4, 9):
        count = round(10**power * scale)
        if count < 1 or 2 * count * _BYTES_A_SPLAT > memory:
            continue
        shape = scenes.recipe_for("many", scale).shape
        splats = scenes.make(Recipe(count, (1.0, 4.0), shape), seed)
        seconds, out = _time(splats, threads, runs if power < 7 else 1)
        points.append(Point(count, seconds, scenes.worst_error(out, splats)))
    return Series("splats", "splats", "s", points)


def over_pixels(threads: int, runs: int, scale: float, seed: int) -> Series:
    """Draw a million splats of 1 to 4 px on pictures of 256 to 16,384 pixels a side."""
    points = []
    for side in (256, 512, 1024, 2048, 4096, 8192, 16_384):
        edge = max(64, round(side * scale**0.5))
        recipe = Recipe(max(1, round(1_000_000 * scale)), (1.0, 4.0), (edge, edge))
        splats = scenes.make(recipe, seed)
        seconds, out = _time(splats, threads, runs if side < 8192 else 2)
        points.append(Point(edge * edge, seconds, scenes.worst_error(out, splats)))
    return Series("pixels", "pixels", "s", points)


def over_sigma(threads: int, runs: int, scale: float, seed: int) -> Series:
    """Measure what one splat of 500,000 costs over an empty scene with the same levels."""
    points = []
    shape = scenes.recipe_for("mixed", scale).shape
    for sigma in SIGMAS_PX:
        recipe = Recipe(max(100, round(500_000 * scale)), (sigma, sigma), shape)
        splats = scenes.make(recipe, seed)
        seconds, out = _time(splats, threads, runs)
        empty, _ = _time(scenes.make(replace(recipe, splats=1), seed), threads, runs)
        cost = (seconds - empty) / recipe.splats
        points.append(Point(sigma, cost, scenes.worst_error(out, splats)))
    return Series("sigma", "px", "s a splat", points)


def over_threads(threads: int, runs: int, scale: float, seed: int) -> Series:
    """Draw the mixed scene on 1 to all threads: the same bits, or an error of infinity."""
    splats = scenes.make(scenes.recipe_for("mixed", scale), seed)
    points: list[Point] = []
    first = None
    for count in sorted({1, *(2**k for k in range(1, 8) if 2**k < threads), threads}):
        seconds, out = _time(splats, count, runs)
        first = out if first is None else first
        same = np.array_equal(out, first)
        points.append(Point(count, seconds, scenes.worst_error(out, splats) if same else np.inf))
    return Series("threads", "threads", "s", points)


def mixture(threads: int, runs: int, scale: float, seed: int) -> Series:
    """Draw what `render` draws, beside as many Gaussians alone.

    x = 0: Gaussians of one group of bands, the "mixed" scene. x = 1: a sixth of them as soft discs
    in a group of their own, and the rest with six bands, all planes; drawn, not finished.
    """
    recipe = scenes.recipe_for("mixed", scale)
    splats = scenes.make(recipe, seed)
    pure, out = _time(splats, threads, runs)
    discs = max(1, splats.count // 6)
    rng = np.random.default_rng(seed)
    radius2 = rng.uniform(1.0, 4.0, discs) ** 2
    edge = rng.uniform(-5.0, 20.0, discs)
    cores = Discs(
        splats.x_px[:discs],
        splats.y_px[:discs],
        ((np.maximum(edge, 0.0) + 1.0) / radius2).astype(np.float32),
        edge.astype(np.float32),
        splats.peak[:discs] * np.float32(0.5),
    )
    rest = slice(discs, None)
    six = np.concatenate([splats.peak[rest], splats.peak[rest] * np.float32(0.5)], 1)
    halos = Gaussians(splats.x_px[rest], splats.y_px[rest], splats.sigma_px[rest], six)
    window = PixelWindow(0, 0, *recipe.shape)
    draw = lambda: _draw_mixture(halos, cores, window, threads)  # noqa: E731
    draw()
    mixed = statistics.median(seconds_of(draw) for _ in range(runs))
    points = [
        Point(0.0, pure, scenes.worst_error(out, splats)),
        Point(1.0, mixed, _mixture_error(halos, cores, threads)),
    ]
    return Series("mixture", "0: Gaussians, 1: render's mixture", "s", points)


def _mixture_error(halos: Gaussians, cores: Discs, threads: int) -> float:
    """Return the largest error of a corner, of the halos' maximum or of the light let through."""
    side = 96
    near = (halos.x_px < side + 9.0 * halos.sigma_px) & (halos.y_px < side + 9.0 * halos.sigma_px)
    close = (cores.x_px < 2.0 * side) & (cores.y_px < 2.0 * side)
    halos = Gaussians(halos.x_px[near], halos.y_px[near], halos.sigma_px[near], halos.peak[near])
    cores = Discs(
        cores.x_px[close], cores.y_px[close], cores.inv_spread_per_px2[close],
        cores.edge[close], cores.cap[close],
    )  # fmt: skip
    window = PixelWindow(0, 0, side, side)
    with borrow_pool() as pool:
        workers = Workers(threads)
        scratch, core = cpu.Scratch.borrow(pool, 6), cpu.Scratch.borrow(pool, 3)
        cpu.GaussianField(halos, window, workers, pool).draw_tile(0, scratch)
        cpu.DiscField(cores, window, workers, pool).draw_tile(0, core)
        got = np.concatenate([scratch.group(0), scratch.group(1)], -1)[:side, :side]
        kept = core.group(0)[:side, :side].copy()
    want = reference.draw_gaussians(halos, window)
    through = np.exp(-reference.draw_discs(cores, window))
    relative = np.abs(got - want).max() / max(want.max(), halos.peak.max(initial=0.0))
    return float(max(relative, np.abs(kept - through).max()))


def _draw_mixture(halos: Gaussians, cores: Discs, window: PixelWindow, threads: int) -> None:
    """Draw all planes that `render` draws, and let them go."""
    workers = Workers(threads)
    with borrow_pool() as pool:
        field = cpu.GaussianField(halos, window, workers, pool)
        discs = cpu.DiscField(cores, window, workers, pool)

        def work(tile: int, scratch: tuple[cpu.Scratch, cpu.Scratch]) -> None:
            field.draw_tile(tile, scratch[0])
            discs.draw_tile(tile, scratch[1])

        make = lambda: (cpu.Scratch.borrow(pool, 6), cpu.Scratch.borrow(pool, 3))  # noqa: E731
        workers.each(tile_count(window), work, make)


ALL: Final[tuple[Callable[[int, int, float, int], Series], ...]] = (
    over_splats,
    over_pixels,
    over_sigma,
    over_threads,
    mixture,
)
