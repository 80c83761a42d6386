"""`devices`: what can be used, each OpenCL device after a test of what it draws."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import OPENCL, Device, present
from smpengine.errors import DeviceError
from smpengine.impressions import Impressions
from smpengine.scene import Scene, Skin

_TOLERANCE = 5e-4  # of the largest peak, as every device is held to
# of each picture: output, px/mm, and how far it may be off
_PICTURES = (("linear", 40.0, 2e-4), ("srgb8", 40.0, 1.0), ("srgb16", 9.0, 40.0))
_CROWD = 40_000
_Array = NDArray[np.float64]
_Columns = tuple[_Array, _Array, _Array, _Array]


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

    for scene, (columns, shape) in _scenes().items():
        try:
            got = rasterise(*columns, shape, device=name)
            again = rasterise(*columns, shape, device=name)
        except DeviceError as error:
            return str(error)
        want = rasterise(*columns, shape, device="reference")
        worst = float(np.abs(got - want).max() / want.max())
        if not worst <= _TOLERANCE:
            return (
                f"It draws {scene} wrong: off by {worst:.1e} of the maximum, {_TOLERANCE:g} is "
                "allowed. Update its driver."
            )
        if not np.array_equal(got, again):
            return f"It does not give the same bits twice for {scene}."
    return _failure_of_pictures(name)


def _failure_of_pictures(name: str) -> str:
    """Return what is wrong with a device's pictures: impressions, discs, crowding, subpixels."""
    from smpengine.render import render

    scene = _scene()
    for output, px_per_mm, allowed in _PICTURES:
        try:
            got = render(scene, px_per_mm, output=output, device=name).astype(np.float64)
        except DeviceError as error:
            return str(error)
        want = render(scene, px_per_mm, output=output, device="reference")
        worst = float(np.abs(got - want).max())
        if not worst <= allowed:
            return (
                f"It renders {output} at {px_per_mm:g} px/mm wrong: off by {worst:.2g}, "
                f"{allowed:g} is allowed. Update its driver."
            )
    return ""


def _scene() -> Scene:
    """Return a treatment of 3 x 2.5 mm: dots small and large, shallow and deep, weak and strong."""
    rng = np.random.default_rng(2)
    n = 48
    x, y = rng.uniform(-0.2, 3.2, n), rng.uniform(-0.2, 2.7, n)
    depth, radius = rng.uniform(0.08, 0.9, n), rng.uniform(0.02, 0.2, n)
    mua = np.exp(rng.uniform(0.0, 5.0, (n, 3)))
    return Scene(Skin("III-IV"), Impressions(x, y, depth, radius, 0.08, mua), (3.0, 2.5))


def _scenes() -> dict[str, tuple[_Columns, tuple[int, int]]]:
    """Return what a device has to draw, by name.

    A crowd: some drivers end loops early. Mesa's llvmpipe 22.3 does after 65,535 turns, unsaid.
    """
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-8.0, 104.0, (2, 64))
    levels = x, y, np.exp(rng.uniform(-0.5, 4.0, 64)), rng.uniform(0.0, 1.0, (64, 3))
    x, y = rng.uniform(0.0, 32.0, (2, _CROWD))
    crowd = x, y, np.full(_CROWD, 0.4), rng.uniform(0.0, 1.0, (_CROWD, 1))
    return {"splats of all sizes": (levels, (96, 80)), "a crowd in one tile": (crowd, (32, 32))}
