"""Hair that sticks out beyond the limb: shafts as they are seen, laid over head and background.

In a block's chart nothing lies beyond the limb. The few shafts whose tips do are drawn once more,
in the picture's own plane. What they let through and what they send back is told by drawing them
over two skins: R = T R0 + (what comes from the shafts).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.hairs import COLUMNS, Hairs
from smpengine.impressions import Impressions
from smpengine.optics.skin import bare_reflectance
from smpengine.picture import draw_picture
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene, Skin
from smpengine.workers import Workers

_BEND_MM: Final = 85.0
"""Radius that a head bends by: it decides from how far behind a limb tips show (assumed)."""
_NEAR_PX: Final = 4.0
_SKINS: Final = (Skin("I-II"), Skin("VI"))

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fringe:
    """The shafts at a view's limb, in its plane.

    Attributes
    ----------
    hairs
        Their places are mm from the picture's top left; they cast no shadow.
    normals
        Of the head at their roots, (n, 3).
    """

    hairs: Hairs
    normals: Array

    @classmethod
    def of(
        cls, hairs: Hairs, along: Array, normals: Array, towards: Array, places_mm: Array,
        basis: Array,
    ) -> Fringe | None:  # fmt: skip
        """Return those of some hairs, or None.

        Parameters
        ----------
        hairs, along, normals
            Hairs, the way that they lean along the head, and its normals there.
        towards, places_mm
            Unit vectors to the eye, (n, 3), and where roots are in the picture, (n, 2).
        basis
            Of the view.
        """
        if len(hairs) == 0:
            return None
        facing = (normals * towards).sum(1)
        behind_mm = 0.5 * _BEND_MM * facing * facing  # how far within the outline a root is
        rows = np.flatnonzero(behind_mm < hairs.length_mm * np.sin(hairs.elevation_rad))
        if rows.size == 0:
            return None
        some = hairs.rows(rows)
        flat, rise = np.cos(some.elevation_rad)[:, None], np.sin(some.elevation_rad)[:, None]
        shaft = flat * along[rows] + rise * normals[rows]
        across, down = shaft @ basis[0], shaft @ basis[1]
        seen = np.hypot(across, down)
        columns = {name: np.array(getattr(some, name)) for name in COLUMNS}
        # Of what stands behind the limb the head hides the first part.
        hidden = np.where(facing[rows] < 0.0, behind_mm[rows] / rise[:, 0], 0.0)
        columns["x_mm"] = places_mm[rows, 0] + hidden * across
        columns["y_mm"] = places_mm[rows, 1] + hidden * down
        columns["length_mm"] -= hidden
        columns["azimuth_rad"] = np.arctan2(down, across)
        columns["elevation_rad"] = np.arctan2(np.sqrt(np.maximum(1.0 - seen**2, 0.0)), seen)
        columns["shadow"] = np.zeros(len(some))
        return cls(Hairs(*(columns[name] for name in COLUMNS)), normals[rows])

    def lay_over(
        self, image: NDArray[np.float32], window: PixelWindow, px_per_mm: float, device: str,
        fallen_on: Callable[[Array], Array], mirrored: float,
    ) -> None:  # fmt: skip
        """Lay them over a block's light, (height, width, 3), in place.

        Parameters
        ----------
        image, window, px_per_mm, device
            The block, its pixels, and who draws.
        fallen_on
            Light, R, G, B, on what has a normal.
        mirrored
            What they mirror besides, as the head does at its limb.
        """
        hairs = self.hairs
        margin = float(hairs.length_mm.max()) + _NEAR_PX / px_per_mm
        x0, y0 = window.col0 / px_per_mm, window.row0 / px_per_mm
        x1, y1 = x0 + window.width / px_per_mm, y0 + window.height / px_per_mm
        near = (hairs.x_mm > x0 - margin) & (hairs.x_mm < x1 + margin)
        near &= (hairs.y_mm > y0 - margin) & (hairs.y_mm < y1 + margin)
        if not near.any():
            return
        normal = self.normals[near].sum(0)
        normal /= math.sqrt(float((normal * normal).sum()))
        fell = fallen_on(normal).astype(np.float32)
        first, second = (
            _drawn(hairs.rows(near), skin, window, px_per_mm, device) for skin in _SKINS
        )
        bare = [bare_reflectance(skin).astype(np.float32) for skin in _SKINS]
        through = (first[..., :1] - second[..., :1]) / (bare[0][0] - bare[1][0])
        through = np.clip(through, np.float32(0.0), np.float32(1.0))
        sent = np.maximum(first - through * bare[0], np.float32(0.0))
        image *= through
        image += sent * fell + (np.float32(1.0) - through) * np.float32(mirrored)


def _drawn(
    hairs: Hairs, skin: Skin, window: PixelWindow, px_per_mm: float, device: str
) -> NDArray[np.float32]:
    """Return the reflectance of hair over a skin without roots."""
    scene = _Shafts(skin, Impressions(*[np.zeros(0)] * 6), (1.0, 1.0), hairs)
    image = np.empty((window.height, window.width, 3), np.float32)
    draw_picture(scene, device, px_per_mm, window, "linear", None, image, Workers(1))
    return image


class _Shafts(Scene):
    """Hair without its roots."""

    @property
    def deposits(self) -> Impressions:
        """None."""
        return self.impressions
