"""Splats to planes on an OpenCL device: settle, bin, draw level after level, read back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import DeviceError
from smpengine.raster.opencl_bins import (
    DeviceBins,
    Grids,
    Splatted,
    TileGrid,
    bin_splats,
    grids_for,
    room_for_splats,
)
from smpengine.raster.opencl_engine import Engine
from smpengine.raster.opencl_memory import TooLargeError
from smpengine.raster.opencl_source import TILE, channel_groups
from smpengine.raster.opencl_work import Work, note_levels
from smpengine.raster.place import HEAD, sharpening
from smpengine.raster.settle import level_count
from smpengine.raster.splats import Gaussians, PixelWindow
from smpengine.workers import Workers

_NONE: Final = np.zeros(4, np.int32)
MOST_FLOATS: Final = 2**31
"""Of a field: kernels index it by 32 bits."""
_WORTH_PINNING: Final = 8 << 20
"""Bytes from which reading a GPU through pinned memory, and copying, is quicker than at once."""
_SLAB_BYTES: Final = 4 << 20


def rasterise(
    gaussians: Gaussians, window: PixelWindow, out: NDArray[np.float32], engine: Engine,
    workers: Workers,
) -> None:  # fmt: skip
    """Draw Gaussians into ``out``, float32 (height, width, channels), overwriting it.

    Splats go up once. A picture that is too large for the device is drawn in blocks, each read
    back while the next one is drawn; a block is the crop of the whole, so they fit bit for bit.

    Raises
    ------
    place.NotDrawableError
        A value is not finite, or a sigma not over 0.
    DeviceError
        The device failed, or is too small for the splats.
    """
    channels = gaussians.peak.shape[1]
    count = level_count(gaussians.sigma_px)
    with engine.session():
        columns = tuple(
            engine.upload(column, name)
            for name, column in (
                ("x", gaussians.x_px), ("y", gaussians.y_px), ("sigma", gaussians.sigma_px),
                ("peak", gaussians.peak),
            )
        )  # fmt: skip
        reader = Reader(engine, workers)
        workers.total = window.height * window.width

        def draw(block: PixelWindow) -> None:
            engine.memory.begin_block()
            row, col = block.row0 - window.row0, block.col0 - window.col0
            target = out[row : row + block.height, col : col + block.width]
            field = engine.scratch(reader.name, target.size * 4)
            grids = grids_for(engine, block, count)
            splats = settle(engine, columns, gaussians, grids, block)
            bins = bin_splats(engine, splats, grids)
            last = draw_levels(engine, splats, bins, grids, channels, field)
            reader.take(field, target, last)

        limit = min(engine.max_alloc_bytes // 4, MOST_FLOATS) // channels
        whole = window.height * window.width <= limit // 2
        reader.wait_each = whole
        draw_blocks(window, limit if whole else limit // 4, draw)
        reader.finish()


def settle(
    engine: Engine, columns: Any, gaussians: Gaussians, grids: Grids, block: PixelWindow
) -> Splatted:
    """Place Gaussians, whose columns are on the device, in a block's levels."""
    n, channels = gaussians.peak.shape
    pitch = -(-(HEAD + channels) // 4) * 4
    try:
        splats = room_for_splats(engine, n, pitch)
    except TooLargeError as error:
        if block.height * block.width <= TILE * TILE:
            raise too_many_splats(engine, n) from error
        raise
    engine.run_each(
        "placing", engine.kernel("settle", "settle_gaussians"), n, *columns, np.uint32(n),
        np.int32(channels), np.uint32(pitch), grids.thresholds, grids.table, np.int32(grids.count),
        splats.records, splats.spans, splats.counts, splats.status,
    )  # fmt: skip
    engine.note("placing", Work(n * (32.0 + 4.0 * (channels + pitch)), n * 60.0, n * 4.0))
    return splats


def too_many_splats(engine: Engine, n: int) -> DeviceError:
    """Return the error for splats that do not fit, whatever the window."""
    return DeviceError(
        f"{engine.found.name} ({engine.found.label}) cannot hold {n:,} splats with "
        f"{engine.memory_bytes / 1e9:.1f} GB. Draw fewer at a time, or use device='cpu'."
    )


def draw_levels(
    engine: Engine, splats: Splatted, bins: DeviceBins, grids: Grids, channels: int, field: Any
) -> Any:
    """Draw all levels, the finest into ``field``; returns the last kernel's event.

    Raises
    ------
    TooLargeError
        A coarser level is more than the device gives, or than kernels can number.
    """
    note_levels(engine, splats, bins, grids, channels)
    coarse, coarse_used, event = splats.status, _NONE, None
    for number in range(grids.count - 1, -1, -1):
        grid = grids.levels[number]
        if number > 0:
            floats = channels * grid.level.height * grid.level.width
            if floats > MOST_FLOATS:
                raise TooLargeError
            target = engine.scratch(f"level{number % 2}", 4 * floats)
        else:
            target = field
        stage = "drawing" if number == 0 else "coarse levels"
        terms = sharpening(number)
        for channel0, some in channel_groups(channels, engine.lean):
            shape = engine.shape_for(some)
            extra = {"CHANNELS": some, "ROWS": shape.rows, "STRIPS": shape.strips}
            event = engine.run(
                stage, engine.kernel("gaussians", "draw_gaussians", extra),
                *tile_size(grid, shape.rows, shape.strips), bins.starts, bins.order, splats.records,
                np.uint32(splats.pitch), coarse, coarse_used, target, grid.used, grid.place,
                np.int32(channels), np.int32(channel0), *np.array(terms, np.float32),
            )  # fmt: skip
        coarse, coarse_used = target, grid.used
    return event


def tile_size(grid: TileGrid, rows: int, strips: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the work-items of a kernel that draws a level's tiles, and those of a group."""
    tile_rows, tile_cols = grid.tiles
    return (tile_cols * TILE, tile_rows * (TILE // rows)), (TILE, strips)


def draw_blocks(window: PixelWindow, limit: int, draw: Any, least: int = TILE * TILE) -> None:
    """Draw a window in blocks of at most `limit` pixels, halving those that are still too large.

    Raises
    ------
    DeviceError
        A block of `least` pixels is too large.
    """
    for block in _blocks(window, limit):
        _draw_or_halve(block, draw, max(least, 1))


def _draw_or_halve(block: PixelWindow, draw: Any, least: int) -> None:
    try:
        draw(block)
    except TooLargeError as error:
        if block.height * block.width <= least:
            raise DeviceError(
                "The device has no room even for a small part of this picture. Use device='cpu'."
            ) from error
        for half in _halves(block):
            _draw_or_halve(half, draw, least)


def _halves(block: PixelWindow) -> tuple[PixelWindow, PixelWindow]:
    row0, col0, height, width = block.row0, block.col0, block.height, block.width
    if height >= width:
        half = height // 2
        return (
            PixelWindow(row0, col0, half, width),
            PixelWindow(row0 + half, col0, height - half, width),
        )
    half = width // 2
    return (
        PixelWindow(row0, col0, height, half),
        PixelWindow(row0, col0 + half, height, width - half),
    )


def _blocks(window: PixelWindow, limit: int) -> Iterator[PixelWindow]:
    """Divide a window into bands of whole rows, or into squares where rows are too long."""
    width = window.width
    if width * TILE > limit:
        width = min(width, math.isqrt(limit))
    height = max(limit // width, 1)
    for row in range(0, window.height, height):
        for col in range(0, window.width, width):
            yield PixelWindow(
                window.row0 + row,
                window.col0 + col,
                min(height, window.height - row),
                min(width, window.width - col),
            )


class Reader:
    """Brings blocks to the host: at once, or from pinned memory while the next one is drawn.

    Each that has come is told to the workers, whose cancel callback may stop the rest.
    """

    def __init__(self, engine: Engine, workers: Workers) -> None:
        self._engine, self._workers = engine, workers
        self._turn = 0
        self._is_apart = engine.found.is_gpu
        self._pending: tuple[Any, NDArray[np.uint8], NDArray[Any]] | None = None
        self.wait_each = True

    @property
    def name(self) -> str:
        """The scratch to draw the next block into; not the one that is being read."""
        return f"picture{self._turn}"

    def take(self, buffer: Any, target: NDArray[Any], after: Any) -> None:
        """Read a block, once an event is over, into a part of the picture."""
        small = not self._is_apart or target.nbytes < _WORTH_PINNING
        if self.wait_each and small and target.flags.c_contiguous:
            self._engine.read_now(buffer, target)
            self._told(target)
            return
        room = self._engine.memory.pinned(f"block{self._turn}", target.nbytes)
        event = self._engine.read_later(buffer, room, after)
        self.finish()
        self._pending = event, room, target
        if self.wait_each:
            self.finish()
        else:
            self._turn = 1 - self._turn

    def finish(self) -> None:
        """Wait for what is on its way."""
        if self._pending is not None:
            event, room, target = self._pending
            event.wait()
            self._pending = None
            _copy(room.view(target.dtype).reshape(target.shape), target, self._workers)
            self._told(target)

    def _told(self, target: NDArray[Any]) -> None:
        self._workers.finished(target.shape[0] * target.shape[1])


def _copy(source: NDArray[Any], target: NDArray[Any], workers: Workers) -> None:
    """Copy rows on all threads: one alone takes ten times as long as the transfer did."""
    rows = max(1, _SLAB_BYTES // max(target.nbytes // len(target), 1))

    def slab(number: int, _: None) -> None:
        part = np.s_[number * rows : (number + 1) * rows]
        target[part] = source[part]

    workers.each(-(-len(target) // rows), slab, lambda: None)
