"""What tells skin from hair and from what is behind: colour and texture, and how well each does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.shown import UInt8Array

Float32Array = NDArray[np.float32]

NAMES: Final = ("lightness", "redness", "yellowness", "texture")
LONGEST_PX: Final = 720
"""Longer side of the picture that is decided on."""
_FINE_PX: Final = 1.5
_AROUND_PX: Final = 3.0
_DARK: Final = 12.0  # codes: below, contrast is noise
_RIDGE: Final = 0.02


@dataclass(frozen=True)
class Features:
    """A picture made small, and what is looked at in it.

    Attributes
    ----------
    values
        float32 (h, w, 4): L*, a*, b* (CIE 1976, of 8 bits), and how much lightness varies within a
        few pixels of the whole picture, relative to it.
    ratio
        Size of a pixel of the whole picture in pixels of this one, at most 1.
    """

    values: Float32Array
    ratio: float


def features_of(picture: UInt8Array) -> Features:
    """Return the features of a picture, uint8 (H, W, 3)."""
    import cv2

    height, width = picture.shape[:2]
    ratio = min(LONGEST_PX / max(height, width), 1.0)
    size = max(round(width * ratio), 1), max(round(height * ratio), 1)
    # Hair is told by what varies from pixel to pixel: that is measured before it is averaged out.
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = cv2.absdiff(grey, cv2.GaussianBlur(grey, (0, 0), _FINE_PX)).astype(np.uint16) * 64
    varies = cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 64.0
    varies = cv2.GaussianBlur(varies, (0, 0), _AROUND_PX)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    mean = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 3.0)
    values = np.empty((*small.shape[:2], 4), np.float32)
    values[..., :3] = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    values[..., 3] = 100.0 * varies / (mean + _DARK)
    return Features(values, ratio)


@dataclass(frozen=True)
class Contrast:
    """What tells two samples apart.

    Attributes
    ----------
    axis
        (4,): weights of the features whose sum differs most, in standard deviations (R. A. Fisher,
        Ann. Eugenics 7 (1936) 179); positive inside.
    across
        (4, 2): the two directions beside it in which the samples vary most.
    deviations
        By how many standard deviations each feature alone differs, and
    together
        all of them in their best sum.
    """

    axis: NDArray[np.float64]
    across: NDArray[np.float64]
    deviations: tuple[float, ...]
    together: float

    def along(self, values: Float32Array) -> Float32Array:
        """Return the sum of features that differs most, in standard deviations."""
        summed: Float32Array = (values @ self.axis.astype(np.float32)).astype(np.float32)
        return summed


def contrast_of(inside: Float32Array, outside: Float32Array) -> Contrast:
    """Return what tells two samples, (n, 4) each, apart."""
    means = inside.mean(0, dtype=np.float64), outside.mean(0, dtype=np.float64)
    within = 0.5 * (np.cov(inside.T.astype(np.float64)) + np.cov(outside.T.astype(np.float64)))
    # A grey picture varies in two of the four only.
    within += np.diag(_RIDGE * np.diag(within) + 1e-2)
    apart = means[0] - means[1]
    axis = np.linalg.solve(within, apart)
    together = float(np.sqrt(axis @ within @ axis))
    axis /= max(together, 1e-12)
    factor = np.linalg.cholesky(within)
    # In units where the samples are round, the rest is what is at right angles to the axis.
    unit = factor.T @ axis
    unit /= max(float(np.linalg.norm(unit)), 1e-12)
    both = np.vstack([inside, outside]).astype(np.float64)
    rounded = np.linalg.solve(factor, (both - both.mean(0)).T)
    rest = rounded - np.outer(unit, unit @ rounded)
    _, vectors = np.linalg.eigh(rest @ rest.T)
    across = np.linalg.solve(factor.T, vectors[:, :-3:-1])
    alone = tuple(float(d) for d in apart / np.sqrt(np.diag(within)))
    return Contrast(axis, across, alone, together)


def channels_of(values: Float32Array, contrast: Contrast) -> UInt8Array:
    """Return three channels, uint8 (h, w, 3): what differs most, and what varies beside it."""
    planes = [contrast.along(values)]
    planes += [(values @ contrast.across[:, k].astype(np.float32)) for k in range(2)]
    out = np.empty((*values.shape[:2], 3), np.uint8)
    for k, plane in enumerate(planes):
        # Codes for standard deviations; what varies beside counts for less where edges are sought.
        codes = 127.5 + (20.0 if k == 0 else 10.0) * (plane - np.median(plane))
        out[..., k] = np.clip(codes, 0.0, 255.0)
    return out
