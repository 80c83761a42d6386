"""Blocks that are drawn already, by what they are made of; the least used go when room is short."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from smpengine.preview.room import Room

Block = NDArray[np.float32]


class Cache:
    """R / R0 of blocks, at most so many bytes of them.

    Parameters
    ----------
    most_bytes
        What is kept.
    room
        Where blocks are to lie.
    """

    def __init__(self, most_bytes: int, room: Room) -> None:
        self._most = most_bytes
        self.room = room
        self._held = 0
        self._blocks: OrderedDict[bytes, Block] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """How much is kept now."""
        return self._held

    def get(self, key: bytes) -> Block | None:
        """Return a block, or None where it is not kept."""
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            return block

    def has(self, key: bytes) -> bool:
        """Tell whether a block is kept; it counts as no use of it."""
        with self._lock:
            return key in self._blocks

    def put(self, key: bytes, block: Block) -> None:
        """Keep a block; nobody may write into it any more."""
        block.flags.writeable = False
        with self._lock:
            before = self._blocks.pop(key, None)
            self._held += block.nbytes - (0 if before is None else before.nbytes)
            self._blocks[key] = block
            while self._held > self._most and len(self._blocks) > 1:
                _, least = self._blocks.popitem(last=False)
                self._held -= least.nbytes
