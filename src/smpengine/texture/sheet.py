"""What maps are made from, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from smpengine.complexion import Complexion
from smpengine.scene import BANDS, Skin
from smpengine.texture.draws import Box, Floats
from smpengine.texture.shading import Lamp

REACH: Final = 7.0
"""Sigmas beyond which a Gaussian changes no sample; see `optics.scatter.reach_mm`."""
SAMPLES_MARGIN: Final = 16.0


@dataclass(frozen=True)
class Marks:
    """Gaussians of absorbance on the scalp: columns of shape (n,), mm, and peaks, (n, 3)."""

    x_mm: Floats
    y_mm: Floats
    sigma_mm: Floats
    peak: Floats

    @classmethod
    def of(cls, x_mm: Floats, y_mm: Floats, sigma_mm: Floats | float, peak: Floats) -> Marks:
        """Return marks, one width for all where it is a number."""
        return cls(x_mm, y_mm, np.broadcast_to(np.asarray(sigma_mm, float), x_mm.shape), peak)

    @classmethod
    def none(cls) -> Marks:
        """Return no marks."""
        return cls.of(np.zeros(0), np.zeros(0), 1.0, np.zeros((0, len(BANDS))))


def joined(parts: Sequence[Marks]) -> Marks:
    """Return the marks of several, in their order."""
    return Marks(
        np.concatenate([part.x_mm for part in parts]),
        np.concatenate([part.y_mm for part in parts]),
        np.concatenate([part.sigma_mm for part in parts]),
        np.concatenate([part.peak for part in parts]),
    )


@dataclass(frozen=True)
class Sheet:
    """What the maps of one picture are made from.

    Attributes
    ----------
    complexion, skin
        Whose.
    lamp
        For the shades of pores and wrinkles.
    box
        What is drawn, mm.
    px_per_mm
        Samples per mm.
    """

    complexion: Complexion
    skin: Skin
    lamp: Lamp
    box: Box
    px_per_mm: float

    def margin_mm(self, sigma_mm: float) -> float:
        """Return how far beyond the box a Gaussian of a width still reaches it."""
        return REACH * sigma_mm + SAMPLES_MARGIN / self.px_per_mm
