"""What the engine makes of dots at some places: the other side of the comparison.

A veil is light that was mirrored by the surface and saw no pigment: the same in all bands, so it
dims contrast most where skin is darkest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from smpengine.impressions import Impressions
from smpengine.optics.skin import bare_reflectance
from smpengine.photo.fit_light import Array, Float32Array
from smpengine.photo.fit_places import Places
from smpengine.render import render
from smpengine.scene import Scene, Skin
from smpengine.verdict.dots import blur
from smpengine.workers import Cancel

LOGS: Final = 5
"""Of a vector of parameters, how many are logarithms: of the radius in mm, the absorption per mm in
R, G, B and the scattering relative to tabulated. The next is the veil, as reflectance."""
LEAST: Final = (0.015, 0.5, 0.5, 0.5, 0.4)
MOST: Final = (0.25, 3000.0, 3000.0, 3000.0, 1.6)
MOST_VEIL: Final = 0.1


@dataclass(frozen=True)
class Model:
    """All that is taken as given.

    Attributes
    ----------
    skin
        Its melanosome fraction; its scattering is fitted.
    depth_mm, thickness_mm, granularity
        Of every deposit.
    px_per_mm, shape, blur_px
        Of the picture that is drawn, and the camera's blur on it.
    threads, cancel
        As `render` takes them.
    """

    skin: Skin
    depth_mm: float
    thickness_mm: float
    granularity: float
    px_per_mm: float
    shape: tuple[int, int]
    blur_px: float
    threads: int | None = None
    cancel: Cancel | None = None

    def scene(self, values: Array, x_mm: Array, y_mm: Array, swell: Array | float = 1.0) -> Scene:
        """Return dots at some places; `swell` is a factor on their radius."""
        radius, r, g, b, scattering = np.exp(values[:LOGS])
        dots = Impressions(
            x_mm, y_mm, self.depth_mm, np.clip(radius * swell, 0.005, 0.5), self.thickness_mm,
            np.tile((r, g, b), (x_mm.size, 1)), granularity=self.granularity,
        )  # fmt: skip
        skin = Skin(
            melanosome_fraction=self.skin.melanosome,
            scattering=float(np.clip(scattering, LEAST[-1], MOST[-1])),
        )
        # A hair more than the picture: half a pixel decides how many pixels an extent has.
        height, width = self.shape
        return Scene(skin, dots, ((width + 0.1) / self.px_per_mm, (height + 0.1) / self.px_per_mm))

    def bare(self, values: Array) -> Array:
        """Return R0 of the skin in the bands, (3,), without veil."""
        scattering = float(np.clip(np.exp(values[LOGS - 1]), LEAST[-1], MOST[-1]))
        return bare_reflectance(
            Skin(melanosome_fraction=self.skin.melanosome, scattering=scattering)
        )

    def light(self, values: Array, places: Places) -> Float32Array:
        """Return light over that of bare skin as the camera sees it, float32 (height, width, 3)."""
        return self.seen(self.scene(values, places.x_mm, places.y_mm, places.swell), values)

    def seen(self, scene: Scene, values: Array) -> Float32Array:
        """Return a scene's light over that of bare skin, veiled, and blurred by the camera."""
        taken = render(
            scene, self.px_per_mm, output="absorbance", device="cpu",
            threads=self.threads, cancel=self.cancel,
        )  # fmt: skip
        light = np.exp(-taken)
        if self.blur_px > 0.0:
            planes = [blur(np.ascontiguousarray(light[..., b]), self.blur_px**2) for b in range(3)]
            light = np.stack(planes, axis=2)
        veil = (values[LOGS] / self.bare(values)).astype(np.float32)
        out: Float32Array = (light + veil) / (np.float32(1.0) + veil)
        return out
