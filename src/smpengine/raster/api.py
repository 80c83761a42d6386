"""`rasterise`: Gaussians in, their sum out; checked at the door, on any device."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.devices import CPU, REFERENCE, physical_memory_bytes, resolve
from smpengine.errors import DeviceError, InputError, must
from smpengine.raster.splats import MAX_SIGMA_PX, Gaussians, PixelWindow
from smpengine.workers import Cancel, Progress, Workers, thread_count

_MAX_PX = 2**28  # of origin and shape each: device positions end at 2**30


def rasterise(
    x_px: ArrayLike,
    y_px: ArrayLike,
    sigma_px: ArrayLike,
    peak: ArrayLike,
    shape: tuple[int, int],
    origin_px: tuple[int, int] = (0, 0),
    device: str = "auto",
    out: NDArray[np.float32] | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> NDArray[np.float32]:
    """Add up isotropic Gaussians on a pixel grid.

    A(j, i, b) = sum_n peak[n, b] exp(-((i + 0.5 - x_n)^2 + (j + 0.5 - y_n)^2) / (2 sigma_n^2)),
    sampled at pixel centres.

    Parameters
    ----------
    x_px, y_px
        Centres, (n,), float32 or float64, pixels; n may be 0.
    sigma_px
        Standard deviations, (n,), over 0 and under 1e12, pixels. The mass is right to 0.1 % from
        0.7 px on.
    peak
        Values at the centres, (n, bands), or (n,) for one band.
    shape
        (height, width) of the result.
    origin_px
        (row, column) of its first pixel. The result equals the crop of a larger call, bit for bit.
    device
        "auto", "cpu", "reference", "opencl" or "opencl:<platform>.<index>".
    out
        Float32 (height, width, bands), C order, to write into.
    threads, progress, cancel
        Number of threads; ``progress(done, total)``; ``cancel()`` returns true to stop.

    Returns
    -------
    ndarray
        Float32 (height, width, bands), C order; `out` if it was given.

    Raises
    ------
    InputError
        A column, the shape, the origin or `out` cannot be used.
    DeviceError
        The device is not available.
    Cancelled
        `cancel` returned true.
    """
    name = resolve(device)
    workers = Workers(thread_count(threads), cancel, progress)
    gaussians = _gaussians(x_px, y_px, sigma_px, peak)
    height, width = _pair("shape", shape, 1, _MAX_PX)
    row0, col0 = _pair("origin_px", origin_px, -_MAX_PX, _MAX_PX)
    window = PixelWindow(row0, col0, height, width)
    image = output_array(out, (height, width, gaussians.peak.shape[1]), np.dtype(np.float32))
    if name == REFERENCE:
        from smpengine.raster.reference import draw_gaussians

        _check(gaussians)
        workers.total = 1
        image[...] = draw_gaussians(gaussians, window)
        workers.finished(1)
        return image
    from smpengine.raster.place import NotDrawableError

    try:
        if name == CPU:
            from smpengine.raster import cpu

            cpu.rasterise(gaussians, window, image, workers, mapped=out is not None)
        else:
            from smpengine.raster import opencl
            from smpengine.raster.opencl_engine import engine_for

            opencl.rasterise(gaussians, window, image, engine_for(name), workers)
    except NotDrawableError as error:
        _check(gaussians)
        message = f"{name} takes values for unsound that are sound. Update its driver."
        raise DeviceError(message) from error
    return image


def output_array(
    out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return `out` if it fits, or a new array.

    Raises
    ------
    InputError
        `out` has another shape, dtype or order, or the array is larger than the memory.
    """
    if out is not None:
        if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype:
            shown = getattr(out, "shape", type(out).__name__), str(getattr(out, "dtype", ""))
            raise InputError(must("out", f"be {dtype} of shape {shape}", shown))
        if not (out.flags.c_contiguous and out.flags.writeable):
            raise InputError(must("out", "be writable and in C order", "another layout"))
        return out
    needed = math.prod(shape) * dtype.itemsize
    memory = physical_memory_bytes()
    remedy = "Render it in windows, or at fewer pixels per mm."
    if memory is not None and needed > memory:
        got = f"{needed / 1e9:.1f} GB for shape {shape}"
        rule = f"fit in the memory of {memory / 1e9:.1f} GB"
        raise InputError(must("the picture", rule, got, remedy=remedy))
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:
        message = must("the picture", "fit in memory", f"shape {shape}", remedy=remedy)
        raise InputError(message) from error


def _gaussians(x_px: ArrayLike, y_px: ArrayLike, sigma_px: ArrayLike, peak: ArrayLike) -> Gaussians:
    """Return the columns if their shapes and dtypes will do; what is in them is not looked at."""
    x = _column("x_px", x_px, np.dtype(np.float64), None)
    n = x.shape[0]
    y = _column("y_px", y_px, np.dtype(np.float64), n)
    sigma = _column("sigma_px", sigma_px, np.dtype(np.float32), n)
    values = np.asarray(peak)
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or values.shape[0] != n:
        got = f"dtype {values.dtype}, shape {values.shape}"
        raise InputError(must("peak", f"be numbers of shape ({n}, bands)", got))
    if values.ndim == 2 and values.shape[1] == 0:
        raise InputError(must("peak", "have at least one band", f"shape {values.shape}"))
    bands = values.shape[1] if values.ndim == 2 else 1
    values = np.ascontiguousarray(values.reshape(n, bands), np.float32)
    return Gaussians(x, y, sigma, values)


def _column(name: str, value: ArrayLike, dtype: np.dtype[Any], n: int | None) -> NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.ndim != 1:
        got = f"dtype {array.dtype}, shape {array.shape}"
        raise InputError(must(name, "be real numbers of shape (n,)", got))
    if n is not None and array.shape[0] != n:
        raise InputError(must(name, f"have {n} rows as x_px has", f"{array.shape[0]} rows"))
    return np.ascontiguousarray(array, dtype)


def _check(gaussians: Gaussians) -> None:
    """Raise what names the first value that cannot be drawn."""
    infinite = (-np.inf, np.inf, "be finite")
    widest = f"be under {MAX_SIGMA_PX:g}"
    for name, values, (above, below, must_be) in (
        ("x_px", gaussians.x_px, infinite),
        ("y_px", gaussians.y_px, infinite),
        ("sigma_px", gaussians.sigma_px, infinite),
        ("sigma_px", gaussians.sigma_px, (0.0, np.inf, "be over 0")),
        ("sigma_px", gaussians.sigma_px, (0.0, MAX_SIGMA_PX, widest)),
        ("peak", gaussians.peak.reshape(-1), infinite),
    ):
        bad = np.flatnonzero(~((values > above) & (values < below)))
        if bad.size:
            row = int(bad[0]) * len(gaussians.x_px) // values.size
            raise InputError(must(name, must_be, float(values[bad[0]]), f"row {row}"))


def _pair(name: str, value: object, low: int, high: int) -> tuple[int, int]:
    try:
        pair = [operator.index(part) for part in value]  # type: ignore[attr-defined]
        first, second = pair
    except (TypeError, ValueError) as error:
        raise InputError(must(name, "be two whole numbers", repr(value))) from error
    if not (low <= first <= high and low <= second <= high):
        raise InputError(must(name, f"be {low} to {high}", repr(value)))
    return first, second
