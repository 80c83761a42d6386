"""The hair of a plan: units of one to four hairs on blue noise, along a field of directions.

Units come from the lattices that sessions use, under a seed of their own; what is random of a hair
is of the seed and its unit's place. So neither sessions nor windows change any hair.

Hair grows in units of 1 to 4, 60 to 100 per cm2, of shafts 0.06 to 0.14 mm across, as texts on
transplantation give for scalps that do not thin (W. P. Unger, R. Shapiro, "Hair Transplantation",
4th ed.); how many units have how many hairs, and how far apart those stand, is assumed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.hairs import COLUMNS, DIAMETERS_MM, MAX_MELANIN, Hairs
from smpengine.philox import normals, philox, salted_key, uniform
from smpengine.plan.hair_schema import HairTable
from smpengine.plan.loss import Growth, diameter_share
from smpengine.plan.placement import Layer, place

COLOURS: Final[dict[str, tuple[float, float]]] = {
    "black": (8.0, 0.0),
    "dark-brown": (3.0, 0.15),
    "brown": (1.3, 0.2),
    "light-brown": (0.7, 0.25),
    "blond": (0.3, 0.1),
    "red": (0.25, 2.0),
}
"""Eumelanin and pheomelanin: black, brown and blond as d'Eon et al. (2011) have them; the others,
and the pheomelanin of all, are assumed."""
MELANIN_SPREAD: Final = 0.2
"""Standard deviation of the logarithm of a hair's melanin (assumed)."""
WHORL_BEHIND_MM: Final = 150.0
WHORL_TURN_RAD: Final = math.radians(75.0)
"""Angle to the way straight outwards at the middle of the whorl (assumed)."""
WHORL_RADIUS_MM: Final = 25.0
"""Distance over which that falls to 1 / e (assumed)."""
APART_MM: Final = (0.10, 0.22)
"""Hairs of a unit stand so far from its middle, each in its own direction (assumed)."""
_ALIKE: Final = 0.9
_OWN: Final = 0.436
"""How much of its deviation of direction a hair has from its unit, and of its own (assumed); their
squares add up to 1."""

Box = tuple[float, float, float, float]

_SEED_SALT: Final = 64
_UNIT_SALT: Final = 65
_HAIR_SALT: Final = 66  # and two for each of four hairs
_TAKEN_SALT: Final = 80
_MOST: Final = 4
_PLAIN: Final = Layer(0.0, 1.0, 0.1, 0.0, 0.1, 0.0, 0.1, (0.0, 0.0, 0.0), 0.0)


def grow(
    hair: HairTable,
    growth: Growth,
    extent_mm: tuple[float, float],
    seed: int,
    window_mm: Box | None = None,
    threads: int | None = None,
) -> Hairs:
    """Return the hair of a plan.

    Parameters
    ----------
    hair
        What the plan says of it.
    growth
        Where it grows, and how strong.
    extent_mm
        Width and height; no hair has its root outside.
    seed
        The plan's.
    window_mm
        (x0, y0, x1, y1): only hairs with their root in it; exactly those of the whole, in the same
        order.
    threads
        Number of threads; the result does not depend on it.

    Returns
    -------
    Hairs
        Unit after unit.
    """
    box = _box(window_mm, extent_mm)
    margin = APART_MM[1]
    wider = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
    x_mm, y_mm, taken = _units(hair, growth, extent_mm, seed, wider, threads)
    x_mm, y_mm = x_mm[~taken], y_mm[~taken]
    found = _hairs_of(x_mm, y_mm, hair, growth, extent_mm, seed)
    inside = _inside(found["x_mm"], found["y_mm"], box)
    return Hairs(*(found[name][inside] for name in COLUMNS))


def extracted(
    hair: HairTable,
    growth: Growth,
    extent_mm: tuple[float, float],
    seed: int,
    window_mm: Box | None = None,
    threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of units that were taken, x_mm and y_mm, (n,); parameters as for `grow`."""
    box = _box(window_mm, extent_mm)
    x_mm, y_mm, taken = _units(hair, growth, extent_mm, seed, box, threads)
    return x_mm[taken], y_mm[taken]


def _box(window_mm: Box | None, extent_mm: tuple[float, float]) -> Box:
    x0, y0, x1, y1 = (0.0, 0.0, *extent_mm) if window_mm is None else window_mm
    return max(x0, 0.0), max(y0, 0.0), min(x1, extent_mm[0]), min(y1, extent_mm[1])


def _inside(x: NDArray[np.float64], y: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    return np.asarray((x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3]))


def _units(
    hair: HairTable, growth: Growth, extent_mm: tuple[float, float], seed: int, box: Box,
    threads: int | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:  # fmt: skip
    """Return the places of units in a box, and which of them were taken."""
    words = philox(0, 0, 0, 0, *salted_key(seed, _SEED_SALT))
    own_seed = (int(words[0]) << 31) ^ int(words[1])
    density = hair.density_units_per_cm2 * growth.density_share
    layer = replace(_PLAIN, density_per_cm2=density)
    units = place([layer], growth.where, extent_mm, own_seed, box, threads)
    taken = np.zeros(len(units), bool)
    if growth.taken is not None:
        chance = np.empty(len(units))
        bits = [np.ascontiguousarray(v).view(np.uint64) for v in (units.x_mm, units.y_mm)]
        _draw_chances(*bits, *salted_key(seed, _TAKEN_SALT), chance)
        taken = chance < growth.taken.at(units.x_mm, units.y_mm)
    return units.x_mm, units.y_mm, taken


def _hairs_of(
    x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], hair: HairTable, growth: Growth,
    extent_mm: tuple[float, float], seed: int,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return the columns of the hairs of units."""
    n = len(x_mm)
    bits = [np.ascontiguousarray(v).view(np.uint64) for v in (x_mm, y_mm)]
    counts, alike = np.empty(n, np.int64), np.empty((n, 2))
    shares = np.cumsum(hair.hairs_per_unit) / sum(hair.hairs_per_unit)
    _draw_units(*bits, *salted_key(seed, _UNIT_SALT), shares, counts, alike)
    unit = np.repeat(np.arange(n), counts)
    number = np.arange(unit.size) - np.repeat(np.cumsum(counts) - counts, counts)
    draws = np.empty((unit.size, 8))
    keys = np.array([salted_key(seed, _HAIR_SALT + k) for k in range(2 * _MOST)], np.uint64)
    _draw_hairs(bits[0][unit], bits[1][unit], number, keys, draws)
    first = (np.cumsum(counts) - counts)[unit]
    turn, apart, grey, darker, longer, wider, sideways, steeper = draws.T
    angle = 2.0 * math.pi * (number / np.maximum(counts[unit], 1) + 0.25 * turn)
    angle += 2.0 * math.pi * turn[first]
    distance = APART_MM[0] + (APART_MM[1] - APART_MM[0]) * apart
    distance = np.where(counts[unit] > 1, distance, 0.0)
    x = x_mm[unit] + distance * np.cos(angle)
    y = y_mm[unit] + distance * np.sin(angle)
    eumelanin, pheomelanin = COLOURS[hair.colour]
    strength = np.where(grey < hair.grey_share, 0.0, np.exp(MELANIN_SPREAD * darker))
    # Hairs of a unit are nearly parallel.
    sideways = _ALIKE * alike[unit, 0] + _OWN * sideways
    steeper = _ALIKE * alike[unit, 1] + _OWN * steeper
    azimuth = _direction(x, y, hair, extent_mm) + math.radians(hair.azimuth_spread_deg) * sideways
    elevation = hair.elevation_deg + hair.elevation_spread_deg * steeper
    length = hair.length_mm + hair.length_spread_mm * longer * (hair.length_mm > 0.0)
    diameter = hair.diameter_mm + hair.diameter_spread_mm * wider
    diameter *= growth.diameter_share
    if growth.left is not None:
        diameter *= diameter_share(growth.left.at(x_mm, y_mm))[unit]
    return {
        "x_mm": x,
        "y_mm": y,
        "azimuth_rad": azimuth,
        "elevation_rad": np.radians(np.clip(elevation, 0.0, 90.0)),
        "length_mm": np.maximum(length, 0.0),
        "diameter_mm": np.clip(diameter, *DIAMETERS_MM),
        "eumelanin": np.minimum(eumelanin * strength, MAX_MELANIN),
        "pheomelanin": np.minimum(pheomelanin * strength, MAX_MELANIN),
        "shadow": np.full(x.size, hair.shadow),
    }


def _direction(
    x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], hair: HairTable,
    extent_mm: tuple[float, float],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the way that hair runs: away from the whorl, and turned about it where it is near."""
    given = hair.whorl_mm
    x0, y0 = (0.5 * extent_mm[0], WHORL_BEHIND_MM) if given is None else given
    dx, dy = x_mm - x0, y_mm - y0
    turn = WHORL_TURN_RAD * np.exp(-np.hypot(dx, dy) / WHORL_RADIUS_MM)
    # y goes down, so a growing angle turns clockwise.
    outward: NDArray[np.float64] = np.arctan2(dy, dx)
    return outward + turn if hair.whorl_turn == "clockwise" else outward - turn


@njit(nogil=True, cache=True)
def _draw_units(x_bits, y_bits, key0, key1, shares, counts, alike):
    """Choose how many hairs each unit has, and two normal deviates that they share."""
    low = np.uint64(0xFFFF_FFFF)
    half = np.uint64(32)
    for n in range(x_bits.shape[0]):
        x, y = x_bits[n], y_bits[n]
        a, b, c, _ = philox(x & low, x >> half, y & low, y >> half, key0, key1)
        chosen = uniform(a)
        alike[n, 0], alike[n, 1] = normals(b, c)
        counts[n] = 1
        for k in range(shares.shape[0] - 1):
            if chosen >= shares[k]:
                counts[n] = k + 2


@njit(nogil=True, cache=True)
def _draw_chances(x_bits, y_bits, key0, key1, chance):
    """Draw a number over 0 and under 1 for each place."""
    low = np.uint64(0xFFFF_FFFF)
    half = np.uint64(32)
    for n in range(x_bits.shape[0]):
        x, y = x_bits[n], y_bits[n]
        word, _, _, _ = philox(x & low, x >> half, y & low, y >> half, key0, key1)
        chance[n] = uniform(word)


@njit(nogil=True, cache=True)
def _draw_hairs(x_bits, y_bits, number, keys, out):
    """Draw three numbers over 0 and under 1, then five normal deviates, for each hair."""
    low = np.uint64(0xFFFF_FFFF)
    half = np.uint64(32)
    for n in range(x_bits.shape[0]):
        x, y, k = x_bits[n], y_bits[n], 2 * number[n]
        a, b, c, d = philox(x & low, x >> half, y & low, y >> half, keys[k, 0], keys[k, 1])
        e, f, g, h = philox(x & low, x >> half, y & low, y >> half, keys[k + 1, 0], keys[k + 1, 1])
        out[n, 0], out[n, 1], out[n, 2] = uniform(a), uniform(b), uniform(c)
        out[n, 3], _ = normals(d, b ^ g)
        out[n, 4], out[n, 5] = normals(e, f)
        out[n, 6], out[n, 7] = normals(g, h)
