"""`devices`: what can be used, each OpenCL device after a test of what it draws."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from smpengine.devices import OPENCL, Device, present
from smpengine.errors import DeviceError

_TOLERANCE = 5e-4  # of the largest peak, as every device is held to


def devices(self_test: bool = True) -> list[Device]:
    """Return the devices that can be used, the one that ``"auto"`` chooses first.

    Parameters
    ----------
    self_test
        Whether each OpenCL device draws a small scene and compares it with the reference; once in
        a process. The first time on a machine takes seconds, while its driver compiles.

    Returns
    -------
    list of Device
        Never empty. A device that failed its test has ``works`` False, and says why.
    """
    return [_tested(device) if self_test else device for device in present()]


def _tested(device: Device) -> Device:
    if not device.name.startswith(OPENCL):
        return device
    failure = _failure(device.name)
    return dataclasses.replace(device, works=not failure, failure=failure)


@functools.cache
def _failure(name: str) -> str:
    """Return what is wrong with a device; nothing if it draws as the reference does."""
    from smpengine.raster.api import rasterise

    rng = np.random.default_rng(1)
    x, y = rng.uniform(-8.0, 104.0, (2, 64))
    sigma = np.exp(rng.uniform(-0.5, 4.0, 64))
    peak = rng.uniform(0.0, 1.0, (64, 3))
    try:
        got = rasterise(x, y, sigma, peak, (96, 80), device=name)
        again = rasterise(x, y, sigma, peak, (96, 80), device=name)
    except DeviceError as error:
        return str(error)
    want = rasterise(x, y, sigma, peak, (96, 80), device="reference")
    worst = float(np.abs(got - want).max() / want.max())
    if not worst <= _TOLERANCE:
        return f"It draws wrong: off by {worst:.1e} of the maximum, {_TOLERANCE:g} is allowed."
    if not np.array_equal(got, again):
        return "It does not give the same bits twice."
    return ""
