"""Skin, Impressions, Scene: what is rendered. Frozen, in columns, validated once at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import SceneError, must
from smpengine.skintable import RGB_NM, SkinTable, read_table

Float64Array = NDArray[np.float64]

BANDS: Final = ("R", "G", "B")
"""The bands that every table and plane is ordered by: 610, 545 and 460 nm."""

MELANOSOME_FRACTION: Final = {"I-II": 0.02, "III-IV": 0.12, "V": 0.20, "VI": 0.30}
"""Melanosome volume fraction of each named skin; that of V is assumed."""

MUSP_PER_MM: Final = (3.468, 4.07, 5.179)
"""Reduced scattering of average skin in the bands (Jacques 2013, see ARCHITECTURE.md)."""
AVERAGE_MUSP_PER_MM: Final = sum(MUSP_PER_MM) / 3.0
MAX_MUA_PER_MM: Final = 10_000.0
MAX_EXTENT_MM: Final = 100_000.0


@dataclass(frozen=True)
class Skin:
    """A skin without pigment.

    Parameters
    ----------
    type
        ``"I-II"``, ``"III-IV"``, ``"V"`` or ``"VI"`` (Fitzpatrick). Ignored when
        `melanosome_fraction` is given.
    scattering
        Reduced scattering relative to the tabulated, 0.4 to 1.6.
    melanosome_fraction
        Melanosome volume fraction of the epidermis, 0.02 to 0.30; follows from `type` when None.
    table
        A skin of one's own, instead of all that: what `smpengine calibrate` made, or its file.

    Raises
    ------
    SceneError
        An unknown type, a number outside its range, a file that is no table, or a table beside
        other values.
    """

    type: str = "I-II"
    scattering: float = 1.0
    melanosome_fraction: float | None = None
    table: SkinTable | None = None

    def __post_init__(self) -> None:
        if self.table is not None:
            self._take_table()
            return
        if self.type not in MELANOSOME_FRACTION:
            names = ", ".join(repr(name) for name in MELANOSOME_FRACTION)
            raise SceneError(must("skin.type", f"be one of {names}", repr(self.type)))
        fraction = self.melanosome_fraction
        if fraction is None:
            fraction = MELANOSOME_FRACTION[self.type]
        fraction = _number("skin.melanosome_fraction", fraction)
        if not 0.02 <= fraction <= 0.30:
            raise SceneError(must("skin.melanosome_fraction", "be 0.02 to 0.30", fraction))
        scattering = _number("skin.scattering", self.scattering)
        if not 0.4 <= scattering <= 1.6:
            raise SceneError(must("skin.scattering", "be 0.4 to 1.6", scattering))
        object.__setattr__(self, "melanosome_fraction", fraction)
        object.__setattr__(self, "scattering", scattering)

    def _take_table(self) -> None:
        usual = {"type": "I-II", "scattering": 1.0, "melanosome_fraction": None}
        others = [f"{k} {getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k) != v]
        if others:
            got = ", ".join(others)
            remedy = "The table says all of it; leave them out."
            raise SceneError(must("skin", "have a table or other values", got, remedy=remedy))
        table: object = self.table
        if isinstance(table, (str, Path)):
            table = read_table(table)
        if not isinstance(table, SkinTable):
            raise SceneError(must("skin.table", "be a SkinTable or its file", repr(table)))
        object.__setattr__(self, "table", table.in_drawing_order())

    @property
    def similarity(self) -> float:
        """Scattering relative to the skin whose depths and widths the model tabulates."""
        if self.table is not None:
            return self.table.musp_per_mm / AVERAGE_MUSP_PER_MM
        return self.scattering

    @property
    def lambda_nm(self) -> tuple[float, ...]:
        """Wavelengths that it is seen at: the bands R, G, B, or those of its table."""
        return RGB_NM if self.table is None else tuple(self.table.lambda_nm)

    @property
    def is_spectral(self) -> bool:
        """Whether it is seen at other wavelengths than R, G, B."""
        return self.table is not None and not self.table.is_rgb

    @property
    def melanosome(self) -> float:
        """The melanosome fraction that is rendered, 0.02 to 0.30."""
        assert self.melanosome_fraction is not None
        return self.melanosome_fraction


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

    Raises
    ------
    SceneError
        Lengths differ, a value is not finite or out of range, or a cylinder's top lies above the
        surface. The message names the column, the first bad row and its value.
    """

    __slots__ = (
        "depth_mm",
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

    def __init__(
        self,
        x_mm: ArrayLike,
        y_mm: ArrayLike,
        depth_mm: ArrayLike,
        radius_mm: ArrayLike,
        thickness_mm: ArrayLike,
        mua_per_mm: ArrayLike,
        session: ArrayLike = 0,
    ) -> None:
        x = _column("x_mm", x_mm, None)
        n = x.shape[0]
        columns = {
            "x_mm": x,
            "y_mm": _column("y_mm", y_mm, n),
            "depth_mm": _column("depth_mm", depth_mm, n),
            "radius_mm": _column("radius_mm", radius_mm, n),
            "thickness_mm": _column("thickness_mm", thickness_mm, n),
            "mua_per_mm": _mua(mua_per_mm, n),
        }
        for name in ("x_mm", "y_mm"):
            _check_rows(name, columns[name], np.abs(columns[name]) <= MAX_EXTENT_MM, "be finite mm")
        for name in ("depth_mm", "radius_mm", "thickness_mm"):
            value = columns[name]
            _check_rows(name, value, (value > 0.0) & (value < 100.0), "be over 0 and under 100 mm")
        mua = columns["mua_per_mm"]
        _check_rows(
            "mua_per_mm",
            mua,
            (mua >= 0.0) & (mua <= MAX_MUA_PER_MM),
            f"be 0 to {MAX_MUA_PER_MM:g} per mm",
        )
        # Half a micron of slack: a decimal table that puts the top exactly at the surface is right.
        top = columns["depth_mm"] - 0.5 * columns["thickness_mm"]
        _check_rows(
            "depth_mm",
            columns["depth_mm"],
            top >= -5e-10,
            "be at least half of thickness_mm",
            "The top of a deposit cannot lie above the skin's surface.",
        )
        sessions = _column("session", session, n)
        whole = (sessions == np.floor(sessions)) & (sessions >= 0) & (sessions < 2**31)
        _check_rows("session", sessions, whole, "be a whole number from 0 on")
        for name, value in columns.items():
            object.__setattr__(self, name, _frozen(value))
        object.__setattr__(self, "session", _frozen(sessions.astype(np.int32)))

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
        return Impressions(*(getattr(self, name)[index] for name in COLUMNS))

    @property
    def is_flat(self) -> bool:
        """Whether each absorbs alike in all bands."""
        return bool((self.mua_per_mm[:, :1] == self.mua_per_mm).all())

    def flat(self, bands: int) -> Impressions:
        """Return them with the first band's absorption in so many bands."""
        return self.picked([0] * bands)

    def picked(self, index: Sequence[int]) -> Impressions:
        """Return them with the absorption in some of their bands."""
        x, y, depth, radius, thickness = (getattr(self, name) for name in COLUMNS[:5])
        mua = self.mua_per_mm[:, list(index)]
        return Impressions(x, y, depth, radius, thickness, mua, self.session)

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
)


@dataclass(frozen=True)
class Scene:
    """A piece of scalp with its pigment.

    Parameters
    ----------
    skin
        The bare skin.
    impressions
        What was implanted, healed. Impressions outside the extent are drawn where they lie.
    extent_mm
        Width and height of the scalp, > 0; the origin is at the top left.
    hair, surface, light
        Not available in this version: None.
    provenance
        What made the scene, for the files written from it (the resolved plan, the seed).

    Raises
    ------
    SceneError
        A part is of the wrong type or out of range.
    """

    skin: Skin
    impressions: Impressions
    extent_mm: tuple[float, float]
    hair: None = None
    surface: None = None
    light: None = None
    provenance: dict[str, object] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.skin, Skin):
            raise SceneError(must("skin", "be a Skin", type(self.skin).__name__))
        if not isinstance(self.impressions, Impressions):
            raise SceneError(must("impressions", "be Impressions", type(self.impressions).__name__))
        for name in ("hair", "surface", "light"):
            if getattr(self, name) is not None:
                raise SceneError(must(name, "be None in this version", repr(getattr(self, name))))
        object.__setattr__(self, "extent_mm", _extent(self.extent_mm))
        bands, shape = len(self.skin.lambda_nm), self.impressions.mua_per_mm.shape
        if shape[1] == bands:
            return
        if not self.impressions.is_flat:
            rule = f"have shape (n,) or (n, {bands}), for the bands of the skin"
            raise SceneError(must("mua_per_mm", rule, shape))
        if not self.skin.is_spectral:
            object.__setattr__(self, "impressions", self.impressions.flat(bands))

    def in_bands(self, skin: Skin, index: Sequence[int]) -> Scene:
        """Return the scene in another skin, its pigment in some of its bands.

        Parameters
        ----------
        skin
            Of as many bands as are picked.
        index
            Which bands of the scene's own; a pigment that is the same in all has any of them.
        """
        own = self.impressions.mua_per_mm
        flat = own.shape[1] != len(self.skin.lambda_nm)
        columns = self.impressions.flat(len(index)) if flat else self.impressions.picked(index)
        return Scene(skin, columns, self.extent_mm)


def _extent(value: object) -> tuple[float, float]:
    """Validate a width and a height in mm."""
    try:
        width, height = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        message = must("extent_mm", "be two numbers (width, height) in mm", repr(value))
        raise SceneError(message) from error
    if not (0.0 < width <= MAX_EXTENT_MM and 0.0 < height <= MAX_EXTENT_MM):
        message = must("extent_mm", f"be over 0 and at most {MAX_EXTENT_MM:g} mm", (width, height))
        raise SceneError(message)
    return width, height


def _number(name: str, value: object) -> float:
    """Turn a value into a float, or say which it was."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise SceneError(must(name, "be a number", repr(value))) from error


def _numeric(name: str, value: ArrayLike) -> Float64Array:
    """Turn a value into a float64 array, or say what it was."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise SceneError(must(name, "be numbers of one shape", "a ragged sequence")) from error
    if array.dtype.kind not in "fiu":
        raise SceneError(must(name, "be real numbers", f"dtype {array.dtype}"))
    return array.astype(np.float64)


def _column(name: str, value: ArrayLike, n: int | None) -> Float64Array:
    """Return an (n,) float64 copy; a scalar broadcasts unless the column sets the length."""
    array = _numeric(name, value)
    if array.ndim == 0:
        return np.full(1 if n is None else n, array)
    if array.ndim != 1:
        raise SceneError(must(name, "have shape (n,)", f"shape {array.shape}"))
    if n is not None and array.shape[0] != n:
        message = must(name, f"have {n} rows as x_mm has", f"{array.shape[0]} rows")
        raise SceneError(message)
    return array


def _mua(value: ArrayLike, n: int) -> Float64Array:
    """Return absorption as a float64 copy: (n, 3), or as many bands as were given."""
    array = _numeric("mua_per_mm", value)
    bands = len(BANDS)
    if array.ndim == 2:
        if array.shape[0] != n or array.shape[1] == 0:
            rule = f"have shape ({n},) or ({n}, bands), bands usually {bands}"
            raise SceneError(must("mua_per_mm", rule, array.shape))
        return array
    column = _column("mua_per_mm", array, n)
    return np.repeat(column[:, None], bands, axis=1)


def _check_rows(
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


def _frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    array.setflags(write=False)
    return array
