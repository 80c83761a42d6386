"""A scene at one moment of its editing: which of it each block shows, as a key of its contents.

Two blocks with one key are drawn from the same bytes, in the same order, so they have the same
bits. That makes any other way of telling what an edit touches needless: what it did not touch has
its key still, and what is undone has its old one.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.impressions import Impressions
from smpengine.optics.scatter import REACH_SAMPLES, Splats, reach_mm
from smpengine.panel_hair import hair_near
from smpengine.preview.store import NO_SLOT, Slots, Store, Stores, lists_of
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene
from smpengine.window import halvings_for, subpixels
from smpengine.workers import Workers

BLOCK_PX: Final = 256
_LEAST_BLOCK_PX: Final = 64
_MOST_SUBPIXELS: Final = 2048
_CELL_MM: Final = 4.0
_MOST_CELLS: Final = 2**14
_MOST_KEYS: Final = 2**16
"""That are remembered: they are worked out again to the same."""
_PART: Final = 4
"""Side, in blocks, of what keys are worked out for at once."""

Key = bytes
Place = tuple[int, int]
Rect = tuple[int, int, int, int]
"""Of blocks: first row and column, rows, columns."""


class Ready(Scene):
    """A scene whose splats are known."""

    splats: Splats | None = None

    @property
    def scattered(self) -> Splats | None:
        """What its deposits are drawn as."""
        return self.splats

    def is_bare(self, px_per_mm: float, window: PixelWindow) -> bool:
        """Tell whether a window of pixels shows even skin, and nothing else."""
        splats = self.splats
        if self.skin.complexion is not None or splats is None:
            return False
        if splats.halos.x_px.size or splats.cores.x_px.size:
            return False
        fine, scale = _samples(px_per_mm, window)
        return hair_near(self, scale, fine) is None


def block_px(px_per_mm: float) -> int:
    """Return the side of a block, of whole tiles: smaller where a pixel is many subpixels."""
    halvings = halvings_for(px_per_mm)
    return max(BLOCK_PX >> halvings, min(_LEAST_BLOCK_PX, _MOST_SUBPIXELS >> halvings))


def blocks_of(window: PixelWindow, side: int) -> Iterator[Place]:
    """Give the blocks that a window touches, row by row; blocks are anchored to the scalp."""
    for row in range(window.row0 // side, -(-(window.row0 + window.height) // side)):
        for col in range(window.col0 // side, -(-(window.col0 + window.width) // side)):
            yield row, col


def window_of(rect: Rect, side: int) -> PixelWindow:
    """Return the pixels of a rectangle of blocks."""
    return PixelWindow(*(side * each for each in rect))


def around(places: Sequence[Place]) -> Rect:
    """Return the smallest rectangle around blocks."""
    rows, cols = [row for row, _ in places], [col for _, col in places]
    top, left = min(rows), min(cols)
    return top, left, max(rows) - top + 1, max(cols) - left + 1


class Version:
    """A scene, what it is drawn as, and the keys of its blocks.

    Parameters
    ----------
    scene
        In three bands.
    stores
        Where splats lie.
    before, kept
        The version that it was made of, and of each of its deposits the row that it had there, -1
        for none: those are the same in every column.
    moved
        Whether the places of any, or their number, may be others.
    """

    def __init__(
        self, scene: Scene, stores: Stores, before: Version | None = None,
        kept: NDArray[np.intp] | None = None, moved: bool = True,
    ) -> None:  # fmt: skip
        self.scene, self._stores = scene, stores
        self._keys: dict[tuple[float, int, int], Key] = {}
        self._slots: dict[int, Slots] = {}
        self._lock = threading.Lock()
        if before is not None and kept is not None:
            if not moved:
                self._index = before._index
            for number, slots in self._still(dict(before._slots)).items():
                # The row -1 is the last, which has no slot.
                self._slots[number] = np.append(slots, np.int32(NO_SLOT))[kept]

    def keys(self, px_per_mm: float, places: Sequence[Place], workers: Workers) -> dict[Place, Key]:
        """Return what blocks are made of, each as a hash."""
        known = self.keys_known(px_per_mm, places)
        unknown = [at for at in places if at not in known]
        if unknown:
            made = self._made(px_per_mm, unknown, workers)
            with self._lock:
                if len(self._keys) > _MOST_KEYS:
                    self._keys.clear()
                self._keys.update({(px_per_mm, *at): key for at, key in made.items()})
            known |= made
        return known

    def keys_known(self, px_per_mm: float, places: Sequence[Place]) -> dict[Place, Key]:
        """Return those keys that are worked out already."""
        with self._lock:
            known = {at: self._keys.get((px_per_mm, *at)) for at in places}
        return {at: key for at, key in known.items() if key is not None}

    def ready(self, px_per_mm: float, window: PixelWindow, workers: Workers) -> Ready:
        """Return the scene as a window of pixels needs it, with its splats."""
        fine, scale = _samples(px_per_mm, window)
        rows = self._rows_near(fine, scale)
        store, slots = self._placed(rows, scale, workers)
        scene = self.scene
        ready = Ready(
            scene.skin, scene.impressions.rows(slice(0, 0)), scene.extent_mm, scene.hair,
            light=scene.light, scars=scene.scars,
        )  # fmt: skip
        object.__setattr__(ready, "splats", store.splats(slots[rows], fine))
        return ready

    def _made(
        self, px_per_mm: float, places: Sequence[Place], workers: Workers
    ) -> dict[Place, Key]:
        side = block_px(px_per_mm)
        top, left, down, across = rect = around(places)
        fine, scale = _samples(px_per_mm, window_of(rect, side))
        rows = self._rows_near(fine, scale)
        store, slots = self._placed(rows, scale, workers)
        near = slots[rows]
        spans = store.spans(near, fine.width // across, across, down, (fine.col0, fine.row0))
        common = self._common, repr((px_per_mm, store.number)).encode()
        made: dict[Place, Key] = {}
        parts = list(_parts(places))

        def work(job: int, _: None) -> None:
            part, (row0, col0, high, wide) = parts[job]
            starts, lists = lists_of(near, spans, row0 - top, col0 - left, high, wide)
            for row, col in part:
                at = (row - row0) * wide + col - col0
                total = hashlib.blake2b(b"".join(common), digest_size=16)
                total.update(repr((row, col)).encode())
                total.update(lists[starts[at] : starts[at + 1]].data)
                block, _scale = _samples(px_per_mm, window_of((row, col, 1, 1), side))
                hairs = hair_near(self.scene, scale, block)
                if hairs is not None:
                    total.update(pickle.dumps(hairs))
                made[row, col] = total.digest()

        workers.each(len(parts), work, lambda: None)
        return made

    @cached_property
    def _common(self) -> bytes:
        """What all blocks share, as bytes: equal ones may differ, and are drawn twice then."""
        shared = self.scene.skin, self.scene.light, self.scene.scars
        return hashlib.blake2b(pickle.dumps(shared), digest_size=16).digest()

    @cached_property
    def _reach_mm(self) -> float:
        return reach_mm(self.scene.deposits, self.scene.skin)

    def _placed(
        self, rows: NDArray[np.intp], scale: float, workers: Workers
    ) -> tuple[Store, Slots]:  # fmt: skip
        """Return the slots of all deposits at a scale of samples; those rows have one."""
        deposits = self.scene.deposits
        store = self._stores.of(self.scene.skin, scale, len(deposits))
        with self._lock:
            slots = self._slots.get(store.number)
            if slots is None:
                # Whoever asks for many scales must not leave slots of each behind.
                self._slots = self._still(self._slots)
                slots = np.full(len(deposits), NO_SLOT, np.int32)
                self._slots[store.number] = slots
        store.fill(slots, rows, deposits, workers)
        return store, slots

    def _still(self, slots: dict[int, Slots]) -> dict[int, Slots]:
        """Return those of stores that are there."""
        there = self._stores.numbers
        return {number: own for number, own in slots.items() if number in there}

    def _rows_near(self, window: PixelWindow, scale: float) -> NDArray[np.intp]:
        """Return the rows of what may change a window of samples, in their order."""
        margin = self._reach_mm + REACH_SAMPLES / scale
        x0, x1 = window.col0 / scale - margin, (window.col0 + window.width) / scale + margin
        y0, y1 = window.row0 / scale - margin, (window.row0 + window.height) / scale + margin
        return self._index.within(x0, y0, x1, y1)

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.scene.deposits)


def _parts(places: Sequence[Place]) -> Iterator[tuple[list[Place], Rect]]:
    """Give places by squares of blocks, with the smallest rectangle around each."""
    squares: dict[Place, list[Place]] = {}
    for row, col in places:
        squares.setdefault((row // _PART, col // _PART), []).append((row, col))
    for part in squares.values():
        yield part, around(part)


def _samples(px_per_mm: float, window: PixelWindow) -> tuple[PixelWindow, float]:
    """Return a window's subpixels, and their scale."""
    halvings = halvings_for(px_per_mm)
    return subpixels(window, halvings), math.ldexp(px_per_mm, halvings)


class _Index:
    """Rows of impressions by square cells."""

    def __init__(self, impressions: Impressions) -> None:
        x, y = impressions.x_mm, impressions.y_mm
        self._x0, self._y0, self._cell = 0.0, 0.0, _CELL_MM
        self._across = self._down = 1
        if len(impressions):
            self._x0, self._y0 = float(x.min()), float(y.min())
            wide, high = float(x.max()) - self._x0, float(y.max()) - self._y0
            self._cell = max(_CELL_MM, math.sqrt(wide * high / _MOST_CELLS), wide / 128, high / 128)
            self._across, self._down = int(wide / self._cell) + 1, int(high / self._cell) + 1
        cell = ((y - self._y0) / self._cell).astype(np.int16) * np.int16(self._across)
        cell += ((x - self._x0) / self._cell).astype(np.int16)
        self._rows = np.argsort(cell, kind="stable")
        counts = np.bincount(cell, minlength=self._across * self._down)
        self._starts = np.concatenate(([0], np.cumsum(counts)))

    def within(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.intp]:
        """Return the rows of all cells that a box touches, in their order."""
        left, right = self._span(x0, x1, self._x0, self._across)
        top, bottom = self._span(y0, y1, self._y0, self._down)
        parts = [
            self._rows[
                self._starts[r * self._across + left] : self._starts[r * self._across + right]
            ]
            for r in range(top, bottom)
        ]
        return np.sort(np.concatenate(parts)) if parts else self._rows[:0]

    def _span(self, low: float, high: float, origin: float, count: int) -> tuple[int, int]:
        first = math.floor((low - origin) / self._cell)
        last = math.floor((high - origin) / self._cell) + 1
        first = min(max(first, 0), count)
        return first, max(min(last, count), first)
