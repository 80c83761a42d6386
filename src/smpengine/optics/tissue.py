"""What tissue does to light at a wavelength, from what it is made of.

Reduced scattering of skin: S. L. Jacques, Phys. Med. Biol. 58 (2013) R37,
46.0 (lambda / 500 nm)^-1.421 per cm. Melanosomes 6.6e11 lambda^-3.33 per cm, and the bloodless
baseline 0.244 + 85.3 exp(-(lambda - 154) / 66.2) per cm: S. L. Jacques, Oregon Medical Laser
Center (1998).
Blood: S. Prahl's tabulated molar extinction of haemoglobin, 150 g/l, 64,500 g/mol.
"""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import SceneError, must

Array = NDArray[np.float64]

LIMITS_NM: Final = (400.0, 700.0)
"""Wavelengths that the table of haemoglobin holds."""
_HAEMOGLOBIN_G_PER_L: Final = 150.0
_HAEMOGLOBIN_G_PER_MOL: Final = 64_500.0


def melanosome_per_mm(lambda_nm: ArrayLike) -> Array:
    """Return the absorption of melanosomes."""
    return 0.1 * 6.6e11 * np.asarray(lambda_nm, float) ** -3.33


def baseline_per_mm(lambda_nm: ArrayLike) -> Array:
    """Return the absorption of tissue without blood or melanin."""
    value: Array = 0.1 * (0.244 + 85.3 * np.exp(-(np.asarray(lambda_nm, float) - 154.0) / 66.2))
    return value


def musp_per_mm(lambda_nm: ArrayLike) -> Array:
    """Return the reduced scattering of average skin."""
    return 0.1 * 46.0 * (np.asarray(lambda_nm, float) / 500.0) ** -1.421


def blood_per_mm(lambda_nm: ArrayLike, oxygen_saturation: float) -> Array:
    """Return the absorption of whole blood."""
    nm, oxy, deoxy = _haemoglobin()
    mixed = oxygen_saturation * oxy + (1.0 - oxygen_saturation) * deoxy
    extinction = np.interp(np.asarray(lambda_nm, float), nm, mixed)
    molar = _HAEMOGLOBIN_G_PER_L / _HAEMOGLOBIN_G_PER_MOL
    value: Array = 0.1 * math.log(10.0) * extinction * molar
    return value


@functools.cache
def _haemoglobin() -> tuple[Array, Array, Array]:
    """Return wavelengths, and molar extinction with oxygen and without, per cm and mol/l."""
    file = resources.files("smpengine.optics").joinpath("haemoglobin.csv")
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    nm, oxy, deoxy = np.array(rows[1:], float).T
    return nm, oxy, deoxy


@dataclass(frozen=True)
class Tissue:
    """Skin by what it is made of.

    Attributes
    ----------
    melanosome_fraction
        Melanosomes in the epidermis by volume, 0 to 0.5.
    blood_fraction
        Blood in the dermis by volume, 0 to 0.2.
    oxygen_saturation
        Of the blood, 0 to 1.
    scattering
        Reduced scattering relative to average skin, 0.2 to 5.
    epidermis_mm
        Thickness of the epidermis, 0.01 to 1.

    Raises
    ------
    SceneError
        A value is out of range.
    """

    melanosome_fraction: float
    blood_fraction: float = 0.005
    oxygen_saturation: float = 0.75
    scattering: float = 1.0
    epidermis_mm: float = 0.06

    def __post_init__(self) -> None:
        for name, low, high in (
            ("melanosome_fraction", 0.0, 0.5),
            ("blood_fraction", 0.0, 0.2),
            ("oxygen_saturation", 0.0, 1.0),
            ("scattering", 0.2, 5.0),
            ("epidermis_mm", 0.01, 1.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SceneError(must(name, f"be {low:g} to {high:g}", value))

    def properties(self, lambda_nm: ArrayLike) -> tuple[Array, Array, Array]:
        """Return reduced scattering, and absorption of epidermis and dermis, per mm."""
        baseline, melanin = baseline_per_mm(lambda_nm), self.melanosome_fraction
        blood = blood_per_mm(lambda_nm, self.oxygen_saturation)
        epidermis = melanin * melanosome_per_mm(lambda_nm) + (1.0 - melanin) * baseline
        dermis = self.blood_fraction * blood + (1.0 - self.blood_fraction) * baseline
        return self.scattering * musp_per_mm(lambda_nm), epidermis, dermis
