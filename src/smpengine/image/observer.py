"""From spectra to linear sRGB: the CIE 1931 observer under an illuminant."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must

Array = NDArray[np.float64]

ILLUMINANTS: Final = ("D65", "D50", "A", "FL2", "FL11", "LED-B3")
"""Daylight of 6500 and 5000 K, incandescent light, two fluorescent tubes, a white LED of 4000 K."""
_FIRST_NM, _LAST_NM, _GAP_NM = 440.0, 660.0, 60.0
"""What bands must cover for a colour: else what lies between them, or beyond, is guessed."""
_OBSERVER: Final = "CIE 1931 2 Degree Standard Observer"


def check_illuminant(illuminant: object) -> None:
    """Refuse what is no illuminant.

    Raises
    ------
    SceneError
        Not one of ILLUMINANTS.
    """
    if not (isinstance(illuminant, str) and illuminant in ILLUMINANTS):
        names = ", ".join(ILLUMINANTS)
        raise SceneError(must("illuminant", f"be one of {names}", repr(illuminant)))


@functools.lru_cache(maxsize=32)
def linear_srgb_weights(lambda_nm: tuple[float, ...], illuminant: str = "D65") -> Array:
    """Return what turns the reflectance of bands into linear sRGB.

    Between bands reflectance is taken as linear, beyond the outermost as constant; it is summed
    over 360 to 830 nm in steps of 1 nm (CIE 15:2018). White under the illuminant becomes white
    under D65, sRGB's own, by Bradford's adaptation.

    Parameters
    ----------
    lambda_nm
        Wavelengths of the bands, ascending.
    illuminant
        One of ILLUMINANTS.

    Returns
    -------
    ndarray
        (3, bands); a row sums to 1, so what reflects all alike is neutral.

    Raises
    ------
    SceneError
        Another illuminant, or bands that do not make a colour.
    """
    check_illuminant(illuminant)
    gaps = np.diff(lambda_nm)
    if lambda_nm[0] > _FIRST_NM or lambda_nm[-1] < _LAST_NM or (gaps > _GAP_NM).any():
        remedy = "Calibrate the skin at more bands; or at the engine's own 460, 545 and 610 nm."
        rule = (
            f"cover {_FIRST_NM:g} to {_LAST_NM:g} nm in steps of at most {_GAP_NM:g} for a colour"
        )
        got = ", ".join(f"{nm:g}" for nm in lambda_nm)
        raise SceneError(must("bands of the skin", rule, got, remedy=remedy))
    colour = _colour()
    nm = np.arange(360.0, 831.0)
    observer = colour.MSDS_CMFS[_OBSERVER].copy().align(colour.SpectralShape(360, 830, 1)).values
    light = colour.SDS_ILLUMINANTS[illuminant].copy()
    light = np.interp(nm, light.wavelengths, light.values, left=0.0, right=0.0)
    hats = np.stack([np.interp(nm, lambda_nm, unit) for unit in np.eye(len(lambda_nm))])
    xyz = (hats * light) @ observer / (light @ observer[:, 1])
    white = xyz.sum(axis=0)
    to_srgb = colour.models.RGB_COLOURSPACE_sRGB
    d65 = colour.xy_to_XYZ(to_srgb.whitepoint)
    adapt = colour.adaptation.matrix_chromatic_adaptation_VonKries(white, d65, "Bradford")
    weights: Array = to_srgb.matrix_XYZ_to_RGB @ adapt @ xyz.T
    weights /= weights.sum(axis=1, keepdims=True)  # sRGB's matrix is rounded to four digits
    weights.setflags(write=False)
    return weights


def _colour() -> Any:
    """Import colour-science, which warns of extras that are not needed here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour
    return colour
