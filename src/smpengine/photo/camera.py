"""`Camera`: how sharp and how noisy a photograph is; given, or estimated from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from smpengine.errors import SceneError, must, number
from smpengine.photo.grain import Noise, noise_of
from smpengine.photo.photograph import Photograph
from smpengine.photo.sharpness import Sharpness, sharpness_of

_MOST_PX: Final = 10.0
_MOST_NOISE: Final = 0.2
_LOOK_PX: Final = 2048


@dataclass(frozen=True)
class Camera:
    """What a camera does to a picture.

    Parameters
    ----------
    sharpness_px
        Standard deviation of its blur, in pixels, 0 to 10; None to estimate it.
    noise
        Standard deviation of its noise as a share of the largest code, 0 to 0.2; its grain is
        learnt from the photograph all the same. None to estimate it, 0 for none.

    Raises
    ------
    SceneError
        A value is out of range.
    """

    sharpness_px: float | None = None
    noise: float | None = None

    def __post_init__(self) -> None:
        for name, most in (("sharpness_px", _MOST_PX), ("noise", _MOST_NOISE)):
            value = getattr(self, name)
            if value is None:
                continue
            value = number(f"camera.{name}", value)
            if not 0.0 <= value <= most:
                raise SceneError(must(f"camera.{name}", f"be 0 to {most:g}", value))
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class Seen:
    """A camera as it was found.

    Attributes
    ----------
    sharpness
        Its blur.
    noise
        Its noise.
    notes
        What is worth knowing, a line each.
    """

    sharpness: Sharpness
    noise: Noise
    notes: tuple[str, ...]


def seen_through(camera: Camera, photo: Photograph, box: tuple[int, int, int, int]) -> Seen:
    """Return what a camera is, estimating what was not given.

    Parameters
    ----------
    camera
        As given.
    photo
        What it took.
    box
        First and last row and column, exclusive, of what is treated: it is judged by what lies
        around there, for that is in focus.
    """
    notes: list[str] = []
    rows, cols = (
        _around(low, high, size)
        for low, high, size in zip(box[::2], box[1::2], photo.shape, strict=True)
    )
    part = photo.pixels[rows, cols]
    if camera.noise == 0.0:
        noise = Noise.none(photo.channels)
    else:
        noise = noise_of(part, photo.largest)
        if camera.noise is not None:
            given = np.full_like(noise.sigma, camera.noise * photo.largest)
            noise = Noise(given, noise.kernel, noise.mix, noise.patches)
    if camera.sharpness_px is not None:
        return Seen(Sharpness(camera.sharpness_px, 0, math.nan), noise, ())
    middle = part if part.ndim == 2 else part[..., 1]
    curve = photo.profile.light(photo.largest)[0 if part.ndim == 2 else 1]
    typical = int(np.median(middle[::4, ::4]))
    # How much light a step of one code is, there.
    low, high = max(typical - 1, 0), min(typical + 1, photo.largest)
    slope = float(curve[high] - curve[low]) / max(high - low, 1)
    sharpness = sharpness_of(curve[middle], noise.at(typical, photo.largest) * slope, noise.kernel)
    if not sharpness.is_estimated and noise.is_silent:
        # No camera is without noise: this is a render, as sharp as its pixels.
        sharpness = Sharpness(0.0, 0, math.nan)
    elif not sharpness.is_estimated:
        notes.append(
            f"camera.sharpness_px: too few edges in the photo to tell; taken for "
            f"{sharpness.sigma_px:g}. Give it if dots look crisper or softer than pores."
        )
    return Seen(sharpness, noise, tuple(notes))


def _around(low: int, high: int, size: int) -> slice:
    """Return what is looked at along an axis: the treated part, and what is beside it."""
    spare = max(_LOOK_PX - (high - low), 0) // 2
    if high - low > _LOOK_PX:
        middle = (low + high) // 2
        low, high = middle - _LOOK_PX // 2, middle + _LOOK_PX // 2
    return slice(max(low - spare, 0), min(high + spare, size))
