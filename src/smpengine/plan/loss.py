"""Loss of hair by its names: what is left of the density, and of the shafts, over the scalp.

Patterns are outlines in coordinates of the head: u from -1 to 1 between the temples, v 0 at the
middle of the hairline that was and 1 at the whorl. They follow the drawings of O'T. Norwood, "Male
Pattern Baldness: Classification and Incidence", South. Med. J. 68 (1975), and of E. Ludwig,
"Classification of the Types of Androgenetic Alopecia Occurring in the Female Sex", Br. J. Dermatol.
97 (1977); all numbers are assumed, read off such drawings by eye.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.philox import philox, salted_key, uniform
from smpengine.plan.density import DensityMap, Region, catmull_rom
from smpengine.plan.hair_schema import HairTable, LossTable

Place = tuple[float, float]

THINNEST: Final = 0.55
"""Where nothing but fluff is left shafts have this share of their diameter (assumed)."""
WIDTH_MM: Final = 130.0
FEATHER_MM: Final = 18.0
_SEEN_POWER: Final = 1.5
"""A shaft's own area goes with its diameter, that of its cut end with the square."""
_BALD: Final = 0.02
"""What is left where a pattern is bald: fluff (assumed)."""
_PATCHES_SALT: Final = 67
_FULL_AGE: Final = 35.0
_FEWER_PER_YEAR: Final = {"male": 0.003, "female": 0.004}
"""Share of hairs lost a year after 35, beside any pattern (assumed; studies disagree)."""
_THINNER_PER_YEAR: Final = 0.003
_THIN_AGE: Final = 45.0
"""Shafts are thickest in the forties and lose this share of their width a year after (assumed)."""


@dataclass(frozen=True)
class Zone:
    """A part of a pattern, its own mirror image.

    Attributes
    ----------
    right
        Outline (u, v) of its right side from front to back, smooth; mirrored for the left.
    density
        What is left there.
    split
        Two zones of the temples, each closed for itself, instead of one across the middle.
    """

    right: tuple[Place, ...]
    density: float = _BALD
    split: bool = False


def _oval(v: float, half_u: float, half_v: float, density: float = _BALD) -> Zone:
    """Return a zone around a point on the middle line."""
    steps = (0.0, 0.25, 0.5, 0.75, 1.0)
    angles = [math.pi * (t - 0.5) for t in steps]
    right = [(half_u * math.cos(a), v + half_v * math.sin(a)) for a in angles]
    return Zone(tuple(right), density)


_FRONT: Final = -0.5  # before the hairline there is none anyway
_TEMPLES_2: Final = Zone(
    ((0.34, _FRONT), (0.46, 0.0), (0.60, 0.11), (0.78, 0.15), (0.95, 0.06), (1.08, _FRONT)),
    split=True,
)
_TEMPLES_3: Final = Zone(
    ((0.20, _FRONT), (0.32, 0.0), (0.48, 0.22), (0.68, 0.33), (0.88, 0.25), (1.08, _FRONT)),
    split=True,
)
_FRONT_4: Final = Zone(
    ((0.0, 0.10), (0.20, 0.12), (0.45, 0.33), (0.66, 0.42), (0.86, 0.32), (1.04, _FRONT))
)
_FRONT_5: Final = Zone(
    ((0.0, 0.34), (0.25, 0.37), (0.50, 0.50), (0.70, 0.52), (0.88, 0.38), (1.04, _FRONT))
)
_TOP_6: Final = Zone(
    ((1.04, _FRONT), (0.92, 0.20), (0.80, 0.60), (0.76, 0.95), (0.60, 1.22), (0.0, 1.34))
)
_TOP_7: Final = Zone(
    ((1.16, _FRONT), (1.06, 0.20), (0.98, 0.60), (0.95, 1.05), (0.74, 1.42), (0.0, 1.56))
)

PATTERNS: Final[dict[str, tuple[Zone, ...]]] = {
    "norwood-1": (),
    "norwood-2": (_TEMPLES_2,),
    "norwood-3": (_TEMPLES_3,),
    "norwood-3-vertex": (_TEMPLES_3, _oval(1.0, 0.34, 0.17, 0.10)),
    "norwood-4": (_oval(0.7, 0.5, 0.4, 0.75), _FRONT_4, _oval(1.0, 0.46, 0.22)),
    "norwood-5": (_oval(0.68, 0.76, 0.58, 0.35), _FRONT_5, _oval(1.0, 0.60, 0.28)),
    "norwood-6": (_TOP_6,),
    "norwood-7": (_TOP_7,),
    # Widest behind a fringe that stays.
    "ludwig-1": (_oval(0.50, 0.52, 0.42, 0.62),),
    "ludwig-2": (_oval(0.50, 0.62, 0.46, 0.36),),
    "ludwig-3": (_oval(0.52, 0.72, 0.50, 0.10),),
    "diffuse": (_oval(0.55, 1.0, 0.95, 0.42),),
    "patchy": (),
}
_WIDE_EDGE: Final = {"ludwig-1": 2.0, "ludwig-2": 1.8, "ludwig-3": 1.5, "diffuse": 2.5}
"""Their edges run out over so many times the feather."""
_PATCHES: Final = 7
_PATCH_MM: Final = (5.0, 16.0)
_PATCH_EDGE_MM: Final = 3.0


def loss_regions(loss: LossTable, hair: HairTable, front_mm: Place, seed: int) -> list[Region]:
    """Return what a pattern leaves of the density, as regions to lie on full hair.

    Parameters
    ----------
    loss
        The pattern and its measures.
    hair
        Its whorl is the vertex of the pattern.
    front_mm
        The middle of the hairline that was, where the plan does not say.
    seed
        The plan's; of bald patches.
    """
    fx, fy = loss.front_mm or front_mm
    vx, vy = loss.vertex_mm or hair.whorl_mm or (fx, fy + 150.0)
    half = 0.5 * loss.width_mm
    across = math.hypot(vx - fx, vy - fy)
    if across <= 0.0:
        return []
    ex, ey = (vx - fx) / across, (vy - fy) / across

    def place(point: Place) -> Place:
        u, v = half * point[0], across * point[1]
        return fx + v * ex + u * ey, fy + v * ey - u * ex

    edge = loss.feather_mm * _WIDE_EDGE.get(loss.pattern, 1.0)
    regions = []
    for zone in PATTERNS[loss.pattern]:
        left = 1.0 - loss.strength * (1.0 - zone.density)
        for outline in _outlines(zone):
            regions.append(Region([place(point) for point in outline], left, edge))
    if loss.pattern == "patchy":
        regions = _patches(loss, place, seed)
    return regions


def _outlines(zone: Zone) -> list[list[Place]]:
    """Return a zone's outlines: one across the middle, or one on either side."""
    smooth = [(float(u), float(v)) for u, v in catmull_rom(zone.right)]
    mirrored = [(-u, v) for u, v in reversed(smooth)]
    if zone.split:
        return [smooth, mirrored]
    return [smooth + mirrored]


def _patches(loss: LossTable, place: Callable[[Place], Place], seed: int) -> list[Region]:
    """Return round bald patches at random over the top of the head (alopecia areata)."""
    key = salted_key(seed, _PATCHES_SALT)
    low, high = _PATCH_MM
    regions = []
    for n in range(_PATCHES):
        words = [uniform(w) for w in philox(n, 0, 0, 0, *key)]
        more = [uniform(w) for w in philox(n, 1, 0, 0, *key)]
        radius = low * (high / low) ** words[2]
        cx, cy = place((1.6 * words[0] - 0.8, 0.05 + 1.25 * words[1]))
        ring = []
        for k in range(24):
            angle = 2.0 * math.pi * k / 24
            bulge = 1.0 + 0.12 * math.sin(2 * angle + 6.28 * more[0])
            bulge += 0.08 * math.sin(3 * angle + 6.28 * more[1])
            r = radius * bulge
            ring.append((cx + r * math.cos(angle), cy + r * math.sin(angle)))
        regions.append(Region(ring, 1.0 - loss.strength, _PATCH_EDGE_MM))
    return regions


@dataclass(frozen=True)
class Growth:
    """Where hair grows, and how strong.

    Attributes
    ----------
    where
        Factor on the density of units, as the scalp is laid out flat.
    share
        The same without what laying it out does: the share of full hair.
    left
        What a pattern left of full hair there, for the shafts' diameter; None for none.
    taken
        Share of the units that were moved elsewhere; None for none.
    density_share, diameter_share
        What age has left.
    """

    where: DensityMap
    share: DensityMap
    left: DensityMap | None = None
    taken: DensityMap | None = None
    density_share: float = 1.0
    diameter_share: float = 1.0

    def seen(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of full hair that is seen at places, (n,): fine shafts count less."""
        share = self.share.at(x_mm, y_mm)
        if self.left is not None:
            share = share * diameter_share(self.left.at(x_mm, y_mm)) ** _SEEN_POWER
        if self.taken is not None:
            share = share * (1.0 - self.taken.at(x_mm, y_mm))
        return share


def diameter_share(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of their diameter that shafts keep where a pattern left so many, (n,).

    Hair that is being lost gets finer before it goes: miniaturisation.
    """
    return np.asarray(THINNEST + (1.0 - THINNEST) * np.minimum(left, 1.0))


def age_shares(age_years: float, sex: str | None) -> tuple[float, float]:
    """Return the shares of density and of diameter that age leaves; 1 up to 35 and 45 years.

    Parameters
    ----------
    age_years
        Of the client.
    sex
        "male" or "female"; their mean when None.
    """
    rates = list(_FEWER_PER_YEAR.values()) if sex is None else [_FEWER_PER_YEAR[sex]]
    fewer = sum(rates) / len(rates) * max(age_years - _FULL_AGE, 0.0)
    thinner = _THINNER_PER_YEAR * max(age_years - _THIN_AGE, 0.0)
    return max(1.0 - fewer, 0.1), max(1.0 - thinner, 0.5)
