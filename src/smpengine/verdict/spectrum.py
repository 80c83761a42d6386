"""How much of a picture's darkness varies at the scale of dots, and how much as shade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.picture import Picture

DOT_CYCLES_PER_MM: Final = (1.0 / 0.6, 1.0 / 0.12)
"""A dot and its gap, 0.12 to 0.6 mm."""
SHADE_CYCLES_PER_MM: Final = (1.0 / 10.0, 1.0 / 0.6)
_MOST: Final = 2048  # side of what is transformed, samples


@dataclass(frozen=True)
class Spectrum:
    """Radially averaged power of absorbance.

    Attributes
    ----------
    cycles_per_mm
        Middles of rings, (n,).
    power
        Mean power spectral density, absorbance^2 mm^2, (n,).
    slope
        Of log power over log frequency, 0.3 to 4 cycles per mm; nan where there are too few rings.
    dot_share
        Of the variance at the scales of dots and shade together, what is at that of dots.
    """

    cycles_per_mm: NDArray[np.float64]
    power: NDArray[np.float64]
    slope: float
    dot_share: float


def spectrum(picture: Picture) -> Spectrum:
    """Return the power spectrum of a picture's middle.

    A plane is taken off, and a Hann window put on: D. B. Percival, A. T. Walden, Spectral Analysis
    for Physical Applications (1993). Power of white noise is its standard deviation squared
    times the area of a pixel.
    """
    plane = picture.absorbance
    height, width = (min(n, _MOST) for n in plane.shape)
    top, left = (plane.shape[0] - height) // 2, (plane.shape[1] - width) // 2
    part = plane[top : top + height, left : left + width].astype(np.float64)
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    part -= part.mean()
    part -= np.outer(y, np.ones(width)) * float((part * y[:, None]).sum() / (y * y).sum() / width)
    part -= np.outer(np.ones(height), x) * float((part * x).sum() / (x * x).sum() / height)
    window = np.outer(np.hanning(height), np.hanning(width))
    from scipy.fft import rfft2

    area_mm2 = 1.0 / picture.px_per_mm**2
    power = np.abs(rfft2(part * window, workers=1)) ** 2 * (area_mm2 / (window**2).sum())
    weight = np.full(power.shape, 2.0)  # each stands for its mirror image too
    weight[:, 0] = 1.0
    if width % 2 == 0:
        weight[:, -1] = 1.0
    fy = np.fft.fftfreq(height) * picture.px_per_mm
    fx = np.fft.rfftfreq(width) * picture.px_per_mm
    radius = np.hypot(fy[:, None], fx[None, :])
    least = 1.0 / max(picture.shape_mm)
    edges = np.geomspace(least, 0.5 * picture.px_per_mm, 41)
    ring = np.digitize(radius.ravel(), edges) - 1
    good = (ring >= 0) & (ring < 40)
    count = np.bincount(ring[good], weight.ravel()[good], 40)
    total = np.bincount(ring[good], (power * weight).ravel()[good], 40)
    held = count > 0
    middle = np.sqrt(edges[1:] * edges[:-1])[held]
    mean = total[held] / count[held]
    return Spectrum(middle, mean, _slope(middle, mean), _share(radius, power * weight))


def _slope(frequency: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    good = (frequency >= 0.3) & (frequency <= 4.0) & (power > 0.0)
    if good.sum() < 4:
        return float("nan")
    return float(np.polyfit(np.log(frequency[good]), np.log(power[good]), 1)[0])


def _share(radius: NDArray[np.float64], power: NDArray[np.float64]) -> float:
    def within(band: tuple[float, float]) -> float:
        return float(power[(radius >= band[0]) & (radius < band[1])].sum())

    dots, shade = within(DOT_CYCLES_PER_MM), within(SHADE_CYCLES_PER_MM)
    return dots / (dots + shade) if dots + shade > 0.0 else float("nan")
