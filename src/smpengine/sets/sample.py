"""Axes that are distributions, sampled together: Latin hypercube, Sobol, or independent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.sets.schema import AxisTable

DISTRIBUTIONS = ("uniform", "loguniform", "normal", "choice")


def is_sampled(axis: AxisTable) -> bool:
    """Tell whether an axis is a distribution."""
    return any(getattr(axis, name) is not None for name in DISTRIBUTIONS)


def design(method: str, count: int, axes: int, seed: int) -> NDArray[np.float64]:
    """Return (count, axes) numbers from 0 to 1.

    Parameters
    ----------
    method
        "lhs": each axis has one number in each of `count` equal strata. "sobol": a scrambled Sobol
        sequence, balanced where `count` is a power of two. "random": independent.
    count, axes
        How many.
    seed
        Same seed, same numbers.

    Notes
    -----
    scipy.stats.qmc. Sobol: S. Joe, F. Y. Kuo, "Constructing Sobol sequences with better
    two-dimensional projections", SIAM J. Sci. Comput. 30 (2008).
    """
    random = np.random.default_rng(seed)
    if axes == 0 or count == 0:
        return np.zeros((count, axes))
    if method == "random":
        return random.random((count, axes))
    from scipy.stats import qmc

    if method == "lhs":
        numbers: NDArray[np.float64] = qmc.LatinHypercube(axes, seed=random).random(count)
        return numbers
    # The first of a longer sequence: SciPy warns of others, which are as good as they can be.
    longer: NDArray[np.float64] = qmc.Sobol(axes, seed=random).random_base2(
        max(count - 1, 0).bit_length()
    )
    return longer[:count]


def check_distribution(axis: AxisTable) -> None:
    """Refuse bounds and weights that no number can be drawn from.

    Raises
    ------
    InputError
        Naming them.
    """
    for name in ("uniform", "loguniform"):
        bounds = getattr(axis, name)
        if bounds is not None and not bounds.low < bounds.high:
            got = f"{bounds.low:g} and {bounds.high:g}"
            raise InputError(must(f"{name}.low", "be under high", got))
    if axis.normal is not None:
        low, high = _cut(axis)
        if not low < high:
            got = f"low = {axis.normal.low} and high = {axis.normal.high}"
            raise InputError(must("normal", "have room between its bounds", got))
    if axis.choice is not None and axis.choice.weights is not None:
        weights, values = axis.choice.weights, axis.choice.values
        if len(weights) != len(values):
            got = f"{len(weights)} for {len(values)} values"
            raise InputError(must("choice.weights", "be one for each value", got))
        if not sum(weights) > 0.0:
            raise InputError(must("choice.weights", "not all be 0", weights))
    numeric = axis.choice is None or all(
        isinstance(value, int | float) for value in axis.choice.values
    )
    if axis.whole and not numeric:
        raise InputError(must("whole", "be of numbers", "words"))


def values_of(axis: AxisTable, u: NDArray[np.float64]) -> list[Any]:
    """Return what an axis is at numbers from 0 to 1, by its inverse distribution."""
    if axis.choice is not None:
        weights = axis.choice.weights or [1.0] * len(axis.choice.values)
        edges = np.cumsum(weights) / sum(weights)
        index = np.minimum(np.searchsorted(edges, u, side="right"), len(edges) - 1)
        return [axis.choice.values[k] for k in index]
    numbers = _numbers(axis, u)
    if axis.whole:
        return [int(value) for value in np.rint(numbers)]
    return [float(value) for value in numbers]


def _numbers(axis: AxisTable, u: NDArray[np.float64]) -> NDArray[np.float64]:
    if axis.uniform is not None:
        low, high = axis.uniform.low, axis.uniform.high
        return np.minimum(low + (high - low) * u, high)
    if axis.loguniform is not None:
        low, high = axis.loguniform.low, axis.loguniform.high
        return np.clip(low * np.exp(u * math.log(high / low)), low, high)
    assert axis.normal is not None
    from scipy.special import ndtri

    below, above = _cut(axis)
    # An open interval: at 0 and 1 a normal distribution is infinite.
    share = np.clip(below + (above - below) * u, 1e-15, 1.0 - 1e-15)
    drawn: NDArray[np.float64] = axis.normal.mean + axis.normal.sd * ndtri(share)
    low = -math.inf if axis.normal.low is None else axis.normal.low
    high = math.inf if axis.normal.high is None else axis.normal.high
    return np.clip(drawn, low, high)


def _cut(axis: AxisTable) -> tuple[float, float]:
    """Return the shares of a normal distribution that are below its bounds."""
    from scipy.special import ndtr

    table = axis.normal
    assert table is not None
    low = 0.0 if table.low is None else float(ndtr((table.low - table.mean) / table.sd))
    high = 1.0 if table.high is None else float(ndtr((table.high - table.mean) / table.sd))
    return low, high


def listed(axis: AxisTable) -> list[Any]:
    """Return the values of an axis that is a list or a range.

    Raises
    ------
    InputError
        A range by ratios does not lie over 0.
    """
    if axis.values is not None:
        return list(axis.values)
    table = axis.range
    assert table is not None
    if table.spacing == "log":
        if not (table.first > 0.0 and table.to > 0.0):
            got = f"{table.first:g} to {table.to:g}"
            raise InputError(must("range", "lie over 0 for log spacing", got))
        numbers: Sequence[float] = np.geomspace(table.first, table.to, table.count).tolist()
    else:
        numbers = np.linspace(table.first, table.to, table.count).tolist()
    return [int(np.rint(n)) for n in numbers] if axis.whole else list(numbers)
