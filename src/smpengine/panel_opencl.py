"""A picture by the stages of the pipeline on an OpenCL device: impressions go up, pixels come down.

    select -> deposits to splats -> tiles -> levels, discs -> crowding, subpixels, tone

A block of the picture at a time, as `panel.py` draws a panel; kernels/ holds what is computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.optics.scatter import CHANNELS, MIN_SIGMA_PX, discs_of, reach_mm, widest_mm
from smpengine.optics.tables import Table, skin_bands, table_for
from smpengine.panel import Finish
from smpengine.panel_constants import (
    CORE_FLOATS,
    GAUSSIANS,
    HALOS,
    compose_constants,
    deposit_constants,
)
from smpengine.panel_opencl_hair import HairOnDevice
from smpengine.panel_opencl_skin import SkinOnDevice
from smpengine.raster.opencl import Reader, draw_blocks, draw_levels, tile_size, too_many_splats
from smpengine.raster.opencl_bins import (
    Grids,
    Splatted,
    add_up,
    bin_splats,
    grids_for,
    room_for_splats,
)
from smpengine.raster.opencl_engine import Engine
from smpengine.raster.opencl_memory import TooLargeError
from smpengine.raster.opencl_source import TILE
from smpengine.raster.opencl_work import Work, note_discs
from smpengine.raster.place import HEAD
from smpengine.raster.settle import level_count
from smpengine.raster.splats import PixelWindow
from smpengine.scene import BANDS, Scene
from smpengine.window import halvings_for, subpixels
from smpengine.workers import Workers

_PITCH: Final = -(-(HEAD + CHANNELS) // 4) * 4
_MOST_SAMPLES: Final = 4096 * 4096
_BYTES_A_SAMPLE: Final = 96  # planes, levels, pixels, and as much again for pairs and records
_Q40: Final = 2.0**40
_Q48: Final = 2.0**48
_COMPOSING: Final = {"compose": (39.0, 18.0), "finish": (15.0, 9.0), "crowd": (48.0, 9.0),
                     "halve": (60.0, 0.0)}  # fmt: skip
"""Bytes and exponentials a sample (an 8-bit pixel) of compose.cl's kernels, for benchmarks."""


@dataclass(frozen=True)
class Uploaded:
    """A scene whose impressions, and the table of whose skin, are on a device."""

    engine: Engine
    scene: Scene
    x_mm: Any
    y_mm: Any
    columns: tuple[Any, ...]
    granularity: Any
    table: Any
    depths: int
    skin: Any
    reach_mm: float
    widest_mm: float

    @property
    def buffers(self) -> tuple[Any, ...]:
        """All that is on the device."""
        return self.x_mm, self.y_mm, *self.columns, self.granularity, self.table, self.skin

    @property
    def n(self) -> int:
        """Impressions."""
        return len(self.scene.deposits)

    @property
    def splats(self) -> int:
        """Of each impression."""
        return GAUSSIANS + discs_of(self.scene.deposits)


def upload(scene: Scene, engine: Engine) -> Uploaded:
    """Bring a scene to a device; positions as they are, the rest in float32."""
    impressions, skin = scene.deposits, scene.skin
    table = table_for(skin)
    names = ("depth_mm", "radius_mm", "thickness_mm", "mua_per_mm")
    with engine.session():
        uploaded = Uploaded(
            engine,
            scene,
            engine.upload(impressions.x_mm),
            engine.upload(impressions.y_mm),
            tuple(engine.upload(getattr(impressions, name).astype(np.float32)) for name in names),
            engine.upload(impressions.granularity.astype(np.float32)),
            engine.upload(_nodes(table)),
            len(table.z_mm),
            engine.upload(np.vstack([table.decay_per_mm, skin_bands(skin)]).astype(np.float32)),
            reach_mm(impressions, skin),
            widest_mm(impressions, skin),
        )
        engine.memory.lend(uploaded, sum(buffer.size for buffer in uploaded.buffers))
        return uploaded


def _nodes(table: Table) -> NDArray[np.float32]:
    """Return the table as tables.cl reads it, a row a depth."""
    rows = (table.z_mm[:, None], table.sigma_mm, table.weight, table.reach)
    return np.hstack([part.reshape(len(table.z_mm), -1) for part in rows]).astype(np.float32)


def _clamped(value: float) -> int:
    """Return a number rounded down, within what the kernels take for a place: +-2^62."""
    return math.floor(min(max(value, -(2.0**62)), 2.0**62))


def _four(values: Any) -> NDArray[np.float32]:
    return np.array([*values, 0.0], np.float32)


def draw(
    uploaded: Uploaded, px_per_mm: float, window: PixelWindow, finish: Finish, out: NDArray[Any],
    workers: Workers,
) -> None:  # fmt: skip
    """Draw a window of a scene into ``out``, (height, width, 3), overwriting it.

    Raises
    ------
    DeviceError
        The device failed, or has no room even for a small part of the window.
    """
    with uploaded.engine.session():
        workers.total = window.height * window.width
        _Picture(uploaded, px_per_mm, window, finish, out, workers).draw()


class _Picture:
    """What the blocks of one picture share."""

    def __init__(
        self, uploaded: Uploaded, px_per_mm: float, window: PixelWindow, finish: Finish,
        out: NDArray[Any], workers: Workers,
    ) -> None:  # fmt: skip
        self.uploaded, self.engine = uploaded, uploaded.engine
        self.window, self.out, self.output = window, out, finish.output
        self.halvings = halvings_for(px_per_mm)
        self.scale = math.ldexp(px_per_mm, self.halvings)
        engine = self.engine
        room = min(engine.max_alloc_bytes // 32, engine.memory_bytes // _BYTES_A_SAMPLE)
        self.limit = min(max(room, TILE * TILE), _MOST_SAMPLES)
        # A pixel may be larger than what is drawn at once: then it is drawn in parts.
        self.inside = min(self.halvings, (self.limit.bit_length() - 1) // 2)
        if self.output == "linear":
            self.weights = tuple(_four((value, 0.0, 0.0)) for value in finish.bare)
        else:
            matrix = finish.exposure * np.array(BAND_TO_LINEAR_SRGB) * finish.bare
            self.weights = tuple(_four(row) for row in matrix)
        self.reader = Reader(engine, workers)
        scene = uploaded.scene
        self.over: list[SkinOnDevice | HairOnDevice] = []
        if scene.skin.complexion is not None:
            fine = subpixels(window, self.halvings)
            self.over.append(SkinOnDevice(engine, scene, finish.bare, self.scale, fine))
        if scene.hair is not None and len(scene.hair):
            self.over.append(HairOnDevice(engine, scene, finish.bare, self.scale))

    def draw(self) -> None:
        """Draw it, a block at a time."""
        pixels = max(self.limit >> (2 * self.halvings), 1)
        size = self.window.height * self.window.width
        self.reader.wait_each = size <= pixels
        draw_blocks(self.window, pixels, self._block, TILE * TILE >> (2 * self.halvings))
        self.reader.finish()

    def _block(self, block: PixelWindow) -> None:
        """Draw a block of pixels and send it home."""
        self.engine.memory.begin_block()
        row, col = block.row0 - self.window.row0, block.col0 - self.window.col0
        target = self.out[row : row + block.height, col : col + block.width]
        pixels = self.engine.scratch(self.reader.name, target.size * target.itemsize)
        size = np.uint32(block.width), np.uint32(block.height)
        place = np.int32(block.row0), np.int32(block.col0)
        fine = subpixels(block, self.halvings)
        near = self._near(fine)
        plain = not any(each.is_near(fine) for each in self.over)
        if near[1] == 0 and plain:  # bare skin, where R / R0 is 1
            relative = self._ones("pixels", block)
            last = self._compose("finish", block, relative, *size, *place, *self.weights, pixels)
        elif self.halvings == 0 and plain:
            halos, kept = self._planes(block, near)
            last = self._compose(
                "compose", block, halos, kept, *size, *place, *self.weights, pixels
            )
        else:
            relative = self._relative(block, near)
            last = self._compose("finish", block, relative, *size, *place, *self.weights, pixels)
        self.reader.take(pixels, target, last)

    def _relative(self, block: PixelWindow, near: tuple[Any, int]) -> Any:
        """Return R / R0 of a block's pixels: parts of pixels first, where those are large."""
        whole = self.halvings - self.inside
        if self.halvings == 0:
            return self._samples(block, near)
        parts = subpixels(block, whole)
        relative = self.engine.scratch("relative", 12 * parts.height * parts.width)

        def draw_part(part: PixelWindow) -> None:
            fine = subpixels(part, self.inside)
            kept = self._samples(fine, near if whole == 0 else self._near(fine))
            row0, col0 = part.row0 - parts.row0, part.col0 - parts.col0
            self._halve(kept, fine, self.inside, relative, row0, col0, parts.width)

        if whole == 0:
            draw_part(parts)
            return relative
        for row in range(parts.height):
            for col in range(parts.width):
                draw_part(PixelWindow(parts.row0 + row, parts.col0 + col, 1, 1))
        pixels = self.engine.scratch("pixels", 12 * block.height * block.width)
        self._halve(relative, parts, whole, pixels, 0, 0, block.width)
        return pixels

    def _ones(self, name: str, window: PixelWindow) -> Any:
        """Return R / R0 of bare skin."""
        samples = window.height * window.width
        relative = self.engine.scratch(name, 12 * samples)
        self.engine.fill(relative, 12 * samples, np.float32(1.0))
        return relative

    def _samples(self, fine: PixelWindow, near: tuple[Any, int]) -> Any:
        """Return R / R0 of a window of samples, with all that lies over it."""
        if near[1] == 0:
            kept = self._ones("kept", fine)
        else:
            halos, kept = self._planes(fine, near)
            self._compose("crowd", None, halos, kept, np.uint32(fine.height * fine.width))
        for each in self.over:
            if each.is_near(fine):
                each.lay_over(fine, kept)
        return kept

    def _halve(
        self, source: Any, size: PixelWindow, times: int, target: Any, row0: int, col0: int,
        pitch: int,
    ) -> None:  # fmt: skip
        """Average 2 x 2 samples so many times, the last time into a place of `target`."""
        height, width = size.height, size.width
        for k in range(times):
            height, width = height // 2, width // 2
            place = (np.uint32(0), np.uint32(0), np.uint32(width))
            to = (
                self.engine.scratch(f"half{k % 2}", 12 * height * width)
                if k < times - 1
                else target
            )
            if k == times - 1:
                place = (np.uint32(row0), np.uint32(col0), np.uint32(pitch))
            block = PixelWindow(0, 0, height, width)
            self._compose("halve", block, source, np.uint32(width), np.uint32(height), to, *place)
            source = to

    def _compose(self, name: str, block: PixelWindow | None, *args: Any) -> Any:
        """Run a kernel of compose.cl over the pixels of a block, or over samples in a row."""
        kernel = self.engine.kernel("compose", name, compose_constants(self.output))
        size = int(args[-1]) if block is None else block.height * block.width
        moved, exps = _COMPOSING[name]
        self.engine.note("composing", Work(moved * size, 40.0 * size, exps * size))
        if block is None:
            return self.engine.run_each("composing", kernel, size, *args)
        items = -(-block.width // 32) * 32, -(-block.height // 4) * 4
        return self.engine.run("composing", kernel, items, (32, 4 if self._wide else 2), *args)

    @property
    def _wide(self) -> bool:
        return self.engine.max_work_group >= 128

    def _planes(self, fine: PixelWindow, near: tuple[Any, int]) -> tuple[Any, Any]:
        """Return the planes H, Q and exp(-C) of a window of samples."""
        engine, size = self.engine, fine.height * fine.width
        halos = engine.scratch("halos", 4 * CHANNELS * size)
        kept = engine.scratch("kept", 12 * size)
        bound = max(self.uploaded.widest_mm * self.scale, MIN_SIGMA_PX) * 1.0001
        grids = grids_for(engine, fine, level_count(np.array([bound], np.float32)))
        splats = self._splats(fine, grids, *near)
        bins = bin_splats(engine, splats, grids)
        draw_levels(engine, splats, bins, grids, CHANNELS, halos)
        shape = engine.shape_for(len(BANDS))
        extra = {"ROWS": shape.rows, "STRIPS": shape.strips}
        note_discs(engine, splats, bins, grids, shape)
        engine.run(
            "discs", engine.kernel("discs", "draw_discs", extra),
            *tile_size(grids.discs, shape.rows, shape.strips), bins.starts, bins.order,
            splats.records, np.uint32(splats.pitch), kept, grids.discs.used, grids.discs.place,
        )  # fmt: skip
        return halos, kept

    def _splats(self, fine: PixelWindow, grids: Grids, near: Any, count: int) -> Splatted:
        """Scatter the impressions that can change a window of samples."""
        engine, up = self.engine, self.uploaded
        try:
            splats = room_for_splats(engine, count * up.splats, _PITCH)
        except TooLargeError as error:
            if fine.height * fine.width <= TILE * TILE:
                raise too_many_splats(engine, count * up.splats) from error
            raise
        scattering = up.scene.skin.similarity
        halos = engine.scratch("shapes of halos", 16 * GAUSSIANS * count)
        cores = engine.scratch("shapes of cores", 4 * CORE_FLOATS * count)
        sums = engine.scratch("sums of halos", 24 * HALOS * count)
        those = near, np.uint32(count)
        alone = *those, *up.columns[:3], np.float32(scattering), cores
        describe = (
            *those, *up.columns, up.table, np.int32(up.depths), up.skin, np.float32(scattering),
            halos, cores, sums,
        )  # fmt: skip
        place = (
            *those, up.x_mm, up.y_mm, np.int64(round(self.scale * _Q48)),
            np.float32(self.scale / scattering), np.uint32(_PITCH), np.uint32(up.splats),
            grids.thresholds, grids.table, np.int32(grids.count), halos, cores,
            splats.records, splats.spans, splats.counts,
        )  # fmt: skip
        floats = 4 * GAUSSIANS + 3 * CORE_FLOATS + 12 * HALOS
        scattered = Work(
            count * (44.0 + 4.0 * floats + up.splats * (28.0 + 4.0 * _PITCH)),
            count * (len(BANDS) * (HALOS * 130.0 + 100.0) + up.splats * 70.0),
            count * (4.0 + len(BANDS) * (HALOS * 16.0 + 22.0) + up.splats * 5.0),
        )
        engine.note("optics", scattered)
        constants = deposit_constants()
        for name, items, arguments in (
            ("describe_dots", count, alone),
            ("describe_halos", count * HALOS * len(BANDS), describe),
            ("describe_cores", count * len(BANDS), describe),
            ("settle_halos", count * GAUSSIANS, place),
            ("settle_cores", count * (up.splats - GAUSSIANS), (*place, up.granularity)),
        ):
            kernel = engine.kernel("deposits", name, constants)
            engine.run_each("optics", kernel, items, *arguments)
        return splats

    def _near(self, fine: PixelWindow) -> tuple[Any, int]:
        """Return the rows of the impressions near a window of samples, and how many they are."""
        engine, up = self.engine, self.uploaded
        margin = up.reach_mm + 16.0 / self.scale
        edges = (
            fine.col0 / self.scale - margin,
            fine.row0 / self.scale - margin,
            (fine.col0 + fine.width) / self.scale + margin,
            (fine.row0 + fine.height) / self.scale + margin,
        )
        box = np.array([_clamped(edge * _Q40) for edge in edges], np.int64)
        flags, status = engine.scratch("flags", 4 * up.n), engine.scratch("status", 8)
        engine.fill_zero(status, 8)
        where = up.x_mm, up.y_mm, np.uint32(up.n), box
        engine.run_each("select", engine.kernel("select", "flag_near"), up.n, *where, flags)
        add_up(engine, flags, up.n, status)
        count = int(engine.fetch(status, np.empty(1, np.uint32))[0])
        near = engine.scratch("near", 4 * count)
        engine.note("select", Work(36.0 * up.n + 8.0 * count))
        engine.run_each("select", engine.kernel("select", "list_near"), up.n, *where, flags, near)
        return near, count
