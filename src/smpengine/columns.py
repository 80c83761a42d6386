"""Columns of numbers, checked at the door: what `Impressions` and `Hairs` are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import SceneError, must

Float64Array = NDArray[np.float64]


def numeric(name: str, value: ArrayLike) -> Float64Array:
    """Turn a value into a float64 array, or say what it was."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise SceneError(must(name, "be numbers of one shape", "a ragged sequence")) from error
    if array.dtype.kind not in "fiu":
        raise SceneError(must(name, "be real numbers", f"dtype {array.dtype}"))
    return array.astype(np.float64)


def column(name: str, value: ArrayLike, n: int | None) -> Float64Array:
    """Return an (n,) float64 copy; a scalar broadcasts unless the column sets the length."""
    array = numeric(name, value)
    if array.ndim == 0:
        return np.full(1 if n is None else n, array)
    if array.ndim != 1:
        raise SceneError(must(name, "have shape (n,)", f"shape {array.shape}"))
    if n is not None and array.shape[0] != n:
        message = must(name, f"have {n} rows as x_mm has", f"{array.shape[0]} rows")
        raise SceneError(message)
    return array


def check_rows(
    name: str, value: Float64Array, good: NDArray[np.bool_], rule: str, remedy: str = ""
) -> None:
    """Raise for the first row whose value is not good; NaN compares as bad."""
    rows = good.all(axis=1) if good.ndim == 2 else good
    if rows.all():
        return
    row = int(np.argmin(rows))
    count = int(rows.size - np.count_nonzero(rows))
    where = f"row {row}" + (f" (and {count - 1} more rows)" if count > 1 else "")
    got = value[row].tolist()
    raise SceneError(must(name, rule, got, where, remedy))


def check_range(
    name: str, value: Float64Array, least: float, most: float, rule: str, remedy: str = ""
) -> None:
    """Raise as `check_rows` does for values that are not from `least` to `most`, both included.

    The smallest and the largest are looked at first, which takes no memory; NaN is both.
    """
    if value.size and least <= value.min() and value.max() <= most:
        return
    check_rows(name, value, (value >= least) & (value <= most), rule, remedy)


def frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array that can no longer be written to."""
    array.setflags(write=False)
    return array
