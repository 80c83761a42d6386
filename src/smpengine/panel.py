"""One panel of a picture, by the stages of the pipeline, on the CPU or by the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import EXPOSURE
from smpengine.image.reduce import halve, reduce_samples
from smpengine.image.tone import encode, encode_reference
from smpengine.impressions import Impressions
from smpengine.optics.crowding import relative_reflectance, relative_reflectance_reference
from smpengine.optics.scatter import REACH_SAMPLES, Splats, reach_mm, scatter
from smpengine.optics.skin import bare_reflectance
from smpengine.panel_hair import HairField, HairScratch, hair_near, lay_over_reference
from smpengine.panel_skin import SkinField, SkinScratch, lay_over_skin_reference
from smpengine.raster import cpu, reference
from smpengine.raster.grid import GROUP, GROUP_PITCH, TILE, tile_count
from smpengine.raster.pool import Pool, borrow_pool
from smpengine.raster.splats import PixelWindow
from smpengine.scene import BANDS, Scene, Skin
from smpengine.window import halvings_for, subpixels
from smpengine.workers import Workers

_TILE_HALVINGS: Final = int(math.log2(TILE))
_BANDS: Final = len(BANDS)
_BARE_ROWS: Final = 16
RELATIVE: Final = "relative"
"""What is asked for where pixels are finished later: R / R0 as it is, float32."""


@dataclass(frozen=True)
class Finish:
    """From R / R0 to what the caller asked for."""

    output: str
    bare: NDArray[np.float64]
    exposure: float

    def __call__(self, relative: NDArray[Any], out: NDArray[Any], row0: int, col0: int) -> None:
        """Turn a block, (height, width, 3), into pixels; row0, col0 are absolute."""
        if self.output == "absorbance":
            tiny = np.finfo(np.float32).tiny
            out[...] = -np.log(np.maximum(relative, tiny))
            return
        if self.output == RELATIVE:
            out[...] = relative
            return
        if self.output == "linear":
            _multiply_bands(relative, self.bare.astype(relative.dtype), out)
        elif relative.dtype == np.float64:
            encode_reference(relative * self.bare, out, row0, col0, self.exposure)
        else:
            encode(relative, self.bare, out, row0, col0, self.exposure)


def _multiply_bands(relative: NDArray[Any], bare: NDArray[Any], out: NDArray[Any]) -> None:
    """Multiply a block's bands; by whole rows where they lie so, for NumPy is slow with threes."""
    height, width, bands = relative.shape
    rows = []
    for each in (relative, out):
        if each.strides[1:] != (bands * each.itemsize, each.itemsize):
            np.multiply(relative, bare, out=out)
            return
        steps = each.strides[0], each.itemsize
        rows.append(np.lib.stride_tricks.as_strided(each, (height, width * bands), steps))
    np.multiply(rows[0], np.tile(bare, width), out=rows[1])


def finish_for(skin: Skin, output: str, exposure: float | None) -> Finish:
    """Return what makes a skin's pixels; the engine's own exposure when None."""
    return Finish(output, bare_reflectance(skin), EXPOSURE if exposure is None else exposure)


def _splats_for(scene: Scene, px_per_mm: float, window: PixelWindow, workers: Workers) -> Splats:
    """Scatter the impressions that can change a window of subpixels, in the order of their rows."""
    if scene.scattered is not None:
        ready: Splats = scene.scattered
        return ready
    impressions: Impressions = scene.deposits
    margin = reach_mm(impressions, scene.skin) + REACH_SAMPLES / px_per_mm
    x0, x1 = window.col0 / px_per_mm, (window.col0 + window.width) / px_per_mm
    y0, y1 = window.row0 / px_per_mm, (window.row0 + window.height) / px_per_mm
    near = (impressions.x_mm > x0 - margin) & (impressions.x_mm < x1 + margin)
    near &= (impressions.y_mm > y0 - margin) & (impressions.y_mm < y1 + margin)
    if not near.all():
        impressions = impressions.rows(near)
    return scatter(impressions, scene.skin, px_per_mm, workers, window=window)


@dataclass
class _Scratch:
    """What one thread draws a tile into."""

    halo: cpu.Scratch
    core: cpu.Scratch
    skin: SkinScratch | None
    hair: HairScratch | None

    @classmethod
    def borrow(cls, pool: Pool, uneven: bool, hairy: bool) -> _Scratch:
        halo, core = cpu.Scratch.borrow(pool, 2 * _BANDS), cpu.Scratch.borrow(pool, _BANDS)
        skin = SkinScratch.borrow(pool) if uneven else None
        return cls(halo, core, skin, HairScratch.borrow(pool) if hairy else None)


def draw(
    scene: Scene,
    px_per_mm: float,
    panel: PixelWindow,
    finish: Finish,
    out: NDArray[Any],
    workers: Workers,
    halvings: int | None = None,
) -> None:
    """Draw one panel on the CPU, tile by tile: planes, crowding, complexion, hair, subpixels.

    `halvings` other than the scale's own make a coarser picture, sooner.
    """
    halvings = halvings_for(px_per_mm) if halvings is None else halvings
    fine, scale = subpixels(panel, halvings), math.ldexp(px_per_mm, halvings)
    splats = _splats_for(scene, scale, fine, workers)
    hairs = hair_near(scene, scale, fine)
    uneven = scene.skin.complexion is not None
    empty = not splats.halos.x_px.size and not splats.cores.x_px.size
    if empty and not uneven and hairs is None:
        _draw_bare(panel, finish, out)
        workers.finished(tile_count(fine))
        return
    inside = min(halvings, _TILE_HALVINGS)
    whole = halvings - inside  # a pixel may be larger than a tile
    parts = np.empty((panel.height << whole, panel.width << whole, _BANDS), np.float32)
    with borrow_pool() as pool:
        halos = cpu.GaussianField(splats.halos, fine, workers, pool)
        cores = cpu.DiscField(splats.cores, fine, workers, pool)
        skin, hair = None, None
        if uneven:
            skin = SkinField(scene, finish.bare, scale, fine, workers, pool)
        if hairs is not None:
            hair = HairField(hairs, scene, finish.bare, scale, fine, workers, pool)

        def work(tile: int, scratch: _Scratch) -> None:
            part = halos.levels[0].part(tile)
            halos.draw_tile(tile, scratch.halo)
            cores.draw_tile(tile, scratch.core)
            kept, halo, reached = scratch.core.flat(0), scratch.halo.flat(0), scratch.halo.flat(1)
            first = part.top * GROUP_PITCH + part.left * GROUP
            size = part.height, part.width * GROUP
            relative_reflectance(kept, halo, reached, first, GROUP_PITCH, *size)
            if skin is not None and scratch.skin is not None:
                skin.lay_over(tile, kept, scratch.skin)
            if hair is not None and scratch.hair is not None:
                hair.lay_over(tile, kept, scratch.hair)
            core = scratch.core.group(0)[part.top :, part.left :]
            height, width = part.height >> inside, part.width >> inside
            row0, col0 = part.row0 >> inside, part.col0 >> inside
            reduce_samples(core, part.height, part.width, inside)
            if whole:
                parts[row0 : row0 + height, col0 : col0 + width] = core[:height, :width]
                return
            target = out[row0 : row0 + height, col0 : col0 + width]
            finish(core[:height, :width], target, panel.row0 + row0, panel.col0 + col0)

        def scratch() -> _Scratch:
            return _Scratch.borrow(pool, skin is not None, hair is not None)

        workers.each(tile_count(fine), work, scratch, counts=True)
    if whole:
        finish(halve(parts, whole), out, panel.row0, panel.col0)


def _draw_bare(panel: PixelWindow, finish: Finish, out: NDArray[Any]) -> None:
    """Draw skin that no impression reaches, where R / R0 is 1, by strips that stay in caches."""
    rows = min(_BARE_ROWS, panel.height)
    relative = np.ones((rows, panel.width, _BANDS), np.float32)
    for row in range(0, panel.height, rows):
        strip = out[row : row + rows]
        finish(relative[: len(strip)], strip, panel.row0 + row, panel.col0)


def draw_reference(
    scene: Scene,
    px_per_mm: float,
    panel: PixelWindow,
    finish: Finish,
    out: NDArray[Any],
    workers: Workers,
) -> None:
    """Draw one panel in float64, plainly; the oracle of `draw`."""
    halvings = halvings_for(px_per_mm)
    fine, scale = subpixels(panel, halvings), math.ldexp(px_per_mm, halvings)
    splats = _splats_for(scene, scale, fine, workers)
    halo = reference.draw_gaussians(splats.halos, fine)
    core = reference.draw_discs(splats.cores, fine)
    relative = relative_reflectance_reference(core, halo[..., :_BANDS], halo[..., _BANDS:])
    relative = lay_over_skin_reference(relative, scene, finish.bare, scale, fine)
    relative = lay_over_reference(relative, scene, finish.bare, scale, fine)
    finish(halve(relative, halvings), out, panel.row0, panel.col0)
