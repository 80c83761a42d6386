"""Which OpenCL devices there are, and which one a name means; nothing is built or run here."""

from __future__ import annotations

import ctypes
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smpengine.errors import DeviceError

INSTALL: Final = (
    "Install the driver of your GPU, which brings OpenCL, or `pip install 'smpengine[pocl]'` "
    "for OpenCL on the CPU; or use device='cpu'."
)
_VENDORS: Final = "/etc/OpenCL/vendors"


@dataclass(frozen=True)
class Found:
    """An OpenCL device.

    Attributes
    ----------
    name
        ``"opencl:<platform>.<index>"``.
    handle
        pyopencl's device.
    is_gpu
        Whether it is a GPU or another accelerator, and not a processor that also runs Python.
    label, driver
        What the device and its platform call themselves.
    memory_bytes, max_alloc_bytes, local_bytes, max_work_group
        Its limits.
    """

    name: str
    handle: Any
    is_gpu: bool
    label: str
    driver: str
    memory_bytes: int
    max_alloc_bytes: int
    local_bytes: int
    max_work_group: int


@functools.cache
def find() -> tuple[Found, ...]:
    """Return the OpenCL devices of this machine; none without pyopencl or without a driver."""
    try:
        import pyopencl as cl
    except ImportError:
        return ()
    try:
        platforms = cl.get_platforms()
    except cl.Error:  # the loader found no driver
        return ()
    found = []
    for p, platform in enumerate(platforms):
        try:
            handles = platform.get_devices()
        except cl.Error:  # a platform without a device
            continue
        found += [_describe(f"opencl:{p}.{i}", platform, h, cl) for i, h in enumerate(handles)]
    return tuple(found)


def _describe(name: str, platform: Any, handle: Any, cl: Any) -> Found:
    return Found(
        name,
        handle,
        not handle.type & cl.device_type.CPU,
        f"{handle.name.strip()} ({platform.name.strip()})",
        f"{handle.version.strip()}, driver {handle.driver_version.strip()}",
        int(handle.global_mem_size),
        int(handle.max_mem_alloc_size),
        int(handle.local_mem_size),
        int(handle.max_work_group_size),
    )


def first_gpu() -> str | None:
    """Return the name of the first GPU; None if there is none."""
    return next((found.name for found in find() if found.is_gpu), None)


def device_named(name: str) -> Found:
    """Return the device that `name` means; "opencl" is the first GPU, or else the first device.

    Raises
    ------
    DeviceError
        There is none.
    """
    everything = find()
    if not everything:
        raise DeviceError(f"device must be one that is here, got {name!r}. {_why_none()} {INSTALL}")
    if name == "opencl":
        return next((found for found in everything if found.is_gpu), everything[0])
    for found in everything:
        if found.name == name:
            return found
    names = ", ".join(f"{found.name} {found.label}" for found in everything)
    raise DeviceError(f"device must be one that is here, got {name!r}. There are: {names}.")


def _why_none() -> str:
    try:
        import pyopencl  # noqa: F401
    except ImportError as error:
        return f"pyopencl cannot be imported ({error})."
    broken = unloadable_drivers()
    if broken:
        return f"OpenCL found no driver that works: {'; '.join(broken)}."
    return "OpenCL found no driver on this machine."


def unloadable_drivers() -> list[str]:
    """Return a line for each registered driver that cannot be loaded: the loader is silent."""
    registered = Path(os.environ.get("OCL_ICD_VENDORS", _VENDORS))
    files = sorted(registered.glob("*.icd")) if registered.is_dir() else [registered]
    lines = []
    for file in files:
        if file.suffix != ".icd" or not file.is_file():
            continue
        try:
            library = file.read_text(encoding="utf-8").strip()
            ctypes.CDLL(library)
        except (OSError, UnicodeDecodeError) as error:
            lines.append(f"{file}: {error}")
    return lines
