"""`Impressions`: settled needle strikes, in columns. Frozen, validated once at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.columns import Float64Array, check_range, check_rows, column, frozen, numeric
from smpengine.errors import SceneError, must
from smpengine.skintable import RGB_NM

MAX_MUA_PER_MM: Final = 10_000.0
MAX_EXTENT_MM: Final = 100_000.0
_LENGTHS_MM: Final = (math.ulp(0.0), math.nextafter(100.0, 0.0))
"""Over 0, and under 100."""


class Impressions:
    """Settled needle strikes, in columns; row numbers are their ids.

    Each is a cylinder of pigment, its axis along the depth.

    Parameters
    ----------
    x_mm, y_mm
        Position in the scene, shape (n,), float64; n may be 0.
    depth_mm
        Depth of the cylinder's centre below the skin's surface, (n,) or a scalar.
    radius_mm, thickness_mm
        Radius and height of the cylinder, > 0, (n,) or a scalar.
    mua_per_mm
        Absorption of the pigment, Napierian, 0 to 10,000 per mm: a scalar, (n,), or (n, 3) for
        the bands R, G, B; (n, bands) for a skin with a table of other bands.
    session
        Number of the visit that made it, >= 0, (n,) or a scalar.
    granularity
        0 for an even cylinder, up to 1 for one whose pigment lies in a few granules, (n,) or a
        scalar. The core alone shows them; halos are wider.

    Raises
    ------
    SceneError
        Lengths differ, a value is not finite or out of range, or a cylinder's top lies above the
        surface. The message names the column, the first bad row and its value.
    """

    __slots__ = (
        "depth_mm",
        "granularity",
        "mua_per_mm",
        "radius_mm",
        "session",
        "thickness_mm",
        "x_mm",
        "y_mm",
    )

    x_mm: Float64Array
    y_mm: Float64Array
    depth_mm: Float64Array
    radius_mm: Float64Array
    thickness_mm: Float64Array
    mua_per_mm: Float64Array
    session: NDArray[np.int32]
    granularity: Float64Array

    def __init__(
        self,
        x_mm: ArrayLike,
        y_mm: ArrayLike,
        depth_mm: ArrayLike,
        radius_mm: ArrayLike,
        thickness_mm: ArrayLike,
        mua_per_mm: ArrayLike,
        session: ArrayLike = 0,
        granularity: ArrayLike = 0.0,
    ) -> None:
        x = column("x_mm", x_mm, None)
        n = x.shape[0]
        columns = {
            "x_mm": x,
            "y_mm": column("y_mm", y_mm, n),
            "depth_mm": column("depth_mm", depth_mm, n),
            "radius_mm": column("radius_mm", radius_mm, n),
            "thickness_mm": column("thickness_mm", thickness_mm, n),
            "mua_per_mm": _mua(mua_per_mm, n),
            "granularity": column("granularity", granularity, n),
        }
        for name in ("x_mm", "y_mm"):
            check_range(name, columns[name], -MAX_EXTENT_MM, MAX_EXTENT_MM, "be finite mm")
        for name in ("depth_mm", "radius_mm", "thickness_mm"):
            check_range(name, columns[name], *_LENGTHS_MM, "be over 0 and under 100 mm")
        rule = f"be 0 to {MAX_MUA_PER_MM:g} per mm"
        check_range("mua_per_mm", columns["mua_per_mm"], 0.0, MAX_MUA_PER_MM, rule)
        check_range("granularity", columns["granularity"], 0.0, 1.0, "be 0 to 1")
        # Half a micron of slack: a decimal table that puts the top exactly at the surface is right.
        top = columns["depth_mm"] - 0.5 * columns["thickness_mm"]
        check_rows(
            "depth_mm",
            columns["depth_mm"],
            top >= -5e-10,
            "be at least half of thickness_mm",
            "The top of a deposit cannot lie above the skin's surface.",
        )
        sessions = column("session", session, n)
        whole = (sessions == np.floor(sessions)) & (sessions >= 0) & (sessions < 2**31)
        check_rows("session", sessions, whole, "be a whole number from 0 on")
        for name, value in columns.items():
            object.__setattr__(self, name, frozen(value))
        object.__setattr__(self, "session", frozen(sessions.astype(np.int32)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Impressions are frozen: cannot set {name}")

    def __len__(self) -> int:
        """Return the number of impressions."""
        return int(self.x_mm.shape[0])

    def __repr__(self) -> str:
        sessions = np.unique(self.session).size
        return f"Impressions(n={len(self)}, sessions={sessions})"

    def rows(self, index: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Impressions:
        """Return some of the rows, by mask, indices or slice, in the order asked for."""
        return unchecked({name: getattr(self, name)[index] for name in COLUMNS})

    def changed(self, index: NDArray[np.intp], **columns: ArrayLike) -> Impressions:
        """Return them with other values in some rows; only those rows are looked at.

        Parameters
        ----------
        index
            The rows, by number.
        columns
            By name, (n,) or scalars; absorption also (n, bands).

        Raises
        ------
        SceneError
            A column is none, does not fit, or has a value out of range; rows are counted among
            those that change.
        """
        part = {name: getattr(self, name)[index] for name in COLUMNS}
        for name, value in columns.items():
            if name not in part:
                raise SceneError(must(name, f"be one of {', '.join(COLUMNS)}", "none of them"))
            given = numeric(name, value)
            each = given[:, None] if name == "mua_per_mm" and given.ndim == 1 else given
            try:
                part[name] = np.broadcast_to(each, part[name].shape)
            except ValueError as error:
                raise SceneError(must(name, f"fit {len(index)} rows", str(error))) from error
        sound = Impressions(**part)
        made = object.__new__(Impressions)
        for name in COLUMNS:
            values = getattr(self, name)
            if name in columns:
                values = values.copy()
                values[index] = getattr(sound, name)
            object.__setattr__(made, name, frozen(values))
        return made

    @property
    def is_granular(self) -> bool:
        """Whether any of them is not an even cylinder."""
        return bool(self.granularity.any())

    @property
    def is_flat(self) -> bool:
        """Whether each absorbs alike in all bands."""
        return bool((self.mua_per_mm[:, :1] == self.mua_per_mm).all())

    def flat(self, bands: int) -> Impressions:
        """Return them with the first band's absorption in so many bands."""
        return self.picked([0] * bands)

    def picked(self, index: Sequence[int]) -> Impressions:
        """Return them with the absorption in some of their bands."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return Impressions(**{**columns, "mua_per_mm": self.mua_per_mm[:, list(index)]})

    def __reduce__(self) -> tuple[type[Impressions], tuple[NDArray[np.generic], ...]]:
        return Impressions, tuple(getattr(self, name) for name in COLUMNS)


COLUMNS: Final = (
    "x_mm",
    "y_mm",
    "depth_mm",
    "radius_mm",
    "thickness_mm",
    "mua_per_mm",
    "session",
    "granularity",
)


def joined(first: Impressions, second: Impressions) -> Impressions:
    """Return the rows of both; one that absorbs alike in all bands takes on the other's."""
    bands = max(first.mua_per_mm.shape[1], second.mua_per_mm.shape[1])
    both = [
        each if each.mua_per_mm.shape[1] == bands else each.flat(bands) for each in (first, second)
    ]
    return unchecked({n: np.concatenate([getattr(each, n) for each in both]) for n in COLUMNS})


def unchecked(columns: Mapping[str, NDArray[Any]]) -> Impressions:
    """Return impressions of columns that are known to be sound, of the right kinds; copies them."""
    made = object.__new__(Impressions)
    for name in COLUMNS:
        object.__setattr__(made, name, frozen(np.array(columns[name])))
    return made


def _mua(value: ArrayLike, n: int) -> Float64Array:
    """Return absorption as a float64 copy: (n, 3), or as many bands as were given."""
    array = numeric("mua_per_mm", value)
    bands = len(RGB_NM)
    if array.ndim == 2:
        if array.shape[0] != n or array.shape[1] == 0:
            rule = f"have shape ({n},) or ({n}, bands), bands usually {bands}"
            raise SceneError(must("mua_per_mm", rule, array.shape))
        return array
    return np.repeat(column("mua_per_mm", array, n)[:, None], bands, axis=1)
