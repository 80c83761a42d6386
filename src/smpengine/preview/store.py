"""What impressions are drawn as at one scale in one skin, each worked out once.

Splats lie in slots that are written once and never changed, so a slot's number says all that is
drawn of an impression. Versions of a scene share a store: an edit costs the slots of what it
changed. Halos reach a centimetre, so most impressions belong to many blocks.
"""

from __future__ import annotations

import itertools
import math
import pickle
import threading
from collections import OrderedDict
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import DTypeLike, NDArray

from smpengine.impressions import Impressions
from smpengine.optics.deposit import GAUSSIANS
from smpengine.optics.granules import GRANULES
from smpengine.optics.scatter import REACH_SAMPLES, REACH_SIGMAS, Splats, discs_of, scatter
from smpengine.preview.room import Room, fresh
from smpengine.raster.profile import DISC_TAPER_END
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.scene import Skin
from smpengine.workers import Workers

NO_SLOT: Final = -1
_SPARE: Final = 65_536
_RESERVED: Final = 2**20
"""Slots that a store has room for from the start, at most: what is not written is no memory yet,
and to make room later is to copy all of them while somebody waits."""
_MOST_STORES: Final = 4
_MOST_BYTES: Final = 2**29
Slots = NDArray[np.int32]
Corner = tuple[int, int]
Spans = NDArray[np.int32]
"""Of each slot the first row of blocks and one past the last, and columns likewise, (n, 4)."""
Lists = tuple[NDArray[np.int64], Slots]
"""Where the slots of each block start, row by row, and the slots."""


class Columns:
    """Arrays with room for so many slots: places, how far discs and all else reach, and both."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.x_px, self.y_px, self.disc_px, self.reach_px = (
            _column(np.float64, size) for _ in range(4)
        )
        self.sigma_px = _column(np.float32, size, GAUSSIANS)
        self.peak = _column(np.float32, size, GAUSSIANS, 6)
        self.disc_x, self.disc_y = (_column(np.float64, size, GRANULES) for _ in range(2))
        self.inv_spread, self.edge = (_column(np.float32, size, GRANULES) for _ in range(2))
        self.cap = _column(np.float32, size, GRANULES, 3)

    @property
    def slot_bytes(self) -> int:
        """How much a slot takes."""
        arrays = (each for each in vars(self).values() if isinstance(each, np.ndarray))
        return sum(each.nbytes for each in arrays) // max(self.size, 1)

    def grown(self, size: int, used: int) -> Columns:
        """Return copies with more room."""
        more = Columns(size)
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray):
                getattr(more, name)[:used] = values[:used]
        return more


def _column(dtype: DTypeLike, *shape: int) -> NDArray[Any]:
    """Return an array of any contents, of which only what is written is memory."""
    return fresh(math.prod(shape) * np.dtype(dtype).itemsize).view(dtype).reshape(shape)


class Store:
    """Splats by slots.

    Parameters
    ----------
    skin, px_per_mm
        What they are of: a skin, and the scale of the finest samples.
    number
        No other store has it.
    count
        How many impressions a scene has, or the largest that shares it.
    room
        For what is given out.
    """

    def __init__(
        self, skin: Skin, px_per_mm: float, number: int, count: int, room: Room
    ) -> None:  # fmt: skip
        self._room = room
        self.skin, self.px_per_mm, self.number = skin, px_per_mm, number
        self.count = count
        self._columns = Columns(min(_crowd(count) + count, _RESERVED))
        self.used = 0
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """How much is written; room for more is no memory yet."""
        return self.used * self._columns.slot_bytes

    def fill(
        self, slots: Slots, rows: NDArray[np.intp], deposits: Impressions, workers: Workers
    ) -> None:
        """Give those rows a slot that have none, in place of `slots`."""
        with self._lock:
            todo = rows[slots[rows] == NO_SLOT]
            if not len(todo):
                return
            wanted = deposits.rows(todo)
            splats = scatter(wanted, self.skin, self.px_per_mm, workers)
            first, last = self.used, self.used + len(todo)
            if last > self._columns.size:
                self._columns = self._columns.grown(max(2 * self._columns.size, last), self.used)
            self._write(wanted, splats, slice(first, last))
            self.used = last
            slots[todo] = np.arange(first, last, dtype=np.int32)

    def _write(self, wanted: Impressions, splats: Splats, there: slice) -> None:
        columns, halos, cores = self._columns, splats.halos, splats.cores
        columns.x_px[there] = wanted.x_mm * self.px_per_mm
        columns.y_px[there] = wanted.y_mm * self.px_per_mm
        columns.sigma_px[there] = halos.sigma_px.reshape(-1, GAUSSIANS)
        columns.peak[there] = halos.peak.reshape(-1, GAUSSIANS, 6)
        each = discs_of(wanted)
        columns.cap[there] = 0.0
        for name, values in (
            ("disc_x", cores.x_px), ("disc_y", cores.y_px), ("edge", cores.edge),
            ("inv_spread", cores.inv_spread_per_px2), ("cap", cores.cap),
        ):  # fmt: skip
            column = getattr(columns, name)
            column[there, :each] = values.reshape(len(wanted), each, *values.shape[1:])
        columns.disc_px[there] = _disc_reach(wanted, cores, each, self.px_per_mm)
        columns.reach_px[there] = _reach(
            columns.sigma_px[there], columns.peak[there], columns.disc_px[there]
        )

    def spans(self, slots: Slots, side: int, across: int, down: int, corner: Corner) -> Spans:
        """Return which of some blocks each slot is something in.

        Parameters
        ----------
        slots
            Of which.
        side, across, down, corner
            Of a block in samples, how many there are, and column and row of the first.
        """
        columns = self._columns
        shape = float(side), across, down, float(corner[0]), float(corner[1])
        spans = np.empty((len(slots), 4), np.int32)
        _span(slots, columns.x_px, columns.y_px, columns.reach_px, *shape, spans)
        return spans

    def splats(self, slots: Slots, window: PixelWindow) -> Splats:
        """Return what of some slots reaches a window of samples, in their order."""
        columns, edges = self._columns, _edges(window)
        array, most = self._room.array, len(slots) * GAUSSIANS
        halos = array((most,), np.float64), array((most,), np.float64)
        sigma, peak = array((most,), np.float32), array((most, 6), np.float32)
        count = _halos(slots, edges, columns.x_px, columns.y_px, columns.sigma_px, columns.peak,
                       *halos, sigma, peak)  # fmt: skip
        most = len(slots) * GRANULES
        discs = array((most,), np.float64), array((most,), np.float64)
        spread, edge = (array((most,), np.float32) for _ in range(2))
        cap = array((most, 3), np.float32)
        drawn = _discs(slots, edges, columns.x_px, columns.y_px, columns.disc_px, columns.disc_x,
                       columns.disc_y, columns.inv_spread, columns.edge, columns.cap,
                       *discs, spread, edge, cap)  # fmt: skip
        return Splats(
            Gaussians(halos[0][:count], halos[1][:count], sigma[:count], peak[:count]),
            Discs(discs[0][:drawn], discs[1][:drawn], spread[:drawn], edge[:drawn], cap[:drawn]),
        )


def lists_of(slots: Slots, spans: Spans, row: int, col: int, down: int, across: int) -> Lists:
    """Return which slots are something in each of a rectangle of blocks, in their order.

    Parameters
    ----------
    slots, spans
        Of which, and `Store.spans` of them.
    row, col, down, across
        The first block of the rectangle, and how many it has.
    """
    shape = row, col, down, across
    starts = np.zeros(across * down + 1, np.int64)
    _list_within(slots, spans, *shape, starts[1:], np.empty(0, np.int32))
    np.cumsum(starts, out=starts)
    chosen = np.empty(starts[-1], np.int32)
    _list_within(slots, spans, *shape, starts[:-1].copy(), chosen)
    return starts, chosen


def _disc_reach(
    wanted: Impressions, cores: Discs, each: int, px_per_mm: float
) -> NDArray[np.float64]:  # fmt: skip
    """Return how far from its place anything of each deposit's discs is drawn, in samples."""
    x, y = (np.repeat(v * px_per_mm, each) for v in (wanted.x_mm, wanted.y_mm))
    ends = np.maximum(cores.edge.astype(np.float64), 0.0) + DISC_TAPER_END
    reach = np.sqrt(ends / cores.inv_spread_per_px2) + np.hypot(cores.x_px - x, cores.y_px - y)
    farthest: NDArray[np.float64] = reach.reshape(-1, each).max(axis=1) + REACH_SAMPLES
    return farthest


class Stores:
    """The stores that were used last, by skin and scale.

    Parameters
    ----------
    room
        For what they give out.
    most_bytes
        That they hold, but for the one that was used last.
    """

    def __init__(self, room: Room, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._stores: OrderedDict[tuple[bytes, float], Store] = OrderedDict()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._room = room

    @property
    def numbers(self) -> set[int]:
        """Those of the stores that are there; no other is ever asked for again."""
        with self._lock:
            return {store.number for store in self._stores.values()}

    @property
    def held_bytes(self) -> int:
        """How much they hold."""
        with self._lock:
            return self._held

    @property
    def _held(self) -> int:
        return sum(store.held_bytes for store in self._stores.values())

    def of(self, skin: Skin, px_per_mm: float, count: int) -> Store:
        """Return that of a skin at a scale of its finest samples; a new one if it is crowded."""
        name = pickle.dumps(skin), px_per_mm
        with self._lock:
            store = self._stores.pop(name, None)
            # A part of a scalp may share the store of the whole, and must not find it crowded.
            if store is None or store.used > _crowd(max(count, store.count)):
                store = Store(skin, px_per_mm, next(self._numbers), count, self._room)
            store.count = max(count, store.count)
            self._stores[name] = store
            while len(self._stores) > _MOST_STORES or (
                len(self._stores) > 1 and self._held > self._most_bytes
            ):
                self._stores.popitem(last=False)
            return store


def _crowd(count: int) -> int:
    """Return with how many slots a store of so many impressions is crowded."""
    return 3 * count + _SPARE


def _edges(window: PixelWindow) -> NDArray[np.float64]:
    """Return left, top, right and bottom."""
    right, bottom = window.col0 + window.width, window.row0 + window.height
    return np.array([window.col0, window.row0, right, bottom], np.float64)


@njit(nogil=True, cache=True)
def _reach(sigma, peak, disc_reach):
    """Return how far from its place anything of each slot is drawn, in samples."""
    reach = disc_reach.copy()
    for k in range(reach.shape[0]):
        for g in range(GAUSSIANS):
            wide = REACH_SIGMAS * sigma[k, g] + REACH_SAMPLES
            if wide > reach[k] and not (
                peak[k, g, 0] == 0.0 and peak[k, g, 1] == 0.0 and peak[k, g, 2] == 0.0
            ):
                reach[k] = wide
    return reach


@njit(nogil=True, cache=True)
def _blocks_reached(at, reach, corner, side, count):
    """Return the first and one past the last of a row of blocks that a slot changes."""
    # Blocks are open intervals widened by the reach: at < corner + (k + 1) side + reach, and
    # at > corner + k side - reach.
    first = math.floor((at - reach - corner) / side)
    while first < count and not at < corner + (first + 1) * side + reach:
        first += 1
    while first > 0 and at < corner + first * side + reach:
        first -= 1
    first = max(first, 0)
    end = first
    while end < count and corner + end * side - reach < at:
        end += 1
    return first, end


@njit(nogil=True, cache=True)
def _span(slots, x, y, reach, side, across, down, left, top, spans):
    """Write of each slot which blocks it changes."""
    for n in range(slots.shape[0]):
        k = slots[n]
        spans[n, 0], spans[n, 1] = _blocks_reached(y[k], reach[k], top, side, down)
        spans[n, 2], spans[n, 3] = _blocks_reached(x[k], reach[k], left, side, across)


@njit(nogil=True, cache=True)
def _list_within(slots, spans, row0, col0, down, across, at, chosen):
    """Write the slots that change each block, in their order; count them where there is no room."""
    for n in range(slots.shape[0]):
        for row in range(max(spans[n, 0] - row0, 0), min(spans[n, 1] - row0, down)):
            for col in range(max(spans[n, 2] - col0, 0), min(spans[n, 3] - col0, across)):
                block = row * across + col
                if chosen.shape[0] > 0:
                    chosen[at[block]] = slots[n]
                at[block] += 1


@njit(nogil=True, cache=True)
def _halos(slots, edges, x, y, sigma, peak, out_x, out_y, out_sigma, out_peak):
    """Copy the Gaussians that are something and reach a window; return how many."""
    count = 0
    for n in range(slots.shape[0]):
        k = slots[n]
        for g in range(GAUSSIANS):
            reach = REACH_SIGMAS * sigma[k, g] + REACH_SAMPLES
            if not (edges[0] - reach < x[k] < edges[2] + reach):
                continue
            if not (edges[1] - reach < y[k] < edges[3] + reach):
                continue
            if peak[k, g, 0] == 0.0 and peak[k, g, 1] == 0.0 and peak[k, g, 2] == 0.0:
                continue
            out_x[count], out_y[count], out_sigma[count] = x[k], y[k], sigma[k, g]
            for c in range(6):
                out_peak[count, c] = peak[k, g, c]
            count += 1
    return count


@njit(nogil=True, cache=True)
def _discs(
    slots, edges, x, y, reach, disc_x, disc_y, inv_spread, edge, cap, out_x, out_y, out_spread,
    out_edge, out_cap,
):  # fmt: skip
    """Copy the discs that take something and reach a window; return how many."""
    count = 0
    for n in range(slots.shape[0]):
        k = slots[n]
        if not (edges[0] - reach[k] < x[k] < edges[2] + reach[k]):
            continue
        if not (edges[1] - reach[k] < y[k] < edges[3] + reach[k]):
            continue
        for g in range(GRANULES):
            if cap[k, g, 0] == 0.0 and cap[k, g, 1] == 0.0 and cap[k, g, 2] == 0.0:
                continue
            out_x[count], out_y[count] = disc_x[k, g], disc_y[k, g]
            out_spread[count], out_edge[count] = inv_spread[k, g], edge[k, g]
            for c in range(3):
                out_cap[count, c] = cap[k, g, c]
            count += 1
    return count
