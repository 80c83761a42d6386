"""What light makes of relief and of a film of sebum: the numbers that a picture's samples share.

Skin that is flat looks as it does without a lamp: shading is relative to it. With slopes s of the
surface, l the lamp's direction, k its share in what falls on flat skin over l_z, and c the depth of
furrows,

    R = R_skin exp(-A) max(1 - soft k (s l) - hollow c, LEAST) + mirror (1 - MIRROR_HOLLOW c)
    mirror = gloss (F0 sky + k F / (4 m^2) exp(-|s + h|^2 / m^2))

A are the maps. The second line is the microfacet model of Cook and Torrance with Beckmann's lobe,
h the slopes of the half vector. Light that enters skin comes out beside where it entered, the red
farther than the blue: so soft, which is less in red (W.-C. Ma et al., "Rapid Acquisition of
Specular and Diffuse Normal Maps", EGSR 2007, saw it so; the numbers are assumed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.complexion import Complexion
from smpengine.light import Light
from smpengine.texture.relief import LAYERS, TILT_DEPTH_MM

Three = tuple[float, float, float]

SOFT: Final[Three] = (0.40, 0.60, 0.72)
"""How much of the slopes light that has been in the skin shows (assumed)."""
HOLLOW: Final[Three] = (0.050, 0.085, 0.095)
"""What a furrow 0.02 mm deep loses of an even sky; light between its walls makes it redder
(assumed)."""
MIRROR_HOLLOW: Final = 0.6
"""How much less of it mirrors (assumed)."""
LEAST: Final = 0.05
"""No shade is darker."""
F0: Final = ((1.4 - 1.0) / (1.4 + 1.0)) ** 2
"""What a surface of n = 1.4 mirrors straight on."""
ROUGHNESS: Final = 0.27
"""m: slopes finer than what is drawn (assumed; T. Weyrich et al., "Analysis of Human Faces using a
Measurement-Based Skin Reflectance Model", SIGGRAPH 2006, measured 0.2 to 0.4)."""
FILM: Final = 1.0
"""Factor on all that mirrors: cameras are turned away from glare (assumed)."""


@dataclass(frozen=True)
class Lamp:
    """A lamp as flat skin sees it.

    Attributes
    ----------
    along
        Unit vector towards it, x and y.
    height
        Its z.
    weight
        Of each band: its irradiance on skin that faces it, over all that falls on flat skin.
    sky
        Of each band: what falls on flat skin from the sky.
    """

    along: tuple[float, float]
    height: float
    weight: Three
    sky: Three

    @property
    def soft(self) -> NDArray[np.float64]:
        """How much light a slope of 1 towards it costs skin, (3,)."""
        soft: NDArray[np.float64] = np.array(SOFT) * np.array(self.weight)
        return soft

    @classmethod
    def of(cls, light: Light | None) -> Lamp:
        """Return that of a light; None is an even sky."""
        if light is None:
            return cls((0.0, 0.0), 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        x, y, z = light.direction
        weight, sky = [], []
        for colour in light.colour:
            # A lamp that grazes, without a sky, leaves flat skin black: it would divide by 0.
            total = max(1.0 - light.share + light.share * colour * z, 1e-3)
            weight.append(light.share * colour / total)
            sky.append((1.0 - light.share) / total)
        return cls((x, y), z, tuple(weight), tuple(sky))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Terms:
    """What a picture's samples share, all float32.

    Attributes
    ----------
    layers
        (layers, 5): of each the factors on a furrow's slope along x and y and on tilt, to slopes;
        on a plate's tilt along x, which stands for how pale it is, and on a furrow's depth, to c.
    slopes
        (5,): the lamp's x and y; slopes of the half vector; 1 / m^2.
    bands
        (4, 3): soft k; hollow; the mirrored lamp and sky over R0.
    """

    layers: NDArray[np.float32]
    slopes: NDArray[np.float32]
    bands: NDArray[np.float32]


def terms_of(complexion: Complexion, light: Light | None, bare: NDArray[np.float64]) -> Terms:
    """Return the numbers of a complexion under a light, over skin of reflectance R0, (3,)."""
    lamp, relief = Lamp.of(light), complexion.relief_mm
    rows = []
    for layer in LAYERS:
        tilt = layer.tilt * relief / TILT_DEPTH_MM
        deep = -layer.depth * relief
        rows.append(
            (deep / layer.step_x_mm, deep / layer.step_y_mm, tilt,
             layer.pale * relief / TILT_DEPTH_MM, layer.hollow * relief / TILT_DEPTH_MM)
        )  # fmt: skip
    x, y = lamp.along
    half = x / (1.0 + lamp.height), y / (1.0 + lamp.height)
    inverse = 1.0 / ROUGHNESS**2
    facing = math.sqrt(0.5 * (1.0 + lamp.height))
    fresnel = F0 + (1.0 - F0) * (1.0 - facing) ** 5
    mirror = FILM * complexion.gloss
    weight, sky = np.array(lamp.weight), np.array(lamp.sky)
    bands = (
        lamp.soft,
        np.array(HOLLOW),
        mirror * weight * fresnel * 0.25 * inverse / bare,
        mirror * sky * F0 / bare,
    )
    return Terms(
        np.array(rows, np.float32),
        np.array((x, y, *half, inverse), np.float32),
        np.array(bands, np.float32),
    )


def shade_reference(
    relative: NDArray[np.float64], maps: NDArray[np.float64], slope_x: NDArray[np.float64],
    slope_y: NDArray[np.float64], deep: NDArray[np.float64], terms: Terms,
) -> NDArray[np.float64]:  # fmt: skip
    """Return R / R0 of shaded skin in float64; the oracle of `shade`.

    Parameters
    ----------
    relative, maps
        R / R0 of even skin with its pigment, and A, (height, width, 3).
    slope_x, slope_y, deep
        Slopes of the surface, and c, (height, width).
    """
    x, y, half_x, half_y, inverse = terms.slopes.astype(np.float64)
    soft, hollow, lamp, sky = terms.bands.astype(np.float64)
    towards, c = (slope_x * x + slope_y * y)[..., None], deep[..., None]
    shade = np.maximum(1.0 - soft * towards - hollow * c, LEAST)
    lobe = np.exp(-((slope_x + half_x) ** 2 + (slope_y + half_y) ** 2) * inverse)[..., None]
    mirror = (lamp * lobe + sky) * np.maximum(1.0 - MIRROR_HOLLOW * c, 0.0)
    found: NDArray[np.float64] = relative * np.exp(-maps) * shade + mirror
    return found
