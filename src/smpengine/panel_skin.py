"""The complexion of one panel: its maps, relief and gloss over the even skin with its pigment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.raster import cpu, reference
from smpengine.raster.grid import GROUP_SIZE, TILE, Level, levels_for
from smpengine.raster.pool import Pool
from smpengine.raster.splats import PixelWindow
from smpengine.scene import BANDS, Scene
from smpengine.texture.maps import maps_of
from smpengine.texture.relief import LAYERS, STEEPEST, WARP, Lattice, lattice_of, relief_reference
from smpengine.texture.shade import RUNS, shade
from smpengine.texture.shading import Terms, shade_reference, terms_of
from smpengine.workers import Workers

_SPARE = TILE // RUNS
"""Samples beside a window that are shaded with it: those of the same sixteen."""


def lattices_of(
    scene: Scene, px_per_mm: float, window: PixelWindow, spare: int = 0
) -> tuple[Lattice, ...]:
    """Return the layers of a scene's relief for a window of samples."""
    complexion = scene.skin.complexion
    assert complexion is not None
    seed = complexion.seed
    return tuple(lattice_of(layer, seed, px_per_mm, window, spare) for layer in LAYERS)


def terms_for(scene: Scene, bare: NDArray[np.float64]) -> Terms:
    """Return what all samples of a scene's pictures share."""
    assert scene.skin.complexion is not None
    return terms_of(scene.skin.complexion, scene.light, bare)


@dataclass
class SkinScratch:
    """What one thread draws a tile's maps into."""

    maps: cpu.Scratch

    @classmethod
    def borrow(cls, pool: Pool) -> SkinScratch:
        """Return scratch that is free, for as long as the pool is borrowed."""
        return cls(cpu.Scratch.borrow(pool, len(BANDS)))


class SkinField:
    """The complexion over a window of samples, laid over it tile by tile.

    Parameters
    ----------
    scene, bare
        Its skin has a complexion; R0 of that in the bands.
    px_per_mm
        Samples per mm.
    window, workers, pool
        As for `cpu.GaussianField`.
    """

    def __init__(
        self, scene: Scene, bare: NDArray[np.float64], px_per_mm: float, window: PixelWindow,
        workers: Workers, pool: Pool,
    ) -> None:  # fmt: skip
        self._maps = cpu.GaussianField(maps_of(scene, px_per_mm, window), window, workers, pool)
        self._level: Level = levels_for(window, 1)[0]
        self._layers = [
            (each.col0, each.row0, each.layer.step_x_mm, each.layer.step_y_mm, each.points)
            for each in lattices_of(scene, px_per_mm, window, _SPARE)
        ]
        self._terms, self._px_per_mm = terms_for(scene, bare), px_per_mm
        self._slopes = self._terms.slopes if scene.light is not None else None

    def lay_over(self, tile: int, relative: NDArray[np.float32], scratch: SkinScratch) -> None:
        """Lay a tile's complexion over R / R0 of even skin, one group of the tile, in place."""
        self._maps.draw_tile(tile, scratch.maps)
        part, level, terms = self._level.part(tile), self._level, self._terms
        row = level.row0 + part.row0 - part.top
        col = level.col0 + part.col0 - part.left
        shade(
            relative, scratch.maps.tile[:GROUP_SIZE], row, col,
            (part.top, part.left, part.height, part.width), *self._layers, self._px_per_mm,
            terms.layers, self._slopes, terms.bands,
        )  # fmt: skip


def lay_over_skin_reference(
    relative: NDArray[np.float64], scene: Scene, bare: NDArray[np.float64], px_per_mm: float,
    window: PixelWindow,
) -> NDArray[np.float64]:  # fmt: skip
    """Return R / R0 with a scene's complexion over it, in float64; the oracle of `SkinField`."""
    if scene.skin.complexion is None:
        return relative
    maps = reference.draw_gaussians(maps_of(scene, px_per_mm, window), window)
    terms = terms_for(scene, bare)
    slope_x, slope_y, deep = (np.zeros(relative.shape[:2]) for _ in range(3))
    factors = terms.layers.astype(np.float64)
    network, grain = lattices_of(scene, px_per_mm, window)
    fine = relief_reference(grain, px_per_mm, window)
    coarse = relief_reference(network, px_per_mm, window, (WARP * fine[3], WARP * fine[4]))
    for (down, along_x, along_y, tilt_x, tilt_y), by in zip((coarse, fine), factors, strict=True):
        slope_x += along_x * by[0] + tilt_x * by[2]
        slope_y += along_y * by[1] + tilt_y * by[2]
        deep += down * by[4] + tilt_x * by[3]
    slope_x, slope_y = (np.clip(slope, -STEEPEST, STEEPEST) for slope in (slope_x, slope_y))
    return shade_reference(relative, maps, slope_x, slope_y, deep, terms)
