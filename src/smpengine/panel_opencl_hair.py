"""The hair of a picture on an OpenCL device: shadows and shafts over R / R0 of the skin."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.optics.shaft import shadows_of, shafts_of
from smpengine.panel_hair import hair_near
from smpengine.raster.opencl import draw_levels, settle, tile_size, too_many_splats
from smpengine.raster.opencl_bins import bin_splats, grids_for, room_for_splats
from smpengine.raster.opencl_engine import Engine
from smpengine.raster.opencl_memory import TooLargeError
from smpengine.raster.opencl_source import TILE, Number
from smpengine.raster.settle import level_count
from smpengine.raster.splats import SHAFT_COLUMNS, SIDES, PixelWindow
from smpengine.scene import BANDS, Scene

_FLOATS: Final = len(SHAFT_COLUMNS) + len(BANDS)
_PITCH: Final = _FLOATS + 4
SUMS: Final = 2 + len(BANDS)
"""Of a sample: T, W and the light of the bands."""
_STAGE: Final = "hair"


def hair_constants(rows: int, strips: int) -> dict[str, Number]:
    """Return what hairs.cl is built with, for tiles that are divided so."""
    return {
        "ROWS": rows, "STRIPS": strips, "SHAFT_FLOATS": _FLOATS, "SHAFT_PITCH": _PITCH,
        "SIDES": SIDES,
    }  # fmt: skip


class HairOnDevice:
    """The hair of a scene at one scale, on a device for as long as a picture is drawn.

    Parameters
    ----------
    engine
        Of the device.
    scene, bare
        Its hair and its skin, and R0 of that in the bands.
    px_per_mm
        Samples per mm.
    """

    def __init__(
        self, engine: Engine, scene: Scene, bare: NDArray[np.float64], px_per_mm: float
    ) -> None:
        assert scene.hair is not None
        self._engine, self._scene, self._scale = engine, scene, px_per_mm
        shafts = shafts_of(scene.hair, scene.skin, px_per_mm)
        self._n = len(shafts.x_px)
        self._shadows = shadows_of(scene.hair, px_per_mm)
        self._columns = self._upload(shafts.x_px, shafts.y_px, shafts.shape)
        shadows = self._shadows
        self._shades = self._upload(
            shadows.x_px, shadows.y_px, shadows.sigma_px, shadows.peak, first=3
        )
        self._inv_bare = np.array([*(1.0 / bare), 0.0], np.float32)

    def _upload(self, *columns: NDArray[Any], first: int = 0) -> tuple[Any, ...]:
        return tuple(
            self._engine.upload(column, f"hair {first + k}") for k, column in enumerate(columns)
        )

    def is_near(self, fine: PixelWindow) -> bool:
        """Say whether any hair can change a window of samples."""
        return hair_near(self._scene, self._scale, fine) is not None

    def lay_over(self, fine: PixelWindow, relative: Any) -> None:
        """Lay the hair over a window of samples: R / R0, float32 (height, width, 3), in place.

        Raises
        ------
        TooLargeError
            There is no room for so large a window.
        """
        engine = self._engine
        shaded = self._shadows.x_px.size > 0
        shadow = self._shadow_over(fine) if shaded else relative
        grids = grids_for(engine, fine, 1)
        grid = grids.levels[0]
        try:
            splats = room_for_splats(engine, self._n, _PITCH)
        except TooLargeError as error:
            if fine.height * fine.width <= TILE * TILE:
                raise too_many_splats(engine, self._n) from error
            raise
        shape = engine.shape_for(SUMS)
        constants = hair_constants(shape.rows, shape.strips)
        engine.run_each(
            _STAGE, engine.kernel("hairs", "settle_shafts", constants), self._n, *self._columns,
            np.uint32(self._n), grids.table, splats.records, splats.spans, splats.counts,
        )  # fmt: skip
        bins = bin_splats(engine, splats, grids)
        engine.run(
            _STAGE, engine.kernel("hairs", "lay_shafts_over", constants),
            *tile_size(grid, shape.rows, shape.strips), bins.starts, bins.order, splats.records,
            shadow, np.int32(shaded), self._inv_bare, relative, grid.used, grid.place,
        )  # fmt: skip

    def _shadow_over(self, fine: PixelWindow) -> Any:
        """Return the absorbance of the shadows over a window of samples."""
        engine, shadows = self._engine, self._shadows
        field = engine.scratch("shadow of hair", 4 * fine.height * fine.width)
        grids = grids_for(engine, fine, level_count(shadows.sigma_px))
        splats = settle(engine, self._shades, shadows, grids, fine)
        draw_levels(engine, splats, bin_splats(engine, splats, grids), grids, 1, field)
        return field
