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


def find() -> tuple[Found, ...]:
    """Return the OpenCL devices of this machine; none without pyopencl or without a driver."""
    return _survey()[0]


def unusable() -> list[str]:
    """Return a line for each driver that gives no device, or not what is to be known of one."""
    return [*unloadable_drivers(), *_survey()[1]]


@functools.cache
def _survey() -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Return the devices, and what is wrong with platforms and devices that are not among them."""
    try:
        import pyopencl as cl
    except ImportError:
        return (), ()
    try:
        platforms = cl.get_platforms()
    except cl.Error as error:
        # What the loader says where no driver is registered.
        none = "PLATFORM_NOT_FOUND" in str(error)
        return (), () if none else (f"OpenCL's loader: {error}",)
    found: list[Found] = []
    wrong: list[str] = []
    for p, platform in enumerate(platforms):
        try:
            handles = platform.get_devices()
        except cl.Error as error:  # DEVICE_NOT_FOUND: a GPU's driver without its GPU
            wrong.append(f"opencl:{p} ({platform.name.strip()}) gives no device: {error}")
            continue
        for i, handle in enumerate(handles):
            name = f"opencl:{p}.{i}"
            try:
                found.append(_describe(name, platform, handle, cl))
            except cl.Error as error:
                wrong.append(f"{name} ({platform.name.strip()}) cannot be asked: {error}")
    return tuple(found), tuple(wrong)


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
    failed = "".join(f" {line}." for line in unusable())
    raise DeviceError(f"device must be one that is here, got {name!r}. There are: {names}.{failed}")


def _why_none() -> str:
    try:
        import pyopencl  # noqa: F401
    except ImportError as error:
        return f"pyopencl cannot be imported ({error})."
    broken = unusable()
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
