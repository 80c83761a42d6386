"""Films as .webp, by Pillow, a picture at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, features

from smpengine.errors import InputError

if TYPE_CHECKING:
    from smpengine.photo.film import Script, Shot

_QUALITY = 88
_METHOD = 3  # a step from here takes half as long again for 2 % of the size


def check_library() -> None:
    """Refuse a Pillow without WebP.

    Raises
    ------
    InputError
        With the remedy.
    """
    if not features.check("webp"):
        remedy = "Install a wheel of it: pip install --force-reinstall pillow"
        raise InputError(f".webp needs a Pillow that was built with WebP. {remedy}")


class _Reel(Image.Image):
    """Pictures one after the other, as Pillow's encoder asks for them: none is kept."""

    def __init__(self, shots: Iterator[Shot], count: int) -> None:
        super().__init__()
        self._shots, self._at, self.n_frames = shots, -1, count
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go on to the next picture; the encoder asks for the first again when it is done."""
        if frame != self._at + 1:
            return
        picture = Image.fromarray(next(self._shots).picture)
        self.im, self._mode, self._size, self._at = picture.im, picture.mode, picture.size, frame

    def tell(self) -> int:
        """Return 0: where the encoder returns to."""
        return 0


def write(name: Path, shots: Iterator[Shot], script: Script) -> None:
    """Write the film; it plays for ever."""
    tick_ms = 1000.0 / script.fps
    ends = [0.0]
    for ticks in script.ticks:
        ends.append(ends[-1] + ticks * tick_ms)
    # Rounded where they end, so that rounding does not add up.
    durations = [round(b) - round(a) for a, b in pairwise(ends)]
    reel = _Reel(shots, script.shots)
    reel.save(
        name,
        "webp",
        save_all=True,
        duration=durations,
        loop=0,
        quality=_QUALITY,
        method=_METHOD,
    )
    next(shots, None)  # a frame too many is said by what gives them
