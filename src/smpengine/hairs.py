"""`Hairs`: shafts above the skin, in columns, and their follicles below. Frozen, validated once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.columns import Float64Array, check_range, check_rows, column, frozen
from smpengine.impressions import MAX_EXTENT_MM, MAX_MUA_PER_MM, Impressions

MAX_LENGTH_MM: Final = 20.0
DIAMETERS_MM: Final = (0.03, 0.2)
MAX_MELANIN: Final = 20.0

_EUMELANIN: Final = (0.697, -3.33)
_PHEOMELANIN: Final = (0.4, -4.75)
"""Absorption over one reference diameter at `_ANCHOR_NM` for a concentration of 1, and the power of
the wavelength that it runs with. Values: the green of E. d'Eon, G. Francois, M. Hill, J. Letteri,
J.-M. Aubry, "An Energy-Conserving Hair Reflectance Model", Comput. Graph. Forum 30 (2011), whose
red and blue are those powers at about 650 and 450 nm. Powers: S. L. Jacques (1998) for eumelanin,
C. Donner, H. W. Jensen, "A Spectral BSSRDF for Shading Human Skin" (2006) for pheomelanin."""
_ANCHOR_NM: Final = 550.0
REFERENCE_DIAMETER_MM: Final = 0.08
"""What "one diameter" is taken to be: that of scalp hair (assumed)."""

ROOT_MM: Final = 0.35
"""Depth down to which the follicle is drawn (assumed). Anagen bulbs lie deeper, at 3 to 5 mm, where
light that comes back hardly reaches, and what is above them shades them."""
ROOT_SEEN_MM: Final = 0.03
"""Depth at whose place it is drawn: that of its top, which is seen sharpest (assumed)."""
_STEEPEST_LEAN_RAD: Final = math.radians(30.0)
"""In the skin no follicle lies flatter than this, however flat its shaft does (assumed)."""

COLUMNS: Final = (
    "x_mm",
    "y_mm",
    "azimuth_rad",
    "elevation_rad",
    "length_mm",
    "diameter_mm",
    "eumelanin",
    "pheomelanin",
    "shadow",
)


class Hairs:
    """Hairs, in columns: straight shafts cut to a length, each from a follicle.

    Parameters
    ----------
    x_mm, y_mm
        Where the shaft leaves the skin, shape (n,), float64; n may be 0.
    azimuth_rad
        Direction in which it leans, seen from above: 0 is +x, turning towards +y. (n,) or a scalar,
        as all that follow.
    elevation_rad
        Angle between shaft and skin, 0 (lying) to pi / 2 (upright).
    length_mm
        Of the shaft above the surface, 0 (shaved) to 20.
    diameter_mm
        0.03 to 0.2; terminal hair of the scalp has 0.06 to 0.14.
    eumelanin, pheomelanin
        Concentrations, 0 to 20, relative: those of d'Eon et al. (2011), in which black hair has
        about 8 of eumelanin, brown 1.3, blond 0.3. Both 0 is white hair.
    shadow
        Factor, 0 to 4, on the light that the shaft keeps from the skin; 1 is what it keeps from it
        under a uniform sky.

    Raises
    ------
    SceneError
        Lengths differ, or a value is not finite or out of range. The message names the column, the
        first bad row and its value.
    """

    __slots__ = COLUMNS

    x_mm: Float64Array
    y_mm: Float64Array
    azimuth_rad: Float64Array
    elevation_rad: Float64Array
    length_mm: Float64Array
    diameter_mm: Float64Array
    eumelanin: Float64Array
    pheomelanin: Float64Array
    shadow: Float64Array

    def __init__(
        self,
        x_mm: ArrayLike,
        y_mm: ArrayLike,
        azimuth_rad: ArrayLike,
        elevation_rad: ArrayLike,
        length_mm: ArrayLike,
        diameter_mm: ArrayLike = 0.08,
        eumelanin: ArrayLike = 8.0,
        pheomelanin: ArrayLike = 0.0,
        shadow: ArrayLike = 1.0,
    ) -> None:
        x = column("x_mm", x_mm, None)
        n = x.shape[0]
        given = (
            y_mm, azimuth_rad, elevation_rad, length_mm, diameter_mm, eumelanin, pheomelanin,
            shadow,
        )  # fmt: skip
        columns = {"x_mm": x}
        for name, value in zip(COLUMNS[1:], given, strict=True):
            columns[name] = column(name, value, n)
        for name in ("x_mm", "y_mm"):
            check_range(name, columns[name], -MAX_EXTENT_MM, MAX_EXTENT_MM, "be finite mm")
        finite = np.isfinite(columns["azimuth_rad"])
        check_rows("azimuth_rad", columns["azimuth_rad"], finite, "be a finite angle")
        thinnest, thickest = DIAMETERS_MM
        for name, least, most, unit, remedy in (
            ("elevation_rad", 0.0, 0.5 * math.pi, "", "In radians: 45 degrees are 0.785."),
            ("length_mm", 0.0, MAX_LENGTH_MM, " mm", "What is longer is no stubble."),
            ("diameter_mm", thinnest, thickest, " mm", "Lengths are in mm: 80 um are 0.08 mm."),
            ("eumelanin", 0.0, MAX_MELANIN, "", "Black hair has about 8."),
            ("pheomelanin", 0.0, MAX_MELANIN, "", "Red hair has about 2."),
            ("shadow", 0.0, 4.0, "", ""),
        ):  # fmt: skip
            rule = f"be {least:g} to {most:.4g}{unit}"
            check_range(name, columns[name], least, most, rule, remedy)
        for name, value in columns.items():
            object.__setattr__(self, name, frozen(value))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Hairs are frozen: cannot set {name}")

    def __len__(self) -> int:
        """Return the number of hairs."""
        return int(self.x_mm.shape[0])

    def __repr__(self) -> str:
        return f"Hairs(n={len(self)})"

    def __reduce__(self) -> tuple[type[Hairs], tuple[NDArray[np.generic], ...]]:
        return Hairs, tuple(getattr(self, name) for name in COLUMNS)

    def rows(self, index: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Hairs:
        """Return some of the rows, by mask, indices or slice, in the order asked for."""
        some = object.__new__(Hairs)  # they have been checked
        for name in COLUMNS:
            object.__setattr__(some, name, frozen(np.array(getattr(self, name)[index])))
        return some

    def mua_per_mm(self, lambda_nm: Sequence[float]) -> Float64Array:
        """Return the absorption within the shafts, Napierian, per mm.

        Parameters
        ----------
        lambda_nm
            Wavelengths.

        Returns
        -------
        ndarray
            Float64 (n, wavelengths).
        """
        nm = np.asarray(lambda_nm, np.float64) / _ANCHOR_NM
        total = np.zeros((len(self), nm.size))
        for amount, (green, power) in (
            (self.eumelanin, _EUMELANIN), (self.pheomelanin, _PHEOMELANIN)
        ):  # fmt: skip
            total += amount[:, None] * (green / REFERENCE_DIAMETER_MM * nm**power)
        return total

    def roots(self, lambda_nm: Sequence[float]) -> Impressions:
        """Return what is seen of the follicles through the skin, as deposits of melanin.

        A follicle goes on below the surface at the slant of its shaft; it is drawn as an upright
        cylinder as wide as the shaft, at the place of its top. White hair has none.

        Parameters
        ----------
        lambda_nm
            Wavelengths of the bands.

        Returns
        -------
        Impressions
            Of all hairs that have melanin, in the order of their rows; session 0.
        """
        dark = np.flatnonzero((self.eumelanin > 0.0) | (self.pheomelanin > 0.0))
        mua = np.minimum(self.mua_per_mm(lambda_nm)[dark], MAX_MUA_PER_MM)
        slant = np.maximum(self.elevation_rad[dark], _STEEPEST_LEAN_RAD)
        back = ROOT_SEEN_MM / np.tan(slant)
        x = self.x_mm[dark] - back * np.cos(self.azimuth_rad[dark])
        y = self.y_mm[dark] - back * np.sin(self.azimuth_rad[dark])
        return Impressions(x, y, 0.5 * ROOT_MM, 0.5 * self.diameter_mm[dark], ROOT_MM, mua)
