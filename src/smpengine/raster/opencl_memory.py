"""Memory of one OpenCL device: scratch that outlives a call, and pinned memory of the host.

What is held together stays under a budget, so that a device is not promised more than it has:
drivers that allocate at first use would say so too late.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

import numpy as np
import pyopencl as cl
from numpy.typing import NDArray

KEEP_BYTES: Final = 2**30
"""Most of scratch memory that stays on a device between calls."""
_LEAST: Final = 64
_SHARE: Final = 0.9  # of the device's memory; its driver and its screen need some


class TooLargeError(Exception):
    """A window needs more memory than the device gives; half of it may not."""


def out_of_resources(error: Exception) -> bool:
    """Return whether OpenCL names no cause: memory that was promised, or a fault."""
    return "OUT_OF_RESOURCES" in str(error)


class Memory:
    """What is held on a device.

    Parameters
    ----------
    context, queue
        Where memory is made and mapped.
    total_bytes, max_alloc_bytes
        The device's memory, and the most at once.
    """

    def __init__(self, context: Any, queue: Any, total_bytes: int, max_alloc_bytes: int) -> None:
        self._context, self._queue = context, queue
        self.total_bytes, self.max_alloc_bytes = total_bytes, max_alloc_bytes
        self._scratch: dict[str, Any] = {}
        self._pinned: dict[str, tuple[Any, NDArray[np.uint8]]] = {}
        self._in_use: set[str] = set()
        self._columns: set[str] = set()
        self._lent = 0

    @property
    def held_bytes(self) -> int:
        """Scratch memory that is held, by name; not what `lend` gave."""
        return sum(int(buffer.size) for buffer in self._scratch.values())

    def begin_call(self) -> None:
        """Let scratch of earlier calls be given back where there is no room for more."""
        self._in_use.clear()
        self._columns.clear()

    def begin_block(self) -> None:
        """Let scratch of earlier blocks be given back, but not the call's columns."""
        self._in_use = set(self._columns)

    def scratch(self, name: str, nbytes: int, column: bool = False) -> Any:
        """Return memory of a name, of at least so many bytes, holding whatever was in it.

        Parameters
        ----------
        name
            The same name is the same memory.
        nbytes
            How much is needed.
        column
            Whether it is needed until the call ends, and not only for a block.

        Raises
        ------
        TooLargeError
            The device does not give as much at once, or has no room beside the block's others.
        """
        nbytes = max(int(nbytes), _LEAST)
        if nbytes > self.max_alloc_bytes:
            raise TooLargeError(f"{nbytes / 1e9:.1f} GB at once for {name}")
        self._in_use.add(name)
        if column:
            self._columns.add(name)
        held = self._scratch.get(name)
        if held is None or held.size < nbytes or held.size > 4 * nbytes + 2**20:
            if held is not None:
                self._scratch.pop(name).release()
            held = self._scratch[name] = self._new(name, nbytes)
        return held

    def _new(self, name: str, nbytes: int) -> Any:
        self._make_room(name, nbytes)
        try:
            buffer = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, nbytes)
            undefined = cl.mem_migration_flags.CONTENT_UNDEFINED
            cl.enqueue_migrate_mem_objects(self._queue, [buffer], undefined)  # now, not at its use
        except cl.MemoryError as error:  # others use the device too
            raise TooLargeError(str(error)) from error
        except cl.RuntimeError as error:
            if out_of_resources(error):
                raise TooLargeError(str(error)) from error
            raise
        return buffer

    def _make_room(self, name: str, nbytes: int) -> None:
        """Give back what no block in hand uses, as far as the budget asks for it."""
        budget = int(_SHARE * self.total_bytes) - self._lent - nbytes
        for other in [n for n in self._scratch if n not in self._in_use]:
            if self.held_bytes <= budget:
                return
            self._scratch.pop(other).release()
        if self.held_bytes > budget:
            has = f"{self.held_bytes / 1e9:.1f} GB of {self.total_bytes / 1e9:.1f} are in use"
            raise TooLargeError(f"{nbytes / 1e9:.1f} GB for {name}, and {has}")

    def lend(self, owner: object, nbytes: int) -> None:
        """Count memory that is held for as long as its owner lives."""
        self._lent += nbytes
        weakref.finalize(owner, self._returned, nbytes)

    def _returned(self, nbytes: int) -> None:
        self._lent -= nbytes

    def pinned(self, name: str, nbytes: int) -> NDArray[np.uint8]:
        """Return host memory that the device reads and writes without a copy in between."""
        held = self._pinned.get(name)
        if held is None or held[1].nbytes < nbytes:
            if held is not None:
                self._free_pinned(name)
            flags = cl.mem_flags.READ_WRITE | cl.mem_flags.ALLOC_HOST_PTR
            buffer = cl.Buffer(self._context, flags, nbytes)
            access = cl.map_flags.READ | cl.map_flags.WRITE
            array, _ = cl.enqueue_map_buffer(self._queue, buffer, access, 0, (nbytes,), np.uint8)
            held = buffer, array
            self._pinned[name] = held
        return held[1][:nbytes]

    def _free_pinned(self, name: str) -> None:
        buffer, array = self._pinned.pop(name)
        mapped: Any = array.base
        mapped.release(self._queue)
        buffer.release()

    def release(self) -> None:
        """Give all scratch memory back."""
        for held in self._scratch.values():
            held.release()
        self._scratch.clear()
        for name in list(self._pinned):
            self._free_pinned(name)

    def forget(self) -> None:
        """Let go of everything without asking the device, which failed."""
        self._scratch.clear()
        self._pinned.clear()

    def trim(self) -> None:
        """Give scratch memory back if it is much."""
        if self.held_bytes > min(KEEP_BYTES, self.total_bytes // 4):
            self.release()
