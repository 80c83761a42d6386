"""What the engine makes of dots at some places: the other side of the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from smpengine.errors import InputError, must
from smpengine.impressions import Impressions
from smpengine.photo.fit_light import Array, Float32Array, Light
from smpengine.photo.fit_places import Places
from smpengine.render import render
from smpengine.scene import Scene, Skin
from smpengine.verdict.dots import blur
from smpengine.workers import Cancel

NAMES: Final = ("radius", "mua_r", "mua_g", "mua_b", "scattering")
"""What `Model.light` takes the logarithms of: mm, per mm in R, G, B, relative to tabulated."""
LEAST: Final = (0.015, 0.5, 0.5, 0.5, 0.4)
MOST: Final = (0.25, 3000.0, 3000.0, 3000.0, 1.6)


@dataclass(frozen=True)
class Model:
    """All that is taken as given.

    Attributes
    ----------
    skin
        Its melanosome fraction; its scattering is fitted.
    depth_mm, thickness_mm
        Of every deposit.
    px_per_mm, shape, blur_px
        Of the picture that is drawn, and the camera's blur on it.
    threads, cancel
        As `render` takes them.
    """

    skin: Skin
    depth_mm: float
    thickness_mm: float
    px_per_mm: float
    shape: tuple[int, int]
    blur_px: float
    threads: int | None = None
    cancel: Cancel | None = None

    def scene(self, logs: Array, x_mm: Array, y_mm: Array, gain: Array | float = 1.0) -> Scene:
        """Return dots at some places; `gain` is a factor on their absorption."""
        radius, r, g, b, scattering = np.exp(logs)
        mua = np.outer(np.broadcast_to(gain, x_mm.shape), (r, g, b))
        dots = Impressions(x_mm, y_mm, self.depth_mm, radius, self.thickness_mm, mua)
        skin = Skin(
            melanosome_fraction=self.skin.melanosome,
            scattering=float(np.clip(scattering, LEAST[-1], MOST[-1])),
        )
        # A hair more than the picture: half a pixel decides how many pixels an extent has.
        height, width = self.shape
        return Scene(skin, dots, ((width + 0.1) / self.px_per_mm, (height + 0.1) / self.px_per_mm))

    def light(self, logs: Array, places: Places) -> Float32Array:
        """Return R / R0 as the camera sees it, float32 (height, width, 3)."""
        return self.seen(self.scene(logs, places.x_mm, places.y_mm))

    def seen(self, scene: Scene) -> Float32Array:
        """Return a scene's R / R0, blurred by the camera."""
        taken = render(
            scene, self.px_per_mm, output="absorbance", device="cpu",
            threads=self.threads, cancel=self.cancel,
        )  # fmt: skip
        light = np.exp(-taken)
        if self.blur_px > 0.0:
            planes = [blur(np.ascontiguousarray(light[..., b]), self.blur_px**2) for b in range(3)]
            light = np.stack(planes, axis=2)
        return light


def model_of(
    light: Light,
    skin: Skin,
    depth_mm: float,
    thickness_mm: float,
    threads: int | None,
    cancel: Cancel | None,
) -> Model:
    """Return the model of a picture.

    Raises
    ------
    InputError
        The skin has a table of its own, or the deposits would reach out of it.
    """
    if not isinstance(skin, Skin):
        raise InputError(must("skin", "be a Skin", type(skin).__name__))
    if skin.table is not None:
        remedy = "Give its melanosome_fraction: a table says nothing of other scattering."
        rule = "be given by type or melanosome_fraction"
        raise InputError(must("skin", rule, "a table", remedy=remedy))
    for name, value in (("depth_mm", depth_mm), ("thickness_mm", thickness_mm)):
        if not 0.0 < value <= 2.5:
            raise InputError(must(name, "be over 0 and at most 2.5 mm", value))
    if depth_mm < 0.5 * thickness_mm:
        remedy = "The top of a deposit cannot lie above the skin's surface."
        rule = "be at least half of thickness_mm"
        raise InputError(must("depth_mm", rule, depth_mm, remedy=remedy))
    height, width = light.bands.shape[:2]
    return Model(
        skin, depth_mm, thickness_mm, light.px_per_mm, (height, width), light.blur_px,
        threads, cancel,
    )  # fmt: skip
