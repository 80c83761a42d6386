"""What a skin file may say: optical properties as measured, or what the skin is made of."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smpengine.errors import SceneError, key_of, must, rule_of
from smpengine.optics.tissue import LIMITS_NM, Tissue
from smpengine.skintable import RGB_NM

Array = NDArray[np.float64]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Wavelength = Annotated[float, Field(ge=380, le=780)]
_Scattering = Annotated[float, Field(gt=0, le=100)]
_Absorption = Annotated[float, Field(ge=0, le=1000)]
_MOST_BANDS = 100


class SkinFile(BaseModel):
    """A skin by its optical properties, or by what it is made of.

    Attributes
    ----------
    lambda_nm
        Wavelengths, ascending; the engine's own three if not given.
    epidermis_mm, g, n
        Thickness of the epidermis, anisotropy of scattering, refractive index.
    musp_per_mm, mua_epidermis_per_mm, mua_dermis_per_mm
        Reduced scattering and absorption, a value for each wavelength.
    melanosome_fraction, blood_fraction, oxygen_saturation, scattering
        Instead of those: see `optics.tissue.Tissue`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lambda_nm: list[_Wavelength] = Field(sorted(RGB_NM), min_length=1, max_length=_MOST_BANDS)
    epidermis_mm: Annotated[float, Field(ge=0.01, le=1.0)] = 0.06
    g: Annotated[float, Field(ge=0, le=0.99)] = 0.8
    n: Annotated[float, Field(ge=1, le=2)] = 1.4
    musp_per_mm: list[_Scattering] | None = None
    mua_epidermis_per_mm: list[_Absorption] | None = None
    mua_dermis_per_mm: list[_Absorption] | None = None
    melanosome_fraction: _Finite | None = None
    blood_fraction: _Finite = 0.005
    oxygen_saturation: _Finite = 0.75
    scattering: _Finite = 1.0

    def properties(self) -> tuple[Array, Array, Array]:
        """Return reduced scattering, and absorption of epidermis and dermis, per mm."""
        if self.musp_per_mm is not None:
            given = self.musp_per_mm, self.mua_epidermis_per_mm, self.mua_dermis_per_mm
            musp, epidermis, dermis = (np.array(values, float) for values in given)
            return musp, epidermis, dermis
        return self.tissue().properties(np.array(self.lambda_nm))

    def tissue(self) -> Tissue:
        """Return what the skin is made of."""
        assert self.melanosome_fraction is not None
        return Tissue(
            self.melanosome_fraction, self.blood_fraction, self.oxygen_saturation,
            self.scattering, self.epidermis_mm,
        )  # fmt: skip


_MEASURED = ("musp_per_mm", "mua_epidermis_per_mm", "mua_dermis_per_mm")
_MADE_OF = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering")


def read_skin(path: str | Path) -> SkinFile:
    """Read a skin from TOML or JSON, by suffix.

    Raises
    ------
    SceneError
        The file cannot be read, or says something that cannot be: a line for each problem, with
        the key, the value and the place.
    """
    target = Path(path)
    if target.suffix.lower() not in (".toml", ".json"):
        raise SceneError(f"{target}: a skin must end in .toml or .json, got {target.suffix!r}.")
    try:
        text = target.read_text(encoding="utf-8")
        data = tomllib.loads(text) if target.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise SceneError(f"{target}: cannot be read: {error.strerror}.") from error
    except ValueError as error:  # of TOML, JSON and UTF-8
        raise SceneError(f"{target}: is not valid: {error}.") from error
    return skin_of(data, str(target))


def skin_of(data: Mapping[str, Any], name: str) -> SkinFile:
    """Return the skin that a mapping describes; `name` is what messages call it.

    Raises
    ------
    SceneError
        With a line for each problem.
    """
    if not isinstance(data, dict):
        raise SceneError(must(f"{name}: a skin", "be a table of keys", type(data).__name__))
    try:
        skin = SkinFile.model_validate(data)
    except ValidationError as error:
        raise SceneError("\n".join(f"{name}: {_line(entry)}" for entry in error.errors())) from None
    check(skin, name)
    return skin


def check(skin: SkinFile, name: str = "skin") -> None:
    """Check what no single value can tell; `name` is what messages call the skin.

    Raises
    ------
    SceneError
        With a line for each problem.
    """
    problems = _problems(skin, skin.model_dump(exclude_unset=True))
    if problems:
        raise SceneError("\n".join(f"{name}: {problem}" for problem in problems))


def _problems(skin: SkinFile, data: Mapping[str, Any]) -> list[str]:
    """Say what no single value can tell."""
    steps = np.diff(skin.lambda_nm)
    if (steps <= 0.0).any():
        k = int(np.argmax(steps <= 0.0)) + 1
        got = f"{skin.lambda_nm[k]:g} after {skin.lambda_nm[k - 1]:g}"
        return [must(f"lambda_nm[{k}]", "be over the one before it", got, remedy="Sort the bands.")]
    data = {key: value for key, value in data.items() if value is not None}
    measured = [key for key in _MEASURED if key in data]
    made_of = [key for key in _MADE_OF if key in data]
    if measured and made_of:
        got = f"{measured[0]} and {made_of[0]}"
        return [must("a skin", "be given by properties or by what it is made of", got)]
    if measured:
        missing = [key for key in _MEASURED if key not in data]
        if missing:
            return [must(missing[0], "be given beside the other properties", "nothing")]
        count = len(skin.lambda_nm)
        rule = f"have a value for each of the {count} wavelengths"
        return [must(k, rule, len(data[k])) for k in _MEASURED if len(data[k]) != count]
    if skin.melanosome_fraction is None:
        remedy = f"Or give {', '.join(_MEASURED)}."
        return [must("melanosome_fraction", "be given", "nothing", remedy=remedy)]
    outside = [w for w in skin.lambda_nm if not LIMITS_NM[0] <= w <= LIMITS_NM[1]]
    if outside:
        rule = f"be {LIMITS_NM[0]:g} to {LIMITS_NM[1]:g} where blood is given by its share"
        return [must("lambda_nm", rule, outside[0])]
    try:
        skin.tissue()
    except SceneError as error:
        return [str(error)]
    return []


def _line(entry: Mapping[str, Any]) -> str:
    """Say one of pydantic's errors in our words."""
    key = key_of(entry["loc"])
    if entry["type"] == "extra_forbidden":
        known = ", ".join(SkinFile.model_fields)
        return must(key, "be a known key", repr(entry["input"]), remedy=f"Known are {known}.")
    return must(key, rule_of(entry), repr(entry["input"]))
