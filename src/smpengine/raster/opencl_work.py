"""What the stages of the pipeline move and compute, counted where they are enqueued.

For benchmarks, and for the model of devices that are not at hand; off unless asked for. Bytes are
of device memory, each counted once where neighbours share it through a cache. Multiply-adds stand
for every float32 instruction that takes as long; so do exponentials for logarithms, roots and
divisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.raster.opencl_source import TILE, Shape, channel_groups
from smpengine.raster.place import DISC_HEAD
from smpengine.raster.profile import DISC_TAPER_END
from smpengine.raster.settle import EXTENT_BITS

if TYPE_CHECKING:
    from smpengine.raster.opencl_bins import DeviceBins, Grids, Splatted, TileGrid
    from smpengine.raster.opencl_engine import Engine

PROFILE_FMAS: Final = 12  # profile.cl on the finest level
HERMITE_FMAS: Final = 6  # and more on others
DISC_FMAS: Final = 16  # discs.cl, a sample; and an exponential and a division


@dataclass
class Work:
    """What a stage did.

    Attributes
    ----------
    moved_bytes
        Of device memory, read and written.
    fmas, exps
        Float32 multiply-adds, and exponentials.
    local_loads
        Loads from local memory, of every work-item: 4 to 16 bytes each.
    """

    moved_bytes: float = 0.0
    fmas: float = 0.0
    exps: float = 0.0
    local_loads: float = 0.0

    def add(self, more: Work) -> None:
        """Count more."""
        self.moved_bytes += more.moved_bytes
        self.fmas += more.fmas
        self.exps += more.exps
        self.local_loads += more.local_loads


def note_levels(
    engine: Engine, splats: Splatted, bins: DeviceBins, grids: Grids, channels: int
) -> None:
    """Count what drawing all levels takes: of every pair of tile and splat, the strips reached."""
    if engine.work is None:
        return
    pairs = _Pairs(engine, splats, bins, grids)
    mask = (1 << EXTENT_BITS) - 1
    for number, grid in enumerate(grids.levels):
        rows, tile = pairs.of(grid)
        place = rows[:, 0].view(np.int32)
        packed = rows[:, 2].view(np.int32)
        first, last = place - ((packed >> EXTENT_BITS) & mask), place + (packed & mask)
        stage = "drawing" if number == 0 else "coarse levels"
        samples = grid.level.height * grid.level.width
        for _, some in channel_groups(channels, engine.lean):
            shape = engine.shape_for(some)
            strips = float(_strips(first, last, pairs.top(grid, tile), shape).sum())
            groups = TILE // shape.group_rows
            profiles = TILE + shape.group_rows
            each = PROFILE_FMAS + (HERMITE_FMAS if number else 0)
            drawn = Work(
                moved_bytes=len(rows) * groups * (4.0 + 4.0 * splats.pitch) + 4.0 * some * samples,
                fmas=strips * TILE * some * (shape.rows + 1) + len(rows) * groups * profiles * each,
                local_loads=strips * TILE * (2 + some + -(-shape.rows // 4))
                + len(rows) * groups * profiles * 3,
            )
            engine.note(stage, drawn)
            if number + 1 < len(grids.levels):
                coarser = grids.levels[number + 1].level
                steps = (shape.rows / 2 + 5) * (6 + shape.rows) / shape.rows
                read = 4.0 * some * coarser.height * coarser.width
                engine.note(stage, Work(read, steps * some * samples))


def note_discs(
    engine: Engine, splats: Splatted, bins: DeviceBins, grids: Grids, shape: Shape
) -> None:
    """Count what drawing discs takes."""
    if engine.work is None:
        return
    pairs = _Pairs(engine, splats, bins, grids)
    rows, tile = pairs.of(grids.discs)
    spread, edge = rows[:, 4].astype(np.float64), rows[:, 5]
    reach = np.sqrt((DISC_TAPER_END + np.maximum(edge, 0.0)) / spread) + 1.0
    centre = rows[:, 0].view(np.int32) + rows[:, 2]
    first, last = np.ceil(centre - reach), np.floor(centre + reach)
    strips = float(_strips(first, last, pairs.top(grids.discs, tile), shape).sum())
    level = grids.discs.level
    groups = TILE // shape.group_rows
    drawn = Work(
        moved_bytes=len(rows) * groups * 4.0 * (1 + DISC_HEAD + 3)
        + 12.0 * level.height * level.width,
        fmas=strips * TILE * shape.rows * DISC_FMAS,
        exps=strips * TILE * shape.rows * 2.0,
    )
    engine.note("discs", drawn)


def _strips(first: Any, last: Any, top: NDArray[np.int64], shape: Shape) -> NDArray[np.float64]:
    """Return how many strips of its tile each splat reaches, by its first and last row."""
    low = np.clip(np.floor((first - top) / shape.rows), 0, TILE // shape.rows)
    high = np.clip(np.floor((last - top) / shape.rows), -1, TILE // shape.rows - 1)
    return np.asarray(np.maximum(high - low + 1, 0))


class _Pairs:
    """The pairs of a window, brought to the host."""

    def __init__(self, engine: Engine, splats: Splatted, bins: DeviceBins, grids: Grids) -> None:
        self._starts = engine.fetch(bins.starts, np.empty(grids.tiles + 1, np.uint32))
        total = int(self._starts[-1])
        self._order = engine.fetch(bins.order, np.empty(max(total, 1), np.uint32))[:total]
        records = np.empty((max(splats.n, 1), splats.pitch), np.float32)
        self._records = engine.fetch(splats.records, records)

    def of(self, grid: TileGrid) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the records of a level's pairs, and each one's tile, counted from its first."""
        across, down = grid.tiles
        starts = self._starts[grid.tile0 : grid.tile0 + across * down + 1].astype(np.int64)
        tile = np.repeat(np.arange(across * down), np.diff(starts))
        return self._records[self._order[starts[0] : starts[-1]]], tile

    def top(self, grid: TileGrid, tile: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first row of each tile, absolute."""
        return np.asarray((grid.first[0] + tile // grid.tiles[1]) * TILE)
