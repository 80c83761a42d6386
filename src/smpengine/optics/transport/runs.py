"""Photons shared out in jobs; what jobs found is put together in their order: always the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.workers import Workers

Array = NDArray[np.float64]
PHOTONS_A_JOB: Final = 4096


def key_of(seed: int, stream: int = 0) -> np.uint64:
    """Return what random numbers are keyed by: any whole number, and one of some streams."""
    return np.uint64((seed * 1_000_003 + stream) % 2**64)


def at_least_two(photons: int) -> None:
    """Refuse fewer photons than have a standard error.

    Raises
    ------
    InputError
        There are fewer than 2.
    """
    if photons < 2:
        raise InputError(must("photons", "be at least 2", photons))


@dataclass(frozen=True)
class Estimate:
    """Values and their standard errors, of one shape."""

    value: Array
    error: Array


def run_jobs(
    photons: int, work: Callable[[int, int, Array], None], size: int, workers: Workers
) -> Array:
    """Run ``work(first, count, sums)`` for all photons; returns the sums, in the order of jobs.

    Parameters
    ----------
    photons
        How many.
    work
        Follows `count` photons from the `first`, and adds to `sums`, (size,), its own.
    size
        Of what a job finds.
    workers
        Who runs the jobs; nothing depends on them.

    Raises
    ------
    Cancelled
        The workers' cancel callback returned true.
    """
    jobs = -(-photons // PHOTONS_A_JOB)
    found = np.zeros((jobs, size))

    def job(number: int, _: None) -> None:
        first = number * PHOTONS_A_JOB
        work(first, min(PHOTONS_A_JOB, photons - first), found[number])

    workers.each(jobs, job, lambda: None, counts=True)
    total = np.zeros(size)
    for sums in found:
        total += sums
    return total


def mean(total: Array, squares: Array, photons: int) -> Estimate:
    """Return means over photons, from sums and sums of squares."""
    value = total / photons
    variance = np.maximum(squares / photons - value**2, 0.0) / (photons - 1)
    return Estimate(value, np.sqrt(variance))


def absorbance(bare: Array, taken: Array, squares: tuple[Array, Array, Array]) -> Estimate:
    """Return -ln(1 - sum taken / sum bare) and its standard error; both are of the same photons.

    Parameters
    ----------
    bare, taken
        Sums over photons of the weight without pigment, and of what pigment takes of it.
    squares
        Sums of bare^2, taken^2 and bare taken.

    Notes
    -----
    The variance of a ratio of means, to first order: of (taken - s bare) / bare with s the ratio.
    """
    bare2, taken2, both = squares
    with np.errstate(divide="ignore", invalid="ignore"):
        share = taken / bare
        spread = np.maximum(taken2 - 2.0 * share * both + share**2 * bare2, 0.0)
        return Estimate(-np.log1p(-share), np.sqrt(spread) / bare / (1.0 - share))
