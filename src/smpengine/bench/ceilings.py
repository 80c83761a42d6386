"""What this machine can do: measured in the same run as what is compared with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine import lanes
from smpengine.lanes import LANES, fma, splat
from smpengine.moves import fence, pointer, store_streamed
from smpengine.workers import Workers

_COPY_BYTES = 128 * 2**20  # a thread
_ROUNDS = 400_000
_L1_FLOATS = 4096  # 16 KiB


@dataclass(frozen=True)
class Ceilings:
    """Rates of all threads together.

    Attributes
    ----------
    copy_bytes_per_s
        Bytes read plus bytes written, by NumPy's copy.
    fill_bytes_per_s
        Written past the caches, into mapped pages.
    fma_per_s
        Float32 multiply-adds in registers.
    add_per_s
        Float32 multiply-adds onto memory that lies in L1: a load, an FMA and a store a vector.
    exp_per_s
        Float32 exponentials (`lanes.exp`).
    """

    copy_bytes_per_s: float
    fill_bytes_per_s: float
    fma_per_s: float
    add_per_s: float
    exp_per_s: float

    def describe(self) -> str:
        """Return the rates as text."""
        return (
            f"copy {self.copy_bytes_per_s / 1e9:.1f} GB/s, fill"
            f" {self.fill_bytes_per_s / 1e9:.1f} GB/s, FMA {self.fma_per_s / 1e9:.0f} G/s, add in"
            f" L1 {self.add_per_s / 1e9:.0f} G/s, exp {self.exp_per_s / 1e9:.1f} G/s"
        )


@dataclass(frozen=True)
class DeviceCeilings:
    """Rates of one device, by its own clock.

    Attributes
    ----------
    copy_bytes_per_s
        Bytes read plus bytes written, in its memory.
    fma_per_s, exp_per_s
        Float32 multiply-adds in registers; `exp`.
    upload_bytes_per_s, read_bytes_per_s
        From pageable host memory, and back.
    pinned_read_bytes_per_s
        Back into pinned host memory.
    launch_s
        Of an empty kernel, from the call until the host has seen its end.
    """

    copy_bytes_per_s: float
    fma_per_s: float
    exp_per_s: float
    upload_bytes_per_s: float
    read_bytes_per_s: float
    pinned_read_bytes_per_s: float
    launch_s: float

    def describe(self) -> str:
        """Return the rates as text."""
        return (
            f"copy {self.copy_bytes_per_s / 1e9:.1f} GB/s, FMA {self.fma_per_s / 1e9:.0f} G/s,"
            f" exp {self.exp_per_s / 1e9:.1f} G/s, upload {self.upload_bytes_per_s / 1e9:.1f} GB/s,"
            f" read {self.read_bytes_per_s / 1e9:.1f} GB/s"
            f" (pinned {self.pinned_read_bytes_per_s / 1e9:.1f}),"
            f" launch {self.launch_s * 1e6:.0f} us"
        )


def measure(threads: int, runs: int = 5) -> Ceilings:
    """Measure the machine, best of some runs: a ceiling is what can be reached."""
    workers = Workers(threads)
    source = [np.ones(_COPY_BYTES // 4, np.float32) for _ in range(threads)]
    target = [_aligned(_COPY_BYTES // 4) for _ in range(threads)]
    small = [_aligned(_L1_FLOATS) for _ in range(threads)]
    for room in small:
        room[...] = np.linspace(0.0, 1.0, _L1_FLOATS)

    def rate(amount: float, work: Callable[[int], object]) -> float:
        """Return the best rate of all threads doing `work` at once."""
        times = []

        def job(k: int, _: None) -> None:
            work(k)

        for _ in range(runs + 1):
            start = time.perf_counter()
            workers.each(threads, job, lambda: None)
            times.append(time.perf_counter() - start)
        return amount * threads / min(times[1:])

    vectors = _L1_FLOATS // LANES
    return Ceilings(
        rate(2.0 * _COPY_BYTES, lambda k: np.copyto(target[k], source[k])),
        rate(_COPY_BYTES, lambda k: _fill(target[k])),
        rate(8.0 * LANES * _ROUNDS * 10, lambda k: _fma(small[k], _ROUNDS * 10)),
        rate(LANES * vectors * (_ROUNDS // 40), lambda k: _add(small[k], _ROUNDS // 40)),
        rate(LANES * vectors * (_ROUNDS // 400), lambda k: _exp(small[k], _ROUNDS // 400)),
    )


def _aligned(count: int) -> NDArray[np.float32]:
    room = np.zeros(count + LANES, np.float32)
    skip = -room.ctypes.data % 64 // 4
    return room[skip : skip + count]


@njit(nogil=True, cache=True)
def _fill(target):
    for k in range(0, target.size, LANES):
        store_streamed(target, k, splat(0.5))
    fence()


@njit(nogil=True, cache=True)
def _fma(small, rounds):
    """Run eight chains: an FMA takes four cycles, and two start in each."""
    by, more = splat(np.float32(0.5)), splat(np.float32(0.25))
    a, b, c, d = (
        lanes.load(small, 0),
        lanes.load(small, 16),
        lanes.load(small, 32),
        lanes.load(small, 48),
    )
    e, f, g, h = (
        lanes.load(small, 64),
        lanes.load(small, 80),
        lanes.load(small, 96),
        lanes.load(small, 112),
    )
    for _ in range(rounds):
        a, b, c, d = fma(a, by, more), fma(b, by, more), fma(c, by, more), fma(d, by, more)
        e, f, g, h = fma(e, by, more), fma(f, by, more), fma(g, by, more), fma(h, by, more)
    lanes.store(small, 0, (a + b) + (c + d) + (e + f) + (g + h))


@njit(nogil=True, cache=True)
def _add(small, rounds):
    room = pointer(small)
    by = lanes.load(room, 0)
    for r in range(rounds):
        factor = splat(np.float32(r) * np.float32(1e-12))
        for k in range(0, small.size, LANES):
            lanes.store(room, k, fma(by, factor, lanes.load(room, k)))


@njit(nogil=True, cache=True)
def _exp(small, rounds):
    room = pointer(small)
    for _ in range(rounds):
        for k in range(0, small.size, LANES):
            lanes.store(room, k, lanes.exp(splat(0.0) - lanes.load(room, k)))
