"""Memory for what is drawn, used again: pages nobody wrote to before cost as much as drawing does.

malloc gives memory back to the system, or keeps it for the thread that had it first, so a server's
threads would draw into new pages most of the time.
"""

from __future__ import annotations

import math
import mmap
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SPARE_BYTES: Final = 32 * 2**20
_LEAST_STEP: Final = 12
_LEAST_MAPPED: Final = 2**18
Memory = NDArray[np.uint8]


class Room:
    """Gives out arrays, and takes their memory back once nobody has any part of one.

    Parameters
    ----------
    most_spare_bytes
        Of memory of about one size that is kept and in no array; an array of over a quarter of it
        is NumPy's own.
    """

    def __init__(self, most_spare_bytes: int = _SPARE_BYTES) -> None:
        self._most = most_spare_bytes
        # Without a lock: arrays may come back while one is being given out, on the same thread.
        self._spare: dict[int, deque[Memory]] = {}

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of any contents."""
        size = _rounded(math.prod(shape) * np.dtype(dtype).itemsize)
        if 4 * size > self._most:
            return np.empty(shape, dtype)
        spare = self._spare.setdefault(size, deque(maxlen=self._most // size))
        try:
            memory = spare.pop()
        except IndexError:
            memory = _fresh(size)
        return np.asarray(_Lent(memory, spare)).view(dtype)[: math.prod(shape)].reshape(shape)

    def block(self, side: int) -> NDArray[np.float32]:
        """Return a block, (side, side, 3), of any contents."""
        return self.array((side, side, 3), np.float32)


def _fresh(size: int) -> Memory:
    """Return memory of the system's own, or malloc's where it is little.

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
    step = 1 << max(size.bit_length() - 3, _LEAST_STEP)
    return max(-(-size // step), 1) * step


class _Lent:
    """Owns memory while there is any view of it, and then hands it back."""

    def __init__(self, memory: Memory, spare: deque[Memory]) -> None:
        self._memory, self._spare = memory, spare

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Where the memory is; the array that NumPy makes of it holds on to this object."""
        return self._memory.__array_interface__

    def __del__(self) -> None:
        self._spare.append(self._memory)
