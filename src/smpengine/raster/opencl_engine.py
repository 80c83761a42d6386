"""One OpenCL device at work: its context, queues, programs and scratch memory.

An engine serves one call at a time, behind a lock; engines of several devices work side by side.
"""

from __future__ import annotations

import functools
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import numpy as np
import pyopencl as cl
from numpy.typing import NDArray

from smpengine.errors import DeviceError
from smpengine.raster.opencl_memory import Memory, TooLargeError, out_of_resources
from smpengine.raster.opencl_platform import Found, device_named
from smpengine.raster.opencl_source import (
    BATCH,
    MOST_CHANNELS,
    TILE,
    Number,
    Shape,
    local_bytes,
    options_for,
    shape_for,
    source_of,
)
from smpengine.raster.opencl_work import Work

_LINE: Final = 64
UPLOAD, READ, READ_PINNED = TRANSFERS = ("upload", "read back", "read back, pinned")
"""Stages that are no kernels."""
LIMIT_WORK_GROUP: Final = "SMPENGINE_OPENCL_WORK_GROUP"
LIMIT_LOCAL_BYTES: Final = "SMPENGINE_OPENCL_LOCAL_BYTES"
LIMIT_MEMORY_BYTES: Final = "SMPENGINE_OPENCL_MEMORY_BYTES"
"""Environment variables that make a device look smaller than it is, to try what it would do."""


@functools.cache
def _locked_engines() -> tuple[threading.Lock, dict[str, Engine]]:
    return threading.Lock(), {}


def engine_for(name: str) -> Engine:
    """Return the engine of a device, made at its first use.

    Raises
    ------
    DeviceError
        There is no such device, or it is too small.
    """
    found = device_named(name)
    lock, engines = _locked_engines()
    with lock:
        if found.name not in engines:
            engines[found.name] = Engine(found)
        return engines[found.name]


def forget(engine: Engine) -> None:
    """Let the next call make a new engine: this one's device failed."""
    lock, engines = _locked_engines()
    with lock:
        if engines.get(engine.found.name) is engine:
            del engines[engine.found.name]


class Engine:
    """A device's context, queues, programs and scratch; see `session`."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.max_work_group = _limited(LIMIT_WORK_GROUP, min(found.max_work_group, 256))
        memory_bytes = _limited(LIMIT_MEMORY_BYTES, found.memory_bytes)
        local = _limited(LIMIT_LOCAL_BYTES, found.local_bytes)
        needed = local_bytes(MOST_CHANNELS, shape_for(MOST_CHANNELS, self.max_work_group))
        if self.max_work_group < 2 * TILE or local < needed:
            raise DeviceError(
                f"{found.name} ({found.label}) is too small: work-groups of {self.max_work_group} "
                f"and {local} bytes of local memory, {2 * TILE} and {needed} are needed "
                f"(BATCH {BATCH}). Use another device; `smpengine devices` lists them."
            )
        try:
            self.context = cl.Context([found.handle])
            profiling = cl.command_queue_properties.PROFILING_ENABLE
            self.queue = cl.CommandQueue(self.context, properties=profiling)
            self.transfers = cl.CommandQueue(self.context, properties=profiling)
            self._programs: dict[Any, dict[str, Any]] = {}
            self.lean = found.is_gpu and self._wave() >= 64
        except cl.Error as error:
            raise DeviceError(f"{found.name} ({found.label}) cannot be opened: {error}.") from error
        most = min(found.max_alloc_bytes, memory_bytes // 2)
        self.memory = Memory(self.context, self.queue, memory_bytes, most)
        self.lock = threading.RLock()
        self.lost = False
        self.trace: list[tuple[str, str, Any]] | None = None
        self.work: dict[str, Work] | None = None

    @property
    def memory_bytes(self) -> int:
        """Memory of the device."""
        return self.memory.total_bytes

    @property
    def max_alloc_bytes(self) -> int:
        """The most that it gives at once."""
        return self.memory.max_alloc_bytes

    def _wave(self) -> int:
        """Return how many work-items go in step."""
        info = cl.kernel_work_group_info.PREFERRED_WORK_GROUP_SIZE_MULTIPLE
        kernel = self.kernel("scan", "scan_add")
        return int(kernel.get_work_group_info(info, self.found.handle))

    def shape_for(self, channels: int) -> Shape:
        """Return the shape of drawing kernels here."""
        return shape_for(channels, self.max_work_group, self.lean)

    @contextmanager
    def session(self) -> Iterator[Engine]:
        """Use the device alone; what OpenCL raises becomes a DeviceError, and the next call works.

        Raises
        ------
        DeviceError
            Out of memory, a lost device.
        """
        with self.lock:
            try:
                self.memory.begin_call()
                yield self
                self.memory.trim()
            except (cl.MemoryError, TooLargeError) as error:
                self._abandon()
                raise DeviceError(
                    f"{self.found.name} ({self.found.label}) is out of memory: {error}. "
                    "Close what else uses it, render in windows, or use device='cpu'."
                ) from error
            except cl.Error as error:
                self.lost = True
                self._abandon()
                forget(self)
                why = "ran out of memory or failed" if out_of_resources(error) else "failed"
                raise DeviceError(
                    f"{self.found.name} ({self.found.label}) {why}: {error}. The next call opens "
                    "it anew; use device='cpu' if it fails again."
                ) from error
            except BaseException:  # Ctrl-C too
                self._settle()
                raise

    def _settle(self) -> None:
        """Wait until nothing writes into the caller's arrays any more."""
        for queue in (self.queue, self.transfers):
            with suppress(cl.Error):  # a lost device has nothing left to do
                queue.finish()

    def _abandon(self) -> None:
        """Give up after an error, which must not be hidden by what comes of giving up."""
        self._settle()
        try:
            self.release()
        except cl.Error:
            self.memory.forget()

    def kernel(self, program: str, name: str, extra: Mapping[str, Number] | None = None) -> Any:
        """Return a kernel; its program is built at its first use.

        Raises
        ------
        DeviceError
            The driver's compiler refused the program; its log is in the message.
        """
        key = (program, tuple(sorted((extra or {}).items())))
        kernels = self._programs.get(key)
        if kernels is None:
            try:
                with warnings.catch_warnings():  # some drivers say how well it went
                    warnings.simplefilter("ignore", cl.CompilerWarning)
                    source = cl.Program(self.context, source_of(program))
                    built = source.build(options_for(extra or {}))
            except cl.Error as error:
                raise DeviceError(
                    f"The driver of {self.found.name} ({self.found.label}) could not build the "
                    f"kernels of {program!r}: {_log_of(error)}. Update the driver, use another "
                    "device (`smpengine devices` lists them) or device='cpu'."
                ) from error
            kernels = {kernel.function_name: kernel for kernel in built.all_kernels()}
            self._programs[key] = kernels
        return kernels[name]

    def run(self, stage: str, kernel: Any, size: tuple[int, ...], group: Any, *args: Any) -> Any:
        """Enqueue a kernel and return its event; `size` is in work-items."""
        kernel.set_args(*args)
        event = cl.enqueue_nd_range_kernel(self.queue, kernel, size, group)
        if self.trace is not None:
            self.trace.append((stage, kernel.function_name, event))
        return event

    def run_each(self, stage: str, kernel: Any, count: int, *args: Any) -> Any:
        """Enqueue a kernel over `count` work-items, those that fill the last group idle."""
        return self.run(stage, kernel, (-(-max(count, 1) // _LINE) * _LINE,), (_LINE,), *args)

    def note(self, stage: str, more: Work) -> None:
        """Count what a stage moves and computes, if that is asked for."""
        if self.work is not None:
            self.work.setdefault(stage, Work()).add(more)

    def scratch(self, name: str, nbytes: int) -> Any:
        """Return memory of a name, of at least so many bytes, for a block; see `Memory.scratch`."""
        return self.memory.scratch(name, nbytes)

    def upload(self, array: NDArray[Any], name: str | None = None) -> Any:
        """Return a buffer that holds an array: scratch of that name, or the caller's own."""
        array = np.ascontiguousarray(array)
        if array.nbytes > self.max_alloc_bytes:
            raise DeviceError(
                f"{self.found.name} ({self.found.label}) takes {self.max_alloc_bytes / 1e9:.1f} GB "
                f"at once, a column holds {array.nbytes / 1e9:.1f}. Use device='cpu', or divide it."
            )
        if name is not None:
            buffer = self.memory.scratch(name, array.nbytes, column=True)
        else:
            buffer = cl.Buffer(self.context, cl.mem_flags.READ_ONLY, max(array.nbytes, _LINE))
        if array.nbytes:
            self.note(UPLOAD, Work(array.nbytes))
            self._traced(UPLOAD, cl.enqueue_copy(self.queue, buffer, array, is_blocking=True))
        return buffer

    def fill_zero(self, buffer: Any, nbytes: int) -> Any:
        """Set the first bytes of a buffer to zero; returns the event."""
        return self.fill(buffer, nbytes, np.uint32(0))

    def fill(self, buffer: Any, nbytes: int, value: Any) -> Any:
        """Set the first bytes of a buffer to a value of four bytes; returns the event."""
        return cl.enqueue_fill_buffer(self.queue, buffer, value, 0, nbytes)

    def fetch(self, buffer: Any, array: NDArray[Any]) -> NDArray[Any]:
        """Read a few numbers, and wait for them."""
        cl.enqueue_copy(self.queue, array, buffer, is_blocking=True)
        return array

    def read_later(self, buffer: Any, array: NDArray[Any], after: Any) -> Any:
        """Begin to read a buffer into pinned memory once an event is over; returns an event."""
        self.queue.flush()
        event = cl.enqueue_copy(self.transfers, array, buffer, is_blocking=False, wait_for=[after])
        self.transfers.flush()
        self.note(READ_PINNED, Work(array.nbytes))
        self._traced(READ_PINNED, event)
        return event

    def read_now(self, buffer: Any, target: NDArray[Any]) -> None:
        """Read the start of a buffer into a dense array, and wait for it."""
        self.note(READ, Work(target.nbytes))
        self._traced(READ, cl.enqueue_copy(self.queue, target, buffer, is_blocking=True))

    def release(self) -> None:
        """Give all scratch memory back."""
        self.memory.release()

    def _traced(self, stage: str, event: Any) -> None:
        if self.trace is not None:
            self.trace.append((stage, stage, event))


def _log_of(error: Exception) -> str:
    """Return what a driver's compiler said, without what pyopencl says around it."""
    around = ("clBuildProgram", "Build on <", "(options:", "(source saved")
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(around)]
    return "; ".join(said).rstrip(".") or str(error).rstrip(".")


def _limited(variable: str, value: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return value
    try:
        return min(int(text), value)
    except ValueError as error:
        raise DeviceError(f"{variable} must be a whole number, got {text!r}.") from error
