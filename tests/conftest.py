"""Seeded scenes that several tests draw."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# The same examples every time: what fails here fails for everyone, and what passes, passes again.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

# Numba's cache looks only at the file of a kernel, not at those of the kernels that it calls: a
# change there would be tested by yesterday's machine code. Each state of the sources has its own.
_ROOT = Path(__file__).parents[1]
_SOURCES = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(_ROOT.glob("src/**/*.py"))))
os.environ.setdefault("NUMBA_CACHE_DIR", str(_ROOT / ".numba_cache" / _SOURCES.hexdigest()[:16]))

# The dev group brings Intel's OpenCL, which no loader finds by itself: here it is one more beside
# those of the machine. Subprocesses inherit it.
_INTEL = Path(sys.prefix) / "lib" / "libintelocl.so"
if _INTEL.exists() and "OCL_ICD_VENDORS" not in os.environ:
    _DRIVERS = tempfile.TemporaryDirectory(prefix="smpengine-drivers-")
    for _file in Path("/etc/OpenCL/vendors").glob("*.icd"):
        (Path(_DRIVERS.name) / _file.name).symlink_to(_file)
    (Path(_DRIVERS.name) / "intel-of-the-dev-group.icd").write_text(f"{_INTEL}\n", "utf-8")
    os.environ["OCL_ICD_VENDORS"] = _DRIVERS.name

import smpengine as smp  # noqa: E402 - Numba reads its settings when it is imported

# per session: density per cm2, radius, depth, thickness (mm), absorption (1/mm)
STRONG = (
    (150, 0.10, 0.35, 0.12, 8.0),
    (250, 0.07, 0.20, 0.10, 80.0),
    (200, 0.055, 0.13, 0.08, 200.0),
)


def strong_impressions(width_mm: float, height_mm: float, seed: int = 1) -> smp.Impressions:
    """Scatter three sessions at random: no plan, no placement."""
    rng = np.random.default_rng(seed)
    columns: list[list[np.ndarray]] = [[] for _ in range(7)]
    for session, (density, radius, depth, thickness, mua) in enumerate(STRONG):
        n = int(density * width_mm * height_mm / 100)
        values = (
            rng.uniform(0, width_mm, n),
            rng.uniform(0, height_mm, n),
            np.maximum(rng.normal(depth, 0.04, n), thickness / 2),
            np.maximum(rng.normal(radius, 0.01, n), 0.02),
            np.full(n, thickness),
            mua * np.exp(0.25 * rng.normal(size=n)),
            np.full(n, session),
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return smp.Impressions(*(np.concatenate(column) for column in columns))


@pytest.fixture(scope="session")
def strong_scene() -> smp.Scene:
    return smp.Scene(smp.Skin("I-II"), strong_impressions(12.0, 9.0), (12.0, 9.0))


@functools.cache
def _opencl_devices() -> tuple[tuple[str, str], ...]:
    """Return each OpenCL device and what is wrong with its driver: PoCL 3.0 knows no newer CPU."""
    import pyopencl as cl

    from smpengine.raster.opencl_platform import find

    found = []
    for device in find():
        try:
            with warnings.catch_warnings(action="ignore", category=cl.CompilerWarning):
                cl.Program(cl.Context([device.handle]), "__kernel void nothing(void) {}").build()
            found.append((device.name, ""))
        except cl.Error as error:
            told = next((line for line in str(error).splitlines() if "error:" in line), str(error))
            found.append((device.name, f"{device.label} builds not even an empty kernel: {told}"))
    return tuple(found)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `opencl_device` on every device here."""
    if "opencl_device" in metafunc.fixturenames:
        cases = [
            pytest.param(name, marks=pytest.mark.skip(reason=wrong)) if wrong else name
            for name, wrong in _opencl_devices()
        ]
        metafunc.parametrize("opencl_device", cases)


@pytest.fixture(scope="session")
def opencl_devices() -> list[str]:
    """Return the names of the OpenCL devices that draw; without one, tests fail."""
    drawing = [name for name, wrong in _opencl_devices() if not wrong]
    assert drawing, "install the dev group: it brings an OpenCL that runs on the CPU"
    return drawing


@pytest.fixture(scope="session")
def opencl(opencl_devices: list[str]) -> str:
    """Return the name of an OpenCL device that draws."""
    return opencl_devices[0]
