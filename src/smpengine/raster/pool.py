"""Scratch memory that outlives a call: fresh pages cost more than what is computed in them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEEP_BYTES: Final = 512 * 2**20
"""Most of arrays that is kept between calls; what threads work in comes on top, 1 or 2 MB each."""
_ALIGNMENT: Final = 64
T = TypeVar("T")


class Pool:
    """Hands out arrays and, once a call is over, takes all of them back.

    Arrays hold whatever was in them. A pool serves one call at a time; `borrow_pool` gives one.
    """

    def __init__(self) -> None:
        self._free: list[NDArray[np.uint8]] = []
        self._used: list[NDArray[np.uint8]] = []
        self._things: dict[Hashable, list[Any]] = {}
        self._lent: list[tuple[Hashable, Any]] = []

    def lend(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a thing that nobody uses now, a new one if there is none; from any thread.

        For what one thread works in, until `regain`: as many are kept as threads ever were.
        """
        free = self._things.setdefault(key, [])
        try:
            thing: T = free.pop()
        except IndexError:
            thing = make()
        self._lent.append((key, thing))
        return thing

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array on a cache line."""
        kind = np.dtype(dtype)
        needed = math.prod(shape) * kind.itemsize
        block = self._block(needed)
        self._used.append(block)
        return block[:needed].view(kind).reshape(shape)

    def _block(self, needed: int) -> NDArray[np.uint8]:
        fitting = [k for k, block in enumerate(self._free) if block.size >= needed]
        if fitting:
            smallest = min(fitting, key=lambda k: self._free[k].size)
            if self._free[smallest].size <= 2 * needed + 65_536:
                return self._free.pop(smallest)
        room = np.empty(max(needed, 1) + _ALIGNMENT, np.uint8)
        skip = -room.ctypes.data % _ALIGNMENT
        return room[skip : skip + max(needed, 1)]

    def regain(self) -> None:
        """Make all things free again; nobody may be using one."""
        for key, thing in self._lent:
            self._things[key].append(thing)
        self._lent = []

    def take_back(self) -> None:
        """Make all arrays and things free again; arrays that are too much to keep are dropped."""
        self.regain()
        self._free = sorted([*self._used, *self._free], key=lambda block: -block.size)
        self._used = []
        kept, total = [], 0
        for block in self._free:
            total += block.size
            if total <= KEEP_BYTES:
                kept.append(block)
        self._free = kept

    @property
    def kept_bytes(self) -> int:
        """Of the arrays that are free."""
        return sum(block.size for block in self._free)


_lock = threading.Lock()
_idle: list[Pool] = []


@contextmanager
def borrow_pool() -> Iterator[Pool]:
    """Give a pool for the time of a call; threads that call at once get pools of their own."""
    with _lock:
        pool = _idle.pop() if _idle else Pool()
    try:
        yield pool
    finally:
        pool.take_back()
        with _lock:
            # One is enough to keep for those who draw one picture at a time; several threads with
            # a small picture each have pools that together are no larger.
            if sum(each.kept_bytes for each in (*_idle, pool)) <= KEEP_BYTES:
                _idle.append(pool)
