"""Fit the matrix from bands to linear sRGB: prints the constants of src/smpengine/image/colour.py.

    python benchmarks/optics/fit_colour.py

The reflectance spectra of model skins (skin_spectra.csv, Monte Carlo by `bare_skin.py`), bare and
under pigment that takes from a tenth to most of the light, under D65 for the CIE 1931 observer
(`image/observer.py`). Rows sum to 1, so that what is neutral in the bands stays neutral. The errors
that are made small are those of cube roots, as in CIELAB. Model skins are redder and yellower than
the ColorChecker's two skin patches, so the patches are part of the fit, with a small weight, and so
is the exposure; a small ridge holds the matrix near the identity. Without the patches the matrix
comes nearer to the spectra, as `three_or_many.py` shows, and light skins become khaki, which is
what 0.5 % of blood looks like.
"""

from __future__ import annotations

import csv
from pathlib import Path

import colour
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import smpengine as smp
from smpengine.image.observer import linear_srgb_weights
from smpengine.optics.skin import bare_reflectance

Array = NDArray[np.float64]

PATCH_WEIGHT = 0.004
RIDGE = 0.005
BANDS_NM = (610.0, 545.0, 460.0)
PATCHES = {"light skin": (194, 150, 130), "dark skin": (115, 82, 68)}  # ColorChecker, sRGB
TO_LINEAR_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)  # IEC 61966-2-1, from XYZ under D65


def spectra() -> tuple[Array, Array, Array]:
    """Return wavelengths, melanosome fractions and reflectances (skins, wavelengths)."""
    with (Path(__file__).parent / "skin_spectra.csv").open(newline="") as file:
        head, *rows = list(csv.reader(file))
    table = np.array(rows, float)
    return table[:, 0], np.array(head[1:], float), table[:, 1:].T


def pigmented(nm: Array, bare: Array) -> Array:
    """Return skins, bare and under pigment; deeper pigment takes less of the short wavelengths."""
    scenes = [bare]
    for slope in (0.0, 1.0, 2.0):  # A falls as lambda^slope towards the blue
        for strength in (0.1, 0.4, 1.0):
            scenes.append(bare * np.exp(-strength * (nm / 610.0) ** slope))
    return np.concatenate(scenes)


def linear_srgb(nm: Array, reflectance: Array) -> Array:
    """Return the linear sRGB of reflectances under D65."""
    return reflectance @ linear_srgb_weights(tuple(nm)).T


def lab(linear: Array) -> Array:
    """Return CIELAB under D65 of linear sRGB."""
    xyz = np.linalg.solve(TO_LINEAR_SRGB, linear)
    white = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]
    found: Array = colour.XYZ_to_Lab(xyz, white)
    return found


def patch_labs() -> list[Array]:
    """Return CIELAB of the two skin patches."""
    return [lab(colour.models.eotf_sRGB(np.array(patch) / 255.0)) for patch in PATCHES.values()]


def fit() -> tuple[Array, float, float]:
    """Return the matrix, the exposure, and the rms error of cube roots over model skins."""
    nm, _, bare = spectra()
    skins = pigmented(nm, bare)
    want = np.cbrt(linear_srgb(nm, skins))
    bands = np.stack([_at(nm, skins, band) for band in BANDS_NM], axis=1)
    patches = patch_labs()

    def matrix(free: Array) -> Array:
        sides = free[:6].reshape(3, 2)
        return np.stack([1.0 - sides.sum(axis=1), *sides.T], axis=1)

    def error(free: Array) -> Array:
        m = matrix(free)
        residuals = [(np.cbrt(bands @ m.T) - want).ravel() / np.sqrt(want.size)]
        residuals.append(RIDGE * (m - np.eye(3)).ravel())
        for fraction, patch in zip(free[7:], patches, strict=True):
            skin = smp.Skin(melanosome_fraction=float(np.clip(fraction, 0.02, 0.30)))
            seen = lab(free[6] * m @ bare_reflectance(skin))
            residuals.append([PATCH_WEIGHT * colour.delta_E(seen, patch, method="CIE 2000")])
        return np.concatenate(residuals)

    start = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.25, 0.035, 0.19])
    found = least_squares(error, start, diff_step=1e-4).x
    spectral = np.cbrt(bands @ matrix(found).T) - want
    return matrix(found), float(found[6]), float(np.sqrt(np.mean(spectral**2)))


def _at(nm: Array, skins: Array, band: float) -> Array:
    return np.array([np.interp(band, nm, skin) for skin in skins])


def main() -> None:
    """Print the constants."""
    matrix, exposure, residual = fit()
    print(f"EXPOSURE = {exposure:.3f}")
    for row in matrix:
        print(f"    ({', '.join(f'{value:.4f}' for value in row)}),")
    print(f"rms error of cube roots of linear sRGB: {residual:.4f}")


if __name__ == "__main__":
    main()
