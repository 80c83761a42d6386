"""A window of a version: its blocks found or drawn, then finished to pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.reduce import halve
from smpengine.panel import RELATIVE, Finish, draw, finish_for
from smpengine.preview.cache import Block, Cache
from smpengine.preview.rects import rectangles
from smpengine.preview.room import Room
from smpengine.preview.version import Place, Rect, Version, block_px, blocks_of, window_of
from smpengine.raster.splats import PixelWindow
from smpengine.scene import BANDS
from smpengine.window import FULL_SCALE_PX_PER_MM, halvings_for, subpixels
from smpengine.workers import Cancel, Workers

_MOST_AT_ONCE: Final = 16
"""Side, in blocks, of what is drawn at once: 4096 subpixels, as panels of pictures are."""
_COARSER: Final = 4
_ALONE_PX: Final = 2**17
"""Subpixels: two tiles of 256. Five levels of halos start their threads one after the other."""
_FROM_FINER: Final = 4
"""Pixels of 2^4 subpixels a side and more are made of finer ones, which are drawn and kept: who
looks at a whole scalp will look closer, and at the levels above."""


class _Mosaic:
    """A picture that lies in blocks, for what writes into it tile by tile.

    Parameters
    ----------
    side, rows, cols
        Of a block in pixels, and how many blocks.
    room
        Where they lie.
    """

    def __init__(self, side: int, rows: int, cols: int, room: Room) -> None:
        self._side = side
        self.blocks = [[room.block(side) for _ in range(cols)] for _ in range(rows)]

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return where a tile goes; tiles are as large as blocks, or lie in one whole."""
        (row, top, bottom), (col, left, right) = (self._within(each) for each in part)
        return self.blocks[row][col][top:bottom, left:right]

    def fill(self, value: float) -> None:
        """Set all of it to a value."""
        for row in self.blocks:
            for block in row:
                block.fill(value)

    def take(self, picture: NDArray[np.float32]) -> None:
        """Take all of it from a picture."""
        for row, blocks in enumerate(self.blocks):
            for col, block in enumerate(blocks):
                top, left = row * self._side, col * self._side
                block[...] = picture[top : top + self._side, left : left + self._side]

    def _within(self, part: slice) -> tuple[int, int, int]:
        number, first = divmod(part.start, self._side)
        return number, first, first + part.stop - part.start


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see.

    Attributes
    ----------
    version
        Of the scene.
    px_per_mm, window
        Scale, and pixels of it.
    """

    version: Version
    px_per_mm: float
    window: PixelWindow

    @property
    def side(self) -> int:
        """Of its blocks, in pixels."""
        return block_px(self.px_per_mm)

    def workers(self, threads: int, cancel: Cancel | None) -> Workers:
        """Return who draws it: one thread where little is drawn, for others take long to start."""
        subpixels_px = self.window.height * self.window.width << 2 * halvings_for(self.px_per_mm)
        return Workers(1 if subpixels_px <= _ALONE_PX else threads, cancel)

    def keys(self, workers: Workers) -> dict[Place, bytes]:
        """Return the keys of its blocks."""
        places = list(blocks_of(self.window, self.side))
        return self.version.keys(self.px_per_mm, places, workers)

    def found(self, cache: Cache, keys: Mapping[Place, bytes]) -> dict[Place, Block]:
        """Return those of its blocks that are drawn already."""
        known = {place: cache.get(key) for place, key in keys.items()}
        return {place: block for place, block in known.items() if block is not None}

    def missing(
        self, keys: Mapping[Place, bytes], blocks: Mapping[Place, Block],
        most: int = _MOST_AT_ONCE,
    ) -> list[Rect]:  # fmt: skip
        """Return what is to be drawn, in rectangles of blocks, none with a side of over `most`."""
        found = rectangles(place for place in keys if place not in blocks)
        return [part for rect in found for part in _parts(rect, most)]

    def draw(
        self, rect: Rect, keys: Mapping[Place, bytes], cache: Cache, workers: Workers
    ) -> dict[Place, Block]:
        """Draw a rectangle of blocks, and keep those that are asked for."""
        side, (row, col, rows, cols) = self.side, rect
        window = window_of(rect, side)
        drawn = _Mosaic(side, rows, cols, cache.room)
        if not self._from_finer(window, drawn, cache, workers):
            self._from_splats(window, drawn, workers)
        blocks: dict[Place, Block] = {}
        for r, c in ((r, c) for r in range(rows) for c in range(cols)):
            place = row + r, col + c
            if place in keys:
                blocks[place] = drawn.blocks[r][c]
                cache.put(keys[place], blocks[place])
        return blocks

    def _from_splats(self, window: PixelWindow, drawn: _Mosaic, workers: Workers) -> None:
        ready = self.version.ready(self.px_per_mm, window, workers)
        if ready.is_bare(self.px_per_mm, window):
            drawn.fill(1.0)
            return
        bare = finish_of(self.version, RELATIVE, None)
        draw(ready, self.px_per_mm, window, bare, drawn, workers)  # type: ignore[arg-type]

    def _from_finer(
        self, window: PixelWindow, drawn: _Mosaic, cache: Cache, workers: Workers
    ) -> bool:  # fmt: skip
        """Make a window's pixels of those of twice the scale, if they are there or worth drawing.

        Both are means of the same subpixels, taken in pairs, so the bits are those of drawing.
        """
        halvings = halvings_for(self.px_per_mm)
        if not halvings:
            return False
        finer = Asked(self.version, 2.0 * self.px_per_mm, subpixels(window, 1))
        if halvings < _FROM_FINER and not finer.is_known(cache):
            return False
        keys = finer.keys(workers)
        blocks = finer.found(cache, keys)
        for rect in finer.missing(keys, blocks):
            blocks |= finer.draw(rect, keys, cache, workers)
        fine = np.empty((finer.window.height, finer.window.width, len(BANDS)), np.float32)
        finer.finish(blocks, finish_of(self.version, RELATIVE, None), fine, workers)
        drawn.take(halve(fine, 1))
        return True

    def is_known(self, cache: Cache) -> bool:
        """Tell whether all of it is drawn already, without working out what has no key yet."""
        places = list(blocks_of(self.window, self.side))
        keys = self.version.keys_known(self.px_per_mm, places)
        return len(keys) == len(places) and all(cache.has(key) for key in keys.values())

    def finish(
        self, blocks: Mapping[Place, Block], finish: Finish, out: NDArray[Any], workers: Workers
    ) -> None:
        """Turn blocks into pixels; where there is none `out` stays as it is."""
        side, window = self.side, self.window
        places = [place for place in blocks_of(window, side) if place in blocks]

        def work(job: int, _: None) -> None:
            own = window_of((*places[job], 1, 1), side)
            top, left = max(own.row0, window.row0), max(own.col0, window.col0)
            bottom = min(own.row0 + side, window.row0 + window.height)
            right = min(own.col0 + side, window.col0 + window.width)
            block = blocks[places[job]]
            part = block[top - own.row0 : bottom - own.row0, left - own.col0 : right - own.col0]
            there = out[top - window.row0 : bottom - window.row0,
                        left - window.col0 : right - window.col0]  # fmt: skip
            finish(part, there, top, left)

        workers.each(len(places), work, lambda: None)

    def coarse(self, finish: Finish, out: NDArray[Any], workers: Workers) -> None:
        """Draw all of it soon and roughly, into `out`.

        Where pixels are means of subpixels, one for each does; else a picture with a sixteenth of
        the pixels is widened. No splat is narrower than a pixel, so nothing is missed.
        """
        import cv2

        window = self.window
        scene, bare = self.version.scene, Finish(RELATIVE, finish.bare, finish.exposure)
        coarser = _COARSER if self.px_per_mm >= FULL_SCALE_PX_PER_MM else 1
        first = window.row0 // coarser, window.col0 // coarser
        last = (-(-(window.row0 + window.height) // coarser),
                -(-(window.col0 + window.width) // coarser))  # fmt: skip
        small = PixelWindow(*first, last[0] - first[0], last[1] - first[1])
        drawn = np.empty((small.height, small.width, 3), np.float32)
        draw(scene, self.px_per_mm / coarser, small, bare, drawn, workers, 0)
        if coarser > 1:
            size = small.width * coarser, small.height * coarser
            wide = cv2.resize(drawn, size, interpolation=cv2.INTER_LINEAR)
            top, left = window.row0 - first[0] * coarser, window.col0 - first[1] * coarser
            drawn = np.ascontiguousarray(
                wide[top : top + window.height, left : left + window.width]
            )
        finish(drawn, out, window.row0, window.col0)


def finish_of(version: Version, output: str, exposure: float | None) -> Finish:
    """Return what makes a version's pixels."""
    return finish_for(version.scene.skin, output, exposure)


def _parts(rect: Rect, most: int) -> Iterable[Rect]:
    row, col, rows, cols = rect
    for r in range(0, rows, most):
        for c in range(0, cols, most):
            yield row + r, col + c, min(most, rows - r), min(most, cols - c)


def middle_of(asked: Asked) -> tuple[float, float]:
    """Return the middle of a window, in blocks."""
    window, side = asked.window, asked.side
    return (
        (window.row0 + 0.5 * window.height) / side, (window.col0 + 0.5 * window.width) / side,
    )  # fmt: skip
