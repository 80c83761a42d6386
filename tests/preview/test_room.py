"""Memory of blocks that is used again, and only once nobody sees it any more."""

from __future__ import annotations

import gc
import threading

import numpy as np

from smpengine.preview.cache import Cache
from smpengine.preview.room import Room

SIDE = 128
BYTES = 12 * SIDE**2


def test_memory_is_used_again_once_no_view_is_left() -> None:
    room = Room()
    first = room.block(SIDE)
    first[...] = 1.0
    where, part = first.ctypes.data, first[2:4, 3:5][::-1].view()
    del first
    second = room.block(SIDE)
    assert second.ctypes.data != where, "a part of the first is still seen"
    second[...] = 2.0
    assert np.all(part == 1.0)
    del part
    third = room.block(SIDE)
    assert third.ctypes.data == where
    assert third.shape == (SIDE, SIDE, 3)
    assert third.dtype == np.float32
    assert third.flags.writeable
    assert third.flags.c_contiguous


def test_what_was_read_only_can_be_drawn_into_again() -> None:
    cache = Cache(BYTES, Room())
    block = cache.room.block(SIDE)
    where = block.ctypes.data
    cache.put(b"a", block)
    assert not block.flags.writeable
    del block
    cache.put(b"b", cache.room.block(SIDE))
    again = cache.room.block(SIDE)
    assert again.ctypes.data == where
    again[...] = 3.0


def test_no_more_is_kept_than_was_said_of_all_sizes_together() -> None:
    room = Room(16 * BYTES)
    many = [room.block(SIDE) for _ in range(20)]
    many += [room.array((BYTES * k // 16,), np.uint8) for k in range(17, 32)]
    assert room.spare_bytes == 0
    many.clear()
    gc.collect()
    assert 14 * BYTES < room.spare_bytes <= 16 * BYTES
    before = room.spare_bytes
    block = room.block(SIDE)
    assert room.spare_bytes == before - block.nbytes
    large, little = room.array((3 * BYTES,), np.uint8), room.array((100,), np.uint8)
    assert large.base is None, "too large to be kept"
    assert little.base is None, "not worth keeping"


def test_garbage_may_come_back_while_an_array_is_given_out() -> None:
    room = Room(8 * BYTES)

    class Cycle:
        def __init__(self) -> None:
            self.own, self.block = self, room.block(SIDE)

    for _ in range(300):
        Cycle()
        room.block(SIDE)
    gc.collect()
    assert room.spare_bytes <= 8 * BYTES


def test_arrays_of_any_shape_and_kind() -> None:
    room = Room()
    for shape, kind in (((0,), np.float64), ((7, 6), np.float32), ((100_000,), np.int32)):
        made = room.array(shape, kind)
        assert made.shape == shape
        assert made.dtype == kind
        assert made.flags.c_contiguous
        made[...] = 5
    block = 4 * 3 * 256**2
    assert room.block(256).base.nbytes == block
    size = room.array((block + 1,), np.uint8).base.nbytes
    assert block < size <= 1.25 * (block + 1)


def test_threads_never_get_the_same_memory() -> None:
    room, wrong = Room(), []

    def work(number: int) -> None:
        for _ in range(400):
            blocks = [room.block(SIDE) for _ in range(3)]
            for k, block in enumerate(blocks):
                block[...] = 10 * number + k
            for k, block in enumerate(blocks):
                if not np.all(block == 10 * number + k):
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
