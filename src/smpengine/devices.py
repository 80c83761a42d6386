"""What can render here, and which of it a caller asked for."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from typing import Final

from smpengine.errors import DeviceError, must
from smpengine.raster.opencl_platform import Found, device_named, find, first_gpu

CPU: Final = "cpu"
OPENCL: Final = "opencl"
OPENCL_GPU: Final = "opencl-gpu"
OPENCL_CPU: Final = "opencl-cpu"
REFERENCE: Final = "reference"
AUTO: Final = "auto"


@dataclass(frozen=True)
class Device:
    """A device that `render` and `rasterise` accept.

    Attributes
    ----------
    name
        What to pass as ``device=``.
    kind
        ``"cpu"`` (Numba), ``"reference"`` (float64 NumPy, slow), ``"opencl-gpu"`` or
        ``"opencl-cpu"``.
    description
        The hardware and what it is for.
    memory_bytes
        Memory of the device; None where the system does not tell.
    driver
        Of an OpenCL device: its version of OpenCL and its driver.
    limits
        Of an OpenCL device: ``max_alloc_bytes``, ``local_bytes``, ``max_work_group``.
    works
        Of an OpenCL device: whether it passed its self-test; None where none was made.
    failure
        What the self-test said; empty where it passed.
    """

    name: str
    kind: str
    description: str
    memory_bytes: int | None
    driver: str = ""
    limits: dict[str, int] = field(default_factory=dict)
    works: bool | None = None
    failure: str = ""


def present() -> list[Device]:
    """Return the devices that are here, the one that ``"auto"`` chooses first; none is tested."""
    memory = physical_memory_bytes()
    processor = platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    own = [
        Device(CPU, "cpu", f"Numba on {cores} cores of {processor}", memory),
        Device(REFERENCE, "reference", "float64 NumPy, slow: the oracle of the tests", memory),
    ]
    found = [_opencl_device(each) for each in find()]
    gpus = [device for device in found if device.kind == OPENCL_GPU]
    return [*gpus, *own, *(device for device in found if device.kind != OPENCL_GPU)]


def _opencl_device(found: Found) -> Device:
    limits = {
        "max_alloc_bytes": found.max_alloc_bytes,
        "local_bytes": found.local_bytes,
        "max_work_group": found.max_work_group,
    }
    kind = OPENCL_GPU if found.is_gpu else OPENCL_CPU
    return Device(found.name, kind, found.label, found.memory_bytes, found.driver, limits)


def resolve(device: object) -> str:
    """Return the name of the device to use.

    Raises
    ------
    DeviceError
        The device does not exist here. Only ``"auto"`` chooses, a GPU or else the CPU by Numba;
        nothing else falls back.
    """
    if device == AUTO:
        return first_gpu() or CPU
    if device in (CPU, REFERENCE):
        return str(device)
    if isinstance(device, str) and (device == OPENCL or device.startswith(f"{OPENCL}:")):
        return device_named(device).name
    raise DeviceError(
        must(
            "device",
            "be 'auto', 'cpu', 'reference', 'opencl' or 'opencl:<platform>.<index>'",
            repr(device),
            remedy="`smpengine devices` lists what can be used.",
        )
    )


def physical_memory_bytes() -> int | None:
    """Return the memory of this machine; None where the system does not tell."""
    try:
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # not POSIX, or not told
        return None
