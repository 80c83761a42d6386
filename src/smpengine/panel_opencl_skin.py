"""The complexion of a picture on an OpenCL device: maps as Gaussians; relief by sample."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.panel_skin import lattices_of, terms_for
from smpengine.raster.opencl import draw_levels, settle
from smpengine.raster.opencl_bins import bin_splats, grids_for
from smpengine.raster.opencl_engine import Engine
from smpengine.raster.opencl_source import Number
from smpengine.raster.settle import level_count
from smpengine.raster.splats import PixelWindow
from smpengine.scene import BANDS, Scene
from smpengine.texture import relief, shading
from smpengine.texture.maps import maps_of
from smpengine.texture.relief import Lattice, places

_STAGE: Final = "skin"


def skin_constants() -> dict[str, Number]:
    """Return what skin.cl is built with."""
    return {
        "POINT": relief.POINT,
        "POWER": float(relief.POWER),
        "REACH": relief.REACH,
        "TINY": relief.TINY,
        "FURROW": relief.FURROW,
        "WARP": relief.WARP,
        "STEEPEST": relief.STEEPEST,
        "LEAST": shading.LEAST,
        "MIRROR_HOLLOW": shading.MIRROR_HOLLOW,
    }


class SkinOnDevice:
    """The complexion of a scene in one picture, on a device for as long as it is drawn.

    Parameters
    ----------
    engine
        Of the device.
    scene, bare
        Its skin has a complexion; R0 of that in the bands.
    px_per_mm
        Samples per mm.
    window
        All samples of the picture.
    """

    def __init__(
        self, engine: Engine, scene: Scene, bare: NDArray[np.float64], px_per_mm: float,
        window: PixelWindow,
    ) -> None:  # fmt: skip
        self._engine, self._scene, self._scale = engine, scene, px_per_mm
        maps = self._maps = maps_of(scene, px_per_mm, window)
        columns: tuple[NDArray[Any], ...] = (maps.x_px, maps.y_px, maps.sigma_px, maps.peak)
        self._columns = tuple(
            engine.upload(column, f"skin {k}") for k, column in enumerate(columns)
        )
        terms = terms_for(scene, bare)
        every = np.concatenate([terms.layers.ravel(), terms.slopes, terms.bands.ravel()])
        self._terms = engine.upload(every, "skin terms")

    def is_near(self, fine: PixelWindow) -> bool:
        """Say whether it can change a window of samples: skin is everywhere."""
        return fine.height > 0 and fine.width > 0

    def lay_over(self, fine: PixelWindow, relative: Any) -> None:
        """Lay it over a window of samples: R / R0, float32 (height, width, 3), in place.

        Raises
        ------
        TooLargeError
            There is no room for so large a window.
        """
        engine = self._engine
        field = engine.scratch("maps of skin", 4 * len(BANDS) * fine.height * fine.width)
        grids = grids_for(engine, fine, level_count(self._maps.sigma_px))
        splats = settle(engine, self._columns, self._maps, grids, fine)
        draw_levels(engine, splats, bin_splats(engine, splats, grids), grids, len(BANDS), field)
        network, grain = lattices_of(self._scene, self._scale, fine)
        cells, at = _samples(network, grain, self._scale, fine)
        rows = 4 if engine.max_work_group >= 128 else 2
        engine.run(
            _STAGE, engine.kernel("skin", "lay_skin_over", skin_constants()),
            (-(-fine.width // 32) * 32, -(-fine.height // rows) * rows), (32, rows), field,
            engine.upload(network.points, "network"), np.int32(network.points.shape[1]),
            engine.upload(grain.points, "grain"), np.int32(grain.points.shape[1]),
            engine.upload(cells, "cells of skin"), engine.upload(at, "places in cells"),
            self._terms, np.uint32(fine.width), np.uint32(fine.height), relative,
        )  # fmt: skip


def _samples(
    network: Lattice, grain: Lattice, px_per_mm: float, fine: PixelWindow
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the cells that columns, then rows lie in, and where in them; see skin.cl."""
    cells, at = [], []
    for down, first, count in ((False, fine.col0, fine.width), (True, fine.row0, fine.height)):
        for lattice in (network, grain):
            found = places(lattice.layer, px_per_mm, first, count, down)
            cell = np.floor(found)
            cells.append(cell - (lattice.row0 if down else lattice.col0))
            at.append(found - cell)
    return np.concatenate(cells).astype(np.int32), np.concatenate(at).astype(np.float32)
