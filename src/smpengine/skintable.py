"""`SkinTable`: what `calibrate` found out about a skin, as a file and in memory."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.files import write_text

Array = NDArray[np.float64]
DEPTHS: Final = 36
KERNELS: Final = 6
"""Of a point deposit: a core and five halos."""
GROUP: Final = 3
"""Bands that are drawn at once, and share the widths of their kernels."""
RGB_NM: Final = (610.0, 545.0, 460.0)
_FORMAT: Final = "smpengine skin table"
_VERSION: Final = 1
_MOST_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, eq=False)
class SkinBand:
    """A skin at one wavelength.

    Attributes
    ----------
    lambda_nm
        Wavelength.
    musp_per_mm
        Reduced scattering.
    mua_epidermis_per_mm, mua_dermis_per_mm
        Absorption.
    reflectance, reflectance_error
        R0 without pigment, of diffuse light that enters, seen straight from above; its standard
        error.
    fit_error
        Relative error of the fitted kernels: root mean square over rings and depths.
    weight
        (36, 6): of the linear kernel, at the depths of the ladder.
    reach
        (36,): share of R0 from light that went deeper.
    """

    lambda_nm: float
    musp_per_mm: float
    mua_epidermis_per_mm: float
    mua_dermis_per_mm: float
    reflectance: float
    reflectance_error: float
    fit_error: float
    weight: Array = field(repr=False)
    reach: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class SkinTable:
    """A skin at some wavelengths: ascending, or as its three bands are drawn.

    Attributes
    ----------
    bands
        One for each wavelength.
    epidermis_mm
        Thickness of the epidermis.
    about
        What it was made from: properties, photons, seed, version.
    """

    bands: tuple[SkinBand, ...]
    epidermis_mm: float
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def lambda_nm(self) -> Array:
        """Wavelengths of the bands."""
        return np.array([band.lambda_nm for band in self.bands])

    @property
    def is_rgb(self) -> bool:
        """Whether its bands are the engine's own three, in their order."""
        return tuple(self.lambda_nm) == RGB_NM

    def in_drawing_order(self) -> SkinTable:
        """Return the table; one of the engine's own three bands, in their order."""
        if tuple(self.lambda_nm) == RGB_NM[::-1]:
            return replace(self, bands=self.bands[::-1])
        return self

    def groups(self) -> list[SkinTable]:
        """Return the bands by threes, as tables; where some are left over, the last fills up."""
        some = []
        for k in range(0, len(self.bands), GROUP):
            part = self.bands[k : k + GROUP]
            some.append(replace(self, bands=(*part, part[-1], part[-1])[:GROUP]))
        return some

    @property
    def musp_per_mm(self) -> float:
        """Mean reduced scattering: of a group of three, what its kernels' widths go by."""
        different = {band.lambda_nm: band.musp_per_mm for band in self.bands}
        return math.fsum(different.values()) / len(different)

    def write(self, path: str | Path) -> None:
        """Write the table as JSON, all or nothing.

        Raises
        ------
        OutputError
            The file cannot be written; nothing is left behind.
        """
        write_text(Path(path), self.text())

    def text(self) -> str:
        """Return the table as JSON."""
        bands = []
        for band in sorted(self.bands, key=lambda band: band.lambda_nm):
            numbers = {k: v for k, v in vars(band).items() if isinstance(v, float)}
            arrays = {"weight": band.weight.tolist(), "reach": band.reach.tolist()}
            bands.append({**numbers, **arrays})
        head = {"format": _FORMAT, "version": _VERSION, "about": dict(self.about)}
        whole = {**head, "epidermis_mm": self.epidermis_mm, "bands": bands}
        return json.dumps(whole, indent=1, allow_nan=False)


def read_table(path: str | Path) -> SkinTable:
    """Read a table that `smpengine calibrate` made.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SceneError
        The file cannot be read, or is no such table.
    """
    target = Path(path)
    try:
        if target.stat().st_size > _MOST_BYTES:
            raise SceneError(must(f"{target}", "be at most 64 MiB", "more"))
        data = json.loads(target.read_text(encoding="utf-8"))
    except OSError as error:
        raise SceneError(f"{target}: cannot be read: {error.strerror}.") from error
    except SceneError:
        raise
    except ValueError as error:  # of JSON, UTF-8, and a path that cannot be
        remedy = "Make one by `smpengine calibrate`."
        raise SceneError(f"{target}: is not a skin table: {error}. {remedy}") from error
    return table_of(data, str(target))


def table_of(data: Any, name: str) -> SkinTable:
    """Return the table that a mapping holds; `name` is what messages call it.

    Raises
    ------
    SceneError
        It holds none, or a value that cannot be.
    """
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise SceneError(f"{name}: is not a skin table. Make one by `smpengine calibrate`.")
    if data.get("version") != _VERSION:
        raise SceneError(must(f"{name}: version", f"be {_VERSION}", repr(data.get("version"))))
    try:
        bands = tuple(_band(entry, f"{name}: bands[{k}]") for k, entry in enumerate(data["bands"]))
        table = SkinTable(bands, float(data["epidermis_mm"]), data.get("about", {}))
    except SceneError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise SceneError(f"{name}: is not a whole skin table: {error!r}.") from error
    if not 0.0 < table.epidermis_mm < math.inf:
        raise SceneError(must(f"{name}: epidermis_mm", "be over 0", table.epidermis_mm))
    if not isinstance(table.about, dict):
        raise SceneError(must(f"{name}: about", "be a mapping", repr(table.about)))
    if not bands or (np.diff(table.lambda_nm) <= 0.0).any():
        raise SceneError(must(f"{name}: bands", "ascend", table.lambda_nm.tolist()))
    return table


def _band(entry: Mapping[str, Any], name: str) -> SkinBand:
    numbers = {
        key: float(entry[key])
        for key in SkinBand.__dataclass_fields__
        if key not in ("weight", "reach")
    }
    weight, reach = np.array(entry["weight"], float), np.array(entry["reach"], float)
    if weight.shape != (DEPTHS, KERNELS) or reach.shape != (DEPTHS,):
        raise SceneError(must(f"{name}.weight", f"have shape ({DEPTHS}, {KERNELS})", weight.shape))
    arrays = {key: np.array([value]) for key, value in numbers.items()}
    for key, values in {**arrays, "weight": weight, "reach": reach}.items():
        positive = key in ("lambda_nm", "musp_per_mm", "reflectance")
        bad = ~np.isfinite(values) | (values < 0.0) | (positive & (values == 0.0))
        if bad.any():
            rule = "be finite and over 0" if positive else "be finite and not negative"
            raise SceneError(must(f"{name}.{key}", rule, float(values[bad][0])))
    return SkinBand(**numbers, weight=weight, reach=reach)
