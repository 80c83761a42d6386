"""What can render here, and which of it a caller asked for."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Final

from smpengine.errors import DeviceError, must

CPU: Final = "cpu"
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
        ``"cpu"`` (Numba) or ``"reference"`` (float64 NumPy, slow).
    description
        The hardware and what it is for.
    memory_bytes
        Memory of the device; None where the system does not tell.
    """

    name: str
    kind: str
    description: str
    memory_bytes: int | None


def devices() -> list[Device]:
    """Return the devices that can be used, the one that ``"auto"`` chooses first.

    Returns
    -------
    list of Device
        Never empty.
    """
    memory = physical_memory_bytes()
    processor = platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    return [
        Device(CPU, "cpu", f"Numba on {cores} cores of {processor}", memory),
        Device(REFERENCE, "reference", "float64 NumPy, slow: the oracle of the tests", memory),
    ]


def resolve(device: object) -> str:
    """Return the name of the device to use.

    Raises
    ------
    DeviceError
        The device does not exist here. Only ``"auto"`` chooses; nothing else falls back.
    """
    if device == AUTO:
        return devices()[0].name
    if device in (CPU, REFERENCE):
        return str(device)
    if isinstance(device, str) and (device == "opencl" or device.startswith("opencl:")):
        message = must(
            "device",
            "be one that this version has",
            repr(device),
            remedy="OpenCL is not available in this version of smpengine: no package brings it. "
            "Use device='cpu' or device='auto'.",
        )
        raise DeviceError(message)
    raise DeviceError(
        must(
            "device",
            "be 'auto', 'cpu' or 'reference'",
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
