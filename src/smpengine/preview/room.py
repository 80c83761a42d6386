"""Memory for what is drawn, used again: pages nobody wrote to before cost as much as drawing does.

malloc gives memory back to the system, or keeps it for the thread that had it first, so a server's
threads would draw into new pages most of the time.
"""

from __future__ import annotations

import math
import mmap
import threading
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SPARE_BYTES: Final = 64 * 2**20
_LEAST_BYTES: Final = 2**16
_LARGE: Final = 8
"""An array of over an eighth of what may be spare is NumPy's own, and so is one of little."""
_LEAST_MAPPED: Final = 2**18
Memory = NDArray[np.uint8]


class Room:
    """Gives out arrays, and takes their memory back once nobody has any part of one.

    Parameters
    ----------
    most_spare_bytes
        Of memory that is kept and in no array; what came back first goes first.
    """

    def __init__(self, most_spare_bytes: int = _SPARE_BYTES) -> None:
        self._most = most_spare_bytes
        self._spare: list[Memory] = []
        # An array may come back on any thread, and on this one while it holds the lock: that of
        # garbage is found whenever Python likes. So nothing is counted beside the list itself.
        self._lock = threading.RLock()

    @property
    def spare_bytes(self) -> int:
        """How much is kept and in no array."""
        return sum(memory.nbytes for memory in tuple(self._spare))

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of any contents."""
        count = math.prod(shape)
        size = _rounded(count * np.dtype(dtype).itemsize)
        if size < _LEAST_BYTES or _LARGE * size > self._most:
            return np.empty(shape, dtype)
        memory = self._taken(size)
        lent = _Lent(fresh(size) if memory is None else memory, self)
        return np.asarray(lent).view(dtype)[:count].reshape(shape)

    def block(self, side: int) -> NDArray[np.float32]:
        """Return a block, (side, side, 3), of any contents."""
        return self.array((side, side, 3), np.float32)

    def _taken(self, size: int) -> Memory | None:
        with self._lock:
            for at in range(len(self._spare) - 1, -1, -1):
                if self._spare[at].nbytes == size:
                    return self._spare.pop(at)
        return None

    def give_back(self, memory: Memory) -> None:
        """Keep memory that is in no array any more."""
        with self._lock:
            self._spare.append(memory)
            while self.spare_bytes > self._most:
                self._spare.pop(0)


def fresh(size: int) -> Memory:
    """Return so many bytes of memory of the system's own, or malloc's where it is little.

    NumPy asks for huge pages in whatever malloc hands it above 4 MiB, and malloc uses those again
    for less; the system clears 2 MiB at a time then, here in 5 ms, while one thread waits.
    """
    private = getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0)
    if size < _LEAST_MAPPED or not private:
        return np.empty(size, np.uint8)
    try:
        return np.frombuffer(mmap.mmap(-1, size, flags=private), np.uint8)
    except OSError as error:
        raise MemoryError(f"{size} bytes for what is drawn") from error


def _rounded(size: int) -> int:
    """Return a size in bytes rounded up, by a quarter at most, to one of few; a block's is one."""
    step = 1 << max(size.bit_length() - 3, 0)
    return -(-size // step) * step


class _Lent:
    """Owns memory while there is any view of it, and then hands it back."""

    def __init__(self, memory: Memory, room: Room) -> None:
        self._memory, self._room = memory, room

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Where the memory is; the array that NumPy makes of it holds on to this object."""
        return self._memory.__array_interface__

    def __del__(self) -> None:
        self._room.give_back(self._memory)
