"""What the engine leaves unexplained, and pictures of it elsewhere: the picture's own noise.

Grain, dither, a codec's blocks and the skin's texture are all in what is left once dots are
drawn. Moved away, under the dots that were drawn, it is a picture as the camera could have taken
of dots that are known: what centring or counting does to that, it does to the photograph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.photo.fit_light import LINEAR_TO_BAND, Float32Array, Light, as_picture
from smpengine.verdict.dots import blur
from smpengine.verdict.picture import to_linear

_LOCAL_MM: Final = 0.7
"""What is wider is the skin's colour there, or the lamp's; what is narrower is noise."""
_AWAY_MM: Final = 1.0
_LEAST: Final = 1e-5
_POWER: Final = 1.4 / 2.4
_SEED: Final = 20_201
_BLOB_MM: Final = 0.05
_STANDS_OUT: Final = 4.5


@dataclass(frozen=True)
class Remainder:
    """A picture's light as skin x (drawn + grain x drawn^0.58).

    Noise that is even in sRGB codes goes as light to the power of 1.4 / 2.4, and photons' as its
    root: there is less of it in a dot.

    Attributes
    ----------
    skin
        Bare skin's light around, float32 (height, width, 3).
    grain
        What is not explained, over the skin's light, as it would be on bare skin, likewise.
    px_per_mm
        Scale of both.
    """

    skin: Float32Array
    grain: Float32Array
    px_per_mm: float

    def elsewhere(self, drawn: Float32Array, count: int) -> Iterator[Float32Array]:
        """Give what was drawn `count` times, under grain from somewhere else.

        The same every time, in units of the skin's light.
        """
        weight = np.maximum(drawn, np.float32(1e-3)) ** np.float32(_POWER)
        height, width = self.grain.shape[:2]
        rng = np.random.Generator(np.random.Philox(_SEED))
        away = min(int(_AWAY_MM * self.px_per_mm), min(height, width) // 3)
        for _ in range(count):
            rows = int(rng.integers(away, height - away))
            cols = int(rng.integers(away, width - away))
            moved = np.roll(self.grain, (rows, cols), axis=(0, 1))
            if rng.integers(2):
                moved = moved[:, ::-1]
            yield drawn + weight * moved

    def calm(self) -> Remainder:
        """Return it without what stands out: dots that were not drawn, or not drawn as they are."""
        usual = np.median(np.abs(self.grain), axis=(0, 1)) + np.float32(1e-6)
        plane = np.ascontiguousarray((self.grain / usual).mean(axis=2))
        plane = np.abs(blur(plane, max((_BLOB_MM * self.px_per_mm) ** 2, 0.25)))
        odd = plane > _STANDS_OUT * float(np.median(plane)) / 0.67449
        around = blur(odd.astype(np.float32), max((_BLOB_MM * self.px_per_mm) ** 2, 0.25))
        return replace(self, grain=self.grain * (around < 0.05)[..., None])

    def picture(self, bands: Float32Array) -> NDArray[np.uint8]:
        """Return an 8-bit sRGB picture of light in units of the skin's."""
        matrix = np.array(BAND_TO_LINEAR_SRGB, np.float32).T
        return as_picture(((self.skin * bands) @ matrix).astype(np.float32))

    def light(self, image: NDArray[np.uint8]) -> Float32Array:
        """Return the light of an 8-bit picture in units of the skin's: `picture`'s inverse."""
        linear = to_linear(np.arange(256)).astype(np.float32)[image]
        return (linear @ LINEAR_TO_BAND) / self.skin


def remainder_of(light: Light, drawn: Float32Array) -> Remainder:
    """Return what a picture is beside what was drawn for it."""
    variance = (_LOCAL_MM * light.px_per_mm) ** 2

    def smooth(planes: Float32Array) -> Float32Array:
        each = [blur(np.ascontiguousarray(planes[..., b]), variance) for b in range(3)]
        return np.stack(each, axis=2)

    skin = np.maximum(smooth(light.bands), np.float32(_LEAST)) / smooth(drawn)
    weight = np.maximum(drawn, np.float32(1e-3)) ** np.float32(_POWER)
    rest = (light.bands / skin - drawn) / weight
    return Remainder(skin.astype(np.float32), rest.astype(np.float32), light.px_per_mm)
