"""The hair of one panel: its shadows on the skin, and its shafts over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.hairs import Hairs
from smpengine.optics.shaft import reach_mm, shadows_of, shafts_of
from smpengine.raster import cpu, reference
from smpengine.raster.pool import Pool
from smpengine.raster.shafts import SHAFT_FLOATS, ShaftField, new_strip
from smpengine.raster.splats import PixelWindow, Shafts
from smpengine.scene import Scene, Skin
from smpengine.workers import Workers

_CHUNK = 16_384
_SAMPLES_MARGIN = 16.0  # what levels of Gaussians add to a reach


def hair_near(scene: Scene, px_per_mm: float, window: PixelWindow) -> Hairs | None:
    """Return the hairs that can change a window of samples, in the order of their rows; or None."""
    hairs = scene.hair
    if hairs is None or len(hairs) == 0:
        return None
    margin = reach_mm(hairs) + _SAMPLES_MARGIN / px_per_mm
    x0, x1 = window.col0 / px_per_mm, (window.col0 + window.width) / px_per_mm
    y0, y1 = window.row0 / px_per_mm, (window.row0 + window.height) / px_per_mm
    near = (hairs.x_mm > x0 - margin) & (hairs.x_mm < x1 + margin)
    near &= (hairs.y_mm > y0 - margin) & (hairs.y_mm < y1 + margin)
    if near.all():
        return hairs
    return hairs.rows(near) if near.any() else None


@dataclass
class HairScratch:
    """What one thread draws a tile's hair into."""

    shadow: cpu.Scratch
    strip: NDArray[np.float32]

    @classmethod
    def borrow(cls, pool: Pool) -> HairScratch:
        """Return scratch that is free, for as long as the pool is borrowed."""
        return cls(cpu.Scratch.borrow(pool, 1), pool.lend("strip of hair", new_strip))


class HairField:
    """The hair over a window of samples, drawn tile by tile.

    Parameters
    ----------
    hairs
        Those that reach it, `hair_near`.
    scene, bare
        Its skin, and R0 of that in the bands.
    px_per_mm
        Samples per mm.
    window, workers, pool
        As for `cpu.GaussianField`.
    """

    def __init__(
        self, hairs: Hairs, scene: Scene, bare: NDArray[np.float64], px_per_mm: float,
        window: PixelWindow, workers: Workers, pool: Pool,
    ) -> None:  # fmt: skip
        shadows = shadows_of(hairs, px_per_mm)
        shaded = shadows.x_px.size > 0
        self._shadow = cpu.GaussianField(shadows, window, workers, pool) if shaded else None
        shafts = _shafts(hairs, scene.skin, px_per_mm, workers)
        self._shafts = ShaftField.place(shafts, window, pool)
        self._inv_bare = (1.0 / bare).astype(np.float32)

    def lay_over(self, tile: int, relative: NDArray[np.float32], scratch: HairScratch) -> None:
        """Lay a tile's hair over R / R0 of its skin, one group of the tile, in place."""
        shadow = scratch.shadow.tile[:0]
        if self._shadow is not None:
            self._shadow.draw_tile(tile, scratch.shadow)
            shadow = scratch.shadow.tile
        self._shafts.lay_over(tile, relative, shadow, self._inv_bare, scratch.strip)


def _shafts(hairs: Hairs, skin: Skin, px_per_mm: float, workers: Workers) -> Shafts:
    """Return shafts, a few rows at a time: NumPy lets go of the interpreter within an operation."""
    n = len(hairs)
    x, y, shape = np.empty(n), np.empty(n), np.empty((n, SHAFT_FLOATS), np.float32)

    def work(chunk: int, _: None) -> None:
        part = slice(chunk * _CHUNK, (chunk + 1) * _CHUNK)
        some = shafts_of(hairs.rows(part), skin, px_per_mm)
        x[part], y[part], shape[part] = some.x_px, some.y_px, some.shape

    workers.each(-(-n // _CHUNK), work, lambda: None)
    return Shafts(x, y, shape)


def lay_over_reference(
    relative: NDArray[np.float64], scene: Scene, bare: NDArray[np.float64], px_per_mm: float,
    window: PixelWindow,
) -> NDArray[np.float64]:  # fmt: skip
    """Return R / R0 with the hair of a scene over it, in float64; the oracle of `HairField`."""
    hairs = hair_near(scene, px_per_mm, window)
    if hairs is None:
        return relative
    shadow = np.exp(-reference.draw_gaussians(shadows_of(hairs, px_per_mm), window))
    through, light = reference.draw_shafts(shafts_of(hairs, scene.skin, px_per_mm), window)
    kept = through[..., None]
    laid: NDArray[np.float64] = kept * shadow * relative + (1.0 - kept) * light / bare
    return laid
